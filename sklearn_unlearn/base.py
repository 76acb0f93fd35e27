"""The verbs of unlearning: validation, one request, one assignment.

`UnlearnerMixin` turns each verb into a `Request` on an immutable `Model` and swaps the
answer in. What a row, a target and a fitted attribute are is the estimator's business.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.edits import DropColumns, Edit
from sklearn_unlearn.core.model import (
    LARGE_CHANGE,
    Request,
    apply,
    edited_tally,
    refined,
)
from sklearn_unlearn.core.rows import Finely, Rows
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    LargeStepWarning,
    UnlearningError,
)
from sklearn_unlearn.utils.exclusive import ExclusiveMixin
from sklearn_unlearn.utils.residual import GradientResidual
from sklearn_unlearn.utils.validation import (
    check_columns,
    check_remaining_rows,
    check_row_ids,
    check_sample_weight,
    named,
)


class UnlearnerMixin(ExclusiveMixin):
    """The verbs; an estimator adds ``fit``, prediction and three hooks.

    An estimator keeps everything it learned in one private attribute ``_fitted``, an
    immutable value with ``model`` (:class:`~sklearn_unlearn.core.model.Model`),
    ``encoding`` (which reads targets) and ``columns`` (of X); ``balanced`` says whether
    the loss follows the data, ``loss_of`` rows and ``loss_at`` sums give it. It
    provides ``_options``, ``_first_fit``, ``_check_classes``, ``_without_classes`` and
    ``_objective_at`` (of rows of a summed weight); and ``_settled`` and ``_resettled``,
    which account for a request or a refinement and give the new value.
    """

    # Verbs --------------------------------------------------------------------------

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
            With ``retain_data=True``, what ``fit`` was given as ``row_ids`` for these
            rows; instead of X and y.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """

        def request(fitted):
            rows, positions = self._leaving(fitted, X, y, sample_weight, row_ids)
            return Request(Edit(rows_out=rows), positions)

        return self._answer(request)

    def replace_features(self, X, y, X_new, sample_weight=None):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets.
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

        def request(fitted):
            rows, positions = self._leaving(fitted, X, y, sample_weight)
            with named("X_new"):
                new, complete = self._read_features(fitted, X_new)
            if new.shape[0] != rows.n_rows:
                raise ValueError(
                    f"X_new has {new.shape[0]} rows, expected {rows.n_rows} as in X."
                )
            coming = Rows(new, rows.y, rows.weight, complete)
            return Request(Edit(rows_out=rows, rows_in=coming), positions)

        return self._answer(request)

    def replace_labels(self, X, y, y_new, sample_weight=None):
        """Correct targets: the model as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets as they should have been.
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

        def request(fitted):
            rows, positions = self._leaving(fitted, X, y, sample_weight)
            target = self._read_targets(fitted.encoding, y_new, rows.n_rows, "y_new")
            coming = replace(rows, y=target)
            edit = Edit(rows_out=rows, rows_in=coming, same_features=True)
            return Request(edit, positions)

        return self._answer(request)

    def forget_features(self, columns):
        """Forget columns for good: the model as if it had never had them.

        Their coefficients are exactly zero from now on. At prediction the columns are
        ignored: they may hold anything, NaN, or be absent. No data are needed; without
        retained data the other coefficients are second-order approximations (exact for
        squared loss).

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

        def request(fitted):
            objective = fitted.model.state.objective
            n_features = fitted.columns.n_features
            mask = np.zeros(objective.shape[0], dtype=bool)
            mask[:n_features] = check_columns(columns, n_features, fitted.columns.names)
            if np.all((mask | objective.forgotten)[:n_features]):
                raise UnlearningError(
                    "columns names all that the model has; nothing would be left."
                )
            return Request(Edit(feature_map=DropColumns(mask)))

        return self._answer(request)

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

        def request(fitted):
            self._check_classes(classes, fitted.encoding.classes)
            retained = fitted.model.retained
            rows = self._read_rows(fitted, X, y, sample_weight)
            has_ids = retained is not None and retained.has_ids
            if (row_ids is not None) and not has_ids:
                raise ValueError("row_ids needs a model fitted with row_ids.")
            if row_ids is None and has_ids:
                raise ValueError("The model was fitted with row_ids: pass row_ids.")
            ids = None
            if has_ids:
                ids = check_row_ids(row_ids, rows.n_rows, like=retained.chunks[0].ids)
                if retained.living(ids)[0].size:
                    raise ValueError("row_ids names a row that is in the model.")
            return Request(Edit(rows_in=rows), ids=ids)

        return self._answer(request)

    def refine(self, X, y, sample_weight=None):
        """Remove what a closed-form step left: full-gradient steps to ``tol``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_remaining, n_features)
            All training data that remain in the model, corrected.
        y : array-like of shape (n_remaining,) or (n_remaining, n_targets)
        sample_weight : array-like of shape (n_remaining,) or float, optional
            As they remain.

        Returns
        -------
        self : object

        Raises
        ------
        DataMismatchError
            If rows, weights or column sums are not those of the model: refining on
            other rows would be a silent refit.
        """
        with self._exclusive():
            fitted = self._checked()
            model = fitted.model
            rows = self._read_rows(fitted, X, y, sample_weight)
            labels = fitted.encoding.classes
            model.tally.check_same(rows, model.marks, model.forgotten, labels)
            loss, options = fitted.loss_of(rows), self._options()
            model, refinement = refined(model, rows, loss, options)
            warn_unless_converged(refinement)
            self._fitted = self._resettled(fitted, model, rows)
        return self

    def gradient_residual(self, X, y, sample_weight=None):
        """Norm of the summed objective's gradient on these data.

        Zero for a model fitted on exactly them: what an unlearning request left of the
        rows it removed (Warnecke et al. 2023). With certification it is that of the
        noise-free coefficients: for the operator, not for publication.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The training data as they should be now.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        GradientResidual
            A float with the attribute ``rounding_error``, a bound on its error.
        """
        fitted = self._checked()
        theta = fitted.model.state.theta
        rows = self._read_rows(fitted, X, y, sample_weight)
        objective = self._objective_at(fitted, float(rows.weight.sum()))
        objective = replace(objective, loss=fitted.loss_of(rows))
        rows = Finely(rows)
        norm = np.linalg.norm(objective.gradient(rows, theta))
        return GradientResidual(norm, objective.rounding_bound(rows, theta))

    # Carrying out -------------------------------------------------------------------

    def _answer(self, make_request):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._exclusive():
            fitted = self._checked()
            options = self._options()
            request = make_request(fitted)
            request = self._completed(fitted, request)
            try:
                answer = apply(fitted.model, request, options)
            except EmptyClassError as error:
                self._fitted = self._without_classes(fitted, request, error)
                return self
            if answer.refinement is not None:
                warn_unless_converged(answer.refinement)
            elif answer.step.largest_change > LARGE_CHANGE:
                warnings.warn(
                    "The request changed a raw prediction by "
                    f"{answer.step.largest_change:.2g}; a closed-form step is accurate "
                    f"below about {LARGE_CHANGE:.1g}. Call refine with the remaining "
                    "data, or fit with retain_data=True.",
                    LargeStepWarning,
                    stacklevel=3,
                )
            self._fitted = self._settled(fitted, request, answer)
        return self

    def _completed(self, fitted, request):
        """The request with the penalty and the weights that the data after it bring."""
        state, edit = fitted.model.state, request.edit
        weight = max(state.weight + edit.weight_change(), 0.0)
        penalty = self._objective_at(fitted, weight).penalty
        if penalty is not state.objective.penalty:
            edit = replace(edit, penalty=penalty)
        if fitted.balanced and (edit.rows_in is not None or edit.rows_out is not None):
            tally = edited_tally(fitted.model, request)
            edit = replace(edit, loss=fitted.loss_at(tally.groups))
        return replace(request, edit=edit)

    def _leaving(self, fitted, X, y, sample_weight, row_ids=None):
        """Rows that are to leave, and where they lie in retained data."""
        retained = fitted.model.retained
        if row_ids is None:
            if X is None or y is None:
                raise ValueError("Pass X and y of the rows, or row_ids.")
            rows = self._read_rows(fitted, X, y, sample_weight)
            if retained is None:
                return rows, None
            positions = retained.locate(rows, sample_weight is None)
            weight = rows.weight
        else:
            if X is not None or y is not None:
                raise ValueError("Pass either X and y or row_ids, not both.")
            if retained is None:
                raise ValueError("row_ids needs retain_data=True at fit.")
            ids = check_row_ids(row_ids, like=retained.chunks[0].ids)
            positions = retained.locate_ids(ids)
            if sample_weight is not None and positions.size > ids.size:
                raise ValueError(
                    "row_ids names a row that was replaced in part: leave "
                    "sample_weight out, or name its parts by X and y."
                )
            weight = check_sample_weight(sample_weight, positions.size)
        held = retained.take(positions)
        return (held if sample_weight is None else held.reweighted(weight)), positions

    def _read_features(self, fitted, X):
        """Validated features in the format of retained data, and which are complete."""
        model = fitted.model
        X, complete = check_remaining_rows(self, X, fitted.columns, model.forgotten)
        if model.retained is not None:
            X = like(X, model.retained.chunks[0].rows.X)
        return X, complete

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if y is None:
            raise ValueError(f"{name} must be given: it is None.")
        with named(name):
            target = encoding.read(y)
        if target.shape[0] != n_rows:
            raise ValueError(f"{name} has {target.shape[0]} rows, expected {n_rows}.")
        return target

    def _read_rows(self, fitted, X, y, sample_weight):
        """Validated and encoded rows."""
        X, complete = self._read_features(fitted, X)
        target = self._read_targets(fitted.encoding, y, X.shape[0])
        weight = check_sample_weight(sample_weight, X.shape[0])
        return Rows(X, target, weight, complete)


def warn_unless_converged(refinement):
    """Warn where a refinement ended with a gradient that it could have lowered."""
    if not refinement.converged:
        warnings.warn(
            f"{refinement.outcome.value} The gradient norm is "
            f"{refinement.residual:.2g}.",
            ConvergenceWarning,
            stacklevel=4,
        )
