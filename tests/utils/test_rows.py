"""Rows by position or mask, of any container."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.utils.rows import split, take


def test_rows_are_told_by_position_or_mask():
    mask = np.array([False, True, False, True])
    for rows in ([1, 3], np.array([3, 1]), mask, range(1, 4, 2)):
        chosen, others = split(4, rows)
        assert (chosen.tolist(), others.tolist()) == ([1, 3], [0, 2])
    assert split(4, 2)[0].tolist() == [2]
    for rows in ([], range(4)):
        with pytest.raises(ValueError, match="at least one row, and not all"):
            split(4, rows)


@pytest.mark.parametrize(
    ("rows", "error", "match"),
    [
        (("partial_unfit", {"X": [[1.0]]}), TypeError, "requests must name rows by"),
        (("partial_unfit", [1, 2, 3]), TypeError, "tuple was passed"),
        ({"X": [[1.0]]}, TypeError, "dict was passed"),
        ("ab", TypeError, "str was passed"),
        ([1.0, 2.0], TypeError, "list was passed"),
        ([1, 4], ValueError, "requests must name rows below 4"),
        (-5, ValueError, "requests must name rows below 4"),
        ([True, False], ValueError, r"mask in requests has shape \(2,\)"),
    ],
)
def test_what_names_no_rows_is_refused_by_the_name_of_its_argument(rows, error, match):
    with pytest.raises(error, match=match):
        split(4, rows, "requests")


def test_rows_of_any_container():
    X = np.arange(6.0).reshape(3, 2)
    expected = X[[0, 2]]
    assert take(sp.coo_array(X), [0, 2]).toarray().tolist() == expected.tolist()
    assert take(X.tolist(), [0, 2]).tolist() == expected.tolist()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, index=[7, 8, 9])
    assert take(frame, [0, 2]).to_numpy().tolist() == expected.tolist()
    polars = pytest.importorskip("polars")
    assert take(polars.DataFrame(X), [0, 2]).to_numpy().tolist() == expected.tolist()
