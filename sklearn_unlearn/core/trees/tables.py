"""Tables from which cuts are judged: sampled values, and histograms between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.gains import Histograms
from sklearn_unlearn.core.trees.nodes import Ints, Nodes
from sklearn_unlearn.core.trees.rules import MISSING, Rows, Rules


@dataclass(frozen=True, eq=False)
class Cuts:
    """The best cut of each of some nodes.

    Attributes
    ----------
    feature : ndarray of int of shape (n_nodes,)
        -1 where nothing splits the node.
    value : ndarray of float32 of shape (n_nodes,)
    strict : ndarray of bool of shape (n_nodes,)
        Whether rows at the value go to the right.
    missing : ndarray of bool of shape (n_nodes,)
        Whether some row lacks the feature.
    missing_left : ndarray of bool of shape (n_nodes,)
        Whether such rows go to the left.
    n_left : ndarray of int of shape (n_nodes,)
    """

    feature: Ints
    value: NDArray[np.float32]
    strict: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    missing_left: NDArray[np.bool_]
    n_left: Ints

    @classmethod
    def none(cls, n_nodes: int) -> Cuts:
        """No cuts."""
        return cls(
            np.full(n_nodes, -1, dtype=np.intp),
            np.zeros(n_nodes, dtype=np.float32),
            np.zeros(n_nodes, dtype=bool),
            np.zeros(n_nodes, dtype=bool),
            np.zeros(n_nodes, dtype=bool),
            np.zeros(n_nodes, dtype=np.intp),
        )

    def put(self, chosen: Ints, others: Cuts) -> None:
        """Replace those of some of the nodes."""
        self.feature[chosen] = others.feature
        self.value[chosen] = others.value
        self.strict[chosen] = others.strict
        self.missing[chosen] = others.missing
        self.missing_left[chosen] = others.missing_left
        self.n_left[chosen] = others.n_left


@dataclass(frozen=True, eq=False)
class Tables:
    """Features that nodes try, values of sampled rows, and sums between these.

    Attributes
    ----------
    nodes : ndarray of int of shape (n_nodes,)
        Numbers of the nodes, ascending.
    features : ndarray of int of shape (n_nodes, n_tried)
    values : ndarray of float32 of shape (n_nodes, n_tried, width)
        Sorted, `MISSING` behind: at least once, if a row may lack a feature.
    samples : ndarray of int32 of shape (n_nodes, n_samples)
        Places of the sampled rows, -1 behind.
    histograms : Histograms
        Bin 2 i is below value i and above those before, bin 2 i + 1 at it.
    """

    nodes: Ints
    features: Ints
    values: NDArray[np.float32]
    samples: NDArray[np.int32]
    histograms: Histograms

    @classmethod
    def of(
        cls, rows: Rows, nodes: Nodes, numbers: Ints, features: Ints, width: int
    ) -> Tables:
        """Those of nodes with at most ``width`` sampled rows."""
        n_nodes, n_tried = features.shape
        n_values = width + bool(rows.has_missing.any())
        values = np.full((n_nodes, n_tried, n_values), MISSING, dtype=np.float32)
        node = np.repeat(np.arange(n_nodes), nodes.n_sampled)
        within = np.arange(node.size) - nodes.sample_starts[:-1][node]
        samples = np.full((n_nodes, width), -1, dtype=np.int32)
        samples[node, within] = nodes.samples
        for tried, feature in enumerate(features.T):
            sampled = rows.columns[feature[node], nodes.samples]
            values[node, tried, within] = sampled
        values.sort(axis=2)
        bins = bins_of(rows, values, features, nodes.places, nodes.sizes)
        shape = (n_nodes, n_tried, 2 * n_values + 1)
        histograms = Histograms.of(rows, nodes.places, bins, shape)
        return cls(numbers, features, values, samples, histograms)

    @classmethod
    def joined(cls, parts: Sequence[Tables]) -> Tables:
        """Several, one after the other."""
        return cls(
            np.concatenate([part.nodes for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.samples for part in parts]),
            Histograms.joined([part.histograms for part in parts]),
        )

    def some(self, chosen: Ints) -> Tables:
        """Some of them."""
        return Tables(
            self.nodes[chosen],
            self.features[chosen],
            self.values[chosen],
            self.samples[chosen],
            self.histograms.some(chosen),
        )

    def of_nodes(self, numbers: Ints) -> Tables:
        """The same for nodes of other numbers."""
        return replace(self, nodes=numbers)

    def widened(self, n_values: int) -> Tables:
        """The same with so many values of each feature."""
        more = n_values - self.values.shape[2]
        if not more:
            return self
        values = np.pad(
            self.values, [(0, 0)] * 2 + [(0, more)], constant_values=MISSING
        )
        return replace(self, values=values, histograms=self.histograms.padded(2 * more))

    def cuts(self, rows: Rows, rules: Rules) -> Cuts:
        """The best cut of each node.

        Among equal ones that of the feature tried first, then one with missing values
        on the right, then the one with fewest rows on the left.
        """
        lacking, n_bins = self._lacking(rows), self.histograms.counts.shape[2]
        gain = self.histograms.gains(rows, rules, lacking)
        index = np.arange(gain.shape[0])
        cut = np.argmax(gain, axis=2)
        best = np.take_along_axis(gain, cut[:, :, None], 2)[:, :, 0]
        tried = np.argmax(best, axis=1)
        cut = cut[index, tried]
        splits = best[index, tried] > -np.inf
        missing_left = cut >= n_bins - 1
        cut -= missing_left * (n_bins - 1)
        counts = self.histograms.counts[index, tried]
        n_left = np.cumsum(counts, axis=1)[index, cut]
        missing = np.zeros(index.size, dtype=bool)
        if lacking is not None:
            n_missing = counts[index, lacking[index, tried]]
            n_left += missing_left * n_missing
            missing = splits & (n_missing > 0.0)
        return Cuts(
            np.where(splits, self.features[index, tried], -1),
            self.values[index, tried, cut // 2],
            cut % 2 == 0,
            missing,
            missing_left & splits,
            n_left.astype(np.intp),
        )

    def _lacking(self, rows: Rows) -> Ints | None:
        """The bin of missing values in each feature; None if no row is in one."""
        if not rows.has_missing.any():
            return None
        bins: Ints = 2 * np.sum(self.values < MISSING, axis=2) + 1
        counts = np.take_along_axis(self.histograms.counts, bins[:, :, None], 2)
        return bins if counts.any() else None


def bins_of(
    rows: Rows,
    values: NDArray[np.float32],
    features: Ints,
    places: Ints,
    sizes: Ints,
) -> Ints:
    """The bin of each row of each node in each feature, counted over all of them.

    Parameters
    ----------
    rows : Rows
    values : ndarray of shape (n_nodes, n_tried, width)
    features : ndarray of shape (n_nodes, n_tried)
    places : ndarray of shape (n_rows,)
        Node by node.
    sizes : ndarray of shape (n_nodes,)

    Returns
    -------
    ndarray of int of shape (n_tried, n_rows)
    """
    n_nodes, n_tried, width = values.shape
    node = np.repeat(np.arange(n_nodes), sizes)
    table, n_places = values.ravel(), rows.columns.shape[1]
    columns = rows.columns.ravel()
    bins = np.empty((n_tried, places.size), dtype=np.intp)
    for tried in range(n_tried):
        x = columns[(features[:, tried] * n_places)[node] + places]
        pair = node * n_tried + tried
        base = pair * width
        position = base.copy()  # of the first value that is not below
        left = width
        while left > 1:
            step = left // 2
            position += step * (table[position + (step - 1)] < x)
            left -= step
        at = table[position]
        # behind the last value there is one more bin
        bins[tried] = 2 * (position - base + (at < x)) + (at == x)
        bins[tried] += pair * (2 * width + 1)
    return bins


def is_left(
    values: NDArray[np.float32],
    sizes: Ints,
    cut: NDArray[np.float32],
    strict: NDArray[np.bool_],
    missing_left: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Whether values, so many for each cut, are on its left."""
    cut, strict = np.repeat(cut, sizes), np.repeat(strict, sizes)
    left: NDArray[np.bool_] = (values < cut) | ((values == cut) & ~strict)
    if missing_left.any():
        left |= (values == MISSING) & np.repeat(missing_left, sizes)
    return left


def ends_next_to_cuts(
    values: NDArray[np.float32], left: NDArray[np.bool_], starts: Ints
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest value on the left of each cut, and the smallest on the right.

    Of none on the right `MISSING`.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Cut by cut.
    left : ndarray of bool of shape (n_rows,)
    starts : ndarray of int of shape (n_cuts + 1,)
    """
    lows = np.where(left & (values < MISSING), values, -MISSING)
    highs = np.where(left, MISSING, values)
    below = np.maximum.reduceat(lows, starts[:-1])
    return below, np.minimum.reduceat(highs, starts[:-1])
