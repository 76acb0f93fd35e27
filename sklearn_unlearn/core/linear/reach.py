"""Reach: how far rows that nobody sees may go, as far as a model without data keeps it.

With it a step without data is judged: how much of the gradient it may leave at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np

from sklearn_unlearn.core.arrays import Array, Mask, powers_of_two
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity, LinearMap
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.fourth_powers import (
    MOST_COLUMNS,
    FourthPowers,
    Quadruples,
    block_size,
    mapped,
)
from sklearn_unlearn.core.linear.lengths import Lengths
from sklearn_unlearn.core.linear.margins import Margins
from sklearn_unlearn.core.linear.objective import CHEAP_FLOPS, Objective
from sklearn_unlearn.core.linear.outliers import Outliers
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.linear.row_bounds import RowBounds
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
from sklearn_unlearn.core.rows import RowBlocks, Rows

#: Change of a raw prediction that is one of rounding.
_FAINT = 1e-9


@dataclass(frozen=True, eq=False)
class Reach(RowBounds):
    """Bounds on rows, kept up to date while rows leave and come and are mapped."""

    @staticmethod
    def of(
        objective: Objective, factor: Factor, rows: RowBlocks, anchor: Array
    ) -> Reach:
        """That of all rows."""
        columns = powers_of_two(objective.reach(rows))
        columns[objective.forgotten] = 0.0
        loss, p, n_rows = objective.loss, objective.shape[0], rows.n_rows
        found = Reach(columns, loss)
        smooth, huber = (
            loss.self_concordance is not None,
            isinstance(loss, ConcomitantHuber),
        )
        bounded = smooth or huber or isinstance(loss, MarginLoss)
        if loss.constant_curvature or not bounded:
            return found
        flops = 2.0 * FourthPowers.flops(p, n_rows)
        if smooth and p <= MOST_COLUMNS and flops <= CHEAP_FLOPS:
            none = FourthPowers.none(p)
            found = replace(found, powers=none, curved=none)
            return found._changed(objective, anchor, rows, rows, 1.0)
        lengths = Lengths.of(objective, factor.data_diagonal, columns, rows)
        found = replace(found, lengths=lengths)
        if huber:
            return replace(found, outliers=Outliers.of(objective, rows, anchor))
        if not smooth:
            return replace(found, margins=Margins.of(objective, rows, anchor))
        if objective.hessian_flops(n_rows) <= CHEAP_FLOPS:
            fourth = FourthMoments.of(objective, factor, rows, anchor)
            return replace(found, fourth=fourth)
        return found

    def edited(self, objective: Objective, edit: Edit, anchor: Array) -> Reach:
        """That after rows came and left, features as they were."""
        rows_in, rows_out = edit.rows_in, edit.rows_out
        if rows_in is None and rows_out is None:
            return self
        found, columns = self, self.columns
        if rows_in is not None and not edit.same_features:
            coming = powers_of_two(objective.reach(rows_in))
            coming[objective.forgotten] = 0.0
            lengths = self.lengths and self.lengths.joined(objective, rows_in)
            columns = np.maximum(columns, coming)
            found = replace(found, columns=columns, lengths=lengths)
        then = replace(objective, loss=self.loss)
        curved = edit.curvature_rows(then, anchor)
        if self.blur > 0.0 and rows_out is not None:
            # they have other weights in these sums by now
            found = replace(found, curved=None, fourth=None, margins=None)
            found = replace(found, outliers=None)
        if found.fourth is not None:
            fourth = found.fourth.edited(then, anchor, *curved)
            found = replace(found, fourth=fourth)
        same = _cancels(edit)
        for rows, weighed, sign in zip(
            (rows_in, rows_out), curved, (1.0, -1.0), strict=True
        ):
            if rows is None:
                continue
            found = found._changed(then, anchor, rows, weighed, sign, same)
            if found.margins is not None:
                margins = found.margins.changed(then, anchor, rows, sign)
                found = replace(found, margins=margins)
            if found.outliers is not None:
                outliers = found.outliers.changed(then, anchor, rows, sign)
                found = replace(found, outliers=outliers)
        return found

    def _changed(
        self,
        objective: Objective,
        anchor: Array,
        rows: RowBlocks,
        curved: RowBlocks | None,
        sign: float,
        same: bool = False,
    ) -> Reach:
        """That after rows came or left, by the sign.

        Parameters
        ----------
        objective : Objective
            With the loss of all sums.
        anchor : ndarray of shape (p, n_outputs)
        rows : RowBlocks
        curved : RowBlocks or None
            The same with weights of what comes into the Hessian or leaves it.
        sign : float
        same : bool
            Whether their like, but for targets, leave or come.
        """
        if self.powers is None:
            return self
        found, size = self, block_size(objective.shape[0])
        for block, weights in _beside(rows, curved, size):
            powers, bent = found.powers, found.curved
            assert powers is not None
            products = Quadruples.of(objective, block, powers.frame)
            if not same:
                powers = powers.changed(products, block.weight, sign)
            if bent is not None and weights is not None:
                weight = _curved(objective, weights, anchor)
                bent = bent.changed(products, weight, sign)
            found = replace(found, powers=powers, curved=bent)
        return found

    def mapped(
        self, edit: Edit, anchor: Array, new: Objective, factor: Factor
    ) -> Reach:
        """That of the new features.

        Parameters
        ----------
        edit : Edit
        anchor : ndarray of shape (p, n_outputs)
            Before.
        new : Objective
            After the edit.
        factor : Factor
            After the edit.
        """
        features = edit.feature_map
        if isinstance(features, Identity):
            return self
        lost = anchor - features.pull(features.anchor(anchor))
        blur = self.blur + self.largest_change(lost)
        blur = _rounded_up(blur) if blur > _FAINT else 0.0
        if isinstance(features, DropColumns):
            gone = features.columns
            return replace(
                self,
                columns=np.where(gone, 0.0, self.columns),
                powers=self.powers and self.powers.without(gone),
                curved=self.curved and self.curved.without(gone),
                fourth=self.fourth and self.fourth.without(new.packed_held),
                margins=self.margins and self.margins.without(gone),
                outliers=None
                if blur
                else self.outliers and self.outliers.without(gone),
                blur=blur,
            )
        assert isinstance(features, LinearMap)
        matrix = features.dense
        among = _among(matrix, self.columns > 0.0, ~new.forgotten)
        parts = [each for each in (self.powers, self.curved) if each is not None]
        after = iter(mapped(parts, among))
        columns = np.sqrt(mapped_peaks(matrix, np.square(self.columns)))
        lengths = self.lengths
        if lengths is not None:
            lengths = lengths.mapped(matrix, factor.data_diagonal, columns)
        return replace(
            self,
            columns=columns,
            lengths=lengths,
            powers=self.powers and next(after),
            curved=self.curved and next(after),
            fourth=self.fourth and self.fourth.mapped(matrix, factor),
            margins=self.margins and self.margins.mapped(among),
            outliers=None if blur else self.outliers and self.outliers.mapped(among),
            blur=blur,
        )

    @property
    def crude(self) -> Reach:
        """What is soonest computed with: no sums of fourth powers."""
        margins, outliers = self.margins, self.outliers
        if margins is not None and margins.far:
            margins = replace(margins, far=())
        if outliers is not None and outliers.margins.far:
            near = replace(outliers.margins, far=())
            outliers = replace(outliers, margins=near)
        same = margins is self.margins and outliers is self.outliers
        if self.powers is None and same:
            return self
        return replace(
            self, powers=None, curved=None, margins=margins, outliers=outliers
        )


def _among(matrix: Array, old: Mask, new: Mask) -> Array:
    """A map between columns that there are, one for those that there never were."""
    found = np.where(old & new[:, None], matrix, 0.0)
    if old.size == new.size:
        found[np.diag(~(old | new))] = 1.0
    return found


def _curved(objective: Objective, rows: Rows, anchor: Array) -> Array:
    """Weights of rows times the largest eigenvalue of their curvature, or more."""
    raw = objective.raw_prediction(rows.X, anchor)
    curvature = objective.loss.curvature(raw, rows.y)
    if objective.loss.coupled:
        curvature = np.abs(curvature).sum(axis=2).max(axis=1)
    weights: Array = rows.weight * curvature
    return weights


def _rounded_up(size: float) -> float:
    """To four binary digits."""
    mantissa, exponent = math.frexp(size)
    return math.ldexp(math.ceil(16.0 * mantissa), exponent - 4)


def _beside(
    rows: RowBlocks, curved: RowBlocks | None, size: int
) -> Iterator[tuple[Rows, Rows | None]]:
    """Blocks of rows, each beside the same rows with other weights, if there are any.

    Rows that are read from elsewhere are read once.
    """
    if curved is rows:
        return ((block, block) for block in rows.blocks(size))
    weighed = repeat(None) if curved is None else curved.blocks(size)
    return zip(rows.blocks(size), weighed, strict=False)


def _cancels(edit: Edit) -> bool:
    """Whether rows come in the place of their like, but for targets."""
    if not edit.same_features or edit.rows_in is None or edit.rows_out is None:
        return False
    return np.array_equal(edit.rows_in.weight, edit.rows_out.weight)
