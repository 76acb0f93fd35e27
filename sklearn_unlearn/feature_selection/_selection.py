"""`ColumnSelection`: transformers that hand on some of their columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.sufficient_statistics import InvertibleMixin


class ColumnSelection(InvertibleMixin):
    """A transformer that is a function of sums and selects columns."""

    def get_support(self, indices: bool = False) -> Any:
        """Columns that are selected.

        Parameters
        ----------
        indices : bool, default=False
            Whether to return their positions instead of a mask.

        Returns
        -------
        ndarray of bool of shape (n_features,) or ndarray of int
            Without the columns that are forgotten.
        """
        fitted = self._checked()
        mask = ~fitted.forgotten
        mask[mask] = fitted.sklearn_estimator.get_support()
        return np.flatnonzero(mask) if indices else mask

    # Hooks --------------------------------------------------------------------------

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = True  # scikit-learn 1.6 does not set it
        return tags

    def _outputs_of(self, fitted, read):
        return fitted.sklearn_estimator.transform(read.X)  # as they are, of any dtype

    def _output_map(self, before, after, others):
        selected = before.sklearn_estimator.get_support(indices=True)
        kept = before.kept_by(after)[after.sklearn_estimator.get_support()]
        places = np.searchsorted(selected, kept)
        known = np.isin(kept, selected)
        source = np.where(known, places, -1)
        return AffineMap.of_columns(
            selected.size, source, np.ones(source.size), known=known
        )
