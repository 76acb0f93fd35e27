"""The state of a model of trees: its rows, and trees, which are functions of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.training_rows.names import groups_of
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.core.trees.forest import edit_trees
from sklearn_unlearn.core.trees.gains import purities
from sklearn_unlearn.core.trees.hashing import combine, mix
from sklearn_unlearn.core.trees.rules import MISSING, Rows, Rules
from sklearn_unlearn.core.trees.tree import Tree
from sklearn_unlearn.tree.moving import moved_trees
from sklearn_unlearn.tree.scales import Scales
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.row_names import hashes_of_names

#: Share of places without a row from which on the others are moved together.
_EMPTY = 0.25
#: The hash by which raw rows are named, which every fit has to have.
_NAMING = RowHash(bytes(32))
_LOW, _HALF = np.uint64(2**32 - 1), np.uint64(32)


@dataclass(frozen=True, eq=False)
class Coming:
    """Rows that come to trees.

    Attributes
    ----------
    origin : RawRows
    columns : ndarray of float32 of shape (n_features, n_rows)
        What trees compare.
    y : ndarray of shape (n_rows, n_targets)
        Encoded.
    weight : ndarray of shape (n_rows,)
    ids : ndarray or None
    positions : ndarray of int of shape (n_rows,)
        In the retained rows after the request.
    alone : ndarray of bool of shape (n_rows,)
        Whether no other row of the retained ones has the identifier.
    """

    origin: RawRows
    columns: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    ids: np.ndarray | None
    positions: np.ndarray
    alone: np.ndarray

    @property
    def contents(self):
        """What `contents_of` gives of them."""
        return contents_of(self.origin, self.y, self.weight, self.ids, self.alone)


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees, and the rows that they are a function of.

    A row has a position among the retained rows, where the caller finds it, and a place
    among those that trees are grown on. Its name there is a hash of its content, or of
    its identifier, or of both where several rows have the identifier, and its number
    among equal ones; of these it is always the last that leaves, so that those that
    stay have the names that a fit would give them.

    Attributes
    ----------
    retained : RetainedRows
    forgotten : ndarray of bool of shape (n_features,)
        Columns at fit that no tree has.
    rules : Rules
    scales : Scales
    rows : Rows
    place : ndarray of int of shape (n_positions,)
        -1 of a row that has left.
    position : ndarray of int of shape (n_places,)
        -1 of a place without a row.
    contents : ndarray of uint64 of shape (n_places,)
        Hashes, the same of equal rows.
    trees : tuple of Tree
    raw : bool
        Whether the retained rows are those of a pipeline, of which other steps make
        what trees compare. Rows are named by the raw ones, which stay as they are.
    """

    retained: RetainedRows
    forgotten: np.ndarray
    rules: Rules
    scales: Scales
    rows: Rows
    place: np.ndarray
    position: np.ndarray
    contents: np.ndarray
    trees: tuple[Tree, ...]
    raw: bool = False

    @classmethod
    def fit(cls, retained, forgotten, rules, scales, grow, columns=None):
        """Trees of all rows that are retained.

        Parameters
        ----------
        retained : RetainedRows
        forgotten : ndarray of bool of shape (n_features,)
        rules : Rules
        scales : Scales
            Of these rows.
        grow : callable
            As `fit_trees`.
        columns : ndarray of float32 of shape (n_features, n_rows), optional
            What trees compare, where the retained rows are raw ones of a pipeline.

        Returns
        -------
        Trees
        """
        retained = retained.compacted()
        chunk = retained.chunks[0]
        y, weight = chunk.rows.y, chunk.rows.weight
        alone = only_ones(chunk.ids, weight.size)
        contents = contents_of(chunk.origin, y, weight, chunk.ids, alone)
        order = np.argsort(contents, kind="stable")
        groups = np.flatnonzero(np.diff(contents[order], prepend=~contents[order[:1]]))
        sizes = np.diff(groups, append=order.size)
        numbers = np.empty(order.size, dtype=np.uint64)
        numbers[order] = np.arange(order.size) - np.repeat(groups, sizes)
        rows = scales.rows(
            singles(chunk.origin.X) if columns is None else columns,
            y,
            weight,
            combine(contents, numbers),
            mix(np.arange(np.count_nonzero(~forgotten), dtype=np.uint64)),
        )
        everywhere = np.arange(weight.size)
        trees = tuple(grow(rows, everywhere, rules))
        return cls(
            retained,
            forgotten,
            rules,
            scales,
            rows,
            everywhere,
            everywhere,
            contents,
            trees,
            columns is not None,
        )

    def edited(self, retained, out, coming, movement=None):
        """The trees after rows have left and come.

        Parameters
        ----------
        retained : RetainedRows
            After the request.
        out : ndarray of int
            Positions of the rows that leave.
        coming : Coming
        movement : Movement, optional
            Of the rows that stay, if what trees compare of them has changed.

        Returns
        -------
        Trees
        """
        place, position = self.place.copy(), self.position.copy()
        leaving = [self._leave(place, position, row) for row in out]
        n_before, n_coming = position.size, coming.weight.size
        rows, contents, trees = self.rows, self.contents, self.trees
        gone = np.array(leaving, dtype=np.intp)
        back = np.empty(0, dtype=np.intp)
        if movement is not None:
            back = place[movement.unsteady]
            gone = np.concatenate([gone, back])
            none = np.empty(0, dtype=np.intp)
            trees = tuple(edit_trees(rows, trees, gone, none, self.rules))
            gone = none
            rows = movement.rows(rows, place)
            trees = tuple(moved_trees(trees, movement))
        if back.size:  # rows that change their order among others leave and come back
            rows = rows.joined(rows.take(back))
            contents = np.concatenate([contents, contents[back]])
            place[movement.unsteady] = n_before + np.arange(back.size)
            position = np.concatenate([position, movement.unsteady])
            position[back] = -1
            n_before = position.size
        into = n_before + np.arange(n_coming)
        if n_coming:
            new = coming.contents
            contents = np.concatenate([contents, new])
            position = np.concatenate([position, np.full(n_coming, -1)])
            numbers = np.empty(n_coming, dtype=np.uint64)
            for row, content in enumerate(new):
                equal = position[np.flatnonzero(contents == content)]
                numbers[row] = np.count_nonzero(equal >= 0)
                position[n_before + row] = coming.positions[row]
            names = combine(new, numbers)
            scaled = (coming.y, coming.weight, names, rows.features)
            rows = rows.joined(self.scales.rows(coming.columns, *scaled))
        more = np.full(retained.n_rows - place.size, -1)
        place = np.concatenate([place, more])
        place[coming.positions] = into
        into = np.concatenate([n_before - back.size + np.arange(back.size), into])
        after = replace(
            self,
            retained=retained,
            rows=rows,
            place=place,
            position=position,
            contents=contents,
            trees=tuple(edit_trees(rows, trees, gone, into, self.rules)),
        )
        empty = np.count_nonzero(position < 0)
        return after.compacted() if empty > _EMPTY * position.size else after

    def _leave(self, place, position, row):
        """Empty the last place of rows equal to one, which changes places with it."""
        mine = place[row]
        equal = np.flatnonzero(self.contents == self.contents[mine])
        equal = equal[position[equal] >= 0]
        names = combine(
            np.repeat(self.contents[mine], equal.size),
            np.array([equal.size - 1], dtype=np.uint64),
        )
        last = equal[np.flatnonzero(self.rows.names[equal] == names)[0]]
        other = position[last]
        place[other], place[row] = mine, -1
        position[mine], position[last] = other, -1
        return last

    def compacted(self):
        """The same without what has left."""
        alive = self.position[self.position >= 0]
        order = self.place[np.sort(alive)]
        renumbered = np.full(self.position.size, -1)
        renumbered[order] = np.arange(order.size)
        everywhere = np.arange(order.size)
        return replace(
            self,
            retained=self.retained.compacted(),
            rows=self.rows.take(order),
            place=everywhere,
            position=everywhere,
            contents=self.contents[order],
            trees=tuple(tree.renumbered(renumbered) for tree in self.trees),
        )

    def __getstate__(self):
        """What left is not pickled."""
        return vars(self.compacted())


