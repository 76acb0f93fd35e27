"""Plain scikit-learn estimators to deploy."""

from __future__ import annotations

import copy

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_selection import VarianceThreshold
from sklearn.pipeline import make_pipeline
from sklearn.utils.metadata_routing import MetadataRequest

#: Methods that metadata can be requested for.
_METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "transform",
    "inverse_transform",
)


def configured_like(estimator, other):
    """An estimator for which is set what ``clone`` keeps of another beside parameters.

    That is the kind of outputs (``set_output``) and which metadata are requested
    (``set_fit_request`` and so on).

    Parameters
    ----------
    estimator : estimator
        It is changed, and returned.
    other : estimator
        A twin of it, fitted or not.
    """
    fresh = clone(other)
    given = fresh.get_params(deep=False).keys() | estimator.get_params(deep=False)
    vars(estimator).update(
        (name, value)
        for name, value in vars(fresh).items()
        if name not in given and not isinstance(value, MetadataRequest)
    )
    if not any(isinstance(value, MetadataRequest) for value in vars(fresh).values()):
        return estimator  # nothing was set; RidgeCV of 1.9 cannot be asked
    requests = fresh.get_metadata_routing()
    known = estimator.get_metadata_routing()
    # not of what consists of others
    if isinstance(requests, MetadataRequest) and isinstance(known, MetadataRequest):
        _request_like(estimator, requests, known)
    return estimator


def _request_like(estimator, requests, known):
    with config_context(enable_metadata_routing=True):
        for method in _METHODS:
            own = getattr(known, method).requests
            asked = {
                name: value
                for name, value in getattr(requests, method).requests.items()
                if name in own and value != own[name]
            }
            if asked:
                getattr(estimator, f"set_{method}_request")(**asked)


def exported(estimator, twin, columns, forgotten, drop_forgotten):
    """A copy of a fitted twin that takes the columns that one has.

    Parameters
    ----------
    estimator : estimator
        That it is the twin of.
    twin : estimator
        Of the columns that are not forgotten.
    columns : Columns
        All columns at fit.
    forgotten : ndarray of bool of shape (n_features,)
    drop_forgotten : bool
        Whether it takes only the columns that remain; if False, and some are
        forgotten, it is a pipeline whose first step drops them.
    """
    twin = configured_like(copy.deepcopy(twin), estimator)
    names, kept = columns.names, ~forgotten
    if kept.all() or drop_forgotten:
        if names is not None:
            twin.feature_names_in_ = names[kept].copy()
        return twin
    selector = VarianceThreshold()
    selector.variances_ = kept.astype(np.float64)
    selector.n_features_in_ = kept.size
    if names is not None:
        selector.feature_names_in_ = names.copy()
        # the selector hands arrays on
        vars(twin).pop("feature_names_in_", None)
    return make_pipeline(selector, twin)
