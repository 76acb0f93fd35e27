"""The fitted value of an estimator of sums, and rows of a request as it reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sklearn_unlearn.utils.validation import Columns


class SufficientStatistics(Protocol):
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
    """Everything an estimator learned, in one immutable value.

    Attributes
    ----------
    statistics : SufficientStatistics
        In the columns that are not forgotten.
    columns : Columns
        Number and names of the columns of X.
    forgotten : ndarray of bool of shape (n_features,)
    params : dict
        Parameters of the estimator at fit.
    labels : ndarray or None
        Of a model, along the first axis: those that rows may have, sorted; not all need
        to have rows.
    sklearn_estimator : estimator
        scikit-learn's estimator of the columns that are not forgotten.
    retained : RetainedRows or None
        Of a model, the rows, if it keeps them.
    magnified : float
        Of a model, by how much maps of its inputs have magnified rounding errors.
    mapped : bool
        Whether sums were mapped, which rounds: a fit gives others in the last digits.
    """

    statistics: Any
    columns: Columns
    forgotten: np.ndarray
    params: dict
    labels: np.ndarray | None = None
    sklearn_estimator: Any = None
    retained: Any = None
    magnified: float = 1.0
    mapped: bool = False

    @property
    def model(self):
        """What has ``retained`` and ``forgotten``, for a `RowModel`."""
        return self

    @property
    def encoding(self):
        """What reads targets, for a `RowModel`."""
        return self

    @property
    def classes(self):
        """Labels that rows may have."""
        return self.labels

    def kept_by(self, later):
        """Positions in these columns of the columns that a later value has."""
        return np.flatnonzero(~later.forgotten[~self.forgotten])


@dataclass(frozen=True, eq=False)
class ReadRows:
    """Rows of a request that were validated once, for statistics and for outputs.

    Attributes
    ----------
    rows : what the estimator made of X
    X : the columns that are not forgotten, as they were given
    """

    rows: Any
    X: Any
