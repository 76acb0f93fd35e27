"""From raw rows, and requests about them, through a list of steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from sklearn_unlearn.compose._raw import RawRows
from sklearn_unlearn.compose._traversal import carried, is_nothing
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers import TransformerRequests
from sklearn_unlearn.utils.validation import check_sample_weight


def walked(steps, change, weighted):
    """Steps after a request, and the change of the last one's outputs."""
    edited = []
    for name, step in steps:
        seen = change if name in weighted else change.unweighted()
        after, seen = carried(name, step, seen)
        edited.append((name, after))
        change = replace(
            seen,
            weight_out=change.weight_out,
            weight_in=change.weight_in,
            weight_rest=change.weight_rest,
        )
    return edited, change


def check_whole_rows(steps, weighted, because):
    """Refuse a request about parts of rows where steps know them as a whole.

    Parameters
    ----------
    steps : list of tuple
    weighted : frozenset of str
        Steps that were fitted with weights.
    because : str
        Why rows may not leave as a whole.
    """
    for name, step in steps:
        if isinstance(step, Pipeline):
            own = getattr(step, "_weighted", frozenset())
            inside = step.steps, own if name in weighted else frozenset()
            check_whole_rows(*inside, because)
        elif isinstance(step, ColumnTransformer):
            inner = [(f"{name}__{each}", one) for each, one, _ in step.transformers_]
            check_whole_rows(inner, frozenset(), because)
        elif isinstance(step, TransformerRequests) and name not in weighted:
            raise UnlearningError(
                f"{because}, but step {name!r} was fitted without weights and knows "
                "rows as a whole."
            )


def outputs(steps, X):
    """What fitted steps make of rows."""
    for _, step in steps:
        if not is_nothing(step):
            X = step.transform(X)
    return X


def names_out(steps):
    """Names of the outputs of fitted steps, None if one gives none."""
    names = None
    try:
        for _, step in steps:
            if not is_nothing(step):
                names = step.get_feature_names_out(names)
    except AttributeError:  # a step that cannot name its outputs
        return None
    return names


def of_rows_that_count(request):
    """A request without rows of weight zero; None if nothing is left of it."""
    if request.weight is None or request.ids_out is not None:
        return request
    X = request.X_out if request.leaves else request.X_in
    if X is None:
        return request
    weight = check_sample_weight(request.weight, RawRows.of(X).shape[0])
    if weight.all():
        return request
    some = np.flatnonzero(weight)
    if not some.size:
        return None
    parts = {
        name: taken(getattr(request, name), some)
        for name in ("X_out", "y_out", "X_in", "y_in", "ids_in")
    }
    return replace(request, weight=weight[some], **parts)


def taken(X, rows):
    """Some rows, or their targets."""
    return None if X is None else RawRows.of(X).take(rows).X
