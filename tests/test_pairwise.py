"""What the tests vary is varied."""

from itertools import combinations, product

import pytest

from tests.pairwise import pairwise

FACTORS = [
    [list("abc")],
    [list("ab"), [1, 2, 3]],
    [range(16), range(5), range(5), [True, False], [None, 0.0]],
    [[0, 1]] * 6,
    [[0], [1], list("xyz")],
]


@pytest.mark.parametrize("factors", FACTORS)
def test_any_two_values_meet(factors):
    rows = pairwise(*factors)
    assert set(rows) <= set(product(*factors))
    assert len(set(rows)) == len(rows)
    for (i, one), (j, other) in combinations(enumerate(factors), 2):
        assert {(row[i], row[j]) for row in rows} == set(product(one, other))
    assert {row[0] for row in rows} == set(factors[0])


def test_rows_are_few_in_order_and_the_same_each_time():
    rows = pairwise(*FACTORS[2])
    assert 80 <= len(rows) < 100 < 1600
    assert rows == pairwise(*FACTORS[2])
    assert rows == [row for row in product(*FACTORS[2]) if row in set(rows)]
