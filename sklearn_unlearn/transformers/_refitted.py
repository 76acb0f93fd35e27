"""Transformers that cannot unlearn, fitted again to what remains."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers._column_selector import ColumnSelector
from sklearn_unlearn.utils.input_change import as_given
from sklearn_unlearn.utils.messages import FailingStep, kind_of
from sklearn_unlearn.utils.narrowing import Inputs, without_columns
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.rows import protected

#: How a pipeline names what is behind a selector of the columns that are left.
_SELECTOR, _BEHIND = "columnselector", "transformer"


def refitted(name, step, change):
    """A transformer fitted again to its inputs, and the change of its outputs.

    Parameters
    ----------
    name : str
        Of the step, for messages.
    step : transformer
        Fitted, of any library; it stays as it is.
    change : InputChange
        Of its inputs, all of which it gives.

    Returns
    -------
    step : transformer
    change : InputChange
        Of the next step, which gets what ``fit_transform`` makes of the rows.

    Raises
    ------
    UnlearningError
        If it cannot be cloned, or part of it is frozen.
    """
    check_can_be_refitted(name, step)
    after = _of_columns_left(step, change)
    targets, weights = change.targets, change.weight_rest
    y = None if targets is None else targets()
    keywords = {} if weights is None else {"sample_weight": weights()}
    X = protected(change.rest())
    with FailingStep(lambda: name), fitting():
        if hasattr(after, "fit_transform"):
            outputs = after.fit_transform(X, y, **keywords)
        else:
            after.fit(X, y, **keywords)  # whatever that returns
            outputs = after.transform(X)
    through = change.through(step, after, name=name, known=False)
    into = through.into
    if change.coming is not None:
        # as later steps learn from them, which may not be what is made of them now
        into = as_given(taken(outputs, change.coming))
    return after, replace(through, rest=as_given(outputs), into=into)


def check_can_be_refitted(name, step):
    """Refuse what stays as it is, or is no other one, when it is cloned.

    Raises
    ------
    UnlearningError
        Naming the step of a pipeline.
    """
    for each, inner in step.steps if isinstance(step, Pipeline) else ():
        if inner is not None and not isinstance(inner, str):
            check_can_be_refitted(each, inner)
    parts = [step, *(step.get_params() if hasattr(step, "get_params") else {}).values()]
    if any(isinstance(part, FrozenEstimator) for part in parts):
        raise UnlearningError(
            f"Step {name!r}, {kind_of(step)}, learned from rows and is frozen, in part "
            'or whole: pass on_stateful="freeze" to leave in it what it knows of the '
            "rows, or take the estimator that it holds."
        )
    try:
        clone(step)
    except (TypeError, RuntimeError) as error:
        raise UnlearningError(
            f"Step {name!r}, {kind_of(step)}, cannot be fitted again, as it cannot be "
            f"cloned: {error}"
        ) from error


def _of_columns_left(step, change):
    """An unfitted transformer like a fitted one, for the columns that are left."""
    kept = change.kept
    if isinstance(kept, np.ndarray):
        gone = np.ones(change.map.linear.shape[1], dtype=bool)
        gone[kept] = False
        return without_columns(step, Inputs(gone))
    if kept is None and change.lost is not None:
        n_before = getattr(step, "n_features_in_", change.n_columns)
        if change.n_columns != n_before:
            return without_columns(step, Inputs(None))
    if change.forgotten is None:
        return clone(step)
    n_columns = change.forgotten.size
    before, inner = np.arange(n_columns), step
    names = getattr(step, "feature_names_in_", None)
    if _is_behind_selector(step):
        selector, inner = step[0], step[-1]
        before, names = selector.kept, selector.names
    gone = change.forgotten[before]
    if gone.all():
        raise UnlearningError(
            "columns names all that there are; nothing would be left."
        )
    if not gone.any():
        return clone(step)
    known = None if names is None else names[before]
    inner = without_columns(inner, Inputs(gone, known))
    selector = ColumnSelector(before[~gone], n_columns, names)
    return Pipeline([(_SELECTOR, selector), (_BEHIND, inner)])


def _is_behind_selector(step):
    return isinstance(step, Pipeline) and isinstance(step.steps[0][1], ColumnSelector)


def plain_of(step, drop_forgotten):
    """A copy of a transformer without anything of this package."""
    step = copy.deepcopy(step)
    if not _is_behind_selector(step):
        return step
    selector, inner = step
    if drop_forgotten:
        return inner
    step.steps = [(_SELECTOR, selector.to_sklearn(False)), (_BEHIND, inner)]
    return step
