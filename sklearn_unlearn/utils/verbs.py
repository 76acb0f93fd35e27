"""The verbs about rows: validation, one request, one assignment."""

from __future__ import annotations

from sklearn_unlearn.utils.exclusive import ExclusiveMixin
from sklearn_unlearn.utils.requests import RequestMixin, is_empty


class RowVerbsMixin(RequestMixin, ExclusiveMixin):
    """The verbs about rows; a subclass says how a request is carried out.

    Beside what `RequestMixin` reads it provides ``_carried``, which gives the
    fitted value after a request, and ``_first_fit``.
    """

    def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        """Forget rows: the model as if it had never been trained on them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves. Without retained data None means 1 for each row;
            with it, all weight that the row has.
        row_ids : array-like of shape (n_rows,), optional
            With retained data, the names that ``fit`` was given for these rows;
            instead of X and y, or beside them.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._answer(self._to_unfit, X, y, sample_weight, row_ids)

    def replace_features(
        self, X=None, y=None, X_new=None, sample_weight=None, *, row_ids=None
    ):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._answer(
            self._to_replace_features, X, y, X_new, sample_weight, row_ids
        )

    def replace_labels(
        self, X=None, y=None, y_new=None, sample_weight=None, *, row_ids=None
    ):
        """Correct targets: the model as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._answer(
            self._to_replace_labels, X, y, y_new, sample_weight, row_ids
        )

    def partial_fit(self, X, y, classes=None, sample_weight=None, *, row_ids=None):
        """Learn rows: the model as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
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
                return self._first_fit(X, y, classes, sample_weight, row_ids)

        return self._answer(self._to_add, X, y, classes, sample_weight, row_ids)

    def _answer(self, make_request, *arguments):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._request():
            fitted = self._checked()
            request = make_request(fitted, *arguments)
            if not is_empty(request):
                self._fitted = self._carried(fitted, request)
        return self
