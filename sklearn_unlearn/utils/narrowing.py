"""Estimators for rows that lack some columns: parameters that refer to columns change.

A column transformer selects columns by place or by name, boosting lists those that are
categories, encoders have a list of categories a column. A refit without some columns is
one of an estimator that no longer speaks of these, and that still means the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import OneToOneFeatureMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import TargetEncoder

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.rows import columns_of

#: Parameters that hold one entry for each column.
_ONE_EACH = ("categories", "drop", "min_categories", "monotonic_cst", "n_bins")


@dataclass(frozen=True, eq=False)
class Inputs:
    """The columns that an estimator was given.

    Attributes
    ----------
    gone : ndarray of bool of shape (n_columns,) or None
        Those that it will be given no more; None if nobody knows.
    names : ndarray of str of shape (n_columns,) or None
    X : array, DataFrame or None
        Rows with all of them, for functions that select columns; None if not known.
    """

    gone: Any
    names: Any = None
    X: Any = None

    def take(self, places):
        """Some of the columns, at positions that may not be known."""
        if places is None:
            return Inputs(None)
        names = None if self.names is None else self.names[places]
        X = None if self.X is None else columns_of(self.X, places)
        return Inputs(self.gone[places], names, X)

    def places(self, columns):
        """Positions of columns, however they are referred to; None if not known."""
        if self.gone is None or (callable(columns) and self.X is None):
            return None
        if callable(columns):
            columns = columns(self.X)
        indices = np.arange(self.gone.size)
        if not _by_name(columns):
            return indices[_each(columns)]
        place_of = (
            {} if self.names is None else {n: i for i, n in enumerate(self.names)}
        )
        if isinstance(columns, slice):  # the last is meant too
            stop = place_of.get(columns.stop, self.gone.size) + 1
            return indices[place_of.get(columns.start) : stop : columns.step]
        places = [place_of.get(name) for name in _each(columns)]
        return None if None in places else np.array(places, dtype=np.intp)

    def narrowed(self, columns):
        """What refers to the same columns without those that are gone."""
        places = self.places(columns)
        if callable(columns) or (places is None and _by_name(columns)):
            return columns
        if places is None:
            raise UnlearningError(
                f"The estimator refers to columns by number ({columns!r}) behind a "
                "step that makes others of those that it is given: nobody knows which "
                "of them would go. Refer to them by name (set_output), or fit anew."
            )
        left = places[~self.gone[places]]
        if _by_name(columns):
            narrowed = self.names[left].tolist()
        else:
            narrowed = (np.cumsum(~self.gone)[left] - 1).tolist()
        return narrowed[0] if narrowed and np.isscalar(columns) else narrowed


def without_columns(estimator, inputs):
    """A clone of an estimator for rows without the columns that are gone.

    Parameters
    ----------
    estimator : estimator
    inputs : Inputs

    Returns
    -------
    estimator

    Raises
    ------
    UnlearningError
        If a step refers by number to columns of which nobody knows what became.
    """
    estimator = clone(estimator)
    _narrow(estimator, inputs)
    return estimator


def _narrow(step, inputs):
    """Narrow an estimator in place; give what the next one is given."""
    if step is None or isinstance(step, str):
        return Inputs(np.zeros(0, dtype=bool)) if step == "drop" else inputs
    if isinstance(step, Pipeline):
        for _, each in step.steps:
            inputs = _narrow(each, inputs)
        return inputs
    if isinstance(step, ColumnTransformer):
        return _narrow_selections(step, inputs)
    for name, value in step.get_params(deep=False).items():
        changed = _narrowed_parameter(name, value, inputs)
        if changed is not value:
            step.set_params(**{name: changed})
        if name != "final_estimator":  # which is given predictions
            for part in _estimators(value):
                _narrow(part, inputs)
    # of three classes, a target encoder makes three columns of each
    known = isinstance(step, OneToOneFeatureMixin) and not isinstance(
        step, TargetEncoder
    )
    return Inputs(inputs.gone if known else None)


def _narrow_selections(step, inputs):
    """The same of a column transformer."""
    chosen = [inputs.places(columns) for _, _, columns in step.transformers]
    rest = None
    if not any(places is None for places in chosen):
        rest = np.setdiff1d(np.arange(inputs.gone.size), np.concatenate(chosen))
    outputs = [
        _narrow(each, inputs.take(places))
        for (_, each, _), places in zip(step.transformers, chosen, strict=True)
    ]
    outputs.append(_narrow(step.remainder, inputs.take(rest)))
    step.transformers = [
        (name, each, inputs.narrowed(columns))
        for name, each, columns in step.transformers
    ]
    if any(each.gone is None for each in outputs):
        return Inputs(None)
    return Inputs(np.concatenate([each.gone for each in outputs]))


def _narrowed_parameter(name, value, inputs):
    """A parameter of an estimator that is given fewer columns."""
    if value is None or isinstance(value, str):
        return value
    if name == "categorical_features":
        return inputs.narrowed(value)
    if name == "interaction_cst":
        groups = [inputs.narrowed(list(group)) for group in value]
        return [group for group in groups if group]
    if name not in _ONE_EACH or inputs.gone is None:
        return value
    if isinstance(value, dict):  # by name
        left = inputs.narrowed(list(value))
        return {column: value[column] for column in left}
    if hasattr(value, "__len__") and len(value) == inputs.gone.size:
        return [each for each, gone in zip(value, inputs.gone, strict=True) if not gone]
    return value


def _estimators(value):
    """Estimators that a parameter holds: one, or a list of named ones."""
    if isinstance(value, list):
        return [part[1] for part in value if isinstance(part, tuple) and _fits(part[1])]
    return [value] if _fits(value) else []


def _fits(value):
    return hasattr(value, "fit") and not isinstance(value, type)


def _by_name(columns):
    if isinstance(columns, slice):
        columns = (columns.start, columns.stop)
    return any(isinstance(each, str) for each in _each(columns))


def _each(columns):
    """What indexes an array, of one reference, several, a slice or a mask."""
    if isinstance(columns, slice):
        return columns
    return [columns] if np.isscalar(columns) else list(columns)
