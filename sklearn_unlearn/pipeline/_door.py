"""Which way an estimator unlearns: by counterparts of its parts, or trained again."""

from __future__ import annotations

from typing import Any, Protocol

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._like import fitted_like, transformer_like
from sklearn_unlearn.pipeline._reasons import (
    AROUND,
    exact_class,
    transforms_alone,
    why_not_alone,
    why_not_behind,
    why_not_taken_over,
)
from sklearn_unlearn.retraining import (
    RetrainedClassifier,
    RetrainedModel,
    RetrainedRegressor,
    RetrainedTransformer,
    reason_of,
    with_reason,
)
from sklearn_unlearn.transformers import check_can_be_refitted, is_stateless
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import like_unfitted
from sklearn_unlearn.utils.messages import kind_of


class PipelineClass(Protocol):
    """`UnlearnablePipeline`, which is made of what is here."""

    #: Takes a fitted estimator over by counterparts of all models, or refuses it.
    _by_counterparts: Any

    def __call__(self, steps: Any, *, on_stateful: str = ...) -> Any:
        """A pipeline of these steps."""


def first_sentence(error):
    """What an error says first, as a reason."""
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
        because = why_not_behind(last, front, fitted=False)
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
                return _converted_again(estimator, first_sentence(error))
            if isinstance(model, RetrainedModel):
                return _converted_again(estimator, reason_of(model))
            return nested([*like, (name, model)]).set_params(verbose=estimator.verbose)
    if isinstance(estimator, TransformedTargetRegressor) and because is None:
        try:
            model = _around_converted(pipeline, estimator, retain_data, on_stateful)
        except UnlearningError as error:
            return _converted_again(estimator, first_sentence(error))
        return nested([(type(estimator).__name__.lower(), model)])
    cls = exact_class(estimator)
    if hasattr(cls, "predict"):
        try:
            model = like_unfitted(cls, estimator, params)
        except (TypeError, ValueError) as error:  # of parameters that it cannot have
            return _converted_again(estimator, first_sentence(error))
        return configured_like(model, estimator)
    if transforms_alone(estimator):
        return transformer_like(estimator, "", on_stateful, nested, False)
    because = because or why_not_alone(estimator, fitted=False)
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
    pipeline,
    estimator,
    X,
    y,
    given,
    *,
    retain_data,
    on_stateful,
    check=True,
    because=None,
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
    because : str, optional
        Why it has to be trained again, if that is known.
    """
    because = because or why_not_taken_over(estimator)
    if because is None:
        try:
            return _adopted(pipeline, estimator, X, y, given, retain_data, on_stateful)
        except NotFittedError:
            raise
        except (UnlearningError, TypeError) as error:
            # of other parameters, or data: these are refused below as well
            if on_stateful != "refit":
                raise
            because = first_sentence(error)
    elif not given and transforms_alone(estimator):
        return _fitted_like(pipeline, estimator, on_stateful, X, y)
    return _taken_over_again(estimator, X, y, given, check, because)


def _adopted(pipeline: PipelineClass, estimator, X, y, given, retain_data, on_stateful):
    """A fitted estimator of parts that have counterparts, taken over by these."""
    inner = estimator
    while isinstance(inner, (Pipeline, *AROUND)):
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        else:
            inner = inner.regressor if hasattr(inner, "regressor") else inner.estimator
    cls: Any = exact_class(inner)
    params = {}
    if "retain_data" in cls().get_params(deep=False):
        params["retain_data"] = retain_data
    if not isinstance(estimator, (Pipeline, *AROUND)):
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
