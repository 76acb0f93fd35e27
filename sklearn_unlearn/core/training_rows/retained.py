"""Training data kept by reference, with the rows that have left, changed or come.

The base features are never copied or written to; targets, weights and identifiers are,
once. A change of weights is a small table beside them, copies of new rows are chunks
behind them. A new version shares all of that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    Mask,
    is_sparse,
    like,
    take_rows,
    without_columns,
)
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows, joined, row_slices
from sklearn_unlearn.core.training_rows.chunks import Chunk, Origin
from sklearn_unlearn.core.training_rows.departed import Departed
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.exceptions import (
    AmbiguousRowError,
    InsufficientWeightError,
    RowNotFoundError,
)

#: Changed weights kept in the table before they are written into fresh arrays.
_MAX_CHANGED = 4096
#: Chunks of new rows before they are joined.
_MAX_CHUNKS = 32
#: Relative difference of weights that rounding may explain.
_SLACK = 1e-12


@dataclass(frozen=True, eq=False)
class RetainedRows:
    """Training rows by position: the base first, then all that came later.

    Attributes
    ----------
    chunks : tuple of Chunk
        The base and what was added.
    changed : dict of int to float
        Current weights of rows that left in part or whole, by position.
    magnified : float
        By how much maps of the features have magnified rounding errors.
    departed : Departed or None
        Names of rows that left before ``changed`` was last emptied; None if there are
        none.
    """

    chunks: tuple[Chunk, ...]
    changed: dict[int, float]
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

    @property
    def forgotten(self) -> Mask:
        """Columns that no longer identify a row."""
        return self.chunks[0].forgotten

    @property
    def has_ids(self) -> bool:
        """Whether rows can be named by identifier."""
        return self.chunks[0].ids is not None

    @property
    def n_rows(self) -> int:
        """Positions in use, rows of weight zero included."""
        return sum(chunk.rows.n_rows for chunk in self.chunks)

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """All rows with their current weights, block after block."""
        changed = np.array(sorted(self.changed), dtype=np.intp)
        start = 0
        for chunk in self.chunks:
            for block in chunk.rows.blocks(entries):
                stop = start + block.n_rows
                low, high = np.searchsorted(changed, (start, stop))
                if high > low:
                    weight = block.weight.copy()
                    for position in changed[low:high].tolist():
                        weight[position - start] = self.changed[position]
                    block = block.reweighted(weight)
                yield block
                start = stop

    def whole(self) -> Rows:
        """All rows of positive weight at once."""
        return joined(list(self.blocks(sys.maxsize))).weighted()

    def weights(self, positions: Indices) -> Array:
        """Current weights of these rows."""
        parts, order = self._split(positions)
        weight = np.concatenate([chunk.rows.weight[mine] for chunk, mine in parts])
        weight = weight[order]
        if self.changed:
            for place, position in enumerate(positions.tolist()):
                weight[place] = self.changed.get(position, weight[place])
        return weight

    def take(self, positions: Indices) -> Rows:
        """The rows at these positions with their current weights."""
        parts, order = self._split(positions)
        rows = joined([chunk.rows.take(mine) for chunk, mine in parts]).take(order)
        return rows.reweighted(self.weights(positions))

    def ids_at(self, positions: Indices) -> Any:
        """Identifiers of these rows, None if there are none."""
        if not self.has_ids:
            return None
        parts, order = self._split(positions)
        return np.concatenate([chunk.ids[mine] for chunk, mine in parts])[order]

    def numbers_at(self, positions: Indices) -> Any:
        """Numbers of these rows, None if they have no identifiers."""
        if not self.has_ids:
            return None
        parts, order = self._split(positions)
        return np.concatenate([chunk.numbers[mine] for chunk, mine in parts])[order]

    def origins_at(self, positions: Indices) -> Any:
        """What these rows were made of, None if that is not kept."""
        if self.chunks[0].origin is None:
            return None
        parts, order = self._split(positions)
        taken: list[Any] = [
            chunk.origin.take(mine) for chunk, mine in parts if chunk.origin is not None
        ]
        return taken[0].joined(taken[1:]).take(order)

    # Finding rows -------------------------------------------------------------------

    def locate(
        self,
        rows: Rows,
        all_weight: bool = False,
        origin: Origin | None = None,
        ids: Any = None,
        interchangeable: bool = True,
        explain: Callable[[int], str] | None = None,
    ) -> Indices:
        """Positions of rows with these features, or this origin, and these targets.

        Equal rows are told apart: a row asked for twice must be there twice. Of equal
        rows without names the lightest that holds the weight asked for is taken, or
        with ``all_weight`` the first; of those that have names the one of ``ids``.

        Parameters
        ----------
        rows : Rows
        all_weight : bool, default=False
            Whether all weight that a row has is meant, whatever the weight here.
        origin : Origin, optional
        ids : ndarray, optional
            Names that the rows must have as well.
        interchangeable : bool, default=True
            Whether the same is asked of all rows here. If not, it matters which of
            equal rows is which, even if all of them are here.
        explain : callable, optional
            Says more of a row that is not found.

        Raises
        ------
        RowNotFoundError
        AmbiguousRowError
            If a row equals several that have names, and no ``ids`` say which is meant.
        """
        keys = self.chunks[0].hashes(rows, origin)
        if origin is None:
            indexes = [chunk.by_content for chunk in self.chunks]
        else:
            indexes = [chunk.by_origin for chunk in self.chunks]
        owner, position = self._candidates(keys, indexes)
        same = self._same(rows, origin, owner, position)
        if ids is not None:
            same &= self.ids_at(position) == ids[owner]
        owner, position = owner[same], position[same]
        needed = np.zeros(rows.n_rows) if all_weight else rows.weight
        if self.has_ids and ids is None:
            self._check_unambiguous(owner, position, needed, interchangeable)
        return self._claimed(owner, position, needed, explain)

    def locate_ids(self, ids: Any) -> tuple[Indices, Indices]:
        """Living rows that have these identifiers: whose each is, and where it is.

        Those of one identifier are in the order in which they came.

        Raises
        ------
        RowNotFoundError
            If an identifier has no row, or is named twice.
        """
        check_named_once(ids)
        owner, position = self.check_living(ids)
        order = np.lexsort((self.numbers_at(position), owner))
        return owner[order], position[order]

    def check_living(self, ids: Any) -> tuple[Indices, Indices]:
        """What `living` gives of identifiers of which each has a row.

        Raises
        ------
        RowNotFoundError
        """
        owner, position = self.living(ids)
        for order in np.setdiff1d(np.arange(len(ids)), owner):
            name, departed = ids.tolist()[order], self.recorded().departed
            which = "no row that was ever in the model"
            if departed is not None and name in departed:
                which = "a row that has left the model"
            raise RowNotFoundError(
                f"row_ids[{order}] is {name!r}, which names {which}."
            )
        return owner, position

    def recorded(self) -> RetainedRows:
        """The same, with the names of rows that have left."""
        if self.departed is None:
            return self
        gone = [at for at, weight in self.changed.items() if weight == 0.0]
        names = self.ids_at(np.array(gone, dtype=np.intp))
        return replace(self, departed=self.departed.plus(names))

    def following(self, before: RetainedRows, numbers: Any = None) -> RetainedRows:
        """The same as what others have become, whose names that left are known.

        Parameters
        ----------
        before : RetainedRows
            Its living rows are the first ones of these, in their order.
        numbers : ndarray of int, optional
            Of the others; new ones by default.
        """
        departed = before.recorded().departed
        if not self.has_ids:
            return replace(self, departed=departed)
        alive, chunk = before.alive, self.chunks[0]
        if numbers is None:
            numbers = before.next_number + np.arange(self.n_rows - alive.size)
        numbers = np.concatenate([before.numbers_at(alive), numbers])
        chunk = replace(chunk, numbers=numbers)
        return replace(self, chunks=(chunk,), departed=departed)

    @property
    def next_number(self) -> int:
        """The first number that no row has."""
        return 1 + max(
            int(chunk.numbers.max(initial=-1)) for chunk in self.chunks if self.has_ids
        )

    def check_ids(self) -> None:
        """Refuse identifiers where no row has one."""
        if not self.has_ids:
            raise RowNotFoundError(
                "row_ids needs a model fitted with row_ids: pass fit(X, y, row_ids=...)"
                " or name the rows by X and y."
            )

    @property
    def alive(self) -> Indices:
        """Positions of rows that have not left."""
        return np.flatnonzero(np.concatenate([b.weight for b in self.blocks()]))

    def living(self, ids: Any) -> tuple[Indices, Indices]:
        """For each living row of these identifiers: whose it is, and where."""
        self.check_ids()
        owner, position = self._candidates(ids, [chunk.by_id for chunk in self.chunks])
        alive = self.weights(position) > 0.0
        return owner[alive], position[alive]

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
        for order in np.flatnonzero(weight > now * (1.0 + _SLACK)):
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
        left[left <= _SLACK * now] = 0.0  # a remainder within rounding is none
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
        if ids is not None and numbers is None:
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
            rows = replace(chunk.rows, X=X if then is None else then(X))
            chunks.append(replace(chunk, rows=rows, forgotten=forgotten))
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

    # Internals ----------------------------------------------------------------------

    def _split(self, positions: Indices) -> tuple[list[tuple[Chunk, Indices]], Indices]:
        """Rows of each chunk, and the order that brings them back to the request's."""
        parts, places, start = [], [], 0
        for chunk in self.chunks:
            stop = start + chunk.rows.n_rows
            mine = np.flatnonzero((positions >= start) & (positions < stop))
            if mine.size:
                parts.append((chunk, positions[mine] - start))
                places.append(mine)
            start = stop
        if not parts:
            return [(self.chunks[0], np.zeros(0, dtype=np.intp))], positions
        return parts, np.argsort(np.concatenate(places))

    def _candidates(
        self, keys: Any, indexes: list[tuple[Any, Indices]]
    ) -> tuple[Indices, Indices]:
        """All rows that have these keys: whose key, and where; sorted by key."""
        owners, positions, start = [], [], 0
        for ordered, row in indexes:
            low = np.searchsorted(ordered, keys, side="left")
            n_found = np.searchsorted(ordered, keys, side="right") - low
            owners.append(np.repeat(np.arange(len(keys)), n_found))
            offset = np.arange(n_found.sum()) - np.repeat(
                np.cumsum(n_found) - n_found, n_found
            )
            positions.append(row[np.repeat(low, n_found) + offset] + start)
            start += row.size
        owner, position = np.concatenate(owners), np.concatenate(positions)
        order = np.lexsort((position, owner))
        return owner[order], position[order]

    def _check_unambiguous(
        self,
        owner: Indices,
        position: Indices,
        needed: Array,
        interchangeable: bool,
    ) -> None:
        """Refuse rows that equal several with names, unless it is the same which.

        That it is if all of them are asked for, and the same is asked of each.
        """
        first = np.searchsorted(owner, np.arange(needed.size + 1))
        several = np.flatnonzero(np.diff(first) > 1)
        names = self.ids_at(position)
        asked: dict[int, list[int]] = {}  # rows here that equal the same ones
        for row in several.tolist():
            asked.setdefault(int(position[first[row]]), []).append(row)
        for rows in asked.values():
            equal = slice(first[rows[0]], first[rows[0] + 1])
            n_names = np.unique(names[equal]).size
            asks, have = np.sort(needed[rows]), np.sort(self.weights(position[equal]))
            alike = asks[0] == asks[-1] or np.array_equal(asks, have)
            alike = interchangeable and len(rows) == have.size and alike
            if n_names > 1 and not alike:
                raise AmbiguousRowError(
                    f"Row {rows[0]} of X, with its y, equals {n_names} rows of the "
                    "model that have different names: say by row_ids which is meant."
                )

    def _same(
        self, rows: Rows, origin: Origin | None, owner: Indices, position: Indices
    ) -> Mask:
        """Where candidates live and equal their row, of which they have the hash."""
        same = self.weights(position) > 0.0
        width = self.chunks[0].rows.X.shape[1]
        for part in row_slices(position.size, position.size * width, BLOCK_ENTRIES):
            mine, held = owner[part], self.take(position[part])
            same[part] &= np.all(held.y == rows.y[mine], axis=1)
            if origin is None:
                X = take_rows(rows.X, mine)
                same[part] &= _equal_rows(X, held.X, self.forgotten)
            else:
                origins = self.origins_at(position[part])
                same[part] &= origin.take(mine).same(origins)
        return same

    def _claimed(
        self,
        owner: Indices,
        position: Indices,
        needed: Array,
        explain: Callable[[int], str] | None,
    ) -> Indices:
        """A different row for each owner, of several the one that suits best."""
        weight, n_keys = self.weights(position), needed.size
        first = np.searchsorted(owner, np.arange(n_keys + 1))
        found = np.full(n_keys, -1)
        single = np.flatnonzero(np.diff(first) == 1)
        found[single] = position[first[single]]
        taken: set[int] = set()
        for key in np.flatnonzero(np.diff(first) > 1).tolist():
            mine = range(first[key], first[key + 1])
            free = [at for at in mine if int(position[at]) not in taken]
            holding = [at for at in free if weight[at] >= needed[key] * (1.0 - _SLACK)]
            if not free:
                continue
            if needed[key] == 0.0:
                best = free[0]
            elif holding:
                best = min(holding, key=weight.__getitem__)
            else:
                best = max(free, key=weight.__getitem__)
            found[key] = position[best]
            taken.add(int(position[best]))
        _, first_use = np.unique(found, return_index=True)
        again = np.ones(n_keys, dtype=bool)
        again[first_use] = False
        for lost in np.flatnonzero((found < 0) | again).tolist():
            if first[lost] < first[lost + 1]:
                raise RowNotFoundError(
                    f"Row {lost} of X, with its y, is asked for more often than it is "
                    "in the retained training data."
                )
            raise RowNotFoundError(
                f"Row {lost} of X, with its y, is not (or no longer) in the retained "
                "training data." + ("" if explain is None else explain(lost))
            )
        return found

    def _tidied(self) -> RetainedRows:
        chunks, changed, departed = self.chunks, self.changed, self.departed
        if len(changed) > _MAX_CHANGED:
            weight = np.concatenate([block.weight for block in self.blocks()])
            ends = np.cumsum([chunk.rows.n_rows for chunk in chunks])[:-1]
            chunks = tuple(
                replace(chunk, rows=chunk.rows.reweighted(part))
                for chunk, part in zip(chunks, np.split(weight, ends), strict=True)
            )
            departed, changed = self.recorded().departed, {}
        if len(chunks) > _MAX_CHUNKS:
            later = chunks[1:]
            ids = numbers = None
            if self.has_ids:
                ids = np.concatenate([chunk.ids for chunk in later])
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


def check_named_once(ids: Any) -> None:
    """Refuse identifiers of which one is there twice.

    Raises
    ------
    RowNotFoundError
    """
    _, first = np.unique(ids, return_index=True)
    for order in np.setdiff1d(np.arange(len(ids)), first):
        raise RowNotFoundError(
            f"row_ids[{order}] is {ids.tolist()[order]!r}, which was named before."
        )


def _equal_rows(X: Data, others: Data, ignored: Mask) -> Mask:
    """Where rows equal others of as many, but for columns that are ignored."""
    X = without_columns(like(X, others), ignored)
    others = without_columns(others, ignored)
    if is_sparse(others):
        unequal = sp.csr_array(others != X)
        unequal.eliminate_zeros()
        none_unequal: Mask = np.diff(unequal.indptr) == 0
        return none_unequal
    equal: Mask = np.all(others == X, axis=1)
    return equal
