"""Models that unlearn exactly, because a few sums say all that they know of rows.

A `StatisticalClassifier` or `StatisticalRegressor` keeps the `Statistics` of the rows
in the model. A request adds and subtracts those of its rows, and the model is computed
from what is left, as the twin's ``fit`` computes it from rows.
"""

from sklearn_unlearn.statistical._classifier import StatisticalClassifier
from sklearn_unlearn.statistical._regressor import StatisticalRegressor
from sklearn_unlearn.statistical._verbs import WeightedVerbs
from sklearn_unlearn.utils.learned import Learned

__all__ = ["Learned", "StatisticalClassifier", "StatisticalRegressor", "WeightedVerbs"]
