"""The pipeline: what it is given, answers and can be asked."""

from __future__ import annotations

import copy
from functools import wraps
from typing import Any, Self

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.base import Request
from sklearn_unlearn.pipeline._blocks import inputs
from sklearn_unlearn.pipeline._fitting import PipelineFitting
from sklearn_unlearn.pipeline._from_sklearn import PipelineAdoption
from sklearn_unlearn.pipeline._last_step import AND_EXPORTED, LastStepMixin
from sklearn_unlearn.pipeline._meta_estimators import (
    exported_last,
    of_targets,
)
from sklearn_unlearn.pipeline._steps import (
    check_as_at_fit,
    outputs,
    regroup_steps,
)
from sklearn_unlearn.transformers import (
    exported,
    is_nothing,
    say_remembered,
    unfitted_twin,
)
from sklearn_unlearn.utils.notes import Answering
from sklearn_unlearn.utils.sharing import once, sharing

#: What the last step answers, of what the others make of the rows.
_OF_THE_LAST = ("predict", "predict_proba", "decision_function", "score")
#: What is said of methods that are scikit-learn's.
_AS_IN_A_PIPELINE = """``{name}`` as in scikit-learn, by one version of all steps.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Raw input, or outputs to be inverted.
        **params : dict
            As in scikit-learn.

        Returns
        -------
        object
            What the last step answers.
        """


def _of_one_version(name):
    """A method of `Pipeline` that sees the steps of one version throughout."""

    def has(pipeline):
        return hasattr(super(UnlearnablePipeline, pipeline), name)

    @wraps(getattr(Pipeline, name))
    def method(self, X, *arguments, **keywords):
        version = self._version()
        if sharing() and not (arguments[1:] or keywords) and name in _OF_THE_LAST:
            *front, (_, last) = version.steps
            steps = [step for _, step in front]
            made = once(lambda: outputs(front, X), [*steps, X], "outputs")
            return getattr(last, name)(made, *arguments)
        steady = super(UnlearnablePipeline, version)
        return getattr(steady, name)(self._safe(X), *arguments, **keywords)

    method.__doc__ = _AS_IN_A_PIPELINE.format(name=name)
    return available_if(has)(method)


class UnlearnablePipeline(PipelineAdoption, LastStepMixin, PipelineFitting, Pipeline):
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
        Requests do not reach what is cached there, values of all rows among it: clear
        it, or use none.
    verbose : bool, default=False
    on_stateful : {"refit", "raise", "freeze"}, default="refit"
        What a request does about a transformer that learned from rows and cannot
        unlearn: fit it again to what remains, which takes ``retain_data=True`` in the
        last step; refuse, as is also done where no data are retained; or leave in it
        what it knows, which requests and exports warn of.

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

    _remembered: Any
    _schema: Any
    _n_columns: Any

    def __init__(
        self,
        steps: Any,
        *,
        transform_input: Any = None,
        memory: Any = None,
        verbose: bool = False,
        on_stateful: str = "refit",
    ) -> None:
        super().__init__(
            steps, transform_input=transform_input, memory=memory, verbose=verbose
        )
        self.on_stateful = on_stateful

    # Verbs ----------------------------------------------------------------------------

    @available_if(lambda self: self._last_has("refine"))
    def refine(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Self:
        """Remove what a closed-form step left in the last step.

        What the other steps know is exact already.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, list of str or DataBlocks, optional
            All raw training data that remain, corrected. With retained data they are
            known, and X and y need not be given.
        y : array-like of shape (n_remaining,) or (n_remaining, n_targets), optional
        sample_weight : array-like of shape (n_remaining,) or float, optional

        Returns
        -------
        self : object

        Raises
        ------
        DataMismatchError
            If these are not the rows of the model.
        """
        with self._exclusive(), Answering() as answering:
            fitted = self._checked()
            (*front, (name, last)), marks, made = self._flat()
            check_as_at_fit(front, marks, X)
            X, y = inputs(front, X), of_targets(y, made, X)
            last = copy.copy(last).refine(X, y, sample_weight)
            steps = regroup_steps(self.steps, [*front, (name, last)])
            after = fitted._replace(steps=steps, lately=())
            self._put(answering, [Request()], fitted, after)
        return self

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn pipeline, which cannot unlearn, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            As for the first step.

        Returns
        -------
        sklearn.pipeline.Pipeline
        """
        self._check_fitted()
        version = self._version()
        say_remembered(version._remembered, AND_EXPORTED)
        return version._exported(drop_forgotten)

    def _exported(self, drop_forgotten=False):
        *front, (last, model) = self.steps
        plain = []
        for name, step in front:
            plain.append((name, exported(step, drop_forgotten=drop_forgotten)))
            # what steps before it no longer give it, the next has forgotten
            drop_forgotten |= not is_nothing(step)
        model = exported_last(model, drop_forgotten=drop_forgotten)
        return self._plain([*plain, (last, model)])

    def _unfitted_twin(self):
        return self._plain([(name, unfitted_twin(step)) for name, step in self.steps])

    def _plain(self, steps):
        """scikit-learn's pipeline of some steps, which else is like this one."""
        return Pipeline(
            steps,
            transform_input=self.transform_input,
            memory=self.memory,
            verbose=self.verbose,
        )

    # Reading --------------------------------------------------------------------------

    @property
    def n_features_in_(self) -> Any:
        """Number of columns of the raw input."""
        return self._first_step.n_features_in_

    @property
    def feature_names_in_(self) -> Any:
        """Names of the columns of the raw input, if they were all strings."""
        return self._first_step.feature_names_in_

    @property
    def _first_step(self):
        steps = [step for _, step in self.steps if not is_nothing(step)]
        return steps[0] if steps else None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        last = self.steps[-1][1] if self.steps else None
        if hasattr(last, "__sklearn_tags__"):
            # scikit-learn's pipeline says only some of what targets must be
            tags.target_tags = get_tags(last).target_tags
        return tags

    def __getitem__(self, ind: Any) -> Any:
        part = super().__getitem__(ind)
        if isinstance(ind, slice):
            part.on_stateful = self.on_stateful
            for name in ("_weighted", "_cross_fitted", "_remembered"):
                if hasattr(self, name):
                    setattr(part, name, getattr(self, name))
            if hasattr(self, "_schema"):
                part._schema = None if ind.start else self._schema
                part._n_columns = None if ind.start else self._n_columns
        return part

    predict = _of_one_version("predict")
    predict_proba = _of_one_version("predict_proba")
    predict_log_proba = _of_one_version("predict_log_proba")
    decision_function = _of_one_version("decision_function")
    score = _of_one_version("score")
    transform = _of_one_version("transform")
    inverse_transform = _of_one_version("inverse_transform")


def make_unlearnable_pipeline(
    *steps: Any,
    transform_input: Any = None,
    memory: Any = None,
    verbose: Any = False,
    on_stateful: Any = "refit",
) -> UnlearnablePipeline:
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
