"""Transformers of columns that unlearn, beside one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.base import Answer, Batch
from sklearn_unlearn.compose._column_requests import ColumnRequests
from sklearn_unlearn.compose._columns import complete
from sklearn_unlearn.compose._plain import plain, unfitted
from sklearn_unlearn.transformers import (
    FittedParts,
    check_on_stateful,
    maps_all_rows,
    say_remembered,
)
from sklearn_unlearn.utils.final_parts import raw_inputs
from sklearn_unlearn.utils.given_rows import at_once, check_n_rows
from sklearn_unlearn.utils.rows import overwriting_refused, protected
from sklearn_unlearn.utils.twin_parameters import drop_in
from sklearn_unlearn.utils.validation import check_columns


@partial(drop_in, twin=ColumnTransformer)
class UnlearnableColumnTransformer(ColumnRequests, ColumnTransformer):
    """Transformers of columns that unlearn rows, values and columns.

    A :class:`sklearn.compose.ColumnTransformer`. A request replaces all transformers
    that it changes at once.

    Parameters
    ----------
    transformers : list of tuple
        Names, transformers and columns, as in scikit-learn.
    remainder : {"drop", "passthrough"} or estimator, default="drop"
    sparse_threshold : float, default=0.3
        Outputs are sparse if their density at ``fit`` is lower. They become dense when
        no part with sparse outputs is left, or a request about columns finds the
        density of retained rows to be higher.
    n_jobs : int, default=None
    transformer_weights : dict, default=None
    verbose : bool, default=False
    verbose_feature_names_out : bool, str or callable, default=True
    on_stateful : {"refit", "raise", "freeze"}, default="refit"
        What a request does about a transformer that learned from rows and cannot
        unlearn, as for `UnlearnablePipeline`. By itself a column transformer retains
        no rows, so that "refit" refuses as well.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_unlearn import (
    ...     UnlearnableOneHotEncoder,
    ...     UnlearnableStandardScaler,
    ...     make_unlearnable_column_transformer,
    ... )
    >>> people = pd.DataFrame({"age": [30.0, 50.0, 40.0], "city": ["A", "B", "C"]})
    >>> encoder = make_unlearnable_column_transformer(
    ...     (UnlearnableStandardScaler(), ["age"]),
    ...     (UnlearnableOneHotEncoder(), ["city"]),
    ...     verbose_feature_names_out=False,
    ... ).fit(people)
    >>> encoder.partial_unfit(people[2:]).get_feature_names_out()
    array(['age', 'city_A', 'city_B'], dtype=object)
    """

    _follow: Any

    _kept_in: ClassVar[str] = "transformers_"

    @property
    def _maps_all_rows(self):
        parts = [part for _, part, _ in self.transformers_]
        parts = [part for part in parts if not isinstance(part, str)]
        return all(map(maps_all_rows, parts))

    def __init__(
        self,
        transformers: Any,
        *,
        remainder: Any = "drop",
        sparse_threshold: float = 0.3,
        n_jobs: int | None = None,
        transformer_weights: Any = None,
        verbose: bool = False,
        verbose_feature_names_out: Callable[..., Any] | bool | str = True,
        on_stateful: str = "refit",
    ) -> None:
        given = dict(vars(self))  # parameters that only some releases have
        super().__init__(
            transformers,
            remainder=remainder,
            sparse_threshold=sparse_threshold,
            n_jobs=n_jobs,
            transformer_weights=transformer_weights,
            verbose=verbose,
            verbose_feature_names_out=verbose_feature_names_out,
        )
        self.on_stateful = on_stateful
        self.__dict__.update(given)

    # Verbs ----------------------------------------------------------------------------

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all transformers, and transform the rows.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        y : array-like, optional
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        with self._exclusive():
            check_on_stateful(self.on_stateful)
            # nothing that is learned is to refer to parts given fitted
            fitted = clone(self)
            outputs = fitted._fit_parts(X, y, params)
            given_ = self.get_params(deep=False)
            learned = vars(fitted).items()
            self.__dict__.update({k: v for k, v in learned if k not in given_})
        return outputs

    def _fit_parts(self, X, y, params):
        """Fit the parts in place, and note what requests need to know of them."""
        steady: Any = super()
        if getattr(self, "force_int_remainder_cols", None) is True:
            self.force_int_remainder_cols = False  # as all releases after 1.6 have it
        with overwriting_refused():
            outputs = steady.fit_transform(protected(X), y, **params)
        if not hasattr(self, "sparse_output_"):  # not noted where nothing comes out
            self.sparse_output_ = False
            names = [name for name, *_ in self.transformers_]
            self.output_indices_ = dict.fromkeys(names, slice(0, 0))
        self._forgotten = np.zeros(self.n_features_in_, dtype=bool)
        self._check_rowwise(X)
        self._sparse = self._of_sparse_outputs(X)
        self._cross_fitted = self._cross_fitting(X, y)
        self._remembered = frozenset()
        return outputs

    def transform(self, X: Any, **params: Any) -> Any:
        """Outputs of rows, all from one version of the transformers.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Columns that are forgotten may be absent.
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        check_is_fitted(self)
        version = self._version()
        return super(UnlearnableColumnTransformer, version).transform(
            complete(version, protected(X)), **params
        )

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the outputs.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,), optional
            Those of columns that are forgotten may be absent.

        Returns
        -------
        ndarray of str of shape (n_outputs,)
        """
        check_is_fitted(self)
        version = self._version()
        if input_features is not None:
            alive = ~version._forgotten
            if len(input_features) == np.count_nonzero(alive):
                names = getattr(version, "feature_names_in_", np.full(alive.size, ""))
                names = names.astype(object)
                names[alive] = input_features
                input_features = names
        steady: Any = super(UnlearnableColumnTransformer, version)
        return steady.get_feature_names_out(input_features)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn column transformer, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether arrays hold only the others.

        Returns
        -------
        sklearn.compose.ColumnTransformer
        """
        check_is_fitted(self)
        version = self._version()
        where = " and is exported"
        say_remembered(version._remembered, where)
        return plain(version, drop_forgotten)

    def _unfitted_twin(self):
        return unfitted(self)

    # Carrying out ---------------------------------------------------------------------

    def __sklearn_is_fitted__(self):
        return hasattr(self, "transformers_")

    _at_once = True

    def _parts_of(self, fitted):
        return [(name, one) for name, one, _ in fitted.version.transformers_]

    def _apply(self, fitted, request):
        before, columns = fitted.version, request.columns
        if columns is not None:
            names = getattr(before, "feature_names_in_", None)
            columns = check_columns(columns, before.n_features_in_, names)
        request = at_once(request)
        if request.paired:
            check_n_rows(request)
        out = request.out or Batch()
        change = replace(raw_inputs(request, out.X, None), forgotten=columns)
        after, change = before._follow("columntransformer", change)
        after._remembered = before._remembered | set(change.remembered)
        return Answer(FittedParts(after, change.remembered), change.map)


