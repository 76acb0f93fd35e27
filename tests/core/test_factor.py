"""Solving with the factor, editing it, and factors derived from it."""

import numpy as np
import pytest

from tests.core.dense_factor import Dense, assert_same, draw, random_edit

# Solving and editing ----------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 7, 40])
def test_fresh_factor(order):
    rng = np.random.default_rng(order)
    factor, dense, _ = draw(order, rng)
    assert factor.pending_rank == 0
    assert_same(factor, dense, rng)


@pytest.mark.parametrize("order", [12, 40, 96])
@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_edits_equals_the_dense_matrix(order, seed):
    rng = np.random.default_rng([order, seed])
    factor, dense, V = draw(order, rng)
    ranks = [0]
    for _ in range(14):
        edit, V = random_edit(rng, dense, V)
        factor = factor.extended(**edit)
        dense.extend(**edit)
        assert factor.pending_rank <= factor.max_pending
        ranks.append(factor.pending_rank)
        assert_same(factor, dense, rng)
    if order >= 40:
        assert max(ranks) > 2  # pending was tried
    assert np.any(np.diff(ranks) <= 0)  # and so was folding


@pytest.mark.parametrize("seed", range(4))
def test_order_of_edits_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    factor, dense, V = draw(64, rng)
    edits = [
        {"rows_in": rng.standard_normal((64, 2))},
        {"rows_out": V[:, :2]},
        {"drop": np.array([3, 60])},
        {"rows_out": V[:, 2:3]},
    ]
    for edit in edits:
        dense.extend(**edit)
    for position in range(4):
        order = rng.permutation(4) if position else np.arange(4)
        changed = factor
        for index in order:
            changed = changed.extended(**edits[index])
        assert changed.pending_rank == 7
        assert_same(changed, dense, rng)
    together = factor.extended(
        edits[0]["rows_in"],
        np.concatenate([edits[1]["rows_out"], edits[3]["rows_out"]], axis=1),
        edits[2]["drop"],
    )
    assert_same(together, dense, rng)


def test_pending_equals_fresh():
    rng = np.random.default_rng(1)
    factor, dense, V = draw(64, rng)
    edit = {
        "rows_in": rng.standard_normal((64, 2)),
        "rows_out": V[:, :3],
        "drop": np.array([0, 63]),
    }
    pending = factor.extended(**edit)
    dense.extend(**edit)
    assert pending.pending_rank == 7
    vector = rng.standard_normal((64, 1))  # dropped coordinates as well
    np.testing.assert_allclose(
        pending.curvature_dot(vector), dense.hessian @ vector, atol=1e-9
    )
    folded = pending.folded()
    assert folded.pending_rank == 0
    assert folded.kept.tolist() == dense.alive.tolist()
    assert folded.dropped.size == 0
    assert folded.folded() is folded
    for changed in (pending, folded):
        assert_same(changed, dense, rng, rtol=1e-12)


def test_a_factor_is_immutable():
    rng = np.random.default_rng(2)
    factor, dense, V = draw(48, rng)
    right = rng.standard_normal((48, 2))
    array, solution = factor.array.copy(), factor.solve(right)
    edited = factor.extended(V[:, :1], V[:, 1:3], np.array([5]))
    assert edited.array is factor.array
    for derived in (
        edited,
        edited.folded(),
        edited.extended(V[:, 4:8]),
        factor.repenalised(2 * dense.penalty, factor.gauge),
        factor.transformed(
            np.eye(48)[::-1], dense.penalty, factor.gauge, np.arange(48)
        ),
        factor.rebuilt(lambda hessian: np.fill_diagonal(hessian, 300.0)),
    ):
        derived.solve(right)
    np.testing.assert_array_equal(factor.array, array)
    np.testing.assert_array_equal(factor.solve(right), solution)
    columns = rng.standard_normal((48, 1))
    before = columns.copy()
    factor.extended(columns)
    np.testing.assert_array_equal(columns, before)


