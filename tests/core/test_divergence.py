"""Divergences have no slope at the start, rows that leave minus that of their loss."""

import numpy as np
import pytest

from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfSquaredError,
    MultinomialLogistic,
)
from sklearn_unlearn.core.network.divergence import Departure, Divergence

LOSSES = {
    "logistic": (HalfBinomialLogistic(), 1, lambda rng: rng.integers(2, size=(9, 1))),
    "multinomial": (MultinomialLogistic(), 3, lambda rng: rng.integers(3, size=(9, 1))),
    "squared": (HalfSquaredError(), 2, lambda rng: rng.normal(size=(9, 2))),
}


def problem(name, kind):
    loss, n_outputs, targets = LOSSES[name]
    rng = np.random.default_rng(0)
    start, raw = rng.normal(size=(2, 9, n_outputs))
    target = targets(rng).astype(float)
    relative = kind(loss, n_outputs)
    return loss, relative, start, raw, target, relative.targets(start, target)


def slopes(loss, raw, target):
    """The gradient by central differences."""
    found = np.empty_like(raw)
    for output in range(raw.shape[1]):
        step = np.zeros(raw.shape[1])
        step[output] = 1e-5
        higher, lower = (loss.value(raw + s * step, target) for s in (1.0, -1.0))
        found[:, output] = (higher - lower) / 2e-5
    return found


@pytest.mark.parametrize("name", LOSSES)
def test_divergence(name):
    loss, divergence, start, raw, target, targets = problem(name, Divergence)
    np.testing.assert_allclose(divergence.value(start, targets), 0.0, atol=1e-14)
    np.testing.assert_allclose(divergence.gradient(start, targets), 0.0, atol=1e-14)
    assert np.all(divergence.value(raw, targets) > 0.0)
    found = divergence.gradient(raw, targets)
    np.testing.assert_allclose(found, slopes(divergence, raw, targets), atol=1e-8)
    for method in ("curvature", "curvature_root"):
        one, other = getattr(divergence, method), getattr(loss, method)
        np.testing.assert_array_equal(one(raw, targets), other(raw, target))
    for attribute in ("coupled", "constant_curvature", "has_scale", "max_curvature"):
        assert getattr(divergence, attribute) == getattr(loss, attribute)


@pytest.mark.parametrize("name", LOSSES)
def test_departure(name):
    loss, departure, start, raw, target, targets = problem(name, Departure)
    for at in (start, raw):
        found = departure.gradient(at, targets)
        np.testing.assert_array_equal(found, -loss.gradient(start, target))
    np.testing.assert_allclose(found, slopes(departure, raw, targets), atol=1e-8)
    assert not departure.curvature(raw, targets).any()
    assert not departure.curvature_root(raw, targets).any()
    assert departure.curvature(raw, targets).shape == loss.curvature(raw, target).shape
