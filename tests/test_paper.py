"""Data, requests and methods of the study of the paper."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from benchmarks import data
from benchmarks.paper import answers, scenarios
from benchmarks.paper.judging import judged
from benchmarks.paper.methods import Methods
from benchmarks.paper.requests import (
    REMOVED,
    REPLACED,
    Request,
    n_requests,
    removal,
    requests,
    with_rows,
)
from sklearn_unlearn.exceptions import LargeStepWarning
from tests.paper_files import write

# as the command line has it: the study is about steps that are large, and its rivals
# are stopped early
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{each.__module__}.{each.__name__}")
    for each in (ConvergenceWarning, LargeStepWarning)
]


#: Of fifty rows one of those that `data.split` tests with.
ONLY_TESTED = np.random.default_rng(0).permutation(50)[-1]
GROUPS = [np.array([3]), np.array([7, 8]), np.array([20])]


@pytest.fixture(scope="module")
def scenario():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    train, test = (X[:400], y[:400]), (X[400:], y[400:])
    return scenarios.scenario("cancer", train, test, GROUPS)


@pytest.fixture(scope="module")
def methods(scenario):
    return Methods(scenario, penalty=2.0, seed=0)


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
def test_data_from_files(tmp_path, as_format):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 6)), np.repeat([-1, 1], 25)
    paths = write(tmp_path, as_format(X), y, "0\n2 3\n\n")
    loaded = scenarios.from_files("mine", *paths)
    assert [group.tolist() for group in loaded.groups] == [[0], [2, 3]]
    assert loaded.columns.tolist() == [0, 2, 3]
    assert loaded.train[0].shape == (40, 6)
    assert loaded.test[1].size == 10
    assert set(loaded.train[1]) == {0, 1}
    assert (loaded.removed, loaded.replaced) == ((1, 2), (1, 10))


@pytest.mark.parametrize(
    ("labels", "lines", "message"),
    [
        (np.arange(50) % 3, "0", "two classes"),
        (np.arange(50) % 2, "6", "from 0 to 5"),
        (np.arange(50) % 2, "0\n-1", "from 0 to 5"),
        (np.arange(50) % 2, "\n", "names no column"),
        (np.arange(50) % 2, "race", "not positions"),
        (np.arange(50) % 2, "0 1\n1 2", "named twice"),
        (np.arange(50) % 2, "0 1 2 3 4 5", "all columns"),
        (np.arange(40) % 2, "0", "inconsistent numbers of samples"),
        (np.arange(50)[:, None] % 2, "0", "one label a row"),
        # the only row of a class is a row to test with
        (np.arange(50) == ONLY_TESTED, "0", "a class has no row"),
    ],
)
def test_files_that_are_no_scenario(tmp_path, labels, lines, message):
    paths = write(tmp_path, np.ones((50, 6)), labels, lines)
    with pytest.raises(ValueError, match=message):
        scenarios.from_files("mine", *paths)


def test_files_have_finite_values(tmp_path):
    X = np.ones((50, 6))
    X[3, 2] = np.nan
    paths = write(tmp_path, X, np.arange(50) % 2, "0")
    with pytest.raises(ValueError, match="NaN"):
        scenarios.from_files("mine", *paths)


def test_labels_are_coded_alike_in_all_rows(tmp_path):
    # all rows to test with are of the first class
    test = np.random.default_rng(0).permutation(50)[40:]
    words = np.where(np.isin(np.arange(50), test), "a", "b")
    words[np.setdiff1d(np.arange(50), test)[:5]] = "a"
    paths = write(tmp_path, np.ones((50, 6)), words, "0")
    loaded = scenarios.from_files("mine", *paths)
    assert loaded.train[1].sum() == 35
    assert not loaded.test[1].any()


def test_there_are_as_many_labels_as_rows():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        data.split(np.ones((5, 2)), np.ones(4))


def test_rows_and_columns_are_normalised(scenario):
    parts = scenario.train, scenario.test, GROUPS
    rows = scenarios.scenario("rows", *parts, norm="rows")
    np.testing.assert_allclose(np.linalg.norm(rows.train[0], axis=1), 1.0)
    columns = scenarios.scenario("columns", *parts, norm="columns")
    np.testing.assert_allclose(columns.train[0].std(axis=0), 1.0)


# Requests -----------------------------------------------------------------------------


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
def test_what_requests_change(scenario, as_format):
    (X, y), (X_test, y_test) = scenario.train, scenario.test
    given = scenarios.scenario(
        "given", (as_format(X), y), (as_format(X_test), y_test), GROUPS
    )
    found = list(requests(given, n_draws=2, seed=0))
    assert len(found) == n_requests(given, 2) == 2 + 2 + 1 + 3 * 2
    for request, dense in zip(found, requests(scenario, 2, 0), strict=True):
        new, new_test = (
            part.toarray() if sp.issparse(part) else part
            for part in (request.X, request.X_test)
        )
        np.testing.assert_array_equal(new, dense.X)
        changed = new != X
        assert set(np.flatnonzero(changed.any(axis=1))) <= set(request.rows)
        assert set(np.flatnonzero(changed.any(axis=0))) <= set(request.columns)
        if request.kind == REMOVED:
            assert not new[:, request.columns].any()
            assert not new_test[:, request.columns].any()
        else:
            assert request.kind == REPLACED
            assert request.rows.size == request.size
            np.testing.assert_array_equal(new_test, X_test)


def test_rows_of_sparse_data_are_replaced():
    X = sp.csr_array(np.arange(12.0).reshape(4, 3))
    new = sp.csr_array(np.array([[0.0, 5.0, 0.0]]))
    found = with_rows(X, np.array([2]), new)
    np.testing.assert_array_equal(found.toarray()[2], [0.0, 5.0, 0.0])
    np.testing.assert_array_equal(found.toarray()[[0, 1, 3]], X.toarray()[[0, 1, 3]])
    assert found.indices.dtype == np.int32  # scikit-learn takes no others


# Methods ------------------------------------------------------------------------------


def gradient(theta, X, y):
    return X.T @ (expit(X @ theta) - y)


def hessian(theta, X, penalty):
    p = expit(X @ theta)
    return X.T @ (X * (p * (1.0 - p))[:, None]) + penalty * np.eye(X.shape[1])


@pytest.mark.parametrize("place", [0, -1])
def test_methods_are_what_they_are_called(scenario, methods, place):
    (X, y), request = scenario.train, list(requests(scenario, 1, 0))[place]
    before = methods.original.coef_.copy()
    found = methods(request)
    removed = request.kind == REMOVED
    expected = set(answers.METHODS)
    if not removed:
        expected -= {answers.OCCLUSION, answers.COLUMNS}
    assert set(found) == expected

    theta = before[0]
    G = gradient(theta, request.X, y) - gradient(theta, X, y)
    for name, of_hessian in ((answers.STALE, X), (answers.SECOND, request.X)):
        step = np.linalg.solve(hessian(theta, of_hessian, 2.0), G)
        np.testing.assert_allclose(
            found[name].theta[:, 0], theta - step, rtol=1e-7, atol=1e-9
        )
    step = theta - found[answers.FIRST].theta[:, 0]
    np.testing.assert_allclose(step / np.linalg.norm(step), G / np.linalg.norm(G))
    np.testing.assert_array_equal(found[answers.NO_UPDATE].theta.T, before)
    refit = found[answers.RETRAINING].theta
    np.testing.assert_allclose(found[answers.EXACT].theta, refit, atol=1e-7)
    for name, answer in found.items():
        if answer.theta is None:
            assert name == answers.SISA
            assert len(answer.model.estimators_) == 20
            continue
        left = gradient(answer.theta[:, 0], request.X, y) + 2.0 * answer.theta[:, 0]
        residual = methods.residual(request, answer.model)
        assert residual == pytest.approx(np.linalg.norm(left), abs=1e-9)
    if removed:
        for name in (answers.OCCLUSION, answers.COLUMNS, answers.EXACT):
            assert not found[name].theta[request.columns].any()
    # the next request begins where this one did
    again = methods(request)
    for name in (answers.EXACT, answers.NO_UPDATE, answers.FINE_TUNING):
        np.testing.assert_array_equal(again[name].theta, found[name].theta)


def test_shards_of_a_single_class(scenario):
    (X, _), test = scenario.train, scenario.test
    rare = (np.arange(X.shape[0]) % 100 == 0).astype(np.int64)
    given = scenarios.scenario("rare", (X, rare), test, GROUPS)
    rare_methods = Methods(given, 1.0, 0)
    for request in requests(given, 1, 0):
        assert answers.SISA in rare_methods(request)


def test_shards_may_lose_all_their_rows(scenario):
    (X, y), (X_test, y_test) = scenario.train, scenario.test
    # without the second column all rows are alike
    X, X_test = (
        np.column_stack([np.ones(len(part)), part[:, 0]]) for part in (X, X_test)
    )
    given = scenarios.scenario("alike", (X, y), (X_test, y_test), [np.array([1])])
    found = Methods(given, 1.0, 0)(removal(given, [0], 1, 0))
    assert None in found[answers.SISA].model.estimators_


def test_verbs_are_timed_where_they_answer(scenario, methods):
    X, rows = scenario.train[0], np.arange(3)
    small = Request(REPLACED, 3, 0, np.arange(30), rows, X.copy(), scenario.test[0])
    small.X[rows] *= 1.01
    found = methods(small)
    assert not found[answers.SECOND].formula
    assert found[answers.STALE].formula
    refused = Request(REPLACED, 3, 0, np.arange(30), rows, X.copy(), scenario.test[0])
    refused.X[rows] *= -1e3
    assert methods(refused)[answers.SECOND].formula
    assert methods.free.method == "second_order"
    assert methods.free.unlearning_rate == "auto"


def test_rivals_leave_no_more(scenario, methods):
    request = removal(scenario, [0], 1, 0)
    residuals = {"rough": 1.0, "fine": 1e-5, "finer": 0.0}
    rivals = methods.rivals(request, residuals)
    for name, residual in residuals.items():
        seconds, reached = rivals[name]
        assert seconds > 0.0
        assert reached <= max(residual, methods.exact.tol)
    assert rivals["rough"][1] > rivals["fine"][1]


def test_a_model_without_update_reads_what_was_removed(scenario, methods):
    request = removal(scenario, [0], 1, 0)
    rows = {row["method"]: row for row in judged(methods, request, methods(request))}
    untouched = rows[answers.NO_UPDATE]
    assert untouched["loss"] == untouched["original_loss"]
    assert rows[answers.OCCLUSION]["loss"] != untouched["original_loss"]


def test_gradients_are_counted(scenario, methods):
    found = methods(removal(scenario, [0], 1, 0))
    n_rows = scenario.train[1].size
    assert found[answers.COLUMNS].gradients == 0
    assert found[answers.SECOND].gradients == 2 * n_rows
    assert found[answers.EXACT].gradients % n_rows == 0
    assert found[answers.EXACT].gradients > 0
