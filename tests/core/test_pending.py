"""When a change waits in a factor, and when it is better computed afresh."""

import numpy as np
import pytest

from sklearn_unlearn.core.linear.factor import factorise
from sklearn_unlearn.core.linear.low_rank_update import Pending

ORDER = 64
#: A direction in which no coordinate stands out.
EVEN = np.full((ORDER, 1), ORDER**-0.5)


def identity():
    """The factor of the identity: of each change one knows what it leaves."""
    penalty, gauge = np.zeros(ORDER), np.full(ORDER, -1)
    return factorise(np.eye(ORDER, order="F"), penalty, gauge, np.arange(ORDER))


@pytest.mark.parametrize(("left", "waits"), [(1e-5, True), (1e-7, False)])
def test_a_row_waits_while_it_leaves_a_millionth_of_its_direction(left, waits):
    factor = identity().extended(rows_out=np.sqrt(1.0 - left) * EVEN)
    assert (factor.pending_rank == 1) == waits
    # I - (1 - left) u u' has the eigenvalue left along u
    np.testing.assert_allclose(factor.solve(EVEN), EVEN / left, rtol=1e-14 / left)


@pytest.mark.parametrize(("size", "waits"), [(1e5, True), (1e6, False)])
def test_what_comes_and_goes_waits_up_to_an_error_of_a_ten_billionth(size, waits):
    row = np.zeros((ORDER, 1))
    row[3] = np.sqrt(size)
    factor = identity().extended(rows_in=row)
    assert (factor.pending_rank == 1) == waits
    # its size stands beside what it leaves once it has gone, not beside itself
    gone = identity().extended(rows_in=row, rows_out=np.sqrt(1.0 - 1e-9) * row)
    assert gone.pending_rank == (2 if 2.0 * size < 4e5 else 0)


def test_the_errors_of_several_columns_add_up():
    row = np.zeros((ORDER, 1))
    row[3] = np.sqrt(2e5)
    assert identity().extended(rows_in=row).pending_rank == 1
    others = np.eye(ORDER)[:, 10:13] * 1e-3
    factor = identity().extended(rows_in=np.hstack([row, others]))
    assert factor.pending_rank == 0


def test_a_column_that_lost_is_measured_by_what_it_has_left():
    row = np.zeros((ORDER, 1))
    row[3] = np.sqrt(1.0 - 2e-6)
    assert identity().extended(rows_out=row).pending_rank == 0
    row[3] = np.sqrt(1.0 - 1e-5)
    assert identity().extended(rows_out=row).pending_rank == 1


def test_what_pending_rows_add_to_the_trace():
    factor = identity().extended(rows_in=2.0 * EVEN, rows_out=0.5 * EVEN, drop=[7])
    assert factor.pending.trace == pytest.approx(4.0 - 0.25)
    assert Pending.none(ORDER).trace == 0.0


@pytest.mark.parametrize("size", [1e4, 1e7], ids=["pending", "afresh"])
@pytest.mark.parametrize("left", [0.0, 9.0])
def test_what_has_left_has_left_its_rounding(size, left):
    row = np.zeros((ORDER, 1))
    row[3] = np.sqrt(size)
    eps = np.finfo(np.float64).eps
    assert identity().lost == eps
    came = identity().extended(rows_in=row)
    assert came.lost <= 2.0 * eps
    gone = came.extended(rows_out=np.sqrt(1.0 - left / size) * row)
    expected = eps * (1.0 + size) / (1.0 + left)
    # powers of two are kept
    assert expected / 2.0 <= gone.lost <= 2.0 * expected
    assert gone.folded().lost == pytest.approx(gone.lost)
    assert gone.extended(drop=[3]).lost == eps
