"""What must hold for any data, drawn by Hypothesis."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.refinement import refine
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.losses import HalfSquaredError
from tests.core.problems import (
    KINDS,
    Partitioned,
    directions,
    edited,
    factor_matrix,
    fitted,
    flat,
    join,
    make_problem,
    make_rows,
    refitted,
)

SQUARED = st.sampled_from(["squared", "coupled_squared"])
CURVED = st.sampled_from(["logistic", "multinomial"])
SEEDS = st.integers(0, 10**6)
EXACT = {"rtol": 0.0, "atol": 1e-9}

# Neither chance nor the load of the machine decides.
many = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
few = settings(many, max_examples=25)


@st.composite
def problems(draw, kinds=KINDS, n_rows=(30, 60)):
    """A problem whose rows 0 to 9 may leave without emptying a class."""
    kind = draw(
        kinds if isinstance(kinds, st.SearchStrategy) else st.sampled_from(kinds)
    )
    problem = make_problem(
        kind,
        n_rows=draw(st.integers(*n_rows)),
        n_columns=draw(st.integers(1, 12)),
        seed=draw(SEEDS),
        intercept=draw(st.booleans()),
        penalty=draw(st.sampled_from([0.1, 1.0, 20.0])),
        weighted=draw(st.booleans()),
    )
    return kind, problem


def rows_edit(draw, kind, problem):
    """Rows in, rows out or both, and the positions of those out."""
    n_columns = problem.rows.X.shape[1]
    out = np.array(
        draw(st.lists(st.integers(0, 9), unique=True, max_size=4)), dtype=int
    )
    n_in = draw(st.integers(0 if out.size else 1, 4))
    new = make_rows(kind, max(n_in, 3), n_columns, np.random.default_rng(draw(SEEDS)))
    return (
        Edit(
            rows_out=problem.rows.take(out) if out.size else None,
            rows_in=new.take(np.arange(n_in)) if n_in else None,
        ),
        out,
    )


def drop_edit(draw, problem):
    n_columns = problem.rows.X.shape[1]
    columns = np.zeros(problem.objective.shape[0], dtype=bool)
    chosen = st.lists(st.integers(0, n_columns - 1), min_size=1, max_size=2)
    columns[draw(chosen)] = True
    return Edit(feature_map=DropColumns(columns))


@st.composite
def requests(draw, kinds=KINDS):
    """A problem, an edit of its rows with the rows afterwards, and columns to drop."""
    kind, problem = draw(problems(kinds))
    edit, out = rows_edit(draw, kind, problem)
    rest = edited(problem.rows, edit, out)
    return kind, problem, edit, rest, drop_edit(draw, problem)


def apply(state, *edits):
    for edit in edits:
        state = unlearn(state, edit).state
    return state


def apart(edit):
    """The edit's rows out and rows in as two edits."""
    return replace(edit, rows_in=None), replace(edit, rows_out=None)


def distance(a, b):
    return float(np.linalg.norm(a - b))


def lightened(edit, share):
    """The edit with a share of its weights."""

    def part(rows):
        return None if rows is None else rows.reweighted(share * rows.weight)

    return replace(edit, rows_out=part(edit.rows_out), rows_in=part(edit.rows_in))


# The oracle: a refit ----------------------------------------------------------------


@given(requests(SQUARED))
@many
def test_squared_error_equals_a_refit(request):
    _, problem, edit, rest, drop = request
    state = apply(fitted(problem), edit, drop)
    expected = refitted(state.objective, rest)
    np.testing.assert_allclose(state.theta, expected, **EXACT)


@given(requests(CURVED))
@few
def test_refinement_equals_a_refit(request):
    _, problem, edit, rest, drop = request
    state = apply(fitted(problem), edit, drop)
    result = refine(state, rest, tol=1e-10, max_iter=50)
    expected = refitted(state.objective, rest)
    np.testing.assert_allclose(result.state.theta, expected, atol=1e-8)


# Order, and one after another -------------------------------------------------------


@given(requests(SQUARED))
@few
def test_the_order_of_edits_does_not_matter(request):
    _, problem, edit, _, drop = request
    state = fitted(problem)
    leave, come = apart(edit)
    expected = apply(state, leave, come, drop).theta
    for order in ((come, leave, drop), (drop, come, leave), (leave, drop, come)):
        np.testing.assert_allclose(apply(state, *order).theta, expected, **EXACT)


@given(requests(CURVED))
@few
def test_the_order_of_edits_matters_to_second_order_only(request):
    _, problem, edit, _, _ = request
    state = fitted(problem)
    gaps = []
    for share in (1e-2, 5e-3):
        leave, come = apart(lightened(edit, share))
        one, other = apply(state, leave, come), apply(state, come, leave)
        gaps.append(distance(one.theta, other.theta))
        # the Hessian is a sum, whatever the order
        np.testing.assert_allclose(
            factor_matrix(one.factor), factor_matrix(other.factor), **EXACT
        )
    assert gaps[1] <= gaps[0] / 3.5 + 1e-11


@given(requests(SQUARED))
@few
def test_one_after_the_other_equals_both_at_once(request):
    _, problem, edit, _, drop = request
    state = fitted(problem)
    at_once = replace(edit, feature_map=drop.feature_map)
    together = apply(state, at_once)
    np.testing.assert_allclose(apply(state, edit, drop).theta, together.theta, **EXACT)
    leave, come = apart(edit)
    np.testing.assert_allclose(
        apply(state, leave, come, drop).theta, together.theta, **EXACT
    )


