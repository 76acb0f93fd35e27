"""Certified distances in hostile states, against every refit that they speak of.

Lineages of small, badly conditioned problems: rows sorted, weights and columns of mixed
size, several outputs, rows that contradict all others; copied, pickled or reordered
between requests. After each publication the stated distance is compared with those to
the package's own fit, to scikit-learn's at a tolerance of 1e-13, and to the refit that
stops as far off as the certificate lets it.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

import numpy as np
import scipy.sparse as sp
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
)
from threadpoolctl import threadpool_limits

from benchmarks.measure import Table
from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import UnlearningError

#: Our class, scikit-learn's at its most exact, and the targets.
KINDS = {
    "logistic": (
        UnlearnableLogisticRegression,
        lambda C, **kw: LogisticRegression(
            C=C, solver="newton-cholesky", tol=1e-13, max_iter=40, **kw
        ),
        "two",
    ),
    "softmax": (
        UnlearnableLogisticRegression,
        lambda C, **kw: LogisticRegression(
            C=C, solver="newton-cholesky", tol=1e-13, max_iter=40, **kw
        ),
        "three",
    ),
    "ridge": (UnlearnableRidge, Ridge, "number"),
    "ridge, 3 targets": (UnlearnableRidge, Ridge, "numbers"),
    "ridge, 3 classes": (UnlearnableRidgeClassifier, RidgeClassifier, "three"),
    "poisson": (
        UnlearnablePoissonRegressor,
        lambda alpha, **kw: PoissonRegressor(
            alpha=alpha, solver="newton-cholesky", tol=1e-13, max_iter=40, **kw
        ),
        "count",
    ),
}
#: Each has two or three states.
_LINEAGES = 7_500
COPIES = ("none", "pickle", "deepcopy", "reordered")
REQUESTS = ("remove", "contradictions", "add", "relabel", "correct", "column", "refine")
REFITS = ("own", "scikit-learn", "farthest")


@dataclass
class Found:
    """What a kind of model came to."""

    states: int = 0
    violations: int = 0
    refused: int = 0
    compared: Counter = field(default_factory=Counter)
    smallest: dict = field(default_factory=lambda: dict.fromkeys(REFITS, np.inf))
    copies: Counter = field(default_factory=Counter)

    def add(self, other):
        """Count what another part of the seeds came to as well."""
        self.states += other.states
        self.violations += other.violations
        self.refused += other.refused
        self.compared += other.compared
        self.copies += other.copies
        for refit, smallest in other.smallest.items():
            self.smallest[refit] = min(self.smallest[refit], smallest)

    def compare(self, refit, stated, true):
        """Note a stated distance beside a true one."""
        self.compared[refit] += 1
        self.violations += not true <= stated
        if true > 0.0:
            self.smallest[refit] = min(self.smallest[refit], stated / true)


@dataclass
class Rows:
    """Data as they should be now."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.weight[rows])

    def given(self, rows):
        """As the verbs take them."""
        part = self.take(rows)
        return part.X, part.y, part.weight


def problem(kind, rng):
    """Rows of a kind of model, the first of which contradict the others."""
    n_rows, n_columns = int(rng.integers(12, 90)), int(rng.integers(1, 6))
    X = rng.normal(size=(n_rows, n_columns))
    if rng.random() < 0.3:  # nearly dependent columns
        X[:, -1] = X[:, 0] + 10.0 ** rng.uniform(-6, -1) * X[:, -1]
    raw = 10.0 ** rng.uniform(-0.5, 0.5) * X @ rng.normal(size=(n_columns, 3))
    raw += rng.choice([0.0, 0.3, 2.0]) * rng.normal(size=raw.shape)
    targets = KINDS[kind][2]
    if targets == "two":
        y = (raw[:, 0] > 0.0).astype(float)
        y[:4] = 1.0 - y[:4]
        y[-2:] = [0.0, 1.0]
    elif targets == "three":
        y = raw.argmax(axis=1)
        y[:4] = (y[:4] + 1) % 3
        y[-6:] = [0, 1, 2, 0, 1, 2]
    elif targets == "count":
        y = rng.poisson(np.exp(np.clip(raw[:, 0], -3.0, 3.0))).astype(float)
        y[:4] += 10.0
        y[-1] += 1.0
    else:
        y = raw * 10.0 ** rng.uniform(-3, 3)
        y[:4] *= -10.0
        y = y[:, 0] if targets == "number" else y
    if rng.random() < 0.4:
        X *= 10.0 ** rng.uniform(-2, 2, size=n_columns)
    weight = np.ones(n_rows)
    if rng.random() < 0.6:
        weight = 10.0 ** rng.uniform(-3, 3, size=n_rows)
    order = rng.permutation(n_rows)
    if rng.random() < 0.5:
        by = y if y.ndim == 1 else y[:, 0]
        order = np.argsort(by if rng.random() < 0.5 else X[:, 0])
    return Rows(X, y, weight).take(order)


