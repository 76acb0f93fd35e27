"""The verbs of models that are not convex: validation, one request, one assignment."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.edits import DropColumns, Edit
from sklearn_unlearn.core.model import Request
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.exclusive import ExclusiveMixin
from sklearn_unlearn.utils.requests import RequestMixin
from sklearn_unlearn.utils.validation import check_columns


class NetworkVerbs(RequestMixin, ExclusiveMixin):
    """The verbs; an estimator says with ``_carried`` and ``_refined`` what they do.

    Both take the fitted value and give the new one, and leave the estimator alone.
    """

    def partial_unfit(self, X=None, y=None, *, row_ids=None):
        """Forget rows: minimise the objective without them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets.
        row_ids : array-like of shape (n_rows,), optional
            With ``retain_data=True``, what ``fit`` was given as ``row_ids`` for these
            rows; instead of X and y.

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
        return self._answer(self._to_unfit, X, y, None, row_ids)

    def replace_features(self, X, y, X_new):
        """Correct values: minimise the objective with ``X_new`` instead of ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Their targets.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.

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
        return self._answer(self._to_replace_features, X, y, X_new, None)

    def replace_labels(self, X, y, y_new):
        """Correct targets: minimise the objective with ``y_new`` instead of ``y``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Their targets as they should have been.

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
        return self._answer(self._to_replace_labels, X, y, y_new, None)

    def forget_features(self, columns):
        """Forget columns for good: minimise the objective without them.

        Their weights are exactly zero from now on. At prediction the columns are
        ignored: they may hold anything, NaN, or be absent.

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
        return self._answer(self._to_forget, columns)

    def refine(self, X, y):
        """Lower the objective of the remaining data further, by damped steps.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_remaining, n_features)
            All training data that remain in the model, corrected.
        y : array-like of shape (n_remaining,) or (n_remaining, n_outputs)

        Returns
        -------
        self : object

        Raises
        ------
        DataMismatchError
            If rows or column sums are not those of the model.
        """
        with self._exclusive():
            fitted = self._checked()
            model = fitted.model
            rows = self._read_rows(fitted, X, y, None)
            labels = fitted.encoding.classes
            model.tally.check_same(rows, model.marks, model.forgotten, labels)
            self._fitted = self._refined(fitted, rows)
        return self

    def gradient_residual(self, X, y):
        """Norm of the summed objective's gradient on these data.

        What training leaves is not zero: compare with the figure of a refit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The training data as they should be now.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)

        Returns
        -------
        float
        """
        fitted = self._checked()
        rows = self._read_rows(fitted, X, y, None)
        objective = self._objective(fitted, rows)
        return float(
            np.linalg.norm(objective.value_and_gradient(fitted.model.theta)[1])
        )

    def unlearning_report(self):
        """What the last request did: why it ended, what it cost, what was forgotten.

        Returns
        -------
        UnlearningReport or None
            None before the first request.
        """
        return self._checked().report

    # Carrying out -------------------------------------------------------------------

    def _answer(self, make_request, *arguments):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._exclusive():
            fitted = self._checked()
            self._fitted = self._carried(fitted, make_request(fitted, *arguments))
        return self

    def _to_forget(self, fitted, columns):
        n_features = fitted.columns.n_features
        mask = check_columns(columns, n_features, fitted.columns.names)
        if np.all(mask | fitted.model.forgotten):
            raise UnlearningError(
                "columns names all that the model has; nothing would be left."
            )
        return Request(Edit(feature_map=DropColumns(mask)))
