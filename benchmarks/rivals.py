"""scikit-learn's refits, and the residual that any coefficients reach."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.measure import Call

SOLVERS = ("lbfgs", "newton-cholesky", "newton-cg")
#: What a warm start reads.
_STARTS = ("coef_", "intercept_", "classes_", "scale_")
#: Below this no tol makes a difference.
_LEAST_TOL = 1e-15


def coefficients(objective, model):
    """Those of scikit-learn's model in the layout of an objective."""
    coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    theta = np.zeros(objective.shape)
    if objective.loss.has_scale:
        theta[:-1, 0], theta[-1] = coef[0], (intercept[0], model.scale_)
        return theta
    alive = np.flatnonzero(~objective.forgotten)
    if objective.fit_intercept:
        alive = alive[:-1]
        theta[-1] = intercept
    # a refit without the forgotten columns has only the others
    theta[alive] = coef.T if coef.shape[1] == alive.size else coef.T[alive]
    return theta


class Residual:
    """2-norm of the summed gradient on these rows, by the same objective for all."""

    def __init__(self, model, X, y):
        fitted = model._fitted
        self.objective = fitted.model.state.objective
        self.rows = model._read_rows(fitted, X, y, None)

    def __call__(self, model):
        theta = coefficients(self.objective, model)
        return float(np.linalg.norm(self.objective.gradient(self.rows, theta)))


class Refit:
    """A refit by scikit-learn, from scratch or from the model of all data.

    Parameters
    ----------
    X, y : arrays
        The rows that are left.
    model : estimator
        scikit-learn's, not fitted.
    start : object, optional
        With the fitted attributes that a warm start reads.
    """

    def __init__(self, X, y, model, start=None):
        self.X, self.y, self.model, self.start = X, y, model, start
        if start is not None:
            model.set_params(warm_start=True)

    def relax(self, measure, residual):
        """Loosen tol while the residual reached is lower than was asked for."""
        for _ in range(8):
            self.setup()
            self.run()
            if measure(self.model) >= 0.5 * residual:
                break
            self.model.tol *= 5.0
        return self

    def tighten(self, measure, residual):
        """Lower tol until the residual is as asked for, if it can be."""
        while True:
            self.setup()
            self.run()
            tol = getattr(self.model, "tol", 0.0)
            if measure(self.model) <= residual or tol < _LEAST_TOL:
                return self
            self.model.tol = 0.1 * tol

    def setup(self):
        if self.start is not None:
            for name in _STARTS:
                if hasattr(self.start, name):
                    setattr(self.model, name, copy.copy(getattr(self.start, name)))

    def run(self):
        self.model.fit(self.X, self.y)

    @property
    def call(self):
        return Call(self.run, self.setup)


def logistic_refit(X, y, solver, residual, start=None, **params):
    """A refit by LogisticRegression.

    scikit-learn stops at the maximum norm of the MEAN gradient: with
    ``tol = residual / n`` the 2-norm of the sum is about ``residual`` or larger, unless
    the last step jumps past it.
    """
    tol = residual / X.shape[0]
    model = LogisticRegression(solver=solver, tol=tol, max_iter=10_000, **params)
    return Refit(X, y, model, start)


def tight_model(model):
    """What a warm start reads of a model of all data: as tight as ours.

    Its coefficients are those of our fit, so that no rival starts at a disadvantage.
    """
    known = [name for name in _STARTS if hasattr(model, name)]
    return SimpleNamespace(**{name: copy.copy(getattr(model, name)) for name in known})


def restoring(model, request):
    """A call that answers a request always from the same fitted state."""
    fitted = model._fitted

    def setup():
        model._fitted = fitted

    return Call(lambda: request(model), setup)
