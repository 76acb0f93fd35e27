"""Selection of columns that vary, which unlearns exactly."""

from __future__ import annotations

import numpy as np
from sklearn.feature_selection import VarianceThreshold

from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.feature_selection._selection import ColumnSelection
from sklearn_unlearn.sufficient_statistics import Learned, UnlearnableTransformer

#: Of a column that any threshold lets pass.
_VARYING = 1e150


class UnlearnableVarianceThreshold(ColumnSelection, UnlearnableTransformer):
    """Selection of columns by their variance that unlearns rows, values and columns.

    A twin of :class:`sklearn.feature_selection.VarianceThreshold`. Requests are exact:
    sums are kept without rounding. Outputs of other rows stay as they are, save that
    columns come and go; those that come have to be computed from the rows. A request
    that would leave no column above the threshold is refused, as such a fit is.

    Parameters
    ----------
    threshold : float, default=0.0
        Columns of which the variance is not above it are left out. What decides is the
        variance without rounding, where the twin's is rounded: that of 0.1 in all rows
        but one that lacks a value is not zero there.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    variances_ : ndarray of shape (n_columns,)
        Of the columns that are not forgotten; missing values do not count. For a
        threshold of zero the twin has the range where that is smaller.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableVarianceThreshold
    >>> selector = UnlearnableVarianceThreshold().fit([[0, 1], [0, 2], [5, 3]])
    >>> selector.partial_unfit([[5, 3]]).get_support()
    array([False,  True])
    """

    _twin_class = VarianceThreshold
    _columnwise = True

    variances_ = Learned()

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    # Hooks --------------------------------------------------------------------------

    def _collect(self, rows, y, weight, params):
        return Moments.of(rows, weight, "columns")

    def _fill(self, estimator, statistics):
        made_up = np.outer([0.0, _VARYING], np.ones(statistics.observed().size))
        estimator.fit(made_up)
        estimator.variances_ = statistics.variance()
        if not estimator.get_support().any():
            n_rows = statistics.rows.weight.rounded()[0]
            single = " (X contains only one sample)" if n_rows == 1 else ""
            raise ValueError(
                "No feature in X meets the variance threshold "
                f"{estimator.threshold:.5f}{single}"
            )