def lineage(kind, seed, found, max_requests=4):
    """Play one lineage, and compare each of its states."""
    rng = np.random.default_rng(seed)
    cls = KINDS[kind][0]
    rows = problem(kind, rng)
    strength = 10.0 ** rng.uniform(-2, 2)
    params = {"C": strength} if "C" in cls().get_params() else {"alpha": strength}
    params["fit_intercept"] = bool(rng.random() < 0.6)
    tol = 10.0 ** rng.choice([-10, -8, -5, -2])
    retain = bool(rng.random() < 0.6)
    certification = GaussianCertification(1.0, 1e-5, 1e100, n_publications=None)
    model = cls(
        **params, tol=tol, retain_data=retain, max_iter=300, certification=certification
    )
    as_format = sp.csr_array if rng.random() < 0.25 else np.asarray
    try:
        model.fit(as_format(rows.X), rows.y, rows.weight)
    except UnlearningError:
        found.refused += 1
        return
    compared(kind, model, rows, params, tol, found, rng)
    for _ in range(int(rng.integers(1, max_requests + 1))):
        how = rng.choice(COPIES)
        found.copies[str(how)] += 1
        model = copied(how, model, rng)
        request = rng.choice(REQUESTS)
        before = model.private_record().publication
        try:
            rows = asked(request, model, rows, rng)
        except (UnlearningError, ValueError):
            found.refused += 1
            continue
        if model.private_record().publication > before:
            compared(kind, model, rows, params, tol, found, rng)


def copied(how, model, rng):
    """A copy of a model, or the same with its rows in another order."""
    if how == "pickle":
        return pickle.loads(pickle.dumps(model))
    if how == "deepcopy":
        return copy.deepcopy(model)
    retained = model._fitted.model.retained
    if how == "reordered" and retained is not None:
        moved = retained.take(rng.permutation(retained.n_rows))
        moved = RetainedRows.of(moved.weighted(), None, retained.forgotten)
        inner = replace(model._fitted.model, retained=moved)
        model._fitted = replace(model._fitted, model=inner)
    return model


def asked(request, model, rows, rng):
    """The rows after a request."""
    n_rows = len(rows.y)
    few = rng.choice(n_rows, size=min(int(rng.integers(1, 4)), n_rows), replace=False)
    if request == "refine":
        order = rng.permutation(n_rows)
        model.refine(*rows.given(order))
        return rows
    if request == "column":
        column = int(rng.integers(rows.X.shape[1]))
        model.forget_features([column])
        return replace(rows, X=rows.X * (np.arange(rows.X.shape[1]) != column))
    if request in ("remove", "contradictions"):
        if request == "contradictions":
            wrong = model.predict(rows.X) - rows.y
            wrong = np.abs(wrong).reshape(n_rows, -1).max(axis=1)
            few = np.argsort(wrong)[-few.size :]
        model.partial_unfit(*rows.given(few))
        return rows.take(np.setdiff1d(np.arange(n_rows), few))
    if request == "add":
        new = rows.take(few)
        new.X = new.X * rng.choice([-1.0, 0.9, 3.0])
        model.partial_fit(new.X, new.y, sample_weight=new.weight)
        return Rows(
            np.r_[rows.X, new.X], np.r_[rows.y, new.y], np.r_[rows.weight, new.weight]
        )
    if request == "relabel":
        y = rows.y.copy()
        y[few] = y[rng.permutation(n_rows)[: few.size]]
        X, old, weight = rows.given(few)
        model.replace_labels(X, old, y[few], sample_weight=weight)
        return replace(rows, y=y)
    X = rows.X.copy()
    X[few] *= rng.choice([0.5, 1.1, -2.0])
    old, y, weight = rows.given(few)
    model.replace_features(old, y, X[few], sample_weight=weight)
    return replace(rows, X=X)


