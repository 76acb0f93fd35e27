"""What a transformer that unlearns keeps, and what a request to it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sklearn_unlearn.utils.validation import Columns


class RowStatistics(Protocol):
    """What is kept of rows; immutable, and equal for equal rows in any order."""

    @property
    def empty(self) -> bool:
        """Whether these are the statistics of no rows."""

    def plus(self, other: Any) -> Any:
        """With those of further rows."""

    def minus(self, other: Any) -> Any:
        """Without those of some of the rows; an `UnlearningError` if they are not in.

        Nothing may be left. What statistics cannot tell of fewer rows is refused when
        it is asked for.
        """

    def columns(self, columns: Any) -> Any:
        """Some columns alone, by their positions."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Everything a transformer learned, in one immutable value.

    Attributes
    ----------
    statistics : RowStatistics
        In the columns that are not forgotten.
    columns : Columns
        Number and names of the columns of X.
    forgotten : ndarray of bool of shape (n_features,)
    params : dict
        Parameters of the estimator at fit.
    twin : estimator
        scikit-learn's estimator of the columns that are not forgotten.
    """

    statistics: Any
    columns: Columns
    forgotten: np.ndarray
    params: dict
    twin: Any

    def kept_by(self, later):
        """Positions in these columns of the columns that a later value has."""
        return np.flatnonzero(~later.forgotten[~self.forgotten])


@dataclass(frozen=True, eq=False)
class ReadRows:
    """Rows of a request that were validated once, for statistics and for outputs.

    Attributes
    ----------
    rows : what the transformer made of X
    X : the columns that are not forgotten, as they were given
    """

    rows: Any
    X: Any


@dataclass(frozen=True, eq=False)
class Edit:
    """One request, as the caller states it.

    Attributes
    ----------
    rows_out, rows_in : X of the rows that leave and of those that come, or None
        `ReadRows` where they have been validated.
    weight_out, weight_in : array-like, float or None
        Their weights; None means 1 for each row.
    columns : columns to forget after that, or None
    in_first : bool
        Whether rows come before others leave: values that both have need not be there.
    """

    rows_out: Any = None
    rows_in: Any = None
    weight_out: Any = None
    weight_in: Any = None
    columns: Any = None
    in_first: bool = False
