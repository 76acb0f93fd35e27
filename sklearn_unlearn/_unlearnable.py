"""`unlearnable`: the unlearner of any estimator, of scikit-learn or another library."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline import UnlearnablePipeline
from sklearn_unlearn.pipeline._from_sklearn import fitted_like, transformer_like
from sklearn_unlearn.retraining import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
)
from sklearn_unlearn.retraining._retrained import RetrainedModel
from sklearn_unlearn.row_models import FinalRowModel
from sklearn_unlearn.transformers import (
    check_can_be_refitted,
    check_on_stateful,
    is_nothing,
    is_stateless,
)
from sklearn_unlearn.utils.discovery import counterpart
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import like_unfitted
from sklearn_unlearn.utils.messages import kind_of, refusing
from sklearn_unlearn.utils.tags import unlearning_tags

#: What learned nothing beside the one model in it.
_AROUND = (FixedThresholdClassifier, TransformedTargetRegressor)


@refusing()
def unlearnable(
    estimator,
    X=None,
    y=None,
    *,
    sample_weight=None,
    row_ids=None,
    retain_data=True,
    on_stateful="refit",
    check=True,
):
    """The unlearner of any estimator: exact, by the least costly way that there is.

    Steps that have a counterpart in this package become that; transformers that have
    none are fitted again by each request; models that have none are trained again,
    with the steps before them. ``explain()`` of what is returned says which is which.

    Parameters
    ----------
    estimator : estimator, or list of estimators or of (name, estimator)
        Of scikit-learn or any library with its interface: a model, a transformer, a
        pipeline, a column transformer, a search, of which the best estimator is taken.
        It is not changed. A list is what belongs together, in the order in which rows
        go through it, as a preprocessor and a model that were saved as two files.
    X : array-like, DataFrame, sparse matrix or list of str, optional
        Of a fitted estimator, the raw data that it was fitted on, and it is taken over
        with them. One that is not fitted is fitted to them or, without any, returned
        unfitted.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
    sample_weight : array-like of shape (n_samples,) or float, optional
        As the estimator was fitted with: each step whose ``fit`` takes some.
    row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
        Names of the rows, by which requests can name them; several may have the same.
    retain_data : bool, default=True
        Whether models with a closed form keep the data by reference, so that requests
        are exact. If False those that can do without keep no row.
    on_stateful : {"refit", "raise", "freeze"}, default="refit"
        What is done about transformers without a counterpart, as for
        `UnlearnablePipeline`.
    check : bool, default=True
        Whether what is taken over to be trained again is fitted once more, to say where
        X and y do not give what it is.

    Returns
    -------
    estimator
        With the verbs ``partial_unfit``, ``replace_features``, ``replace_labels``,
        ``forget_features``, ``partial_fit`` where they make sense, and ``explain``.

    Raises
    ------
    TypeError
        If it is no estimator.
    UnlearningError
        If it is frozen, cannot be cloned, or is fitted and X is missing or other data.

    Warns
    -----
    DataMismatchWarning
        Where X and y give another estimator than the fitted one, by how much; also
        where one without a seed draws at random.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_unlearn import unlearnable
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> deployed = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> model = unlearnable(deployed, X, y)
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> [each.how for each in model.explain()]
    ['exact, from sums', 'exact, refined']
    """
    check_on_stateful(on_stateful)
    estimator = _opened(estimator)
    if _is_ours(estimator):
        return _fitted_if_asked(estimator, X, y, sample_weight, row_ids)
    if not _is_fitted(estimator):
        converted = _converted(estimator, retain_data, on_stateful)
        return _fitted_if_asked(converted, X, y, sample_weight, row_ids)
    if X is None:
        raise UnlearningError(
            f"{kind_of(estimator, first=True)} that is fitted is taken over with the "
            "data that it was fitted on: pass X, and y. To have it fitted anew, pass "
            "clone(estimator)."
        )
    return _taken_over(
        estimator, X, y, sample_weight, row_ids, retain_data, on_stateful, check
    )


def _opened(estimator):
    """One estimator of what was given, or what a search has found.

    Raises
    ------
    TypeError, UnlearningError
    """
    if isinstance(estimator, list | tuple):
        if not estimator:
            raise UnlearningError("estimator is an empty list.")
        if all(isinstance(each, tuple) for each in estimator):
            return Pipeline(list(estimator))
        return make_pipeline(*estimator)
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be a scikit-learn estimator, with fit; got {estimator!r}."
        )
    if isinstance(estimator, FrozenEstimator):
        raise UnlearningError(
            "A FrozenEstimator stays as it is: pass the estimator that it holds."
        )
    if hasattr(estimator, "partial_unfit"):
        return estimator  # a search among them, whose requests make the choice anew
    if hasattr(estimator, "best_estimator_"):
        return _opened(estimator.best_estimator_)
    if hasattr(estimator, "best_params_"):
        raise UnlearningError(
            f"This {type(estimator).__name__} was run with refit=False and has no "
            "model: pass the estimator with the parameters that it chose."
        )
    return estimator


def _is_ours(estimator):
    return hasattr(estimator, "partial_unfit") and hasattr(estimator, "explain")


def _is_fitted(estimator):
    """Whether an estimator is fitted; one that has nothing to learn is not."""
    if isinstance(estimator, Pipeline):
        known = [step for _, step in estimator.steps if hasattr(step, "fit")]
        learned = [step for step in known if not is_stateless_transformer(step)]
        return bool(learned) and all(map(_is_fitted, learned))
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    return True


def is_stateless_transformer(step):
    """Whether a step transforms and has nothing to learn."""
    return hasattr(step, "transform") and is_stateless(step)


def _fitted_if_asked(estimator, X, y, sample_weight, row_ids):
    """The unlearner, fitted to data if there are some."""
    if X is None or _is_fitted(estimator):
        return estimator
    given = {"sample_weight": sample_weight, "row_ids": row_ids}
    given = {name: value for name, value in given.items() if value is not None}
    return estimator.fit(X, y, **given)


# Which way --------------------------------------------------------------------------


def _exact_class(estimator):
    """The counterpart that answers requests exactly, None if there is none."""
    cls = counterpart(estimator)
    promised = None if cls is None else unlearning_tags(cls())
    return None if promised is None or promised.partial_unfit == "empirical" else cls


def _unlearns_behind(last, front, *, fitted):
    """Whether a last step has a counterpart that follows the steps before it.

    Where it is ``fitted``, the counterpart has to be able to take it over.
    """
    while isinstance(last, Pipeline):
        *more, (_, last) = last.steps
        front = [*front, *more]
    if isinstance(last, _AROUND):
        name = "regressor" if hasattr(last, "regressor") else "estimator"
        return _unlearns_behind(getattr(last, name), front, fitted=fitted)
    cls = _exact_class(last)
    if not hasattr(cls, "predict"):
        return False
    if fitted and not hasattr(cls, "from_sklearn"):
        return False
    still = all(is_nothing(step) or is_stateless(step) for _, step in front)
    return still or issubclass(cls, FinalRowModel)


def _transforms_alone(step):
    """Whether a transformer needs no rows to unlearn, whatever it consists of."""
    if is_nothing(step) or isinstance(step, str):
        return True
    if isinstance(step, Pipeline):
        learned = [one for _, one in step.steps if not is_nothing(one)]
        learned = [one for one in learned if not is_stateless_transformer(one)]
        return len(learned) <= 1 and all(map(_transforms_alone, learned))
    if isinstance(step, ColumnTransformer):
        named = [one for _, one, _ in step.transformers]
        return all(map(_transforms_alone, [step.remainder, *named]))
    if hasattr(step, "fit_resample") or not hasattr(step, "transform"):
        return False
    return is_stateless(step) or hasattr(_exact_class(step), "transform")


def _samples(estimator):
    """Whether a step makes other rows of the training rows."""
    steps = estimator.steps if isinstance(estimator, Pipeline) else []
    return any(hasattr(step, "fit_resample") or _samples(step) for _, step in steps)


def _retrained(estimator):
    """The class that trains an estimator again."""
    if is_classifier(estimator):
        return RetrainedClassifier
    return RetrainedRegressor if is_regressor(estimator) else RetrainedTransformer


def _converted(estimator, retain_data, on_stateful):
    """An unfitted unlearner of an unfitted estimator."""

    def nested(steps):
        return UnlearnablePipeline(steps, on_stateful=on_stateful)

    params = {"retain_data": retain_data}
    again: Any = _retrained(estimator)
    if isinstance(estimator, Pipeline):
        *front, (name, last) = estimator.steps
        if not _samples(estimator) and _unlearns_behind(last, front, fitted=False):
            try:
                like = [
                    (each, transformer_like(step, each, on_stateful, nested, False))
                    for each, step in front
                ]
                model = _converted(last, retain_data, on_stateful)
            except (UnlearningError, TypeError, ValueError):
                return again(clone(estimator))
            if isinstance(model, RetrainedModel):
                return again(clone(estimator))
            return nested([*like, (name, model)]).set_params(verbose=estimator.verbose)
    cls = _exact_class(estimator)
    if hasattr(cls, "predict"):
        try:
            model = like_unfitted(cls, estimator, params)
        except (TypeError, ValueError):  # of other parameters than it can have
            return again(clone(estimator))
        return configured_like(model, estimator)
    if _transforms_alone(estimator):
        return transformer_like(estimator, "", on_stateful, nested, False)
    check_can_be_refitted(type(estimator).__name__.lower(), estimator)
    return again(clone(estimator))


def _taken_over(
    estimator, X, y, sample_weight, row_ids, retain_data, on_stateful, check
):
    """A fitted estimator taken over with its data."""
    given = {"sample_weight": sample_weight, "row_ids": row_ids}
    given = {name: value for name, value in given.items() if value is not None}
    *front, last = [("", estimator)]
    if isinstance(estimator, Pipeline):
        *front, last = estimator.steps
    behind = not _samples(estimator) and _unlearns_behind(last[1], front, fitted=True)
    if behind:
        try:
            return _adopted(estimator, X, y, given, retain_data, on_stateful)
        except NotFittedError:
            raise
        except (UnlearningError, TypeError):
            # of other parameters, or data: these are refused below as well
            if on_stateful != "refit":
                raise
    elif not given and _transforms_alone(estimator):
        return _fitted_like(estimator, on_stateful, X, y)
    check_can_be_refitted(type(estimator).__name__.lower(), estimator)
    again: Any = _retrained(estimator)
    return again.from_sklearn(estimator, X, y, **given, check=check)


def _adopted(estimator, X, y, given, retain_data, on_stateful):
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
    return UnlearnablePipeline.from_sklearn(
        estimator, X, y, **given, on_stateful=on_stateful, **params
    )


def _fitted_like(theirs, on_stateful, X, y):
    """A transformer of counterparts, fitted, and said to be another if it is."""
    name = type(theirs).__name__.lower()
    ours = transformer_like(theirs, name, on_stateful, UnlearnablePipeline)
    both = Pipeline([(name, theirs)]), UnlearnablePipeline([(name, ours)])
    fitted, _ = fitted_like(*both, X, y, None, [])
    return fitted.steps[0][1]
