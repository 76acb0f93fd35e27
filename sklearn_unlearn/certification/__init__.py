"""Certified unlearning: noise, distances, budgets and certificates; no estimators.

The definitions and proofs are in ``doc/certification.rst``.
"""

from sklearn_unlearn.certification.certificate import Certificate, PrivateRecord
from sklearn_unlearn.certification.counter import FolderCounter
from sklearn_unlearn.certification.digest import model_hash
from sklearn_unlearn.certification.mechanism import (
    classical_kappa,
    gaussian_delta,
    kappa,
)

__all__ = [
    "Certificate",
    "FolderCounter",
    "PrivateRecord",
    "classical_kappa",
    "gaussian_delta",
    "kappa",
    "model_hash",
]
