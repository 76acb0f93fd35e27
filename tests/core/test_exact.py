"""Exact numbers against fractions: sums, products, and one form for each value."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics.exact_summation import (
    BITS,
    LIMIT,
    Accumulator,
    Exact,
    product,
    split,
    split_products,
)

floats = st.floats(-1e120, 1e120)
arrays = st.lists(floats, min_size=3, max_size=3).map(np.array)
#: Of which products and their rounding errors are floats.
moderate = st.lists(
    floats.filter(lambda value: value == 0.0 or abs(value) > 1e-120),
    min_size=3,
    max_size=3,
).map(np.array)


def fractions(number):
    """The values of an exact array, as fractions."""
    found = [Fraction(0)] * int(np.prod(number.shape))
    for place, digits in enumerate(number.digits, number.low):
        for position, digit in enumerate(digits.ravel().tolist()):
            found[position] += digit * Fraction(2) ** (BITS * place)
    return found


def of(values):
    return [Fraction(value) for value in values.tolist()]


@settings(deadline=None)
@given(arrays)
def test_a_float_is_itself(values):
    number = Exact.of(values)
    assert fractions(number) == of(values)
    np.testing.assert_array_equal(number.rounded(), values)


@settings(deadline=None)
@given(arrays, arrays, arrays)
def test_sums_and_products_have_no_rounding(one, two, three):
    found = Exact.of(one).times(Exact.of(two)).plus(Exact.of(three), -1)
    expected = [a * b - c for a, b, c in zip(of(one), of(two), of(three), strict=True)]
    assert fractions(found) == expected
    nearest = [float(value) for value in expected]
    np.testing.assert_allclose(found.rounded(), nearest, rtol=4e-16)


@settings(deadline=None)
@given(arrays, arrays, arrays)
def test_matrix_products_have_no_rounding(one, two, three):
    left, right = np.stack([one, two]), np.stack([three, one, two])
    found = Exact.of(left).matrix_times(Exact.of(right))
    a, b = ([of(row) for row in matrix] for matrix in (left, right.T))
    expected = [
        sum(x * y for x, y in zip(row, column, strict=True))
        for row in a
        for column in b
    ]
    assert fractions(found) == expected


@settings(deadline=None)
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


@settings(deadline=None)
@given(moderate, moderate)
def test_a_product_of_floats_and_its_error_are_exact(one, two):
    rounded, error = product(one, two)
    found = [a + b for a, b in zip(of(rounded), of(error), strict=True)]
    assert found == [a * b for a, b in zip(of(one), of(two), strict=True)]


@pytest.mark.parametrize(("n_terms", "n_factors"), [(1, 1), (2**14, 1), (300, 2)])
def test_parts_are_the_values_and_their_sums_stay_below_53_bits(n_terms, n_factors):
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000) * 2.0 ** rng.integers(-300, 300, 1000)
    values[:9] = 2.0 ** np.arange(9) - 2.0**-45
    values[9:18] = -values[:9]
    parts = split(values, n_terms, n_factors)
    for _, digits in parts:
        np.testing.assert_array_equal(digits, np.rint(digits))
        assert n_terms * np.abs(digits).max() ** n_factors <= 2.0**53
    found = [of(part * 2.0**position) for position, part in parts]
    assert [sum(terms) for terms in zip(*found, strict=True)] == of(values)


@pytest.mark.parametrize("n_factors", [1, 2])
def test_the_smallest_floats_are_kept_whatever_stands_beside(n_factors):
    tiny = np.array([5e-324, -1e-310, 3e-151, 1e-170, -2.5e-150])
    for beside in (5e-324, 1e-149, 1.0, 1e119):
        values = np.append(tiny, beside)
        parts = split(values, 8, n_factors)
        for _, part in parts:
            np.testing.assert_array_equal(part, np.rint(part))
        found = [
            sum(int(part[place]) * Fraction(2) ** position for position, part in parts)
            for place in range(values.size)
        ]
        assert found == of(values)


def test_products_of_any_size():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 2)) * 2.0 ** rng.integers(-420, 380, (50, 1))
    for scale in (2.0**-600, 1.0, 2.0**-1020):
        one, other = values * scale, rng.uniform(0.1, 10.0, (50, 1))
        one[np.abs(one) < 1e-307] = 0.0
        parts = split_products(one, other, 64, 2)
        found = [
            sum(int(part[row, 1]) * Fraction(2) ** position for position, part in parts)
            for row in range(50)
        ]
        expected = [
            Fraction(a) * Fraction(b)
            for a, b in zip(one[:, 1].tolist(), other[:, 0].tolist(), strict=True)
        ]
        assert found == expected
    with pytest.raises(ValueError, match="different sizes"):
        split_products(np.array([1e-300, 1.0]), np.array([1.0, 1.0]), 2)
    with pytest.raises(ValueError, match=r"not below 3e\+120"):
        split_products(np.array([1e100]), np.array([1e100]), 2, 2)


def test_many_arrays_are_added_up():
    rng = np.random.default_rng(0)
    sums, expected = Accumulator((4,)), [0] * 4
    for _ in range(1000):
        position = int(rng.integers(-50, 50))
        whole = rng.integers(-(2**53), 2**53, 2)
        where = rng.choice(4, 2, replace=False)
        sums.add(position, whole.astype(float), where)
        for entry, value in zip(where, whole.tolist(), strict=True):
            expected[entry] += value * Fraction(2) ** position
    assert fractions(sums.result()) == expected
    sums.add(0, np.full(4, 2.0**54))
    assert fractions(sums.result()) == [value + 2**54 for value in expected]


@pytest.mark.parametrize("value", [LIMIT, -LIMIT, np.inf, np.nan])
def test_what_cannot_be_multiplied_is_refused(value):
    with pytest.raises(ValueError, match=r"not below 3e\+120 .* scale the column"):
        split(np.array([1.0, value]), 2, 2)
    if np.isfinite(value):
        assert fractions(Exact.of(np.array([value * 2.0**500]))) == [
            Fraction(value * 2.0**500)
        ]


@pytest.mark.parametrize("value", [1e290, -1e308, np.inf, np.nan])
def test_what_cannot_be_summed_is_refused(value):
    with pytest.raises(ValueError, match="not below"):
        split(np.array([1.0, value]), 2)


def test_parts_of_arrays():
    number = Exact.of(np.arange(6.0).reshape(2, 3) / 8.0)
    np.testing.assert_array_equal(
        number.take(np.array([2, 0]), 1).rounded(), number.rounded()[:, [2, 0]]
    )
    np.testing.assert_array_equal(number.summed().rounded(), [0.375, 0.625, 0.875])
    assert number.take(np.array([0])).reshaped(3).shape == (3,)


@settings(deadline=None)
@given(st.lists(arrays, min_size=3, max_size=3), arrays)
def test_what_is_put_leaves_no_digits_of_what_was_there(rows, new):
    number = Exact.of(np.array(rows))
    found = number.put(np.array([1]), Exact.of(new[None]))
    expected = Exact.of(np.array([rows[0], new, rows[2]]))
    assert found.low == expected.low
    np.testing.assert_array_equal(found.digits, expected.digits)
    assert fractions(number) == of(np.array(rows).ravel())
