"""Random and adversarial problems, and requests with the rows after each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.distance import Drift
from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.steps import StepResult, unlearn
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.problems import SINGLE, join, make_objective

#: What makes a problem hard, one at a time.
TROUBLES = (
    "none",
    "scales",
    "offsets",
    "leverage",
    "separable",
    "tiny penalty",
    "no penalty",
    "weights",
    "large penalty",
)
KINDS = (
    "logistic",
    "multinomial",
    "squared",
    "coupled_squared",
    "poisson",
    "tweedie",
    "gamma",
)
DEVIANCES = ("poisson", "tweedie", "gamma")
#: What leaves the columns as they are.
OF_ROWS = ("out", "in", "values", "relabel", "penalty")
VERBS = (
    "out",
    "in",
    "values",
    "relabel",
    "drop",
    "mixed",
    "penalty",
    "map",
    "singular map",
    "copied column",
)


@dataclass(frozen=True)
class Visit:
    """A state that a request led to, without data.

    ``raw`` has the raw predictions at which the weights of the rows in H were taken.
    """

    verb: str
    before: State
    edit: Edit
    step: StepResult
    state: State
    drift: Drift
    rows: Rows
    raw: np.ndarray

    @property
    def claimed(self):
        """The state, its drift, and what they are claims about."""
        return self.state, self.drift, self.rows, self.raw


def make(rng, kind, trouble, n_rows, n_columns, *, intercept, C) -> tuple:
    """An objective and its rows; rows up to ``n_outputs + 2`` hold every class."""
    X = rng.standard_normal((n_rows, n_columns))
    strength = rng.uniform(0.2, 1.5)
    if trouble == "scales":
        X *= 10.0 ** rng.uniform(-3, 3, n_columns)
    elif trouble == "offsets":
        X += rng.standard_normal(n_columns) * 10.0 ** rng.uniform(0, 3)
    elif trouble == "leverage":
        X[rng.integers(8, n_rows, 4)] *= 10.0 ** rng.uniform(0, 3)
    elif trouble == "separable":
        strength, C = 30.0, 10.0 ** rng.uniform(0, 4)
    elif trouble == "tiny penalty":
        C = 10.0 ** rng.uniform(3, 9)
    elif trouble == "no penalty":
        C = np.inf
    elif trouble == "large penalty":
        C = 10.0 ** rng.uniform(-6, -2)
    if kind in DEVIANCES:
        strength = min(strength, 1.0)
    n_outputs = 1 if kind in SINGLE else 2
    if kind == "multinomial":
        n_outputs = int(rng.integers(3, 5))
    slopes = strength * rng.standard_normal((n_columns, n_outputs))
    raw = (X - X.mean(axis=0)) / X.std(axis=0) @ slopes
    if kind == "logistic":
        noise = rng.logistic(size=raw.shape) if trouble != "separable" else 0.0
        y = (raw + noise > 0.0).astype(float)
        y[:2, 0] = 0.0, 1.0
    elif kind == "multinomial":
        noise = rng.gumbel(size=raw.shape) if trouble != "separable" else 0.0
        y = (raw + noise).argmax(axis=1).astype(float)[:, None]
        y[:n_outputs, 0] = np.arange(n_outputs)
    elif kind in DEVIANCES:
        y = np.exp(raw) * rng.gamma(2.0, 0.5, raw.shape)
        if kind == "poisson":
            y = np.round(y)
        y[0] = 1.0
    else:
        y = raw + rng.standard_normal(raw.shape)
    weight = rng.uniform(0.5, 2.0, n_rows)
    if trouble == "weights":
        weight = 10.0 ** rng.uniform(-4, 4, n_rows)
    objective = make_objective(
        kind, n_columns, n_outputs=n_outputs, intercept=intercept, penalty=1.0 / C
    )
    return objective, Rows(X, y, weight)


def random_problem(rng, trouble, n_rows=(60, 300)) -> tuple:
    # exponentials of far rows overflow in any precision
    far = trouble in ("scales", "offsets", "leverage", "separable")
    kinds = [kind for kind in KINDS if not (far and kind in DEVIANCES)]
    kind = str(rng.choice(kinds))
    return make(
        rng,
        kind,
        trouble,
        int(rng.integers(*n_rows)),
        int(rng.integers(2, 9)),
        intercept=bool(rng.integers(2)),
        C=10.0 ** rng.uniform(-1.5, 1.5),
    )


def begin(objective, rows, *, exact=True) -> tuple[State, Drift]:
    state = fit(objective, rows, tol=1e-9, max_iter=100).state
    return state, measured(state, rows, exact=exact, alone=exact)


def request(rng, verb, state, rows, n_rows=3) -> tuple[Edit, Rows] | None:
    """An edit and the rows after it; None where it cannot be made."""
    objective = state.objective
    first = objective.shape[1] + 2
    out = rng.choice(
        np.arange(first, rows.n_rows), int(rng.integers(1, n_rows + 1)), replace=False
    )
    leaving = rows.take(out)
    rest = rows.take(np.setdiff1d(np.arange(rows.n_rows), out))
    if verb == "out":
        return Edit(rows_out=leaving), rest
    if verb == "in":
        coming = replace(leaving, X=leaving.X * rng.uniform(0.5, 1.5))
        return Edit(rows_in=coming), join(rows, coming)
    if verb == "values":
        shift = rng.standard_normal(leaving.X.shape) * rows.X.std(axis=0)
        coming = replace(leaving, X=leaving.X + shift)
        return Edit(rows_out=leaving, rows_in=coming), join(rest, coming)
    if verb == "relabel":
        y = rows.y[rng.integers(0, rows.n_rows, out.size)]
        coming = replace(leaving, y=y)
        edit = Edit(rows_out=leaving, rows_in=coming, same_features=True)
        return edit, join(rest, coming)
    if verb == "penalty":
        factor = 10.0 ** rng.uniform(-1, 1)
        return Edit(penalty=objective.penalty * factor), rows
    if verb == "drop":
        columns = _one_column(rng, objective)
        edit = Edit(feature_map=DropColumns(columns))
        return (edit, rows) if columns.any() else None
    if verb == "mixed":
        columns = _one_column(rng, objective)
        coming = replace(leaving, X=leaving.X * rng.uniform(0.5, 1.5))
        edit = Edit(
            rows_out=leaving,
            rows_in=coming,
            feature_map=DropColumns(columns),
            penalty=objective.penalty * 2,
        )
        return (edit, join(rest, coming)) if columns.any() else None
    return _mapped(rng, verb, objective, rows)


def _one_column(rng, objective):
    """One column in use, none if there are fewer than three."""
    last = objective.shape[0] - objective.fit_intercept
    alive = np.flatnonzero(~objective.forgotten[:last])
    columns = np.zeros(objective.shape[0], dtype=bool)
    if alive.size > 2:
        columns[rng.choice(alive)] = True
    return columns


def _mapped(rng, verb, objective, rows):
    """A linear map of the columns in use that leaves the intercept's one."""
    d = objective.shape[0] - objective.fit_intercept
    alive = ~objective.forgotten[:d]
    if verb == "map":
        inner = np.eye(d) + 0.3 * rng.standard_normal((d, d))
    elif verb == "singular map":
        inner = rng.standard_normal((max(d - 1, 1), d)) / np.sqrt(d)
    else:
        inner = np.vstack([np.eye(d), np.eye(d)[-1:]])
    used = np.flatnonzero(alive)
    if verb == "map" and used.size < d:
        return None  # forgotten columns leave fewer dimensions than columns
    inner = inner * alive
    new = inner.shape[0]
    shift = 0.3 * rng.standard_normal(new) if verb == "map" else np.zeros(new)
    T, X = inner, rows.X @ inner.T
    if objective.fit_intercept:
        T = np.block([[inner, shift[:, None]], [np.zeros((1, d)), np.ones((1, 1))]])
        X = X + shift
    penalty = np.repeat(objective.penalty[used[:1]], T.shape[0], axis=0)
    if objective.fit_intercept:
        penalty[-1] = objective.penalty[-1]
    edit = Edit(
        feature_map=LinearMap(T), penalty=penalty, linear=np.zeros(penalty.shape)
    )
    return edit, Rows(X, rows.y, rows.weight)


