"""What the factor takes for positive definite, its gauge and its eigenvalues."""

import numpy as np
import pytest

from sklearn_unlearn.core.linear import pending_matrix as module
from sklearn_unlearn.core.linear.definiteness import Status
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.dense_factor import Dense, assert_same, build, draw
from tests.core.problems import directions, factor_matrix, fitted, make_problem


def inertia_problem(rng):
    """A small factor and an edit that leaves it positive definite, or not."""
    order = int(rng.integers(3, 16))
    factor, dense, V = draw(order, rng, n_rows=int(rng.integers(1, 2 * order)))
    scale = rng.choice([1.0, rng.uniform(1.0, 3.0)])
    edit = {"rows_out": scale * V[:, : rng.integers(1, 4)]}
    if rng.random() < 0.5:
        edit["rows_in"] = rng.standard_normal((order, rng.integers(1, 4)))
        if rng.random() < 0.3:  # foreign, saved by the row that comes with it
            outgoing = [0.9 * edit["rows_in"], edit["rows_out"]]
            edit["rows_out"] = np.concatenate(outgoing, axis=1)
    if rng.random() < 0.5:
        edit["drop"] = rng.choice(order, rng.integers(1, order), replace=False)
    return factor, dense, edit


def test_inertia_agrees_with_eigenvalues(monkeypatch):
    monkeypatch.setattr(module, "_PENDING_SHARE", 0.1)  # never fold for the rank
    rng = np.random.default_rng(8)
    counts = {True: 0, False: 0, "pending": 0}
    for _ in range(3000):
        factor, dense, edit = inertia_problem(rng)
        dense.extend(**edit)
        smallest = np.linalg.eigvalsh(dense.matrix)[0]
        if abs(smallest) < 1e-8:
            continue
        changed, message = None, ""
        try:
            changed = factor.extended(**edit)
        except NotPositiveDefiniteError as error:
            message = str(error)
        assert message == ("" if smallest > 0.0 else Status.INDEFINITE.value)
        assert (changed is not None) == (smallest > 0.0)
        counts[smallest > 0.0] += 1
        counts["pending"] += changed is not None and changed.pending_rank > 0
    assert min(counts.values()) > 800, counts


def test_foreign_rows_are_refused_and_leave_the_factor():
    rng = np.random.default_rng(9)
    factor, dense, _ = draw(32, rng)
    foreign = 30.0 * rng.standard_normal((32, 1))
    with pytest.raises(NotPositiveDefiniteError, match="never trained on"):
        factor.extended(rows_out=foreign)
    assert_same(factor, dense, rng)
    assert_same(factor.extended(rows_in=foreign, rows_out=foreign), dense, rng)


def test_the_same_row_twice_is_refused():
    rng = np.random.default_rng(10)
    factor, _, V = draw(32, rng, n_rows=40)
    row = 10.0 * V[:, :1]  # most of its own curvature
    factor = factor.extended(rows_in=row)
    factor = factor.extended(rows_out=row)
    with pytest.raises(NotPositiveDefiniteError, match="or twice"):
        factor.extended(rows_out=row)


@pytest.mark.parametrize(
    ("matrix", "status"),
    [
        (np.ones((2, 2)), Status.DEPENDENT),
        (np.diag([1.0, 0.0]), Status.DEPENDENT),
        (np.zeros((2, 2)), Status.DEPENDENT),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), Status.INDEFINITE),
        (np.diag([1.0, -1.0]), Status.INDEFINITE),
        (np.diag([1.0, np.nan]), Status.NOT_FINITE),
        (np.diag([1.0, np.inf]), Status.NOT_FINITE),
    ],
    ids=["ones", "empty_column", "zero", "saddle", "negative", "nan", "inf"],
)
def test_status(matrix, status):
    with pytest.raises(NotPositiveDefiniteError) as caught:
        build(matrix, np.zeros(2))
    assert str(caught.value) == status.value


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_dependent_columns_are_recognised_at_any_scale(scale):
    rng = np.random.default_rng(11)
    X = rng.standard_normal((50, 6)) * scale
    X[:, 5] = X[:, 0] - 2.0 * X[:, 3]
    with pytest.raises(NotPositiveDefiniteError, match="linearly dependent"):
        build(X.T @ X, np.zeros(6))
    build(X.T @ X, np.full(6, 1e-3 * scale**2))  # a penalty decides


