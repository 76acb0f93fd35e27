"""Models that are not convex: what they are asked beside the verbs."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from sklearn_unlearn.neural_network._final_requests import FinalNetwork
from sklearn_unlearn.neural_network._parameters import ParametersMixin
from sklearn_unlearn.row_models import RowModel
from sklearn_unlearn.utils.notes import Answering
from sklearn_unlearn.utils.request import Request


class NetworkUnlearner(ParametersMixin, FinalNetwork):
    """A network; an estimator says with ``_carried`` and ``_refined`` what is done.

    Both take the fitted value and give the new one, and leave the estimator alone. A
    `NotForgottenWarning` says if the model still knows what a request took.
    """

    _accepts: ClassVar[frozenset[str]] = RowModel._accepts | {"y_new"}

    # Hooks --------------------------------------------------------------------------

    def _refined(self, fitted: Any, rows: Any) -> Any:
        """The fitted value after a descent on all remaining rows."""
        raise NotImplementedError

    def _objective(self, fitted: Any, rows: Any, forgotten: Any = None) -> Any:
        """The objective of these rows."""
        raise NotImplementedError

    # Verbs --------------------------------------------------------------------------

    def refine(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Self:
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
        with self._exclusive(), Answering() as answering:
            fitted = self._checked()
            model = fitted.model
            rows = self._all_rows(fitted, X, y, sample_weight)
            if rows is model.retained:
                rows = rows.whole()
            else:
                labels = fitted.encoding.classes
                model.tally.check_same(rows, model.marks, model.forgotten, labels)
            after = self._refined(fitted, rows)
            self._put(answering, [Request()], fitted, after)
        return self

    def gradient_residual(
        self, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> float:
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

    def unlearning_report(self) -> Any:
        """What the last request did: why it ended, what it cost, what was forgotten.

        Returns
        -------
        UnlearningReport or None
            None before the first request.
        """
        return super()._checked().report
