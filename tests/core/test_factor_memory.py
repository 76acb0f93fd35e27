"""What the factor holds in memory and in pickles, and the penalty that waits."""

import copy
import pickle

import numpy as np
import pytest

from sklearn_unlearn.core.linear import factor as module
from sklearn_unlearn.core.linear.factor import Factor, factorise
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.dense_factor import assert_same, build, draw, random_edit
from tests.core.problems import make_problem


def test_one_array_holds_both_matrices():
    rng = np.random.default_rng(14)
    factor, dense, V = draw(200, rng)
    held = [v for v in vars(factor).values() if isinstance(v, np.ndarray)]
    # array, diagonal, penalty, kept, gauge, peak, nothing dropped
    assert sum(v.nbytes for v in held) == 8 * (200**2 + 5 * 200)
    assert factor.nbytes == 8 * (200**2 + 200)
    np.testing.assert_array_equal(factor.diagonal, np.diagonal(dense.hessian))
    lower = np.tril(factor.array)
    np.testing.assert_allclose(lower @ lower.T, dense.matrix, rtol=1e-12, atol=1e-11)
    np.testing.assert_array_equal(np.triu(factor.array, 1), np.triu(dense.hessian, 1))
    pending = factor.extended(rows_in=V[:, :3], rows_out=V[:, 3:5])
    assert pending.nbytes == factor.nbytes + 2 * 5 * 200 * 8


def test_lapack_works_in_place():
    rng = np.random.default_rng(15)
    V = rng.standard_normal((64, 100))
    hessian = np.asfortranarray(V @ V.T)
    factor = factorise(hessian, np.ones(64), np.full(64, -1), np.arange(64))
    assert np.shares_memory(factor.array, hessian)
    assert factor.array.flags.f_contiguous
    for rank in (1, 2, 3, 8):  # both the vector and the matrix routine
        right = np.asfortranarray(V[:, :rank])
        for solve in (module.forward, module.backward):
            assert np.shares_memory(solve(factor.array, right), right)
    problem = make_problem("multinomial", n_rows=40)
    objective = problem.objective
    zero = np.zeros(objective.shape)
    hessian = objective.data_hessian(problem.rows, zero)
    columns = objective.curvature_columns(problem.rows, zero)
    assert hessian.flags.f_contiguous
    assert columns.flags.f_contiguous


