import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.certification.geometry import (
    _SMALL,
    _certified,
    certified_eigenvalues,
    dual_norm,
    largest_dual_norm,
    largest_length,
    largest_norm,
    largest_pending_norm,
    least_eigenvalue,
    measured_geometry,
    over_root,
)
from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.factor import factorise
from sklearn_unlearn.core.linear.steps import unlearn
from tests.certification.reference import (
    LONG,
    Yardstick,
    basis,
    design,
    needs_long_double,
    residual_and_curvature,
)
from tests.core.problems import KINDS, Partitioned, fitted, join, make_problem
from tests.pairwise import pairwise


def factor_of(matrix, penalty=None, gauge=None):
    order = matrix.shape[0]
    return factorise(
        np.asfortranarray(np.triu(matrix)),
        np.zeros(order) if penalty is None else penalty,
        np.full(order, -1) if gauge is None else gauge,
        np.arange(order),
    )


def geometry_of(objective, factor, rows, exact):
    geometry = measured_geometry(objective, factor, rows)
    if not exact:
        return geometry
    return replace(geometry, radius=largest_norm(objective, factor, rows))


def with_eigenvalues(values, rng):
    """A symmetric matrix whose eigenvalues are known to a few units of rounding."""
    Q = np.linalg.qr(rng.standard_normal((values.size, values.size)))[0].astype(LONG)
    # once more, so that the columns are orthonormal in long doubles
    Q = Q @ (1.5 * np.eye(values.size) - 0.5 * (Q.T @ Q))
    return (Q * values) @ Q.T


# Eigenvalues ------------------------------------------------------------------------


@needs_long_double
@pytest.mark.parametrize("order", [1, 2, 7, 60, 201, 260])
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6, 1e9, 1e12])
def test_a_claim_never_exceeds_the_eigenvalue(order, condition):
    # below and above the order from which an iteration estimates it
    rng = np.random.default_rng([order, int(math.log10(condition))])
    values = np.geomspace(1.0, 1.0 / condition, order)
    matrix = with_eigenvalues(values, rng).astype(float)
    found, _ = certified_eigenvalues(factor_of(matrix))
    # rounding the matrix moves eigenvalues by this much
    error = order * 2.0**-53
    assert 0.0 <= found <= values[-1] + error
    # within 2 %; where rounding decides, a claim that failed is halved
    assert found > (0.98 if condition <= 1e9 else 0.45) * values[-1] - error


def test_nothing_is_claimed_below_the_rounding_errors():
    # a factor exists, its smallest eigenvalue is lost in what the factor rounds
    matrix = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-48]])
    found, scaled = certified_eigenvalues(factor_of(matrix))
    true = float(np.linalg.eigvalsh(matrix.astype(float))[0])
    assert found <= true + 2.0**-52
    assert scaled <= 2.0**-49


@pytest.mark.parametrize("power", [0, 6, 150])
def test_scales_of_the_columns_are_taken_out(power):
    rng = np.random.default_rng(0)
    matrix = with_eigenvalues(np.linspace(1.0, 3.0, 8), rng).astype(float)
    root = np.sqrt(np.diagonal(matrix))
    expected = np.linalg.eigvalsh(matrix / root[:, None] / root)[0]
    scale = 2.0 ** rng.integers(-power, power + 1, 8)
    _, scaled = certified_eigenvalues(factor_of(matrix * scale[:, None] * scale))
    assert 0.98 * expected < scaled < expected


def test_a_penalty_and_an_unpenalised_coefficient():
    found, _ = certified_eigenvalues(
        factor_of(np.diag([0.0, 1.0, 4.0]), np.array([0.5, 2.0, 0.0]))
    )
    assert 0.98 * 0.5 < found <= 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_pending_rows_and_dropped_columns_count(kind):
    problem = make_problem(kind, n_rows=80, n_columns=20, intercept=False)
    state = fitted(problem)
    out = np.array([10])
    edit = Edit(
        rows_out=problem.rows.take(out),
        feature_map=DropColumns(np.arange(20) == 4),
    )
    edited = unlearn(state, edit).state
    assert edited.factor.pending_rank > 0
    assert edited.factor.dropped.size
    rest = problem.rows.take(np.setdiff1d(np.arange(80), out))
    weighed_at = state.objective.raw_prediction(rest.X, state.anchor)
    yardstick = Yardstick(edited, rest, weighed_at)
    found, scaled = certified_eigenvalues(edited.factor)
    if kind == "multinomial":  # what fills in the gauge may be smaller than the rest
        assert 0.0 < found <= yardstick.smallest * (1 + 1e-9)
    else:
        assert 0.98 * yardstick.smallest < found <= yardstick.smallest * (1 + 1e-9)
        assert 0.98 * yardstick.scaled < scaled <= yardstick.scaled * (1 + 1e-9)


