"""scikit-learn's own checks and those of unlearners, of trees and forests."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableDecisionTreeClassifier,
    UnlearnableDecisionTreeRegressor,
    UnlearnableExtraTreesClassifier,
    UnlearnableExtraTreesRegressor,
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
)
from tests.turns import parametrize_with_checks_in_turns

FEW = {"n_estimators": 3, "random_state": 0}
ESTIMATORS = [
    UnlearnableDecisionTreeClassifier(random_state=0),
    UnlearnableDecisionTreeRegressor(random_state=0),
    UnlearnableRandomForestClassifier(**FEW),
    UnlearnableRandomForestRegressor(**FEW),
    UnlearnableExtraTreesClassifier(**FEW, class_weight="balanced"),
    UnlearnableExtraTreesRegressor(**FEW, n_jobs=2),
]


def _drawn(estimator):
    """What fails where rows are drawn, as it does for scikit-learn's forests."""
    if not hasattr(estimator, "n_estimators"):
        return {}
    reason = "A row is drawn or not, whatever it weighs."
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=_drawn)
def test_sklearn_check(estimator, check):
    check(estimator)


#: A tree, and a forest with weights of classes that follow the rows.
UNLIKE = [ESTIMATORS[1], ESTIMATORS[4]]


@parametrize_with_checks_in_turns(UNLIKE)
def test_unlearner_check(estimator, check):
    check(estimator)
