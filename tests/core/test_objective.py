from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core import arrays
from sklearn_unlearn.core.rows import Rows, pass_cost
from sklearn_unlearn.core.threads import controller
from tests.core.linear_problems import kinds, linear_problem
from tests.core.problems import (
    Partitioned,
    dense_data_hessian,
    dense_gradient,
    dense_hessian,
    dense_value,
    directions,
    flat,
    make_objective,
    make_problem,
    unflat,
    upper_full,
)

CLOSE = {"rtol": 1e-12, "atol": 1e-11}


intercepts = pytest.mark.parametrize("intercept", [False, True])


def formats(X):
    return {
        "csr_matrix": sp.csr_matrix(X),
        "csr_array": sp.csr_array(X),
        "from_csc": sp.csc_matrix(X).tocsr(),
        "fortran": np.asfortranarray(X),
        "float32": X.astype(np.float32),
        "csr_float32": sp.csr_array(X.astype(np.float32)),
    }


def all_sums(objective, rows, theta):
    direction = np.random.default_rng(9).standard_normal(theta.shape)
    value, gradient = objective.value_and_gradient(rows, theta)
    return {
        "data_value": objective.data_value(rows, theta),
        "value": objective.value(rows, theta),
        "data_gradient": objective.data_gradient(rows, theta),
        "gradient": objective.gradient(rows, theta),
        "both_value": value,
        "both_gradient": gradient,
        "product": objective.hessian_vector_product(rows, theta, direction),
        "diagonal": objective.hessian_diagonal(rows, theta),
        "hessian": np.triu(objective.data_hessian(rows, theta)),
    }


def assert_same_sums(actual, expected):
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, **CLOSE, err_msg=name)


# Against the dense formulas ---------------------------------------------------------


