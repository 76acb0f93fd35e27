"""Plain scikit-learn estimators to deploy."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.feature_selection import VarianceThreshold
from sklearn.pipeline import make_pipeline


def exported(twin, columns, forgotten, drop_forgotten):
    """A copy of a fitted twin that takes the columns that one has.

    Parameters
    ----------
    twin : estimator
        Of the columns that are not forgotten.
    columns : Columns
        All columns at fit.
    forgotten : ndarray of bool of shape (n_features,)
    drop_forgotten : bool
        Whether it takes only the columns that remain; if False, and some are
        forgotten, it is a pipeline whose first step drops them.
    """
    twin = copy.deepcopy(twin)
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
