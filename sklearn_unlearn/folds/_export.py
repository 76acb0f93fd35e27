"""scikit-learn's estimators of plain models, to deploy."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.base import clone
from sklearn.utils import Bunch

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
    return twin


def _plain_model(one, X):
    """A plain model that answers as ours does, or as what stands in for it.

    Votes and stacks count labels by their numbers, which their models give.
    """
    model: Any = exported(getattr(one, "model", one), drop_forgotten=True)
    labels = getattr(one, "classes_", None) if isinstance(one, Played) else None
    if labels is None or list(labels) == list(model.classes_):
        return model
    return renamed_classes(model, labels, X)
