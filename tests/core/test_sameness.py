"""Which edits leave the data as they are."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.sameness import changes_nothing
from sklearn_unlearn.core.rows import Rows

X = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [1.0, 0.0, 2.0], [5.0, 6.0, 7.0]])
ROWS = Rows(X, np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([1.0, 2.0, 0.5, 1.0]))
NONE_FORGOTTEN = np.zeros(4, dtype=bool)
SECOND = np.arange(4) == 1


def test_the_same_rows_in_any_order_and_form():
    backwards = ROWS.take(np.arange(4)[::-1])
    negative = replace(ROWS, X=np.where(X == 0.0, -0.0, X))
    sparse = replace(ROWS, X=sp.csr_array(X))
    stored = sp.csr_array(np.ones((4, 3)))  # with zeros that are stored
    stored.data = X.ravel().copy()
    joined = Rows(X[[0, 1, 3]], ROWS.y[[0, 1, 3]], np.array([1.5, 2.0, 1.0]))
    for other in (ROWS, backwards, negative, sparse, replace(ROWS, X=stored), joined):
        assert changes_nothing(Edit(ROWS, other), NONE_FORGOTTEN)
        assert changes_nothing(Edit(other, ROWS), NONE_FORGOTTEN)


def test_rows_without_weight_do_not_count():
    idle = ROWS.reweighted(np.zeros(4))
    more = ROWS.reweighted(np.array([1.0, 2.0, 0.5, 0.0]))
    for edit in (Edit(), Edit(idle), Edit(None, idle), Edit(idle, idle)):
        assert changes_nothing(edit, NONE_FORGOTTEN)
    assert changes_nothing(Edit(more, ROWS.take(np.arange(3))), NONE_FORGOTTEN)


@pytest.mark.parametrize(
    "other",
    [
        None,
        ROWS.take(np.arange(3)),
        ROWS.take(np.array([0, 1, 2, 3, 3])),
        replace(ROWS, X=np.where(X == 7.0, np.nextafter(7.0, 8.0), X)),
        replace(ROWS, X=X[:, [0, 2, 1]]),
        replace(ROWS, y=1.0 - ROWS.y),
        replace(ROWS, y=ROWS.y[[1, 0, 2, 3]]),
        ROWS.reweighted(np.array([1.0, 2.0, 0.5, np.nextafter(1.0, 2.0)])),
        ROWS.reweighted(np.array([2.0, 1.0, 0.5, 1.0])),
    ],
)
def test_other_rows_change_something(other):
    assert not changes_nothing(Edit(ROWS, other), NONE_FORGOTTEN)
    assert not changes_nothing(Edit(other, ROWS), NONE_FORGOTTEN)


def test_columns_are_forgotten_once():
    edit = Edit(feature_map=DropColumns(SECOND))
    assert changes_nothing(edit, SECOND)
    assert not changes_nothing(edit, NONE_FORGOTTEN)
    assert changes_nothing(replace(edit, rows_out=ROWS, rows_in=ROWS), SECOND)
    assert not changes_nothing(replace(edit, rows_out=ROWS), SECOND)


def test_what_is_not_looked_into_changes_something():
    for edit in (
        Edit(feature_map=LinearMap(np.eye(4))),
        Edit(penalty=np.ones((4, 1))),
        Edit(linear=np.zeros((4, 1))),
    ):
        assert not changes_nothing(edit, NONE_FORGOTTEN)
