"""Statistics of a model: sums over the rows of each class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.statistics.class_sums import Statistics, Values
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.core.statistics.mapped_sums import mapped, noise_of, shortened
from sklearn_unlearn.exceptions import RowNotFoundError


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """What is kept of rows of classes.

    Attributes
    ----------
    classes : Statistics
        Weighted sums of each class.
    rows : Statistics or None
        Sums over all rows, whatever their weight, where a model needs them.
    labels : ndarray of int of shape (n_classes,)
        Positions, among the labels that rows may have, of those whose sums these are.
    values : {"any", "positive", "unit"}
        What the values of all rows may be.
    n_targets : int
        How many columns of the sums, the last ones, stand for targets.
    widths : ndarray of int of shape (n_columns,) or None
        How many columns of the sums stand for each column of X, one after the other;
        None if that is one.
    noise : ndarray of shape (n_columns,) or None
        How far rows that come may be from those whose sums were mapped, for each column
        of the sums; None if none were.
    """

    classes: Statistics
    rows: Statistics | None
    labels: np.ndarray
    values: Values
    n_targets: int = 0
    widths: np.ndarray | None = None
    noise: np.ndarray | None = None

    @property
    def empty(self):
        """Whether these are the statistics of no rows."""
        return not self.classes.weight.digits.any()

    def plus(self, other):
        """With those of further rows."""
        return self.changed(other, None)

    def minus(self, other):
        """Without those of some of the rows."""
        return self.changed(None, other)

    def changed(self, coming, going):
        """After rows came and went: the sums of their classes alone are computed anew.

        Parameters
        ----------
        coming, going : ClassStatistics or None

        Raises
        ------
        UnlearningError
            If rows that leave are not in.
        """
        parts = [part for part in (coming, going) if part is not None]
        if not parts:
            return self._shortened()
        touched = np.unique(np.concatenate([part.labels for part in parts]))
        now, coming, going = _as_wide(self, coming, going)
        rows = now.rows
        if rows is not None:
            rows = rows if coming is None else rows.plus(coming.rows)
            rows = rows if going is None else rows.plus(going.rows, -1)
            if not rows.possible(noise=self.noise):
                raise RowNotFoundError(
                    "The rows would be left with a negative variance. Either X is not "
                    "what the model was trained with, or a row leaves in parts: it "
                    "counts as gone when the first of its weight leaves."
                )
        rows_in, rows_out = (
            None if part is None else part.among(touched).classes
            for part in (coming, going)
        )
        classes = now.classes.changed(
            rows_in,
            rows_out,
            groups=touched,
            values=self.values,
            noise=self.noise,
        )
        return replace(now, classes=classes, rows=rows)._shortened()

    def among(self, labels):
        """The same with zeros for further labels."""
        if np.array_equal(labels, self.labels):
            return self
        places = np.searchsorted(labels, self.labels)

        def spread(sums):
            return Exact.zeros((labels.size, *sums.shape[1:])).put(places, sums)

        second = self.classes.second
        classes = Statistics(
            spread(self.classes.weight),
            spread(self.classes.first),
            None if second is None else spread(second),
        )
        return replace(self, classes=classes, labels=labels)

    def present(self):
        """Of the classes that have rows alone."""
        there = np.flatnonzero(self.classes.weight.rounded() > 0.0)
        return replace(
            self, classes=self.classes.classes(there), labels=self.labels[there]
        )

    def columns(self, kept):
        """Some columns of X alone, and the targets."""
        if self.widths is None:
            width = self.classes.first.shape[1]
            targets = np.arange(width - self.n_targets, width)
            places = np.concatenate([kept, targets]) if targets.size else kept
            noise = None if self.noise is None else self.noise[places]
            part = self._mapped(lambda sums: sums.columns(places), None)
            return replace(part, noise=noise)
        narrow = np.zeros_like(self.widths)
        narrow[kept] = self.widths[kept]
        places = _places(narrow, self.widths)
        return self._mapped(lambda sums: sums.columns(places), self.widths[kept])

    def mapped(self, change):
        """Sums of rows whose columns are an affine function of those of X.

        Parameters
        ----------
        change : AffineMap

        Returns
        -------
        ClassStatistics or None
            None if these sums do not tell those.
        """
        parts = [
            None if part is None else mapped(part, change, self.n_targets)
            for part in (self.classes, self.rows)
        ]
        if parts[0] is None or (parts[1] is None) != (self.rows is None):
            return None
        noise = noise_of(self.classes, change, self.n_targets, self.noise)
        return replace(self, classes=parts[0], rows=parts[1], noise=noise)

    def _shortened(self):
        """The same rounded to twice the digits of a float, if they were mapped."""
        if self.noise is None:
            return self
        rows = None if self.rows is None else shortened(self.rows, self.noise)
        return replace(self, classes=shortened(self.classes, self.noise), rows=rows)

    def widened(self, widths):
        """The same with as many columns of the sums, or more."""
        if self.widths is None or np.array_equal(widths, self.widths):
            return self
        places, n_places = _places(self.widths, widths), widths.sum()
        return self._mapped(lambda sums: sums.spread(places, n_places), widths)

    def trimmed(self):
        """The same without the last columns of the sums that no row uses."""
        if self.widths is None:
            return self
        used = np.flatnonzero(self.classes.first.digits.any(axis=(0, 1)))
        ends = np.cumsum(self.widths)
        column = np.searchsorted(ends, used, side="right")
        widths = np.ones_like(self.widths)
        np.maximum.at(widths, column, used - (ends - self.widths)[column] + 1)
        if np.array_equal(widths, self.widths):
            return self
        places = _places(widths, self.widths)
        return self._mapped(lambda sums: sums.columns(places), widths)

    def _mapped(self, function, widths):
        rows = None if self.rows is None else function(self.rows)
        return replace(self, classes=function(self.classes), rows=rows, widths=widths)


def widest(*parts):
    """Widths that hold all columns of several statistics; None where all have one."""
    widths = [part.widths for part in parts if part is not None]
    return None if widths[0] is None else np.max(widths, axis=0)


def _as_wide(*parts):
    """Statistics with as many columns of the sums as the widest."""
    widths = widest(*parts)
    if widths is None:
        return parts
    return tuple(None if part is None else part.widened(widths) for part in parts)


def _places(narrow, wide):
    """Where the first ``narrow`` of the ``wide`` places of each column are."""
    shift = np.cumsum(wide) - wide - np.cumsum(narrow) + narrow
    return np.arange(narrow.sum()) + np.repeat(shift, narrow)
