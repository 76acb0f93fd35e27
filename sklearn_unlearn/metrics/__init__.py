"""Measurements of what unlearning publishes."""

from sklearn_unlearn.metrics._audit import AuditResult, audit_indistinguishability

__all__ = ["AuditResult", "audit_indistinguishability"]
