"""Dense rows of which few entries are not zero, which are kept as CSR."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

import sklearn_unlearn as su
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.traces import traces
from tests import cases
from tests.cases import ESTIMATORS, coefficients, data, make, stop, weights
from tests.linear_model.requests import N_ROWS, VERBS, ask
from tests.pairwise import pairwise

FORMATS = {
    "dense": cases.FORMATS["dense"],
    "float32": cases.FORMATS["float32"],
    "fortran": np.asfortranarray,
}


def few(name):
    """Rows of which at most one entry in six is not zero, and targets."""
    X, y = data(name, N_ROWS, 8)
    X[np.random.default_rng(3).random(X.shape) > 0.2] = 0.0
    return X.astype(np.float32).astype(float), y


def kept(model):
    """The rows that a model retains, as they are."""
    return [chunk.rows.X for chunk in model._fitted.model.retained.chunks]


@pytest.mark.parametrize(
    ("name", "verb", "name_format", "weighted", "fit_intercept"),
    pairwise(ESTIMATORS, VERBS, FORMATS, [False, True], [True, False]),
)
def test_every_verb_is_exact(name, verb, name_format, weighted, fit_intercept):
    as_format = FORMATS[name_format]
    X, y = few(name)
    weight = weights(N_ROWS) if weighted else None
    model = make(name, retain_data=True, fit_intercept=fit_intercept)
    model.fit(as_format(X), y, sample_weight=weight)
    assert all(map(is_sparse, kept(model)))
    edited = ask(verb, model, as_format, X, y, weight)
    assert all(map(is_sparse, kept(model)))
    assert model.gradient_residual() <= stop(model, *edited)
    assert model.gradient_residual(*edited) <= stop(model, *edited)
    refit = make(name, fit_intercept=fit_intercept)
    refit.fit(edited[0], edited[1], sample_weight=edited[2])
    close = {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(coefficients(model), coefficients(refit), **close)
    again = pickle.loads(pickle.dumps(model))
    assert all(map(is_sparse, kept(again)))
    answers = [one.predict(edited[0]) for one in (model, again)]
    np.testing.assert_array_equal(*answers)


def test_what_is_kept_of_arrays():
    X, y = few("logistic")
    full = np.where(X == 0.0, 0.5, X)
    for given, sparse in ((X, True), (full, False)):
        model = make("logistic", retain_data=True).fit(given, y)
        assert is_sparse(kept(model)[0]) == sparse
        assert (kept(model)[0] is given) == (not sparse)
    alone = make("logistic").fit(X, y)
    both = make("logistic", retain_data=True).fit(X, y)
    np.testing.assert_allclose(coefficients(alone), coefficients(both), rtol=1e-7)


def test_an_array_may_change_once_its_entries_are_kept():
    X, y = few("logistic")
    given = X.copy()
    model = make("logistic", retain_data=True).fit(given, y)
    given[:] = np.nan
    model.partial_unfit(X[:9], y[:9])
    refit = make("logistic").fit(X[9:], y[9:])
    np.testing.assert_allclose(coefficients(model), coefficients(refit), rtol=1e-6)


def test_files_have_no_entry_of_a_row_that_left():
    X, y = few("svr")
    X[4], y[4] = 0.0, 9.12345678
    X[4, [1, 5]] = 1.87654321, -2.3456789
    model = make("svr", retain_data=True).fit(X, y)
    model.partial_unfit(X[[4]], y[[4]])
    wanted = {"first": X[4, 1], "second": X[4, 5], "y": y[4]}
    before = make("svr", retain_data=True).fit(X, y)
    assert traces(before, wanted)
    assert not traces(model, wanted)
    again = pickle.loads(pickle.dumps(model))
    again.partial_unfit(X[:4], y[:4])
    refit = make("svr").fit(X[5:], y[5:])
    np.testing.assert_allclose(coefficients(again), coefficients(refit), rtol=1e-6)


def test_columns_that_are_forgotten_leave_no_entry():
    X, y = few("logistic")
    X[3, 2] = 7.65432123
    model = make("logistic", retain_data=True).fit(X, y).forget_features(2)
    assert not traces(model, {"value": X[3, 2]})
    X[:, 2] = np.nan  # they may hold anything
    model.partial_unfit(X[:5], y[:5])
    refit = make("logistic").fit(np.delete(X, 2, axis=1)[5:], y[5:])
    found = np.delete(model.coef_, 2, axis=1)
    np.testing.assert_allclose(found, refit.coef_, rtol=1e-6)


def test_rows_of_a_file_stay_there(tmp_path):
    X, y = few("logistic")
    np.save(tmp_path / "rows.npy", X)
    there = np.load(tmp_path / "rows.npy", mmap_mode="r")
    model = make("logistic", retain_data=True).fit(there, y)
    assert np.shares_memory(kept(model)[0], there)


@pytest.mark.parametrize("as_input", ["array", "frame"])
def test_behind_an_encoder_that_gives_dense_rows(as_input):
    rng = np.random.default_rng(0)
    words = rng.choice(list("abcdefgh"), size=(300, 3))
    words[:8, 0] = list("abcdefgh")
    if as_input == "frame":
        pd = pytest.importorskip("pandas")
        words = pd.DataFrame(words, columns=["one", "two", "three"])
    y = rng.integers(2, size=300)
    model = su.make_unlearnable_pipeline(
        su.UnlearnableOneHotEncoder(sparse_output=False),
        su.UnlearnableLogisticRegression(retain_data=True),
    ).fit(words, y)
    assert all(map(is_sparse, kept(model[-1])))
    rows = np.flatnonzero(np.asarray(words)[:, 0] == "c")  # a column leaves with them
    taken = words.iloc[rows] if as_input == "frame" else words[rows]
    model.partial_unfit(taken, y[rows])
    left = np.delete(np.asarray(words), rows, axis=0)
    coded = OneHotEncoder().fit_transform(left)
    refit = LogisticRegression(tol=1e-12, max_iter=1000)
    refit.fit(coded, np.delete(y, rows))
    np.testing.assert_allclose(model[-1].coef_, refit.coef_, atol=1e-5)


def test_requests_are_attested_and_taken_back():
    X, y = few("multinomial")
    model = make("multinomial", retain_data=True)
    model.fit(X, y, row_ids=np.arange(N_ROWS))
    before = coefficients(model)
    gone = {"X": X[[3, 8]], "y": y[[3, 8]], "row_ids": [3, 8]}
    record = model.partial_unfit(**gone).request_record_
    left = np.delete(np.arange(N_ROWS), [3, 8])
    found = su.attest(model, X[left], y[left], row_ids=left)
    assert found.largest_difference < 1e-8
    assert found.residual <= model.tol
    other = su.attest(model, X, y, row_ids=np.arange(N_ROWS))
    assert other.largest_difference > 1e-5
    record.undo(model, **gone)
    assert all(map(is_sparse, kept(model)))
    np.testing.assert_allclose(coefficients(model), before, rtol=1e-6, atol=1e-8)
