"""What is known of rows that nobody sees bounds what a step does to their gradient."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.fourth_powers import FourthPowers
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.steps import unlearn, with_reach
from sklearn_unlearn.core.losses.margin import SquaredEpsilonInsensitive, SquaredHinge
from sklearn_unlearn.core.rows import Rows
from tests.core.edit_problems import make_edit
from tests.core.problems import (
    Problem,
    design,
    edited,
    fitted,
    make_problem,
    make_rows,
)

MARGINS = {
    "hinge": SquaredHinge(np.ones(1), 0.7),
    "hinges": SquaredHinge(np.array([1.0, 0.5, 2.0])),
    "insensitive": SquaredEpsilonInsensitive(0.3),
}
CURVED = ["logistic", "multinomial", "poisson", "tweedie", "gamma"]
kinds = pytest.mark.parametrize("kind", [*CURVED, *MARGINS])


def problem_of(kind, n_rows=80, n_columns=4):
    """A problem of which one row is large."""
    if kind in MARGINS:
        loss = MARGINS[kind]
        n_outputs = 3 if kind == "hinges" else 1
        rows = make_rows(
            "squared",
            n_rows,
            n_columns,
            np.random.default_rng(5),
            n_outputs=n_outputs,
        )
        y = np.where(rows.y > 0.0, 1.0, -1.0) if kind != "insensitive" else rows.y
        shape = (n_columns + 1, n_outputs)
        objective = Objective(
            loss, True, np.full(shape, 0.7), np.zeros(shape), np.zeros(shape, bool)
        )
        problem = Problem(objective, replace(rows, y=y))
    else:
        problem = make_problem(kind, n_rows=n_rows, n_columns=n_columns)
    X = problem.rows.X.copy()
    X[7] *= 5.0
    return replace(problem, rows=replace(problem.rows, X=X))


def state_of(problem):
    return with_reach(fitted(problem, tol=1e-9), problem.rows)


def length(factor, objective, gradient):
    packed = objective.pack(gradient)
    return float(np.sqrt(np.vdot(packed, factor.solve(packed))))


def bent(state, rows, lag, moved):
    """How far the gradient really is from that of the quadratic model."""
    objective, start = state.objective, state.anchor + lag
    left = objective.gradient(rows, start + moved) - objective.gradient(rows, start)
    model = objective.unpack(
        state.factor.curvature_dot(objective.pack(moved))
        + state.factor.penalty[:, None] * objective.pack(moved)
    )
    wrong = left - model
    wrong[objective.held] = 0.0
    return length(state.factor, objective, wrong)


def ways(state, seed=0):
    """Changes of all sizes, of a kind that the loss can see."""
    rng, objective = np.random.default_rng(seed), state.objective
    for size in (0.01, 0.1, 0.3, 1.0):
        way = size * rng.standard_normal(objective.shape)
        if objective.loss.shift_invariant:
            way -= way.mean(axis=1, keepdims=True)
        way[objective.held] = 0.0
        yield way


def assert_bounded(state, rows, tight=np.inf):
    reach, objective = state.reach, state.objective
    zero = np.zeros(objective.shape)
    for moved, lag in zip(ways(state), ways(state, 1), strict=True):
        for behind in (zero, lag):
            found = reach.bend(objective, state.factor, behind, moved)
            true = bent(state, rows, behind, moved)
            assert true <= found * (1.0 + 1e-9) + 1e-9
        change = np.abs(design(objective, rows.X) @ moved).max()
        assert change <= reach.largest_change(moved) * (1.0 + 1e-12)
    small = next(iter(ways(state)))
    found = reach.bend(objective, state.factor, zero, small)
    assert found <= tight * bent(state, rows, zero, small)


@kinds
def test_no_step_bends_the_gradient_by_more(kind):
    problem = problem_of(kind)
    state = state_of(problem)
    tight = {"hinge": np.inf, "hinges": np.inf, "insensitive": np.inf}.get(kind, 12.0)
    assert_bounded(state, problem.rows, tight)


@pytest.mark.parametrize("kind", ["logistic", "multinomial", "poisson", "hinge"])
def test_nor_of_many_columns(kind):
    problem = problem_of(kind, n_rows=150, n_columns=34)
    state = state_of(problem)
    assert state.reach.powers is None
    assert (state.reach.fourth is None) == (kind in MARGINS)
    assert_bounded(state, problem.rows)
    # and of many rows for so many columns
    few = replace(state, reach=replace(state.reach, fourth=None, margins=()))
    assert_bounded(few, problem.rows)


@kinds
@pytest.mark.parametrize("name", ["out", "in", "replaced", "relabelled", "reweighted"])
def test_nor_after_rows_came_and_left(kind, name):
    problem = problem_of(kind)
    edit, out = make_edit(problem, name), np.array([0, 3, 4])
    if name == "in":
        out = out[:0]
    rows = edited(problem.rows, edit, out)
    state = unlearn(state_of(problem), edit).state
    assert_bounded(state, rows)


@kinds
def test_nor_after_columns_were_forgotten(kind):
    problem = problem_of(kind)
    columns = np.arange(5) == 1
    state = unlearn(state_of(problem), Edit(feature_map=DropColumns(columns))).state
    assert state.reach.blur > 0.0
    assert_bounded(state, problem.rows)
    out = Edit(rows_out=problem.rows.take(np.array([0, 3])))
    later = unlearn(state, out).state
    assert later.reach.curved is None
    assert not later.reach.margins
    assert_bounded(later, edited(problem.rows, out, np.array([0, 3])))


@kinds
def test_nor_after_a_map(kind):
    problem = problem_of(kind)
    old = state_of(problem)
    map_ = np.diag([1.1, 0.9, 1.05, 1.0, 1.0])
    map_[:4, 4] = 0.1, -0.2, 0.05, 0.3
    edit = Edit(
        feature_map=LinearMap(map_),
        penalty=old.objective.penalty,
        linear=old.objective.linear,
    )
    state = unlearn(old, edit).state
    X = (design(problem.objective, problem.rows.X) @ map_.T)[:, :4]
    assert state.reach.blur == 0.0
    assert_bounded(state, replace(problem.rows, X=X))


def test_nor_after_a_map_of_many_columns():
    problem = problem_of("logistic", n_rows=150, n_columns=34)
    old = state_of(problem)
    map_ = np.eye(35) * np.linspace(0.9, 1.1, 35)[:, None]
    map_[:-1, -1] = 0.05
    map_[-1] = np.arange(35) == 34
    edit = Edit(
        feature_map=LinearMap(map_),
        penalty=old.objective.penalty,
        linear=old.objective.linear,
    )
    state = unlearn(old, edit).state
    X = (design(problem.objective, problem.rows.X) @ map_.T)[:, :-1]
    assert_bounded(state, replace(problem.rows, X=X))


@kinds
@pytest.mark.parametrize("rate", [None, 1e-3])
def test_what_is_not_in_doubt_leaves_less_than_there_was(kind, rate):
    problem = problem_of(kind)
    objective = problem.objective
    seen = 0
    for share in (0.02, 0.1, 0.5, 1.0):
        for name in ("out", "in", "replaced", "drop"):
            rows = problem.rows
            if name == "drop":
                # a column that matters less and less
                X = rows.X * np.where(np.arange(4) == 1, share, 1.0)
                rows = replace(rows, X=X)
                edit = Edit(feature_map=DropColumns(np.arange(5) == 1))
                state = with_reach(
                    fit(objective, rows, tol=1e-9, max_iter=99).state, rows
                )
                change = None
            else:
                edit = make_edit(problem, name)
                edit = replace(
                    edit,
                    rows_in=weighed(edit.rows_in, share),
                    rows_out=weighed(edit.rows_out, share),
                )
                state, change = state_of(problem), edit
            step = unlearn(state, edit, rate)
            new, lengths = step.state.objective, []
            still = np.where(new.held, 0.0, state.theta)
            for theta in (still, step.state.theta):
                gradient = new.gradient(rows, theta)
                if change is not None:
                    gradient = gradient + edit.data_gradient(objective, theta)
                lengths.append(length(step.state.factor, new, gradient))
            if not step.doubt < 0.5:
                continue
            seen += 1
            most = step.doubt / (1.0 - step.doubt) if name == "drop" else step.doubt
            if rate is None and step.doubt > 0.0:
                assert lengths[1] <= most * lengths[0] + 1e-7
            assert lengths[1] <= lengths[0] + 1e-7
    assert seen >= 4


def weighed(rows, share):
    return None if rows is None else rows.reweighted(share * rows.weight)


# Sums of fourth powers ----------------------------------------------------------------


def powers_of(objective, rows):
    return FourthPowers.none(objective.shape[0]).edited(objective, rows, None)


def test_fourth_powers_are_those_of_the_rows():
    problem = problem_of("logistic")
    objective, rows = problem.objective, problem.rows
    X = design(objective, rows.X)
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 5, 3))
    powers = powers_of(objective, rows)
    squares = np.square(X @ one).sum(axis=1), np.square(X @ other).sum(axis=1)
    found = powers.squares(one, other)
    assert found == pytest.approx(rows.weight @ (squares[0] * squares[1]), rel=1e-9)
    expected = (X * (rows.weight * squares[0])[:, None]).T @ X
    np.testing.assert_allclose(powers.hessian(one), expected, rtol=1e-9, atol=1e-9)
    assert powers.largest(one) >= np.abs(X @ one).max()
    assert powers.least <= rows.weight.min() < 2.0 * powers.least


@pytest.mark.parametrize("most", [1.0, 0.5], ids=["dense", "sparse"])
def test_fourth_powers_are_mapped_as_the_rows_are(most):
    problem = make_problem("logistic", intercept=False)
    objective, rows = problem.objective, problem.rows
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((3, 4)) * (
        rng.permuted(np.arange(12) / 12) < most
    ).reshape(3, 4)
    small = replace(
        objective,
        penalty=objective.penalty[:3],
        linear=objective.linear[:3],
        held=objective.held[:3],
    )
    expected = powers_of(small, replace(rows, X=rows.X @ matrix.T))
    found = powers_of(objective, rows).mapped(matrix)
    np.testing.assert_allclose(found.matrix, expected.matrix, rtol=1e-9, atol=1e-9)
    assert np.all(found.ever >= np.diagonal(expected.matrix) * (1.0 - 1e-9))


@pytest.mark.parametrize("least", [5e-324, 3e-310, 1e-250, 0.3, 1.0])
def test_the_smallest_weight_is_rounded_down_however_small(least):
    problem = make_problem("logistic")
    weight = 1.0 + problem.rows.weight
    weight[3], weight[5] = least, 0.0
    powers = powers_of(problem.objective, problem.rows.reweighted(weight))
    assert 0.0 < powers.least <= least
    assert powers.least == least or least / powers.least < 2.0
    X = design(problem.objective, problem.rows.X[weight > 0.0])
    way = np.ones((5, 1))
    assert powers.largest(way) >= np.abs(X @ way).max()


def test_what_an_outlier_left_of_rounding_is_reckoned_with():
    problem = make_problem("logistic")
    objective, rows = problem.objective, problem.rows
    far = Rows(1e6 * rows.X[:1], rows.y[:1], rows.weight[:1])
    powers = powers_of(objective, rows).edited(objective, far, None)
    powers = powers.edited(objective, None, far)
    X = design(objective, rows.X)
    for way in np.eye(5)[:, :, None]:
        assert powers.largest(way) >= np.abs(X @ way).max()