def test_dropped_columns_count_where_an_iteration_estimates():
    rng = np.random.default_rng(0)
    values = np.geomspace(1.0, 1e-3, 240)
    matrix = with_eigenvalues(values, rng).astype(float)
    drop = np.arange(7)
    factor = factor_of(matrix).extended(drop=drop)
    assert factor.pending_rank
    expected = np.linalg.eigvalsh(matrix[7:, 7:])[0]
    found, _ = certified_eigenvalues(factor)
    assert 0.98 * expected < found <= expected * (1 + 1e-9)


@pytest.mark.parametrize("penalty", [0.7, 0.0])
def test_what_fills_in_the_gauge_raises_no_claim(penalty):
    problem = make_problem("multinomial", n_rows=90, penalty=penalty)
    state = fitted(problem)
    yardstick = Yardstick(state, problem.rows)
    found, _ = certified_eigenvalues(state.factor)
    assert 0.5 * yardstick.smallest < found <= yardstick.smallest * (1 + 1e-9)


# Norms ------------------------------------------------------------------------------


@needs_long_double
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
def test_dual_norms_are_bounds(condition):
    rng = np.random.default_rng(0)
    order = 12
    values = np.geomspace(1.0, 1.0 / condition, order)
    exact = with_eigenvalues(values, rng)
    matrix = exact.astype(float)
    factor = factor_of(matrix)
    smallest, _ = certified_eigenvalues(factor)
    right = rng.standard_normal((order, 5))
    # refined in long doubles: residuals with the matrix that was factored
    solution = factor.solve(right).astype(LONG)
    for _ in range(30):
        wrong = right - matrix.astype(LONG) @ solution
        solution += factor.solve(wrong.astype(float))
    squares = np.einsum("ij,ij->j", solution, right).astype(float)
    truth = math.sqrt(squares.sum())
    found, length = dual_norm(factor, right, smallest)
    rounding = 1e-15 * order * condition
    assert truth * (1 - 1e-14 - rounding) <= found
    assert found <= truth * (1 + 1e-14 + 100 * math.sqrt(condition) * rounding)
    size = float(np.linalg.norm(solution.astype(float)))
    assert size * (1 - 1e-14 - rounding) <= length
    assert length <= size * (1 + 1e-14 + 100 * condition * rounding)
    largest = largest_dual_norm(factor, right, smallest)
    assert math.sqrt(squares.max()) * (1 - 1e-14 - rounding) <= largest <= found


def test_a_wrong_solution_is_not_believed():
    # a matrix whose stored Hessian is not the one that was factored
    rng = np.random.default_rng(1)
    matrix = with_eigenvalues(np.linspace(1.0, 3.0, 6), rng).astype(float)
    factor = factor_of(matrix)
    broken = replace(factor, diagonal=factor.diagonal + 0.1)
    right = rng.standard_normal((6, 2))
    true = matrix + 0.1 * np.eye(6)
    truth = math.sqrt(np.vdot(right, np.linalg.solve(true, right)))
    smallest = float(np.linalg.eigvalsh(true)[0])
    found, length = dual_norm(broken, right, smallest)
    solution = broken.solve(right)
    assert np.linalg.norm(np.linalg.solve(true, right)) < length
    product = np.linalg.norm(right - true @ solution)
    energy = math.sqrt(np.vdot(solution, true @ solution))
    assert found == pytest.approx(energy + product / math.sqrt(smallest), rel=1e-12)
    assert truth < found
    for k in range(2):
        one = right[:, [k]]
        alone = largest_dual_norm(broken, one, smallest)
        assert alone == pytest.approx(dual_norm(broken, one, smallest)[0], rel=1e-12)
    # without the check of the solution it would have been less than the truth
    assert math.sqrt(np.vdot(right, solution)) != pytest.approx(truth, rel=1e-3)


def test_without_a_smallest_eigenvalue_there_is_no_norm():
    factor = factor_of(np.eye(3))
    right = np.array([[1.0], [1.0 / 3.0], [0.1]])
    assert largest_dual_norm(factor, right, 0.0) == math.inf
    assert dual_norm(factor, right, 0.0)[0] == math.inf
    assert over_root(2.0, 0.0) == over_root(2.0, math.nan) == math.inf
    assert over_root(2.0, 0.25) == 4.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("intercept", [True, False])