def only_ones(ids, n_rows):
    """Which rows are the only ones of their identifier.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,) or None
    n_rows : int

    Returns
    -------
    ndarray of bool of shape (n_rows,)
    """
    if ids is None:
        return np.zeros(n_rows, dtype=bool)
    which = groups_of(ids)
    return np.bincount(which)[which] == 1


def contents_of(origin, y, weight, ids, alone):
    """Hashes of rows: of all that they are, or of identifiers that no other row has.

    Parameters
    ----------
    origin : RawRows
    y : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,)
    ids : ndarray of shape (n_rows,) or None
    alone : ndarray of bool of shape (n_rows,)
        Which rows are the only ones of their identifier; of others the hash is of it
        and of all that they are.

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
    """
    contents = np.zeros(weight.size, dtype=np.uint64)
    if ids is not None:
        contents = hashes_of_names(ids)
    if alone.all():
        return contents
    codes = _codes(origin)  # the same of an array and of a pipeline's raw rows
    values = np.column_stack([codes, y, weight])[~alone].T + 0.0
    values = np.ascontiguousarray(np.where(np.isnan(values), np.nan, values))
    for column in values.view(np.uint64):
        contents[~alone] = combine(contents[~alone], column)
    return contents


def _codes(origin):
    """Floats of raw rows, the same of equal ones; few of sparse rows."""
    codes = origin.codes(_NAMING)
    if not is_sparse(codes):
        return codes
    none = np.zeros(codes.shape[1], dtype=bool)
    hashes = _NAMING.of_rows(codes, np.empty((codes.shape[0], 0)), none)
    return np.column_stack([hashes & _LOW, hashes >> _HALF]).astype(np.float64)


