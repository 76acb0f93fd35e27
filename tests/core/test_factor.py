import copy
import pickle

import numpy as np
import pytest

from sklearn_unlearn.core import factor as module
from sklearn_unlearn.core.definiteness import Status
from sklearn_unlearn.core.factor import Factor, factorise
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.problems import directions, factor_matrix, fitted, make_problem


class Dense:
    """The matrix that a factor stands for, written out."""

    def __init__(self, hessian, penalty):
        self.hessian = hessian
        self.penalty = penalty
        self.dropped = np.zeros(penalty.size, dtype=bool)

    @property
    def alive(self):
        return np.flatnonzero(~self.dropped)

    @property
    def matrix(self):
        full = self.hessian + np.diag(self.penalty)
        return full[np.ix_(self.alive, self.alive)]

    def solve(self, right):
        solution = np.zeros(right.shape)
        solution[self.alive] = np.linalg.solve(self.matrix, right[self.alive])
        return solution

    def extend(self, rows_in=None, rows_out=None, drop=None):
        if rows_in is not None:
            self.hessian = self.hessian + rows_in @ rows_in.T
        if rows_out is not None:
            self.hessian = self.hessian - rows_out @ rows_out.T
        if drop is not None:
            self.dropped = self.dropped.copy()
            self.dropped[drop] = True


def build(hessian, penalty, gauge=None):
    """Factor of a full symmetric matrix; only its upper triangle is handed over."""
    upper = np.asfortranarray(np.triu(hessian))
    upper += np.tril(np.full(hessian.shape, 1e6), -1)  # below: anything
    gauge = np.full(penalty.size, -1) if gauge is None else gauge
    return factorise(upper, penalty, gauge, np.arange(penalty.size))


def draw(order, rng, n_rows=None):
    """Factor, written-out matrix and the columns whose products sum to it."""
    n_rows = 3 * order if n_rows is None else n_rows
    V = rng.standard_normal((order, n_rows))
    dense = Dense(V @ V.T, rng.uniform(0.5, 2.0, order))
    return build(dense.hessian, dense.penalty), dense, V


def assert_same(factor, dense, rng, rtol=1e-9):
    right = rng.standard_normal((factor.order, 3))
    before = right.copy()
    solution, expected = factor.solve(right), dense.solve(right)
    error = np.abs(solution - expected).max()
    assert error <= rtol * np.abs(expected).max()
    assert not solution[dense.dropped].any()
    np.testing.assert_array_equal(right, before)
    np.testing.assert_allclose(factor.solve(right[:, :1]), solution[:, :1], rtol=1e-9)
    vectors = rng.standard_normal((factor.order, 2))
    vectors[dense.dropped] = 0.0
    product = factor.curvature_dot(vectors)
    exact = dense.hessian @ vectors
    np.testing.assert_allclose(
        product[dense.alive], exact[dense.alive], rtol=1e-9, atol=1e-9
    )
    quadratic = np.vdot(vectors, exact + dense.penalty[:, None] * vectors)
    assert factor.norm(vectors) == pytest.approx(np.sqrt(quadratic), rel=1e-9)
    alive = dense.alive
    hessian = factor.hessian()
    np.testing.assert_allclose(
        np.triu(hessian), np.triu(dense.hessian[np.ix_(alive, alive)]), atol=1e-9
    )


# Solving and editing ----------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 7, 40])
def test_fresh_factor(order):
    rng = np.random.default_rng(order)
    factor, dense, _ = draw(order, rng)
    assert factor.pending_rank == 0
    assert_same(factor, dense, rng)


def random_edit(rng, dense, V, share=0.1):
    """Rows in, rows out and coordinates dropped, any of them absent."""
    order = dense.penalty.size
    choice = rng.permutation(["in", "out", "drop"])[: rng.integers(1, 4)]
    edit = {}
    if "in" in choice:
        edit["rows_in"] = rng.standard_normal((order, rng.integers(1, 3)))
    if "out" in choice:
        n_out = min(rng.integers(1, 3), V.shape[1])
        edit["rows_out"], V = V[:, :n_out], V[:, n_out:]
    if "drop" in choice and dense.alive.size > 3:
        edit["drop"] = rng.choice(order, 2)  # perhaps dropped before, perhaps twice
    if "in" in choice:
        V = np.concatenate([V, edit["rows_in"]], axis=1)
    return edit, V


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


# Positive definite or not -----------------------------------------------------------


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


# Gauge ------------------------------------------------------------------------------


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


# Eigenvalue -------------------------------------------------------------------------


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


# Memory and pickling ----------------------------------------------------------------


def test_one_array_holds_both_matrices():
    rng = np.random.default_rng(14)
    factor, dense, V = draw(200, rng)
    held = [v for v in vars(factor).values() if isinstance(v, np.ndarray)]
    # array, diagonal, penalty, kept, gauge, nothing dropped
    assert sum(v.nbytes for v in held) == 8 * (200**2 + 4 * 200)
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


# A penalty that waits ----------------------------------------------------------------


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
