"""What is validated in short, against scikit-learn's validation of the same."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_unlearn.utils import validation
from sklearn_unlearn.utils.validation import (
    DATA_DTYPES,
    Columns,
    check_numeric_targets,
    check_rows,
)

_X = np.random.default_rng(0).standard_normal((4, 3))


def _with(value):
    X = _X.copy()
    X[2, 1] = value
    return X


_ROWS = {
    "float64": _X,
    "float32": _X.astype(np.float32),
    "half": _X.astype(np.float16),
    "the other byte order": _X.astype(">f8"),
    "columns": np.asfortranarray(_X),
    "a view": _X[::-2],
    "int": np.arange(12).reshape(4, 3),
    "bool": _X > 0.0,
    "complex": _X.astype(complex),
    "object": _X.astype(object),
    "str": _X.astype(str),
    "NaN": _with(np.nan),
    "inf": _with(np.inf),
    "huge": _with(1e308),
    "a vector": _X[0],
    "a number": np.float64(1.0),
    "blocks": _X[None],
    "two columns": _X[:, :2],
    "no rows": _X[:0],
    "no columns": _X[:, :0],
    "many": np.tile(_X, (9_000, 1)),
    "a list": _X.tolist(),
    "matrix": _X.view(np.matrix),
}


def _outcome(function):
    """What a call returns, warns of or raises, to be compared."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function()
            found = (type(value), value.dtype, value.tolist())
        except (TypeError, ValueError) as error:
            found = (type(error), str(error))
    return found, [(w.category, str(w.message)) for w in caught]


@pytest.mark.parametrize("assume_finite", [False, True])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("rows", _ROWS)
def test_rows_are_refused_and_converted_as_by_scikit_learn(rows, named, assume_finite):
    names = np.array(["a", "b", "c"], dtype=object) if named else None
    twin = LinearRegression()
    twin.n_features_in_ = 3
    if named:
        twin.feature_names_in_ = names
    accepted = {"accept_sparse": "csr", "dtype": DATA_DTYPES, "reset": False}
    with sklearn.config_context(assume_finite=assume_finite):
        expected = _outcome(lambda: validate_data(twin, _ROWS[rows], **accepted))
        found = _outcome(lambda: check_rows(twin, _ROWS[rows], Columns(3, names)))
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("rows", _ROWS)
def test_targets_are_refused_and_converted_as_by_scikit_learn(rows):
    y = _ROWS[rows]
    kinds = {"ensure_2d": False, "dtype": np.float64, "input_name": "y"}
    found = _outcome(lambda: check_numeric_targets(y))
    assert repr(found) == repr(_outcome(lambda: check_array(y, **kinds)))


def test_few_numbers_are_not_validated_at_length(monkeypatch):
    """Scikit-learn's validation takes longer than many a request of a row."""

    def fail(*args, **kwargs):
        raise AssertionError("validated by scikit-learn")

    monkeypatch.setattr(validation, "validate_data", fail)
    monkeypatch.setattr(validation, "check_array", fail)
    for X in (_X, _X.astype(np.float32), _X[:1]):
        assert check_rows(LinearRegression(), X, Columns(3, None)) is X
    assert check_numeric_targets(_X[:, 0]).base is _X
    with pytest.raises(AssertionError, match="scikit-learn"):
        check_rows(LinearRegression(), _with(np.nan), Columns(3, None))
