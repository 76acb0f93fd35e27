"""Which scorers are given weights: those whose signature or routing asks for them."""

import numpy as np
import pytest
import sklearn
from sklearn import config_context
from sklearn.metrics import make_scorer, mean_squared_error, r2_score

from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidge
from tests.model_selection.searches import fresh, numbers

#: Whether the installed searches give scorers weights without metadata routing.
WEIGHS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)


def ridge(scoring, **keywords):
    return UnlearnableGridSearchCV(
        UnlearnableRidge(), {"alpha": [0.1, 10.0]}, cv=3, scoring=scoring, **keywords
    )


def weighted(true, found, sample_weight=None):
    if sample_weight is not None:
        sample_weight = sample_weight + None  # not what it says of its parameters
    return 1.0


def test_an_error_of_another_cause_is_not_taken_for_a_scorer_without_weights():
    X, y = numbers()
    search = ridge(make_scorer(weighted), error_score="raise")
    if not WEIGHS:
        assert search.fit(X, y, np.ones(60) + 1.0).best_score_ == 1.0
        return
    with pytest.raises(TypeError, match="unsupported operand"):
        search.fit(X, y, np.ones(60) + 1.0)


def plain(true, found):
    return -np.max(np.abs(true - found))


def own(model, X, y, sample_weight=None):
    return -mean_squared_error(y, model.predict(X), sample_weight=sample_weight)


def own_without(model, X, y):
    return -mean_squared_error(y, model.predict(X))


@pytest.mark.filterwarnings("ignore:The scoring:UserWarning")
@pytest.mark.parametrize(
    "scoring",
    [None, "r2", "neg_max_error", make_scorer(plain), own, own_without],
    ids=["none", "r2", "no weights", "function", "own", "own without"],
)
def test_weights_go_where_the_installed_search_gives_them(scoring):
    X, y = numbers()
    weight = np.linspace(0.1, 3.0, 60)
    search = ridge(scoring)
    twin = fresh(search, X, y, 3, sample_weight=weight)
    search.fit(X, y, weight)
    name = "mean_test_score"
    np.testing.assert_allclose(search.cv_results_[name], twin.cv_results_[name])


def test_each_of_several_metrics_is_asked_for_itself():
    X, y = numbers()
    weight = np.linspace(0.1, 3.0, 60)
    scoring = {"weighted": "r2", "not": make_scorer(plain)}
    search = ridge(scoring, refit="weighted").fit(X, y, weight)
    for name, each in scoring.items():
        alone = ridge(each).fit(X, y, weight).cv_results_["mean_test_score"]
        np.testing.assert_array_equal(search.cv_results_[f"mean_test_{name}"], alone)


@pytest.mark.parametrize("asks", [True, False])
def test_with_metadata_routing_a_scorer_gets_what_it_requests(asks):
    X, y = numbers()
    weight = np.linspace(0.1, 3.0, 60)
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(r2_score).set_score_request(sample_weight=asks)
        search = ridge(scorer)
        search.estimator.set_fit_request(sample_weight=True)
        twin = fresh(search, X, y, 3, sample_weight=weight)
        search.fit(X, y, weight)
        name = "mean_test_score"
        np.testing.assert_allclose(search.cv_results_[name], twin.cv_results_[name])
        search.partial_unfit(X[:1], y[:1])
        assert ridge("r2").fit(X, y).n_splits_ == 3  # nothing to route