@given(requests(CURVED))
@few
def test_the_hessian_of_both_at_once(request):
    # exact for any loss: all weights are those at the anchor, which forgets columns
    _, problem, edit, _, drop = request
    state = fitted(problem)
    together = apply(state, replace(edit, feature_map=drop.feature_map))
    right = np.random.default_rng(0).standard_normal(state.theta.shape)
    right -= right.mean(axis=1, keepdims=True) if right.shape[1] > 1 else 0.0
    for order in ((edit, drop), (*apart(edit), drop)):
        split = apply(state, *order)
        np.testing.assert_allclose(
            split.solve(right), together.solve(right), rtol=1e-7, atol=1e-9
        )


# There and back ---------------------------------------------------------------------


@given(requests())
@many
def test_out_and_in_again_is_the_identity(request):
    _, problem, edit, _, _ = request
    state = fitted(problem)
    back = replace(edit, rows_out=edit.rows_in, rows_in=edit.rows_out)
    again = apply(state, edit, back)
    np.testing.assert_allclose(
        factor_matrix(again.factor), factor_matrix(state.factor), **EXACT
    )
    right = np.random.default_rng(0).standard_normal(state.theta.shape)
    np.testing.assert_allclose(
        again.solve(right), state.solve(right), rtol=1e-7, atol=1e-9
    )
    assert abs(again.weight - state.weight) < 1e-9
    if isinstance(problem.objective.loss, HalfSquaredError):
        np.testing.assert_allclose(again.theta, state.theta, **EXACT)
    else:
        result = refine(again, problem.rows, tol=1e-10, max_iter=50)
        np.testing.assert_allclose(result.state.theta, state.theta, atol=1e-8)


@given(requests(CURVED))
@few
def test_there_and_back_is_the_identity_to_second_order(request):
    _, problem, edit, _, _ = request
    state = fitted(problem)
    gaps = []
    for share in (1e-2, 5e-3):
        light = lightened(edit, share)
        back = replace(light, rows_out=light.rows_in, rows_in=light.rows_out)
        gaps.append(distance(apply(state, light, back).theta, state.theta))
    assert gaps[1] <= gaps[0] / 3.5 + 1e-11


# Weights ----------------------------------------------------------------------------


@given(requests())
@many
def test_weight_zero_is_absence(request):
    _, problem, edit, rest, _ = request
    state = fitted(problem)
    ghosts = lightened(edit, 0.0)
    np.testing.assert_allclose(apply(state, ghosts).theta, state.theta, **EXACT)
    # beside other rows, and in all sums
    objective, theta = problem.objective, state.theta
    parts = [part for part in (ghosts.rows_in, ghosts.rows_out) if part is not None]
    haunted = join(rest, *parts)
    for name in ("data_value", "data_gradient", "hessian_diagonal", "data_hessian"):
        method = getattr(objective, name)
        np.testing.assert_allclose(
            np.triu(np.atleast_2d(method(haunted, theta))),
            np.triu(np.atleast_2d(method(rest, theta))),
            rtol=1e-10,
            atol=1e-10,
            err_msg=name,
        )
    assert abs(distance(refitted(objective, haunted), refitted(objective, rest))) < 1e-9


@given(requests(SQUARED), st.floats(0.1, 0.9))
@few
def test_weight_may_leave_in_parts(request, share):
    _, problem, edit, _, _ = request
    state = fitted(problem)
    parts = lightened(edit, share), lightened(edit, 1.0 - share)
    np.testing.assert_allclose(
        apply(state, *parts).theta, apply(state, edit).theta, **EXACT
    )


# Factor and sums --------------------------------------------------------------------


@given(requests())
@many
def test_a_pending_factor_equals_a_fresh_one(request):
    _, problem, edit, rest, drop = request
    state, gauge = fitted(problem), directions(problem.objective.gauge)
    for edits in ((edit,), (drop,), (edit, drop), (drop, edit)):
        factor = apply(state, *edits).factor
        folded = factor.folded()
        assert folded.pending_rank == 0
        right = np.random.default_rng(0).standard_normal((factor.order, 2))
        # as every gradient, orthogonal to what nothing determines
        right -= gauge @ np.linalg.lstsq(gauge, right, rcond=None)[0]
        np.testing.assert_allclose(
            factor.solve(right), folded.solve(right), rtol=1e-7, atol=1e-8
        )
    fresh = problem.objective.data_hessian(rest, state.anchor)
    np.testing.assert_allclose(
        np.triu(apply(state, edit).factor.hessian()), np.triu(fresh), atol=1e-9
    )


@given(problems(), st.data())
@many
def test_any_partition_into_blocks_gives_the_same_sums(drawn, data):
    _, problem = drawn
    objective, rows = problem.objective, problem.rows
    cut = st.lists(st.integers(0, rows.n_rows), max_size=6)
    blocks = Partitioned(rows, tuple(sorted(data.draw(cut))))
    rng = np.random.default_rng(data.draw(SEEDS))
    theta, direction = rng.standard_normal((2, *objective.shape))
    for name, arguments in {
        "value": (theta,),
        "gradient": (theta,),
        "hessian_vector_product": (theta, direction),
        "hessian_diagonal": (theta,),
        "data_hessian": (theta,),
    }.items():
        method = getattr(objective, name)
        np.testing.assert_allclose(
            np.triu(np.atleast_2d(method(blocks, *arguments))),
            np.triu(np.atleast_2d(method(rows, *arguments))),
            rtol=1e-11,
            atol=1e-10,
            err_msg=name,
        )


@given(requests(CURVED))
@few
def test_the_softmax_stays_in_its_gauge(request):
    kind, problem, edit, _, drop = request
    state = apply(fitted(problem), edit, drop)
    sums = state.theta.sum(axis=1) if kind == "multinomial" else np.zeros(1)
    np.testing.assert_allclose(sums, 0.0, atol=1e-10)
    assert np.all(np.isfinite(flat(state.theta)))
