"""Power transformations of columns towards a normal distribution, which unlearn."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import PowerTransformer

from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.preprocessing._counted import CountedValues
from sklearn_unlearn.sufficient_statistics import Learned
from sklearn_unlearn.utils.from_sklearn import with_amount

#: Difference of powers that the precision of the search for them explains.
_FAR = 1e-3


class UnlearnablePowerTransformer(CountedValues):
    """Power transformations of columns that unlearn rows, values and columns.

    A twin of :class:`sklearn.preprocessing.PowerTransformer`. Every distinct value of a
    column is kept with the number of its rows, and a request fits the twin to these: it
    takes as long as the twin's ``fit``, and needs no rows. What is learned is that of a
    refit, up to the precision of the search for the powers, to which the twin gives
    another rounding error for each order of the rows. Outputs of other rows have to be
    computed again, which a pipeline does that retains data.

    Parameters
    ----------
    method : {"yeo-johnson", "box-cox"}, default="yeo-johnson"
        The second for positive values alone.
    standardize : bool, default=True
        Whether outputs have a mean of zero and a variance of one.
    copy : bool, default=True
        If False, ``transform`` tries to work in place.

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_columns,)
        Powers of the columns that are not forgotten; missing values do not count.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnablePowerTransformer
    >>> power = UnlearnablePowerTransformer(method="box-cox", standardize=False)
    >>> power = power.fit([[1.0], [2.0], [4.0], [1000.0]]).partial_unfit([[1000.0]])
    >>> abs(power.lambdas_.round(3))
    array([0.])
    """

    _twin_class = PowerTransformer

    lambdas_ = Learned()

    def __init__(
        self,
        method: str = "yeo-johnson",
        *,
        standardize: bool = True,
        copy: bool = True,
    ) -> None:
        self.method = method
        self.standardize = standardize
        self.copy = copy

    # Hooks --------------------------------------------------------------------------

    def _find_differences(self, fitted, name, X):
        twin = self._checked().sklearn_estimator
        if not np.allclose(fitted.lambdas_, twin.lambdas_, rtol=_FAR, atol=_FAR):
            yield name, with_amount("lambdas_", fitted, twin)

    def _way(self):
        return "exact, from sums", "values of columns", "a fit of the columns"

    def _fill(self, estimator, statistics):
        dtype, n_columns = np.result_type(*statistics.held), len(statistics.values)
        columns = np.full((statistics.n_rows, n_columns), np.nan, dtype=dtype)
        for place in range(n_columns):
            values = statistics.spelt_out(place, dtype)
            columns[: values.size, place] = values
        with fitting():
            estimator.fit(columns)
