"""Noise on a grid: the bits, the normal numbers, the rounding."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from sklearn_unlearn.certification import noise
from sklearn_unlearn.certification.noise import derived, grid, noisy

KEY = b"secret" * 6
FREE = np.zeros((6, 1), dtype=bool)

many = settings(max_examples=60, deadline=None, derandomize=True)


def draw(theta, sigma=1.0, key=KEY, held=None):
    held = np.zeros(theta.shape, dtype=bool) if held is None else held
    return noisy(theta, held, sigma, key)


# The grid -----------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1e-300, 2.0**-30, 1e-3, 0.999, 1.0, 3.0, 1e100])
def test_the_grid_is_a_power_of_two_a_millionth_of_the_noise(sigma):
    fraction, _ = math.frexp(grid(sigma))
    assert fraction == 0.5
    assert 2.0**-21 < grid(sigma) / sigma <= 2.0**-20


@given(
    st.floats(-200, 200).map(math.exp),
    st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=5),
)
@many
def test_what_is_published_lies_on_the_grid(sigma, values):
    theta = np.array(values)[:, None] * min(sigma, 1.0)
    steps = draw(theta, sigma) / grid(sigma)
    np.testing.assert_array_equal(steps, np.rint(steps))


def test_coefficients_that_noise_cannot_reach_stay():
    theta = np.array([[1e300], [1.0], [-1e300], [0.0]])
    published = draw(theta, 1e-300)
    np.testing.assert_array_equal(published[:3], theta[:3])
    assert 0.0 < abs(published[3, 0]) < 1e-298
    assert np.all(np.isfinite(draw(np.ones((50, 1)), 1e300)))


def test_a_secret_near_the_middle_of_two_points_is_rounded_to_the_nearer():
    # values that doubles cannot tell from a tie, on both sides of it
    sigma, spacing = 1.0, grid(1.0)
    pairs = noise._accepted_pairs(KEY, 100)
    numbers, _ = noise._normal_in_doubles(pairs)
    left = 0.5 - np.mod(numbers.ravel() / spacing, 1.0)
    found = []
    for shift in (-1e-9, 0.0, 1e-9):
        rounded = noise._rounded_sums(left + shift, sigma / spacing, KEY)
        np.testing.assert_array_equal(rounded, exactly(left + shift, sigma / spacing))
        found.append(rounded)
    np.testing.assert_array_equal(found[2] - found[0], 1.0)
    assert 0.1 < np.mean(found[1] - found[0]) < 0.9


# The normal numbers -------------------------------------------------------------------


def exactly(left, scale, key=KEY):
    """The rounded sums with 90 digits throughout."""
    mpmath = pytest.importorskip("mpmath")
    rounded = []
    pairs = noise._accepted_pairs(key, -(-left.size // 2))
    with mpmath.workdps(90):
        one = mpmath.mpf(2) ** 192
        for place, fraction in enumerate(left.tolist()):
            pair = noise._odd_integers(pairs[place // 2])
            u, v = (mpmath.mpf(value) / one for value in pair)
            s = u * u + v * v
            number = (u, v)[place % 2] * mpmath.sqrt(-2 * mpmath.log(s) / s)
            rounded.append(float(mpmath.nint(fraction + scale * number)))
    return np.array(rounded)


@pytest.mark.parametrize("sigma", [1e-3, 1.0, 1.999])
def test_doubles_and_ninety_digits_round_alike(sigma):
    left = np.random.default_rng(0).uniform(-0.5, 0.5, 701)
    scale = sigma / grid(sigma)
    found = noise._rounded_sums(left, scale, KEY)
    np.testing.assert_array_equal(found, exactly(left, scale))


def test_where_doubles_are_in_doubt_the_digits_decide(monkeypatch):
    left, scale = np.random.default_rng(1).uniform(-0.5, 0.5, 101), 1.5 * 2.0**20
    expected = noise._rounded_sums(left, scale, KEY)
    blind = lambda pairs: (np.zeros((len(pairs), 2)), np.full((len(pairs), 2), np.inf))  # noqa: E731
    monkeypatch.setattr(noise, "_normal_in_doubles", blind)
    for digits in (60, 8):  # too few are doubled
        monkeypatch.setattr(noise, "_DIGITS", digits)
        np.testing.assert_array_equal(noise._rounded_sums(left, scale, KEY), expected)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1), (1, 3), (2**192 - 1, 1), (2**191 + 1, 2**191 + 1), (-(2**192) + 1, 7)],
)
def test_numbers_at_the_centre_and_the_edge_of_the_disc(one, other):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(300):
        s = (mpmath.mpf(one) ** 2 + mpmath.mpf(other) ** 2) / mpmath.mpf(2) ** 384
        number = one / mpmath.mpf(2) ** 192 * mpmath.sqrt(-2 * mpmath.log(s) / s)
        expected = int(mpmath.nint(0.25 + 2.0**20 * number))
    assert noise._rounded_sum(0.25, 2.0**20, one, other) == expected


def test_the_bits_are_those_of_a_cryptographic_generator():
    drawn = hashlib.shake_256(KEY + bytes(8)).digest(48 * 100)
    integers = [
        2 * int.from_bytes(drawn[at : at + 24], "big") + 1 - 2**192
        for at in range(0, len(drawn), 24)
    ]
    pairs = list(zip(integers[::2], integers[1::2], strict=True))
    inside = [pair for pair in pairs if pair[0] ** 2 + pair[1] ** 2 < 2**384]
    found = [
        tuple(noise._odd_integers(pair)) for pair in noise._accepted_pairs(KEY, 50)
    ]
    assert found == inside[:50]


def test_noise_is_standard_normal_and_uncorrelated():
    numbers = np.stack(
        [
            draw(np.zeros(3), 1.0, derived(KEY, bytes([n // 256, n % 256])))
            for n in range(4000)
        ]
    )
    for each in numbers.T:
        assert kstest(each, "norm").pvalue > 1e-4
    beside = np.corrcoef(np.hstack([numbers[1:], numbers[:-1]]).T)
    assert np.abs(beside - np.eye(6)).max() < 4.5 / math.sqrt(4000)
    # the last digit that is published is a coin
    odd = np.rint(numbers / grid(1.0)) % 2
    assert abs(odd.mean() - 0.5) < 2.5 / math.sqrt(odd.size)


# The key ------------------------------------------------------------------------------


def test_one_key_publishes_one_vector():
    theta = np.linspace(-1.0, 1.0, 6)[:, None]
    first = draw(theta)
    np.testing.assert_array_equal(draw(theta), first)
    drawn = (first - theta).ravel()
    held = FREE.copy()
    held[2] = True
    nearly = theta.copy()
    nearly[5] = np.nextafter(nearly[5], 2.0)
    for other in (
        (draw(theta, key=b"another"), theta),
        (draw(nearly), nearly),
        (draw(theta, held=held), theta),
        (draw(theta.T, held=FREE.T), theta.T),
        ((draw(theta, 1.0 + 1e-15)), theta),
        (draw(np.vstack([theta, theta])), np.vstack([theta, theta])),
    ):
        noises = (other[0] - other[1])[other[0] != 0.0]
        assert not np.isclose(noises[:, None], drawn, rtol=0.0, atol=1e-5).any()


def test_a_key_is_of_its_parts_and_their_borders():
    parts = [(), (b"",), (b"a",), (b"ab",), (b"a", b"b"), (b"b", b"a"), (b"a", b"")]
    keys = {derived(KEY, *each) for each in parts} | {derived(b"", b"a")}
    assert len(keys) == len(parts) + 1


def test_held_coefficients_are_zero_whatever_they_were():
    held = np.array([[True, False], [False, True]])
    published = draw(np.array([[np.nan, 1.0], [2.0, np.inf]]), held=held)
    assert published[0, 0] == published[1, 1] == 0.0
    assert np.all(published[~held] != 0.0)
    with pytest.raises(ValueError, match="read-only"):
        published[0] = 1.0


def test_what_is_rounded_is_the_sum(monkeypatch):
    spacing = grid(1.0)
    # a noise of a fifth of the grid
    monkeypatch.setattr(noise, "_rounded_sums", lambda left, *_: np.rint(left + 0.2))
    theta, held = spacing * np.array([1.2, 1.4, -1.4]), np.zeros(3, dtype=bool)
    found = noisy(theta, held, 1.0, b"key")
    np.testing.assert_array_equal(found, spacing * np.array([1.0, 2.0, -1.0]))
