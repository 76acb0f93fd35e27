"""Calls that an unlearner must refuse, and the argument that it must name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import get_tags

from sklearn_unlearn.utils._checks.data import FIRST, row_requests
from sklearn_unlearn.utils.tags import DATA_VERBS, accepts


@dataclass(frozen=True, eq=False)
class BadRequest:
    """A call that must be refused.

    Attributes
    ----------
    verb : str
    what : str
        What is wrong with it.
    pattern : str
        Regular expression that the message must match: it names the argument.
    arguments : tuple
    keywords : dict
    """

    verb: str
    what: str
    pattern: str
    arguments: tuple
    keywords: dict


def bad_requests(estimator, case):
    """Calls that must be refused, of each verb that the estimator has.

    Parameters
    ----------
    estimator : estimator
    case : Case
        Unweighted.

    Yields
    ------
    BadRequest
    """
    for request in row_requests(estimator, case):
        yield from _bad_rows(estimator, request.verb, request.arguments)
    for verb in DATA_VERBS:
        if hasattr(estimator, verb):
            yield from _bad_rows(estimator, verb, (case.X, case.y))
    if hasattr(estimator, "partial_unfit"):
        yield from _too_much(estimator, case)
    if hasattr(estimator, "forget_features"):
        n_columns = case.X.shape[1]
        for what, columns in {
            "an index out of range": [n_columns],
            "an unknown name": ["no such column"],
            "an index that is not whole": [0.5],
            "no column": [],
            "a mask of the wrong length": np.ones(n_columns + 1, dtype=bool),
            "all columns": list(range(n_columns)),
        }.items():
            yield BadRequest("forget_features", what, "column", (columns,), {})


def _bad_rows(estimator, verb, arguments):
    """Bad values of X, y, sample_weight and what replaces them."""
    X, y, *new = arguments

    def bad(what, pattern, *arguments, **keywords):
        return BadRequest(verb, what, pattern, arguments, keywords)

    wide = np.column_stack([X, X[:, 0]])
    yield bad("X with a column too many", r"\bX\b", wide, y, *new)
    yield bad("X of one dimension", r"\bX\b|2D", X[0], y, *new)
    yield bad("no row", r"\bX\b|0 sample", X[:0], y[:0], *(part[:0] for part in new))
    yield bad("y of fewer rows than X", r"\by\b|inconsistent", X, y[:-1], *new)
    finite = not get_tags(estimator).input_tags.allow_nan
    spoiled = [("NaN", np.nan), ("infinity", np.inf)] if finite else []
    for name, value in spoiled:
        yield bad(f"{name} in X", r"\bX\b", _with(X, value), y, *new)
    for what, target in _bad_targets(estimator, y):
        yield bad(f"{what} in y", r"\by\b|label|class", X, target, *new)
    if verb == "replace_features":
        X_new = new[0]
        for what, value in (
            ("X_new with a column too many", np.column_stack([X_new, X_new[:, 0]])),
            ("X_new of fewer rows than X", X_new[:-1]),
            ("X_new of one dimension", X_new[0]),
            *((f"{name} in X_new", _with(X_new, value)) for name, value in spoiled),
        ):
            yield bad(what, "X_new", X, y, value)
    if verb == "replace_labels":
        yield bad("y_new of fewer rows than X", "y_new", X, y, new[0][:-1])
        for what, target in _bad_targets(estimator, y):
            yield bad(f"{what} in y_new", "y_new", X, y, target)
    if accepts(getattr(estimator, verb), "sample_weight"):
        ones = np.ones(X.shape[0])
        for what, weight in {
            "a negative sample_weight": _with(ones, -1.0),
            "sample_weight of the wrong length": np.ones(X.shape[0] + 1),
            "sample_weight of two dimensions": np.ones((X.shape[0], 2)),
            "NaN in sample_weight": _with(ones, np.nan),
        }.items():
            yield bad(what, "sample_weight", X, y, *new, sample_weight=weight)


def _bad_targets(estimator, y):
    if is_classifier(estimator):
        if y.dtype.kind in "iuf":
            yield "an unknown label", _with(y, y.max() + 77)
        elif y.dtype.kind in "UO":
            yield "an unknown label", _with(y, "unheard of")
    else:
        yield "NaN", _with(y, np.nan)


def _too_much(estimator, case):
    """More than the model holds."""
    X, y, _ = case.rows()
    if accepts(estimator.partial_unfit, "sample_weight"):
        weight = np.full(FIRST.size, 1e3)
        yield BadRequest(
            "partial_unfit",
            "more weight out than was trained on",
            "weight",
            (X[FIRST], y[FIRST]),
            {"sample_weight": weight},
        )
    if not is_classifier(estimator):
        yield BadRequest("partial_unfit", "all rows", "row|sample|data", (X, y), {})
    elif np.unique(y).size == 2:
        last = y == y[0]
        yield BadRequest(
            "partial_unfit", "all rows of a class", "class", (X[last], y[last]), {}
        )
    X_spare, y_spare = case.spare
    new = np.flatnonzero(~np.any(np.all(X_spare[:, None] == X, axis=2), axis=1))
    new = new[: FIRST.size]
    if estimator.get_params().get("retain_data") and new.size:
        yield BadRequest(
            "partial_unfit",
            "rows that it was never trained on",
            "[Rr]ow",
            (X_spare[new], y_spare[new]),
            {},
        )


def _with(values, value):
    """A copy in which one entry is this value."""
    changed = values.astype(object if isinstance(value, str) else values.dtype)
    changed[(1,) + (0,) * (values.ndim - 1)] = value
    return changed
