"""Oracles of the checks: a refit, and the paper's formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import clone, is_classifier
from sklearn.utils import get_tags

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.utils._checks.data import OWN, Case

#: Difference up to which two models are the same.
EXACT = 1e-8
#: Relative gradient beyond which a fit has not minimised an objective.
_STATIONARY = 1e-6


def snapshot(model, X):
    """Parameters, public attributes and outputs of a fitted model, by name.

    Parameters are the objects themselves, all else copies of arrays.
    """
    parameters = model.get_params(deep=False)
    taken = {f"the parameter {name}": value for name, value in parameters.items()}
    for name in dir(model):
        if name.endswith("_") and not name.startswith("_") and hasattr(model, name):
            value = getattr(model, name)
            if isinstance(value, list):
                parts = {f"{name}[{i}]": part for i, part in enumerate(value)}
            else:
                parts = {name: value}
            taken.update({key: np.array(densify(part)) for key, part in parts.items()})
    for method in ("decision_function", "predict_proba", "predict"):
        if hasattr(model, method):
            taken[f"{method}(X)"] = np.array(getattr(model, method)(X))
    return taken


def changes(before, after):
    """What differs between two snapshots, a line each; none if all is bitwise equal."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            lines.append(f"{name} {'appeared' if name in after else 'vanished'}")
            continue
        old, new = before[name], after[name]
        if name.startswith("the parameter"):
            if old is not new:
                lines.append(f"{name} changed from {old!r} to {new!r}")
        elif old.shape != new.shape or old.dtype != new.dtype:
            lines.append(f"{name} became {new.dtype} of shape {new.shape}")
        elif old.tobytes() != new.tobytes() and not np.array_equal(old, new):
            size = ""
            if old.dtype.kind == "f":
                size = f" by {np.abs(new - old).max():.2g}"
            lines.append(f"{name} changed{size}")
    return lines


def scores(model, X):
    """Outputs of a model as float arrays, by method."""
    methods = ["decision_function", "predict_proba"]
    if not is_classifier(model):
        methods.append("predict")
    found = {
        name: np.asarray(getattr(model, name)(X), dtype=np.float64)
        for name in methods
        if hasattr(model, name)
    }
    return found or {"predict": np.asarray(model.predict(X))}


def distance(one, other):
    """Largest difference between `scores`; the share of labels that differ.

    Generated data have scores of the order of one. Differences of a caller's own are
    relative to the largest score, if that is more.
    """
    largest = 0.0
    for name in one:
        if one[name].shape != other[name].shape:
            return np.inf
        if one[name].dtype.kind == "f":
            difference = np.abs(one[name] - other[name]).max()
            if OWN.get() is not None:
                difference /= max(1.0, np.abs(other[name]).max())
        else:
            difference = np.mean(one[name] != other[name])
        # NaN must not count as small
        largest = max(largest, np.nan_to_num(float(difference), nan=np.inf))
    return largest


def refit(model, case: Case):
    """The oracle: a clone of the model fitted on edited data.

    With certification, class weights stay what ``current_class_weight()`` says.
    """
    twin = clone(model)
    certified = model.get_params(deep=False).get("certification") is not None
    if certified and hasattr(model, "current_class_weight"):
        twin.set_params(class_weight=model.current_class_weight())
    return case.fit(twin)


