"""A request to a pipeline, in its raw input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class RawRequest:
    """A request to a pipeline, in its raw input.

    Attributes
    ----------
    X_out, y_out, ids_out : rows that leave
    X_in, y_in, ids_in : rows that come; of X and y alone, to rows that leave
    weight : array-like, float or None
        Of the rows that leave and of those that come.
    classes : array-like or None
        Labels that the caller expects.
    forgotten : ndarray of bool of shape (n_columns,) or None
    """

    X_out: Any = None
    y_out: Any = None
    ids_out: Any = None
    X_in: Any = None
    y_in: Any = None
    ids_in: Any = None
    weight: Any = None
    classes: Any = None
    forgotten: np.ndarray | None = None

    @property
    def leaves(self):
        """Whether rows leave."""
        return self.X_out is not None or self.ids_out is not None

    @property
    def relabels(self):
        """Whether rows that leave come back with other targets alone."""
        return self.leaves and self.X_in is None and self.y_in is not None
