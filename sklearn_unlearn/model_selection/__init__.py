"""Searches that unlearn: the choice among candidates, made anew by each request."""

from sklearn_unlearn.model_selection._grid import (
    UnlearnableGridSearchCV,
    UnlearnableRandomizedSearchCV,
)
from sklearn_unlearn.model_selection._influence import (
    ChoiceInfluence,
    ChoiceInfluenceDisplay,
)
from sklearn_unlearn.model_selection._logistic import UnlearnableLogisticRegressionCV
from sklearn_unlearn.model_selection._results import SearchReport
from sklearn_unlearn.model_selection._score_errors import ScoreErrors
from sklearn_unlearn.model_selection._threshold import (
    UnlearnableTunedThresholdClassifierCV,
)
from sklearn_unlearn.model_selection._without import (
    Without,
    WithoutReport,
    cross_validate_without,
)

__all__ = [
    "ChoiceInfluence",
    "ChoiceInfluenceDisplay",
    "ScoreErrors",
    "SearchReport",
    "UnlearnableGridSearchCV",
    "UnlearnableLogisticRegressionCV",
    "UnlearnableRandomizedSearchCV",
    "UnlearnableTunedThresholdClassifierCV",
    "Without",
    "WithoutReport",
    "cross_validate_without",
]