def test_badly_scaled_columns_are_not_singular():
    rng = np.random.default_rng(12)
    scale = 10.0 ** np.linspace(-8, 8, 10)
    X = rng.standard_normal((50, 10))
    hessian = (X.T @ X) * scale[:, None] * scale
    right = rng.standard_normal((10, 2))
    solution = build(hessian, np.zeros(10)).solve(right * scale[:, None])
    expected = np.linalg.solve(X.T @ X, right)
    np.testing.assert_allclose(solution * scale[:, None], expected, rtol=1e-10)


def test_too_few_rows_left_for_unpenalised_coefficients():
    rng = np.random.default_rng(13)
    V = rng.standard_normal((6, 9))
    factor = build(V @ V.T, np.zeros(6))
    factor = factor.extended(rows_out=V[:, :3])
    with pytest.raises(NotPositiveDefiniteError):
        factor.extended(rows_out=V[:, 3:4])


@pytest.mark.parametrize("penalty", [0.7, 0.0])
def test_solutions_stay_in_the_gauge(penalty):
    problem = make_problem("multinomial", n_rows=120, n_columns=15, penalty=penalty)
    objective, state = problem.objective, fitted(problem)
    gauge = directions(objective.gauge)
    free = ~objective.penalty.any(axis=1)
    np.testing.assert_allclose(state.theta[free].sum(axis=1), 0.0, atol=1e-12)
    rows = problem.rows.take(np.arange(2))
    pending = state.factor.extended(
        rows_out=objective.curvature_columns(rows, state.anchor)
    )
    assert pending.pending_rank == 4
    gradient = objective.pack(objective.data_gradient(rows, state.theta))
    for factor in (state.factor, pending, pending.folded()):
        change = factor.solve(gradient)
        np.testing.assert_allclose(gauge.T @ change, 0.0, atol=1e-13)
        matrix = factor_matrix(factor) + np.diag(objective.packed_penalty)
        expected = np.linalg.lstsq(matrix, gradient, rcond=None)[0]
        np.testing.assert_allclose(change, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", [5, 256, 257, 400])
@pytest.mark.parametrize("fold", [False, True])
def test_largest_eigenvalue(order, fold):
    rng = np.random.default_rng(order)
    factor, dense, V = draw(order, rng)
    assert factor.largest_eigenvalue == pytest.approx(
        np.linalg.eigvalsh(dense.matrix)[-1], rel=1e-5
    )
    edit = {
        "rows_in": 3.0 * rng.standard_normal((order, 1)),
        "rows_out": V[:, :1],
        "drop": np.array([1, 3]),
    }
    dense.extend(**edit)
    factor = factor.extended(**edit)
    factor = factor.folded() if fold else factor
    assert factor.largest_eigenvalue == pytest.approx(
        np.linalg.eigvalsh(dense.matrix)[-1], rel=1e-5
    )


@pytest.mark.parametrize("order", [200, 300])
def test_largest_eigenvalue_where_ones_are_an_eigenvector(order):
    # as for the softmax without intercept: a common shift feels the penalty only
    rng = np.random.default_rng(order)
    V = rng.standard_normal((order, 3 * order))
    V -= V.mean(axis=0)
    dense = Dense(V @ V.T, np.full(order, 0.5))
    factor = build(dense.hessian, dense.penalty)
    assert factor.largest_eigenvalue == pytest.approx(
        np.linalg.eigvalsh(dense.matrix)[-1], rel=1e-5
    )
