"""Perceptrons that learn rows later: as if they had been there from the start."""

from __future__ import annotations

from sklearn_unlearn.utils.targets import check_first_classes, check_same_labels


class AdditionsMixin:
    """The verb about rows that come, beside those of `NetworkVerbs`."""

    def partial_fit(self, X, y, classes=None, sample_weight=None, *, row_ids=None):
        """Learn rows: minimise the objective of all rows, these among them.

        On an unfitted estimator this is ``fit``. The twin's method of this name takes
        one epoch over the new rows alone, and forgets the others little by little.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        classes : array-like of shape (n_classes,), optional
            For classifiers, all labels; the first call must hold rows of each.
        sample_weight : array-like of shape (n_rows,) or float, optional
        row_ids : array-like of shape (n_rows,), optional
            Identifiers, if ``fit`` was given some.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                self._check_first(y, classes)
                return self.fit(X, y, sample_weight, row_ids=row_ids)
        return self._answer(self._to_add, X, y, classes, sample_weight, row_ids)

    def _check_first(self, y, classes):
        check_first_classes(classes, y)

    def _check_classes(self, classes, known):
        check_same_labels(classes, known)
