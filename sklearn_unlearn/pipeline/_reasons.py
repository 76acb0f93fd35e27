"""Reasons why an estimator is trained again or refused: what has no counterpart."""

from __future__ import annotations

from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._meta_estimators import why_not
from sklearn_unlearn.pipeline._steps import knows_targets
from sklearn_unlearn.row_models import FinalRowModel
from sklearn_unlearn.transformers import is_nothing, is_stateless
from sklearn_unlearn.utils.discovery import counterpart, made_of_unlearners
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.optional import OPTIONAL
from sklearn_unlearn.utils.steps import own
from sklearn_unlearn.utils.tags import unlearning_tags

#: What learned nothing beside the one model in it.
AROUND = (FixedThresholdClassifier, TransformedTargetRegressor)


def is_stateless_transformer(step):
    """Whether a step transforms and has nothing to learn."""
    return hasattr(step, "transform") and is_stateless(step)


def exact_class(estimator):
    """The counterpart that answers requests exactly, None if there is none."""
    cls = counterpart(estimator)
    promised = None if cls is None else unlearning_tags(cls())
    return None if promised is None or promised.partial_unfit == "empirical" else cls


def why_not_alone(model, *, fitted):
    """Why the counterpart of a model cannot stand for it; None if it can."""
    if is_nothing(model):
        return "the last step hands rows on as they are"
    cls, name = counterpart(model), type(model).__name__
    if not hasattr(cls, "predict"):
        near = f"Unlearnable{name}"
        extra = OPTIONAL[near][1] if near in OPTIONAL else None
        measured = f", but {near} (extra {extra}), not exactly" if extra else ""
        bundle = made_of_unlearners(model)
        if own(bundle, "_adopt_models") is not None:
            return f"{bundle.__name__} follows no steps: put them into its models"
        if bundle is not None:
            near = bundle.__name__
            measured = f" that takes it over; {near} can be made of unlearners"
        return f"{name} has no counterpart{measured}"
    if exact_class(model) is None:
        return f"{cls.__name__} unlearns as far as it measures, not exactly"
    if fitted and not hasattr(cls, "from_sklearn"):
        return (
            f"{cls.__name__} has to be fitted itself: pass clone(estimator), which is "
            "not fitted"
        )
    return None


def why_not_behind(last, front, *, fitted):
    """Why a last step has no counterpart that follows the steps before it.

    Parameters
    ----------
    last : estimator
    front : list of tuple
    fitted : bool
        Whether the counterpart has to be able to take it over.

    Returns
    -------
    str or None
        None if it has one.
    """
    while isinstance(last, Pipeline):
        *more, (_, last) = last.steps
        front = [*front, *more]
    for name, step in samplers(front):
        return f"step {name!r}, {kind_of(step)}, makes other rows of the rows"
    if isinstance(last, AROUND):
        name = "regressor" if hasattr(last, "regressor") else "estimator"
        if name == "regressor":
            for each, step in front:
                if is_nothing(step) or is_stateless(step):
                    continue
                if knows_targets(step) or not transforms_alone(step):
                    return (
                        f"step {each!r}, {kind_of(step)}, is given targets that the "
                        "last step changes for its model"
                    )
        return why_not_behind(getattr(last, name), front, fitted=fitted)
    why = why_not_alone(last, fitted=fitted)
    if why is not None:
        return why
    still = all(is_nothing(step) or is_stateless(step) for _, step in front)
    cls = exact_class(last)
    if still or issubclass(cls, FinalRowModel):
        return None
    return f"{cls.__name__} does not follow steps that change with the rows"


def why_not_taken_over(estimator):
    """Why a fitted estimator has to be trained again, None if it has not."""
    *front, last = [("", estimator)]
    if isinstance(estimator, Pipeline):
        *front, last = estimator.steps
    return why_not_behind(last[1], front, fitted=True)


def samplers(steps):
    """Those of the steps, and of pipelines in them, that make other rows."""
    for name, step in steps:
        if isinstance(step, Pipeline):
            yield from samplers(step.steps)
        elif hasattr(step, "fit_resample"):
            yield name, step


def transforms_alone(step):
    """Whether a transformer needs no rows to unlearn, whatever it consists of."""
    if is_nothing(step) or isinstance(step, str):
        return True
    if isinstance(step, Pipeline):
        learned = [one for _, one in step.steps if not is_nothing(one)]
        learned = [one for one in learned if not is_stateless_transformer(one)]
        return len(learned) <= 1 and all(map(transforms_alone, learned))
    if isinstance(step, FeatureUnion):
        return all(transforms_alone(one) for _, one in step.transformer_list)
    if isinstance(step, ColumnTransformer):
        named = [one for _, one, _ in step.transformers]
        return all(map(transforms_alone, [step.remainder, *named]))
    if hasattr(step, "fit_resample") or not hasattr(step, "transform"):
        return False
    return is_stateless(step) or hasattr(exact_class(step), "transform")


def check_unlearns(name, step):
    """Refuse a last step without the verbs, and say what to do."""
    if isinstance(step, FrozenEstimator) or not hasattr(step, "partial_unfit"):
        raise UnlearningError(
            f"Step {name!r} cannot unlearn. {why_not(step, 'partial_unfit')} "
            "The last step has to be an estimator of sklearn_unlearn, or a search for "
            "one."
        )
