"""Mapping of columns to a distribution by their quantiles, which unlearns exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import QuantileTransformer

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.preprocessing._counted import CountedValues
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableQuantileTransformer(CountedValues):
    """Mapping of columns to a distribution that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.QuantileTransformer`. Requests are exact:
    every distinct value of a column is kept with the number of its rows, so that memory
    and the time of a request grow with them. Outputs of other rows have to be computed
    again, which a pipeline does that retains data.

    Parameters
    ----------
    n_quantiles : int, default=1000
        Number of quantiles; that of the rows where these are fewer.
    output_distribution : {"uniform", "normal"}, default="uniform"
    ignore_implicit_zeros : bool, default=False
        True is refused: whether a zero of a sparse row is stored is not known of a row
        that leaves.
    subsample : int or None, default=10_000
        As many rows as there may be: of more the twin draws some, and the quantiles
        depend on which. None for any number of rows, all of which count.
    random_state : int, RandomState instance or None, default=None
        For the twin that `to_sklearn` returns; nothing is drawn here.
    copy : bool, default=True
        If False, ``transform`` tries to work in place.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_quantiles_ : int
    quantiles_ : ndarray of shape (n_quantiles, n_columns)
        Of the columns that are not forgotten; missing values do not count.
    references_ : ndarray of shape (n_quantiles,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableQuantileTransformer
    >>> ranks = UnlearnableQuantileTransformer(n_quantiles=3)
    >>> ranks = ranks.fit([[1.0], [3.0], [4.0], [90.0]]).partial_unfit([[90.0]])
    >>> ranks.transform([[2.0], [4.0]])
    array([[0.25],
           [1.  ]])
    """

    _twin_class = QuantileTransformer

    n_quantiles_ = Learned()
    quantiles_ = Learned()
    references_ = Learned()

    def __init__(
        self,
        *,
        n_quantiles: int = 1000,
        output_distribution: str = "uniform",
        ignore_implicit_zeros: bool = False,
        subsample: int | None = 10_000,
        random_state: Any = None,
        copy: bool = True,
    ) -> None:
        self.n_quantiles = n_quantiles
        self.output_distribution = output_distribution
        self.ignore_implicit_zeros = ignore_implicit_zeros
        self.subsample = subsample
        self.random_state = random_state
        self.copy = copy

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if params["ignore_implicit_zeros"] is True:
            raise ValueError(
                "ignore_implicit_zeros must be False: whether a zero was stored is not "
                "known of rows that leave."
            )

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = True  # scikit-learn 1.6 does not set it
        return tags

    def _collect(self, rows, y, weight, params):
        if is_sparse(rows) and np.any(rows.data < 0.0):
            raise ValueError(
                "QuantileTransformer only accepts non-negative sparse matrices."
            )
        return super()._collect(rows, y, weight, params)

    def _fill(self, estimator, statistics):
        # QuantileTransformer.fit
        n_rows, n_columns = statistics.n_rows, len(statistics.values)
        dtype, wanted = np.result_type(*statistics.held), estimator.n_quantiles
        enough = wanted if isinstance(wanted, int | np.integer) and wanted > 0 else 1
        estimator.fit(np.zeros((enough, n_columns), dtype=dtype))
        if estimator.subsample is not None and estimator.subsample < n_rows:
            raise ValueError(
                f"X has {n_rows} rows and subsample={estimator.subsample}: quantiles "
                "of rows that are drawn would depend on which. Pass subsample=None, "
                "or a larger number."
            )
        estimator.n_quantiles_ = max(1, min(wanted, n_rows))
        estimator.references_ = np.linspace(0, 1, estimator.n_quantiles_)
        shape = estimator.n_quantiles_, n_columns
        quantiles = np.full(shape, np.nan, dtype=estimator.quantiles_.dtype)
        for place in range(n_columns):
            column = statistics.spelt_out(place, dtype)
            if column.size:
                shares = estimator.references_ * 100
                quantiles[:, place] = np.percentile(column, shares)
        estimator.quantiles_ = quantiles

    def _output_map(self, before, after, others):
        kept, old = before.kept_by(after), before.sklearn_estimator.quantiles_
        new = after.sklearn_estimator.quantiles_
        same = np.zeros(kept.size, dtype=bool)
        if old.shape[0] == new.shape[0]:
            equal = (old[:, kept] == new) | (np.isnan(old[:, kept]) & np.isnan(new))
            same = equal.all(axis=0)
        source = np.where(same, kept, -1)
        return AffineMap.of_columns(
            old.shape[1], source, np.ones(kept.size), known=same
        )