def _weighed_at(raw, state, edit, rows):
    """``raw`` of `Visit` after an edit; rows that come are the last."""
    loss, leaving, coming = state.objective.loss, edit.rows_out, edit.rows_in
    kept = np.ones(rows.n_rows, dtype=bool)
    new = raw[:0]
    if leaving is not None:
        pairs = [
            (x.tobytes(), y.tobytes()) for x, y in zip(rows.X, rows.y, strict=True)
        ]
        out = [
            pairs.index((x.tobytes(), y.tobytes()))
            for x, y in zip(leaving.X, leaving.y, strict=True)
        ]
        kept[out] = False
    if coming is not None:
        new = state.objective.raw_prediction(coming.X, state.anchor)
        if edit.same_features and not loss.curvature_uses_target:
            new = raw[out]  # H stays as it is
    return np.concatenate([raw[kept], new])


def walk(rng, state, drift, rows, n_requests, first_order=0.2, verbs=VERBS):
    """Requests one after another, each without data."""
    raw = state.objective.raw_prediction(rows.X, state.anchor)
    for _ in range(n_requests):
        verb = str(rng.choice(verbs))
        made = request(rng, verb, state, rows)
        if made is None:
            continue
        edit, after = made
        rate = None
        if rng.random() < first_order and "map" not in verb and "column" not in verb:
            rate = rng.uniform(0.1, 1.9) / state.factor.largest_eigenvalue
        try:
            step = unlearn(state, edit, rate)
        except NotPositiveDefiniteError:
            return
        drift = stepped(drift, state, edit, step)
        raw = _weighed_at(raw, state, edit, rows)
        yield Visit(verb, state, edit, step, step.state, drift, after, raw)
        state, rows = step.state, after
