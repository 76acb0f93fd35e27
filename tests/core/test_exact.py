"""Exact numbers against fractions: sums, products, and one form for each value."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_unlearn.core.exact import BITS, LIMIT, Exact, product, split

floats = st.floats(-1e120, 1e120, allow_subnormal=False).filter(
    lambda value: value == 0.0 or abs(value) > 1e-120
)
arrays = st.lists(floats, min_size=3, max_size=3).map(np.array)


def fractions(number):
    """The values of an exact array, as fractions."""
    found = [Fraction(0)] * int(np.prod(number.shape))
    for place, digits in enumerate(number.digits, number.low):
        for position, digit in enumerate(digits.ravel().tolist()):
            found[position] += digit * Fraction(2) ** (BITS * place)
    return found


def of(values):
    return [Fraction(value) for value in values.tolist()]


@given(arrays)
def test_a_float_is_itself(values):
    number = Exact.of(values)
    assert fractions(number) == of(values)
    np.testing.assert_array_equal(number.rounded(), values)


@given(arrays, arrays, arrays)
def test_sums_and_products_have_no_rounding(one, two, three):
    found = Exact.of(one).times(Exact.of(two)).plus(Exact.of(three), -1)
    expected = [a * b - c for a, b, c in zip(of(one), of(two), of(three), strict=True)]
    assert fractions(found) == expected
    nearest = [float(value) for value in expected]
    np.testing.assert_allclose(found.rounded(), nearest, rtol=4e-16)


@given(st.lists(arrays, min_size=1, max_size=6), st.randoms())
def test_equal_numbers_have_equal_digits_whatever_came_and_went(terms, random):
    kept, shuffled = terms[:1], list(terms)
    random.shuffle(shuffled)
    total = Exact.zeros((3,))
    for term in shuffled:
        total = total.plus(Exact.of(term))
    for term in terms[1:]:
        total = total.plus(Exact.of(term), -1)
    expected = Exact.of(kept[0])
    assert total.low == expected.low
    np.testing.assert_array_equal(total.digits, expected.digits)


@given(arrays, arrays)
def test_a_product_of_floats_and_its_error_are_exact(one, two):
    rounded, error = product(one, two)
    found = [a + b for a, b in zip(of(rounded), of(error), strict=True)]
    assert found == [a * b for a, b in zip(of(one), of(two), strict=True)]


def test_digits_are_small_whole_numbers():
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000) * 2.0 ** rng.integers(-300, 300, 1000)
    parts = split(values)
    for _, digit in parts:
        np.testing.assert_array_equal(digit, np.rint(digit))
        assert np.abs(digit).max() <= 2 ** (BITS - 1)
    assert [place for place, _ in parts] == sorted(
        {place for place, _ in parts}, reverse=True
    )


@pytest.mark.parametrize("value", [LIMIT, -LIMIT, np.inf, np.nan])
def test_what_cannot_be_multiplied_is_refused(value):
    with pytest.raises(ValueError, match="not below"):
        split(np.array([1.0, value]))


def test_parts_of_arrays():
    number = Exact.of(np.arange(6.0).reshape(2, 3) / 8.0)
    np.testing.assert_array_equal(
        number.take(np.array([2, 0]), 1).rounded(), number.rounded()[:, [2, 0]]
    )
    np.testing.assert_array_equal(number.summed().rounded(), [0.375, 0.625, 0.875])
    assert number.take(np.array([0])).reshaped(3).shape == (3,)
