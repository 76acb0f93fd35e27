"""scikit-learn's own checks and those of unlearners."""

from sklearn.linear_model import LinearRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import ShardedClassifier, ShardedRegressor
from tests.turns import parametrize_with_checks_in_turns

#: A tree counts rows: to it a weight of 2 is not the row twice.
TREES = [
    ShardedClassifier(DecisionTreeClassifier(random_state=0)),
    ShardedRegressor(DecisionTreeRegressor(random_state=0), n_shards=3),
    ShardedClassifier(voting="hard"),
]
ESTIMATORS = [
    ShardedClassifier(),
    ShardedClassifier(n_shards=1),
    ShardedRegressor(),
    ShardedRegressor(LinearRegression(), n_shards=2, random_state=0),
    ShardedClassifier(GaussianNB(), n_shards=2),
]
#: An order of the rows by their values, not by their places, is all that SGD sees.
SLICED = [
    ShardedClassifier(
        SGDClassifier(random_state=0), n_slices=2, voting="hard", random_state=0
    )
]


def expected_to_fail(estimator):
    """One pass of SGD is a step for each row, whatever its weight, as in the twin."""
    if estimator.n_slices == 1:
        return {}
    why = "a weight of 2 is one long step, the row twice are two"
    return {
        f"check_sample_weight_equivalence_on_{kind}_data": why
        for kind in ("dense", "sparse")
    }


@parametrize_with_checks(
    [*ESTIMATORS, *TREES, *SLICED], expected_failed_checks=expected_to_fail
)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(ESTIMATORS)
def test_unlearner_check(estimator, check):
    check(estimator)
