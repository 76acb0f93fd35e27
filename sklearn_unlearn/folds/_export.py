"""scikit-learn's estimators of plain models, to deploy."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds._played import Played
from sklearn_unlearn.transformers import exported, renamed_classes


def plain_outcome(outcome, given, X):
    """A copy of scikit-learn's estimator with plain models in place of ours.

    Parameters
    ----------
    outcome : estimator
        Fitted to models, or to what stands in for them.
    given : dict
        The parameters of ours, which it is to have.
    X : rows of any kind
        Some that models can be asked about.
    """
    made: dict[int, Any] = {}

    def plain(one):
        """A plain model, or several, each made once."""
        if isinstance(one, list):
            return [plain(each) for each in one]
        if isinstance(one, str):
            return one
        if id(one) not in made:
            made[id(one)] = _plain_model(one, X)
        return made[id(one)]

    twin, learned = copy.copy(outcome), vars(outcome)
    if "calibrated_classifiers_" in learned:
        twin.calibrated_classifiers_ = [
            copy.copy(m) for m in twin.calibrated_classifiers_
        ]
        for each in twin.calibrated_classifiers_:
            each.estimator = plain(each.estimator)
        models = [each.estimator for each in twin.calibrated_classifiers_]
    elif "estimator_" in learned or "estimator_" in learned:
        twin.estimator_ = plain(outcome.estimator_)
        models = [twin.estimator_]
    else:
        models = twin.estimators_ = plain(outcome.estimators_)
    if "named_estimators_" in learned:
        named = outcome.named_estimators_.items()
        twin.named_estimators_ = Bunch(**{name: plain(each) for name, each in named})
    if "final_estimator_" in learned:
        twin.final_estimator_ = plain(outcome.final_estimator_)
    params = dict(given)
    if "estimators" in params:
        left = iter(models)
        params["estimators"] = [
            (name, each if isinstance(each, str) else clone(next(left)))
            for name, each in params["estimators"]
        ]
    elif models:
        params["estimator"] = clone(models[0])
    if params.get("final_estimator") is not None:
        params["final_estimator"] = clone(twin.final_estimator_)
    for name, value in params.items():
        setattr(twin, name, value)
    learns = [each for each in models if hasattr(each, "n_features_in_")]
    if learns and not hasattr(type(twin), "n_features_in_"):
        twin.n_features_in_ = learns[0].n_features_in_  # not that of numbers of rows
    return twin


def _plain_model(one, X):
    """A plain model that answers as ours does, or as what stands in for it.

    Votes and stacks count labels by their numbers, which their models give.
    """
    model: Any = exported(getattr(one, "model", one), drop_forgotten=True)
    labels = getattr(one, "classes_", None) if isinstance(one, Played) else None
    if labels is None or list(labels) == list(model.classes_):
        return model
    return _called(model, labels, X)


def numbered(model, classes, X):
    """A plain model of some of these classes that calls them by their numbers.

    Parameters
    ----------
    model : estimator
    classes : ndarray
        Sorted.
    X : rows of any kind
        Some that it can be asked about.

    Raises
    ------
    UnlearningError
        If it holds its labels in more places than one.
    """
    return _called(model, np.searchsorted(classes, model.classes_), X)


def _called(model, labels, X):
    if list(labels) == list(model.classes_):
        return model
    renamed = renamed_classes(model, labels, X)
    if renamed is None:
        raise UnlearningError(
            f"Votes and stacks of scikit-learn's number the labels, and a "
            f"{type(model).__name__} has its own in it: fit to the labels 0, 1, ..., "
            "or take probabilities."
        )
    return renamed
