"""Models with a convex objective: a request is one Newton step on a kept factor.

`NewtonModel` carries a request out on an immutable `Model`. What a row, a target and a
fitted attribute are is the estimator's business.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.linear.bookkeeping import Model, ModelChange, edited_tally
from sklearn_unlearn.core.linear.doubt import DOUBTFUL
from sklearn_unlearn.core.linear.edits import LinearMap
from sklearn_unlearn.core.linear.model import Answer, Options, apply, refined, settled
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.prediction_errors import prediction_errors
from sklearn_unlearn.core.linear.steps import LARGE_LOSS
from sklearn_unlearn.core.rows import RowBlocks, results
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    LargeStepWarning,
    PrecisionLossWarning,
)
from sklearn_unlearn.newton_inputs import FollowsInputs
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.notes import Answering, note
from sklearn_unlearn.utils.request import Request
from sklearn_unlearn.utils.residual import GradientResidual, residual_at
from sklearn_unlearn.utils.sharing import once, sharing
from sklearn_unlearn.utils.tags import promised


class NewtonModel(FollowsInputs):
    """What a request does; an estimator adds ``fit``, prediction and hooks.

    An estimator keeps everything it learned in one private attribute ``_fitted``, an
    immutable value with ``model`` (a
    :class:`~sklearn_unlearn.core.linear.bookkeeping.Model`), ``encoding`` (which reads
    targets) and ``columns`` (of X); ``balanced`` says whether the loss follows the
    data, ``loss_of`` rows and ``loss_at`` sums give it. It provides ``_options``,
    ``_check_classes``, ``_without_classes`` and ``_objective_at`` (of rows of a summed
    weight); and ``_settled`` and ``_resettled``, which account for a request or a
    refinement and give the new value.
    """

    _checked: Any

    # Hooks --------------------------------------------------------------------------

    def _options(self) -> Options:
        """How requests are answered, by parameters that have been checked."""
        raise NotImplementedError

    def _objective_at(self, fitted: Any, weight: float) -> Objective:
        """The objective of rows of so much summed weight."""
        raise NotImplementedError

    def _without_classes(self, fitted: Any, request: ModelChange, error: Any) -> Any:
        """The fitted value after a request that leaves no row of some classes."""
        raise error

    def _settled(self, fitted: Any, request: ModelChange, answer: Answer) -> Any:
        """The fitted value after a request, accounted for."""
        raise NotImplementedError

    def _resettled(self, fitted: Any, model: Model, rows: RowBlocks) -> Any:
        """The fitted value after a refinement, accounted for."""
        raise NotImplementedError

    # Verbs --------------------------------------------------------------------------

    def refine(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Self:
        """Remove what a closed-form step left: full-gradient steps to ``tol``.

        With certification it costs nothing of the budget and publishes nothing: the
        data are the same. What requests to come publish and cost follows from it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_remaining, n_features) or \
