"""`unlearnable`: the unlearner of any estimator, of scikit-learn or another library."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.base import with_note
from sklearn_unlearn.calibration import UnlearnableCalibratedClassifierCV
from sklearn_unlearn.ensemble import (
    UnlearnableStackingClassifier,
    UnlearnableStackingRegressor,
    UnlearnableVotingClassifier,
    UnlearnableVotingRegressor,
)
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.model_selection import (
    UnlearnableGridSearchCV,
    UnlearnableRandomizedSearchCV,
    UnlearnableTunedThresholdClassifierCV,
)
from sklearn_unlearn.multiclass import UnlearnableOneVsRestClassifier
from sklearn_unlearn.multioutput import (
    UnlearnableMultiOutputClassifier,
    UnlearnableMultiOutputRegressor,
)
from sklearn_unlearn.pipeline import UnlearnablePipeline
from sklearn_unlearn.pipeline._door import converted, first_sentence, taken_over
from sklearn_unlearn.pipeline._labels import without_label_encoders
from sklearn_unlearn.pipeline._one_estimator import one_estimator
from sklearn_unlearn.pipeline._reasons import (
    is_stateless_transformer,
    why_not_taken_over,
)
from sklearn_unlearn.retraining import RetrainedModel, warn_if_random, with_reason
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.transformers import (
    check_on_stateful,
    first_difference,
    renamed_classes,
)
from sklearn_unlearn.utils.messages import kind_of, refusing, warn
from sklearn_unlearn.utils.steps import hook

#: What consists of models that can unlearn, and what holds these.
_OF_MODELS: dict[type, tuple[Any, tuple[str, ...]]] = {
    GridSearchCV: (UnlearnableGridSearchCV, ("estimator", "param_grid")),
    RandomizedSearchCV: (
        UnlearnableRandomizedSearchCV,
        ("estimator", "param_distributions"),
    ),
    OneVsRestClassifier: (UnlearnableOneVsRestClassifier, ("estimator",)),
    MultiOutputClassifier: (UnlearnableMultiOutputClassifier, ("estimator",)),
    MultiOutputRegressor: (UnlearnableMultiOutputRegressor, ("estimator",)),
    CalibratedClassifierCV: (UnlearnableCalibratedClassifierCV, ("estimator",)),
    StackingClassifier: (UnlearnableStackingClassifier, ("estimators",)),
    StackingRegressor: (UnlearnableStackingRegressor, ("estimators",)),
    TunedThresholdClassifierCV: (
        UnlearnableTunedThresholdClassifierCV,
        ("estimator",),
    ),
    VotingClassifier: (UnlearnableVotingClassifier, ("estimators",)),
    VotingRegressor: (UnlearnableVotingRegressor, ("estimators",)),
}


@refusing()
def unlearnable(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    sample_weight: Any = None,
    row_ids: Any = None,
    retain_data: bool = True,
    on_stateful: str = "refit",
    check: bool = True,
) -> Any:
    """The unlearner of any estimator: exact, by the least costly way that there is.

    Steps that have a counterpart in this package become that; transformers that have
    none are fitted again by each request; models that have none are trained again,
    with the steps before them. ``explain()`` of what is returned says which is which.

    Parameters
    ----------
    estimator : estimator, or list of estimators or of (name, estimator)
        Of scikit-learn or any library with its interface: a model, a transformer, a
        pipeline, a column transformer, a search. It is not changed. A list is what
        belongs together, in the order in which rows go through it, as a preprocessor
        and a model that were saved as two files. A `LabelEncoder` among them is done
        without: the classifier learns, and predicts, the labels of y themselves. Of a
        search that has been run the best estimator is taken over, and its choice stays:
        ``from_sklearn`` of `UnlearnableGridSearchCV` takes over both. One that has not
        been run becomes such a search. One against the rest, one for each target, a
        vote, a stack or a calibration become what is made of the counterparts of their
        models; rows keep their folds.
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
    search = estimator
    estimator = one_estimator(without_label_encoders(search, X, y))
    options = {"retain_data": retain_data, "on_stateful": on_stateful, "check": check}
    if hasattr(search, "best_estimator_") and estimator is not search:
        keywords: Any = {"sample_weight": sample_weight, "row_ids": row_ids, **options}
        model = unlearnable(estimator, X, y, **keywords)
        return with_note(model, f"the choice of {_said_of_choice(search)}")
    given = {"sample_weight": sample_weight, "row_ids": row_ids}
    given = {name: value for name, value in given.items() if value is not None}
    if _is_ours(estimator):
        return _fitted_if_asked(estimator, X, y, given, check)
    cv = getattr(estimator, "cv", None)
    if isinstance(cv, str) and cv == "prefit":
        raise UnlearningError(
            f"{kind_of(estimator, first=True)} with cv='prefit' holds models that were "
            "fitted elsewhere: give cv a number or a splitter, and fit it."
        )
    predicts = is_classifier(estimator) or is_regressor(estimator)
    needed = predicts or get_tags(estimator).target_tags.required
    alone = X is not None and y is None and not isinstance(X, DataBlocks)
    if needed and alone:
        raise ValueError(
            "unlearnable requires y to be passed with X: what "
            f"{kind_of(estimator)} is fitted to."
        )
    if not _is_fitted(estimator):
        like = _of_models_like(estimator, retain_data, on_stateful)
        if like is None:
            like = converted(UnlearnablePipeline, estimator, retain_data, on_stateful)
            if type(estimator) in _OF_MODELS:
                like = with_reason(like, _why_whole(estimator))
        return _fitted_if_asked(like, X, y, given, check)
    if X is None:
        raise UnlearningError(
            f"{kind_of(estimator, first=True)} that is fitted is taken over with the "
            "data that it was fitted on: pass X, and y. To have it fitted anew, pass "
            "clone(estimator)."
        )
    because = _why_whole(estimator) if type(estimator) in _OF_MODELS else None
    if type(estimator) in _OF_MODELS and because is None:
        try:
            return _with_models_of(estimator, X, y, given, **options)
        except NotFittedError:
            raise
        except (UnlearningError, TypeError, ValueError) as error:
            # of parameters, or of data, which are refused below as well
            because = first_sentence(error)
    return taken_over(
        UnlearnablePipeline, estimator, X, y, given, because=because, **options
    )


