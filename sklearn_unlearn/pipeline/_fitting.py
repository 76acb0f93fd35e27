"""How a pipeline that unlearns is fitted, and what it keeps of that."""

from __future__ import annotations

import copy
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import numpy as np
from sklearn import config_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.pipeline._blocks import fit_to_blocks
from sklearn_unlearn.pipeline._meta_estimators import hands_weights_on, of_targets
from sklearn_unlearn.pipeline._requests import PipelineRequests
from sklearn_unlearn.pipeline._steps import cross_fitted, outputs
from sklearn_unlearn.row_blocks import DataBlocks, check_blocks_alone
from sklearn_unlearn.transformers import (
    check_on_stateful,
    check_rowwise,
    cross_fits,
    few,
    foreign,
    has_own_fit_transform,
    is_nothing,
    may_mix,
)
from sklearn_unlearn.utils.raw_rows import RawRows, taken
from sklearn_unlearn.utils.row_ids import some_row_ids
from sklearn_unlearn.utils.rows import overwriting_refused, protected
from sklearn_unlearn.utils.steps import hook, own
from sklearn_unlearn.utils.validation import check_sample_weight


class PipelineFitting(PipelineRequests):
    """The ``fit`` of a pipeline: explicit weights, identifiers, raw rows kept."""

    _flat: Any

    _reads_blocks = True

    def _transforms_otherwise_than_at_fit(self):
        """Whether steps give other outputs of the training rows than at fit."""
        crossed = cross_fitted(self.steps, self._marks)
        return bool(crossed or self._remembered)

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        **params: Any,
    ) -> Self:
        """Fit all steps.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, list of str or DataBlocks
            With ``retain_data=True`` in the last step, kept by reference: do not change
            it afterwards. Blocks have y and weights in them, and each step reads all of
            them several times. All else is copied, and nothing is overwritten: steps
            with ``copy=False`` work in place on what others made alone.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        sample_weight : array-like of shape (n_samples,) or float, optional
            For each step whose ``fit`` takes it. Rows of weight zero are none.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for the last step.
        **params : dict
            As ``name__parameter``, for single steps.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or a step overwrites its input.
        UnlearningError
            If a stateless step, or ``func`` of targets, is found to be a function of
            several rows. It is tried on up to 24 rows, some with missing, extreme and
            rare values, each beside 256 others and beside itself: what does not show
            there is not found.
        """
        with self._exclusive():
            if isinstance(X, DataBlocks):
                given = {"y": y, "sample_weight": sample_weight, "row_ids": row_ids}
                self._fit_blocks(X, {**given, **params})
                return self
            X, y, keywords = self._prepared(X, y, sample_weight, row_ids, params)
            self._fit_by("fit", X, y, keywords)
        return self

    @available_if(lambda self: hasattr(super(), "transform"))
    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any
    ) -> Any:
        """Fit all steps, and transform the rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like, optional
        sample_weight : array-like of shape (n_samples,) or float, optional
            As for ``fit``; without weights of zero.
        **params : dict
            As for ``fit``.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        with self._exclusive():
            _, _, keywords = self._prepared(X, y, sample_weight, None, params)
            return self._fit_by("fit_transform", X, y, keywords)

    @available_if(lambda self: hasattr(super(), "fit_predict"))
    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any
    ) -> np.ndarray:
        """Fit all steps, and what the last one says of the rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like, optional
        sample_weight : array-like of shape (n_samples,) or float, optional
            As for ``fit``; without weights of zero.
        **params : dict
            As for ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        with self._exclusive():
            _, _, keywords = self._prepared(X, y, sample_weight, None, params)
            return self._fit_by("fit_predict", X, y, keywords)

    def _fit_by(self, method, X, y, keywords):
        """What a method of `Pipeline` that fits answers; a refused one is undone."""
        fit = getattr(super(), method)
        with undone_if_refused(self), config_context(enable_metadata_routing=False):
            expect_raw(self, X)
            with overwriting_refused():
                answer = fit(self._safe(X), y, **keywords)
            self._keep(X, y, keywords)
            if y is not None:
                of_targets(few(np.asarray(y)), self._flat()[2])  # which checks them
        return answer

    def _fit_blocks(self, data, given):
        """As `_fit_by`, all steps reading blocks."""
        check_on_stateful(self.on_stateful)
        check_blocks_alone(given, {})
        data = data.framed()
        with undone_if_refused(self), config_context(enable_metadata_routing=False):
            weighted = fit_to_blocks(self.steps, data)
            head = data.head()
            keywords = dict.fromkeys((f"{name}__sample_weight" for name in weighted), 1)
            self._keep(head.X, head.y, keywords)

    def _safe(self, X):
        """Rows that no step can overwrite; models do not, and take them as they are."""
        transforms = any(hasattr(step, "transform") for _, step in self.steps)
        return protected(X) if transforms else X

    def _prepared(self, X, y, sample_weight, row_ids, params):
        """Rows that count, and what scikit-learn's ``fit`` is given beside them."""
        check_on_stateful(self.on_stateful)
        keywords = dict(params)
        if row_ids is not None:
            keywords[f"{self.steps[-1][0]}__row_ids"] = row_ids
        if sample_weight is None:
            return X, y, keywords
        n_rows = RawRows.of(X).shape[0]
        weight = check_sample_weight(sample_weight, n_rows)
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        if not weight.all():
            some = np.flatnonzero(weight)
            X, y, weight = taken(X, some), taken(y, some), weight[some]
            keywords = {
                name: some_row_ids(value, some) if name.endswith("__row_ids") else value
                for name, value in keywords.items()
            }
        last = self.steps[-1][1]
        for name, step in self.steps:
            if is_nothing(step):
                continue
            takes = has_fit_parameter(step, "sample_weight")
            if takes or (step is last and hands_weights_on(step)):
                keywords[f"{name}__sample_weight"] = weight
        return X, y, keywords

    def _keep(self, X, y, keywords):
        """Remember which steps were weighted and, where data are retained, raw rows."""
        rows = None
        for place, (name, step) in enumerate(self.steps):
            if may_mix(step):
                rows = few(X) if rows is None else rows
                check_rowwise(name, step, outputs(self.steps[:place], rows))
        self._cross_fitted = self._cross_fitting(X, y, keywords)
        self._remembered = frozenset()
        suffix = "__sample_weight"
        given = (k for k, value in keywords.items() if value is not None)
        self._weighted = frozenset(
            key.removesuffix(suffix) for key in given if key.endswith(suffix)
        )
        raw = RawRows.of(X).at_fit()
        self._schema = raw.schema
        self._n_columns = raw.shape[1] if len(raw.shape) == 2 else None
        hook(self._flat()[0][-1][1], "_keep_raw")(raw)

    def _cross_fitting(self, X, y, keywords):
        """Names of the steps that cannot unlearn and make something else of rows."""
        found = set()
        for place, (name, step) in enumerate(self.steps):
            if name in foreign(name, step) and has_own_fit_transform(step):
                prefix = f"{name}__"
                own = {
                    key.removeprefix(prefix): value
                    for key, value in keywords.items()
                    if key.startswith(prefix)
                }
                rows = outputs(self.steps[:place], X)
                found |= {name} if cross_fits(step, rows, y, **own) else set()
        return frozenset(found)


