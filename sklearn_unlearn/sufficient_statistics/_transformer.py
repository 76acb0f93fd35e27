"""Transformers that are functions of sufficient statistics."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags

from sklearn_unlearn.base import Batch
from sklearn_unlearn.sufficient_statistics._fitted import Fitted, ReadRows
from sklearn_unlearn.sufficient_statistics._following import FollowsInputs
from sklearn_unlearn.utils.export import configured_like, exported
from sklearn_unlearn.utils.from_sklearn import difference, size_of, with_amount
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    DATA_DTYPES,
    Columns,
    check_rows,
    check_sample_weight,
    check_training_rows,
    remaining_columns,
)

#: Floats that scikit-learn does not convert.
_FLOATS = [*DATA_DTYPES, np.float16]


class StatisticsTransformer(FollowsInputs):
    """A transformer that is a function of statistics of its rows, of any kind.

    A request also says how the outputs of all other rows change.
    """

    _check_parameters: Any

    _accepts: ClassVar[frozenset[str]] = frozenset({"out", "into", "columns"})

    # Hooks --------------------------------------------------------------------------

    @classmethod
    def _refuses(cls, estimator: Any) -> bool:
        """Whether an estimator of the twin's class has parameters that are refused."""
        own = cls()
        params = {**own.get_params(deep=False), **estimator.get_params(deep=False)}
        try:
            own._check_parameters(params)
        except ValueError:
            return True
        return False

    def _tags(self, estimator: Any) -> Any:
        """scikit-learn's tags of one of its estimators."""
        return replace(get_tags(estimator), array_api_support=False)

    def _dtype_of(self, X: Any, estimator: Any) -> Any:
        """In which dtypes rows are read, the first of several for all others."""
        return _FLOATS

    def _read(self, X, estimator, columns):
        return check_rows(
            self, X, columns, self._tags(estimator), self._dtype_of(X, estimator)
        )

    def _read_first(self, X: Any, estimator: Any) -> tuple[Any, Columns]:
        """Validated rows of ``fit``, and their `Columns`."""
        tags, dtype = self._tags(estimator), self._dtype_of(X, estimator)
        rows, columns = check_training_rows(self, X, tags, dtype)
        return rows, replace(columns, schema=RawRows.of(X).at_fit().schema)

    def _outputs_of(self, fitted: Fitted, read: ReadRows) -> Any:
        """What scikit-learn's estimator makes of `ReadRows`."""
        estimator = copy.copy(fitted.sklearn_estimator)
        vars(estimator).pop("feature_names_in_", None)  # names have been checked
        return estimator.transform(protected(read.rows))

    def _fill(self, estimator: Any, statistics: Any) -> None:
        """Fit scikit-learn's estimator to made-up rows, then give it what is known."""
        raise NotImplementedError

    def _refill(self, before: Fitted, statistics: Any) -> Any:
        """The estimator of other statistics, where it need not be fitted to rows again.

        Parameters
        ----------
        before : Fitted
        statistics : SufficientStatistics
            Of the same columns.

        Returns
        -------
        estimator or None
            A copy, or that of ``before`` if nothing changes; None if only `_fill` can.
        """
        return None

    # Reading rows, and the estimator of their statistics ------------------------------

    def _read_training(self, batch, classes, params):
        rows, columns = self._read_first(batch.X, self._new_estimator(params))
        weight = check_sample_weight(batch.sample_weight, self._n_rows(rows))
        return Batch(ReadRows(rows, batch.X), None, weight), columns, None

    def _sklearn_estimator(self, after, before):
        estimator = None if before is None else self._refill(before, after.statistics)
        if estimator is None:
            estimator = self._new_estimator(self._narrow(after.params, after.forgotten))
            self._fill(estimator, after.statistics)
            names = after.columns.select(~after.forgotten).names
            if names is not None:
                estimator.feature_names_in_ = names
        return estimator

    def _find_differences(self, fitted, name, X):
        twin = self._checked().sklearn_estimator
        different = difference(fitted, twin, size=size_of(X))
        if different is not None:
            yield name, with_amount(different, fitted, twin)

    def _unfitted_twin(self):
        """scikit-learn's estimator with the parameters as they are set now."""
        return configured_like(
            clone(self._new_estimator(self.get_params(deep=False))), self
        )

    def _new_estimator(self, params):
        """scikit-learn's estimator, unfitted, with the parameters that it has."""
        estimator = self._twin_class()
        known = estimator.get_params(deep=False).keys()
        return estimator.set_params(**{k: v for k, v in params.items() if k in known})

    def __sklearn_tags__(self):
        tags = self._tags(self._new_estimator(self.get_params(deep=False)))
        return UnlearnerTags.extending(tags, UnlearningTags.of(self, exact=True))


class UnlearnableTransformer(
    StatisticsTransformer, LearnedColumns, TransformerMixin, BaseEstimator
):
    """A transformer that is a function of statistics of its rows, which have columns.

    A subclass gives the constructor, the twin's class and the hooks `_collect`, `_fill`
    and `_output_map`.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the transformer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            Sparse where the twin takes it.
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
        return self._fit(X)

    # What was learned -----------------------------------------------------------------

    def transform(self, X: Any) -> Any:
        """Outputs of rows, as the twin computes them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns that are forgotten may be absent.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_outputs)
        """
        return self._transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the outputs.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,), optional
            Names of the columns; ``feature_names_in_``, or "x0", "x1" and so on by
            default.

        Returns
        -------
        ndarray of str of shape (n_outputs,)
        """
        fitted = self._checked()
        forgotten = fitted.forgotten
        if forgotten.any():
            if input_features is None and fitted.columns.names is None:
                input_features = [f"x{i}" for i in range(forgotten.size)]
            if input_features is not None and len(input_features) == forgotten.size:
                pairs = zip(input_features, forgotten, strict=True)
                input_features = [name for name, gone in pairs if not gone]
        return fitted.sklearn_estimator.get_feature_names_out(input_features)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn transformer, which cannot unlearn, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether it takes only those that remain. If
            False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        fitted = self._checked()
        columns = fitted.columns, fitted.forgotten
        return exported(self, fitted.sklearn_estimator, *columns, drop_forgotten)

    def _transform(self, X, **keywords):
        """What scikit-learn's estimator answers, all from one version of ours."""
        fitted = self._checked()
        with config_context(transform_output="default"):
            if isinstance(X, ReadRows):
                return self._outputs_of(fitted, X)
            X, _ = remaining_columns(X, fitted.columns, fitted.forgotten)
            return fitted.sklearn_estimator.transform(X, **keywords)


class InvertibleMixin(StatisticsTransformer):
    """A transformer whose twin has ``inverse_transform``."""

    def inverse_transform(self, X: Any) -> Any:
        """Rows that have given outputs, in the columns that are not forgotten.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_outputs)

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_columns)
        """
        return self._checked().sklearn_estimator.inverse_transform(X)
