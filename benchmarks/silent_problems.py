"""Small problems for the search for silent requests, and what is made of a request.

They are put to the core, a request in the third of the time: what an estimator adds are
checks of its input (``tests/linear_model/test_silent.py`` compares).
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from scipy.special import expit, softmax

from sklearn_unlearn import (
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.core.linear.doubt import DOUBTFUL
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.lengths import Lengths
from sklearn_unlearn.core.linear.model import REFUSED_CHANGE
from sklearn_unlearn.core.linear.refinement import refine
from sklearn_unlearn.core.linear.steps import LARGE_LOSS, unlearn, with_reach
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import UnlearningError

#: A model, the name of its penalty parameter, and what its targets are.
MODELS = {
    "logistic, two classes": (UnlearnableLogisticRegression, "C", 2),
    "logistic, three classes": (UnlearnableLogisticRegression, "C", 3),
    "Poisson": (UnlearnablePoissonRegressor, "alpha", "counts"),
    "gamma": (UnlearnableGammaRegressor, "alpha", "positive"),
    "Tweedie": (partial(UnlearnableTweedieRegressor, power=1.5), "alpha", "positive"),
    "LinearSVC, two classes": (UnlearnableLinearSVC, "C", 2),
    "LinearSVC, three classes": (UnlearnableLinearSVC, "C", 3),
    "LinearSVR": (partial(UnlearnableLinearSVR, epsilon=0.4), "C", "real"),
    "Huber": (UnlearnableHuberRegressor, "alpha", "real"),
}
#: The same with the bounds of many columns, or of many rows and columns.
KEPT = {
    "logistic, two classes, wide": ("logistic, two classes", "moments"),
    "logistic, three classes, wide": ("logistic, three classes", "moments"),
    "Poisson, wide": ("Poisson", "moments"),
    "logistic, two classes, large": ("logistic, two classes", "lengths"),
    "Poisson, large": ("Poisson", "lengths"),
    "LinearSVC, two classes, large": ("LinearSVC, two classes", "nearest"),
}
MODELS |= {name: MODELS[of] for name, (of, _) in KEPT.items()}
VERBS = (
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
)
#: Error of a prediction that is none to speak of.
SMALL = 0.01
_TOL, _MAX_ITER = 1e-8, 200


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, a model and a request."""

    model: str
    verb: str
    strength: float
    X: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray

    @property
    def edited(self):
        """Data after the request."""
        X, y, rows = self.X.copy(), self.y.copy(), self.rows
        if self.verb == "partial_unfit":
            return np.delete(X, rows, axis=0), np.delete(y, rows)
        if self.verb == "replace_features":
            X[rows] = self.X_new
        elif self.verb == "replace_labels":
            y[rows] = self.y_new
        elif self.verb == "forget_features":
            X[:, 0] = 0.0
        else:
            X, y = np.vstack([X, self.X_new]), np.concatenate([y, self.y_new])
        return X, y

    def has_data_of(self, other):
        """Whether nothing but the request is another."""
        same = self.X is other.X and self.y is other.y
        return same and self.strength == other.strength

    def carry_out(self, estimator):
        X, y = self.X[self.rows], self.y[self.rows]
        arguments = {
            "partial_unfit": (X, y),
            "replace_features": (X, y, self.X_new),
            "replace_labels": (X, y, self.y_new),
            "forget_features": ([0],),
            "partial_fit": (self.X_new, self.y_new),
        }[self.verb]
        getattr(estimator, self.verb)(*arguments)

    def make(self):
        cls, name, _ = MODELS[self.model]
        return cls(**{name: self.strength})

    def objective(self, n_rows):
        """That of the estimator, with so many rows."""
        p, template = self.X.shape[1] + 1, _template(self.model)
        first, last = template.penalty[:1], template.penalty[-1:]
        penalty = np.vstack([np.repeat(first, p - 1, axis=0), last])
        penalty *= (
            1.0 / self.strength if MODELS[self.model][1] == "C" else self.strength
        )
        if MODELS[self.model][2] in ("counts", "positive"):
            penalty *= n_rows / _N_ROWS
        held = np.vstack(
            [np.repeat(template.held[:1], p - 1, axis=0), template.held[-1:]]
        )
        linear = np.zeros_like(penalty)
        return replace(template, penalty=penalty, linear=linear, held=held)

    def rows_of(self, X, y):
        """Rows as the core reads them."""
        loss, y = _template(self.model).loss, y.astype(float)[:, None]
        if getattr(loss, "jump", None) and MODELS[self.model][2] in (2, 3):
            n_outputs = _template(self.model).shape[1]
            positive = y == np.arange(n_outputs) if n_outputs > 1 else y == 1.0
            y = np.where(positive, 1.0, -1.0)
        return Rows(X, y, np.ones(len(X)))

    def edit(self):
        """The request as the core reads it."""
        penalty = self.objective(len(self.edited[0])).penalty
        out = self.rows_of(self.X[self.rows], self.y[self.rows])
        edit = Edit(penalty=penalty)
        if self.verb == "forget_features":
            gone = np.arange(self.X.shape[1] + 1) == 0
            return replace(edit, feature_map=DropColumns(gone))
        if self.verb == "partial_unfit":
            return replace(edit, rows_out=out)
        if self.verb == "replace_features":
            coming = self.rows_of(self.X_new, self.y[self.rows])
            return replace(edit, rows_out=out, rows_in=coming)
        if self.verb == "replace_labels":
            coming = self.rows_of(self.X[self.rows], self.y_new)
            return replace(edit, rows_out=out, rows_in=coming, same_features=True)
        return replace(edit, rows_in=self.rows_of(self.X_new, self.y_new))


