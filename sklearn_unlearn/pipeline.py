"""Pipelines that unlearn, preprocessing included."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import wraps

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.compose._adoption import (
    class_for,
    transformer_like,
    warn_of_differences,
)
from sklearn_unlearn.compose._change import Change, given
from sklearn_unlearn.compose._final import last_step
from sklearn_unlearn.compose._raw import RawRows
from sklearn_unlearn.compose._traversal import carried, exported, is_nothing
from sklearn_unlearn.compose._verbs import RawVerbs
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.exclusive import LockMixin
from sklearn_unlearn.utils.validation import check_sample_weight


def _of_one_version(name):
    """A method of `Pipeline` that sees the steps of one version throughout."""

    def has(pipeline):
        return hasattr(super(UnlearnablePipeline, pipeline), name)

    @available_if(has)
    @wraps(getattr(Pipeline, name))
    def method(self, *arguments, **keywords):
        steady = super(UnlearnablePipeline, self._version())
        return getattr(steady, name)(*arguments, **keywords)

    return method


class UnlearnablePipeline(RawVerbs, LockMixin, Pipeline):
    """A pipeline that unlearns rows, values, labels and columns in all its steps.

    A :class:`sklearn.pipeline.Pipeline` whose requests are stated in raw input. Each
    transformer forgets what it knows of the rows and says how its outputs change for
    all others; the last step answers this and the rows in one request. A request
    replaces the steps by edited copies, all in one assignment.

    Parameters
    ----------
    steps : list of tuple
        Names and estimators. Transformers are those of this package, stateless ones
        and ``"passthrough"``; see ``on_stateful`` for others. With
        ``retain_data=True`` in the last step the pipeline keeps the raw rows, by
        reference, as well.
    transform_input : None
        As in scikit-learn, where it needs metadata routing, which is not used here.
    memory : str or object with the joblib.Memory interface, default=None
    verbose : bool, default=False
    on_stateful : {"raise", "freeze"}, default="raise"
        What a request does about a transformer that learned from rows and cannot
        unlearn: refuse, or leave in it what it knows.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import (
    ...     UnlearnableLogisticRegression,
    ...     UnlearnableStandardScaler,
    ...     make_unlearnable_pipeline,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_unlearnable_pipeline(
    ...     UnlearnableStandardScaler(), UnlearnableLogisticRegression()
    ... )
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-1)
    True
    """

    def __init__(
        self,
        steps,
        *,
        transform_input=None,
        memory=None,
        verbose=False,
        on_stateful="raise",
    ):
        super().__init__(
            steps, transform_input=transform_input, memory=memory, verbose=verbose
        )
        self.on_stateful = on_stateful

    # Fitting --------------------------------------------------------------------------

    def fit(self, X, y=None, sample_weight=None, *, row_ids=None, **params):
        """Fit all steps.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            With ``retain_data=True`` in the last step, kept by reference: do not change
            it afterwards.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        sample_weight : array-like of shape (n_samples,) or float, optional
            For each step whose ``fit`` takes it. Rows of weight zero are none.
        row_ids : array-like of shape (n_samples,), optional
            As for the last step.
        **params : dict
            As ``name__parameter``, for single steps.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        with self._exclusive():
            X, y, keywords = self._prepared(X, y, sample_weight, row_ids, params)
            with config_context(enable_metadata_routing=False):
                super().fit(X, y, **keywords)
            self._keep(X, keywords)
        return self

    @available_if(lambda self: hasattr(super(), "transform"))
    def fit_transform(self, X, y=None, sample_weight=None, **params):
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
            with config_context(enable_metadata_routing=False):
                outputs = super().fit_transform(X, y, **keywords)
            self._keep(X, keywords)
        return outputs

    @classmethod
    def from_sklearn(
        cls,
        fitted,
        X,
        y=None,
        sample_weight=None,
        *,
        row_ids=None,
        on_stateful="raise",
        **params,
    ):
        """A pipeline that was fitted elsewhere, taken over so that it unlearns.

        What transformers know is computed from X, in the time of their ``fit``; the
        last step is taken over by its own ``from_sklearn``.

        Parameters
        ----------
        fitted : sklearn.pipeline.Pipeline
            Fitted; it is not changed.
        X : array-like, DataFrame, sparse matrix or list of str
            The raw data that it was fitted on: a `DataMismatchWarning` says where a
            step knows something else.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the last step was fitted with.
        row_ids : array-like of shape (n_samples,), optional
            As for ``fit``.
        on_stateful : {"raise", "freeze"}, default="raise"
            What to do about a transformer that learned from rows and has no
            counterpart that unlearns.
        **params : dict
            For the ``from_sklearn`` of the last step, ``retain_data`` for instance.

        Returns
        -------
        UnlearnablePipeline

        Raises
        ------
        UnlearningError
            If a transformer has no counterpart.
        TypeError
            If it is no pipeline, or the last step has no counterpart.
        ValueError
            If the last step minimised another objective, or has other columns.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from sklearn_unlearn import UnlearnablePipeline
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> deployed = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        >>> model = UnlearnablePipeline.from_sklearn(deployed, X, y)
        >>> model = model.partial_unfit(X[:2], y[:2])
        """
        if not isinstance(fitted, Pipeline):
            raise TypeError(
                f"{cls.__name__}.from_sklearn takes a fitted Pipeline; got "
                f"{type(fitted).__name__}."
            )
        check_is_fitted(fitted)

        def nested(steps):
            return cls(steps, on_stateful=on_stateful)

        *theirs, (name, last) = fitted.steps
        front = [
            (each, transformer_like(step, each, on_stateful, nested))
            for each, step in theirs
        ]
        Z, keywords = X, {}
        if front:
            ours = nested(front)
            Z = ours.fit_transform(X, y)
            front = ours.steps
            warn_of_differences(Pipeline(theirs), ours, "")
        if sample_weight is not None:
            keywords["sample_weight"] = sample_weight
        if row_ids is not None:
            keywords["row_ids"] = row_ids
        if isinstance(last, Pipeline):
            last = cls.from_sklearn(
                last, Z, y, on_stateful=on_stateful, **keywords, **params
            )
        else:
            last = class_for(last, name).from_sklearn(last, Z, y, **keywords, **params)
        model = nested([*front, (name, last)])
        model._keep(X, {f"{name}__sample_weight": sample_weight})
        return model

    def _prepared(self, X, y, sample_weight, row_ids, params):
        """Rows that count, and what scikit-learn's ``fit`` is given beside them."""
        if self.on_stateful not in ("raise", "freeze"):
            raise ValueError(
                f"on_stateful must be 'raise' or 'freeze'; got {self.on_stateful!r}"
            )
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
            X, y, weight = _taken(X, some), _taken(y, some), weight[some]
            keywords = {
                name: _taken(value, some) if name.endswith("__row_ids") else value
                for name, value in keywords.items()
            }
        for name, step in self.steps:
            if not is_nothing(step) and has_fit_parameter(step, "sample_weight"):
                keywords[f"{name}__sample_weight"] = weight
        return X, y, keywords

    def _keep(self, X, keywords):
        """Remember which steps were weighted and, where data are retained, raw rows."""
        suffix = "__sample_weight"
        given = (k for k, value in keywords.items() if value is not None)
        self._weighted = frozenset(
            key.removesuffix(suffix) for key in given if key.endswith(suffix)
        )
        last = self._flat()[0][-1][1]
        if isinstance(last, UnlearnerMixin):
            model = last._fitted.model
            if model.retained is not None:
                raw = RawRows.of(X)
                retained = model.retained.made_of(lambda chunk: raw)
                model = replace(model, retained=retained)
                last._fitted = replace(last._fitted, model=model)

    # Verbs ----------------------------------------------------------------------------

    @available_if(lambda self: self._last_has("refine"))
    def refine(self, X, y, sample_weight=None):
        """Remove what a closed-form step left in the last step.

        What the other steps know is exact already.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            All raw training data that remain, corrected.
        y : array-like of shape (n_remaining,) or (n_remaining, n_targets)
        sample_weight : array-like of shape (n_remaining,) or float, optional

        Returns
        -------
        self : object

        Raises
        ------
        DataMismatchError
            If these are not the rows of the model.
        """
        with self._exclusive():
            check_is_fitted(self)
            *front, (name, last) = self.steps
            last = copy.copy(last).refine(_outputs(front, X), y, sample_weight)
            self.steps = [*front, (name, last)]
        return self

    @available_if(lambda self: self._last_has("gradient_residual"))
    def gradient_residual(self, X, y, sample_weight=None):
        """Norm of the gradient of the last step's objective on these rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            The raw training data as they should be now.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        GradientResidual
        """
        check_is_fitted(self)
        *front, (_, last) = self.steps
        return last.gradient_residual(_outputs(front, X), y, sample_weight)

    def to_sklearn(self, drop_forgotten=False):
        """A plain fitted scikit-learn pipeline, which cannot unlearn, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            As for the first step.

        Returns
        -------
        sklearn.pipeline.Pipeline
        """
        check_is_fitted(self)
        plain = []
        for name, step in self.steps:
            plain.append((name, exported(step, drop_forgotten=drop_forgotten)))
            # what steps before it no longer give it, the next has forgotten
            drop_forgotten |= not is_nothing(step)
        return Pipeline(plain)

    # Carrying out ---------------------------------------------------------------------

    def _carry_out(self, request):
        """Validate, compute and swap; only the last line changes the pipeline."""
        with self._exclusive():
            check_is_fitted(self)
            request = _of_rows_that_count(request)
            if request is not None:
                self.steps = self._steps_after(request)
        return self

    def _steps_after(self, request):
        """The steps after a request."""
        flat, weighted = self._flat()
        *front, (name, step) = flat
        freeze = self.on_stateful == "freeze"
        if not self._predicts:
            change = Change(
                given(request.X_out),
                given(request.X_in),
                request.weight,
                request.weight,
                request.forgotten,
                freeze=freeze,
            )
            return _walked(self.steps, change, self._weighted)[0]
        last = last_step(name, step, request)
        if last.stays_in_part:
            for whole, each in front:
                if whole not in weighted and not is_nothing(each):
                    raise UnlearningError(
                        "sample_weight leaves part of a row's weight in the model, but "
                        f"step {whole!r} was fitted without weights and knows the row "
                        "as a whole."
                    )
        if request.relabels:
            change = Change()
            if last.rows is None:
                change = Change(out=lambda: _outputs(front, request.X_out))
            return self._grouped([*front, (name, last.after(change, None))])
        change = replace(last.change(), freeze=freeze)
        edited, change = _walked(front, change, weighted)

        def names():
            return [_names(steps) for steps in (front, edited)]

        return self._grouped([*edited, (name, last.after(change, names))])

    def _flat(self):
        """Steps, those of a last step that is a pipeline among them.

        Returns
        -------
        steps : list of tuple
        weighted : frozenset of str
            Names of those that were fitted with weights.
        """
        *front, (name, last) = self.steps
        if not isinstance(last, UnlearnablePipeline):
            return self.steps, self._weighted
        steps, weighted = last._flat()
        inner = [(f"{name}__{each}", step) for each, step in steps]
        weighted = {f"{name}__{each}" for each in weighted}
        return [*front, *inner], self._weighted | weighted

    def _grouped(self, flat):
        """Steps in which a last one that is a pipeline has its own again."""
        name, last = self.steps[-1]
        if not isinstance(last, UnlearnablePipeline):
            return flat
        n_front = len(self.steps) - 1
        after, prefix = copy.copy(last), f"{name}__"
        inner = [(each.removeprefix(prefix), step) for each, step in flat[n_front:]]
        after.steps = last._grouped(inner)
        return [*flat[:n_front], (name, after)]

    def _carried_through(self, name, change):
        """The pipeline as a step of another one, after a request."""
        freeze = change.freeze or self.on_stateful == "freeze"
        inner = replace(change, freeze=freeze)
        after = copy.copy(self)
        after.steps, inner = _walked(self.steps, inner, self._weighted)
        return after, replace(inner, freeze=change.freeze)

    @property
    def _predicts(self):
        """Whether the last step is more than a transformer."""
        last = self.steps[-1][1]
        return not is_nothing(last) and not hasattr(last, "transform")

    def _last_has(self, name):
        return hasattr(self.steps[-1][1], name)

    # Reading --------------------------------------------------------------------------

    @property
    def n_features_in_(self):
        """Number of columns of the raw input."""
        return self._first_step.n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the columns of the raw input, if they were all strings."""
        return self._first_step.feature_names_in_

    @property
    def _first_step(self):
        steps = [step for _, step in self.steps if not is_nothing(step)]
        return steps[0] if steps else None

    def __getitem__(self, ind):
        part = super().__getitem__(ind)
        if isinstance(ind, slice):
            part.on_stateful = self.on_stateful
            if hasattr(self, "_weighted"):
                part._weighted = self._weighted
        return part

    predict = _of_one_version("predict")
    predict_proba = _of_one_version("predict_proba")
    predict_log_proba = _of_one_version("predict_log_proba")
    decision_function = _of_one_version("decision_function")
    score = _of_one_version("score")
    transform = _of_one_version("transform")
    inverse_transform = _of_one_version("inverse_transform")


def make_unlearnable_pipeline(
    *steps, transform_input=None, memory=None, verbose=False, on_stateful="raise"
):
    """An `UnlearnablePipeline` whose steps are named by their classes.

    Parameters
    ----------
    *steps : estimators
    transform_input, memory, verbose, on_stateful
        As for `UnlearnablePipeline`.

    Returns
    -------
    UnlearnablePipeline

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge, UnlearnableStandardScaler
    >>> from sklearn_unlearn import make_unlearnable_pipeline
    >>> make_unlearnable_pipeline(
    ...     UnlearnableStandardScaler(), UnlearnableRidge()
    ... ).steps[0][0]
    'unlearnablestandardscaler'
    """
    named = make_pipeline(*steps).steps
    return UnlearnablePipeline(
        named,
        transform_input=transform_input,
        memory=memory,
        verbose=verbose,
        on_stateful=on_stateful,
    )


def _walked(steps, change, weighted):
    """Steps after a request, and the change of the last one's outputs."""
    edited = []
    for name, step in steps:
        seen = change if name in weighted else change.unweighted()
        after, seen = carried(name, step, seen)
        edited.append((name, after))
        change = replace(
            seen,
            weight_out=change.weight_out,
            weight_in=change.weight_in,
            weight_rest=change.weight_rest,
        )
    return edited, change


def _outputs(steps, X):
    """What fitted steps make of rows."""
    for _, step in steps:
        if not is_nothing(step):
            X = step.transform(X)
    return X


def _names(steps):
    """Names of the outputs of fitted steps, None if one gives none."""
    names = None
    try:
        for _, step in steps:
            if not is_nothing(step):
                names = step.get_feature_names_out(names)
    except AttributeError:  # a step that cannot name its outputs
        return None
    return names


def _of_rows_that_count(request):
    """A request without rows of weight zero; None if nothing is left of it."""
    if request.weight is None or request.ids_out is not None:
        return request
    X = request.X_out if request.leaves else request.X_in
    if X is None:
        return request
    weight = check_sample_weight(request.weight, RawRows.of(X).shape[0])
    if weight.all():
        return request
    some = np.flatnonzero(weight)
    if not some.size:
        return None
    taken = {
        name: _taken(getattr(request, name), some)
        for name in ("X_out", "y_out", "X_in", "y_in", "ids_in")
    }
    return replace(request, weight=weight[some], **taken)


def _taken(X, rows):
    """Some rows, or their targets."""
    return None if X is None else RawRows.of(X).take(rows).X
