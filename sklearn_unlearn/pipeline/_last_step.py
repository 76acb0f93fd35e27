"""Certificate, residual and influence of a pipeline, which its last step gives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.base import Batch, Request
from sklearn_unlearn.certification import model_hash
from sklearn_unlearn.exceptions import CertificationError
from sklearn_unlearn.pipeline._blocks import inputs
from sklearn_unlearn.pipeline._meta_estimators import innermost, of_targets
from sklearn_unlearn.pipeline._raw_requests import with_targets
from sklearn_unlearn.pipeline._steps import check_as_at_fit, cross_fitted, outputs
from sklearn_unlearn.transformers import InputChange, is_stateless, say_remembered
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.residual import GradientResidual
from sklearn_unlearn.utils.steps import hook

#: Said of steps that know rows that are gone.
AND_EXPORTED = " and is exported"


class LastStepMixin:
    """What is asked of the last step, in raw rows."""

    _check_accepted: Any
    _check_fitted: Any
    _exported: Any
    _flat: Any
    _remembered: Any
    _version: Any

    @available_if(lambda self: self._last_has("release"))
    def release(self, drop_forgotten: bool = False) -> Any:
        """The published pipeline and its certificate.

        Only the last step is published with noise. What the others know is a function
        of the rows that remain, and a refit on these knows the same.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            As for ``to_sklearn``.

        Returns
        -------
        pipeline : sklearn.pipeline.Pipeline
        certificate : sklearn_unlearn.certification.Certificate
            Its hash is of the whole pipeline.

        Raises
        ------
        CertificationError
            If the last step was fitted without certification; in private mode, if
            another one learned from rows.
        """
        self._check_fitted()
        version = self._version()
        _, certificate = innermost(version).release()
        alone = version.steps[-1][1] is innermost(version)
        learned = [n for n, step in version.steps[:-1] if not is_stateless(step)]
        if certificate.mode == "private" and (learned or not alone):
            name = learned[0] if learned else version.steps[-1][0]
            raise CertificationError(
                f"Step {name!r} publishes without noise what it learned from rows: in "
                'mode="private" all steps before the model must be stateless.'
            )
        published = version._exported(drop_forgotten)
        say_remembered(version._remembered, AND_EXPORTED)
        return published, replace(certificate, model_sha256=model_hash(published))

    @available_if(lambda self: self._last_has("private_record"))
    def private_record(self) -> Any:
        """How this state was accounted for.

        A function of secrets, for the operator: do not publish it, and let no request
        depend on it.

        Returns
        -------
        sklearn_unlearn.certification.PrivateRecord
            Of the last step; its hash is of the pipeline that `release` returns.

        Raises
        ------
        CertificationError
            If the last step was fitted without certification.
        """
        self._check_fitted()
        version = self._version()
        record = innermost(version).private_record()
        return replace(record, model_sha256=model_hash(version._exported()))

    @available_if(lambda self: self._last_has("gradient_residual"))
    def gradient_residual(
        self, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> GradientResidual:
        """Norm of the gradient of the last step's objective on these rows.

        With certification it is that of the noise-free coefficients: for the operator,
        and no request may depend on it.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, list of str or DataBlocks, optional
            The raw training data as they should be now; without X and y the retained
            ones.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        GradientResidual
            Of the last step alone: its attribute ``remembered`` names steps that
            ``on_stateful="freeze"`` left with what they know of forgotten rows.
        """
        self._check_fitted()
        (*front, (_, last)), marks, made = self._flat()
        check_as_at_fit(front, marks, X)
        X, y = inputs(front, X), of_targets(y, made, X)
        again = None if cross_fitted(front, marks) else partial(outputs, front)
        norm = hook(last, "_final_residual")(X, y, sample_weight, again)
        return GradientResidual.of(norm, self._remembered)

    @available_if(lambda self: self._last_has("influence"))
    def influence(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        X_test: Any = None,
    ) -> Any:
        """How the last step would change if each row left it alone, without any refit.

        The other steps stay as they are: their share in what a row does, to means and
        scales for instance, is not in the figures. They are what leave-one-out refits
        of the last step on the outputs of the others would show; with certification, of
        the noise-free coefficients: for the operator, and no request may depend on it.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str, optional
            Raw rows of the model, with the values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight each would take with it, as for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.
        X_test : array-like, DataFrame, sparse matrix or list of str, optional
            Raw rows on which the change of predictions is wanted.

        Returns
        -------
        Influence
            Of the last step's coefficients; see
            :meth:`UnlearnableLogisticRegression.influence`.

        Raises
        ------
        UnlearningError
            As for `partial_unfit`.
        """
        self._check_fitted()
        request = Request(out=Batch(X, y, sample_weight, row_ids))
        with refusing():
            self._check_accepted(request)
        (*front, (name, last)), marks, made = self._flat()
        asked = hook(last, "_prepare_final")(name, with_targets(request, made))
        if asked.retained is None:
            check_as_at_fit(front, marks, X)
        asked = asked.with_inputs(InputChange(out=lambda: outputs(front, X)))
        return hook(last, "_final_influence")(asked, outputs(front, X_test))
