"""How the model of one shard is trained, slice after slice."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_unlearn.utils.messages import FailingStep
from sklearn_unlearn.utils.tags import accepts


def random_states(estimator):
    """Names of an estimator's parameters ``random_state``, nested ones included."""
    return sorted(
        name
        for name in estimator.get_params()
        if name == "random_state" or name.endswith("__random_state")
    )


def weight_names(estimator, method="fit"):
    """Names by which an estimator takes weights of rows, none if it takes none.

    A pipeline takes them for each step whose ``fit`` does, not where a step makes other
    rows.
    """
    if accepts(getattr(estimator, method), "sample_weight"):
        return ["sample_weight"]
    if not isinstance(estimator, Pipeline) or method != "fit":
        return []
    if any(hasattr(step, "fit_resample") for _, step in estimator.steps):
        return []
    return [
        f"{name}__sample_weight"
        for name, step in estimator.steps
        if hasattr(step, "fit") and has_fit_parameter(step, "sample_weight")
    ]


def _unfitted_step(estimator):
    """The first step of a pipeline that is not fitted; None of anything else."""
    for name, step in estimator.steps if isinstance(estimator, Pipeline) else ():
        if hasattr(step, "fit"):
            try:
                check_is_fitted(step)
            except NotFittedError:
                return name
    return None


@dataclass(frozen=True, eq=False)
class Slice:
    """Rows that are trained on together.

    Attributes
    ----------
    X : array-like, DataFrame or sparse matrix
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
    weight : ndarray of shape (n_rows,) or None
        None if all are one.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Recipe:
    """How each shard is trained.

    Attributes
    ----------
    estimator : estimator
        Not fitted, of which models are clones.
    seed : int or None
        From which each shard has its own; None leaves those of the estimator.
    incremental : bool
        Whether slices are handed to ``partial_fit`` one by one; otherwise there is one,
        for ``fit``.
    """

    estimator: Any
    seed: int | None
    incremental: bool

    @property
    def method(self):
        """The name of what trains."""
        return "partial_fit" if self.incremental else "fit"

    @property
    def weighs(self):
        """Whether training takes weights."""
        return bool(weight_names(self.estimator, self.method))

    def trained(self, shard, classes, model, slices):
        """Models after each of these slices.

        Parameters
        ----------
        shard : int
        classes : ndarray of shape (n_classes,) or None
            Labels of the shard; None for a regressor.
        model : estimator or None
            After the slice before them, which is left as it is; None if no row came
            before.
        slices : list of Slice or None
            None where there is no row.

        Returns
        -------
        list of estimator or None
        """
        models = []
        for each in slices:
            if each is not None:
                model = self._after(shard, classes, model, each)
            models.append(model)
        return models

    def _after(self, shard, classes, model, rows):
        names = weight_names(self.estimator, self.method)
        keywords = {} if rows.weight is None else dict.fromkeys(names, rows.weight)
        if classes is not None and len(classes) == 1:
            # many classifiers refuse a single class; there is one answer
            return DummyClassifier(strategy="prior").fit(rows.X, rows.y)
        if not self.incremental:
            begun = self._begun(shard)
            with FailingStep(lambda: _unfitted_step(begun)):
                begun.fit(rows.X, rows.y, **keywords)
                return begun  # whatever its fit returns
        model = self._begun(shard) if model is None else copy.deepcopy(model)
        if accepts(model.partial_fit, "classes"):
            keywords["classes"] = classes
        model.partial_fit(rows.X, rows.y, **keywords)
        return model

    def _begun(self, shard):
        """A new model, with random numbers that are the shard's own."""
        model = clone(self.estimator)
        if self.seed is not None:
            names = random_states(model)
            sequence = np.random.SeedSequence([self.seed, shard])
            seeds = sequence.generate_state(len(names)) >> 1
            model.set_params(**dict(zip(names, seeds.tolist(), strict=True)))
        return model
