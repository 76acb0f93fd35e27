"""Transformers like others, which unlearn, fitted to what those were fitted to."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from sklearn_unlearn.compose import UnlearnableColumnTransformer
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.pipeline._union import UnlearnableFeatureUnion
from sklearn_unlearn.transformers import (
    AsAtFit,
    check_can_be_refitted,
    is_nothing,
    is_stateless,
)
from sklearn_unlearn.utils.discovery import counterpart
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.messages import kind_of, warn
from sklearn_unlearn.utils.raw_rows import RawRows, taken
from sklearn_unlearn.utils.steps import own


def transformer_like(fitted, name, on_stateful, nested, taken_over=True):
    """An unfitted transformer that does what another one does, and unlearns.

    Parameters
    ----------
    fitted : transformer, None, "passthrough" or "drop"
        Fitted, if it is to be taken over.
    name : str
        Of the step, for messages.
    on_stateful : {"refit", "raise", "freeze"}
        What is done about one without a counterpart that learned from rows.
    nested : callable
        Makes a pipeline of steps.
    taken_over : bool, default=True
        Whether one without a counterpart is to have what the fitted one knows.

    Raises
    ------
    UnlearningError
        If it has no counterpart.
    """
    told = on_stateful, nested, taken_over
    if is_nothing(fitted) or isinstance(fitted, str):
        return fitted
    if isinstance(fitted, Pipeline):
        like = nested(
            [
                (each, transformer_like(step, f"{name}__{each}", *told))
                for each, step in fitted.steps
            ]
        )
        return like.set_params(verbose=fitted.verbose)
    if isinstance(fitted, ColumnTransformer):
        there = fitted.transformers_ if taken_over else fitted.transformers
        parts = {each: step for each, step, _ in there}
        like = UnlearnableColumnTransformer([], on_stateful=on_stateful)
        shared = fitted.get_params(deep=False)
        known = like.get_params(deep=False).keys() - {"transformers", "remainder"}
        like.set_params(**{key: shared[key] for key in known & shared.keys()})

        def part(each, step):
            inner = parts.get(each, step)
            if isinstance(step, str):
                inner = step  # scikit-learn has put something in its place
            return transformer_like(inner, f"{name}__{each}", *told)

        like.transformers = [
            (each, part(each, step), columns)
            for each, step, columns in fitted.transformers
        ]
        like.remainder = part("remainder", fitted.remainder)
        return configured_like(like, fitted)
    if isinstance(fitted, FeatureUnion):
        return UnlearnableFeatureUnion.like(
            fitted, lambda each, step: transformer_like(step, f"{name}__{each}", *told)
        ).set_params(on_stateful=on_stateful)
    twin = counterpart(fitted)
    if taken_over and own(twin, "_has_own_folds"):
        twin = None  # the steps behind it learned from other folds
    if twin is not None and hasattr(twin, "transform"):
        like = twin()
        given, known = fitted.get_params(deep=False), like.get_params(deep=False)
        like.set_params(**{key: given[key] for key in known if key in given})
        return configured_like(like, fitted)
    if is_stateless(fitted):
        return clone(fitted)
    if on_stateful == "raise":
        raise no_counterpart(name, fitted)
    if on_stateful == "refit":
        check_can_be_refitted(name, fitted)
    if not taken_over:
        return clone(fitted)
    return AsAtFit(copy.deepcopy(fitted), name, on_stateful == "freeze")


def no_counterpart(name, step):
    """What is said of a transformer that nothing takes over."""
    return UnlearningError(
        f"Step {name!r}, {kind_of(step)}, learned from rows and has no "
        "counterpart that unlearns them. Have it fitted again by each request, with "
        'retain_data=True and on_stateful="refit", or leave in it what it knows with '
        'on_stateful="freeze"; RetrainedClassifier, RetrainedRegressor and '
        "RetrainedTransformer train any estimator again."
    )


def _settled(step, drawn):
    """A step that was fitted like another, with what stays as it is in its place.

    Parameters
    ----------
    step : transformer
    drawn : list of str
        Steps that have drawn at random what they gave; those inside are appended.
    """
    if isinstance(step, AsAtFit):
        drawn += [step.name] if step.drawn and step.name not in drawn else []
        return step.estimator
    replace_parts = own(step, "_replace_parts")
    if replace_parts is not None:
        replace_parts(partial(_settled, drawn=drawn), _given)
    return step


def _given(step):
    """An unfitted step with others in the place of those that stay as they are."""
    if isinstance(step, AsAtFit):
        return clone(step.estimator)
    replace_parts = own(step, "_replace_parts")
    if replace_parts is not None:
        replace_parts(_given, _given)
    return step


def fitted_like(theirs, ours, X, y, sample_weight, drawn):
    """Transformers fitted to what others were fitted to, and their outputs.

    Parameters
    ----------
    theirs : Pipeline
        Fitted.
    ours : UnlearnablePipeline
        Unfitted.
    X, y, sample_weight : as for ``from_sklearn``
        Transformers are weighted if that and nothing else makes them the same.
    drawn : list of str
        Steps that have drawn at random what they gave; those inside are appended.
    """
    few = taken(X, np.arange(min(RawRows.of(X).shape[0], 10)))
    Z = ours.fit_transform(X, y)
    different = list(own(ours, "_find_differences")(theirs, "", few))
    if different and sample_weight is not None:
        weighted = clone(ours)
        if np.all(sample_weight):
            outputs = weighted.fit_transform(X, y, sample_weight)
        else:
            outputs = weighted.fit(X, y, sample_weight).transform(X)
        if not any(own(weighted, "_find_differences")(theirs, "", few)):
            ours, Z, different = weighted, outputs, []
    _settled(ours, drawn)
    if drawn and different:
        raise unknown_draw(drawn, different[0][0])
    for name, what in different:
        warn(
            f"X gives step {name!r} another {what} than it has. It has been fitted to "
            "X. Is that what it was trained on?",
            DataMismatchWarning,
        )
    return ours, Z


def unknown_draw(drawn, name):
    """What is said of a step that learned from what another drew at random."""
    return UnlearningError(
        f"What step {drawn[0]!r} made of its training rows was drawn at random, and "
        f"step {name!r} learned from that: what cannot be known. Fit again with a seed."
    )
