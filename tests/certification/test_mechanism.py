import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from sklearn_unlearn.certification import classical_kappa, gaussian_delta, kappa
from sklearn_unlearn.certification.mechanism import check_privacy, check_sigma

#: The corners of what is accepted, and delta as far as the tail of ordinary numbers.
EXTREMES = [
    (epsilon, delta)
    for epsilon in (1e-5, 1e-4, 1e6)
    for delta in (1e-100, 1e-30, 1e-9, 0.3, 1.0 - 1e-6)
]
GRID = [
    (epsilon, delta)
    for epsilon in (1e-3, 0.01, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 100.0)
    for delta in (1e-12, 1e-9, 1e-6, 1e-3, 0.01, 0.1, 0.5)
]
EPSILONS = st.floats(1e-3, 100.0)
DELTAS = st.floats(math.log(1e-12), math.log(0.5)).map(math.exp)

many = settings(max_examples=100, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("epsilon", "delta", "expected"),
    [
        (0.1, 0.01, 9.54182),
        (1.0, 1e-6, 4.22468),
        (10.0, 0.01, 0.350097),
        (1e-3, 1e-12, 5412.3),
    ],
)
def test_known_values(epsilon, delta, expected):
    # half a unit of the last digit that is written, and what is rounded up
    digits = len(str(expected).replace(".", "").lstrip("0"))
    unit = 10.0 ** (math.floor(math.log10(expected)) + 1 - digits)
    assert abs(kappa(epsilon, delta) / (1.0 + 1e-9) - expected) <= 0.5001 * unit


@pytest.mark.parametrize(("epsilon", "delta"), GRID + EXTREMES)
def test_kappa_is_rounded_up(epsilon, delta):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(160):
        eps, target = mpmath.mpf(epsilon), mpmath.log(mpmath.mpf(delta))

        def excess(log_noise):
            k = mpmath.exp(log_noise)
            left = mpmath.ncdf(1 / (2 * k) - eps * k)
            right = mpmath.exp(eps) * mpmath.ncdf(-1 / (2 * k) - eps * k)
            return mpmath.log(left - right) - target

        found = kappa(epsilon, delta)
        near = mpmath.log(found)
        exact = mpmath.exp(mpmath.findroot(excess, (near - 1e-6, near + 1e-6)))
        assert 0.0 < found / exact - 1 < 2e-9


@pytest.mark.parametrize(("epsilon", "delta"), GRID)
def test_kappa_from_the_definition(epsilon, delta):
    # the divergence of N(1, k^2) from N(0, k^2), as an integral over where it counts
    k = kappa(epsilon, delta) / (1.0 + 1e-9)
    edge = 0.5 + epsilon * k * k  # where the likelihood ratio is exp(epsilon)

    def excess(x):
        return norm.pdf(x, 1.0, k) * -math.expm1(epsilon - (x - 0.5) / (k * k))

    # the integrand is k / (edge - 1) wide in a tail, k wide elsewhere
    width = k / max(1.0, (edge - 1.0) / k)
    ends = edge + width * np.array([0.0, 1.0, 4.0, 12.0, 40.0, 120.0])
    ends = np.append(ends[ends < 1.0 + 38.0 * k], 1.0 + 38.0 * k)
    middle = [point for point in (1.0 - 4 * k, 1.0, 1.0 + 4 * k) if point > edge]
    ends = np.unique(np.append(ends, middle))
    parts = [
        quad(excess, *part, epsabs=0.0, epsrel=1e-10)[0] for part in pairwise(ends)
    ]
    assert sum(parts) == pytest.approx(delta, rel=1e-7)


@given(EPSILONS, DELTAS, st.floats(1.001, 10.0))
@many
def test_less_privacy_needs_less_noise(epsilon, delta, factor):
    assert kappa(epsilon * factor, delta) < kappa(epsilon, delta)
    assert kappa(epsilon, delta + (1.0 - delta) * (1.0 - 1.0 / factor)) < kappa(
        epsilon, delta
    )


@given(EPSILONS, st.floats(0.05, 1e3), st.floats(1.001, 10.0))
@many
def test_more_noise_gives_a_smaller_delta(epsilon, noise, factor):
    before = gaussian_delta(noise, epsilon)
    after = gaussian_delta(noise * factor, epsilon)
    assert 0.0 <= after <= before <= 1.0
    # strictly, wherever neither has underflowed nor come within rounding of one
    assert after < before or before == 0.0 or after > 1.0 - 1e-12


@given(EPSILONS, DELTAS)
@many
def test_kappa_inverts_gaussian_delta(epsilon, delta):
    found = gaussian_delta(kappa(epsilon, delta), epsilon)
    # delta moves (shift^2 - half^2) times as much as kappa, relatively
    k = kappa(epsilon, delta)
    slope = 1.0 + epsilon * k * (epsilon * k + 1.0 / k) + 1.0 / k**2
    assert found <= delta
    assert found == pytest.approx(delta, rel=2e-9 * slope)


# The classical constant -------------------------------------------------------------


def test_classical_constant():
    expected = math.sqrt(2.0 * math.log(150.0)) / 0.1
    assert classical_kappa(0.1, 0.01) == pytest.approx(expected, rel=1e-14)
    ratio = classical_kappa(0.1, 0.01) / kappa(0.1, 0.01)
    assert ratio == pytest.approx(3.3, abs=0.05)


@given(EPSILONS, DELTAS)
@many
def test_classical_constant_is_refused_where_it_is_too_small(epsilon, delta):
    classical = math.sqrt(2.0 * math.log(1.5 / delta)) / epsilon
    if classical < kappa(epsilon, delta):
        with pytest.raises(ValueError, match="too large for the classical constant"):
            classical_kappa(epsilon, delta)
    else:
        assert classical_kappa(epsilon, delta) == pytest.approx(classical, rel=1e-14)


def test_classical_constant_fails_from_about_seven():
    assert classical_kappa(5.0, 0.01) > kappa(5.0, 0.01)
    with pytest.raises(ValueError, match="too large for the classical constant"):
        classical_kappa(10.0, 0.01)


# What is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [0.0, -1.0, 0.9e-5, 2e100, math.nan, math.inf, True, "1", None]
)
@pytest.mark.parametrize("check", [check_privacy, kappa, classical_kappa])
def test_wrong_epsilon(check, wrong):
    with pytest.raises(ValueError, match="epsilon must be a number from 1e-05 "):
        check(wrong, 0.01)


@pytest.mark.parametrize(
    "wrong", [0.0, 1e-101, 0.9999999, 1.0, -0.1, 2.0, math.nan, False, "0.1", None]
)
@pytest.mark.parametrize("check", [check_privacy, kappa, classical_kappa])
def test_wrong_delta(check, wrong):
    with pytest.raises(ValueError, match="delta must be a number from 1e-100 "):
        check(1.0, wrong)


@pytest.mark.parametrize(
    "wrong", [None, 0, 0.0, -1.0, math.nan, math.inf, 1e301, True, "1", np.bool_(1)]
)
def test_wrong_sigma(wrong):
    with pytest.raises(ValueError, match="sigma must be a finite number"):
        check_sigma(wrong)


@pytest.mark.parametrize("right", [1, 1.0, np.float32(1.0), np.float64(1.0), 1e-5])
def test_right_parameters(right):
    check_sigma(right)
    check_privacy(right, 0.5)