@kinds
@intercepts
def test_sums_equal_the_dense_formulas(kind, intercept):
    objective, rows, theta = linear_problem(kind, intercept)
    direction = np.random.default_rng(9).standard_normal(theta.shape)
    sums = all_sums(objective, rows, theta)
    gradient = dense_gradient(objective, rows, theta)
    hessian = dense_hessian(objective, rows, theta)
    regular = objective.penalty * theta + objective.linear
    expected = {
        "value": dense_value(objective, rows, theta),
        "both_value": dense_value(objective, rows, theta),
        "gradient": gradient,
        "both_gradient": gradient,
        "data_gradient": gradient - regular,
        "product": unflat(hessian @ flat(direction), theta.shape),
        "diagonal": unflat(np.diagonal(hessian), theta.shape),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(sums[name], value, **CLOSE, err_msg=name)
    np.testing.assert_allclose(
        upper_full(objective, sums["hessian"]),
        dense_data_hessian(objective, rows, theta),
        **CLOSE,
    )


@kinds
@intercepts
def test_derivatives_equal_finite_differences(kind, intercept):
    objective, rows, theta = linear_problem(kind, intercept)
    gradient = objective.gradient(rows, theta)
    columns = []
    for index in range(theta.size):
        step = unflat(1e-5 * np.eye(theta.size)[index], theta.shape)
        slope = objective.value(rows, theta + step)
        slope -= objective.value(rows, theta - step)
        assert flat(gradient)[index] == pytest.approx(slope / 2e-5, abs=2e-6)
        change = objective.gradient(rows, theta + step)
        change -= objective.gradient(rows, theta - step)
        np.testing.assert_allclose(
            objective.hessian_vector_product(rows, theta, step / 1e-5),
            change / 2e-5,
            atol=1e-6,
        )
        columns.append(flat(change) / 2e-5)
    hessian = upper_full(objective, objective.data_hessian(rows, theta))
    hessian += np.diag(flat(objective.penalty))
    np.testing.assert_allclose(hessian, np.stack(columns, axis=1), atol=1e-6)


# One result for every format and every partition ------------------------------------


@kinds
@intercepts
@pytest.mark.parametrize("cost", [0.0, np.inf], ids=["sparse_gram", "dense_gram"])
def test_every_format_gives_the_same_sums(kind, intercept, cost, monkeypatch):
    monkeypatch.setattr(arrays, "_SPARSE_COST", cost)
    objective, rows, theta = linear_problem(kind, intercept)
    X = rows.X.astype(np.float32).astype(np.float64)  # exact in both precisions
    X[np.random.default_rng(3).random(X.shape) < 0.6] = 0.0
    rows = replace(rows, X=X)
    expected = all_sums(objective, rows, theta)
    bound = objective.rounding_bound(rows, theta)
    for other in formats(X).values():
        same = replace(rows, X=other)
        assert_same_sums(all_sums(objective, same, theta), expected)
        assert objective.rounding_bound(same, theta) == pytest.approx(bound)


@pytest.mark.parametrize("dense", [True, False])
def test_float32_data_are_summed_in_float64(dense):
    rng = np.random.default_rng(0)
    X = (100.0 + rng.standard_normal((500, 3))).astype(np.float32)
    y = rng.standard_normal((500, 1))
    objective = make_objective("squared", 3, n_outputs=1)
    rows = Rows(X if dense else sp.csr_array(X), y, np.ones(500))
    exact = Rows(X.astype(np.float64), y, np.ones(500))
    for name, value in all_sums(objective, rows, np.ones(objective.shape)).items():
        assert np.asarray(value).dtype == np.float64, name
        wide = all_sums(objective, exact, np.ones(objective.shape))[name]
        np.testing.assert_allclose(value, wide, rtol=1e-12, err_msg=name)


@kinds
@pytest.mark.parametrize("sparse", [False, True])
def test_every_partition_gives_the_same_sums(kind, sparse, monkeypatch):
    objective, rows, theta = linear_problem(kind)
    expected = all_sums(objective, rows, theta)
    if sparse:
        rows = replace(rows, X=sp.csr_array(rows.X))
    rng = np.random.default_rng(4)
    for n_ends in (1, 5, rows.n_rows - 1):
        ends = np.sort(rng.choice(np.arange(1, rows.n_rows), n_ends, replace=False))
        partitioned = Partitioned(rows, tuple(ends.tolist()))
        assert_same_sums(all_sums(objective, partitioned, theta), expected)
    # empty blocks, and slices of one row inside a block
    monkeypatch.setattr(arrays, "_GRAM_ENTRIES", 1)
    partitioned = Partitioned(rows, (0, 20, 20, rows.n_rows))
    assert_same_sums(all_sums(objective, partitioned, theta), expected)


@kinds
@pytest.mark.parametrize("entries", [1, 37])
def test_blocks_of_rows_give_the_same_sums(kind, entries, monkeypatch):
    objective, rows, theta = linear_problem(kind)
    expected = all_sums(objective, rows, theta)
    blocks = Rows.blocks
    monkeypatch.setattr(Rows, "blocks", lambda self, *_: blocks(self, entries))
    assert len(list(rows.blocks())) > 5
    assert_same_sums(all_sums(objective, rows, theta), expected)


@kinds
def test_the_number_of_threads_does_not_matter(kind):
    objective, rows, theta = linear_problem(kind, n_rows=200)
    blocks = Partitioned(rows, tuple(range(10, 200, 10)))
    expected = all_sums(objective, blocks, theta)
    with controller().limit(limits=3, user_api="blas"):
        threaded = all_sums(objective, blocks, theta)
    for name, value in expected.items():  # to the last bit
        np.testing.assert_array_equal(threaded[name], value, err_msg=name)


@kinds
def test_weights_are_repetitions(kind):
    objective, rows, theta = linear_problem(kind)
    times = np.random.default_rng(6).integers(4, size=rows.n_rows)
    repeated = rows.take(np.repeat(np.arange(rows.n_rows), times))
    repeated = repeated.reweighted(np.ones(repeated.n_rows))
    weighted = rows.reweighted(times.astype(float))
    assert_same_sums(
        all_sums(objective, weighted, theta), all_sums(objective, repeated, theta)
    )


# The Hessian as a matrix ------------------------------------------------------------


@kinds
def test_hessian_is_added_in_place_with_a_sign(kind):
    objective, rows, theta = linear_problem(kind)
    first, second = rows.take(np.arange(20)), rows.take(np.arange(20, rows.n_rows))
    whole = objective.data_hessian(rows, theta)
    H = objective.data_hessian(first, theta)
    assert H.flags.f_contiguous
    assert objective.data_hessian(second, theta, out=H) is H
    np.testing.assert_allclose(np.triu(H), np.triu(whole), **CLOSE)
    objective.data_hessian(rows, theta, out=H, sign=-1.0)
    np.testing.assert_allclose(np.triu(H), 0.0, atol=1e-11)


@kinds
@intercepts
def test_curvature_columns(kind, intercept):
    objective, rows, theta = linear_problem(kind, intercept)
    few = rows.take(np.arange(14))
    columns = objective.curvature_columns(few, theta)
    positive = int(np.count_nonzero(few.weight))
    assert 0 < positive < few.n_rows
    assert columns.shape == (
        objective.n_unknowns,
        objective.n_curvature_columns(positive),
    )
    assert columns.flags.f_contiguous
    np.testing.assert_allclose(
        upper_full(objective, columns @ columns.T),
        dense_data_hessian(objective, few, theta),
        **CLOSE,
    )


@kinds
def test_curvature_columns_of_sparse_rows(kind):
    objective, rows, theta = linear_problem(kind)
    few = rows.take(np.arange(6))
    sparse = replace(few, X=sp.csr_array(few.X.astype(np.float32)))
    np.testing.assert_allclose(
        objective.curvature_columns(sparse, theta),
        objective.curvature_columns(few, theta),
        rtol=1e-5,
        atol=1e-6,
    )


# Layout, gauge, forgotten columns ---------------------------------------------------


@kinds
def test_pack_and_unpack(kind):
    objective, _, theta = linear_problem(kind)
    p, n_outputs = objective.shape
    packed = objective.pack(theta)
    assert objective.coupled is (kind in {"coupled_squared", "multinomial"})
    if objective.coupled:
        assert packed.shape == (p * n_outputs, 1)
        np.testing.assert_array_equal(packed[:p, 0], theta[:, 0])
        np.testing.assert_array_equal(packed[-p:, 0], theta[:, -1])
    else:
        assert packed.shape == (p, n_outputs)
    assert objective.n_unknowns == packed.shape[0] == objective.packed_penalty.size
    np.testing.assert_array_equal(objective.unpack(packed), theta)


@pytest.mark.parametrize(("penalty", "n_directions"), [(0.7, 5), (0.0, 5)])
def test_gauge_is_the_null_space_of_what_is_in_use(penalty, n_directions):
    problem = make_problem("multinomial", penalty=penalty)
    objective, theta = problem.objective, np.zeros(problem.objective.shape)
    gauge = directions(objective.gauge)
    assert gauge.shape == (objective.n_unknowns, n_directions)
    hessian = dense_data_hessian(objective, problem.rows, theta)
    np.testing.assert_allclose(hessian @ gauge, 0.0, atol=1e-12)
    assert np.linalg.matrix_rank(hessian) == objective.n_unknowns - n_directions
    gradient = objective.gradient(problem.rows, theta + 0.3 * theta[::-1])
    np.testing.assert_allclose(gauge.T @ objective.pack(gradient), 0.0, atol=1e-12)
    columns = np.array([False, True, False, False, True])
    left = directions(objective.forgetting(columns).gauge)
    assert left.shape[1] == 3
    assert not left[np.tile(columns, 3)].any()


@pytest.mark.parametrize("kind", ["squared", "coupled_squared", "logistic"])
def test_no_gauge_without_shift_invariance(kind):
    objective = make_problem(kind, penalty=0.0).objective
    np.testing.assert_array_equal(objective.gauge, np.full(objective.n_unknowns, -1))


def test_what_a_penalty_decides_otherwise_is_not_in_the_gauge():
    objective = make_problem("multinomial").objective
    penalty, linear = objective.penalty.copy(), objective.linear.copy()
    penalty[1, 0] *= 2.0
    linear[2] = [1.0, -2.0, 3.0]
    gauge = replace(objective, penalty=penalty, linear=linear).gauge
    assert np.unique(gauge).tolist() == [-1, 0, 3, 4]


@kinds
def test_forgotten_coefficients_have_no_gradient(kind):
    objective, rows, theta = linear_problem(kind)
    columns = np.array([False, True, False, True, False])
    forgetting = objective.forgetting(columns)
    assert forgetting.forgotten.tolist() == columns.tolist()
    assert not objective.forgotten.any()
    for name in ("gradient", "both_gradient", "product"):
        before = all_sums(objective, rows, theta)[name]
        after = all_sums(forgetting, rows, theta)[name]
        assert not after[columns].any()
        np.testing.assert_array_equal(after[~columns], before[~columns])
    again = forgetting.forgetting(np.array([True, True, False, False, False]))
    assert again.forgotten.tolist() == [True, True, False, True, False]


def test_pass_cost_counts_stored_entries():
    rows = make_problem("logistic", n_rows=50, n_columns=4).rows
    assert pass_cost(Partitioned(rows, (10, 30))) == 200
    X = sp.csr_array(np.eye(50, 4))
    assert pass_cost(replace(rows, X=X)) == 4
