"""Exact sums of quadratic losses: which rows they are of, and what is made of them."""

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear import exact_products as module
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.exact_products import Products
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses import HalfSquaredError
from sklearn_unlearn.core.rows import Rows

N_ROWS, N_COLUMNS = 40, 3


def objective_of(penalty=0.5, n_outputs=2):
    shape = (N_COLUMNS + 1, n_outputs)
    penalties = np.full(shape, penalty) * np.arange(1.0, 1.0 + n_outputs)
    penalties[-1] = 0.0
    held = np.zeros(shape, dtype=bool)
    return Objective(HalfSquaredError(), True, penalties, np.zeros(shape), held)


def draw(seed=0, sentinel=None, sparse=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, N_COLUMNS))
    if sentinel is not None:
        X[3, 1] = sentinel
    weight = rng.integers(1, 4, N_ROWS) / 2.0
    return Rows(sp.csr_array(X) if sparse else X, rng.normal(size=(N_ROWS, 2)), weight)


def in_fractions(rows):
    """The sums in rational numbers."""
    X = rows.X.toarray() if sp.issparse(rows.X) else rows.X
    left = np.column_stack([X, np.ones(rows.n_rows)])
    both = np.column_stack([left, rows.y])
    exact = np.vectorize(Fraction, otypes=[object])
    return (exact(left) * exact(rows.weight)[:, None]).T @ exact(both)


def fractions_of(exact):
    base, total = Fraction(2) ** 20, 0
    for place, digits in enumerate(exact.digits, exact.low):
        total = total + np.vectorize(Fraction, otypes=[object])(digits) * base**place
    return total


@pytest.mark.parametrize("sparse", [False, True])
def test_few_rows_are_summed_without_rounding(sparse):
    rows = draw(sentinel=1e20, sparse=sparse)
    products = Products.of(objective_of(), rows)
    assert np.all(fractions_of(products.sums) == in_fractions(rows))
    assert not products.peak.any()


@pytest.mark.parametrize("sparse", [False, True])
def test_of_many_rows_those_that_outweigh_the_others(sparse, monkeypatch):
    monkeypatch.setattr(module, "_CHEAP", 0.0)
    objective, rows = objective_of(), draw(sparse=sparse)
    assert Products.of(objective, rows) is None
    rows = draw(sentinel=1e20, sparse=sparse)
    products = Products.of(objective, rows)
    gone = Edit(rows_out=rows.take(np.array([3])))
    left = products.edited(objective, gone).summed()
    rest = rows.take(np.delete(np.arange(N_ROWS), 3))
    expected = in_fractions(rest).astype(float)
    error = np.abs(left.sums.rounded() - expected)
    assert error.max() <= 1e-13 * np.abs(expected).max()
    # what was summed with rounding
    assert np.all(np.diagonal(expected) <= products.peak)
    assert np.all(products.peak <= 2.0 * np.diagonal(expected))


@pytest.mark.parametrize("where", ["X", "y", "weight"])
def test_what_outweighs(where, monkeypatch):
    monkeypatch.setattr(module, "_CHEAP", 0.0)
    rows = draw()
    values = getattr(rows, where).copy()
    values[5] *= 1e5
    found = module._outweighing(objective_of(), replace(rows, **{where: values}))
    small = np.abs(getattr(rows, where)[5]).min() < 1e-3
    np.testing.assert_array_equal(np.flatnonzero(found), [] if small else [5])
    # most rows may: they are not what is typical of the others
    values = rows.X.copy()
    values[10:, 2] = 1e8
    found = module._outweighing(objective_of(), replace(rows, X=values))
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(10, N_ROWS))


def test_a_rare_column_of_many_rows():
    rows, root = np.zeros((5000, 2)), np.ones(5000)
    rows[:, 0] = 1.0
    rows[[17, 1234], 1] = 1e-3, 1e8
    limit = module._limit(rows, root)
    assert limit[0] == 2.0 ** (1 + module._OUTWEIGHS)
    assert 1e-3 < limit[1] < 1e8


