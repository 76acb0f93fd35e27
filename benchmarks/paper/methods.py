"""The methods of the study, each answering the same request from the same model."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier

from benchmarks.paper.requests import REMOVED, masked
from benchmarks.published import DELTA, EPSILON, sigma_for
from benchmarks.rivals import logistic_refit, restoring, tight_model
from sklearn_unlearn import (
    GaussianCertification,
    ShardedClassifier,
    UnlearnableLogisticRegression,
)
from sklearn_unlearn.core.edits import Edit
from sklearn_unlearn.core.objective import Objective
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.steps import unlearn
from sklearn_unlearn.metrics import gradient_residual_norm

RETRAINING, WARM, SISA = "retraining", "retraining, warm", "SISA"
NO_UPDATE, OCCLUSION, PRIVACY = "no update", "occlusion", "differential privacy"
FINE_TUNING, FIRST = "fine-tuning", "first order"
STALE, SECOND = "second order, old Hessian", "second order"
COLUMNS, EXACT = "column elimination", "exact"

#: In the order of the tables.
METHODS = (
    *(RETRAINING, WARM, SISA, PRIVACY, NO_UPDATE, OCCLUSION),
    *(FINE_TUNING, FIRST, STALE, SECOND, COLUMNS, EXACT),
)

#: Step lengths tried for fine-tuning and first order, the best of which counts.
RATES = tuple(4.0**k for k in range(-4, 4))
#: With more columns retraining by newton-cholesky takes too long.
_LARGE = 500
_N_SHARDS = 20


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method made of a request.

    Attributes
    ----------
    model : estimator
        scikit-learn's, or sharded.
    seconds : float
        Without finding the rows concerned, and without choosing a rate.
    gradients : float
        Gradients of single rows that were evaluated, at the least.
    """

    model: object
    seconds: float = 0.0
    gradients: float = 0.0

    @property
    def theta(self):
        """Coefficients of shape (p, 1); None of an ensemble."""
        return self.model.coef_.T if hasattr(self.model, "coef_") else None


