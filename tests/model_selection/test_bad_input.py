"""What goes wrong in a search: said as in scikit-learn, with nothing half-updated."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer

from sklearn_unlearn import (
    UnlearnableCalibratedClassifierCV,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableRidge,
    UnlearnableVotingClassifier,
)
from sklearn_unlearn.exceptions import UnlearningError
from tests.model_selection.searches import (
    assert_same_search,
    classes,
    folds_of,
    fresh,
    numbers,
    without,
)

ROWS = np.array([0, 7, 31])
RIDGE = UnlearnableGridSearchCV(
    UnlearnableRidge(retain_data=True, tol=1e-12), {"alpha": [0.1, 1.0, 10.0]}, cv=3
)


def quietly(fit, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(*arguments)


def only_large(true, found):
    """Raises for held-out parts of fewer than 20 rows."""
    if len(true) < 20:
        raise ValueError("too few rows")
    return -np.mean((true - found) ** 2)


def test_a_scorer_that_raises_gives_the_error_score():
    X, y = numbers()
    search = clone(RIDGE).set_params(scoring=make_scorer(only_large))
    folds = folds_of(search, X, y)
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["split0_test_score"]).all()
    with pytest.warns(UserWarning, match="Scoring failed"):
        search.partial_unfit(X[:1], y[:1])  # of the first fold
    twin = quietly(fresh, search, X[1:], y[1:], without(folds, np.array([0]), len(y)))
    assert np.isnan(twin.cv_results_["split0_test_score"]).all()
    assert_same_search(search, twin, X)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@pytest.mark.parametrize("error_score", [np.nan, 0.0])
def test_a_candidate_that_cannot_be_fitted_gets_the_error_score(error_score):
    X, y = classes()
    grid = {"var_smoothing": [-1.0, 1e-9, 1.0]}
    search = UnlearnableGridSearchCV(
        UnlearnableGaussianNB(), grid, cv=3, error_score=error_score
    )
    folds = folds_of(search, X, y)
    with pytest.warns(FitFailedWarning):
        search.fit(X, y)
    assert_same_search(search, quietly(fresh, search, X, y, folds), X)
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 9"):
        search.partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(len(y)), ROWS)
    folds = without(folds, ROWS, len(y))
    assert_same_search(search, quietly(fresh, search, X[left], y[left], folds), X)
    strict = clone(search).set_params(error_score="raise")
    with pytest.raises(ValueError, match="var_smoothing"):
        strict.fit(X, y)


def test_where_no_candidate_can_be_fitted():
    X, y = classes()
    search = UnlearnableGridSearchCV(
        UnlearnableGaussianNB(), {"var_smoothing": [-1.0]}, cv=3
    )
    with pytest.raises(ValueError, match="fits failed"):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_all_models_swap_together_or_none(monkeypatch, error):
    X, y = numbers()
    search = clone(RIDGE).fit(X, y)
    models = dict(search._fitted.members.fitted)
    before = pickle.dumps([search.cv_results_, search.predict(X)])
    calls, unfit = [], UnlearnableRidge.partial_unfit

    def failing(self, *arguments, **keywords):
        calls.append(self)
        if len(calls) == 4:
            raise error("in the middle")
        return unfit(self, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(UnlearnableRidge, "partial_unfit", failing)
        with pytest.raises(error):
            search.partial_unfit(X[:2], y[:2])
    assert len(calls) == 4
    assert search._fitted.members.fitted == models
    assert pickle.dumps([search.cv_results_, search.predict(X)]) == before
    search.partial_unfit(X[:2], y[:2])
    folds = without(folds_of(search, X, y), np.arange(2), len(y))
    assert_same_search(search, fresh(search, X[2:], y[2:], folds), X)


def test_a_scorer_that_raises_half_way_changes_nothing():
    X, y = numbers()
    calls, last = [], [np.inf]

    def scorer(model, X, y):
        calls.append(model)
        if len(calls) > last[0]:
            raise RuntimeError("in the middle")
        return -float(np.mean((y - model.predict(X)) ** 2))

    search = clone(RIDGE).set_params(scoring=scorer, error_score="raise").fit(X, y)
    search.partial_unfit(X[:1], y[:1])
    fitted, record = search._fitted, search.request_record_
    before = pickle.dumps([search.cv_results_, search.predict(X)])
    calls.clear()
    last[0] = 4
    with pytest.raises(RuntimeError, match="in the middle"):
        search.partial_unfit(X[1:2], y[1:2])
    assert len(calls) == 5
    assert search._fitted is fitted
    assert search.request_record_ == record
    assert pickle.dumps([search.cv_results_, search.predict(X)]) == before
    last[0] = np.inf
    search.partial_unfit(X[1:2], y[1:2])
    folds = without(folds_of(search, X, y), np.arange(2), len(y))
    assert_same_search(search, fresh(search, X[2:], y[2:], folds), X)


def test_a_frozen_model_is_refused():
    X, y = classes()
    frozen = FrozenEstimator(UnlearnableGaussianNB().fit(X, y))
    for model in (
        UnlearnableCalibratedClassifierCV(frozen, cv=3),
        UnlearnableVotingClassifier([("bayes", frozen)]),
    ):
        with pytest.raises(ValueError, match="frozen"):
            model.fit(X, y)


def test_a_fold_that_would_be_empty_is_refused():
    X, y = numbers()
    search = clone(RIDGE)
    held = folds_of(search, X, y)[1][1]
    search.fit(X, y)
    before = pickle.dumps([search.cv_results_, search.predict(X)])
    with pytest.raises(UnlearningError, match="no row in one of the folds"):
        search.partial_unfit(X[held], y[held])
    assert pickle.dumps([search.cv_results_, search.predict(X)]) == before
