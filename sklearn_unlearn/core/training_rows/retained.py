"""Training data kept by reference, with the rows that have left, changed or come.

The base features are never copied or written to; targets, weights and identifiers are,
once. A change of weights is a small table beside them, copies of new rows are chunks
behind them. A new version shares all of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    Mask,
    without_columns,
)
from sklearn_unlearn.core.rows import Rows, joined
from sklearn_unlearn.core.training_rows import search
from sklearn_unlearn.core.training_rows.chunks import Chunk, Origin
from sklearn_unlearn.core.training_rows.departed import Departed
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.core.training_rows.search import WEIGHT_ROUNDING
from sklearn_unlearn.core.training_rows.stored import StoredRows
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
)

#: Changed weights kept in the table before they are written into fresh arrays.
_MAX_CHANGED = 4096
#: Chunks of new rows before they are joined.
_MAX_CHUNKS = 32


@dataclass(frozen=True, eq=False)
class RetainedRows(StoredRows):
    """Training rows found by content or name, and the names of those that left.

    Attributes
    ----------
    chunks, changed
        As `StoredRows` has them.
    magnified : float
        By how much maps of the features have magnified rounding errors.
    departed : Departed or None
        Names of rows that left before ``changed`` was last emptied; None if there are
        none.
    """

    magnified: float = 1.0
    departed: Departed | None = None

    @staticmethod
    def of(
        rows: Rows,
        ids: Any,
        forgotten: Mask,
        origin: Origin | None = None,
        numbers: Any = None,
    ) -> RetainedRows:
        """Retain these rows: X and origin by reference, vectors as copies."""
        rows = replace(rows, y=rows.y.copy(), weight=rows.weight.copy())
        departed = None if ids is None else Departed()
        if ids is not None:
            ids = ids.copy()
            numbers = np.arange(rows.n_rows) if numbers is None else numbers
        chunk = Chunk(rows, ids, forgotten, RowHash(), origin, numbers)
        return RetainedRows((chunk,), {}, departed=departed)

    # Finding rows -------------------------------------------------------------------

    #: Positions of rows with given features, or of given origin, and given targets.
    locate = search.locate

    def locate_ids(self, ids: Any, numbers: Any = None) -> tuple[Indices, Indices]:
        """Living rows that have these identifiers: whose each is, and where it is.

        Those of one identifier are in the order in which they came. Of ``numbers`` as
        for `check_living`.

        Raises
        ------
        RowNotFoundError
            If an identifier has no row, or is named twice.
        """
        search.check_named_once(ids)
        owner, position = self.check_living(ids, numbers)
        order = np.lexsort((self.numbers_at(position), owner))
        return owner[order], position[order]

    def check_living(self, ids: Any, numbers: Any = None) -> tuple[Indices, Indices]:
        """What `living` gives of identifiers of which each has a row.

        Parameters
        ----------
        ids : ndarray
        numbers : ndarray of int, optional
            What messages call them; by default their positions here.

        Raises
        ------
        RowNotFoundError
        """
        owner, position = self.living(ids)
        for order in np.setdiff1d(np.arange(len(ids)), owner):
            name, departed = ids.tolist()[order], self.recorded().departed
            number = order if numbers is None else numbers[order]
            which = "no row that was ever in the model"
            if departed is not None and name in departed:
                which = "a row that has left the model"
            raise RowNotFoundError(
                f"row_ids[{number}] is {name!r}, which names {which}."
            )
        return owner, position

    def recorded(self) -> RetainedRows:
        """The same, with the names of rows that have left."""
        if self.departed is None:
            return self
        gone = [at for at, weight in self.changed.items() if weight == 0.0]
        names = self.ids_at(np.array(gone, dtype=np.intp))
        return replace(self, departed=self.departed.plus(names))

    def following(
        self, before: RetainedRows, numbers: Any = None, order: Any = None
    ) -> RetainedRows:
        """The same as what others have become, whose names that left are known.

        Parameters
        ----------
        before : RetainedRows
            Its living rows are the first ones of these, in their order.
        numbers : ndarray of int, optional
            Of the others; new ones by default.
        order : ndarray of int, optional
            In which these rows have been put since.
        """
        departed = before.recorded().departed
        if not before.has_numbers:
            return replace(self, departed=departed)
        alive, chunk = before.alive, self.chunks[0]
        if numbers is None:
            numbers = before.next_number + np.arange(self.n_rows - alive.size)
        numbers = np.concatenate([before.numbers_at(alive), numbers])
        numbers = numbers if order is None else numbers[order]
        chunk = replace(chunk, numbers=numbers)
        return replace(self, chunks=(chunk,), departed=departed)

    @property
    def next_number(self) -> int:
        """The first number that no row has."""
        return 1 + max(
            int(chunk.numbers.max(initial=-1))
            for chunk in self.chunks
            if self.has_numbers
        )

    def check_ids(self) -> None:
        """Refuse identifiers where no row has one."""
        if not self.has_ids:
            raise RowNotFoundError(
                "row_ids needs a model fitted with row_ids: pass fit(X, y, row_ids=...)"
                " or name the rows by X and y."
            )

    def living(self, ids: Any) -> tuple[Indices, Indices]:
        """For each living row of these identifiers: whose it is, and where."""
        self.check_ids()
        return search.living(self, ids)

    def numbers_of(self, positions: Indices, replaced: Indices) -> Any:
        """Numbers of rows that come: those that they replace, or new ones.

        Parameters
        ----------
        positions : ndarray of int
            Of rows that leave.
        replaced : ndarray of int
            For each row that comes, which of these it replaces; -1 if none.

        Returns
        -------
        ndarray of int, or None if rows have none.
        """
        if not self.has_numbers:
            return None
        new = replaced < 0
        numbers = np.full(replaced.size, self.next_number) + np.cumsum(new) - 1
        if not new.all():
            kept = self.numbers_at(positions[replaced[~new]])
            numbers[~new] = kept
        return numbers

    def remaining(self) -> tuple[Indices, Any]:
        """Numbers and identifiers of living rows, in the order in which they came."""
        alive = self.alive
        numbers, first = np.unique(self.numbers_at(alive), return_index=True)
        return numbers, self.ids_at(alive[first])

    def holds(self, ids: Any) -> Mask:
        """Which of these identifiers have a living row."""
        held = np.zeros(len(ids), dtype=bool)
        held[self.living(ids)[0]] = True
        return held

    # Changing -----------------------------------------------------------------------

    def without(self, positions: Indices, weight: Array) -> RetainedRows:
        """These rows with so much less weight.

        Raises
        ------
        InsufficientWeightError
        """
        changed = dict(self.changed)
        now = self.weights(positions)
        for order in np.flatnonzero(weight > now * (1.0 + WEIGHT_ROUNDING)):
            raise InsufficientWeightError(
                f"sample_weight[{order}] takes weight {weight[order]:.6g} out of a row "
                f"of which {now[order]:.6g} is left."
            )
        left = self.left(positions, weight)
        changed.update(zip(positions.tolist(), left.tolist(), strict=True))
        return replace(self, changed=changed)._tidied()

    def left(self, positions: Indices, weight: Array) -> Array:
        """Weights of these rows with so much less."""
        now = self.weights(positions)
        left = now - weight
        left[left <= WEIGHT_ROUNDING * now] = 0.0  # a remainder within rounding is none
        return left

    def with_rows(
        self,
        rows: Rows,
        ids: Any,
        origin: Origin | None = None,
        numbers: Any = None,
    ) -> RetainedRows:
        """More rows, behind the others: copies, of which there are few.

        Parameters
        ----------
        rows : Rows
        ids : ndarray or None
        origin : Origin, optional
        numbers : ndarray of int, optional
            Of rows that replace others, theirs; new ones by default.
        """
        every = np.arange(rows.n_rows)
        ids = None if ids is None else ids.copy()
        if self.has_numbers and numbers is None:
            numbers = self.next_number + every
        origin = None if origin is None else origin.take(every)
        chunk = replace(
            self.chunks[0],
            rows=rows.take(every),
            ids=ids,
            origin=origin,
            numbers=numbers,
        )
        return replace(self, chunks=(*self.chunks, chunk))._tidied()

    def mapped(
        self, features: AffineMap, then: Callable[[Data], Data] | None = None
    ) -> RetainedRows:
        """The same rows with features that are a function of those that they had.

        Parameters
        ----------
        features : AffineMap
        then : callable, optional
            What is done with each row after that.
        """
        chunks = []
        forgotten = np.zeros(features.n_new, dtype=bool)
        for chunk in self.chunks:
            X = features.apply(chunk.rows.X)
            X = X if then is None else then(X)
            chunks.append(chunk.with_features(X, forgotten))
        magnified = self.magnified * max(1.0, features.magnification)
        return replace(self, chunks=tuple(chunks), magnified=magnified)

    def made_of(self, change: Callable[[Chunk], Any]) -> RetainedRows:
        """The same rows with other origins."""
        chunks = [replace(chunk, origin=change(chunk)) for chunk in self.chunks]
        return replace(self, chunks=tuple(chunks))

    def forgetting(self, columns: Mask) -> RetainedRows:
        """The same rows, no longer identified by these columns."""
        forgotten = self.forgotten | columns
        chunks = (replace(chunk, forgotten=forgotten) for chunk in self.chunks)
        return replace(self, chunks=tuple(chunks))

    def compacted(self) -> RetainedRows:
        """A copy that holds neither rows that left nor values of forgotten columns."""
        alive = self.alive
        rows = self.take(alive)
        rows = replace(rows, X=without_columns(rows.X, self.forgotten))
        chunk = replace(
            self.chunks[0],
            rows=rows,
            ids=self.ids_at(alive),
            origin=self.origins_at(alive),
            numbers=self.numbers_at(alive),
        )
        if len(self.chunks) == 1:
            chunk.keep_sorted(self.chunks[0], alive)
        return replace(self.recorded(), chunks=(chunk,), changed={})

    def __getstate__(self) -> dict[str, Any]:
        """What left is not pickled, nor is the key of hashes of rows."""
        kept = self.compacted()
        base = kept.chunks[0]
        parts = base.rows, base.ids, base.forgotten, base.origin, base.numbers
        return {"base": parts, "magnified": kept.magnified, "departed": kept.departed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows = RetainedRows.of(*state["base"])
        rows = replace(rows, magnified=state["magnified"], departed=state["departed"])
        self.__dict__.update(vars(rows))

    def _tidied(self) -> RetainedRows:
        chunks, changed, departed = self.chunks, self.changed, self.departed
        if len(changed) > _MAX_CHANGED:
            ends = np.cumsum([chunk.rows.n_rows for chunk in chunks])[:-1]
            chunks = tuple(
                replace(chunk, rows=chunk.rows.reweighted(part))
                for chunk, part in zip(
                    chunks, np.split(self.current, ends), strict=True
                )
            )
            departed, changed = self.recorded().departed, {}
        if len(chunks) > _MAX_CHUNKS:
            later = chunks[1:]
            ids = numbers = None
            if self.has_ids:
                ids = np.concatenate([chunk.ids for chunk in later])
            if self.has_numbers:
                numbers = np.concatenate([chunk.numbers for chunk in later])
            rows = joined([chunk.rows for chunk in later])
            origin = later[0].origin
            if origin is not None:
                origin = origin.joined([chunk.origin for chunk in later[1:]])
            joint = replace(
                chunks[0], rows=rows, ids=ids, origin=origin, numbers=numbers
            )
            chunks = (chunks[0], joint)
        return replace(self, chunks=chunks, changed=changed, departed=departed)
