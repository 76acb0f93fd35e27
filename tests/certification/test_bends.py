"""Bounds on a change of raw predictions, and on what a bent gradient moves."""

import math

import numpy as np
import pytest

from sklearn_unlearn.certification.bends import _largest_product, way_of
from sklearn_unlearn.certification.distance import Drift, _by_penalty, bound
from sklearn_unlearn.certification.drift import measured
from tests.core.problems import fitted, make_problem


def test_the_largest_product_of_rows_in_a_box_and_a_ball():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = int(rng.integers(1, 7))
        reach = 10.0 ** rng.uniform(-2, 1, p) * (rng.uniform(size=p) < 0.9)
        vector = rng.standard_normal(p) * 10.0 ** rng.uniform(-3, 1, p)
        length = float(10.0 ** rng.uniform(-1, 1))
        found = _largest_product(reach, length, vector)
        assert found <= float(reach @ np.abs(vector)) * (1.0 + 1e-12)
        assert found <= length * np.linalg.norm(vector) * (1.0 + 1e-12)
        # the best row of both
        low, high = 1e-12, 1e12
        for _ in range(200):
            scale = math.sqrt(low * high)
            x = np.minimum(reach, scale * np.abs(vector))
            inside = np.linalg.norm(x) <= length
            low, high = (scale, high) if inside else (low, scale)
        best = float(np.minimum(reach, low * np.abs(vector)) @ np.abs(vector))
        assert best * (1.0 - 1e-9) <= found <= best * (1.0 + 1e-9)


def test_products_that_overflow_bound_nothing_less():
    assert _largest_product(np.zeros(3), 1.0, np.ones(3)) == 0.0
    assert _largest_product(np.ones(2), np.inf, np.array([1.0, -2.0])) == 3.0
    assert _largest_product(
        np.array([np.inf, 1.0]), 2.0, np.ones(2)
    ) <= 2.0 * math.sqrt(2)


def test_ways_one_after_another():
    # each norm of a sum is at most that of the sum of ways
    problem = make_problem("logistic", n_rows=200)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True, alone=True)
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = (
            rng.standard_normal((2, *state.theta.shape))
            * rng.uniform(0, 2, 2)[:, None, None]
        )
        ways = [
            way_of(state.objective, state.factor, drift.geometry, vector)
            for vector in (one, other, one + other)
        ]
        for name, both in vars(ways[0].plus(ways[1])).items():
            assert getattr(ways[2], name) <= both * (1.0 + 1e-12), name


# Theorem 7 ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", [0.0, 0.5, 2.0])
def test_what_a_bend_moves_under_a_penalty_is_attained(change):
    # one unknown: lambda v + t H_d v = H_d^(1/2) q is farthest where t H_d = lambda
    weakest, bent = 0.7, 1e-6
    left = math.exp(-change)
    found = _by_penalty(bent, 0.0, weakest, change, 1.0)
    curvature = np.geomspace(1e-3, 1e3, 200001) * weakest
    truth = (np.sqrt(curvature) * bent / (weakest + left * curvature)).max()
    assert truth * (1.0 - 1e-9) <= found <= truth * (1.0 + 2e-3)


def test_rows_may_be_left_behind_on_the_way():
    # one row of curvature e^u where it is pulled to the left: it holds less and less
    length, weakest = 3.0, 0.5
    for bent in (0.01, 0.3, 1.0, 3.0):
        found = _by_penalty(bent, 0.0, weakest, 0.0, length)
        worst = 0.0
        for curvature in np.geomspace(1e-2, 1e3, 200):
            # gradient at distance r: weakest r + h (1 - e^-(length r)) / length
            low, high = 0.0, 1e3
            for _ in range(200):
                r = 0.5 * (low + high)
                pull = weakest * r - curvature * math.expm1(-length * r) / length
                low, high = (
                    (r, high) if pull < math.sqrt(curvature) * bent else (low, r)
                )
            worst = max(worst, low)
        assert worst <= found
        if bent <= 0.01:
            assert found <= 1.02 * worst


def test_other_parts_are_added():
    for other in (1e-3, 1.0):
        found = _by_penalty(0.0, other, 4.0, 0.0, 0.0)
        # in a single direction: its H^-1 norm over the root of the penalty
        assert other / 2.0 <= found <= 0.5 * (1.0 + math.sqrt(2.0)) * 1.01 * other / 2.0
    assert _by_penalty(0.0, 0.0, 1.0, 3.0, 1.0) == 0.0
    assert _by_penalty(1.0, 0.0, 1.0, 800.0, 1.0) == math.inf


def test_a_bend_beyond_the_condition_has_a_bound():
    problem = make_problem("logistic", n_rows=200, intercept=False)
    state = fitted(problem)
    geometry = measured(state, problem.rows, exact=True).geometry
    for bent in (1.0, 2.0):
        radius = 3.0 / bent
        geometry = type(geometry)(**{**vars(geometry), "radius": radius, "length": 0.1})
        drift = Drift(geometry, 0.0, bent, 1e6, bent=bent)
        found = bound(drift, 1.0, tol=0.0, weakest=1.0)
        assert found.condition >= 1.0
        assert 0.5 * bent <= found.minimiser < 0.8 * bent
        # of an unknown gradient that no weights have made it says less
        assert (
            bound(Drift(geometry, 0.0, bent, 1e6), 1.0, tol=0.0, weakest=1.0).minimiser
            > found.minimiser
        )
