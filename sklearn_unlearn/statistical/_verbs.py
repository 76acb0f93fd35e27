"""The verbs of models whose rows have weights."""

from __future__ import annotations


class WeightedVerbs:
    """The verbs of a classifier or regressor that takes weights."""

    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Sparse where the twin takes it.
        y : array-like of shape (n_samples,)
            Labels, or targets; of shape (n_samples, n_targets) where the model takes
            several.
        sample_weight : array-like of shape (n_samples,) or float, optional
            A row of weight two is two rows, and of weight zero none.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight)

    def partial_unfit(self, X, y, sample_weight=None):
        """Forget rows: the model as if it had never been trained on them.

        A class of a classifier that loses all rows disappears, if two are left.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,)
            Their labels, or targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves; None means 1 for each row.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._unfit(X, y, sample_weight)

    def replace_features(self, X, y, X_new, sample_weight=None):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their labels, or targets.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_features(X, y, X_new, sample_weight)

    def replace_labels(self, X, y, y_new, sample_weight=None):
        """Correct labels or targets: as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            As they were trained with.
        y_new : array-like of shape (n_rows,)
            As they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_labels(X, y, y_new, sample_weight)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn rows: the model as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : array-like of shape (n_classes,), optional
            Of a classifier, in the first call all labels that may ever come; those of
            ``y`` by default. A class is in ``classes_`` while it has rows.
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a label is not one of those that the first call named, or a regressor is
            given ``classes``.
        """
        return self._partial_fit(X, y, classes, sample_weight)
