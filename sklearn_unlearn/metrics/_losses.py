"""The loss of each row: what most other metrics are computed from."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_consistent_length

#: No probability counts as less, so that no loss is infinite.
_TINY = np.finfo(np.float64).tiny


def sample_losses(estimator, X, y):
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
        708, or without ``predict_proba`` the squared hinge loss of
        ``decision_function``, summed over the classes. Of a regressor, the squared
        error, summed over the targets.

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
        error = np.asarray(estimator.predict(X)) - np.asarray(y, dtype=np.float64)
        return (error.reshape(len(error), -1) ** 2).sum(axis=1)
    labels = np.asarray(y)[:, None] == np.asarray(estimator.classes_)
    if hasattr(estimator, "predict_proba"):
        probability = np.where(labels, estimator.predict_proba(X), 0.0).sum(axis=1)
        return -np.log(np.maximum(probability, _TINY))
    decision = np.asarray(estimator.decision_function(X))
    if decision.ndim == 1:
        decision, labels = decision[:, None], labels[:, 1:]
    margin = np.where(labels, decision, -decision)
    return (np.maximum(0.0, 1.0 - margin) ** 2).sum(axis=1)


def losses_of(loss, estimator, X, y):
    """Losses by a function of the caller's, `sample_losses` if it is None."""
    return (loss or sample_losses)(estimator, X, y)