class Methods:
    """All models of the data as they were, and what each method makes of a request.

    Parameters
    ----------
    scenario : Scenario
    penalty : float
        Lambda, beside the summed loss.
    seed : int
    """

    def __init__(self, scenario, penalty, seed):
        self.scenario, self.seed = scenario, seed
        X, y = scenario.train
        self.params = {"C": 1.0 / penalty, "fit_intercept": False}
        #: Says of which objective a gradient is meant.
        self.objective = UnlearnableLogisticRegression(**self.params)
        self.exact = UnlearnableLogisticRegression(**self.params, retain_data=True)
        self.free = UnlearnableLogisticRegression(**self.params)
        for model in (self.exact, self.free):
            model.fit(X, y)
        self.original = self.free.to_sklearn()
        self.state = self.free._fitted.model.state
        self.solver = "newton-cholesky" if X.shape[1] <= _LARGE else "newton-cg"
        twin = LogisticRegression(
            **self.params, solver=self.solver, tol=self.exact.tol, max_iter=10_000
        )
        self.sharded = ShardedClassifier(twin, n_shards=_N_SHARDS).fit(X, y)
        self.private = self._private(X, y)

    def __call__(self, request):
        """Answers by the name of the method."""
        X, y = self.scenario.train
        touched, new = request.rows, request.X[request.rows]
        answers = {
            **self._retrained(request.X, y),
            SISA: self._sharded(X[touched], y[touched], new),
            PRIVACY: Answer(self.private),
            NO_UPDATE: Answer(self.original),
        }
        blank = masked(self.original.coef_, request.columns, inside=False)
        start = self.original.coef_
        if request.kind == REMOVED:
            answers[OCCLUSION] = Answer(self._model(blank))
            start = blank
        answers[FINE_TUNING] = self._fine_tuned(request, start)
        answers |= self._closed_forms(request, X[touched], y[touched], new)
        if request.kind == REMOVED:
            answers[COLUMNS] = self._ours(
                self.free, lambda model: model.forget_features(request.columns)
            )
            answers[EXACT] = self._ours(
                self.exact, lambda model: model.forget_features(request.columns)
            )
        else:
            out = X[touched], y[touched], new
            answers[EXACT] = self._ours(
                self.exact, lambda model: model.replace_features(*out)
            )
        return answers

    # The paper's --------------------------------------------------------------------

    def _private(self, X, y):
        """Trained with noise for one row that changes; never updated.

        Objective perturbation: the gradient of a logistic loss is no longer than its
        row. Kifer et al. (2012) ask for a larger lambda too, which is left as it is.
        """
        squares = X.multiply(X) if hasattr(X, "multiply") else X * X
        longest = float(np.sqrt(np.max(squares.sum(axis=1))))
        certification = GaussianCertification(
            EPSILON,
            DELTA,
            sigma_for(2.0 * longest),
            mode="objective",
            random_state=self.seed,
        )
        model = UnlearnableLogisticRegression(
            **self.params, certification=certification
        )
        return model.fit(X, y).to_sklearn()

    def _retrained(self, X, y):
        """scikit-learn's, from nothing and from the model as it was."""
        answers = {}
        for name, start in ((RETRAINING, None), (WARM, tight_model(self.original))):
            refit = logistic_refit(
                X, y, self.solver, self.exact.tol, start, **self.params
            )
            seconds = refit.call.time()
            passes = int(refit.model.n_iter_[0]) + 1
            answers[name] = Answer(refit.model, seconds, passes * y.size)
        return answers

    def _sharded(self, X, y, new):
        fitted = self.sharded._fitted
        before = self.sharded.estimators_
        call = restoring(self.sharded, lambda model: model.replace_features(X, y, new))
        seconds = call.time()
        result, self.sharded._fitted = self.sharded._fitted, fitted
        model = ShardedClassifier(self.sharded.estimator)
        model._fitted = result
        trained = [m for m in model.estimators_ if all(m is not old for old in before)]
        share = self.scenario.train[1].size / _N_SHARDS
        gradients = sum(int(m.n_iter_[0]) + 1 for m in trained) * share
        return Answer(model, seconds, gradients)

    def _fine_tuned(self, request, start):
        """An epoch of stochastic gradient descent on the corrected data."""
        X, (_, y) = request.X, self.scenario.train
        squares = X.multiply(X) if hasattr(X, "multiply") else X * X
        top = 0.25 * float(np.max(squares.sum(axis=1)))
        penalty = 1.0 / (self.params["C"] * y.size)

        def tuned(rate):
            model = SGDClassifier(
                loss="log_loss",
                alpha=penalty,
                fit_intercept=False,
                max_iter=1,
                tol=None,
                learning_rate="constant",
                eta0=rate / top,
                random_state=self.seed + request.draw,
            )
            begin = start.copy()  # it is changed in place
            seconds, _ = timed(lambda: model.fit(X, y, coef_init=begin))
            return Answer(self._model(model), seconds, y.size)

        return self._best(request, map(tuned, RATES))

    def _closed_forms(self, request, X, y, new):
        """First and second order, with the Hessian as it was and as it should be."""
        state, theta = self.state, self.state.theta
        weight = np.ones(y.size)
        target = y[:, None].astype(np.float64)
        before, after = Rows(X, target, weight), Rows(new, target, weight)
        edit, n_gradients = Edit(before, after), 2 * y.size
        seconds, G = timed(lambda: edit.data_gradient(state.objective, theta))
        unit = 1.0 / state.factor.largest_eigenvalue
        steps = (theta - rate * unit * G for rate in RATES)
        first = (Answer(self._model(step.T), seconds, n_gradients) for step in steps)
        more, step = timed(lambda: state.solve(G))
        stale = self._model((theta - step).T)
        whole, result = timed(lambda: unlearn(state, edit))
        return {
            FIRST: self._best(request, first),
            STALE: Answer(stale, seconds + more, n_gradients),
            SECOND: Answer(self._model(result.state.theta.T), whole, n_gradients),
        }

    # Ours ---------------------------------------------------------------------------

    def _ours(self, model, verb):
        fitted = model._fitted
        with gradients_counted() as counted:
            seconds, _ = timed(lambda: verb(model))
        answer = Answer(model.to_sklearn(), seconds, sum(counted))
        model._fitted = fitted
        return answer

    # Helpers ------------------------------------------------------------------------

    def _model(self, source):
        """scikit-learn's with these coefficients, or with those of another model."""
        model = LogisticRegression(**self.params)
        model.coef_ = np.array(getattr(source, "coef_", source))
        model.intercept_ = np.zeros(1)
        model.classes_ = self.original.classes_
        model.n_features_in_ = model.coef_.shape[1]
        return model

    def _best(self, request, answers):
        """That of the least residual."""
        return min(answers, key=lambda answer: self.residual(request, answer.model))

    def residual(self, request, model):
        """Of the gradient on the corrected data, at a linear model."""
        y = self.scenario.train[1]
        return gradient_residual_norm(model, request.X, y, objective=self.objective)


def timed(call):
    """Seconds, and the result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


@contextmanager
def gradients_counted():
    """A list of the numbers of rows whose gradients are evaluated while inside."""
    counted = []

    def counting(method):
        def call(objective, rows, theta):
            counted.append(rows.n_rows)
            return method(objective, rows, theta)

        return call

    names = ("data_gradient", "value_and_gradient")
    methods = {name: counting(getattr(Objective, name)) for name in names}
    with patch.multiple(Objective, **methods):
        yield counted