def compared(kind, model, rows, params, tol, found, rng):
    """Compare a state with the three refits."""
    record = model.private_record()
    if not np.isfinite(record.distance):
        return
    found.states += 1
    alive = ~model._fitted.model.state.objective.forgotten
    mine = model._fitted.model.state.theta[alive]
    stays = ~model._fitted.model.forgotten
    if not stays.any():
        return
    order = rng.permutation(len(rows.y))
    if rng.random() < 0.5:
        order = np.argsort(rows.y if rows.y.ndim == 1 else rows.y[:, 0])
    now = rows.take(order)
    now.X = now.X[:, stays]
    cls, twin, _ = KINDS[kind]
    stated = record.distance

    def fitted(tol):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                refit = cls(**params, tol=tol, max_iter=300, retain_data=True)
                return refit.fit(now.X, now.y, now.weight)
            except (ConvergenceWarning, UnlearningError):
                return None

    own, tight = fitted(tol), fitted(1e-13)
    if own is not None:
        theta = own._fitted.model.state.theta
        found.compare("own", stated, _length(mine - theta))
    if tight is None:
        return
    state = tight._fitted.model.state
    read = tight._read_rows(tight._fitted, now.X, now.y, now.weight)
    theirs = _theta(twin, params, now)
    if theirs is not None and theirs.shape == mine.shape:
        if kind == "softmax":  # a shift of all classes, by rounding, is off the gauge
            theirs = theirs - theirs.mean(axis=1, keepdims=True)
        # the refits that are spoken of end with a small gradient: not all of theirs do
        gradient = _length(state.objective.gradient(read, theirs))
        if gradient <= record.refit_gradient_norm:
            found.compare("scikit-learn", stated, _length(mine - theirs))
    found_off = _farthest(state, read, mine, tol)
    if found_off is not None:
        found.compare("farthest", stated, _length(mine - found_off))


def _theta(twin, params, rows):
    """Coefficients of scikit-learn's fit; None if it fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = twin(**params).fit(rows.X, rows.y, sample_weight=rows.weight)
        except (ValueError, np.linalg.LinAlgError):
            return None
    theta = np.atleast_2d(model.coef_).T
    if params["fit_intercept"]:
        one = np.broadcast_to(model.intercept_, theta.shape[1])
        theta = np.vstack([theta, one])
    return theta if np.all(np.isfinite(theta)) else None


def _farthest(state, rows, mine, tol):
    """The point with the gradient norm of the tolerance on the flattest way off."""
    objective = state.objective
    values, vectors = np.linalg.eigh(state.factor.folded().matrix(), UPLO="L")
    if not values[0] > 0.0:
        return None
    packed = np.zeros_like(objective.pack(state.theta))
    packed[:, 0] = vectors[:, 0] / values[0]
    units = Units.of(objective.loss, rows)
    off = objective.unpack(packed)
    off *= 0.99 * tol / units.norm(objective.unpack(packed * values[0]))
    off *= -1.0 if np.vdot(off, mine - state.theta) > 0.0 else 1.0
    stopped = state.theta + off
    within = units.norm(objective.gradient(rows, stopped)) <= tol
    return stopped if within else None


def _length(vector):
    return float(np.linalg.norm(vector))


def played(seeds):
    """Lineages of these seeds, of all kinds in turn: what each kind came to."""
    found = {kind: Found() for kind in KINDS}
    quick = config_context(assume_finite=True, skip_parameter_validation=True)
    # threads would wait for one another longer than such small problems take
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        threadpool_limits(1),
        quick,
    ):
        warnings.simplefilter("ignore")
        for seed in seeds:
            kind = list(KINDS)[seed % len(KINDS)]
            lineage(kind, seed, found[kind])
    return found


def together(parts):
    """What several parts of the seeds came to."""
    whole = {kind: Found() for kind in KINDS}
    for part in parts:
        for kind, each in part.items():
            whole[kind].add(each)
    return whole


def run(settings):
    n_lineages = 120 if settings.quick else _LINEAGES
    seeds = [range(n, min(n + 60, n_lineages)) for n in range(0, n_lineages, 60)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return tabulated(together(pool.map(played, seeds)))


def tabulated(found):
    """The table of what was found."""
    n_states = sum(each.states for each in found.values())
    table = Table(f"Certified distances in {n_states:,} hostile states")
    for kind, each in found.items():
        table.add(
            model=kind,
            states=each.states,
            refused=each.refused,
            violations=each.violations,
            **{
                f"{refit}": f"{each.smallest[refit]:.4g} ({each.compared[refit]})"
                for refit in REFITS
            },
        )
    copies = sum((each.copies for each in found.values()), Counter())
    smallest = min(min(each.smallest.values()) for each in found.values())
    table.reach(
        "violations", sum(each.violations for each in found.values()), at_most=0
    )
    table.reach("smallest ratio of a stated to a true distance", smallest, at_least=1.0)
    table.notes.append(
        "Of each refit the smallest ratio of the stated distance to the true one, and "
        "how many states were compared: own, a fit of the package's at the tolerance "
        "of the model, on rows in another order; scikit-learn's, at 1e-13, where its "
        "gradient is one of which certificates speak; and the farthest, which stops at "
        "the tolerance on the flattest way off. Coefficients of scikit-learn's softmax "
        "are put back on the gauge, off which rounding moves all classes alike. Before "
        "requests the model was "
        + ", ".join(f"{how}: {count}" for how, count in sorted(copies.items()))
        + "."
    )
    return table
