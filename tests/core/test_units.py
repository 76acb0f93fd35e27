"""Units of weights and targets."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.units import ONE, Units
from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfGamma,
    HalfSquaredError,
    HalfTweedie,
)
from sklearn_unlearn.core.rows import Rows


def rows_of(n_rows=30, seed=0):
    rng = np.random.default_rng(seed)
    return Rows(
        rng.normal(size=(n_rows, 2)),
        rng.uniform(1.0, 3.0, (n_rows, 2)),
        rng.integers(0, 3, n_rows).astype(float),
    )


def test_weights_of_one_and_a_loss_without_unit_change_nothing():
    rows = replace(rows_of(), weight=np.ones(30))
    for loss in (HalfGamma(), HalfBinomialLogistic()):
        units = Units.of(loss, rows)
        np.testing.assert_array_equal(units.gradient, 1.0)
        assert units.norm(np.array([[3.0], [4.0]])) == 5.0
    assert ONE.largest == 1.0


def test_means_are_those_of_rows_of_positive_weight():
    rows = rows_of()
    alive = rows.weight > 0.0
    assert not alive.all()
    units = Units.of(HalfSquaredError(), rows)
    mean = rows.weight[alive].mean()
    assert units.mean_weight == pytest.approx(mean, rel=1e-15)
    squares = np.average(rows.y**2, axis=0, weights=rows.weight)
    np.testing.assert_allclose(units.gradient, mean * np.sqrt(squares), rtol=1e-15)
    np.testing.assert_allclose(
        Units.of(HalfTweedie(1.5), rows).gradient, mean * squares**0.25, rtol=1e-15
    )


def test_targets_that_are_zero_have_no_unit():
    rows = replace(rows_of(), y=np.zeros((30, 2)), weight=np.ones(30))
    np.testing.assert_array_equal(Units.of(HalfSquaredError(), rows).gradient, 1.0)


def test_after_an_edit_they_are_no_smaller():
    loss = HalfSquaredError()
    rows = replace(rows_of(), weight=np.full(30, 2.0))
    rows.y[4] = 1e9
    before, gone, new = Units.of(loss, rows), rows.take(np.arange(9)), rows_of(5, 1)
    none = Units.of(loss, None)
    after = before.changed(Units.of(loss, new), Units.of(loss, gone))
    rest = rows.take(np.arange(9, 30))
    whole = Rows(
        np.vstack([rest.X, new.X]),
        np.vstack([rest.y, new.y]),
        np.append(rest.weight, new.weight),
    )
    expected = Units.of(loss, whole)
    assert after.n_rows == expected.n_rows
    assert after.mean_weight == pytest.approx(expected.mean_weight)
    assert np.all(after.gradient >= expected.gradient)
    # a part of their weight, of rows of which some stays
    halved = before.changed(none, Units.of(loss, gone.reweighted(0.5 * gone.weight)))
    partly = rows.reweighted(np.where(np.arange(30) < 9, 1.0, 2.0))
    assert np.all(halved.gradient >= Units.of(loss, partly).gradient)
    everything = before.changed(none, before)
    assert np.all(np.isfinite(everything.gradient))
