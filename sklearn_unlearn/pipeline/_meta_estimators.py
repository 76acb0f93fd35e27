"""Estimators around the models that a request has to change, and how to reach these."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import check_scoring
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.transformers import exported, few, is_stateless, may_mix, mixes
from sklearn_unlearn.utils.from_sklearn import instead_of
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.targets import label_positions

#: What scikit-learn's meta-estimators call the models that they have fitted.
_FITTED = (
    "calibrated_classifiers_",
    "estimators_",
    "estimator_",
    "final_estimator_",
    "regressor_",
)


@dataclass(frozen=True, eq=False)
class Wrapper:
    """A fitted estimator that learned nothing beside models fitted on all rows.

    Attributes
    ----------
    estimator : estimator
    attribute : str
        Holds the fitted model, or a list of several.
    given : str or None
        The parameter that holds what was fitted a copy of.
    targets : callable or None
        What the models were given for the targets.
    """

    estimator: Any
    attribute: str
    given: str | None = "estimator"
    targets: Callable[[Any], Any] | None = None

    @property
    def models(self):
        """The models inside, of which there may be one."""
        held = getattr(self.estimator, self.attribute)
        return held if isinstance(held, list) else [held]

    def around(self, models):
        """A copy of the estimator with as many other models inside."""
        after = copy.copy(self.estimator)
        if isinstance(getattr(self.estimator, self.attribute), list):
            setattr(after, self.attribute, models)
            after.named_estimators_ = Bunch(**dict(self._named(models)))
        else:
            setattr(after, self.attribute, models[0])
        without_given(after, self.given)
        return after

    def with_models(self, models):
        """The same as if it had been given these; of a search the model alone."""
        if self.attribute == "best_estimator_":
            return models[0]
        after, unfitted = self.around(models), list(map(clone, models))
        if self.given == "estimators":
            after.estimators = self._named(unfitted)
        elif self.given is not None:
            setattr(after, self.given, unfitted[0])
        return after

    def _named(self, models):
        """Models with the names that they were given, and "drop" as it was."""
        models = iter(models)
        return [
            (name, one if isinstance(one, str) else next(models))
            for name, one in self.estimator.estimators
        ]


def opened(estimator):
    """The `Wrapper` that a fitted estimator is, None if it is none."""
    if isinstance(estimator, FrozenEstimator | Pipeline):
        return None
    if hasattr(estimator, "partial_unfit"):
        return None  # its verbs reach more than the models inside
    if hasattr(estimator, "best_estimator_"):
        return Wrapper(estimator, "best_estimator_")
    if isinstance(estimator, FixedThresholdClassifier):
        if hasattr(estimator, "estimator_"):
            return Wrapper(estimator, "estimator_")
        return Wrapper(estimator, "estimator", None)  # fitted before it was given
    if isinstance(estimator, TransformedTargetRegressor):
        transformer = getattr(estimator, "transformer_", None)
        if transformer is None or not is_stateless(transformer):
            return None

        def transformed(y):
            y = np.ascontiguousarray(y)  # functions round alike in one layout alone
            targets = y.reshape(-1, 1) if y.ndim == 1 else y
            if targets.ndim != 2:
                raise ValueError(f"y has {y.ndim} dimensions, expected one or two.")
            _check_targetwise(transformer, targets)
            outputs = transformer.transform(targets)
            return outputs.reshape(-1) if outputs.shape[1:] == (1,) else outputs

        return Wrapper(estimator, "regressor_", "regressor", transformed)
    if isinstance(estimator, VotingClassifier) and hasattr(estimator, "le_"):
        # its encoder cuts strings to the longest label, and takes others for that
        targets = partial(label_positions, estimator.le_.classes_)
        return Wrapper(estimator, "estimators_", "estimators", targets)
    if isinstance(estimator, VotingRegressor) and hasattr(estimator, "estimators_"):
        return Wrapper(estimator, "estimators_", "estimators")
    return None


def _check_targetwise(transformer, targets):
    """Refuse a function of targets that makes something else of them in company."""
    if not may_mix(transformer):
        return
    some = few(targets)
    halves = some // 2 if some.dtype.kind in "iu" else some / 2  # company for one
    with np.errstate(all="ignore"):
        mixed = mixes(transformer, np.concatenate([some, halves]))
    if mixed:
        raise UnlearningError(
            "The func of this TransformedTargetRegressor makes something else of "
            "targets together than of each by itself: what it makes of others would "
            "depend on rows that are forgotten. Take a function of single targets."
        )


def of_targets(y, made, X=None):
    """What was made of targets, if there are any; of those in blocks X nothing is."""
    if made and isinstance(X, DataBlocks):
        raise TypeError(
            "X is DataBlocks, whose targets no step changes: give X and y as arrays."
        )
    if y is not None:
        for targets in made:
            y = targets(y)
    return y


def without_given(estimator, parameter):
    """Put an unfitted copy in the place of what an estimator may have got fitted."""
    if parameter is None:
        return
    given = getattr(estimator, parameter)
    if isinstance(given, list):
        given = [
            (name, one if isinstance(one, str) else clone(one)) for name, one in given
        ]
    elif given is not None:
        given = clone(given)
    setattr(estimator, parameter, given)
    if hasattr(estimator, "scorer_") and estimator.scoring is None:
        estimator.scorer_ = check_scoring(given)  # the scorer refers to it


def why_not(estimator, verb):
    """Why a request cannot be carried through an estimator."""
    name, kind = type(estimator).__name__, kind_of(estimator, first=True)
    if isinstance(estimator, FrozenEstimator):
        return (
            "A FrozenEstimator stays as it is, whatever is asked of it: ask the "
            "estimator that it holds, or take one that is not frozen."
        )
    check_is_fitted(estimator)
    if isinstance(estimator, Pipeline):
        return (
            f"{kind} has no {verb}: take it over with UnlearnablePipeline.from_sklearn."
        )
    if hasattr(estimator, "best_params_") and not hasattr(estimator, "best_estimator_"):
        return (
            f"This {name} was run with refit=False and has no model: it holds scores "
            "alone. Run it again without the rows."
        )
    if hasattr(estimator, "best_threshold_"):
        return (
            f"{kind} found its threshold by predictions for the rows: fit it again "
            "without them, or take a FixedThresholdClassifier."
        )
    if isinstance(estimator, TransformedTargetRegressor):
        inner = type(estimator.transformer_).__name__
        return (
            f"The transformer_ of this {name} ({inner}) learned from the targets, "
            f"and {verb} would change those of all rows: fit it without them, or "
            "give it func and inverse_func."
        )
    if opened(estimator) is not None:
        return (
            f"{kind} holds several models, and a pipeline ends in one: put pipelines "
            f"into {kind_of(estimator)}."
        )
    if any(hasattr(estimator, attribute) for attribute in _FITTED):
        return (
            f"{kind} learned more from the rows than one model of all of them: "
            f"{verb} cannot be carried through it. Fit it again without the rows."
            f"{instead_of(estimator)}"
        )
    return f"{kind} has no {verb}.{instead_of(estimator)}"


def innermost(estimator):
    """The model in the wrappers and last steps of pipelines."""
    if isinstance(estimator, Pipeline):
        return innermost(estimator.steps[-1][1])
    wrapper = opened(estimator)
    if wrapper is None or len(wrapper.models) > 1:
        return estimator
    return innermost(wrapper.models[0])


def exported_last(step, *, drop_forgotten):
    """A last step as a plain one of scikit-learn."""
    wrapper = opened(step)
    if wrapper is None:
        return exported(step, drop_forgotten=drop_forgotten)
    models = [exported_last(m, drop_forgotten=drop_forgotten) for m in wrapper.models]
    return wrapper.with_models(models)


def hands_weights_on(step):
    """Whether ``fit`` of a last step takes weights, or what it was given does."""
    if has_fit_parameter(step, "sample_weight"):
        return True
    params = step.get_params(deep=False) if hasattr(step, "get_params") else {}
    given = [params.get("estimator"), params.get("regressor")]
    return any(hasattr(one, "fit") and hands_weights_on(one) for one in given)
