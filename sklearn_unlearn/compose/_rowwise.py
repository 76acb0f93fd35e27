"""Whether what a stateless step makes of a row depends on that row alone."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.compose._raw import RawRows
from sklearn_unlearn.compose._traversal import hands_on, is_nothing, is_stateless
from sklearn_unlearn.compose._walk import outputs
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers import TransformerRequests

#: Rows that are tried.
_ROWS = 8
#: Relative difference that rounding, in single precision, may explain.
_ROUNDING = 1e-4


def check_rowwise(steps, X):
    """Refuse stateless steps that make something else of rows in company.

    What such a step makes of a row changes when another row is forgotten, and it keeps
    nothing from which that could be known.

    Parameters
    ----------
    steps : list of tuple
        Fitted. Those that learn, or are of this package, are not tried.
    X : array-like, DataFrame, sparse matrix or list of str
        Rows as the first step gets them.

    Raises
    ------
    UnlearningError
        Names the step.
    """
    for place, (name, step) in enumerate(steps):
        if not may_mix(step):
            continue
        rows = RawRows.of(outputs(steps[:place], few(X)))
        places = range(rows.shape[0])
        together = RawRows.of(step.transform(rows.X))
        each = [RawRows.of(step.transform(rows.take([row]).X)) for row in places]
        if not _same(together, each):
            raise UnlearningError(
                f"Step {name!r}, a {type(step).__name__}, makes something else of rows "
                "together than of each by itself: what it makes of others would depend "
                "on rows that are forgotten. Take a function of single rows, or a "
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
    rows = RawRows.of(X)
    n_rows = rows.shape[0]
    places = np.linspace(0, n_rows - 1, min(n_rows, _ROWS)).astype(np.intp)
    return rows.take(places).X


def _same(together, each):
    """Whether rows are those of several, one row each."""
    widths = {rows.shape[1:] for rows in (together, *each)}
    heights = {rows.shape[0] for rows in each}
    if len(widths) > 1 or heights != {1} or together.shape[0] != len(each):
        return False
    names = {tuple(getattr(rows.X, "columns", ())) for rows in (together, *each)}
    if len(names) > 1:
        return False
    if sp.issparse(together.X):
        return _close(together.X.toarray(), sp.vstack([r.X for r in each]).toarray())
    apart = each[0].joined(each[1:])
    pairs = zip(together.columns(), apart.columns(), strict=True)
    if all(_close(one, other) for one, other in pairs):
        return True
    return bool(together.same(apart).all())


def _close(one, other):
    """Whether arrays of numbers are the same up to rounding."""
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        return False
    size = np.abs(one).max(initial=0.0, where=np.isfinite(one))
    atol = _ROUNDING * size
    return np.allclose(one, other, rtol=_ROUNDING, atol=atol, equal_nan=True)
