"""Displays of what unlearning leaves, changes, costs and spends, with matplotlib."""

from sklearn_unlearn.inspection._budget import BudgetDisplay
from sklearn_unlearn.inspection._efficiency import EfficiencyDisplay
from sklearn_unlearn.inspection._fidelity import FidelityDisplay
from sklearn_unlearn.inspection._residual import ResidualDisplay

__all__ = [
    "BudgetDisplay",
    "EfficiencyDisplay",
    "FidelityDisplay",
    "ResidualDisplay",
]