def test_values_too_large_to_be_multiplied_are_left_to_floating_point():
    assert Products.of(objective_of(), draw(sentinel=1e130)) is None


def test_what_comes_and_goes_is_gone():
    objective, rows = objective_of(), draw()
    products = Products.of(objective, rows)
    guest = replace(draw(seed=1, sentinel=1e100), weight=np.full(N_ROWS, 0.3))
    for edit in (Edit(rows_in=guest), Edit(rows_out=guest)):
        products = products.edited(objective, edit)
    assert products.n_waiting == 2 * N_ROWS
    kept = pickle.loads(pickle.dumps(products))
    assert kept.n_waiting == 0
    for summed in (kept, products.summed()):
        assert np.all(fractions_of(summed.sums) == in_fractions(rows))


def test_rows_of_weight_zero_are_none():
    objective, rows = objective_of(), draw()
    none = Edit(rows_in=replace(rows, weight=np.zeros(N_ROWS)))
    assert Products.of(objective, rows).edited(objective, none).n_waiting == 0


@pytest.mark.parametrize("sparse", [False, True])
def test_maps(sparse):
    objective, rows = objective_of(), draw(sentinel=1e20)
    rng = np.random.default_rng(2)
    T = np.zeros((3, N_COLUMNS + 1))
    T[:2, :-1] = rng.normal(size=(2, N_COLUMNS))
    T[2, -1] = 1.0
    T[0, -1] = 5.0
    products = Products.of(objective, rows)
    mapped = products.mapped(LinearMap(sp.csr_array(T) if sparse else T))
    exact = np.vectorize(Fraction, otypes=[object])(T)
    expected = exact @ in_fractions(rows)
    expected = np.column_stack([expected[:, :4] @ exact.T, expected[:, 4:]])
    error = fractions_of(mapped.sums) - expected
    assert np.all(np.abs(error) <= np.abs(expected) * Fraction(2) ** -100)
    dropped = products.mapped(DropColumns(np.array([False, True, False, False])))
    kept = fractions_of(dropped.sums)
    assert not np.any(kept[1])
    assert not np.any(kept[:, 1])
    assert np.all(kept[0, [0, 2, 3, 4, 5]] == in_fractions(rows)[0, [0, 2, 3, 4, 5]])


@pytest.mark.parametrize("coupled", [False, True])
def test_solution_is_accurate_to_rounding(coupled):
    objective, rows = objective_of(), draw(sentinel=1e9)
    if not coupled:
        objective = replace(objective, penalty=objective.penalty[:, :1].repeat(2, 1))
    assert objective.coupled is coupled
    products = Products.of(objective, rows)
    theta = products.solution(objective, products.factor(objective))
    sums = in_fractions(rows)
    for k in range(2):
        matrix = sums[:, :4] + np.diag([Fraction(x) for x in objective.penalty[:, k]])
        expected = _solved(matrix, sums[:, 4 + k])
        np.testing.assert_allclose(theta[:, k], expected, rtol=1e-15)


def _solved(matrix, right):
    """Gauss's elimination in rational numbers."""
    matrix = np.column_stack([matrix, right])
    for i in range(len(matrix)):
        matrix[i] = matrix[i] / matrix[i, i]
        for j in range(len(matrix)):
            if j != i:
                matrix[j] = matrix[j] - matrix[j, i] * matrix[i]
    return matrix[:, -1].astype(float)


def test_sums_of_a_factor_and_its_coefficients():
    objective, rows = objective_of(), draw()
    whole = Products.of(objective, rows)
    factor = whole.factor(objective)
    theta = whole.solution(objective, factor)
    found = Products.at(objective, theta, np.zeros_like(theta), factor)
    expected = whole.sums.rounded()
    np.testing.assert_allclose(
        found.sums.rounded(), expected, rtol=1e-14, atol=1e-13 * np.abs(expected).max()
    )
    again = found.solution(objective, found.factor(objective))
    np.testing.assert_allclose(again, theta, rtol=1e-14)
    assert np.all(found.peak >= np.diagonal(expected))
