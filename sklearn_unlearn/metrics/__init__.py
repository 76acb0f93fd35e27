"""Measurements of what unlearning leaves, costs and publishes.

A result is a float, or a frozen dataclass whose ``frame()`` gives its numbers as a data
frame. The displays of :mod:`sklearn_unlearn.inspection` take these results.
"""

from sklearn_unlearn.metrics._audit import AuditResult, audit_indistinguishability
from sklearn_unlearn.metrics._efficiency import Efficiency, efficiency
from sklearn_unlearn.metrics._exposure import Exposure, exposure
from sklearn_unlearn.metrics._fidelity import Fidelity, fidelity
from sklearn_unlearn.metrics._losses import sample_losses
from sklearn_unlearn.metrics._membership import (
    MembershipInference,
    membership_inference,
    shadow_losses,
)
from sklearn_unlearn.metrics._relearning import RelearnTime, relearn_time
from sklearn_unlearn.metrics._residual import gradient_residual_norm

__all__ = [
    "AuditResult",
    "Efficiency",
    "Exposure",
    "Fidelity",
    "MembershipInference",
    "RelearnTime",
    "audit_indistinguishability",
    "efficiency",
    "exposure",
    "fidelity",
    "gradient_residual_norm",
    "membership_inference",
    "relearn_time",
    "sample_losses",
    "shadow_losses",
]
