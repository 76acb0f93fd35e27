"""Models and transformers that unlearn exactly, from sufficient statistics of rows.

A `StatisticsUnlearner` keeps `SufficientStatistics` of the rows that it was fitted on.
A request adds and subtracts those of its rows, and scikit-learn's estimator is filled
in from what is left, as its ``fit`` computes it from rows.
"""

from sklearn_unlearn.sufficient_statistics._base import StatisticsUnlearner
from sklearn_unlearn.sufficient_statistics._class_statistics import ClassStatistics
from sklearn_unlearn.sufficient_statistics._classifier import StatisticalClassifier
from sklearn_unlearn.sufficient_statistics._fitted import (
    Fitted,
    ReadRows,
    SufficientStatistics,
)
from sklearn_unlearn.sufficient_statistics._regressor import StatisticalRegressor
from sklearn_unlearn.sufficient_statistics._targets import LearnsTargets
from sklearn_unlearn.sufficient_statistics._transformer import (
    InvertibleMixin,
    StatisticsTransformer,
    UnlearnableTransformer,
)
from sklearn_unlearn.utils.learned import Learned

__all__ = [
    "ClassStatistics",
    "Fitted",
    "InvertibleMixin",
    "Learned",
    "LearnsTargets",
    "ReadRows",
    "StatisticalClassifier",
    "StatisticalRegressor",
    "StatisticsTransformer",
    "StatisticsUnlearner",
    "SufficientStatistics",
    "UnlearnableTransformer",
]
