"""Transformers that unlearn: how they are fitted, and what they answer."""

from __future__ import annotations

from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_unlearn.transformers._fitted import Edit, ReadRows
from sklearn_unlearn.transformers._requests import TransformerRequests
from sklearn_unlearn.transformers._verbs import TransformerVerbs
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.validation import remaining_columns


class UnlearnableTransformer(
    TransformerVerbs,
    TransformerRequests,
    LearnedColumns,
    TransformerMixin,
    BaseEstimator,
):
    """A transformer that is a function of statistics of its rows.

    A subclass gives the constructor, the twin's class and the hooks `_collected`,
    `_teach` and `_change`.
    """

    # Verbs --------------------------------------------------------------------------

    def fit(self, X, y=None):
        """Fit the transformer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
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

    # Hooks --------------------------------------------------------------------------

    _edit = Edit

    # What was learned -----------------------------------------------------------------

    def transform(self, X):
        """Outputs of rows, as the twin computes them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns that are forgotten may be absent.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_outputs)
        """
        return self._transformed(X)

    def get_feature_names_out(self, input_features=None):
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
        return fitted.twin.get_feature_names_out(input_features)

    def to_sklearn(self, drop_forgotten=False):
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
        return exported(self, fitted.twin, *columns, drop_forgotten)

    def _transformed(self, X, **keywords):
        """What the twin answers, all from one version of the transformer."""
        fitted = self._checked()
        with config_context(transform_output="default"):
            if isinstance(X, ReadRows):
                return self._outputs_of(fitted, X)
            X, _ = remaining_columns(X, fitted.columns, fitted.forgotten)
            return fitted.twin.transform(X, **keywords)


class InvertibleMixin:
    """A transformer whose twin has ``inverse_transform``."""

    def inverse_transform(self, X):
        """Rows that have given outputs, in the columns that are not forgotten.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_outputs)

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_columns)
        """
        return self._checked().twin.inverse_transform(X)
