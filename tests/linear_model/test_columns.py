"""Frames, names, and columns that were forgotten."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.utils.validation import (
    Columns,
    check_columns,
    remaining_columns,
)
from tests.cases import LARGE_STEPS, coefficients, data, make

X, Y = data("logistic", 80, 4)


NAMES = list("abcd")


def test_a_forgotten_column_is_not_there_twice():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=NAMES)
    estimator = make("logistic").fit(frame, Y).forget_features("a")
    before = coefficients(estimator)
    twice = frame[["a", "b", "c", "d", "a"]]
    with pytest.raises(ValueError, match="more than one column named 'a'"):
        estimator.predict(twice)
    with pytest.raises(ValueError, match="more than one column named 'a'"):
        estimator.partial_unfit(twice[:2], Y[:2])
    with pytest.raises(ValueError, match="name"):  # scikit-learn's own
        estimator.predict(frame[["b", "c", "d", "b"]])
    np.testing.assert_array_equal(coefficients(estimator), before)


def test_a_name_of_two_features_names_neither():
    names = np.array(["a", "a", "c"])
    with pytest.raises(ValueError, match="'a', which 2 features are called"):
        check_columns("a", 3, names)
    np.testing.assert_array_equal(check_columns([1, "c"], 3, names), [0, 1, 1])


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_tables_have_their_names_in_column_names():
    pa = pytest.importorskip("pyarrow")
    table = pa.table(dict(zip(NAMES, X.T, strict=True)))
    estimator = make("logistic").fit(table, Y).forget_features("a")
    expected = estimator.predict_proba(table)
    for columns in (["b", "c", "d"], ["b", "c", "a", "d"]):
        given = estimator.predict_proba(table.select(columns))
        np.testing.assert_array_equal(given, expected)
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(table.select(["b", "d", "c"]))
    plain = make("logistic").fit(X, Y).forget_features(0).partial_unfit(X[:2], Y[:2])
    estimator.partial_unfit(table.select(["b", "a", "c", "d"])[:2], Y[:2])
    np.testing.assert_allclose(coefficients(estimator), coefficients(plain), rtol=1e-9)


class Table:
    """A table as pyarrow's: ``columns`` are values, ``column_names`` the names."""

    def __init__(self, columns):
        self._columns = columns
        self.column_names, self.columns = list(columns), list(columns.values())

    def select(self, names):
        return Table({name: self._columns[name] for name in names})


def test_columns_of_a_table_that_remain_are_found_by_name():
    table = Table({name: X[:, NAMES.index(name)] for name in "cab"})
    forgotten = np.array([True, False, False, True])
    columns = Columns(len(NAMES), np.array(NAMES))
    rest, known = remaining_columns(table, columns, forgotten)
    assert rest.column_names == ["c", "b"]
    assert known.names.tolist() == ["b", "c"]


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_and_feature_names(library):
    frames = pytest.importorskip(library)
    target = frames.Series(Y)

    def as_frame(X, columns):
        names = {"columns" if library == "pandas" else "schema": columns}
        return frames.DataFrame(X, **names)

    frame = as_frame(X, columns=NAMES)
    estimator = make("logistic").fit(frame, target)
    assert estimator.feature_names_in_.tolist() == NAMES
    estimator.partial_unfit(frame[:2], target[:2])
    plain = make("logistic").fit(X, Y).partial_unfit(X[:2], Y[:2])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(plain), rtol=1e-9, atol=1e-12
    )
    estimator.forget_features("a")
    assert np.all(estimator.coef_[:, 0] == 0.0)
    expected = estimator.predict(frame)
    rest = frame[["b", "c", "d"]]
    np.testing.assert_array_equal(estimator.predict(rest), expected)
    with pytest.raises(ValueError, match="names 'z'"):
        estimator.forget_features(["z"])
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[["b", "d", "c"]])
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[["b", "c"]])
    with pytest.raises(ValueError, match="feature names"):
        estimator.partial_unfit(as_frame(X[:2], columns=list("wxyz")), Y[:2])


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
def test_forgotten_columns_may_hold_anything_or_be_absent(as_format):
    estimator = make("multinomial")
    A, b = data("multinomial", 200, 5)
    estimator.fit(as_format(A), b).forget_features([1, 3])
    assert np.all(estimator.coef_[:, [1, 3]] == 0.0)
    expected = estimator.predict_proba(as_format(A))
    noisy = A.copy()
    noisy[:, 1], noisy[:, 3] = np.nan, np.inf
    np.testing.assert_array_equal(estimator.predict_proba(as_format(noisy)), expected)
    rest = as_format(A[:, [0, 2, 4]])
    np.testing.assert_array_equal(estimator.predict_proba(rest), expected)
    noisy[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        estimator.predict_proba(as_format(noisy))
    with pytest.raises(ValueError, match="features"):
        estimator.predict_proba(as_format(A[:, :4]))
    residual = estimator.gradient_residual(as_format(A), b)
    assert residual == pytest.approx(estimator.gradient_residual(rest, b), rel=1e-9)
    # forgotten for good, and named again without harm
    before = coefficients(estimator)
    np.testing.assert_array_equal(coefficients(estimator.forget_features(1)), before)
    estimator.partial_unfit(as_format(A[:2]), b[:2])
    assert np.all(estimator.coef_[:, [1, 3]] == 0.0)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
def test_rows_leave_after_columns_were_forgotten(retain_data):
    A, b = data("logistic", 200, 5)
    small = np.delete(A, 0, axis=1)
    refit = make("logistic").fit(small[3:], b[3:])
    nothing_done = make("logistic").fit(np.where([1, 0, 0, 0, 0], 0.0, A), b)
    nothing_done = nothing_done.gradient_residual(A[3:], b[3:])
    errors = {}
    for case in ("values known", "values unknown", "columns absent"):
        estimator = make("logistic", retain_data=retain_data).fit(A, b)
        estimator.forget_features(0)
        rows = {
            "values known": A[:3],
            "values unknown": np.column_stack([np.full(3, np.nan), small[:3]]),
            "columns absent": small[:3],
        }[case]
        estimator.partial_unfit(rows, b[:3])
        errors[case] = np.abs(np.delete(estimator.coef_, 0, 1) - refit.coef_).max()
        residual = estimator.gradient_residual(small[3:], b[3:])
        assert residual < (1e-8 if retain_data else nothing_done / 2)
        estimator.refine(small[3:], b[3:])
        np.testing.assert_allclose(
            np.delete(estimator.coef_, 0, 1), refit.coef_, rtol=1e-7
        )
    assert errors["values unknown"] == errors["columns absent"]
    if retain_data:
        assert max(errors.values()) < 1e-8


def test_a_squared_loss_needs_no_values_of_forgotten_columns():
    A, b = data("ridge", 200, 5)
    estimator = make("ridge").fit(A, b).forget_features([0, 2])
    small = np.delete(A, [0, 2], axis=1)
    estimator.partial_unfit(small[:3], b[:3])
    refit = make("ridge").fit(small[3:], b[3:])
    np.testing.assert_allclose(
        np.delete(estimator.coef_, [0, 2]), refit.coef_, rtol=1e-9
    )


def test_forgetting_everything_is_refused():
    estimator = make("ridge", fit_intercept=False).fit(X, X[:, 0] + 1.0)
    with pytest.raises(ValueError, match="nothing would be left"):
        estimator.forget_features([0, 1, 2, 3])