def test_the_radius_is_that_of_the_farthest_row(kind, intercept):
    problem = make_problem(kind, n_rows=70, intercept=intercept)
    state = fitted(problem)
    exact = geometry_of(state.objective, state.factor, problem.rows, True)
    yardstick = Yardstick(state, problem.rows)
    # outputs with one matrix of order p: the same for each
    assert exact.radius == pytest.approx(yardstick.radius, rel=1e-9)
    rough = geometry_of(state.objective, state.factor, problem.rows, False)
    assert exact.radius <= rough.radius
    assert rough.radius == pytest.approx(
        np.linalg.norm(design_of(problem), axis=1).max() / math.sqrt(rough.smallest)
    )
    np.testing.assert_array_equal(exact.reach, yardstick.reach)


def design_of(problem):
    X = problem.rows.X
    if problem.objective.fit_intercept:
        X = np.column_stack([X, np.ones(X.shape[0])])
    return X


@pytest.mark.parametrize("kind", KINDS)
def test_the_radius_with_pending_rows(kind):
    problem = make_problem(kind, n_rows=80, n_columns=20)
    state = fitted(problem)
    edit = Edit(rows_out=problem.rows.take(np.array([10])))
    edited = unlearn(state, edit).state
    assert edited.factor.pending_rank
    rest = problem.rows.take(np.setdiff1d(np.arange(80), [10]))
    smallest, _ = certified_eigenvalues(edited.factor)
    found = largest_pending_norm(edited.objective, edited.factor, rest, smallest)
    assert found == pytest.approx(Yardstick(edited, rest).radius, rel=1e-9)


def test_the_radius_leaves_dropped_columns_out():
    problem = make_problem("multinomial", n_rows=90)
    state = fitted(problem)
    edited = unlearn(state, Edit(feature_map=DropColumns(np.arange(5) == 2))).state
    folded = replace(edited, hessian=edited.factor.folded())
    found = geometry_of(folded.objective, folded.factor, problem.rows, True)
    weighed_at = state.objective.raw_prediction(problem.rows.X, state.anchor)
    yardstick = Yardstick(folded, problem.rows, weighed_at)
    assert found.radius == pytest.approx(yardstick.radius, rel=1e-9)
    assert found.smallest <= yardstick.smallest * (1 + 1e-9)


# Representation does not matter -----------------------------------------------------


def assert_same(geometry, expected):
    for name in ("radius", "smallest", "scaled"):
        value = getattr(expected, name)
        assert getattr(geometry, name) == pytest.approx(value, rel=1e-9), name
    np.testing.assert_array_equal(geometry.reach, expected.reach)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_sparse_rows(kind, exact):
    problem = make_problem(kind, n_rows=70)
    X = problem.rows.X * (np.random.default_rng(1).uniform(size=(70, 4)) < 0.5)
    rows = replace(problem.rows, X=X)
    state = fitted(replace(problem, rows=rows))
    expected = geometry_of(state.objective, state.factor, rows, exact)
    for make in (sp.csr_matrix, sp.csr_array):
        sparse = replace(rows, X=make(X))
        found = geometry_of(state.objective, state.factor, sparse, exact)
        assert_same(found, expected)
        assert measured(state, sparse).change == pytest.approx(
            measured(state, rows).change, rel=1e-9
        )


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_no_weight(kind, exact):
    problem = make_problem(kind, n_rows=70)
    state = fitted(problem)
    far = problem.rows.take(np.array([3, 4]))
    far = replace(far, X=1e6 * far.X, weight=np.zeros(2))
    expected = geometry_of(state.objective, state.factor, problem.rows, exact)
    found = geometry_of(state.objective, state.factor, join(problem.rows, far), exact)
    assert_same(found, expected)
    nobody = problem.rows.reweighted(np.zeros(70))
    assert largest_length(state.objective, nobody) == 0.0


@pytest.mark.parametrize(
    ("kind", "ends", "exact"),
    pairwise(KINDS, [(), (1, 2, 3), (35,), (0, 10, 10, 70), (69,)], [True, False]),
)
def test_any_partition_into_blocks(kind, ends, exact):
    problem = make_problem(kind, n_rows=70)
    state = fitted(problem)
    expected = geometry_of(state.objective, state.factor, problem.rows, exact)
    blocks = Partitioned(problem.rows, ends)
    found = geometry_of(state.objective, state.factor, blocks, exact)
    assert_same(found, expected)


def test_errors_count_the_terms_of_a_block_and_the_blocks():
    problem = make_problem("logistic", n_rows=70)
    state = fitted(problem)

    def terms(rows):
        return geometry_of(state.objective, state.factor, rows, False).terms

    p = 5
    fixed = p * (16 + 4 * p + 1)
    assert terms(problem.rows) == p * (70 + 1) + fixed
    assert terms(Partitioned(problem.rows, (10, 30))) == p * (40 + 3) + fixed


