"""The verbs of transformers that unlearn, and what they answer."""

from __future__ import annotations

from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_unlearn.transformers._fitted import Edit, ReadRows
from sklearn_unlearn.transformers._requests import TransformerRequests
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.validation import remaining_columns


class UnlearnableTransformer(TransformerRequests, TransformerMixin, BaseEstimator):
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

    def partial_unfit(self, X, y=None):
        """Forget rows: the transformer as if it had never been fitted on them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows, with the values that they were fitted with.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the transformer is unchanged.
        """
        return self._carry_out(Edit(rows_out=given(X, "X")))

    def replace_features(self, X, y=None, X_new=None):
        """Correct values: the transformer as if rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were fitted with.
        y : None
            Ignored.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the transformer is unchanged.
        """
        return self._carry_out(
            Edit(rows_out=given(X, "X"), rows_in=given(X_new, "X_new"))
        )

    def partial_fit(self, X, y=None):
        """Learn rows: the transformer as if it had been fitted on them too.

        On an unfitted transformer this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the data are invalid.
        """
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                return self._fit(X)
            return self._carry_out(Edit(rows_in=given(X, "X")))

    def forget_features(self, columns):
        """Forget columns for good: the transformer as if it had never had them.

        They are ignored from then on: they may hold anything, NaN, or be absent.
        Outputs and fitted attributes are those of the columns that remain.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by feature name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown, or all would be forgotten.
        """
        return self._carry_out(Edit(columns=given(columns, "columns")))

    # What was learned -----------------------------------------------------------------

    @property
    def n_features_in_(self):
        """Number of columns of X at fit, forgotten ones included."""
        return self._learned.columns.n_features

    @property
    def feature_names_in_(self):
        """Names of the columns of X at fit, if they were all strings."""
        names = self._learned.columns.names
        if names is None:
            raise AttributeError("X had no feature names at fit.")
        return names

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
        return exported(fitted.twin, fitted.columns, fitted.forgotten, drop_forgotten)

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


def given(value, name):
    """The value of an argument that has to be given."""
    if value is None:
        raise ValueError(f"{name} must be given: it is None.")
    return value
