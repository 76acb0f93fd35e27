"""What is known of rows that nobody sees bounds what a step does to their gradient."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear import forms, margins
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.fourth_powers import (
    FourthPowers,
    Quadruples,
    form,
    mapped,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.steps import unlearn, with_reach
from sklearn_unlearn.core.losses.margin import SquaredEpsilonInsensitive, SquaredHinge
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
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
HUBER = {"huber": ConcomitantHuber(1.35), "scaled huber": ConcomitantHuber(1.1, 0.5)}
kinds = pytest.mark.parametrize("kind", [*CURVED, *MARGINS, *HUBER])


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
    elif kind in HUBER:
        rng = np.random.default_rng(5)
        rows = make_rows("squared", n_rows, n_columns, rng, n_outputs=1)
        y = rows.y + rng.standard_t(2.0, rows.y.shape)
        shape = (n_columns + 1, 2)
        held = np.zeros(shape, bool)
        held[:-1, 1] = True
        penalty = np.where(np.arange(n_columns + 1) < n_columns, 0.7, 0.0)
        penalty = np.column_stack([penalty, penalty])
        objective = Objective(HUBER[kind], True, penalty, np.zeros(shape), held)
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


def assert_bends_less(state, rows, behind, moved):
    found = state.reach.bend(state.objective, state.factor, behind, moved)
    assert bent(state, rows, behind, moved) <= found * (1.0 + 1e-9) + 1e-9


def assert_bounded(state, rows, tight=np.inf):
    reach, objective = state.reach, state.objective
    zero = np.zeros(objective.shape)
    for moved, lag in zip(ways(state), ways(state, 1), strict=True):
        for behind in (zero, lag):
            assert_bends_less(state, rows, behind, moved)
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
    few = replace(state, reach=replace(state.reach, fourth=None, margins=None))
    assert_bounded(few, problem.rows)


@pytest.mark.parametrize("grown", [1.0, 3.0])
def test_lengths_follow_a_map(grown):
    problem = problem_of("logistic", n_rows=150, n_columns=34)
    X = design(problem.objective, problem.rows.X)
    rng = np.random.default_rng(0)
    matrix = grown * np.eye(35) + 0.02 * rng.standard_normal((35, 35))
    vectors = np.column_stack([X[7], rng.standard_normal(35), np.eye(35)])
    found = state_of(problem).reach.lengths
    assert np.all(np.abs(X @ vectors).max(axis=0) <= found.largest(vectors))
    diagonal = np.ones(35)
    for mapping in (matrix, matrix[:20]):
        n = len(mapping)
        later = found.mapped(mapping, diagonal[:n], diagonal[:n])
        most = later.largest(vectors[:n])
        raw = X @ mapping.T @ vectors[:n]
        assert np.all(np.abs(raw).max(axis=0) <= most)


def test_rows_that_weigh_nothing_have_no_length():
    problem = problem_of("logistic", n_rows=150, n_columns=34)
    found = state_of(problem).reach.lengths
    far = replace(problem.rows, X=1e3 * problem.rows.X, weight=np.zeros(150))
    assert found.joined(problem.objective, far).longest == found.longest
    assert found.joined(problem.objective, far.reweighted(np.ones(150))).longest > 1e5


@pytest.mark.parametrize("least", [0.0, 3.0])
def test_a_step_of_which_no_row_becomes_an_outlier(least):
    problem = problem_of("huber")
    loss = ConcomitantHuber(1e6, least)
    objective = replace(problem.objective, loss=loss)
    problem = replace(problem, objective=objective)
    state = state_of(problem)
    outliers = state.reach.outliers
    crossing = replace(outliers.margins, sums=0.0 * outliers.margins.sums, far=())
    outliers = replace(outliers, margins=crossing)
    state = replace(state, reach=replace(state.reach, outliers=outliers))
    assert_bounded(state, problem.rows, 3.0)
    scale = np.zeros(objective.shape)
    for size in (-0.3, -0.01, 0.01, 0.3):
        scale[-1, 1] = size * state.theta[-1, 1]
        assert_bends_less(state, problem.rows, 0.0 * scale, scale)


@pytest.mark.parametrize("kind", MARGINS)
@pytest.mark.parametrize("n_columns", [3, 34])
def test_nor_where_rows_are_too_many_to_be_summed(kind, n_columns, monkeypatch):
    monkeypatch.setattr(margins, "CHEAP_FLOPS", 0.0)
    problem = problem_of(kind, n_rows=150, n_columns=n_columns)
    state = state_of(problem)
    found = state.reach.margins
    assert np.isfinite(found.end)
    assert not found.far
    for way in ways(state):
        small = 0.1 * found.end * way / np.abs(way).max()
        assert_bends_less(state, problem.rows, 0.0 * way, small)
        assert_bends_less(state, problem.rows, small, way)
    edit = make_edit(problem, "out")
    later = unlearn(state, edit).state
    assert_bounded(later, edited(problem.rows, edit, np.array([0, 3, 4])))


@pytest.mark.parametrize("kind", MARGINS)
def test_nor_by_a_far_row_that_is_in_no_sum(kind, monkeypatch):
    monkeypatch.setattr(margins, "CHEAP_FLOPS", 0.0)
    problem = problem_of(kind, n_rows=150, n_columns=3)
    X = problem.rows.X.copy()
    X[11] *= 100.0  # beyond the others, it goes farthest
    problem = replace(problem, rows=replace(problem.rows, X=X))
    state = state_of(problem)
    for way in ways(state):
        for size in (0.1, 0.3):
            step = size * state.reach.margins.end * way / np.abs(way).max()
            assert_bends_less(state, problem.rows, 0.0 * way, step)


@pytest.mark.parametrize("kind", MARGINS)
def test_no_more_curvature_is_lost_where_a_step_ends(kind):
    problem = problem_of(kind, n_rows=150)
    state = state_of(problem)
    objective, factor, reach = state.objective, state.factor, state.reach
    seen = []
    for behind, moved in zip(ways(state, 1), ways(state), strict=True):
        for gone in (np.zeros(objective.shape), 0.1 * behind):
            step = 0.1 * moved
            hessian = np.zeros((factor.order, factor.order), order="F")
            objective.data_hessian(problem.rows, state.anchor + gone + step, hessian)
            hessian = np.triu(hessian) + np.triu(hessian, 1).T
            hessian += np.diag(factor.penalty)
            stiff = np.linalg.eigvals(factor.solve(hessian)).real.min()
            lost = reach.flattened(objective, factor, gone, step)
            assert stiff >= 1.0 - lost - 1e-9
            seen.append(lost)
    assert min(seen) < 0.5


def assert_rows_between(state, rows, tight=np.inf):
    """No row is longer than the bound, and one goes as far as the other says."""
    objective, factor, reach = state.objective, state.factor, state.reach
    X, p = design(objective, rows.X), objective.shape[0]
    inverse = factor.solve(np.eye(factor.order))
    blocks = [inverse[k : k + p, k : k + p] for k in range(0, factor.order, p)]
    own = max(np.einsum("ij,jk,ik->i", X, block, X).max() for block in blocks)
    found = reach.longest(factor)
    assert np.sqrt(own) * (1.0 - 1e-9) <= found <= tight * np.sqrt(own)
    for enough in (0.5 * found, 2.0 * found):
        assert (reach.longest(factor, enough) > enough) == (found > enough)
    for way in ways(state):
        far = np.abs(X @ way).max()
        found = reach.margins.least_change(way)
        assert far / tight <= found <= far * (1.0 + 1e-9)


@pytest.mark.parametrize("kind", MARGINS)
def test_how_far_a_row_may_go_astray_is_bounded_closely(kind):
    problem = problem_of(kind)
    state = state_of(problem)
    assert_rows_between(state, problem.rows, 3.0)
    for name in ("out", "in", "replaced", "relabelled", "reweighted"):
        edit, out = make_edit(problem, name), np.array([0, 3, 4])
        rows = edited(problem.rows, edit, out[:0] if name == "in" else out)
        assert_rows_between(unlearn(state, edit).state, rows)
    columns = np.arange(5) == 1
    later = unlearn(state, Edit(feature_map=DropColumns(columns))).state
    X = np.where(columns[:4], 0.0, problem.rows.X)
    assert_rows_between(later, replace(problem.rows, X=X))


@pytest.mark.parametrize("kind", MARGINS)
def test_and_of_rows_that_are_in_no_sum_or_have_many_columns(kind, monkeypatch):
    problem = problem_of(kind, n_rows=150, n_columns=34)
    state = state_of(problem)
    assert kind != "hinges" or not state.reach.margins.far
    assert_rows_between(state, problem.rows)
    monkeypatch.setattr(margins, "CHEAP_FLOPS", 0.0)
    problem = problem_of(kind, n_rows=150, n_columns=3)
    X = problem.rows.X.copy()
    X[11] *= 100.0
    problem = replace(problem, rows=replace(problem.rows, X=X))
    assert_rows_between(state_of(problem), problem.rows)


@pytest.mark.parametrize("kind", ["hinge", "hinges"])
@pytest.mark.parametrize("rank", [1, 5])
def test_the_largest_eigenvalue_is_bounded_closely(kind, rank):
    state = state_of(problem_of(kind))
    objective, factor = state.objective, state.factor
    root = np.random.default_rng(0).standard_normal((5, rank))
    k = objective.shape[1] - 1
    start = 5 * k if objective.coupled else 0
    columns = np.zeros((factor.order, rank))
    columns[start : start + 5] = root
    largest = np.linalg.eigvalsh(columns.T @ factor.solve(columns))[-1]
    found = forms.heaviest_of(forms.solved_with(factor, root @ root.T, k))
    assert largest * (1.0 - 1e-9) <= found <= 1.1 * largest


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
    assert later.reach.curved is later.reach.margins is later.reach.outliers is None
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
    problem = problem_of(kind, n_rows=300 if kind in HUBER else 80)
    objective = problem.objective
    seen = 0
    for share in (0.005, 0.02, 0.1, 0.5, 1.0):
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


def powers_of(objective, rows, *later):
    """Those of rows, then of those with their signs."""
    found = FourthPowers.none(objective.shape[0])
    for each, sign in ((rows, 1.0), *later):
        products = Quadruples.of(objective, each, found.frame)
        found = found.changed(products, each.weight, sign)
    return found


def assert_those_of(powers, X, weight, least=True):
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, X.shape[1], 3))
    squares = np.square(X @ one).sum(axis=1), np.square(X @ other).sum(axis=1)
    hessian = powers.hessian(one)
    expected = weight @ (squares[0] * squares[1])
    assert form(hessian, other) == pytest.approx(expected, rel=1e-6)
    assert form(hessian, other) >= expected * (1.0 - 1e-12)
    expected = (X * (weight * squares[0])[:, None]).T @ X
    size = np.abs(expected).max()
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-6 * size)
    for way in one.T:
        fourth = float(weight @ np.square(np.square(X @ way)))
        least = powers.fourth(way[:, None])
        assert fourth == pytest.approx(least, rel=1e-3, abs=1e-6 * np.sum(weight))
        assert least <= fourth * (1.0 + 1e-12)
        found = powers.largest(way[:, None]) * powers.least**0.25
        assert found**4 == pytest.approx(fourth, rel=1e-3)
    assert powers.largest(one) >= np.abs(X @ one).max()
    if least:
        assert powers.least <= weight.min() < 2.0 * powers.least


@pytest.mark.parametrize("n_rows", [6, 80])
def test_fourth_powers_are_those_of_the_rows(n_rows):
    problem = problem_of("logistic")
    objective, rows = problem.objective, problem.rows.take(np.arange(n_rows))
    powers = powers_of(objective, rows)
    assert_those_of(powers, design(objective, rows.X), rows.weight)
    # and of those that stay
    out = rows.take(np.arange(2))
    rest = rows.take(np.arange(2, n_rows))
    powers = powers_of(objective, rows, (out, -1.0))
    assert_those_of(powers, design(objective, rest.X), rest.weight, least=False)


def smaller(objective, p):
    return replace(
        objective,
        penalty=objective.penalty[:p],
        linear=objective.linear[:p],
        held=objective.held[:p],
    )


@pytest.mark.parametrize("kind", ["mild", "smaller", "singular", "wild"])
def test_fourth_powers_are_mapped_as_the_rows_are(kind):
    problem = make_problem("logistic", intercept=False)
    objective, rows = problem.objective, problem.rows
    rng = np.random.default_rng(0)
    map_ = {
        "mild": np.eye(4) + 0.05 * rng.standard_normal((4, 4)),
        "smaller": rng.standard_normal((3, 4)),
        "singular": np.ones((4, 4)),
        "wild": np.ones((4, 4)) + 1e-9 * np.eye(4),
    }[kind]
    small = smaller(objective, map_.shape[0])
    changed, weight = replace(rows, X=rows.X @ map_.T), rows.weight
    first, second = (
        FourthPowers.none(4).changed(Quadruples.of(objective, rows, None), each, 1.0)
        for each in (weight, 2.0 * weight)
    )
    found, double = mapped([first, second], map_)
    assert (found.frame is not None) == (kind == "mild")
    assert_those_of(found, changed.X, weight)
    assert_those_of(double, changed.X, 2.0 * weight)
    # rows leave and come in the new features
    out, coming = changed.take(np.arange(5)), changed.take(np.arange(7, 9))
    for each, sign in ((out, -1.0), (coming, 1.0)):
        products = Quadruples.of(small, each, found.frame)
        found = found.changed(products, each.weight, sign)
    X = np.vstack([changed.X[5:], coming.X])
    weight = np.concatenate([weight[5:], coming.weight])
    assert_those_of(found, X, weight, least=False)
    (again,) = mapped([found], np.eye(map_.shape[0]))
    assert_those_of(again, X, weight, least=False)
    gone = np.arange(map_.shape[0]) == 1
    assert_those_of(again.without(gone), np.where(gone, 0.0, X), weight, least=False)


@pytest.mark.parametrize("times", [1, 5])
def test_fourth_powers_in_a_pickle_are_smaller_and_bound_as_much(times):
    problem = problem_of("logistic", n_columns=12)
    objective, rows = problem.objective, problem.rows
    rows = rows.reweighted(np.geomspace(1e-300, 1e-3, rows.n_rows))
    X = rows.X * np.geomspace(1e-60, 1e60, 12)
    rows = replace(rows, X=X)
    (powers,) = mapped([powers_of(objective, rows)], 1.01 * np.eye(13))
    read = powers
    for _ in range(times):
        read = pickle.loads(pickle.dumps(read))
    assert read.frame is None
    assert len(pickle.dumps(powers)) < 0.6 * powers.values.nbytes + 2000
    X = 1.01 * design(objective, rows.X)
    rng = np.random.default_rng(0)
    for way in rng.standard_normal((5, 13)) * np.append(
        np.geomspace(1e60, 1e-60, 12), 1.0
    ):
        true = np.abs(X @ way).max()
        assert true <= read.largest(way[:, None]) <= 1.01 * powers.largest(way[:, None])


def test_what_a_pickle_rounds_is_reckoned_with():
    problem = problem_of("logistic", n_columns=8)
    objective, rows = problem.objective, problem.rows
    X = rows.X.copy()
    X[:, 1::2] = X[:, ::2] + 1e-4 * X[:, 1::2]
    powers = powers_of(objective, replace(rows, X=X))
    read = pickle.loads(pickle.dumps(powers))
    for column in range(0, 8, 2):
        way = np.eye(9)[:, [column]] - np.eye(9)[:, [column + 1]]
        assert read.largest(way) >= np.abs(design(objective, X) @ way).max()


def test_a_pickle_does_not_tell_the_map_of_a_row_that_left():
    problem = problem_of("logistic")
    powers = powers_of(problem.objective, problem.rows)
    map_ = np.eye(5)
    map_[0, 4] = 0.0123456789
    (powers,) = mapped([powers], map_)
    assert powers.frame is not None
    assert map_[0, 4].tobytes() not in pickle.dumps(powers)


@pytest.mark.parametrize("large", [1e80, 1e160, 1e300])
def test_rows_that_no_float_holds_the_fourth_power_of_bound_nothing(large):
    problem = problem_of("logistic")
    objective, rows = problem.objective, problem.rows
    far = Rows(large * rows.X[:1], rows.y[:1], rows.weight[:1])
    powers = powers_of(objective, rows, (far, 1.0))
    for found in (powers, powers_of(objective, rows, (far, 1.0), (far, -1.0))):
        for each in (found, pickle.loads(pickle.dumps(found))):
            for way in np.eye(5)[:, :, None]:
                true = np.abs(design(objective, rows.X) @ way).max()
                assert each.largest(way) >= true * (1.0 - 1e-12)
                bound = form(each.hessian(way), np.ones((5, 1)))
                assert bound >= form(powers_of(objective, rows).hessian(way), way)


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
    powers = powers_of(objective, rows, (far, 1.0), (far, -1.0))
    X = design(objective, rows.X)
    for way in np.eye(5)[:, :, None]:
        assert powers.largest(way) >= np.abs(X @ way).max()
