"""What a classifier that unlearns from sums keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.statistics import Statistics
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is kept of rows.

    Attributes
    ----------
    classes : Statistics
        Weighted sums of each class.
    rows : Statistics or None
        Sums over all rows, whatever their weight, where a model needs them.
    widths : ndarray of int of shape (n_columns,) or None
        How many columns of the sums stand for each column of X, one after the other;
        None if that is one.
    """

    classes: Statistics
    rows: Statistics | None
    widths: np.ndarray | None = None

    def columns(self, kept):
        """What is kept of some columns of X."""
        if self.widths is None:
            return self._mapped(lambda sums: sums.columns(kept), None)
        narrow = np.zeros_like(self.widths)
        narrow[kept] = self.widths[kept]
        places = _places(narrow, self.widths)
        return self._mapped(lambda sums: sums.columns(places), self.widths[kept])

    def widened(self, widths):
        """The same with as many columns of the sums, or more."""
        if np.array_equal(widths, self.widths):
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
        return Evidence(function(self.classes), rows, widths)


def _places(narrow, wide):
    """Where the first ``narrow`` of the ``wide`` places of each column are."""
    shift = np.cumsum(wide) - wide - np.cumsum(narrow) + narrow
    return np.arange(narrow.sum()) + np.repeat(shift, narrow)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Everything a statistical classifier learned, in one immutable value.

    Attributes
    ----------
    evidence : Evidence
        Of all ``labels``, in the columns that are not forgotten.
    labels : ndarray of shape (n_labels,)
        Those that rows may have, sorted; not all need to have rows.
    columns : Columns
        Number and names of the columns of X.
    forgotten : ndarray of bool of shape (n_features,)
    params : dict
        Parameters of the estimator at fit.
    twin : estimator
        scikit-learn's estimator of the columns that are not forgotten.
    """

    evidence: Evidence
    labels: np.ndarray
    columns: Columns
    forgotten: np.ndarray
    params: dict
    twin: Any
