"""The unlearnable counterpart of a scikit-learn estimator, whatever it is made of."""

from __future__ import annotations

from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.pipeline._door import taken_over
from sklearn_unlearn.pipeline._like import (
    fitted_like,
    no_counterpart,
    transformer_like,
    unknown_draw,
)
from sklearn_unlearn.pipeline._meta_estimators import (
    innermost,
    of_targets,
    opened,
    why_not,
)
from sklearn_unlearn.pipeline._one_estimator import one_estimator
from sklearn_unlearn.transformers import check_step_fitted, foreign
from sklearn_unlearn.utils.discovery import counterpart
from sklearn_unlearn.utils.from_sklearn import instead_of
from sklearn_unlearn.utils.messages import kind_of, mismatch_of_step, refusing, warn
from sklearn_unlearn.utils.steps import hook

#: What is taken over around the models in it.
_AROUND = (
    FixedThresholdClassifier,
    TransformedTargetRegressor,
    VotingClassifier,
    VotingRegressor,
)


class PipelineAdoption:
    """Adds ``from_sklearn`` to a pipeline that unlearns."""

    _keep: Any
    _weighted: frozenset[str]
    _cross_fitted: frozenset[str]

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        on_stateful: str = "refit",
        **params: Any,
    ) -> Any:
        """A pipeline that was fitted elsewhere, taken over so that it unlearns.

        What transformers know is computed from X, in the time of their ``fit``; the
        last step is taken over by its own ``from_sklearn``. A ``memory`` is not taken
        over.

        Parameters
        ----------
        fitted : sklearn.pipeline.Pipeline
            Fitted; it is not changed. A `TransformedTargetRegressor` with functions, a
            `FixedThresholdClassifier`, and a `VotingClassifier` or `VotingRegressor`
            are taken over as well, by themselves or, around one model, as a last step.
        X : array-like, DataFrame, sparse matrix or list of str
            The raw data that it was fitted on: a `DataMismatchWarning` says where a
            step knows something else.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the last step was fitted with, and all transformers that take weights
            or none.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        on_stateful : {"refit", "raise", "freeze"}, default="refit"
            What to do about a transformer that learned from rows and has no
            counterpart that unlearns. "refit" takes it over as it is and fits it again
            at each request, with ``retain_data=True`` alone; it is fitted once more
            here, to say where X and y do not give what it is. One that stays
            ("freeze") and has a ``fit_transform`` of its own is fitted once more, to
            know what it gave the steps behind it.
        **params : dict
            For the ``from_sklearn`` of the last step, ``retain_data`` for instance.

        Returns
        -------
        UnlearnablePipeline
            Or an estimator around models like the one that was given, whose models
            unlearn: the functions ``partial_unfit`` and so on reach them.

        Raises
        ------
        UnlearningError
            If a transformer has no counterpart and cannot be fitted again.
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
        given = {"sample_weight": sample_weight, "row_ids": row_ids}
        given = {name: value for name, value in given.items() if value is not None}
        try:
            return cls._by_counterparts(
                fitted, X, y, **given, on_stateful=on_stateful, **params
            )
        except NotFittedError:
            raise
        except (TypeError, ValueError) as error:
            if on_stateful != "refit" or params.keys() - {"retain_data"}:
                raise
            try:
                return taken_over(
                    cls,
                    one_estimator(fitted),
                    X,
                    y,
                    given,
                    retain_data=params.get("retain_data", True),
                    on_stateful=on_stateful,
                )
            except (TypeError, ValueError):
                raise error from None

    @classmethod
    @refusing()
    def _by_counterparts(
        cls,
        fitted,
        X,
        y=None,
        sample_weight=None,
        *,
        row_ids=None,
        on_stateful="refit",
        **params,
    ):
        """The same by counterparts of all models, or refused."""
        if not isinstance(fitted, (Pipeline, *_AROUND)):
            raise TypeError(
                f"{cls.__name__}.from_sklearn takes a fitted Pipeline; got "
                f"{type(fitted).__name__}.{instead_of(fitted)}"
            )
        check_is_fitted(fitted)
        drawn: list[str] = []
        taken = sample_weight, row_ids, on_stateful, params, drawn
        return cls._any_taken_over(fitted, type(fitted).__name__, X, y, *taken)

    @classmethod
    def _any_taken_over(
        cls, fitted, name, X, y, sample_weight, row_ids, on_stateful, params, drawn
    ):
        """A pipeline, an estimator around models, or a model, taken over.

        Parameters
        ----------
        fitted : estimator
        name : str
            Of the step, for messages.
        X, y, sample_weight, row_ids, on_stateful, params : as for ``from_sklearn``
        drawn : list of str
            Steps before it that have drawn at random what they gave at fit.
        """
        taken = sample_weight, row_ids, on_stateful, params, drawn
        if isinstance(fitted, Pipeline):
            return cls._taken_over(fitted, X, y, *taken)
        if isinstance(fitted, _AROUND):
            wrapper = opened(fitted)
            if wrapper is None:
                raise UnlearningError(why_not(fitted, "from_sklearn"))
            made = [] if wrapper.targets is None else [wrapper.targets]
            targets = of_targets(y, made)
            return wrapper.with_models(
                [
                    cls._any_taken_over(model, name, X, targets, *taken)
                    for model in wrapper.models
                ]
            )
        keywords = {"sample_weight": sample_weight, "row_ids": row_ids}
        keywords = {key: value for key, value in keywords.items() if value is not None}
        return _take_over(fitted, name, drawn)(fitted, X, y, **keywords, **params)

    @classmethod
    def _taken_over(
        cls, fitted, X, y, sample_weight, row_ids, on_stateful, params, drawn
    ):
        """A pipeline taken over."""
        check_is_fitted(fitted)

        def nested(steps):
            pipeline: Any = cls
            return pipeline(steps, on_stateful=on_stateful)

        *theirs, (name, last) = fitted.steps
        for each, step in theirs:
            if hasattr(step, "fit_resample"):
                raise UnlearningError(
                    f"Step {each!r}, {kind_of(step)}, makes other rows of the training "
                    "rows, and what a row that leaves gave to these is not known. Fit "
                    "a ShardedClassifier with this pipeline as its estimator: it "
                    "trains again what saw the row."
                )
            check_step_fitted(each, step)
        front = [
            (each, transformer_like(step, each, on_stateful, nested))
            for each, step in theirs
        ]
        Z = X
        weighted: frozenset[str] = frozenset()
        cross_fitted: frozenset[str] = frozenset()
        if front:
            ours, Z = fitted_like(
                Pipeline(theirs), nested(front), X, y, sample_weight, drawn
            )
            front, weighted = ours.steps, ours._weighted
            cross_fitted = ours._cross_fitted
        wrapper = opened(last) if isinstance(last, _AROUND) else None
        if wrapper is not None and len(wrapper.models) > 1:
            raise UnlearningError(why_not(last, "from_sklearn"))
        taken = sample_weight, row_ids, on_stateful, params, drawn
        with mismatch_of_step(name):
            last = cls._any_taken_over(last, name, Z, y, *taken)
        model = nested([*front, (name, last)])
        model.verbose = fitted.verbose
        weights = [f"{each}__sample_weight" for each in (*weighted, name)]
        model._keep(X, y, dict.fromkeys(weights, sample_weight))
        model._cross_fitted = cross_fitted
        if on_stateful == "refit" and not hook(innermost(model), "_retains_rows")():
            for each, step in front:
                for part, one in foreign(each, step).items():
                    raise no_counterpart(part, one)
        return model


def _class_for(estimator, name):
    """The class that can take an estimator over.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = counterpart(estimator)
    if not hasattr(found, "from_sklearn"):
        raise TypeError(
            f"Step {name!r}, {kind_of(estimator)}, has no counterpart in "
            f"sklearn_unlearn.{instead_of(estimator)}"
        )
    return found


def _take_over(last, name, drawn):
    """What takes the last step over, behind steps that have drawn at random.

    Raises
    ------
    UnlearningError
        If nothing can take it over as it is.
    """
    cls = _class_for(last, name)
    if not drawn or cls._adopts_unseen:
        return cls.from_sklearn
    if hasattr(cls, "_as_it_is"):
        warn(
            f"What step {drawn[0]!r} made of its training rows was drawn at random, "
            f"and has been drawn again. Step {name!r} is taken over as it is; with "
            "retained data the first request leads to what the new draw determines.",
            DataMismatchWarning,
        )
        return cls._as_it_is
    raise unknown_draw(drawn, name)
