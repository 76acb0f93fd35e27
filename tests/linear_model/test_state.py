"""The state: atomic under faults and threads, the same after pickling and copying."""

import copy
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

import sklearn_unlearn
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.core.linear import (
    factor,
    fitting,
    model,
    pending_matrix,
    steps,
    triangular,
)
from tests.cases import (
    ESTIMATORS,
    LARGE_STEPS,
    changed_targets,
    coefficients,
    data,
    make,
)
from tests.interruptions import interruptions
from tests.linear_model.arrays import arrays_of
from tests.observers import Observers
from tests.pairwise import pairwise

PACKAGE = str(Path(sklearn_unlearn.__file__).parent)


def snapshot(estimator):
    """Copies of all arrays and hyperparameters."""
    arrays = [(path, array.copy()) for path, array in arrays_of(vars(estimator))]
    return arrays, estimator.get_params()


def assert_unchanged(estimator, before):
    """All arrays are what they were; only lazily made ones may have come."""
    arrays, params = before
    now = dict(arrays_of(vars(estimator)))
    for path, old in arrays:
        np.testing.assert_array_equal(now.pop(path), old, err_msg=path)
    looked_up = "['by_content']", "['by_id']", "['current']"
    assert all(any(name in path for name in looked_up) for path in now)
    assert estimator.get_params() == params


REQUESTS = {
    "partial_unfit": lambda e, X, y: e.partial_unfit(X[:2], y[:2]),
    "replace_features": lambda e, X, y: e.replace_features(X[:2], y[:2], X[:2] + 0.1),
    "replace_labels": lambda e, X, y: e.replace_labels(
        X[:2], y[:2], changed_targets(y)[:2]
    ),
    "forget_features": lambda e, X, y: e.forget_features([0]),
    "partial_fit": lambda e, X, y: e.partial_fit(X[:2] + 0.2, y[:2]),
    "refine": lambda e, X, y: e.refine(X, y),
}


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.usefixtures("_blas_limit")
@pytest.mark.parametrize(
    ("name", "verb", "retain_data"),
    pairwise(["logistic", "multinomial", "ridge"], REQUESTS, [False, True]),
)
def test_interrupted_at_any_line_a_request_is_done_or_undone(name, verb, retain_data):
    X, y = data(name, 60, 4)
    base = make(name, retain_data=retain_data).fit(X, y)
    if verb == "refine":
        base.partial_unfit(X[50:], y[50:])
        X, y = X[:50], y[:50]
    fitted, before = base._fitted, snapshot(base)
    done = clone(base)
    done.__dict__.update(vars(base))
    REQUESTS[verb](done, X, y)
    n_undone = n_done = 0
    for _ in interruptions(
        lambda: REQUESTS[verb](base, X, y), (name, verb, retain_data)
    ):
        if base._fitted is fitted:
            assert_unchanged(base, before)
            n_undone += 1
        else:  # after the assignment the new model is complete
            np.testing.assert_array_equal(coefficients(base), coefficients(done))
            base._fitted = fitted
            n_done += 1
    assert n_undone > 30
    assert n_done <= 6


def rows_by_name(X, y):
    estimator = make("logistic", retain_data=True).fit(X, y, row_ids=np.arange(60))
    return estimator, lambda: estimator.partial_unfit(row_ids=[3, 7])


def vanishing_class(X, y):
    y = np.where(np.arange(60) < 5, "third", y)
    estimator = make("logistic", retain_data=True).fit(X, y)
    return estimator, lambda: estimator.partial_unfit(X[:5], y[:5])


def many_sparse_rows(X, y):
    estimator = make("logistic").fit(sp.csr_array(X), y)
    return estimator, lambda: estimator.partial_unfit(sp.csr_array(X[:5]), y[:5])


def fit_again(X, y):
    estimator = make("logistic").fit(X, y)
    return estimator, lambda: estimator.fit(X[:, :3], y)


@pytest.mark.usefixtures("_blas_limit")
@pytest.mark.parametrize(
    "case", [rows_by_name, vanishing_class, many_sparse_rows, fit_again]
)
def test_interrupted_elsewhere_too(case):
    X, y = data("logistic", 60, 4)
    estimator, request = case(X, y)
    fitted, before = estimator._fitted, snapshot(estimator)
    n_undone = n_done = 0
    for _ in interruptions(request, case.__name__):
        if estimator._fitted is fitted:
            assert_unchanged(estimator, before)
            n_undone += 1
        else:
            estimator._fitted = fitted
            n_done += 1
    assert n_undone > 30
    assert n_done <= 6


def _failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, FloatingPointError])
@pytest.mark.parametrize(
    ("module", "function", "verb"),
    [
        (factor, "dpotrf", "partial_unfit"),
        (triangular, "dtrsv", "partial_unfit"),
        (pending_matrix, "dsymv", "forget_features"),
        (steps, "_edited_factor", "replace_features"),
        (steps, "sizes_of", "replace_labels"),
        (model, "unlearn", "partial_fit"),
        (model, "edited_rows", "partial_unfit"),
        (model, "refine", "partial_unfit"),
    ],
)
def test_failing_parts_leave_the_model(monkeypatch, module, function, verb, error):
    X, y = data("logistic", 60, 4)
    estimator = make("logistic", retain_data=True).fit(X, y)
    before = snapshot(estimator)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, _failing(error))
        with pytest.raises(error):
            REQUESTS[verb](estimator, X, y)
    assert_unchanged(estimator, before)


