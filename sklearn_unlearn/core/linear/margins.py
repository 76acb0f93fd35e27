"""Rows by their distance from a margin, where the second derivative jumps.

With them a step tells how many may cross it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Mask,
    as_float64,
    gram,
    powers_of_two,
)
from sklearn_unlearn.core.linear.forms import (
    MOST_UNKNOWNS,
    Change,
    Solver,
    distances_of,
    heaviest_of,
    length_of,
    pairs_of,
    part_of,
    solved_with,
)
from sklearn_unlearn.core.linear.fourth_powers import (
    FourthPowers,
    Quadruples,
    form,
    least_weight,
    mapped,
)
from sklearn_unlearn.core.linear.objective import CHEAP_FLOPS, Objective
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.rows import RowBlocks, Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Share of the rows in the first group of distances. Others each begin at a multiple of
#: where the last does, and the last at this power of two times the first, or less if
#: there are few.
_NEAREST, _SPAN = 0.002, 12.0
#: Groups, as many as have no more numbers than these; but not fewer.
_GROUPS, _NUMBERS, _FEWEST = 48, 2**15, 4
#: Share of the rows that are no part of fourth powers, which are kept where they are no
#: more than so many numbers.
_CLOSE, _POWERS = 0.01, 2**16
#: ``(1 - 1/r) / r^2`` is no larger: the share of its way that a row goes beyond a
#: margin, over the square of the way in units of its distance.
_BEYOND = 4.0 / 27.0
#: Share of the rows that is summed where all would take too long.
_NEAR = 0.1


@dataclass(frozen=True, eq=False)
class Margins:
    """Sums ``w_i j_i x_i x_i'`` over rows of like distance from a margin.

    j_i is the jump of the second derivative, and the distance that at the anchor.

    Attributes
    ----------
    edges : ndarray of shape (n_groups,)
        Distances at which groups begin, zero the first.
    sums : ndarray of shape (n_outputs, n_groups, p (p + 1) / 2)
        Upper triangles, row after row.
    weights : ndarray of shape (n_outputs, n_groups)
        Sums ``w_i j_i``.
    ever : ndarray of shape (p,)
        No smaller than what was ever added to the diagonal of one, over all groups:
        sums of powers of two.
    least : float
        No ``w_i j_i`` is smaller: a power of two.
    end : float
        Rows that are farther away are in no sum.
    n_close : int
        Groups that are no part of ``far``.
    far : tuple of FourthPowers
        Of the other rows, with ``w_i j_i / d_i^2`` where d_i is the distance, one an
        output; empty where they would be too many numbers.
    """

    edges: Array
    sums: Array
    weights: Array
    ever: Array
    least: float
    end: float
    n_close: int = 0
    far: tuple[FourthPowers, ...] = ()

    @staticmethod
    def of(objective: Objective, rows: RowBlocks, anchor: Array) -> Margins:
        """Those of all rows."""
        p, n_outputs = objective.shape
        distances = np.concatenate(
            [distances_of(objective, b.weighted(), anchor) for b in rows.blocks()]
        )
        n_pairs = p * (p + 1) // 2
        n_groups = min(max(_NUMBERS // (n_outputs * n_pairs), _FEWEST), _GROUPS)
        end = math.inf
        if float(rows.n_rows) * p * p * n_outputs > CHEAP_FLOPS:
            end = float(powers_of_two(np.quantile(distances, [_NEAR]))[0])
        first = float(powers_of_two(np.quantile(distances, [_NEAREST]))[0])
        span = 2.0 ** min(_SPAN, 4.0 + n_groups / 2.0)
        edges = np.append(0.0, first * np.geomspace(1.0, span, n_groups - 1))
        sums = np.zeros((n_outputs, n_groups, n_pairs))
        weights = np.zeros((n_outputs, n_groups))
        found = Margins(edges, sums, weights, np.zeros(p), math.inf, end)
        n_numbers = n_outputs * math.comb(p + 3, 4)
        flops = n_outputs * FourthPowers.flops(p, rows.n_rows)
        if n_numbers <= _POWERS and flops <= CHEAP_FLOPS:
            close = np.searchsorted(edges, np.quantile(distances, _CLOSE))
            far = tuple(FourthPowers.none(p) for _ in range(n_outputs))
            found = replace(found, n_close=max(int(close), 1), far=far)
        for block in rows.blocks():
            found = found.changed(objective, anchor, block, 1.0)
        return found

    def changed(
        self, objective: Objective, anchor: Array, rows: Rows, sign: float
    ) -> Margins:
        """Those after rows came or left, by the sign."""
        loss = objective.loss
        assert isinstance(loss, MarginLoss)
        rows = rows.weighted()
        distance = distances_of(objective, rows, anchor)
        weight = rows.weight[:, None] * loss.jump(rows.y)
        group = np.searchsorted(self.edges, distance, side="right") - 1
        upper = pairs_of(self.ever.size)
        gone = objective.forgotten[upper.first] | objective.forgotten[upper.second]
        sums, ever, least = self.sums.copy(), self.ever, self.least
        weights = self.weights.copy()
        for k, own in enumerate(sums):
            there = distance[:, k] < self.end
            for g in np.unique(group[there, k]):
                some = np.flatnonzero(there & (group[:, k] == g))
                few, jumps = rows.take(some), weight[some, k]
                part = gram(as_float64(few.X), jumps, objective.fit_intercept)
                own[g] += sign * np.where(gone, 0.0, part[upper.first, upper.second])
                weights[k, g] += sign * jumps.sum()
                if sign > 0.0:
                    ever = ever + powers_of_two(np.diagonal(part))
                    least = min(least, least_weight(jumps))
        ever = np.where(objective.forgotten, 0.0, ever)
        far = self.far
        if far:
            products = Quadruples.of(objective, rows, far[0].frame)
            away = group >= self.n_close
            weight = weight / np.square(np.where(away, distance, 1.0))
            weight = np.where(away, weight, 0.0)
            far = tuple(
                each.changed(products, own, sign)
                for each, own in zip(far, weight.T, strict=True)
            )
        return replace(
            self, sums=sums, weights=weights, ever=ever, least=least, far=far
        )

    def without(self, columns: Mask) -> Margins:
        """Those without some columns."""
        pairs = pairs_of(columns.size)
        gone = columns[pairs.first] | columns[pairs.second]
        return replace(
            self,
            sums=np.where(gone, 0.0, self.sums),
            ever=np.where(columns, 0.0, self.ever),
            far=tuple(each.without(columns) for each in self.far),
        )

    def mapped(self, matrix: Array) -> Margins:
        """Those of ``T x`` for a matrix T."""
        p_new, p = matrix.shape
        upper = pairs_of(p_new)
        whole = self.sums[..., pairs_of(p).places]
        sums = (matrix @ whole @ matrix.T)[..., upper.first, upper.second]
        ever = powers_of_two(np.square(np.abs(matrix) @ np.sqrt(self.ever)))
        far = tuple(mapped(list(self.far), matrix))
        return replace(self, sums=sums, ever=ever, far=far)

    def bend(
        self,
        objective: Objective,
        factor: Solver,
        behind: Sequence[Change],
        moved: Change,
        enough: float = 0.0,
    ) -> float:
        """How far rows that cross a margin bend the gradient, in the H^-1 norm.

        Where a row goes beyond a margin for a share c of its way, its gradient changes
        by c times the jump more, or less, than on this side of it. Of a way of t from
        where it has come by a, at a distance of d from the anchor, that is at most
        ``(a + t - d) / t``.

        Parameters
        ----------
        objective : Objective
        factor : Solver
        behind : sequence of Change
            These lead from the anchor to where the step starts.
        moved : Change
        enough : float
            A bound from which on no smaller one is looked for.
        """
        way, squares = self._ways(moved)
        gone = self._gone(behind)
        if self._may_miss(gone + way, [*behind, moved]):
            return math.inf
        beyond = np.maximum(gone + way - self.edges, 0.0)
        shares = np.divide(beyond, way, out=np.ones_like(way), where=way > 0.0)
        shares = np.where(beyond > 0.0, np.minimum(shares, 1.0), 0.0)
        forms = [part_of(*each) for each in zip(squares, shares, strict=True)]
        crossing = [self._crossing(k, each) for k, each in enumerate(shares)]
        bent = length_of(objective, factor, forms, crossing, enough)
        if bent <= enough or not self.far:
            return bent
        close = slice(self.n_close)
        share = float(len(behind)) if behind else _BEYOND
        ways = [math.sqrt(min(share, 1.0)) * moved.vector]
        ways += [math.sqrt(share) * each.vector for each in behind]
        for k, own in enumerate(shares):
            away = self.far[k].hessian(np.column_stack([each[:, k] for each in ways]))
            crossing[k] = self._crossing(k, own[close]) + away
            forms[k] = part_of(squares[k, close], own[close])
            forms[k] += form(away, moved.vector[:, [k]])
        return min(bent, length_of(objective, factor, forms, crossing, enough))

    def lost(
        self, step: Change, ends: Sequence[Change], behind: Sequence[Change]
    ) -> float:
        """How much curvature along a step rows may lose that cross a margin.

        Parameters
        ----------
        step : Change
        ends : sequence of Change
            To both ends of the way.
        behind : sequence of Change
            From the anchor to where ``ends`` begin.
        """
        way = np.max([self._ways(each)[0] for each in ends], axis=0)
        far = self._gone(behind) + way
        if any(self._may_miss(far, [*behind, each]) for each in ends):
            return math.inf
        squares, crossed = self._ways(step)[1], 1.0 * (far > self.edges)
        close, share = slice(self.n_close), math.sqrt(1.0 + len(behind))
        changes, total = [share * each.vector for each in (*ends, *behind)], 0.0
        for k, own in enumerate(squares):
            least = part_of(own, crossed[k])
            if self.far:
                ways = np.column_stack([each[:, k] for each in changes])
                away = form(self.far[k].hessian(ways), step.vector[:, [k]])
                least = min(least, part_of(own[close], crossed[k, close]) + away)
            total += least
        return total

    def flattened(
        self,
        factor: Solver,
        behind: Sequence[Change],
        moved: Change,
        enough: float = 0.0,
    ) -> float:
        """Share of the curvature that is lost at most where a step ends.

        Parameters
        ----------
        factor : Solver
        behind, moved : sequence of Change, Change
            From the anchor to where the step starts, and the step.
        enough : float
            A bound from which on no smaller one is looked for.
        """
        if factor.order > MOST_UNKNOWNS:
            return math.inf
        far, share = self._gone(behind) + self._ways(moved)[0], 0.0
        if self._may_miss(far, [*behind, moved]):
            return math.inf
        changes = [moved.vector, *(each.vector for each in behind)]
        root, close = math.sqrt(len(changes)), slice(self.n_close)
        for k, crossed in enumerate(1.0 * (far > self.edges)):
            if not np.any(self.sums[k, crossed > 0.0]):
                continue
            lost = heaviest_of(
                solved_with(factor, self._crossing(k, crossed), k), enough
            )
            if self.far and lost > enough:
                ways = np.column_stack([root * each[:, k] for each in changes])
                away = self._crossing(k, crossed[close]) + self.far[k].hessian(ways)
                lost = min(lost, heaviest_of(solved_with(factor, away, k), enough))
            share = max(share, lost)
        return share

    def longest(
        self, inverse: Array, output: int, known: float, enough: float = 0.0
    ) -> float:
        """No row is longer in the norm of a matrix without negative eigenvalues.

        Parameters
        ----------
        inverse : ndarray of shape (p, p)
        output : int
            Whose it is.
        known : float
            No row is longer than that.
        enough : float
            A bound from which on no smaller one is looked for.
        """
        if self.end < math.inf:
            return known
        few, heaviest = enough * enough * self.least, 0.0
        for group in np.flatnonzero(self.sums[output].any(axis=1)):
            alone = 1.0 * (np.arange(group + 1) == group)
            part = inverse @ self._crossing(output, alone)
            heaviest = max(heaviest, heaviest_of(part, few))
        return min(known, math.sqrt(heaviest / self.least))

    def least_change(self, vector: Array) -> float:
        """Some row's raw prediction of an output changes by this or more.

        It is the largest of means of the rows: over those of like distance, and over
        all but the nearest, where these are weighted by their squares once more.
        """
        kept = pairs_of(self.ever.size)
        pairs = vector[kept.first] * vector[kept.second] * kept.twice[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            forms = (self.sums @ pairs.T[:, :, None])[..., 0]
            wrong = np.square(np.abs(vector).T @ np.sqrt(self.ever))
            wrong = self._error * wrong[:, None]
            there = (self.weights > 0.5 * self.least) & (forms > wrong)
            there &= np.isfinite(forms)
            least = np.where(there, forms - wrong, 0.0)
        means = np.divide(least, self.weights, out=np.zeros_like(least), where=there)
        square = float(means.max(initial=0.0))
        if self.end < math.inf:
            return math.sqrt(square)
        # the mean of squares, weighted by these, is near the largest
        away = slice(self.n_close, None)
        for k, powers in enumerate(self.far):
            most = np.where(there[k, away], forms[k, away] + wrong[k], wrong[k])
            total = float(np.sum(most / np.square(self.edges[away])))
            found = powers.fourth(vector[:, [k]])
            if 0.0 < total < math.inf and found < math.inf:
                square = max(square, found / total)
        return math.sqrt(square)

    def _gone(self, behind: Sequence[Change]) -> Array:
        """How far rows of each group have gone before, of each output."""
        gone: Array = sum((self._ways(each)[0] for each in behind), np.zeros((1, 1)))
        return gone

    def _may_miss(self, ways: Array, changes: Sequence[Change]) -> bool:
        """Whether a row that is in no sum may cross a margin.

        Parameters
        ----------
        ways : ndarray of shape (n_outputs, n_groups)
            How far rows go that are in a sum.
        changes : sequence of Change
            On which they go.
        """
        if not np.max(ways) < math.inf:  # so that a NaN may
            return True
        longest = sum((each.largest for each in changes), np.zeros(1))
        return self.end < math.inf and not np.max(longest) < self.end

    def _ways(self, change: Change) -> tuple[Array, Array]:
        """The longest way of a row in each group, and the sums of their squares.

        Both of each output.
        """
        vector, kept = change.vector, pairs_of(self.ever.size)
        with np.errstate(over="ignore", invalid="ignore"):
            pairs = vector[kept.first] * vector[kept.second] * kept.twice[:, None]
            forms = np.maximum((self.sums @ pairs.T[:, :, None])[..., 0], 0.0)
            sizes = np.square(np.abs(vector).T @ np.sqrt(self.ever))
            forms += self._error * sizes[:, None]
            forms = np.where(np.isfinite(forms), forms, np.inf)
            ways = np.sqrt(forms) / math.sqrt(self.least)
            return np.minimum(ways, change.largest[:, None]), forms

    def _crossing(self, output: int, shares: Array) -> Array:
        """The sums of the first groups times shares, and what may be wrong in these."""
        p = self.ever.size
        error = float(shares.sum()) * self._error * p
        with np.errstate(over="ignore", invalid="ignore"):
            found = shares @ self.sums[output, : shares.size]
            return found[pairs_of(p).places] + error * np.diag(self.ever)

    @property
    def _error(self) -> float:
        return 64.0 * self.ever.size * _UNIT