@needs_long_double
@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("kind", ["logistic", "multinomial", "squared"])
def test_the_hessian_errs_by_less_than_is_said(kind, scale):
    # every quadratic form of what was assembled, against long doubles
    problem = make_problem(kind, n_rows=400, n_columns=6, n_outputs=3)
    X = problem.rows.X * np.geomspace(1.0, scale, 6)
    X[:, 1] = X[:, 0] + 1e-3 * X[:, 1]
    rows = replace(problem.rows, X=X)
    state = fitted(replace(problem, rows=rows), tol=1e-8)
    geometry = geometry_of(state.objective, state.factor, rows, False)
    assert 0.0 < relative_error(state, rows) <= geometry.error < 1e-3


@needs_long_double
@pytest.mark.parametrize("n_columns", [4, 40])  # factored afresh, and pending
@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_a_large_row_that_comes_and_goes_leaves_its_errors(n_columns, scale):
    problem = make_problem(
        "squared", n_rows=200, n_columns=n_columns, n_outputs=1, intercept=False
    )
    state = fitted(problem)
    large = problem.rows.take(np.array([7]))
    large = replace(large, X=scale * large.X)
    both = join(problem.rows, large)
    drift = measured(state, problem.rows)
    for edit, rows in (
        (Edit(rows_in=large), both),
        (Edit(rows_out=large), problem.rows),
    ):
        step = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, step), step.state
        assert relative_error(state, rows) <= drift.geometry.error


def relative_error(state, rows):
    """Largest relative error of a quadratic form of the factor's matrix."""
    objective = state.objective
    outputs = np.eye(1 if objective.coupled else objective.shape[1])
    span = basis(objective).astype(float)
    exact = np.kron(outputs, long_hessian(state, rows))
    factored = state.factor.curvature_dot(np.eye(objective.n_unknowns))
    factored = np.kron(outputs, factored + np.diag(state.factor.penalty))
    wrong = span.T @ (factored - exact).astype(float) @ span
    lower = np.linalg.cholesky(span.T @ exact.astype(float) @ span)
    inner = np.linalg.solve(lower, np.linalg.solve(lower, wrong).T)
    return float(np.abs(np.linalg.eigvalsh(inner)).max())


def long_hessian(state, rows):
    """Hessian with long-double sums; one matrix if outputs share it."""
    objective = state.objective
    X, y, weight = design(objective, rows)
    raw = X @ state.anchor.astype(LONG)
    curvature = residual_and_curvature(objective.loss, raw, y)[1]
    outputs = range(objective.shape[1]) if objective.coupled else range(1)
    blocks = [
        [X.T @ ((curvature[:, k, m] * weight)[:, None] * X) for m in outputs]
        for k in outputs
    ]
    return np.block(blocks) + np.diag(state.factor.penalty)


def test_an_estimate_that_is_too_large_is_not_claimed():
    def solve(v):  # as if all eigenvalues were ten
        return v.ravel() / 10.0

    order = _SMALL + 10
    assert 0.5 <= _certified(np.eye(order, order="F"), solve) <= 1.0


def test_forgotten_columns_of_a_row_have_no_norm():
    problem = make_problem("logistic", n_columns=40)
    state, rows = fitted(problem), problem.rows
    columns = np.arange(41) == 0
    step = unlearn(state, Edit(feature_map=DropColumns(columns)))
    objective, factor = step.state.objective, step.state.factor
    assert factor.pending_rank > 0  # the dropped column waits
    huge, none = rows.X.copy(), rows.X.copy()
    huge[:, 0], none[:, 0] = 1e6, 0.0
    for X in (huge, none):
        found = largest_pending_norm(objective, factor, replace(rows, X=X), 1e-3)
        assert found == pytest.approx(
            largest_norm(objective, factor, replace(rows, X=none)), rel=1e-6
        )


@pytest.mark.parametrize("order", [5, _SMALL + 20])
@pytest.mark.parametrize("share", [1.0, 0.3, 1e-3, 1e-9])
def test_the_least_eigenvalue_of_a_share_and_the_penalty(order, share):
    rng = np.random.default_rng(order)
    rows = rng.standard_normal((order + 30, order))
    data = rows.T @ rows
    penalty = np.where(np.arange(order) % 3, 1.0, 0.0)
    factor = factor_of(data, penalty)
    truth = float(np.linalg.eigvalsh(share * data + np.diag(penalty))[0])
    assert 0.98 * truth < least_eigenvalue(factor, share) <= truth
    dropped = factor.extended(drop=np.array([1, 2]))
    kept = np.setdiff1d(np.arange(order), [1, 2])
    left = share * data[np.ix_(kept, kept)] + np.diag(penalty[kept])
    truth = float(np.linalg.eigvalsh(left)[0])
    assert 0.98 * truth < least_eigenvalue(dropped, share) <= truth * (1.0 + 1e-9)