def expect_raw(pipeline, X):
    """Tell the last step, if it names rows by what they are here, of these rows."""
    last = pipeline.steps[-1][1] if pipeline.steps else None
    if expects := own(last, "_expect_raw"):
        expects(RawRows.of(X).at_fit())


def fit_behind(other, pipeline, X, y, sample_weight=None):
    """Fit the last step of a pipeline alone, behind those of another one.

    Parameters
    ----------
    other : UnlearnablePipeline
        Fitted to these rows. If a step of it cross-fits, or stayed as it was when rows
        left, all steps are fitted.
    pipeline : UnlearnablePipeline
        Equal, but for the last step.
    X, y, sample_weight
        As for its ``fit``.
    """
    if other._transforms_otherwise_than_at_fit():
        pipeline.fit(X, y, sample_weight)
        return
    X, y, keywords = pipeline._prepared(X, y, sample_weight, None, {})
    name, last = pipeline.steps[-1]
    prefix = f"{name}__"
    own = {
        key.removeprefix(prefix): value
        for key, value in keywords.items()
        if key.startswith(prefix)
    }
    expect_raw(pipeline, X)
    with config_context(enable_metadata_routing=False):
        last.fit(outputs(other.steps[:-1], X), y, **own)
    pipeline.steps = [*other.steps[:-1], (name, last)]
    for each in ("_cross_fitted", "_remembered", "_schema", "_n_columns"):
        setattr(pipeline, each, getattr(other, each))
    weighted = {name} if "sample_weight" in own else set()
    pipeline._weighted = frozenset(other._weighted - {name} | weighted)
    hook(pipeline._flat()[0][-1][1], "_keep_raw")(RawRows.of(X).at_fit())


def with_steps_of(other, pipeline):
    """A copy of a pipeline with the steps of another one, but for the last.

    Parameters
    ----------
    other, pipeline : UnlearnablePipeline
        Fitted to the same rows, and equal but for the last step.

    Returns
    -------
    UnlearnablePipeline
    """
    after = copy.copy(pipeline)
    after.steps = [*other.steps[:-1], pipeline.steps[-1]]
    after._schema = other._schema
    return after


@contextmanager
def undone_if_refused(estimator):
    """Give an estimator, and all inside it, back what they were if a fit fails."""
    parts = [estimator, *estimator.get_params().values()]
    parts = [p for p in parts if hasattr(p, "fit") and not isinstance(p, type)]
    known = [(part, dict(vars(part))) for part in parts]

    def undo():
        for part, before in known:
            vars(part).update(before)
            for name in vars(part).keys() - before.keys() - {"_locks"}:
                del vars(part)[name]

    with ExitStack() as failed:
        failed.callback(undo)
        yield
        failed.pop_all()
