"""One estimator of what a caller gave: an estimator, a list of steps, a search."""

from __future__ import annotations

from os import PathLike
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils import get_tags

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._reasons import samplers
from sklearn_unlearn.transformers import is_nothing
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.optional import import_optional


def one_estimator(estimator):
    """One estimator of what was given, or what a search has found.

    Raises
    ------
    TypeError, UnlearningError
    """
    if isinstance(estimator, list | tuple):
        return _in_a_row([_part(each) for each in estimator])
    if isinstance(estimator, str | PathLike):
        raise TypeError(
            f"estimator must be a scikit-learn estimator; got {estimator!r}. Load it "
            "first, with joblib.load for one."
        )
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
    for name, step in samplers(steps):
        needed = f"Step {name!r}, {kind_of(step)}, in a list of estimators"
        cls = import_optional("imblearn.pipeline", needed, "imblearn").Pipeline
    return cls(steps)