def make_unlearnable_column_transformer(
    *transformers: Any,
    remainder: Any = "drop",
    sparse_threshold: Any = 0.3,
    n_jobs: Any = None,
    verbose: Any = False,
    verbose_feature_names_out: Any = True,
    on_stateful: Any = "refit",
) -> UnlearnableColumnTransformer:
    """An `UnlearnableColumnTransformer` whose parts are named by their classes.

    Parameters
    ----------
    *transformers : tuples of a transformer and columns
    remainder, sparse_threshold, n_jobs, verbose, verbose_feature_names_out, on_stateful
        As for `UnlearnableColumnTransformer`.

    Returns
    -------
    UnlearnableColumnTransformer

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableOneHotEncoder, UnlearnableStandardScaler
    >>> from sklearn_unlearn import make_unlearnable_column_transformer
    >>> columns = make_unlearnable_column_transformer(
    ...     (UnlearnableStandardScaler(), [0]), (UnlearnableOneHotEncoder(), [1])
    ... )
    >>> [name for name, _, _ in columns.transformers]
    ['unlearnablestandardscaler', 'unlearnableonehotencoder']
    """
    named = make_column_transformer(*transformers).transformers
    return UnlearnableColumnTransformer(
        named,
        remainder=remainder,
        sparse_threshold=sparse_threshold,
        n_jobs=n_jobs,
        verbose=verbose,
        verbose_feature_names_out=verbose_feature_names_out,
        on_stateful=on_stateful,
    )
