"""Which way an estimator unlearns: by counterparts of its parts, or trained again."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils import get_tags

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._like import fitted_like, transformer_like
from sklearn_unlearn.pipeline._steps import knows_targets
from sklearn_unlearn.retraining import (
    RetrainedClassifier,
    RetrainedModel,
    RetrainedRegressor,
    RetrainedTransformer,
    reason_of,
    with_reason,
)
from sklearn_unlearn.row_models import FinalRowModel
from sklearn_unlearn.transformers import (
    check_can_be_refitted,
    is_nothing,
    is_stateless,
)
from sklearn_unlearn.utils.discovery import counterpart, made_of_unlearners
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import like_unfitted
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.optional import OPTIONAL, import_optional
from sklearn_unlearn.utils.tags import unlearning_tags

#: What learned nothing beside the one model in it.
_AROUND = (FixedThresholdClassifier, TransformedTargetRegressor)


def is_stateless_transformer(step):
    """Whether a step transforms and has nothing to learn."""
    return hasattr(step, "transform") and is_stateless(step)


def one_estimator(estimator):
    """One estimator of what was given, or what a search has found.

    Raises
    ------
    TypeError, UnlearningError
    """
    if isinstance(estimator, list | tuple):
        return _in_a_row([_part(each) for each in estimator])
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be a scikit-learn estimator, with fit; got {estimator!r}."
        )
    _part(estimator)
    if isinstance(estimator, FrozenEstimator):
        raise UnlearningError(
            "A FrozenEstimator stays as it is: pass the estimator that it holds."
        )
    if hasattr(estimator, "partial_unfit"):
        return estimator  # a search among them, whose requests make the choice anew
    if hasattr(estimator, "best_estimator_"):
        return one_estimator(estimator.best_estimator_)
    if hasattr(estimator, "best_params_"):
        raise UnlearningError(
            f"This {type(estimator).__name__} was run with refit=False and has no "
            "model: pass the estimator with the parameters that it chose."
        )
    return estimator


def _part(named):
    """An estimator, or a name and one, or what a pipeline has in place of one.

    Raises
    ------
    TypeError
        If it has not all of scikit-learn's interface.
    """
    if isinstance(named, tuple) and len(named) != 2:
        raise TypeError(
            "A list of estimators holds estimators, or pairs of a name and one; got a "
            f"tuple of {len(named)}."
        )
    estimator = named[1] if isinstance(named, tuple) else named
    if is_nothing(estimator):
        return named
    kind = kind_of(estimator, first=True)
    if not hasattr(estimator, "get_params"):
        raise TypeError(
            f"{kind} has no get_params, by which it could be cloned and fitted again: "
            "derive it from sklearn.base.BaseEstimator."
        )
    for part in (estimator, *_params_of(estimator).values()):
        inside = getattr(part, "steps", getattr(part, "transformer_list", None))
        if isinstance(part, Pipeline | FeatureUnion) and not inside:
            raise UnlearningError(
                f"{kind_of(part, first=True)} is empty: there is nothing to fit."
            )
    try:
        get_tags(estimator)
    except AttributeError as error:
        if hasattr(estimator, "__sklearn_tags__"):
            raise
        raise TypeError(
            f"{kind} has no __sklearn_tags__, by which classifiers are told from "
            "regressors: derive it from sklearn.base.BaseEstimator, and "
            "ClassifierMixin or RegressorMixin before that."
        ) from error
    return named


def _params_of(estimator):
    """The parameters of an estimator and of all inside.

    Raises
    ------
    UnlearningError
        If one cannot tell them.
    """
    try:
        return estimator.get_params()
    except AttributeError as error:
        raise UnlearningError(
            f"{kind_of(estimator, first=True)} cannot be cloned and fitted again: "
            f"{error}. The constructor has to set an attribute of the name of each "
            "parameter."
        ) from error


def _in_a_row(estimators):
    """A pipeline of estimators, or of names and estimators, which are not copied."""
    if not estimators:
        raise UnlearningError("estimator is an empty list.")
    named = all(isinstance(each, tuple) for each in estimators)
    steps = list(estimators) if named else make_pipeline(*estimators).steps
    cls: Any = Pipeline
    for name, step in _samplers(steps):
        needed = f"Step {name!r}, {kind_of(step)}, in a list of estimators"
        cls = import_optional("imblearn.pipeline", needed, "imblearn").Pipeline
    return cls(steps)


# Reasons ----------------------------------------------------------------------------


def _exact_class(estimator):
    """The counterpart that answers requests exactly, None if there is none."""
    cls = counterpart(estimator)
    promised = None if cls is None else unlearning_tags(cls())
    return None if promised is None or promised.partial_unfit == "empirical" else cls


def _why_not_alone(model, *, fitted):
    """Why the counterpart of a model cannot stand for it; None if it can."""
    if is_nothing(model):
        return "the last step hands rows on as they are"
    cls, name = counterpart(model), type(model).__name__
    if not hasattr(cls, "predict"):
        near = f"Unlearnable{name}"
        extra = OPTIONAL[near][1] if near in OPTIONAL else None
        measured = f", but {near} (extra {extra}), not exactly" if extra else ""
        if bundle := made_of_unlearners(model):
            measured = f" that takes it over; {bundle} can be made of unlearners"
        return f"{name} has no counterpart{measured}"
    if _exact_class(model) is None:
        return f"{cls.__name__} unlearns as far as it measures, not exactly"
    if fitted and not hasattr(cls, "from_sklearn"):
        return (
            f"{cls.__name__} has to be fitted itself: pass clone(estimator), which is "
            "not fitted"
        )
    return None


def _why_not_behind(last, front, *, fitted):
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
    for name, step in _samplers(front):
        return f"step {name!r}, {kind_of(step)}, makes other rows of the rows"
    if isinstance(last, _AROUND):
        name = "regressor" if hasattr(last, "regressor") else "estimator"
        if name == "regressor":
            for each, step in front:
                if is_nothing(step) or is_stateless(step):
                    continue
                if knows_targets(step) or not _transforms_alone(step):
                    return (
                        f"step {each!r}, {kind_of(step)}, is given targets that the "
                        "last step changes for its model"
                    )
        return _why_not_behind(getattr(last, name), front, fitted=fitted)
    why = _why_not_alone(last, fitted=fitted)
    if why is not None:
        return why
    still = all(is_nothing(step) or is_stateless(step) for _, step in front)
    cls = _exact_class(last)
    if still or issubclass(cls, FinalRowModel):
        return None
    return f"{cls.__name__} does not follow steps that change with the rows"


def _samplers(steps):
    """Those of the steps, and of pipelines in them, that make other rows."""
    for name, step in steps:
        if isinstance(step, Pipeline):
            yield from _samplers(step.steps)
        elif hasattr(step, "fit_resample"):
            yield name, step


def _transforms_alone(step):
    """Whether a transformer needs no rows to unlearn, whatever it consists of."""
    if is_nothing(step) or isinstance(step, str):
        return True
    if isinstance(step, Pipeline):
        learned = [one for _, one in step.steps if not is_nothing(one)]
        learned = [one for one in learned if not is_stateless_transformer(one)]
        return len(learned) <= 1 and all(map(_transforms_alone, learned))
    if isinstance(step, FeatureUnion):
        return all(_transforms_alone(one) for _, one in step.transformer_list)
    if isinstance(step, ColumnTransformer):
        named = [one for _, one, _ in step.transformers]
        return all(map(_transforms_alone, [step.remainder, *named]))
    if hasattr(step, "fit_resample") or not hasattr(step, "transform"):
        return False
    return is_stateless(step) or hasattr(_exact_class(step), "transform")


def _first_sentence(error):
    return str(error).partition(". ")[0].rstrip(".")


# Trained again ----------------------------------------------------------------------


def _again(estimator):
    """The class that trains an estimator again."""
    if is_classifier(estimator):
        return RetrainedClassifier
    return RetrainedRegressor if is_regressor(estimator) else RetrainedTransformer


def _converted_again(estimator, because):
    """An unfitted model that is trained again at each request."""
    check_can_be_refitted(type(estimator).__name__.lower(), estimator)
    model: Any = _again(estimator)(clone(estimator))
    return with_reason(model, because)


def _taken_over_again(estimator, X, y, given, check, because):
    """A fitted one, taken over."""
    check_can_be_refitted(type(estimator).__name__.lower(), estimator)
    model = _again(estimator).from_sklearn(estimator, X, y, **given, check=check)
    return with_reason(model, because)


# The ways ---------------------------------------------------------------------------


def converted(pipeline, estimator, retain_data, on_stateful):
    """An unfitted unlearner of an unfitted estimator.

    Parameters
    ----------
    pipeline : type
        `UnlearnablePipeline`.
    estimator, retain_data, on_stateful
        As for `unlearnable`.
    """

    def nested(steps):
        return pipeline(steps, on_stateful=on_stateful)

    params = {"retain_data": retain_data}
    because = None
    if isinstance(estimator, Pipeline):
        *front, (name, last) = estimator.steps
        because = _why_not_behind(last, front, fitted=False)
        if because is None:
            try:
                like = [
                    (each, transformer_like(step, each, on_stateful, nested, False))
                    for each, step in front
                ]
                make = converted
                if isinstance(last, TransformedTargetRegressor):
                    make = _around_converted
                model = make(pipeline, last, retain_data, on_stateful)
            except (UnlearningError, TypeError, ValueError) as error:
                return _converted_again(estimator, _first_sentence(error))
            if isinstance(model, RetrainedModel):
                return _converted_again(estimator, reason_of(model))
            return nested([*like, (name, model)]).set_params(verbose=estimator.verbose)
    if isinstance(estimator, TransformedTargetRegressor) and because is None:
        try:
            model = _around_converted(pipeline, estimator, retain_data, on_stateful)
        except UnlearningError as error:
            return _converted_again(estimator, _first_sentence(error))
        return nested([(type(estimator).__name__.lower(), model)])
    cls = _exact_class(estimator)
    if hasattr(cls, "predict"):
        try:
            model = like_unfitted(cls, estimator, params)
        except (TypeError, ValueError) as error:  # of parameters that it cannot have
            return _converted_again(estimator, _first_sentence(error))
        return configured_like(model, estimator)
    if _transforms_alone(estimator):
        return transformer_like(estimator, "", on_stateful, nested, False)
    because = because or _why_not_alone(estimator, fitted=False)
    return _converted_again(estimator, because)


def _around_converted(pipeline, estimator, retain_data, on_stateful):
    """The same of a regressor whose targets are changed by functions.

    Raises
    ------
    UnlearningError
        If what it holds has to be trained again.
    """
    if estimator.transformer is not None and not is_stateless(estimator.transformer):
        raise UnlearningError(
            f"{kind_of(estimator.transformer, first=True)} would learn from targets."
        )
    if estimator.regressor is None:
        raise UnlearningError(f"{type(estimator).__name__} has no regressor.")
    model = converted(pipeline, estimator.regressor, retain_data, on_stateful)
    if isinstance(model, RetrainedModel):
        raise UnlearningError(reason_of(model) or "The regressor is trained again.")
    return clone(estimator).set_params(regressor=model)


def taken_over(
    pipeline, estimator, X, y, given, *, retain_data, on_stateful, check=True
):
    """A fitted estimator taken over with its data.

    Parameters
    ----------
    pipeline : type
        `UnlearnablePipeline`.
    estimator : estimator
    X, y
        What it was fitted to.
    given : dict
        ``sample_weight`` and ``row_ids``, those that there are.
    retain_data, on_stateful, check
        As for `unlearnable`.
    """
    *front, last = [("", estimator)]
    if isinstance(estimator, Pipeline):
        *front, last = estimator.steps
    because = _why_not_behind(last[1], front, fitted=True)
    if because is None:
        try:
            return _adopted(pipeline, estimator, X, y, given, retain_data, on_stateful)
        except NotFittedError:
            raise
        except (UnlearningError, TypeError) as error:
            # of other parameters, or data: these are refused below as well
            if on_stateful != "refit":
                raise
            because = _first_sentence(error)
    elif not given and _transforms_alone(estimator):
        return _fitted_like(pipeline, estimator, on_stateful, X, y)
    return _taken_over_again(estimator, X, y, given, check, because)


def _adopted(pipeline, estimator, X, y, given, retain_data, on_stateful):
    """A fitted estimator of parts that have counterparts, taken over by these."""
    inner = estimator
    while isinstance(inner, (Pipeline, *_AROUND)):
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        else:
            inner = inner.regressor if hasattr(inner, "regressor") else inner.estimator
    cls: Any = _exact_class(inner)
    params = {}
    if "retain_data" in cls().get_params(deep=False):
        params["retain_data"] = retain_data
    if not isinstance(estimator, (Pipeline, *_AROUND)):
        return cls.from_sklearn(estimator, X, y, **given, **params)
    if not isinstance(estimator, Pipeline):
        # by itself it has no verbs
        estimator = make_pipeline(estimator)
    return pipeline._by_counterparts(
        estimator, X, y, **given, on_stateful=on_stateful, **params
    )


def _fitted_like(pipeline, theirs, on_stateful, X, y):
    """A transformer of counterparts, fitted, and said to be another if it is."""
    name = type(theirs).__name__.lower()
    ours = transformer_like(theirs, name, on_stateful, pipeline, False)
    both = Pipeline([(name, theirs)]), pipeline([(name, ours)])
    fitted, _ = fitted_like(*both, X, y, None, [])
    return fitted.steps[0][1]
