"""The verbs of models that are not convex: validation, one request, one assignment."""

from __future__ import annotations

import math

from sklearn_unlearn.utils.exclusive import ExclusiveMixin
from sklearn_unlearn.utils.requests import RequestMixin, is_empty


class NetworkVerbs(RequestMixin, ExclusiveMixin):
    """The verbs; an estimator says with ``_carried`` and ``_refined`` what they do.

    Both take the fitted value and give the new one, and leave the estimator alone.
    """

    def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        """Forget rows: minimise the objective without them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves. Without retained data None means 1 for each row;
            with it, all weight that the row has.
        row_ids : array-like of shape (n_rows,), optional
            With ``retain_data=True``, the names that ``fit`` was given for these rows;
            instead of X and y, or beside them.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.

        Warns
        -----
        NotForgottenWarning
            If the model still knows the rows.
        """
        return self._answer(self._to_unfit, X, y, sample_weight, row_ids)

    def replace_features(
        self,
        X=None,
        y=None,
        X_new=None,
        sample_weight=None,
        *,
        y_new=None,
        row_ids=None,
    ):
        """Correct values: minimise the objective with ``X_new`` instead of ``X``.

        And with ``y_new`` instead of ``y``, where targets change with the values: those
        of sequences often are the values that come next.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        y_new : array-like of shape (n_rows,) or (n_rows, n_outputs), default=None
            Their targets as they should have been; None leaves these as they are.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.

        Warns
        -----
        NotForgottenWarning
            If the model still knows the rows as they were.
        """
        return self._answer(
            self._to_replace_features, X, y, X_new, sample_weight, row_ids, y_new
        )

    def replace_labels(
        self, X=None, y=None, y_new=None, sample_weight=None, *, row_ids=None
    ):
        """Correct targets: minimise the objective with ``y_new`` instead of ``y``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_outputs)
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

        Warns
        -----
        NotForgottenWarning
            If the model still knows the old targets.
        """
        return self._answer(
            self._to_replace_labels, X, y, y_new, sample_weight, row_ids
        )

    def refine(self, X=None, y=None, sample_weight=None):
        """Lower the objective of the remaining data further, by damped steps.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_remaining, n_features), optional
            All training data that remain in the model, corrected. With retained data
            they are known, and X and y need not be given.
        y : array-like of shape (n_remaining,) or (n_remaining, n_outputs), optional
        sample_weight : array-like of shape (n_remaining,) or float, optional
            As they remain.

        Returns
        -------
        self : object

        Raises
        ------
        DataMismatchError
            If rows, weights or column sums are not those of the model.
        """
        with self._request():
            fitted = self._checked()
            model = fitted.model
            rows = self._all_rows(fitted, X, y, sample_weight)
            if rows is model.retained:
                rows = rows.whole()
            else:
                labels = fitted.encoding.classes
                model.tally.check_same(rows, model.marks, model.forgotten, labels)
            self._swap(self._refined(fitted, rows))
        return self

    def gradient_residual(self, X=None, y=None, sample_weight=None):
        """Norm of the summed objective's gradient on these data.

        What training leaves is not zero: compare with the figure of a refit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The training data as they should be now; without X and y the retained ones.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        float
        """
        fitted = self._checked()
        return self._residual(fitted, self._all_rows(fitted, X, y, sample_weight))

    def _residual(self, fitted, rows):
        """The same for rows that have been read."""
        objective = self._objective(fitted, rows.whole())
        _, gradient = objective.value_and_gradient(fitted.model.theta)
        return math.sqrt(float(gradient @ gradient))

    def unlearning_report(self):
        """What the last request did: why it ended, what it cost, what was forgotten.

        Returns
        -------
        UnlearningReport or None
            None before the first request.
        """
        return super()._checked().report

    # Carrying out -------------------------------------------------------------------

    def _answer(self, make_request, *arguments):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._request():
            fitted = self._checked()
            request = make_request(fitted, *arguments)
            if not is_empty(request):
                self._swap(self._carried(fitted, request))
        return self

    def _swap(self, fitted):
        """Put a new fitted value in the place of the old one."""
        self._fitted = fitted