def _said_of_choice(search):
    """What becomes of the choice of a search that was run."""
    name, like = type(search).__name__, _OF_MODELS.get(type(search))
    again = like and f": {like[0].__name__}.from_sklearn makes it again"
    return f"{name} stays{again or ''}"


def _is_ours(estimator):
    return hasattr(estimator, "partial_unfit") and hasattr(estimator, "explain")


def _is_fitted(estimator):
    """Whether an estimator is fitted; one that has nothing to learn is not."""
    if isinstance(estimator, Pipeline):
        known = [step for _, step in estimator.steps if hasattr(step, "fit")]
        known = [step for step in known if not hasattr(step, "fit_resample")]
        learned = [step for step in known if not is_stateless_transformer(step)]
        there = [_is_fitted(step) for step in learned]
        for step, fitted in zip(learned, there, strict=True):
            # others may have nothing by which that could be told
            told = type(step).__module__.startswith("sklearn.")
            if there[-1] and told and not fitted:
                kind = kind_of(step, first=True)
                raise UnlearningError(
                    f"{kind} is not fitted, and what stands behind it is: pass the one "
                    "that made its rows, or all of them unfitted."
                )
        return bool(learned) and all(there)
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    return True


def _fitted_if_asked(estimator, X, y, given, check):
    """The unlearner, fitted to data if there are some."""
    if X is None or _is_fitted(estimator):
        return estimator
    model = estimator.fit(X, y, **given)
    if check and isinstance(model, RetrainedModel):
        warn_if_random(model)
    return model


def _with_models_of(estimator, X, y, given, *, retain_data, on_stateful, check):
    """What unlearns as a fitted estimator that consists of models, with these.

    Of votes and stacks of words the models have learned numbers, which are renamed.
    """
    like: Any = _of_models_like(estimator, retain_data, on_stateful, fitted=True)
    labels: Any = getattr(estimator, "classes_", None)
    numbered = isinstance(estimator, VotingClassifier | StackingClassifier)

    def taken(model, rows, targets, keywords):
        if numbered and not np.array_equal(labels, model.classes_):
            model = renamed_classes(model, labels, rows)
        if model is None:
            return None
        options = {"retain_data": retain_data, "on_stateful": on_stateful}
        ours = unlearnable(model, rows, targets, **keywords, **options, check=check)
        return copy.deepcopy(model) if isinstance(ours, RetrainedModel) else ours

    hook(like, "_adopt_models")(estimator, taken, X, y, **given)
    different = first_difference(estimator, like, X) if check else None
    if different is not None:
        warn(
            f"{different}: X, y and sample_weight give another one. Are they what it "
            "was trained on, in the folds that it drew?",
            DataMismatchWarning,
        )
    return like


def _why_whole(estimator):
    """Why an estimator that consists of models is trained again, None if it is not."""
    params = estimator.get_params()
    if params.get("estimator", estimator) is None:
        return f"the model in {type(estimator).__name__} is its own, and not given"
    numbered = isinstance(estimator, VotingClassifier | StackingClassifier)
    weights = [params[name] for name in params if name.endswith("class_weight")]
    if numbered and any(isinstance(each, dict) for each in weights):
        return "class_weight names the numbers by which it calls labels"
    return None


def _of_models_like(estimator, retain_data, on_stateful, fitted=False):
    """A search, or what has a model for each target, of models that unlearn, or None.

    Models without a counterpart are fitted again by it, each that knew the row; of a
    fitted one, also those whose counterpart would be another model.
    """
    if type(estimator) not in _OF_MODELS or _why_whole(estimator) is not None:
        return None
    cls, holding = _OF_MODELS[type(estimator)]

    def native(value):
        if isinstance(value, list | tuple):
            return type(value)(map(native, value))
        if isinstance(value, dict):
            return {name: native(each) for name, each in value.items()}
        if isinstance(value, type) or not hasattr(value, "get_params"):
            return value
        if fitted and why_not_taken_over(value) is not None:
            return clone(value)
        like = converted(UnlearnablePipeline, value, retain_data, on_stateful)
        return clone(value) if isinstance(like, RetrainedModel) else like

    params = estimator.get_params(deep=False)
    return cls(**{**params, **{each: native(params[each]) for each in holding}})