@dataclass(frozen=True, eq=False)
class DenseObjective:
    """A summed loss with its penalty at a model's coefficients, written out densely.

    Attributes
    ----------
    loss : {"squared", "logistic"}, float or object
        A number is the power of half a Tweedie deviance with log link, an object says
        its derivatives: a `~sklearn_unlearn.core.losses.SingleOutputLoss`.
    strength : float
        Of the penalty ``strength/2 ||coef||^2``.
    averaged : bool
        Whether that is added to the mean of the losses, not to their sum.
    theta : ndarray of shape (p, n_outputs)
        Coefficients of the model, the intercepts in the last row if it has any.
    model : estimator
    """

    loss: Any
    strength: Any
    averaged: bool
    theta: Any
    model: Any

    @staticmethod
    def of(model, case: Case):
        """The objective that a model says it minimises; None if it does not.

        The parameters tell what it may be (`recognised`); that is believed whose
        gradient vanishes at what the model learned from the case.
        """
        if not hasattr(model, "coef_"):
            return None
        theta = coefficients(model)
        for loss, strength, averaged in recognised(model):
            objective = DenseObjective(loss, strength, averaged, theta, model)
            scale = np.linalg.norm(objective.gradient(case, np.zeros_like(theta)))
            norm = np.linalg.norm(objective.gradient(case, theta))
            if norm <= _STATIONARY * scale:
                return objective
        return None

    def gradient(self, case: Case, theta):
        """Summed gradient, shape (p, n_outputs)."""
        X, weight, target = self._data(case, theta)
        residual, _ = self._derivatives(X @ theta, target)
        penalty = self._penalty(theta, weight)
        return X.T @ (weight[:, None] * residual) + penalty * theta

    def hessian(self, case: Case, theta):
        """Hessian with respect to ``theta.ravel()``."""
        X, weight, target = self._data(case, theta)
        _, curvature = self._derivatives(X @ theta, target)
        hessian = np.einsum("n,nkl,ni,nj->ikjl", weight, curvature, X, X)
        penalty = self._penalty(theta, weight)
        return hessian.reshape(theta.size, theta.size) + np.diag(penalty.ravel())

    def step(self, case: Case):
        """Coefficients by the second-order update on edited data.

        ``theta - H'^-1 G`` with the Hessian of the edited data at theta (Warnecke et
        al. 2023) and the gradient there, which is that of the edit. The
        inverse leaves a shift of all softmax intercepts alone.
        """
        gradient = self.gradient(case, self.theta).ravel()
        inverse = np.linalg.pinv(self.hessian(case, self.theta), hermitian=True)
        return self.theta - (inverse @ gradient).reshape(self.theta.shape)

    def without(self, case: Case, column):
        """Coefficients after constrained elimination of a column, a zero in its row."""
        n_outputs = self.theta.shape[1]
        dropped = np.zeros(self.theta.size, dtype=bool)
        dropped[column * n_outputs : (column + 1) * n_outputs] = True
        hessian = self.hessian(case, self.theta)
        inverse = np.linalg.pinv(hessian[np.ix_(~dropped, ~dropped)], hermitian=True)
        theta = self.theta.ravel().copy()
        theta[~dropped] += inverse @ hessian[np.ix_(~dropped, dropped)] @ theta[dropped]
        theta[dropped] = 0.0
        return theta.reshape(self.theta.shape)

    def _data(self, case, theta):
        """Rows, their weights and encoded targets."""
        X, weight = case.X, case.weight
        if theta.shape[0] > X.shape[1]:
            X = np.column_stack([X, np.ones(X.shape[0])])
        if not is_classifier(self.model):
            return X, weight, case.y.reshape(case.y.shape[0], -1)
        classes = self.model.classes_
        onehot = (case.y[:, None] == classes).astype(np.float64)
        if hasattr(self.model, "current_class_weight"):
            current = refit(self.model, case).current_class_weight()
            factor = [current[label] for label in classes.tolist()]
            weight = weight * (onehot @ factor)
        if classes.size == 2:
            onehot = onehot[:, 1:]
        return X, weight, onehot if self.loss == "logistic" else 2.0 * onehot - 1.0

    def _derivatives(self, raw, target):
        """First and second derivatives of each row's loss in its raw prediction."""
        identity = np.eye(raw.shape[1])
        if self.loss == "squared":
            return raw - target, np.tile(identity, (raw.shape[0], 1, 1))
        if hasattr(self.loss, "curvature"):
            curvature = self.loss.curvature(raw, target)[:, None, None]
            return self.loss.gradient(raw, target), curvature
        if self.loss != "logistic":
            mean, power = np.exp(raw), self.loss
            scale = mean ** (1.0 - power)
            curvature = (2.0 - power) * mean + (power - 1.0) * target
            return scale * (mean - target), (scale * curvature)[:, :, None]
        if raw.shape[1] == 1:
            proba = expit(raw)
            return proba - target, (proba * (1.0 - proba))[:, :, None]
        proba = softmax(raw, axis=1)
        outer = proba[:, :, None] * proba[:, None, :]
        return proba - target, proba[:, :, None] * identity - outer

    def _penalty(self, theta, weight):
        penalty = np.full_like(theta, self.strength)
        if self.averaged:
            penalty *= weight.sum()
        if self.model.get_params().get("fit_intercept", True):
            penalty[-1] = 0.0
        return penalty


def coefficients(model):
    """``coef_`` and ``intercept_`` as one matrix of shape (p, n_outputs)."""
    coef = np.atleast_2d(model.coef_)
    if not model.get_params().get("fit_intercept", True):
        return coef.T
    return np.vstack([coef.T, np.broadcast_to(model.intercept_, coef.shape[:1])])


def recognised(estimator):
    """What the parameters of an estimator say that it may minimise.

    ``C`` with probabilities stands for a logistic or softmax loss, ``alpha`` without
    for a squared one or, averaged, a Tweedie deviance; a ``loss`` with derivatives is
    itself, averaged if ``average`` is true. None of these has an ``epsilon``, within
    which residuals count otherwise.

    Returns
    -------
    list of (loss, strength, averaged)
        As in `DenseObjective`.
    """
    parameters = estimator.get_params()
    has_probabilities = hasattr(estimator, "predict_proba")
    if has_probabilities and "C" in parameters:
        return [("logistic", 1.0 / parameters["C"], False)]
    if has_probabilities or "alpha" not in parameters or "epsilon" in parameters:
        return []
    alpha = parameters["alpha"]
    if hasattr(parameters.get("loss"), "curvature"):
        return [(parameters["loss"], alpha, bool(parameters.get("average")))]
    found: list[Any] = [("squared", alpha, False), ("squared", alpha, True)]
    if get_tags(estimator).target_tags.positive_only:
        powers = [parameters["power"]] if "power" in parameters else [1.0, 2.0]
        found = [(power, alpha, True) for power in powers]
    return found
