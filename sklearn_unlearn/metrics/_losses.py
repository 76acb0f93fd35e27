"""The loss of each row: what most other metrics are computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_consistent_length

#: No probability counts as less, so that no loss is infinite.
_TINY = np.finfo(np.float64).tiny


def sample_losses(estimator: Any, X: Any, y: Any) -> np.ndarray:
    """Loss of each row: what an attacker sees of a model who knows rows.

    Parameters
    ----------
    estimator : estimator
        Fitted classifier or regressor, ours or any other.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_targets)

    Returns
    -------
    ndarray of shape (n_rows,)
        Of a classifier, minus the logarithm of the probability of the label, at most
        708, which is the loss of a label that it does not know, or without
        ``predict_proba`` the squared hinge loss of ``decision_function``, summed over
        the classes. Of a regressor, the squared error, summed over the targets.

    Raises
    ------
    ValueError
        If y has another number of targets than the model, or without ``predict_proba``
        a label that the model does not know.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.metrics import sample_losses
    >>> model = UnlearnableRidge(alpha=1e-9).fit([[0.0], [2.0]], [0.0, 2.0])
    >>> sample_losses(model, [[0.0], [1.0]], [0.0, 3.0]).round(6)
    array([0., 4.])
    """
    check_consistent_length(X, y)
    if not is_classifier(estimator):
        return squared_distances(estimator.predict(X), y, "y")
    y, classes = column_or_1d(y), np.asarray(estimator.classes_)
    labels = y[:, None] == classes
    if hasattr(estimator, "predict_proba"):
        probability = np.where(labels, estimator.predict_proba(X), 0.0).sum(axis=1)
        return -np.log(np.maximum(probability, _TINY))
    if not labels.any(axis=1).all():
        unknown = np.setdiff1d(y, classes).tolist()
        raise ValueError(
            f"y holds labels that the model does not know: {unknown}. Without "
            "predict_proba they have no loss."
        )
    decision = np.asarray(estimator.decision_function(X))
    if decision.ndim == 1:
        decision, labels = decision[:, None], labels[:, 1:]
    margin = np.where(labels, decision, -decision)
    return (np.maximum(0.0, 1.0 - margin) ** 2).sum(axis=1)


def squared_distances(predictions, others, name):
    """Of each row, summed over the targets; a single target may be a column.

    Parameters
    ----------
    predictions, others : array-like of shape (n_rows,) or (n_rows, n_targets)
    name : str
        Of the others.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If they differ in the number of targets.
    """
    one, other = (
        np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        for values in (predictions, others)
    )
    if one.shape != other.shape:
        raise ValueError(
            f"{name} has {other.shape[1]} targets, but the model predicts "
            f"{one.shape[1]}."
        )
    return ((one - other) ** 2).sum(axis=1)


def losses_of(loss, estimator, X, y):
    """Losses by a function of the caller's, `sample_losses` if it is None."""
    return (loss or sample_losses)(estimator, X, y)
