"""Sums over rows that stand elsewhere are made there: no row is brought here."""

from functools import reduce

import numpy as np
import pytest

from sklearn_unlearn.core.linear.data_checksum import Groups, Tally
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import Rows, SpreadRows, every, joined, pass_cost
from tests.core.linear_problems import kinds, linear_problem

CLOSE = {"rtol": 1e-12, "atol": 1e-11}


class Elsewhere(SpreadRows):
    """Parts that answer alone, from the last to the first."""

    def __init__(self, rows, n_parts):
        cuts = np.array_split(np.arange(rows.n_rows), n_parts)
        self.parts = [rows.take(cut) for cut in cuts]

    n_rows = property(lambda self: sum(part.n_rows for part in self.parts))

    def blocks(self, entries=0):
        raise AssertionError("Rows were asked for.")

    def combined(self, term, combine, entries):
        each = [term(block) for part in self.parts for block in part.blocks(entries)]
        return reduce(combine, reversed(each))

    def every(self, step):
        return every(joined(self.parts), step).reweighted(
            joined(self.parts).weight[::step]
        )


def sums(objective, rows, theta):
    direction = np.random.default_rng(9).standard_normal(theta.shape)
    marks = np.ones_like if objective.loss.coupled else np.abs
    bound = objective.rounding(rows, theta, direction)
    tally = Tally.of(rows, marks, 1)
    units, groups = Units.of(objective.loss, rows), Groups.of(rows, marks, 1)
    yield from objective.value_and_gradient(rows, theta)
    yield objective.value(rows, theta)
    yield objective.gradient(rows, theta)
    yield objective.hessian_vector_product(rows, theta, direction)
    yield objective.hessian_diagonal(rows, theta)
    yield np.triu(objective.data_hessian(rows, theta))
    yield objective.reach(rows)
    yield objective.largest_raw_change(rows, direction)
    yield objective.curvature_scale(rows, theta)
    yield from (bound.sums, bound.raw, bound.change)
    yield from (tally.group_rows, tally.whole, tally.mark_sum, tally.column_sum)
    yield from (units.n_rows, units.weight, units.squares)
    yield from (groups.weight, groups.n_rows, pass_cost(rows))
    sample = every(rows, 3)
    yield from (sample.X, sample.y, sample.weight)


@kinds
@pytest.mark.parametrize("n_parts", [1, 5])
def test_sums_are_those_of_the_rows(kind, n_parts):
    objective, rows, theta = linear_problem(kind)
    found = sums(objective, Elsewhere(rows, n_parts), theta)
    for one, other in zip(found, sums(objective, rows, theta), strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)


@pytest.mark.parametrize("kind", ["logistic", "poisson", "squared"])
def test_fits_read_no_row(kind):
    objective, rows, _ = linear_problem(kind)
    here = fit(objective, rows, tol=1e-9, max_iter=50)
    there = fit(objective, Elsewhere(rows, 4), tol=1e-9, max_iter=50)
    np.testing.assert_allclose(there.state.theta, here.state.theta, **CLOSE)


def test_rows_are_not_changed_by_sums_of_them():
    objective, rows, theta = linear_problem("multinomial")
    before = Rows(*(part.copy() for part in (rows.X, rows.y, rows.weight)))
    list(sums(objective, Elsewhere(rows, 3), theta))
    for name in ("X", "y", "weight"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(before, name))
