"""How near an unlearned model is to a refit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklearn_unlearn.metrics._losses import losses_of, squared_distances
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.validation import check_sample_weight


@dataclass(frozen=True)
class Fidelity(FrameMixin):
    """What `fidelity` found. All numbers are of the data it was given.

    Attributes
    ----------
    loss, refit_loss : float
        Mean loss of the unlearned model and of the refit.
    score, refit_score : float
        What their ``score`` methods return: accuracy, or R squared.
    prediction_distance : float
        Of classifiers, the mean total variation between predicted probabilities, or
        without ``predict_proba`` the share of rows with another label. Of regressors,
        the root of the mean squared distance of predictions.
    parameter_distance : float or None
        2-norm of the difference of coefficients and intercepts; None of models that
        have none, or others.
    original_loss : float or None
        Mean loss of the model before the request, if it was given.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.metrics import fidelity
    >>> X, y = load_diabetes(return_X_y=True)
    >>> unlearned = UnlearnableRidge().fit(X, y).partial_unfit(X[:5], y[:5])
    >>> found = fidelity(unlearned, UnlearnableRidge().fit(X[5:], y[5:]), X, y)
    >>> found.parameter_distance < 1e-8, abs(found.loss_difference) < 1e-8
    (True, True)
    """

    loss: float
    refit_loss: float
    score: float
    refit_score: float
    prediction_distance: float
    parameter_distance: float | None
    original_loss: float | None = None

    @property
    def loss_difference(self) -> Any:
        """Loss of the unlearned model minus that of the refit."""
        return self.loss - self.refit_loss

    @property
    def score_gap(self) -> Any:
        """Score of the refit minus that of the unlearned model."""
        return self.refit_score - self.score

    @property
    def loss_changes(self) -> Any:
        """Change of the loss by a refit and by unlearning; losses without original."""
        before = 0.0 if self.original_loss is None else self.original_loss
        return self.refit_loss - before, self.loss - before


def fidelity(
    estimator: Any,
    refit: Any,
    X: Any,
    y: Any,
    *,
    original: Any = None,
    loss: Callable[..., Any] | None = None,
    sample_weight: Any = None,
) -> Fidelity:
    """Distance of an unlearned model to a refit on the corrected data.

    Parameters
    ----------
    estimator : estimator
        The unlearned model, ours or any other.
    refit : estimator
        Fitted from scratch on the corrected data.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        Test data.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
    original : estimator, optional
        The model before the request. With it a display shows changes of the loss.
    loss : callable, default=None
        ``loss(estimator, X, y)`` gives the loss of each row; `sample_losses` if None.
    sample_weight : array-like of shape (n_rows,) or float, optional

    Returns
    -------
    Fidelity

    Raises
    ------
    ValueError
        If all weights are zero, or the models or y differ in the number of targets.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.metrics import fidelity
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> model = UnlearnableLogisticRegression().fit(X[100:], y[100:])
    >>> refit = clone(model).fit(X[110:], y[110:])
    >>> model = model.partial_unfit(X[100:110], y[100:110])
    >>> result = fidelity(model, refit, X[:100], y[:100])
    >>> bool(abs(result.loss_difference) < 1e-3), result.score_gap
    (True, 0.0)
    """
    weight = check_sample_weight(sample_weight, np.shape(X)[0])
    if not weight.any():
        raise ValueError("sample_weight must hold a weight other than zero.")
    given = {} if sample_weight is None else {"sample_weight": weight}

    def mean_loss(model):
        return float(np.average(losses_of(loss, model, X, y), weights=weight))

    distances = _prediction_distances(estimator, refit, X)
    mean = float(np.average(distances, weights=weight))
    return Fidelity(
        loss=mean_loss(estimator),
        refit_loss=mean_loss(refit),
        score=float(estimator.score(X, y, **given)),
        refit_score=float(refit.score(X, y, **given)),
        prediction_distance=mean if is_classifier(estimator) else mean**0.5,
        parameter_distance=_parameter_distance(estimator, refit),
        original_loss=None if original is None else mean_loss(original),
    )


def _prediction_distances(one, other, X):
    """Of each row: total variation, another label, or squared distance."""
    if not is_classifier(one):
        return squared_distances(one.predict(X), other.predict(X), "refit")
    if not (hasattr(one, "predict_proba") and hasattr(other, "predict_proba")):
        return np.asarray(one.predict(X)) != np.asarray(other.predict(X))
    classes = np.union1d(one.classes_, other.classes_)  # a refit may lack one
    difference = np.zeros((np.shape(X)[0], classes.size))
    for model, sign in ((one, 1.0), (other, -1.0)):
        columns = np.searchsorted(classes, model.classes_)
        difference[:, columns] += sign * model.predict_proba(X)
    return np.abs(difference).sum(axis=1) / 2.0


def _parameter_distance(one, other):
    """2-norm between all coefficients, None if they cannot be compared."""
    one, other = _parameters(one), _parameters(other)
    if not one or [part.shape for part in one] != [part.shape for part in other]:
        return None
    squares = (np.sum((a - b) ** 2) for a, b in zip(one, other, strict=True))
    return float(np.sqrt(sum(squares)))


def _parameters(model):
    """Coefficients and intercepts of a linear model, or of each layer of a network."""
    for names in (("coef_", "intercept_"), ("coefs_", "intercepts_")):
        if all(hasattr(model, name) for name in names):
            values = [getattr(model, name) for name in names]
            layers = names[0] == "coefs_"
            parts = [*values[0], *values[1]] if layers else values
            return [np.asarray(part, dtype=np.float64) for part in parts]
    return []
