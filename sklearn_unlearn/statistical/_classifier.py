"""The verbs of classifiers that unlearn from sums, and what they answer."""

from __future__ import annotations

from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_unlearn.statistical._adoption import AdoptionMixin
from sklearn_unlearn.statistical._requests import StatisticalRequests
from sklearn_unlearn.utils.exclusive import Learned
from sklearn_unlearn.utils.export import exported


class StatisticalClassifier(
    AdoptionMixin, StatisticalRequests, ClassifierMixin, BaseEstimator
):
    """A classifier that is a function of sums over the rows of each class.

    A subclass gives the constructor, the twin's class, and the hooks `_encoded`,
    `_example` and `_complete`.
    """

    classes_ = Learned()

    # Verbs --------------------------------------------------------------------------

    def fit(self, X, y):
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y)

    def partial_unfit(self, X, y):
        """Forget rows: the model as if it had never been trained on them.

        A class that loses all rows disappears, if at least two are left.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,)
            Their labels.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._unfit(X, y)

    def replace_features(self, X, y, X_new):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their labels.
        X_new : array-like of shape (n_rows, n_features)
            The rows as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_features(X, y, X_new)

    def replace_labels(self, X, y, y_new):
        """Correct labels: the model as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their labels as they were trained with.
        y_new : array-like of shape (n_rows,)
            Their labels as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_labels(X, y, y_new)

    def partial_fit(self, X, y, classes=None):
        """Learn rows: the model as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : array-like of shape (n_classes,), optional
            In the first call all labels that may ever come; those of ``y`` by default.
            A class is in ``classes_`` while it has rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a label is not one of those that the first call named.
        """
        return self._partial_fit(X, y, classes)

    def forget_features(self, columns):
        """Forget columns for good: the model as if it had never had them.

        They are ignored from then on: they may hold anything, NaN, or be absent.
        Fitted attributes are those of the columns that remain, but ``coef_`` has zeros
        for the others.

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
            If a column is unknown.
        """
        return self._forget(columns)

    # Reading the model ----------------------------------------------------------------

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

    def predict(self, X):
        """Class labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._asked("predict", X)

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_proba", X)

    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_log_proba", X)

    def to_sklearn(self, drop_forgotten=False):
        """A plain fitted scikit-learn model, which can no longer unlearn, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the model takes only those that
            remain. If False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        fitted = self._checked()
        return exported(fitted.twin, fitted.columns, fitted.forgotten, drop_forgotten)

    def _asked(self, method, X):
        """What the twin answers, all from one version of the model."""
        fitted = self._checked()
        X = self._remaining(fitted, X)
        return getattr(fitted.twin, method)(X)
