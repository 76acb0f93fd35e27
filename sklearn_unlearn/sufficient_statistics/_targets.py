"""`LearnsTargets`: transformers of sums of columns and targets."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_array

from sklearn_unlearn.base import Batch
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.sufficient_statistics._fitted import ReadRows
from sklearn_unlearn.sufficient_statistics._transformer import StatisticsTransformer
from sklearn_unlearn.utils.targets import as_vector
from sklearn_unlearn.utils.validation import named


class LearnsTargets(StatisticsTransformer):
    """A transformer that learns from a target of each row as well."""

    _accepts: ClassVar[frozenset[str]] = StatisticsTransformer._accepts | {"y"}

    def _numeric_targets(self, params: dict) -> bool:
        """Whether targets are numbers, and not labels of any kind."""
        return False

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the transformer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            Sparse where the twin takes it. Blocks have y in them.
        y : array-like of shape (n_samples,)
            One target of each row.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        if y is None and not isinstance(X, DataBlocks):
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        return self._fit(X, y)

    def _read_training(self, batch, classes, params):
        rows, columns = self._read_first(batch.X, self._new_estimator(params))
        n_rows = self._n_rows(rows)
        y = self._checked_targets(batch.y, n_rows, params, "y")
        return Batch(ReadRows(rows, batch.X), y, np.ones(n_rows)), columns, None

    def _read_targets(self, fitted, y, n_rows, name="y"):
        return self._checked_targets(y, n_rows, fitted.params, name)

    def _checked_targets(self, y: Any, n_rows: int, params: dict, name: str) -> Any:
        """One target for each row, as a vector."""
        if y is None:
            raise ValueError(f"{name} must be given: it is None.")
        dtype = np.float64 if self._numeric_targets(params) else None
        with named(name):
            y = as_vector(check_array(y, ensure_2d=False, dtype=dtype, input_name="y"))
        if y.shape[0] != n_rows:
            raise ValueError(
                f"{name} has {y.shape[0]} rows, expected {n_rows}: inconsistent "
                "numbers of samples."
            )
        return y
