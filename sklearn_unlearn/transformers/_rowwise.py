"""Whether what a stateless step makes of a row depends on that row alone."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers._following import hands_on, is_nothing, is_stateless
from sklearn_unlearn.transformers._probe_rows import (
    as_objects,
    choose_probe_rows,
    len_of,
)
from sklearn_unlearn.utils.input_change import of_step
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.steps import own
from sklearn_unlearn.utils.values import is_missing

#: Rows that are tried, and those in whose company they are.
_TRIED, _COMPANY = 24, 256
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
    with of_step(name):
        mixed = mixes(step, X)
    if mixed:
        raise UnlearningError(
            f"Step {name!r}, {kind_of(step)}, makes something else of rows "
            "together than of each by itself: what it makes of others would depend on "
            "rows that are forgotten. Take a function of single rows, or a "
            "transformer that learns and can unlearn."
        )


def mixes(step, X):
    """Whether a step makes something else of a row beside others than beside itself.

    It is not asked for one row, which functions of single rows may refuse.

    Parameters
    ----------
    step : transformer
    X : array-like, DataFrame, sparse matrix or list of str
        The first rows are tried.
    """
    n_rows = len_of(X)
    X = protected(X)
    twice = [step.transform(_twice(X, row)) for row in range(min(n_rows, _TRIED))]
    together = step.transform(X)  # it may overwrite what it is given
    if len_of(together) != n_rows or any(len_of(Z) != 2 for Z in twice):
        return True
    return not _same(_taken(together, np.arange(len(twice))), twice)


def may_mix(step):
    """Whether a step may be a function of several rows and does not say so."""
    if is_nothing(step) or isinstance(step, str) or not hasattr(step, "transform"):
        return False
    if own(step, "_follow") is not None:  # one of ours, which is asked itself
        return False
    return not hands_on(step) and is_stateless(step)


def few(X):
    """Some rows, first those that a function of several rows is likely to change."""
    n_rows = len_of(X)
    spread = np.linspace(0, n_rows - 1, min(n_rows, _COMPANY)).astype(int)
    return _taken(
        X, list(dict.fromkeys([*choose_probe_rows(X, _TRIED), *spread.tolist()]))
    )


def _twice(X, row):
    """One row and the same again, with the label of another."""
    rows = _taken(X, [row, row])
    if hasattr(rows, "iloc"):
        rows.index = X.index[[row, row - 1]]
    return rows


def _taken(X, rows):
    """Some rows."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "shape"):
        return X.tocsr()[rows] if is_sparse(X) else X[rows]
    return [X[row] for row in rows]


def _same(together, twice):
    """Whether rows are the first ones of several pairs."""
    names = {tuple(getattr(Z, "columns", ())) for Z in (together, *twice)}
    if len(names) > 1 or len({Z.shape[1:] for Z in map(_shaped, twice)}) > 1:
        return False
    firsts = [_taken(_shaped(Z), [0]) for Z in twice]
    if all(is_sparse(Z) for Z in (together, *firsts)):
        if together.shape[1] != firsts[0].shape[1]:
            return False
        both = sp.vstack([together, *firsts], format="csc")
        both = both[:, np.flatnonzero(np.diff(both.indptr))].toarray()
        together, apart = both[: len(firsts)], both[len(firsts) :]
    else:
        apart = np.concatenate([*map(_array, firsts)])
        together = _array(_shaped(together))
    return _close(together, apart)


def same_outputs(one, other):
    """Whether outputs for as many rows are the same in some of them, save rounding."""
    if _shaped(one).shape != _shaped(other).shape:
        return False
    n_rows = len_of(one)
    some = np.unique(np.linspace(0, n_rows - 1, min(n_rows, _COMPANY)).astype(int))
    return _close(*(_array(_shaped(_taken(Z, some.tolist()))) for Z in (one, other)))


def _close(one, other):
    """Whether two arrays are the same, save rounding."""
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        values = (Z.ravel().tolist() for Z in (one, other))
        return all(map(_alike, *values))
    one, other = (Z.astype(np.result_type(Z, np.float64)) for Z in (one, other))
    size = np.abs(one).max(initial=0.0, where=np.isfinite(one), axis=0)
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= _ROUNDING * size
    same = (one == other) | ((one != one) & (other != other))
    return bool(np.all(near | same))


def _alike(one, other):
    """Whether two values are the same, of whatever types columns made them."""
    if is_missing(one) or is_missing(other):
        return is_missing(one) and is_missing(other)
    if isinstance(one, Real) and isinstance(other, Real):
        return math.isclose(one, other, rel_tol=_ROUNDING)
    return str(one) == str(other)


def _shaped(Z):
    return Z if hasattr(Z, "shape") else as_objects(Z)


def _array(Z):
    return Z.toarray() if is_sparse(Z) else np.asarray(Z)
