"""Questions about the names of the rows that a model retains."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.utils.digests import digest_of_rows
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.row_ids import check_row_ids, listed


class NamedRowsMixin:
    """Which names are in a model, and which of its rows have them.

    A subclass gives the hook `_named_rows`.
    """

    def _named_rows(self) -> RetainedRows:
        """The retained rows.

        Raises
        ------
        ValueError
            If there are none, or they have no names.
        """
        raise NotImplementedError

    def _digest_of_named(self, key: bytes, row_ids: Any) -> str:
        """A keyed digest of all rows that have these identifiers, as they are kept."""
        retained = self._named_rows()
        ids = check_row_ids(row_ids, like=retained.chunks[0].ids)
        owner, positions = retained.living(ids)
        positions = positions[np.lexsort((retained.numbers_at(positions), owner))]
        rows, origin = retained.take(positions), retained.origins_at(positions)
        kept = {
            "X": rows.X if origin is None else origin.X,
            "y": rows.y,
            "sample_weight": rows.weight,
            "row_ids": retained.ids_at(positions) if positions.size else None,
        }
        return digest_of_rows(key, kept)

    @refusing()
    def has(self, row_ids: Any) -> Any:
        """Which identifiers have rows in the model.

        Parameters
        ----------
        row_ids : array-like of shape (n_ids,) or (n_ids, 2), str or int
            Of the kind that ``fit`` was given: of subjects or, where rows have names of
            their own, of single rows.

        Returns
        -------
        ndarray of bool of shape (n_ids,)

        Raises
        ------
        UnlearningError
            If the model retains no data, or its rows have no identifiers.
        """
        retained = self._named_rows()
        return retained.holds(check_row_ids(row_ids, like=retained.chunks[0].ids))

    @refusing()
    def remaining_ids(self) -> Any:
        """The identifier of each row that is in the model.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, 2)
            As ``fit`` was given them, in the order of `rows_of`; one that several rows
            have is there as often.

        Raises
        ------
        UnlearningError
            If the model retains no data, or its rows have no identifiers.
        """
        return listed(self._named_rows().remaining()[1])

    @refusing()
    def rows_of(self, row_ids: Any) -> Any:
        """Which of the remaining rows have these identifiers.

        Remaining rows are those of ``fit`` that have weight and have not left, in their
        order, whether they were corrected or not, and then those of ``partial_fit``.

        Parameters
        ----------
        row_ids : array-like of shape (n_ids,) or (n_ids, 2), str or int
            Each one once, of subjects or of single rows.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            Positions among the remaining rows: all of the first identifier, ascending,
            then those of the next. A request by these names takes what it is given for
            each row in this order.

        Raises
        ------
        UnlearningError
            If an identifier has no row, the model retains no data, or its rows have no
            identifiers.
        """
        retained = self._named_rows()
        ids = check_row_ids(row_ids, like=retained.chunks[0].ids)
        _, positions = retained.locate_ids(ids)
        numbers = retained.numbers_at(positions)
        apart = np.diff(numbers, prepend=-1) != 0  # parts of a row are one row
        return np.searchsorted(retained.remaining()[0], numbers[apart])
