import math

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
        assert accountant.spent <= accountant.budget * (1 + 1e-12)
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
        (1.0, 0.8, 0.3, 100, 4),
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
