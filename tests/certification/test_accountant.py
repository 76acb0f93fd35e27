import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.certification.accountant import Accountant
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    CertificationError,
    NoBoundError,
)

many = settings(max_examples=200, deadline=None, derandomize=True)


def test_a_new_accountant_has_spent_nothing():
    accountant = Accountant(2.0)
    assert (accountant.spent, accountant.n_published) == (0.0, 0)
    assert accountant.remaining == 2.0


def test_spending_adds_up_in_squares():
    before = Accountant(13.0)
    accountant = before.spend(3.0).spend(4.0)
    assert accountant.spent == 5.0
    assert accountant.remaining == 12.0
    assert accountant.n_published == 2
    assert before == Accountant(13.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50))
@many
def test_the_sum_of_squares_never_exceeds_the_budget(distances):
    accountant, squares, published = Accountant(2.0), 0.0, 0
    for distance in distances:
        try:
            accountant = accountant.spend(distance)
        except BudgetExceededError:
            assert squares + distance**2 > 4.0 * (1 - 1e-12)
        else:
            squares += distance**2
            published += 1
        assert accountant.spent == pytest.approx(math.sqrt(squares), rel=1e-12)
        assert accountant.spent <= accountant.budget
    assert accountant.n_published == published


def test_what_remains_may_be_spent_to_the_last():
    accountant = Accountant(5.0).spend(3.0)
    assert accountant.spend(4.0).remaining == 0.0
    with pytest.raises(BudgetExceededError, match="4 remains of a budget of 5"):
        accountant.spend(math.nextafter(4.0, 5.0))
    full = accountant.spend(4.0)
    assert full.spend(0.0).n_published == 3
    with pytest.raises(BudgetExceededError):
        full.spend(5e-324)


@given(st.lists(st.floats(-40.0, 0.0).map(lambda power: 10.0**power), max_size=40))
@many
def test_what_is_spent_is_never_rounded_down(distances):
    # hypot(1, 1e-8) is 1.0
    accountant, squares = Accountant(10.0).spend(1.0), Fraction(1)
    for distance in distances:
        accountant = accountant.spend(distance)
        squares += Fraction(distance) ** 2
        spent, left = Fraction(accountant.spent), Fraction(accountant.remaining)
        assert squares <= spent**2 <= squares * (1 + Fraction(1, 10**13))
        assert spent**2 + left**2 <= 100


def test_ten_thousand_small_distances_are_as_much_as_their_squares():
    accountant = Accountant(1.0, spent=0.99)
    assert math.hypot(0.99, 1e-9) == 0.99
    for _ in range(10_000):
        accountant = accountant.spend(1e-9)
    assert accountant.spent > 0.99


# A schedule -------------------------------------------------------------------------


@given(st.integers(1, 10**9), st.floats(1e-6, 1e6))
@many
def test_equal_shares_are_no_more_than_the_budget(planned, budget):
    share = Fraction(Accountant(budget, planned).remaining)
    assert Fraction(budget) ** 2 * (1 - Fraction(1, 10**14)) <= planned * share**2
    assert planned * share**2 <= Fraction(budget) ** 2


def test_each_publication_has_its_share_and_there_are_so_many():
    accountant = Accountant(2.0, 4)
    share = accountant.remaining
    assert share == pytest.approx(1.0)
    for left in (3, 2, 1, 0):
        with pytest.raises(BudgetExceededError, match="n_publications=4 leaves 1 of"):
            accountant.spend(1.0 + 1e-9)
        accountant.check_open()
        accountant = accountant.spend(0.0 if left else share)
        assert accountant.left == left
    # unspent shares are not given to others
    assert accountant.remaining == 0.0
    for refused in (accountant.check_open, lambda: accountant.spend(0.0)):
        with pytest.raises(BudgetExceededError, match="All n_publications=4"):
            refused()


def test_capacity_of_a_schedule():
    accountant = Accountant(2.0, 4).spend(0.5)
    assert accountant.capacity(0.9, 10) == 3
    assert accountant.capacity(0.9, 2) == 2
    assert accountant.capacity(1.1, 10) == 0


def test_a_small_remainder_is_not_lost_to_rounding():
    # budget^2 - spent^2 would cancel to zero
    accountant = Accountant(1.0, spent=1.0 - 2.0**-53)
    assert accountant.remaining == pytest.approx(2.0**-26, rel=1e-9)


@pytest.mark.parametrize("distance", [math.nan, 1.1, 1e300])
def test_too_far(distance):
    accountant = Accountant(1.0)
    with pytest.raises(BudgetExceededError, match=r"Call refine .* retain_data=True"):
        accountant.spend(distance)
    assert accountant == Accountant(1.0)


def test_without_a_bound():
    with pytest.raises(NoBoundError, match=r"no finite bound.*scale the columns"):
        Accountant(math.inf).spend(math.inf)


def test_both_errors_are_of_certification():
    assert issubclass(BudgetExceededError, CertificationError)
    assert issubclass(NoBoundError, CertificationError)
    assert not issubclass(NoBoundError, BudgetExceededError)


# Capacity ---------------------------------------------------------------------------


def one_by_one(accountant, distance, limit):
    for count in range(limit):
        try:
            accountant = accountant.spend(distance)
        except CertificationError:
            return count
    return limit


@given(
    st.floats(0.1, 10.0),
    st.floats(0.0, 1.0),
    st.floats(-3.0, 0.5).map(lambda power: 10.0**power),
    st.integers(1, 3000),
)
@many
def test_capacity_counts_what_a_loop_would(budget, share, relative, limit):
    accountant = Accountant(budget, spent=share * budget)
    distance = relative * budget
    found = accountant.capacity(distance, limit)
    expected = one_by_one(accountant, distance, limit)
    # rounding may decide on the last one
    assert abs(found - expected) <= (1 if expected < limit or found < limit else 0)
    squares = accountant.spent**2 + distance**2
    for count in (found, expected):
        assert accountant.spent**2 + count * distance**2 <= budget**2 * (1 + 1e-9)
    if squares > budget**2 * (1 + 1e-9):
        assert found == 0


@pytest.mark.parametrize(
    ("budget", "spent", "distance", "limit", "expected"),
    [
        (1.0, 0.0, 0.3, 100, 11),
        (1.0, 0.8, 0.3, 100, 3),  # of 0.8 as it is in binary
        (1.0, 0.0, 0.3, 5, 5),
        (1.0, 0.0, 0.0, 7, 7),
        (1.0, 1.0, 0.0, 7, 7),
        (1.0, 0.0, 1.0, 7, 1),
        (1.0, 0.0, 1.0 + 1e-9, 7, 0),
        (1.0, 0.0, math.inf, 7, 0),
        (1.0, 0.0, math.nan, 7, 0),
        (1.0, 0.0, 1e-300, 10**9, 10**9),
        (1.0, 0.0, 5e-324, 10**9, 10**9),
    ],
)
def test_capacity(budget, spent, distance, limit, expected):
    assert Accountant(budget, spent=spent).capacity(distance, limit) == expected