DataBlocks, optional
            All training data that remain in the model, corrected. With retained data
            they are known, and X and y need not be given. Blocks have y and weights
            in them.
        y : array-like of shape (n_remaining,) or (n_remaining, n_targets), optional
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
        with self._exclusive(), Answering() as answering:
            fitted = self._checked()
            model = fitted.model
            rows = self._all_rows(fitted, X, y, sample_weight)
            if rows is not model.retained:
                labels = fitted.encoding.classes
                model.tally.check_same(rows, model.marks, model.forgotten, labels)
            loss, options = fitted.loss_of(rows), self._options()
            if rows is model.retained:  # of which the gradient is known
                note(residual_before=model.state.residual)
            model, refinement = refined(model, rows, loss, options)
            warn_unless_converged(refinement)
            after = self._resettled(fitted, model, rows)
            self._put(answering, [Request()], fitted, after)
        return self

    def gradient_residual(
        self, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> GradientResidual:
        """Norm of the summed objective's gradient on these data.

        Zero for a model fitted on exactly them: what an unlearning request left of the
        rows it removed (Warnecke et al. 2023). With certification it is that of the
        noise-free coefficients: for the operator, and no request may depend on it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features) or DataBlocks, \
optional
            The training data as they should be now; without X and y the retained ones.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        GradientResidual
            A float with the attribute ``rounding_error``, a bound on its error.
        """
        fitted = self._checked()
        return self._residual(fitted, self._all_rows(fitted, X, y, sample_weight))

    def _residual(self, fitted, rows):
        """The same for rows that have been read."""
        objective = self._objective_of(fitted, rows)
        return residual_at(objective, rows, fitted.model.state.theta)

    def _objective_of(self, fitted, rows):
        """The objective that a fit to these rows would minimise."""
        weight = sum(
            results(lambda block: float(block.weight.sum()), rows, counted=False)
        )
        objective = self._objective_at(fitted, weight)
        return replace(objective, loss=fitted.loss_of(rows))

    def _prediction_errors(self, seen, X):
        """Raw predictions, and how far they may be from those of a fit.

        Parameters
        ----------
        seen : tuple
            X, y and weights of the rows that the model is trained on.
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        raw : ndarray of shape (n_rows, n_outputs)
        errors : ndarray of shape (n_rows,)
        """
        fitted = self._checked()
        X, theta = self._read_features(fitted, X), fitted.model.state.theta
        raw = fitted.model.state.objective.raw_prediction(X, theta)
        if fitted.lineage is not None:  # what is published has noise in it
            return raw, np.full(raw.shape[0], np.inf)
        rows = self._read_rows(fitted, *seen)
        objective = self._objective_of(fitted, rows)
        return raw, prediction_errors(objective, theta, rows, X)

    def _way(self):
        if getattr(self, "retain_data", False):
            return "exact, refined", "rows, factor of the curvature", "some passes"
        exact = promised(self).partial_unfit == "exact"
        how = "exact, one step" if exact else "approximate, one step"
        return how, "factor of the curvature", "its rows"

    def _of_the_rows_of(self, other):
        """A copy that shares the rows, and sums of them, with a model of the same."""
        if type(self) is not type(other):
            return self
        fitted, theirs = self._checked(), other._checked().model
        model = fitted.model
        names = [each.name for each in fields(model.tally)]
        pairs = ((getattr(m.tally, name) for m in (model, theirs)) for name in names)
        if all(np.array_equal(*pair) for pair in pairs):
            model = replace(model, tally=theirs.tally)
        if model.retained is not None and theirs.retained is not None:
            one, other_one = (m.retained.chunks for m in (model, theirs))
            alone = len(one) == len(other_one) == 1
            if alone and _same_rows(one[0], other_one[0]):
                model = replace(model, retained=theirs.retained)
        return self._copy_with(replace(fitted, model=model))

    # Carrying out -------------------------------------------------------------------

    def __getstate__(self):
        """All but the locks; of retained data nothing that tells of others before."""
        state = super().__getstate__()
        fitted = state.get("_fitted")
        if fitted is None or fitted.model.retained is None:
            return state
        model, rows = fitted.model, fitted.model.retained
        after = settled(model.state, rows)
        if after is not model.state:
            model = replace(model, state=after)
            state["_fitted"] = self._resettled(fitted, model, rows)
        return state

    def _dropping_columns(self, fitted, mask):
        if fitted.model.state.objective.fit_intercept:
            mask = np.append(mask, False)
        return super()._dropping_columns(fitted, mask)

    def _carried(self, fitted, request):
        """The fitted value after a request; the estimator stays as it is."""
        options = self._options()
        request = self._completed(fitted, _tallied(fitted.model, request))
        try:
            answer = apply(fitted.model, request, options)
        except EmptyClassError as error:
            return self._without_classes(fitted, request, error)
        step = answer.step
        if answer.refinement is not None:
            note(residual_before=fitted.model.state.residual)
            warn_unless_converged(answer.refinement)
        elif step is not None and not step.doubt <= DOUBTFUL:  # so that a NaN warns
            warn(
                "The request may be too large for one closed-form step: without the "
                "data nothing shows that it takes away more than it leaves. Call "
                "refine with the remaining data, or fit with retain_data=True.",
                LargeStepWarning,
            )
        if answer.refinement is None and step is not None and step.lost > LARGE_LOSS:
            warn(
                "What left outweighed what stays: sums without it have a relative "
                f"error of {step.lost:.1g}, and so have coefficients or more. "
                "Call refine with the remaining data, or fit with retain_data=True.",
                PrecisionLossWarning,
            )
        return self._settled(fitted, request, answer)

    def _completed(self, fitted, request):
        """The request with the penalty and the weights that the data after it bring."""
        state, edit = fitted.model.state, request.edit
        weight = max(state.weight + edit.weight_change(), 0.0)
        penalty = self._objective_at(fitted, weight).penalty
        if isinstance(edit.feature_map, LinearMap):
            n_columns = edit.feature_map.matrix.shape[0]
            penalty = _widened(penalty, n_columns, state.objective.fit_intercept)
        if penalty is not state.objective.penalty:
            edit = replace(edit, penalty=penalty)
        if fitted.balanced and (edit.rows_in is not None or edit.rows_out is not None):
            tally = edited_tally(fitted.model, request)
            edit = replace(edit, loss=fitted.loss_at(tally.groups))
        return replace(request, edit=edit)


def _tallied(model, request):
    """The request with sums after it, which are those of other models of these rows."""
    if not sharing():
        return request
    edit, tally = request.edit, model.tally
    rows = [model.retained, request.retained, request.positions]
    rows += [edit.rows_out, edit.rows_in, edit.feature_map]
    found = partial(edited_tally, model, request)
    return replace(request, tally=once(found, [tally, *rows], "tally", request.unseen))


def _same_rows(chunk, other):
    """Whether two models were given the same rows, in the same order."""
    mine, theirs = ([rows.X, rows.y, rows.weight] for rows in (chunk.rows, other.rows))
    if type(mine[0]) is not type(theirs[0]) or mine[0].shape != theirs[0].shape:
        return False
    if is_sparse(mine[0]):
        names = "data", "indices", "indptr"
        for given in (mine, theirs):
            given[:1] = [getattr(given[0], name) for name in names]
    return all(map(np.array_equal, mine, theirs))


def _widened(penalty, n_columns, intercept):
    """The penalty of a column on each of so many, the last the intercept."""
    widened = np.repeat(penalty[:1], n_columns, axis=0)
    if intercept:
        widened[-1] = penalty[-1]
    return widened


def warn_unless_converged(refinement):
    """Note a refinement, and warn of a gradient that it could have lowered."""
    note(residual_after=refinement.residual, refined=True)
    if not refinement.converged:
        warn(
            f"{refinement.outcome.value} The gradient norm is "
            f"{refinement.residual:.2g}.",
            ConvergenceWarning,
        )