def test_lapack_failure_is_an_error_and_leaves_the_model(monkeypatch):
    X, y = data("logistic", 60, 4)
    estimator = make("logistic").fit(X, y)
    before = snapshot(estimator)
    real = factor.dpotrf

    def broken(matrix, **kwargs):
        return real(matrix, **kwargs)[0], 1

    with monkeypatch.context() as patch:
        patch.setattr(factor, "dpotrf", broken)
        with pytest.raises(sklearn_unlearn.exceptions.NotPositiveDefiniteError):
            estimator.partial_unfit(X[:2], y[:2])
    assert_unchanged(estimator, before)


def test_failed_fit_leaves_the_fitted_model(monkeypatch):
    X, y = data("logistic", 60, 4)
    estimator = make("logistic").fit(X, y)
    before = snapshot(estimator)
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "refine", _failing(MemoryError))
        with pytest.raises(MemoryError):
            estimator.fit(X[:, :3], y)
    assert_unchanged(estimator, before)
    assert estimator.n_features_in_ == 4


@pytest.fixture
def eager_switching():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.usefixtures("eager_switching")
def test_predictions_during_requests_are_of_one_state():
    n_requests = 300
    X, y = data("multinomial", 600, 4)
    query = X[-1:]
    estimator = make("multinomial").fit(X, y)
    recorded = {estimator.decision_function(query).tobytes()}
    seen = []

    def predict():
        seen.append(estimator.decision_function(query).tobytes())
        return seen[-1]

    with Observers(predict) as observers:
        for row in range(n_requests):
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
            now = estimator.decision_function(query).tobytes()
            recorded.add(now)
            if row % 20 == 0:
                assert set(observers.look()) == {now}
    assert len(recorded) == n_requests + 1
    assert set(seen) <= recorded


@pytest.mark.usefixtures("eager_switching")
def test_requests_of_several_threads_are_all_carried_out():
    X, y = data("ridge", 300, 4)
    estimator = make("ridge").fit(X, y)

    def remove(rows):
        for row in rows:
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])

    threads = [
        threading.Thread(target=remove, args=(range(start, 100, 4),))
        for start in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refit = make("ridge").fit(X[100:], y[100:])
    np.testing.assert_allclose(coefficients(estimator), coefficients(refit), rtol=1e-9)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickled_and_copied_models_go_on_alike(name, retain_data):
    X, y = data(name)
    estimator = make(name, retain_data=retain_data)
    ids = np.arange(len(y)) + 1000 if retain_data else None
    estimator.fit(X, y, row_ids=ids)
    estimator.partial_unfit(X[:3], y[:3]).forget_features(1)
    twins = [
        pickle.loads(pickle.dumps(estimator)),
        copy.deepcopy(estimator),
    ]
    for model_ in (estimator, *twins):
        if retain_data:
            model_.partial_unfit(row_ids=[1004, 1007])
        else:
            model_.partial_unfit(X[[4, 7]], y[[4, 7]])
        model_.partial_fit(X[:1], y[:1], row_ids=[1] if retain_data else None)
    for twin in twins:
        np.testing.assert_allclose(
            coefficients(twin), coefficients(estimator), rtol=1e-8, atol=1e-10
        )


def test_clone_is_unfitted_and_shares_nothing():
    X, y = data("logistic")
    estimator = make("logistic").fit(X, y)
    twin = clone(estimator)
    assert "_fitted" not in vars(twin)
    assert twin.get_params() == estimator.get_params()


def test_state_has_a_schema_version():
    X, y = data("logistic")
    assert make("logistic").fit(X, y)._fitted.model.state.schema == 2


def test_requests_do_not_touch_the_data():
    X, y = data("logistic")
    X.flags.writeable = False
    estimator = UnlearnableLogisticRegression(retain_data=True).fit(X, y)
    assert estimator._fitted.model.retained.chunks[0].rows.X is X
    estimator.partial_unfit(X[:5], y[:5])
    assert estimator._fitted.model.retained.chunks[0].rows.X is X


def test_rows_leave_exactly_after_columns_were_forgotten_and_pickled():
    X, y = data("logistic", 120, 5)
    estimator = make("logistic", retain_data=True).fit(X, y).forget_features([0, 2])
    small = np.delete(X, [0, 2], axis=1)
    refit = make("logistic").fit(small[20:], y[20:])
    for model_ in (estimator, pickle.loads(pickle.dumps(estimator))):
        model_.partial_unfit(small[:20], y[:20])
        np.testing.assert_allclose(
            np.delete(model_.coef_, [0, 2], 1), refit.coef_, rtol=1e-7
        )
        assert not model_._fitted.model.state.anchor[[0, 2]].any()
