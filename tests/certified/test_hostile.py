"""A short search by `benchmarks.hostile` finds no distance too small, and would."""

import pytest

from benchmarks.hostile import COPIES, KINDS, REFITS, played
from sklearn_unlearn.certification import lineage


@pytest.fixture(scope="module")
def found():
    return played(range(18))


def test_no_refit_is_farther_than_stated(found):
    assert found.keys() == KINDS.keys()
    for each in found.values():
        assert each.violations == 0
        assert each.states >= 3
        assert all(each.compared[refit] >= 3 for refit in REFITS)
        assert min(each.smallest.values()) >= 1.0
    # the claim is no idle one
    assert min(each.smallest["farthest"] for each in found.values()) < 1.1
    copies = sum((each.copies for each in found.values()), start=found["ridge"].copies)
    assert set(copies) == set(COPIES)


def test_a_distance_that_is_too_small_is_found(monkeypatch):
    real = lineage.refit_tolerance
    monkeypatch.setattr(
        lineage, "refit_tolerance", lambda *arguments: 0.9 * real(*arguments)
    )
    found = played(range(6))
    assert sum(each.violations for each in found.values()) > 3
