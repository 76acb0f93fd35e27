"""Weights and targets as whole numbers, whose sums are the same in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.trees.hashing import combine, mix
from sklearn_unlearn.core.trees.rules import MISSING, Rows

#: Bits of the largest whole number of fewer than 2**_FEW rows; each time that there are
#: 2**_STEP times as many rows it has _STEP bits fewer, so that sums stay below 2**53.
_BITS, _FEW, _STEP = 38, 14, 8


@dataclass(frozen=True)
class Scales:
    """Units of weights and targets; they depend on the largest and the smallest alone.

    A request that changes them changes all whole numbers, and so all trees.

    Attributes
    ----------
    bits : int
    class_weight : tuple of float
        Of each class; empty for regression.
    weight_exponent : int or None
        Of the power of two above all weights; None if all are equal.
    offsets : tuple of float
        Subtracted from each target.
    exponent : int
        Of the power of two above the ranges of all targets.
    """

    bits: int
    class_weight: tuple[float, ...]
    weight_exponent: int | None
    offsets: tuple[float, ...]
    exponent: int

    @classmethod
    def of(cls, y, weight, encoding):
        """Those of rows.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_targets)
            Encoded.
        weight : ndarray of shape (n_rows,)
            None of them zero.
        encoding : Labels or Targets
        """
        more = max(0, int(weight.size).bit_length() - _FEW)
        bits = _BITS - _STEP * -(-more // _STEP)
        class_weight, offsets, exponent = tuple[Any, ...](), tuple[float, ...](), 0
        if encoding.classes is not None:
            groups, n_groups = encoding.groups(y), encoding.n_groups
            class_weight = encoding.class_weight
            if class_weight is None:
                counted = None if encoding.balance_rows else weight
                sums = np.bincount(groups, counted, n_groups)
                class_weight = sums.sum() / (n_groups * sums)
            class_weight = tuple(float(value) for value in class_weight)
            weight = weight * np.array(class_weight)[groups]
        else:
            low = y.min(axis=0)
            exponent = int(np.frexp((y.max(axis=0) - low).max())[1])
            unit = np.ldexp(1.0, exponent)
            offsets = tuple(float(value) for value in np.floor(low / unit) * unit)
        largest = weight.max()
        same = largest == weight.min()
        return cls(
            bits,
            class_weight,
            None if same else int(np.frexp(largest)[1]),
            offsets,
            exponent,
        )

    def rows(self, columns, y, weight, names, features):
        """Rows to grow trees on.

        Parameters
        ----------
        columns : ndarray of float32 of shape (n_features, n_rows)
            `MISSING` where a value is missing.
        y : ndarray of shape (n_rows, n_targets)
        weight : ndarray of shape (n_rows,)
        names : ndarray of uint64 of shape (n_rows,)
        features : ndarray of uint64 of shape (n_features,)

        Returns
        -------
        Rows
        """
        n_classes = len(self.class_weight)
        labels = y[:, 0].astype(np.intp) if n_classes else _codes(y)
        share = self._share(y, weight)
        moments = np.empty((len(self.offsets), weight.size))
        for target, offset in enumerate(self.offsets):
            scaled = np.ldexp(y[:, target] - offset, -self.exponent)
            moments[target] = np.rint(np.ldexp(share * scaled, self.bits - 1))
        whole, unit = self.whole_weights(y, weight), self.weight_exponent is None
        return Rows(
            columns,
            labels,
            whole,
            moments,
            names,
            features,
            n_classes,
            unit,
            np.any(columns == MISSING, axis=1),
        )

    def whole_weights(self, y, weight):
        """Weights of rows as whole numbers."""
        share = self._share(y, weight)
        if self.weight_exponent is None:
            return share
        # what weighs next to nothing weighs the least there is
        return np.maximum(np.rint(np.ldexp(share, self.bits)), 1.0)

    def _share(self, y, weight):
        """Weights as shares of what is more than the largest; 1 where all are equal."""
        if self.weight_exponent is None:
            return np.ones(weight.size)
        if self.class_weight:
            weight = weight * np.array(self.class_weight)[y[:, 0].astype(np.intp)]
        return np.ldexp(weight, -self.weight_exponent)

    def means(self, sums):
        """Mean targets of nodes.

        Parameters
        ----------
        sums : ndarray of shape (1 + n_targets, n_nodes)

        Returns
        -------
        ndarray of shape (n_nodes, n_targets)
        """
        means = sums[1:] / sums[0] * self.target_unit()
        return means.T + np.array(self.offsets)

    def target_unit(self):
        """What a whole number of weight times target over one of weight is worth."""
        bits = self.bits - 1 if self.weight_exponent is None else -1
        return float(np.ldexp(1.0, self.exponent - bits))

    def weight_unit(self):
        """What a whole number of weight is worth."""
        if self.weight_exponent is None:
            return 1.0
        return float(np.ldexp(1.0, self.weight_exponent - self.bits))


def _codes(y):
    """Numbers that are equal for equal targets."""
    codes = np.zeros(y.shape[0], dtype=np.uint64)
    for target in np.ascontiguousarray(y.T + 0.0).view(np.uint64):
        codes = combine(codes, target)
    return mix(codes).view(np.int64).astype(np.intp)