def singles(X):
    """Values of rows feature by feature, in single precision as the twins have them."""
    columns = np.array(X.T, dtype=np.float32, order="C")
    columns[np.isnan(columns)] = MISSING
    return columns


def renamed_rows(before, after, out, into):
    """Rows that stay and have another name, as they are alone with their identifier.

    Or as they no longer are.

    Parameters
    ----------
    before, after : RetainedRows
    out, into : ndarray of int
        Positions before and after of rows that leave and that come.

    Returns
    -------
    ndarray of int
        Their positions.
    """
    if not before.has_ids:
        return np.empty(0, dtype=np.intp)
    changed = before.ids_at(out), after.ids_at(into)
    ids = np.concatenate(changed)
    ids = ids[np.unique(groups_of(ids), return_index=True)[1]]
    (owner_before, there), (owner, here) = before.living(ids), after.living(ids)
    alone_before = np.bincount(owner_before, minlength=ids.size) == 1
    alone = np.bincount(owner, minlength=ids.size) == 1
    stays = np.isin(here, there) & ~np.isin(here, out)
    return here[stays & (alone_before != alone)[owner]]


def remaining_targets(retained):
    """Targets and weights of all retained rows."""
    blocks = list(retained.blocks())
    weight = np.concatenate([block.weight for block in blocks])
    alive = weight > 0.0
    return np.concatenate([block.y for block in blocks])[alive], weight[alive]


def importances(tree, criterion, n_features):
    """Impurity that the splits of each feature take away in one tree."""
    purity = purities(tree.sums, criterion)
    inner = np.flatnonzero(tree.feature >= 0)
    right = inner + tree.right[inner]
    gain = purity[inner + 1] + purity[right] - purity[inner]
    return np.bincount(tree.feature[inner], gain, n_features)
