"""Displays of what unlearning leaves, costs and spends; and a scan of any model."""

from sklearn_unlearn.inspection._budget import BudgetDisplay
from sklearn_unlearn.inspection._efficiency import EfficiencyDisplay
from sklearn_unlearn.inspection._fidelity import FidelityDisplay
from sklearn_unlearn.inspection._residual import ResidualDisplay
from sklearn_unlearn.inspection._scan import Found, ScanReport, scan

__all__ = [
    "BudgetDisplay",
    "EfficiencyDisplay",
    "FidelityDisplay",
    "Found",
    "ResidualDisplay",
    "ScanReport",
    "scan",
]
