"""scikit-learn's refits, and the residual that any coefficients reach."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.measure import Call

SOLVERS = ("lbfgs", "newton-cholesky", "newton-cg")


def coefficients(objective, model):
    """Those of scikit-learn's model in the layout of an objective."""
    coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    theta = np.zeros((objective.shape[0], coef.shape[0]))
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

    scikit-learn stops at the maximum norm of the MEAN gradient: with
    ``tol = residual / n`` the 2-norm of the sum is about ``residual`` or larger, unless
    the last step jumps past it.
    """

    def __init__(self, X, y, solver, residual, start=None, **params):
        self.X, self.y, self.start = X, y, start
        self.model = LogisticRegression(
            solver=solver,
            tol=residual / X.shape[0],
            max_iter=10_000,
            warm_start=start is not None,
            **params,
        )

    def relax(self, measure, residual):
        """Loosen tol while the residual reached is lower than was asked for."""
        for _ in range(8):
            self.setup()
            self.run()
            if measure(self.model) >= 0.5 * residual:
                break
            self.model.tol *= 5.0
        return self

    def setup(self):
        if self.start is not None:
            self.model.coef_ = self.start.coef_.copy()
            self.model.intercept_ = self.start.intercept_.copy()
            self.model.classes_ = self.start.classes_

    def run(self):
        self.model.fit(self.X, self.y)

    @property
    def call(self):
        return Call(self.run, self.setup)


def tight_model(model):
    """scikit-learn's model of all data that a warm start begins with: as tight as ours.

    Its coefficients are those of our fit, so that no rival starts at a disadvantage.
    """
    return copy.deepcopy(model.to_sklearn())


def restoring(model, request):
    """A call that answers a request always from the same fitted state."""
    fitted = model._fitted

    def setup():
        model._fitted = fitted

    return Call(lambda: request(model), setup)