def arrays_in(value):
    """All arrays in an object, however deep."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    elif hasattr(value, "__dict__"):
        value = list(vars(value).values())
    if isinstance(value, (list, tuple)):
        return [array for part in value for array in arrays_in(part)]
    return []


def holds_multiple(arrays, vector):
    """Whether a column or row of some array is a multiple of the vector."""
    unit = vector / np.linalg.norm(vector)
    for array in arrays:
        if array.ndim != 2 or not array.size:
            continue
        for matrix in (array, array.T):
            if matrix.shape[0] != vector.size:
                continue
            lengths = np.linalg.norm(matrix, axis=0)
            along = np.abs(unit @ matrix) >= (1 - 1e-9) * lengths
            if np.any(along & (lengths > 0.0)):
                return True
    return False


def test_pickles_hold_no_pending_column():
    rng = np.random.default_rng(16)
    factor, dense, V = draw(48, rng)
    edit = {
        "rows_in": rng.standard_normal((48, 2)),
        "rows_out": V[:, :2],
        "drop": np.array([7]),
    }
    pending = factor.extended(**edit)
    dense.extend(**edit)
    assert pending.pending_rank == 5
    secrets = [*edit["rows_in"].T, *edit["rows_out"].T]
    images = np.linalg.solve(np.tril(factor.array), np.stack(secrets, axis=1))
    # the search finds what is there before
    assert all(holds_multiple(arrays_in(pending), secret) for secret in secrets)
    assert all(holds_multiple(arrays_in(pending), image) for image in images.T)
    for loaded in (pickle.loads(pickle.dumps(pending)), copy.deepcopy(pending)):
        assert isinstance(loaded, Factor)
        assert loaded.pending_rank == 0
        arrays = arrays_in(loaded)
        assert len(arrays) > 8
        for secret in (*secrets, *images.T):
            kept = np.delete(secret, 7)
            assert not holds_multiple(arrays, secret)
            assert not holds_multiple(arrays, kept)
        assert 7 not in loaded.kept
        assert_same(loaded, dense, rng)
    assert pending.pending_rank == 5


def test_pickle_of_a_fresh_factor_solves_the_same():
    rng = np.random.default_rng(17)
    factor, _, _ = draw(20, rng)
    assert factor.largest_eigenvalue > 0.0  # cached, and not in the way
    loaded = pickle.loads(pickle.dumps(factor))
    right = rng.standard_normal((20, 2))
    np.testing.assert_array_equal(loaded.solve(right), factor.solve(right))


def nearly(penalty, rng, share=0.09):
    return penalty * (1.0 + share * rng.uniform(-1.0, 1.0, penalty.size))


@pytest.mark.parametrize("seed", range(20))
def test_a_waiting_penalty_is_a_fresh_factor(seed):
    rng = np.random.default_rng(seed)
    factor, dense, V = draw(80, rng, n_rows=rng.choice([40, 240]))
    held = dense.penalty
    for _ in range(4):
        edit, V = random_edit(rng, dense, V)
        dense.extend(**edit)
        factor = factor.extended(**edit)
        dense.penalty = nearly(held, rng)
        factor = factor.repenalised(dense.penalty, factor.gauge)
        np.testing.assert_array_equal(factor.penalty, dense.penalty)
        if factor.factored is not None:
            np.testing.assert_array_equal(factor.factored, held)
        assert_same(factor, dense, rng, rtol=1e-10)
        fresh = factor.folded()
        assert fresh.factored is None
        assert_same(fresh, dense, rng, rtol=1e-10)
        alive = np.flatnonzero(~dense.dropped)
        np.testing.assert_allclose(
            np.tril(factor.matrix()), np.tril(dense.matrix), atol=1e-9
        )
        largest = np.linalg.eigvalsh(dense.matrix)[-1]
        assert factor.largest_eigenvalue == pytest.approx(largest, rel=1e-6)
        right = np.zeros((80, 2))
        right[alive] = rng.standard_normal((alive.size, 2))
        half = fresh.half_solve(right, False)
        assert np.vdot(half, half) == pytest.approx(
            np.vdot(right, dense.solve(right)), rel=1e-9
        )
        copied = pickle.loads(pickle.dumps(factor))
        assert copied.factored is None
        assert_same(copied, dense, rng, rtol=1e-10)


def test_a_penalty_waits_until_it_has_changed_by_a_tenth():
    rng = np.random.default_rng(0)
    factor, dense, _ = draw(48, rng)
    penalty = dense.penalty
    array = factor.array
    for share in (0.97, 0.94, 0.91):  # counted from what is in the factor
        factor = factor.repenalised(share * penalty, factor.gauge)
        assert factor.array is array
    same = factor.repenalised(penalty, factor.gauge)
    assert same.array is array
    assert same.factored is None
    factor = factor.repenalised(0.88 * penalty, factor.gauge)
    assert factor.array is not array
    assert factor.factored is None
    one = penalty.copy()
    one[3] = 0.0  # a coefficient that was penalised and now is free, and back
    free = same.repenalised(one, factor.gauge)
    assert free.array is not array
    assert free.repenalised(penalty, factor.gauge).array is not free.array
    dense.penalty = one
    assert_same(free, dense, rng)


def test_a_free_coefficient_stays_free():
    rng = np.random.default_rng(1)
    factor, dense, _ = draw(48, rng)
    dense.penalty[-1] = 0.0
    factor = build(dense.hessian, dense.penalty)
    dense.penalty = 1.05 * dense.penalty
    changed = factor.repenalised(dense.penalty, factor.gauge)
    assert changed.array is factor.array
    assert_same(changed, dense, rng, rtol=1e-12)


def test_a_waiting_penalty_hides_no_indefinite_matrix():
    # a foreign row that only the penalty before the change outweighs
    penalty = np.full(48, 1e4)
    factor = build(np.eye(48), penalty)
    row = np.zeros((48, 1))
    row[5] = np.sqrt(9500.0)
    edited = factor.extended(rows_out=row)
    right = np.ones((48, 1))
    edited.solve(right)
    definite = edited.repenalised(0.96 * penalty, factor.gauge)
    expected = np.linalg.solve(np.diag(9601.0 - row[:, 0] ** 2), right)
    np.testing.assert_allclose(definite.solve(right), expected, rtol=1e-9)
    with pytest.raises(NotPositiveDefiniteError, match="never trained on"):
        edited.repenalised(0.94 * penalty, factor.gauge).solve(right)
