"""The steps of pipelines: as one list, as a fold, and what is asked of all of them."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import NamedTuple

from sklearn.base import is_classifier, is_regressor
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._meta_estimators import opened
from sklearn_unlearn.transformers import (
    check_whole_rows,
    cross_fitted_in,
    follow,
    foreign,
    is_nothing,
    learns_targets,
    names_outputs,
)
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.steps import own


class Marks(NamedTuple):
    """What is known of the fit of some steps.

    Attributes
    ----------
    weighted : frozenset of str
        Steps that were fitted with weights.
    cross_fitted : frozenset of str
        Steps that made something else of the rows than they make of them now.
    """

    weighted: frozenset
    cross_fitted: frozenset


def flatten(steps, marks):
    """Steps up to the model that a request has to change, whatever it is in.

    Parameters
    ----------
    steps : list of tuple
        Fitted. The last may be a pipeline, or a `Wrapper` of one model.
    marks : Marks

    Returns
    -------
    steps : list of tuple
    marks : Marks
    targets : list of callable
        What was made of targets for the last step, one after the other.
    """
    *front, (name, last) = steps
    flat, wrapper = own(last, "_flat"), opened(last)
    if flat is not None:
        inner, more, targets = flat()
        inner = [(f"{name}__{each}", step) for each, step in inner]
        more = [{f"{name}__{each}" for each in marked} for marked in more]
        marks = Marks(*(one | two for one, two in zip(marks, more, strict=True)))
        return [*front, *inner], marks, targets
    if wrapper is None or len(wrapper.models) > 1:
        return steps, marks, []
    inner, more, targets = flatten([(name, wrapper.models[0])], marks)
    made = [] if wrapper.targets is None else [wrapper.targets]
    return [*front, *inner], more, made + targets


def regroup_steps(steps, flat):
    """Steps as they were grouped before, made of flat ones."""
    *front, (name, last) = steps
    ahead, inner = flat[: len(front)], flat[len(front) :]
    regroup, wrapper = own(last, "_regroup"), opened(last)
    if regroup is not None:
        after = regroup(
            [(each.removeprefix(f"{name}__"), step) for each, step in inner]
        )
    elif wrapper is None or len(wrapper.models) > 1:
        ((_, after),) = inner
    else:
        ((_, model),) = regroup_steps([(name, wrapper.models[0])], inner)
        after = wrapper.around([model])
    return [*ahead, (name, after)]


def follow_all(steps, change, marks, prefix=""):
    """Steps after a request, and the change of the last one's outputs."""
    edited = []
    for name, step in steps:
        seen = change if name in marks.weighted else change.unweighted()
        cross_fitted = name in marks.cross_fitted
        after, seen = follow(prefix + name, step, seen, cross_fitted)
        edited.append((name, after))
        change = replace(
            seen,
            weight_out=change.weight_out,
            weight_in=change.weight_in,
            weight_rest=change.weight_rest,
        )
    return edited, change


def needs_targets(step):
    """Whether a step may need targets to follow a request, or to be fitted again."""
    return learns_targets(step) or bool(foreign("step", step))


def before_targets(steps):
    """Steps that got other targets than the last one, which are made of theirs."""
    *front, (_, last) = steps
    front = [step for _, step in front if not is_nothing(step)]
    if isinstance(last, Pipeline):
        return front + before_targets(last.steps)
    wrapper = opened(last)
    if wrapper is None or len(wrapper.models) > 1:
        return []
    if wrapper.targets is not None:
        return front
    return front + before_targets([("", wrapper.models[0])])


def unknown_targets():
    """Refuse to make up what a step before a change of targets learned from."""
    raise UnlearningError(
        "A step that learns from targets stands before a model whose targets are "
        "changed for it, and those that the step was given are not kept: name the rows "
        "by X and y, in one request at a time; if the step has to be fitted again, put "
        "both into the model's own pipeline."
    )


def check_whole(steps, weighted, because):
    """Refuse a request about parts of rows where steps know them as a whole."""
    for name, step in steps:
        check_whole_rows(name, step, name in weighted, because)


def cross_fitted(steps, marks):
    """Names of steps that made something else of the rows at fit than they make now."""
    return marks.cross_fitted.union(*(cross_fitted_in(*named) for named in steps))


def check_as_at_fit(steps, marks, X):
    """Refuse rows of which steps make something else than what they gave at fit.

    Parameters
    ----------
    steps : list of tuple
        Those before the last.
    marks : Marks
    X : rows of any kind or None
        None for those that are retained.
    """
    for name in sorted(cross_fitted(steps, marks)) if X is not None else ():
        raise UnlearningError(
            f"Step {name!r} made something else of the rows at fit than it makes of X "
            "now, which the last step does not know: leave X and y out, of a model "
            "fitted with retain_data=True, or fit again."
        )


def knows_targets(step):
    """Whether a transformer may have learned from targets.

    Tags tell it of some. Selectors of columns do but for one; so do models that
    transform, what cannot be fitted without targets, and what consists of such.
    """
    if get_tags(step).target_tags.required or is_classifier(step) or is_regressor(step):
        return True
    if isinstance(step, SelectorMixin):
        return not isinstance(step, VarianceThreshold)
    y = signature(step.fit).parameters.get("y")
    if y is not None and y.default is y.empty and y.kind is not y.VAR_KEYWORD:
        return True
    inside = step.get_params().values() if hasattr(step, "get_params") else ()
    parts = (one for one in inside if hasattr(one, "transform"))
    return any(map(knows_targets, parts))


def learn_targets(steps):
    """Whether some steps that unlearn learned from targets."""
    return any(learns_targets(step) for _, step in steps)


def foreign_in(steps):
    """Transformers in some steps that cannot unlearn, by their names."""
    return {name: one for step in steps for name, one in foreign(*step).items()}.items()


def outputs(steps, X):
    """What fitted steps make of rows, None of none."""
    if X is None:
        return None
    X = protected(X)
    for _, step in steps:
        if not is_nothing(step):
            X = step.transform(X)
    return X


def names_out(steps):
    """Names of the outputs of fitted steps, None if one gives none."""
    names = None
    for _, step in steps:
        if is_nothing(step):
            continue
        if not names_outputs(step):
            return None
        names = step.get_feature_names_out(names)
    return names
