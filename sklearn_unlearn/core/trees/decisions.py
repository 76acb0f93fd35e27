"""Which of the nodes that a request's rows pass divide their rows as before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.gains import Histograms, sums_of
from sklearn_unlearn.core.trees.hashing import UInts, row_keys
from sklearn_unlearn.core.trees.nodes import Ints, Nodes, gather, is_among
from sklearn_unlearn.core.trees.rules import MISSING, Rows, Rules
from sklearn_unlearn.core.trees.splits import best_splits, is_large, no_tables
from sklearn_unlearn.core.trees.tables import (
    Cuts,
    Tables,
    bins_of,
    ends_next_to_cuts,
    is_left,
)
from sklearn_unlearn.core.trees.tree import Tree
from sklearn_unlearn.core.trees.visits import (
    Visited,
    Visits,
    flat,
    rows_after,
)

#: Rows of a node that are looked at before all of them are.
_HEAD = 64


@dataclass(frozen=True, eq=False)
class Decisions:
    """What the visited nodes are after the request.

    Attributes
    ----------
    changed : ndarray of bool of shape (n_visits,)
        Whether the rows are divided otherwise than before, or that is not known since
        a node above has changed: the subtree has to be grown.
    below, above : ndarray of float32 of shape (n_visits,)
        Of splits that have not changed.
    missing_left : ndarray of bool of shape (n_visits,)
        Likewise.
    n_rows : ndarray of int of shape (n_visits,)
    sums : ndarray of float64 of shape (n_statistics, n_visits)
    tables : Tables
        Of large nodes that have not changed, by visit.
    """

    changed: NDArray[np.bool_]
    below: NDArray[np.float32]
    above: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    n_rows: Ints
    sums: NDArray[np.float64]
    tables: Tables


class Decider:
    """Decides on visited nodes: large ones by their tables, others by their rows."""

    def __init__(
        self,
        rows: Rows,
        trees: Sequence[Tree],
        visits: Visits,
        gone: NDArray[np.bool_],
        seeds: UInts,
        rules: Rules,
    ) -> None:
        self.rows, self.trees, self.visits, self.gone = rows, trees, visits, gone
        self.rules, self.paths = rules, visits.paths(seeds)
        self.tree, self.parent = np.array(visits.tree), np.array(visits.parent)
        self.seeds = seeds[self.tree]
        pairs = [(trees[t], n) for t, n in zip(visits.tree, visits.node, strict=True)]
        self.feature = np.array([t.feature[n] for t, n in pairs], dtype=np.intp)
        self.below = np.array([t.below[n] for t, n in pairs])
        self.above = np.array([t.above[n] for t, n in pairs])
        self.missing_left = np.array([t.missing_left[n] for t, n in pairs])
        self.sums = np.stack([t.sums[:, n] for t, n in pairs], axis=1)
        n_visits = self.tree.size
        self.n_going = np.array([len(places) for places in visits.going])
        self.n_coming = np.array([len(places) for places in visits.coming])
        self.n_rows = np.array(visits.n_rows) - self.n_going + self.n_coming
        number = np.arange(n_visits)
        going, coming = (
            np.repeat(number, self.n_going),
            np.repeat(number, self.n_coming),
        )
        self.sums -= sums_of(rows, flat(visits.going), going, n_visits)
        self.sums += sums_of(rows, flat(visits.coming), coming, n_visits)
        self.changed = np.zeros(n_visits, dtype=bool)

    def decide(self) -> Decisions:
        """Decide on all of them."""
        tables = self._current_tables()
        undecided = np.ones(self.tree.size, dtype=bool)
        kept = [no_tables(self.rows, self.rules)]
        if tables is not None:
            tables = self._by_tables(tables)
            undecided[tables.nodes] = False
            kept.append(tables)
        self._spread()
        chosen = np.flatnonzero(undecided & ~self.changed)
        if chosen.size:
            kept.append(self._by_rows(chosen))
        self._spread()
        tables = Tables.joined(kept)
        tables = tables.some(np.argsort(tables.nodes))
        tables = tables.some(np.flatnonzero(~self.changed[tables.nodes]))
        return Decisions(
            self.changed,
            self.below,
            self.above,
            self.missing_left,
            self.n_rows,
            self.sums,
            tables,
        )

    def _spread(self) -> None:
        """Below a node that has changed all have."""
        for visit in np.flatnonzero(self.parent >= 0):
            self.changed[visit] |= self.changed[self.parent[visit]]

    # By tables ------------------------------------------------------------------------

    def _current_tables(self) -> Tables | None:
        """Tables of visited nodes whose sampled rows are the same after the request."""
        found = []
        node = np.array(self.visits.node)
        large = is_large(self.n_rows, self.rules)
        for number in np.unique(self.tree):
            tables = self.trees[number].tables
            visits = np.flatnonzero(self.tree == number)
            held = is_among(node[visits], tables.nodes)
            has = np.flatnonzero(held & large[visits])
            at = np.searchsorted(tables.nodes, node[visits[has]])
            same = [
                self._same_sample(visit, tables.samples[table])
                for visit, table in zip(visits[has], at, strict=True)
            ]
            if any(same):
                chosen = np.array(same)
                found.append(tables.some(at[chosen]).of_nodes(visits[has[chosen]]))
        return Tables.joined(found) if found else None

    def _same_sample(self, visit: int, sample: NDArray[np.int32]) -> bool:
        """Whether the sampled rows of a node are those of the smallest keys still."""
        sample = sample[: self.rules.n_candidates]
        if self.gone[sample].any():
            return False
        coming = self.visits.coming[visit]
        if not coming:
            return True
        seed, names = self.seeds[visit][None], self.rows.names
        last = row_keys(seed, names[sample]).max()
        return bool(row_keys(seed, names[np.array(coming)]).min() > last)

    def _by_tables(self, tables: Tables) -> Tables:
        """Decide on the nodes of tables that tell; these, brought up to date."""
        visits, where = self.visits, tables.nodes
        going = [visits.going[v] for v in where]
        coming = [visits.coming[v] for v in where]
        sums, counts = tables.histograms.sums.copy(), tables.histograms.counts.copy()
        for places, sign in ((going, -1.0), (coming, 1.0)):
            sizes = np.array([len(some) for some in places])
            joined = flat(places)
            bins = bins_of(self.rows, tables.values, tables.features, joined, sizes)
            change = Histograms.of(self.rows, joined, bins, counts.shape)
            sums += sign * change.sums
            counts += sign * change.counts
        tables = replace(tables, histograms=Histograms(sums, counts))
        cuts = tables.cuts(self.rows, self.rules)
        told = np.flatnonzero(cuts.feature >= 0)
        tables, where = tables.some(told), where[told]
        n_left = np.array(
            [
                visits.n_left[v]
                - sum(visits.going_left[v])
                + sum(visits.coming_left[v])
                for v in where
            ],
            dtype=np.intp,
        )
        same = (cuts.feature[told] == self.feature[where]) & (
            cuts.n_left[told] == n_left
        )
        others = cuts.missing_left[told] != self.missing_left[where]
        same &= ~(cuts.missing[told] & others)
        self.changed[where] = ~(same & self._may_split(where))
        self._set_missing(where, cuts, told)
        self._move_ends(where[~self.changed[where]])
        return tables

    def _set_missing(self, chosen: Ints, cuts: Cuts, numbers: Ints) -> None:
        """Set where missing values go at nodes, of cuts of these numbers."""
        n_left = cuts.n_left[numbers]
        larger = n_left > self.n_rows[chosen] - n_left
        self.missing_left[chosen] = np.where(
            cuts.missing[numbers], cuts.missing_left[numbers], larger
        )

    def _may_split(self, chosen: Ints) -> NDArray[np.bool_]:
        """Whether nodes may be split still."""
        if self.rows.n_classes:
            mixed = np.count_nonzero(self.sums[:, chosen], axis=0) > 1
        else:
            mixed = np.array([self._is_mixed(visit) for visit in chosen], dtype=bool)
        depths = np.array(self.visits.depth)[chosen]
        return self.rules.may_split(mixed, self.n_rows[chosen], depths)

    def _is_mixed(self, visit: int) -> bool:
        """Whether rows of a node have different targets."""
        begin, size = self.visits.begin[visit], self.visits.n_rows[visit]
        places = self.trees[self.tree[visit]].places[begin : begin + size]
        few = places[:32]
        for some in (few, places):
            stay = np.append(some[~self.gone[some]], self.visits.coming[visit])
            labels = self.rows.labels[stay.astype(np.intp)]
            if labels.size and labels.min() < labels.max():
                return True
        return False

    def _move_ends(self, chosen: Ints) -> None:
        """Bring the values next to the cut up to date."""
        lost = []
        for visit in chosen:
            column = self.rows.columns[self.feature[visit]]
            going = column[self.visits.going[visit]]
            below, above = self.below[visit], self.above[visit]
            if (np.any(going == below) and not self._stays(visit, 0, below)) or (
                np.any(going == above) and not self._stays(visit, 1, above)
            ):
                lost.append(visit)
                continue
            left = np.array(self.visits.coming_left[visit], dtype=bool)
            coming = column[self.visits.coming[visit]]
            below = coming[left & (coming < MISSING)]
            self.below[visit] = max([self.below[visit], *below])
            self.above[visit] = min([self.above[visit], *coming[~left]])
        if lost:
            some = np.array(lost)
            visited = rows_after(self.visits, self.trees, self.gone, some)
            self._set_ends(some, visited.places, visited.starts, visited.was_left)

    def _stays(self, visit: int, side: int, value: np.float32) -> bool:
        """Whether a row that stays on a side of a cut has a value."""
        begin, size = self.visits.begin[visit], self.visits.n_rows[visit]
        middle, end = begin + self.visits.n_left[visit], begin + size
        places = self.trees[self.tree[visit]].places
        places = places[middle:end] if side else places[begin:middle]
        column = self.rows.columns[self.feature[visit]]
        for some in (places[:_HEAD], places[_HEAD:]):  # mostly one of the first has it
            if np.any((column[some] == value) & ~self.gone[some]):
                return True
        return False

    def _set_ends(
        self, chosen: Ints, places: Ints, starts: Ints, left: NDArray[np.bool_]
    ) -> None:
        """Set the values next to the cut from the rows of nodes."""
        feature = np.repeat(self.feature[chosen], np.diff(starts))
        values = self.rows.columns[feature, places]
        ends = ends_next_to_cuts(values, left, starts)
        self.below[chosen], self.above[chosen] = ends

    # By rows --------------------------------------------------------------------------

    def _by_rows(self, chosen: Ints) -> Tables:
        """Decide on nodes by all of their rows; tables of the large ones."""
        visited = rows_after(self.visits, self.trees, self.gone, chosen)
        splits = np.flatnonzero(self._may_split(chosen))
        was_inner = self.feature[chosen] >= 0
        self.changed[chosen] = was_inner
        where = chosen[splits]
        self.changed[where] = False
        nodes = self._nodes(visited, splits, where)
        cuts, tables = best_splits(self.rows, nodes, self.rules)
        self.changed[where] = cuts.feature != self.feature[where]
        inner = np.flatnonzero(~self.changed[where] & (cuts.feature >= 0))
        if inner.size:
            some, same = splits[inner], where[inner]
            begins, ends = visited.starts[some], visited.starts[some + 1]
            places, starts = gather(visited.places, begins, ends)
            was_left, _ = gather(visited.was_left, begins, ends)
            sizes = np.diff(starts)
            values = self.rows.columns[np.repeat(self.feature[same], sizes), places]
            strict, missing_left = cuts.strict[inner], cuts.missing_left[inner]
            left = is_left(values, sizes, cuts.value[inner], strict, missing_left)
            self.changed[same] = np.logical_or.reduceat(left != was_left, starts[:-1])
            self._set_ends(same, places, starts, left)
            self._set_missing(same, cuts, inner)
        large = np.flatnonzero(cuts.feature[tables.nodes] >= 0)
        return tables.some(large).of_nodes(where[tables.nodes[large]])

    def _nodes(self, visited: Visited, splits: Ints, where: Ints) -> Nodes:
        """Nodes with their sampled rows, which are those of the smallest keys."""
        begins, ends = visited.starts[splits], visited.starts[splits + 1]
        places, starts = gather(visited.places, begins, ends)
        sizes = np.diff(starts)
        names = self.rows.names[places]
        keys = row_keys(np.repeat(self.seeds[where], sizes), names)
        samples = [np.empty(0, dtype=np.intp)]
        n_sampled = self.rules.n_candidates
        for begin, end in pairwise(starts):
            here = places[begin:end]
            if here.size > n_sampled:
                first = np.argpartition(keys[begin:end], n_sampled - 1)
                here = here[first[:n_sampled]]
            samples.append(here)
        sample_starts = np.concatenate([[0], np.cumsum(np.minimum(sizes, n_sampled))])
        joined = np.concatenate(samples)
        return Nodes(places, starts, joined, sample_starts, self.paths[where])
