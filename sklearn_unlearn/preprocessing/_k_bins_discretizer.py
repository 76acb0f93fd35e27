"""Binning of columns by their range or their quantiles, which unlearns exactly."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.preprocessing._counted import CountedValues
from sklearn_unlearn.sufficient_statistics import Learned
from sklearn_unlearn.utils.messages import warn

#: Bins that are not wider are none, as in the twin.
_NARROW = 1e-8


class UnlearnableKBinsDiscretizer(CountedValues):
    """Binning of columns that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.KBinsDiscretizer`. Requests are exact: every
    distinct value of a column is kept with the number of its rows, so that memory and
    the time of a request grow with them. Outputs of other rows stay where the edges of
    a column do, and have to be computed again where these move, which a pipeline does
    that retains data.

    Parameters
    ----------
    n_bins : int or array-like of shape (n_features,), default=5
    encode : {"onehot", "onehot-dense", "ordinal"}, default="onehot"
    strategy : {"quantile", "uniform"}, default="quantile"
        "kmeans" is refused, which order statistics do not tell.
    quantile_method : str, default="averaged_inverted_cdf"
        As for :func:`numpy.percentile`. scikit-learn 1.6 does not have it: with that
        release it is "linear", whatever is given.
    dtype : {float32, float64} or None, default=None
        Of outputs; that of X by default.
    subsample : int or None, default=200_000
        As many rows as there may be: of more the twin draws some, and the edges depend
        on which. None for any number of rows, all of which count.
    random_state : int, RandomState instance or None, default=None
        For the twin that `to_sklearn` returns; nothing is drawn here.

    Attributes
    ----------
    bin_edges_ : ndarray of ndarray
        Of the columns that are not forgotten.
    n_bins_ : ndarray of int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableKBinsDiscretizer
    >>> bins = UnlearnableKBinsDiscretizer(2, encode="ordinal", strategy="uniform")
    >>> bins = bins.fit([[1.0], [3.0], [5.0], [90.0]]).partial_unfit([[90.0]])
    >>> bins.transform([[2.0], [4.0]])
    array([[0.],
           [1.]])
    """

    _twin_class = KBinsDiscretizer
    _by_column = ("n_bins",)

    bin_edges_ = Learned()
    n_bins_ = Learned()

    def __init__(
        self,
        n_bins: Any = 5,
        *,
        encode: str = "onehot",
        strategy: str = "quantile",
        quantile_method: str = "averaged_inverted_cdf",
        dtype: Any = None,
        subsample: int | None = 200_000,
        random_state: Any = None,
    ) -> None:
        self.n_bins = n_bins
        self.encode = encode
        self.strategy = strategy
        self.quantile_method = quantile_method
        self.dtype = dtype
        self.subsample = subsample
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the transformer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        super().fit(X)
        wanted = np.broadcast_to(self.n_bins, self.n_bins_.shape)
        for place in np.flatnonzero(self.n_bins_ != wanted):
            if np.isfinite(self.bin_edges_[place]).all():
                warn(
                    "Bins whose width are too small (i.e., <= 1e-8) in feature "
                    f"{place} are removed. Consider decreasing the number of bins.",
                    UserWarning,
                )
            else:
                warn(
                    f"Feature {place} is constant and will be replaced with 0.",
                    UserWarning,
                )
        return self

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if isinstance(params["strategy"], str) and params["strategy"] == "kmeans":
            raise ValueError(
                "strategy='kmeans' is refused: clusters are no order statistics. "
                "RetrainedTransformer(KBinsDiscretizer(...)) fits them again."
            )

    def _fill(self, estimator, statistics):
        # KBinsDiscretizer.fit
        n_columns, dtype = len(statistics.values), np.result_type(*statistics.held)
        given = estimator.get_params(deep=False)
        ends = np.outer([0.0, 1.0], np.ones(n_columns)).astype(dtype)
        estimator.set_params(n_bins=2).fit(ends)
        estimator.set_params(n_bins=given["n_bins"], strategy="uniform").fit(ends)
        estimator.set_params(strategy=given["strategy"])
        if estimator.subsample is not None and estimator.subsample < statistics.n_rows:
            raise ValueError(
                f"X has {statistics.n_rows} rows and subsample={estimator.subsample}: "
                "edges of rows that are drawn would depend on which. Pass "
                "subsample=None, or a larger number."
            )
        edges = np.zeros(n_columns, dtype=object)
        for place, n_bins in enumerate(estimator.n_bins_):
            values = statistics.spelt_out(place, dtype)
            edges[place] = self._edges(values, int(n_bins), given)
        estimator.bin_edges_ = edges
        estimator.n_bins_ = np.array([each.size - 1 for each in edges])
        for name, value in list(vars(estimator).items()):
            if isinstance(value, OneHotEncoder):
                setattr(estimator, name, _encoder(value, estimator.n_bins_))

    def _edges(self, values, n_bins, params):
        """Edges of the bins of a column."""
        if values[0] == values[-1]:
            return np.array([-np.inf, np.inf])
        if params["strategy"] == "uniform":
            return np.linspace(values[0], values[-1], n_bins + 1)
        levels = np.linspace(0, 100, n_bins + 1)
        edges = np.percentile(
            values, levels, method=params.get("quantile_method", "linear")
        )
        edges = np.asarray(edges, dtype=np.float64)
        return edges[np.ediff1d(edges, to_begin=np.inf) > _NARROW]

    def _output_map(self, before, after, others):
        kept, old = before.kept_by(after), before.sklearn_estimator
        new = after.sklearn_estimator
        pairs = zip(kept, new.bin_edges_, strict=True)
        equal = [np.array_equal(old.bin_edges_[place], edges) for place, edges in pairs]
        widths, widths_old = new.n_bins_, old.n_bins_
        if new.encode == "ordinal":  # one output of each column, else one of each bin
            widths, widths_old = np.ones_like(widths), np.ones_like(widths_old)
        same = np.repeat(np.array(equal, dtype=bool), widths)
        first = (np.cumsum(widths_old) - widths_old)[kept]
        within = np.arange(widths.sum()) - np.repeat(np.cumsum(widths) - widths, widths)
        source = np.where(same, np.repeat(first, widths) + within, -1)
        ones = np.ones(source.size)
        return AffineMap.of_columns(int(widths_old.sum()), source, ones, known=same)


def _encoder(encoder, n_bins):
    """An encoder of so many bins of each column."""
    like = OneHotEncoder(
        categories=[np.arange(each) for each in n_bins],
        sparse_output=encoder.sparse_output,
        dtype=encoder.dtype,
    )
    return like.fit(np.zeros((1, n_bins.size)))