_N_ROWS = 12


@lru_cache
def _template(model):
    """The objective of a model of strength one, of a few rows."""
    cls, name, kind = MODELS[model]
    y = np.arange(_N_ROWS) % kind if isinstance(kind, int) else 1.0 + np.arange(12) % 5
    X = np.random.default_rng(0).standard_normal((_N_ROWS, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(**{name: 1.0}).fit(X, y)._fitted.model.state.objective


@dataclass(frozen=True)
class Verdict:
    """Against doing nothing: gradient residual, and largest error of a prediction."""

    residual: float
    error: float
    error_of_none: float

    @property
    def ratio(self):
        """The larger of the two, over those of doing nothing."""
        return max(self.residual, self.error / max(self.error_of_none, 1e-12))

    @property
    def is_worse(self):
        """Whether it is, and its predictions are off by what can be seen."""
        return self.ratio > 1.0 and self.error > SMALL

    @property
    def is_little_worse(self):
        """Whether it is, by what hardly anybody sees."""
        return self.ratio > 1.0 and 1e-5 < self.error <= SMALL

    @property
    def score(self):
        """What is climbed."""
        return self.ratio * min(1.0, self.error / SMALL)


def judged(problem, doubtful=DOUBTFUL, start=None):
    """The verdict on a request; None if it warns, is refused or cannot be judged.

    It warns where more than ``doubtful`` may be left of what it takes away; ``start``
    has coefficients near those of the fit.
    """
    before = fitted(problem, start)
    return None if before is None else verdict(problem, before, doubtful)


def fitted(problem, start=None):
    """The state after the fit, with all bounds; None where it does not converge."""
    state = fitted_alone(problem, start)
    return None if state is None else with_bounds(problem, state)


def fitted_alone(problem, start=None):
    """The same without bounds."""
    rows = problem.rows_of(problem.X, problem.y)
    objective = problem.objective(len(problem.X))
    with np.errstate(all="ignore"):
        try:
            found = fit(objective, rows, tol=_TOL, max_iter=_MAX_ITER, start=start)
        except (UnlearningError, ValueError):
            return None
    return found.state if found.converged else None


def with_bounds(problem, state):
    """The state of a fit with the bounds that a model of this name keeps."""
    rows = problem.rows_of(problem.X, problem.y)
    with np.errstate(all="ignore"):
        return _judging(problem.model, state, rows)


def _judging(model, state, rows):
    state, kept = with_reach(state, rows), KEPT.get(model, (None, "all"))[1]
    of, reach = (state.objective, state.factor, rows, state.anchor), state.reach
    if kept == "all":
        return state
    if kept == "nearest":
        return replace(state, reach=replace(reach, margins=_nearest(reach.margins)))
    lengths = Lengths.of(of[0], of[1].data_diagonal, reach.columns, rows)
    reach = replace(reach, powers=None, curved=None, lengths=lengths)
    if kept == "moments":
        reach = replace(reach, fourth=FourthMoments.of(*of))
    return replace(state, reach=reach)


def _nearest(margins):
    """As if rows were too many for the sums of all."""
    few = margins.edges.size // 2
    sums = np.where(np.arange(margins.edges.size)[:, None] < few, margins.sums, 0.0)
    return replace(margins, sums=sums, end=float(margins.edges[few]), far=())


def verdict(problem, before, doubtful=DOUBTFUL):
    """That on a request to a fitted state."""
    step = _step(problem, before)
    if step is None or not step.doubt <= doubtful:
        return None
    return _compared(problem, before, step)


def verdict_aside(problem, before):
    """The same whether or not it warns: soon known, without the bounds."""
    before = replace(before, reach=None)
    step = _step(problem, before)
    return None if step is None else _compared(problem, before, step)


def is_silent(problem, before):
    """Whether a request does not warn."""
    step = _step(problem, before)
    return step is not None and step.doubt <= DOUBTFUL


def _step(problem, before):
    """What the request does; None where it is refused, or warns of lost digits."""
    edit = problem.edit()
    about_rows = isinstance(edit.feature_map, Identity)
    limit = REFUSED_CHANGE if about_rows else sys.float_info.max
    with np.errstate(all="ignore"):
        try:
            step = unlearn(before, edit)
        except UnlearningError:
            return None
    small = step.remaining_change <= limit and step.lost <= LARGE_LOSS
    return step if small else None


def _compared(problem, before, step):
    with np.errstate(all="ignore"):
        rows = problem.rows_of(*problem.edited)
        refit = _refit(problem, step.state, rows)
    if refit is None:
        return None
    objective = step.state.objective
    still = np.where(objective.held, 0.0, before.theta)
    residuals = [
        float(np.linalg.norm(objective.gradient(rows, theta)))
        for theta in (step.state.theta, still)
    ]
    answers = [
        _answers(objective, rows, theta) for theta in (step.state.theta, still, refit)
    ]
    errors = [float(np.abs(answer - answers[2]).max()) for answer in answers[:2]]
    return Verdict(residuals[0] / max(residuals[1], 1e-9), *errors)


def _refit(problem, state, rows):
    """Coefficients of the refit, sought from those after the step."""
    try:
        found = refine(state, rows, tol=_TOL, max_iter=_MAX_ITER)
        if not found.converged:
            objective = state.objective
            found = fit(objective, rows, tol=_TOL, max_iter=_MAX_ITER)
    except (UnlearningError, ValueError):
        return None
    return found.state.theta if found.converged else None


def _answers(objective, rows, theta):
    """Probabilities, or raw predictions in units that make them about one."""
    raw = objective.raw_prediction(rows.X, theta)
    if objective.loss.self_concordance and objective.loss.max_curvature < np.inf:
        return expit(raw) if raw.shape[1] == 1 else softmax(raw, axis=1)
    if objective.loss.has_scale:
        return raw[:, :1] / max(float(np.std(rows.y)), 1e-12)
    return raw
