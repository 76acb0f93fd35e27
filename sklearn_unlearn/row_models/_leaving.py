"""Rows that are to leave a row model, or to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.names import are_pairs
from sklearn_unlearn.exceptions import IncompleteSubjectError, UnlearningError
from sklearn_unlearn.utils.notes import note_first


@dataclass(frozen=True, eq=False)
class Leaving:
    """Rows that are to leave, or to change.

    Attributes
    ----------
    rows : Rows
        None of weight zero.
    positions : ndarray of int or None
        Where they lie in the retained data, if there are any.
    source : ndarray of int
        The row of the request that each of them is, or is a part of.
    n_asked : int
        Rows of the request, those of weight zero among them.
    by_name : bool
        Whether they were named by identifiers alone.
    """

    rows: Rows
    positions: Any
    source: np.ndarray
    n_asked: int
    by_name: bool = False

    def checked(self, n_rows, name):
        """Refuse another number of rows than the request has."""
        if n_rows == self.n_asked:
            return
        expected = f"{name} has {n_rows} rows, expected {self.n_asked}: one for each "
        if self.by_name and n_rows < self.n_asked:
            raise IncompleteSubjectError(
                f"{expected}that the model has of row_ids, so that "
                f"{self.n_asked - n_rows} are missing. To change some of them alone, "
                "pass X and y as well, or name them by subject and row."
            )
        raise ValueError(
            f"{expected}row of X, or for each that the model has of row_ids."
        )

    @property
    def as_asked(self):
        """Whether they are the rows of the request, in its order."""
        return np.array_equal(self.source, np.arange(self.n_asked))

    def of_each(self, values):
        """What is given for each row of the request, for each of these rows."""
        return values if self.as_asked else values[self.source]

    def spread(self, values, nothing):
        """What was found for these rows, for each row of the request.

        Parameters
        ----------
        values : ndarray of shape (n_rows, ...)
        nothing : float
            For rows of weight zero.
        """
        spread = np.full((self.n_asked, *values.shape[1:]), nothing)
        spread[self.source] = values
        return spread

    def whole(self):
        """The same, if no row of the request is in several parts.

        Raises
        ------
        UnlearningError
        """
        if np.unique(self.source).size < self.source.size:
            raise UnlearningError(
                "row_ids names a row that was replaced in part: name its parts by X "
                "and y as well."
            )
        return self


def check_complete(retained, ids, positions):
    """Refuse to forget some rows of a subject where it is named, and not the others.

    Parameters
    ----------
    retained : RetainedRows
    ids : ndarray
        Of rows that are to leave.
    positions : ndarray of int
        Where these are.

    Raises
    ------
    IncompleteSubjectError
    """
    if are_pairs(ids):
        return
    owner, held = retained.living(ids)
    # parts of a row are one row
    rows, given = (retained.numbers_at(each) for each in (held, positions))
    missing = ~np.isin(rows, given)
    for place in owner[missing][:1].tolist():
        n_missing = np.unique(rows[missing & (owner == place)]).size
        n_held = np.unique(rows[owner == place]).size
        raise IncompleteSubjectError(
            f"row_ids names {ids.tolist()[place]!r}, of which the model has {n_held} "
            f"rows: {n_missing} of them are missing in X. Leave X and y out to forget "
            "all. To forget some alone leave row_ids out, or name them by subject and "
            "row, or say by sample_weight how much of each leaves."
        )


def note_leaving(retained, positions):
    """Note which places rows have that may leave, should they come back."""
    if retained.has_numbers:
        note_first(numbers_out=retained.numbers_at(positions))


def weightless(sample_weight, n_names):
    """Which names have weight zero, if there is a weight for each."""
    weight = np.ones(1) if sample_weight is None else np.atleast_1d(sample_weight)
    if weight.shape not in ((1,), (n_names,)) or weight.dtype.kind not in "fiub":
        return np.zeros(n_names, dtype=bool)
    return np.broadcast_to(weight == 0.0, n_names)


def check_names(retained):
    """Refuse names of rows where there are none."""
    if retained is None:
        raise ValueError("row_ids needs retain_data=True at fit.")
    retained.check_ids()
