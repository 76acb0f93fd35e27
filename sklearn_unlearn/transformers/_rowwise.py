"""Whether what a stateless step makes of a row depends on that row alone."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers._requests import TransformerRequests
from sklearn_unlearn.transformers._traversal import hands_on, is_nothing, is_stateless

#: Rows that are tried.
_ROWS = 8
#: Relative difference that rounding, in single precision, may explain.
_ROUNDING = 1e-4


def check_rowwise(name, step, X):
    """Refuse a stateless step that makes something else of rows in company.

    What it makes of a row changes when another row is forgotten, and it keeps nothing
    from which that could be known.

    Parameters
    ----------
    name : str
        Of the step.
    step : transformer
        Fitted, one that `may_mix`.
    X : array-like, DataFrame, sparse matrix or list of str
        A `few` rows, as the step gets them.

    Raises
    ------
    UnlearningError
        Names the step.
    """
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    together = step.transform(X)
    each = [step.transform(_taken(X, [row])) for row in range(n_rows)]
    if not _same(together, each):
        raise UnlearningError(
            f"Step {name!r}, a {type(step).__name__}, makes something else of rows "
            "together than of each by itself: what it makes of others would depend on "
            "rows that are forgotten. Take a function of single rows, or a "
            "transformer that learns and can unlearn."
        )


def may_mix(step):
    """Whether a step may be a function of several rows and does not say so."""
    if is_nothing(step) or isinstance(step, str | TransformerRequests):
        return False
    if hasattr(step, "_carried_through") or not hasattr(step, "transform"):
        return False
    return not hands_on(step) and is_stateless(step)


def few(X):
    """A few rows, from all over the data."""
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    return _taken(X, np.linspace(0, n_rows - 1, min(n_rows, _ROWS)).astype(int))


def _taken(X, rows):
    """Some rows."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "shape"):
        return X.tocsr()[rows] if sp.issparse(X) else X[rows]
    return [X[row] for row in rows]


def _same(together, each):
    """Whether rows are those of several, one row each."""
    names = {tuple(getattr(Z, "columns", ())) for Z in (together, *each)}
    together, each = _array(together), [_array(Z) for Z in each]
    shapes = {Z.shape for Z in each}
    if len(names) > 1 or shapes != {(1, *together.shape[1:])}:
        return False
    apart = np.concatenate(each)
    if together.dtype.kind not in "biufc" or apart.dtype.kind not in "biufc":
        return np.array_equal(together.astype(str), apart.astype(str))
    if apart.shape != together.shape:
        return False
    one, other = (Z.astype(np.result_type(Z, np.float64)) for Z in (together, apart))
    size = np.abs(one).max(initial=0.0, where=np.isfinite(one), axis=0)
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= _ROUNDING * size
    same = (one == other) | ((one != one) & (other != other))
    return bool(np.all(near | same))


def _array(Z):
    return Z.toarray() if sp.issparse(Z) else np.asarray(Z)
