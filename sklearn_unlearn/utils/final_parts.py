"""The rows and inputs of a request, for a last step that has its verbs and no more.

All that it asks is one request of the step: of several at once, each part with what
the steps before made of its rows, and columns that are gone from these outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.utils.given_rows import at_once
from sklearn_unlearn.utils.input_change import InputChange, as_given
from sklearn_unlearn.utils.learned import learned_by
from sklearn_unlearn.utils.raw_rows import RawRows, taken
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.rows import widened
from sklearn_unlearn.utils.schema import is_frame


@dataclass(frozen=True, eq=False)
class LocatedRows:
    """The rows of a request, as the last step of a pipeline knows them.

    Attributes
    ----------
    name : str
        Of the step, for messages.
    request : Request
        Its ``inputs`` are those of the first step, and then those of the last.
    front : callable or None
        Gives what the steps before this one made of rows before the request.
    """

    name: str
    request: Any
    front: Any = None

    @property
    def rows(self) -> Any:
        """Rows that leave, if they were found."""
        return None

    @property
    def retained(self) -> Any:
        """Retained rows, None if nothing is kept."""
        return None

    @property
    def stays_in_part(self) -> bool:
        """Whether some of the weight of a row that leaves is known to stay."""
        return False

    @property
    def inputs(self) -> InputChange:
        """What the request changes in the inputs of a step."""
        return self.request.inputs

    def with_inputs(self, inputs):
        """The same for other inputs."""
        return replace(self, request=replace(self.request, inputs=inputs))

    def value_of(self, batch, field):
        """What the request says of the rows that leave ("out") or come ("into")."""
        rows = getattr(self.request, batch)
        return None if rows is None else getattr(rows, field)


def raw_inputs(request, X, weight):
    """What a request changes in the raw input.

    Parameters
    ----------
    request : Request
    X : rows that leave, or None
    weight : array-like, float or None
        Theirs, or that of rows that come, where these are not rows of their own.

    Returns
    -------
    InputChange
    """
    out, into = request.out or Batch(), request.into or Batch()
    X_in = X if request.relabels else into.X  # the same rows come back
    y_in = out.y if into.y is None else into.y
    weight_in = weight if request.paired else into.sample_weight
    return InputChange(
        as_given(X),
        as_given(X_in),
        weight,
        weight_in,
        request.columns,
        targets_out=as_given(out.y),
        targets_in=as_given(y_in),
    )


def inputs_of_parts(request, refuse):
    """The same of several requests at once.

    Parameters
    ----------
    request : Request
        With parts.
    refuse : callable
        Raises, for steps that have to know rows of which names alone are given.

    Returns
    -------
    InputChange
    """
    whole = at_once(request)
    rows = None if whole.out is None else whole.out.X
    inputs = raw_inputs(whole, rows, whole.weight)
    if any(named_alone(part) and not part.relabels for part in request.parts):
        # of no use to a step that has to know all rows that leave
        return replace(inputs, out=refuse)
    return inputs


def named_alone(part):
    """Whether a request names rows that are there, and does not give their values."""
    return part.out is not None and part.out.X is None


def listed(step, request, inputs):
    """A list of requests of a step, of rows that leave and rows that come."""
    for verb, batch, rows, weight in (
        ("partial_unfit", request.out, inputs.out, inputs.weight_out),
        ("partial_fit", request.into, inputs.into, inputs.weight_in),
    ):
        if batch is not None:
            given = {"X": rows(), "y": batch.y, "sample_weight": weight}
            yield verb, {key: one for key, one in given.items() if one is not None}
        if verb == "partial_unfit" and inputs.map is not None:
            gone = np.delete(columns_left(step, inputs.map), inputs.kept)
            if gone.size:
                yield "forget_features", {"columns": gone}
    if inputs.map is None and inputs.forgotten is not None:
        yield "forget_features", {"columns": inputs.forgotten}


def columns_left(step, change):
    """Positions of the columns at fit that a step still has."""
    forgotten = getattr(learned_by(step), "forgotten", None)
    if forgotten is None:
        return np.arange(change.linear.shape[1])
    return np.flatnonzero(~forgotten)


def request_of_step(step, request, inputs, front=None):
    """One request of a step, in its inputs.

    Parameters
    ----------
    step : estimator
        The last one, fitted; it takes several requests at once.
    request : Request
        Perhaps with parts, in raw rows.
    inputs : InputChange
        Of which all rows that leave, and all that come, are those of the parts.
    front : callable, optional
        Gives what the steps before this one made of rows before the request.

    Returns
    -------
    Request
    """
    columns = inputs.forgotten
    if inputs.map is not None:
        gone = np.delete(columns_left(step, inputs.map), inputs.kept)
        columns = gone if gone.size else None
    parts, made = request.parts or (request,), []
    leaving = inputs.out
    if front is not None and any(map(named_alone, parts)):
        # none of these steps has asked for the rows that names alone are given of
        given = at_once(request).out or Batch()
        leaving = cache(lambda: front(given.X))
    n_out = n_into = 0
    for part in parts:
        out, into = part.out, part.into
        n_rows, X, X_in = 0, None, None
        if out is not None and out.X is not None:
            n_rows = RawRows.of(out.X).shape[0]
            X, n_out = _some(leaving, n_out, n_rows, parts), n_out + n_rows
        if into is not None and into.X is not None:
            n_new = RawRows.of(into.X).shape[0]
            X_in = _some(inputs.into, n_into, n_new, parts)
            X_in = _with_gone(step, X_in, inputs)
            n_into += n_new
        elif into is not None:
            n_into += n_rows  # the same rows come back, with other targets
        if out is not None:
            out = replace(out, X=X, sample_weight=_weight(step, out))
        if into is not None:
            into = replace(into, X=X_in, sample_weight=_weight(step, into))
        if part.out is not None or part.into is not None:
            made.append(Request(out=out, into=into, classes=part.classes))
    return Request(parts=tuple(made), columns=columns)


def _weight(step, batch: Batch):
    """Weights of rows, where the step takes some."""
    return batch.sample_weight if has_fit_parameter(step, "sample_weight") else None


def _some(rows, start, n_rows, parts):
    """Of the rows of all parts those of one."""
    X = rows()
    if len(parts) == 1:
        return X
    return taken(X, np.arange(start, start + n_rows))


def _with_gone(step, X, inputs):
    """Rows as the step got them before, zero in columns that are gone."""
    if inputs.map is None or inputs.kept is None:
        return X
    left = columns_left(step, inputs.map)
    gone = np.ones(left.size, dtype=bool)
    gone[inputs.kept] = False
    if not gone.any():
        return X
    if not is_frame(X):
        return widened(X, gone)
    names = step.feature_names_in_[left].tolist()
    if hasattr(X, "reindex"):
        return X.reindex(columns=names, fill_value=0)
    zeros = {name: 0 for name, missing in zip(names, gone, strict=True) if missing}
    return X.with_columns(**zeros).select(names)