def test_repeated_drops_are_ignored():
    rng = np.random.default_rng(3)
    factor, dense, _ = draw(48, rng)
    once = factor.extended(drop=np.array([4, 9, 4]))
    assert once.pending_rank == 2
    again = once.extended(drop=np.array([9]))
    assert again.pending_rank == 2
    after_folding = once.folded().extended(drop=np.array([4, 11]))
    assert after_folding.pending_rank == 1
    dense.extend(drop=[4, 9, 11])
    assert_same(after_folding, dense, rng)


def test_all_coordinates_but_one_dropped():
    rng = np.random.default_rng(4)
    factor, dense, _ = draw(9, rng)
    factor = factor.extended(drop=np.arange(8))
    dense.extend(drop=np.arange(8))
    assert_same(factor, dense, rng)


def test_rows_after_columns_were_dropped_count_on_the_others():
    rng = np.random.default_rng(5)
    factor, dense, V = draw(64, rng)
    for edit in ({"drop": np.array([1, 2])}, {"rows_out": V[:, :2]}):
        factor, _ = factor.extended(**edit), dense.extend(**edit)
    assert_same(factor, dense, rng)
    folded = factor.folded()
    more = {"rows_in": rng.standard_normal((64, 2)), "rows_out": V[:, 2:4]}
    dense.extend(**more)
    assert_same(factor.extended(**more), dense, rng)
    assert_same(folded.extended(**more), dense, rng)


def test_cancelling_edits_lose_no_more_than_they_must():
    # a row 1e5 times the others comes and leaves: ten of sixteen digits are lost in
    # the sum itself
    rng = np.random.default_rng(6)
    factor, dense, _ = draw(32, rng)
    huge = 1e5 * rng.standard_normal((32, 1))
    right = rng.standard_normal((32, 2))
    for edited in (
        factor.extended(rows_in=huge).extended(rows_out=huge),
        factor.extended(rows_in=huge).folded().extended(rows_out=huge),
        factor.extended(huge, huge),
    ):
        np.testing.assert_allclose(
            edited.solve(right), dense.solve(right), rtol=1e-3, atol=1e-5
        )


# Derived factors --------------------------------------------------------------------


def pending_factor(seed=7, order=48):
    rng = np.random.default_rng(seed)
    factor, dense, V = draw(order, rng)
    edit = {
        "rows_in": rng.standard_normal((order, 1)),
        "rows_out": V[:, :2],
        "drop": np.array([2, 30]),
    }
    dense.extend(**edit)
    return factor.extended(**edit), dense, rng


@pytest.mark.parametrize("fold", [False, True])
def test_repenalised(fold):
    factor, dense, rng = pending_factor()
    factor = factor.folded() if fold else factor
    dense.penalty = rng.uniform(3.0, 4.0, 48)
    assert_same(factor.repenalised(dense.penalty, factor.gauge), dense, rng)


@pytest.mark.parametrize("fold", [False, True])
def test_rebuilt(fold):
    factor, dense, rng = pending_factor()
    factor = factor.folded() if fold else factor
    more = rng.standard_normal((48, 100))

    def change(hessian):
        assert hessian.shape == (48, 48)
        assert hessian.flags.f_contiguous
        hessian += np.triu(more @ more.T)

    rebuilt = factor.rebuilt(change)
    dense.hessian = dense.hessian + more @ more.T
    assert rebuilt.pending_rank == 0
    assert_same(rebuilt, dense, rng)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("order_new", [48, 20, 60])
def test_transformed(fold, order_new):
    factor, dense, rng = pending_factor()
    factor = factor.folded() if fold else factor
    T = rng.standard_normal((order_new, 48))
    penalty = rng.uniform(0.5, 1.0, order_new)
    gauge, alive = np.zeros((order_new, 0)), np.arange(order_new)
    mapped = factor.transformed(T, penalty, gauge, alive)
    alive = np.where(dense.dropped, 0.0, 1.0)
    T = T * alive
    expected = Dense(T @ dense.hessian @ T.T, penalty)
    assert_same(mapped, expected, rng, rtol=1e-7)
