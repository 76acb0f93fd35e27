"""Sharded training (SISA): fit, requests and what all shards are asked."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import (
    Bunch,
    check_consistent_length,
    check_scalar,
    get_tags,
)
from sklearn.utils.parallel import Parallel, delayed

from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.ensemble._callbacks import ShardTasksMixin, with_callbacks
from sklearn_unlearn.ensemble._shards import Shards
from sklearn_unlearn.ensemble._training import Recipe, random_states, weight_names
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.row_models import Fitted, RawRowModel
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.narrowing import without_columns
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.row_hash import numbered
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.seeds import generator_of
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import check_names


class ShardedModel(
    ShardTasksMixin,
    MetaEstimatorMixin,
    RawRowModel,
    LearnedColumns,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """What sharded classifiers and regressors share."""

    estimator: Any
    n_shards: Any
    n_slices: Any
    n_jobs: Any
    random_state: Any
    verbose: Any

    @abstractmethod
    def __init__(
        self,
        estimator: Any,
        n_shards: Any,
        n_slices: Any,
        n_jobs: Any,
        random_state: Any,
        verbose: Any,
    ) -> None:
        self.estimator = estimator
        self.n_shards = n_shards
        self.n_slices = n_slices
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # Verbs --------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Train a model on each shard of the rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Of shape (n_samples, n_features), or whatever the estimator takes. Arrays
            and frames are kept by reference: do not change them afterwards. All else
            is copied.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Only if the estimator takes weights. Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows; several
            rows may have the same. They decide on the shard of each row instead of its
            values, so that all rows of an identifier are in one.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or the estimator refuses a shard.
        """
        with self._exclusive():
            self._fitted = self._fit_rows(X, y, sample_weight, row_ids)
        return self

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted vote of the models of all shards, without the rows, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the vote takes only those that remain.
            If False it is a pipeline whose first step drops the others.

        Returns
        -------
        VotingClassifier, VotingRegressor or Pipeline
            A BaggingRegressor for several targets.

        Raises
        ------
        UnlearningError
            If a vote of scikit-learn's does not hold the models.
        """
        fitted = self._checked()
        columns, forgotten = fitted.columns, fitted.forgotten
        models = [model for model in fitted.model.final if model is not None]
        vote = self._vote(fitted, models)
        vote.estimators_ = copy.deepcopy(models)
        if hasattr(vote, "estimators"):
            named = {f"shard_{n}": model for n, model in enumerate(vote.estimators_)}
            vote.estimators = [(name, clone(each)) for name, each in named.items()]
            vote.named_estimators_ = Bunch(**named)
        if columns is not None and columns.names is not None:
            vote.feature_names_in_ = columns.names[~forgotten].copy()
        return self._dropping(fitted, vote, drop_forgotten)

    # Reading ------------------------------------------------------------------------

    @property
    def estimators_(self) -> Any:
        """The model of each shard; None of a shard without rows."""
        return self._learned.model.final

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        estimator = self._base()
        if hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type):
            inner = get_tags(estimator)
            tags.input_tags = inner.input_tags
            # the defaults take sparse rows, which scikit-learn 1.6 does not say
            tags.input_tags.sparse |= self.estimator is None
            tags.target_tags = inner.target_tags
            tags.target_tags.required = True
            self._adapt(tags, inner)
        promised = UnlearningTags.of(self, exact=True, row_ids=True)
        return UnlearnerTags.extending(tags, promised)

    @property
    def _trains_with_weights(self):
        """Whether the estimator of the shards does."""
        sliced = isinstance(self.n_slices, Integral) and int(self.n_slices) > 1
        method = "partial_fit" if sliced else "fit"
        estimator = self._base()
        return hasattr(estimator, method) and bool(weight_names(estimator, method))

    def _predictions(self, fitted, X, method):
        """What each model says of these rows, with the model."""
        X = self._of_columns(fitted, X)
        return [
            (model, getattr(model, method)(own_copy(X)))
            for model in fitted.model.final
            if model is not None
        ]

    # Hooks --------------------------------------------------------------------------

    @abstractmethod
    def _base(self):
        """The estimator that shards are trained with, or its default."""

    @abstractmethod
    def _adapt(self, tags, inner):
        """Complete the tags by those of the estimator."""

    @abstractmethod
    def _vote(self, fitted, models):
        """What votes as the models do, without them."""

    @abstractmethod
    def _encoding(self, y, weight):
        """How targets are encoded, those of weight zero left out."""

    def _left(self, encoding, retained):
        """Encoding and rows, without classes of which no row is left."""
        return encoding, retained

    def _models_inside(self):
        return [each for each in self._checked().model.final if each is not None]

    def _order_counts(self):
        return True  # most estimators look at it

    def _way(self):
        return "exact, shards trained again", "rows", "a fit of some shards"

    # Training -----------------------------------------------------------------------

    def _fit_rows(self, X, y, sample_weight, row_ids):
        untrained = self._read_rows_at_fit(X, y, sample_weight, row_ids)
        model, encoding = untrained.model, untrained.encoding
        everywhere = dict.fromkeys(range(self.n_shards), 0)
        model = self._trained(model, encoding, everywhere, "fit")
        return replace(untrained, model=model)

    def _read_rows_at_fit(self, X, y, sample_weight, row_ids):
        """The fitted value of shards that are not trained yet."""
        estimator = self._checked_base()
        if y is None and get_tags(self).target_tags.required:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        raw = RawRows.of(X).at_fit()
        if not raw.shape[0]:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of "
                "1 is required."
            )
        check_consistent_length(raw.X, y)
        columns = check_names(self, X) if len(raw.shape) == 2 else None
        self._check_finite(raw.X)
        encoding = self._encoding(y, sample_weight)
        encoded = self._read_targets(encoding, y, raw.shape[0])
        estimator, seed, hashed = clone(estimator), self.random_state, RowHash()
        if seed is not None:
            seed = int(generator_of(seed).randint(np.iinfo(np.int32).max))
            hashed = RowHash(seed.to_bytes(4, "big"))
        if self.n_shards == 1 and isinstance(self.random_state, Integral):
            states = dict.fromkeys(random_states(estimator), self.random_state)
            estimator.set_params(**states)  # those of a plain fit
            seed = None
        in_order = self.n_shards * self.n_slices == 1
        keys = numbered(raw.shape[0]) if in_order else hashed
        retained = self._retained_of(
            raw, encoded, sample_weight, row_ids, keys, numbered=in_order
        )
        encoding, retained = self._left(encoding, retained)
        forgotten = None
        if columns is not None:
            forgotten = np.zeros(columns.n_features, dtype=bool)
        recipe = Recipe(estimator, seed, self.n_slices > 1)
        untrained = ((None,) * self.n_slices,) * self.n_shards
        unknown = (None,) * self.n_shards
        model = Shards(retained, forgotten, hashed, recipe, untrained, unknown)
        return Fitted(model, encoding, columns)

    def _carried(self, fitted, request):
        model = fitted.model
        first = model.touched_by(model.changing(request))
        if not first:  # no weight leaves or comes, or what comes is what left
            return fitted
        retained = edited_rows(model, request)
        if not any(block.weight.any() for block in retained.blocks()):
            raise InsufficientWeightError("The request would leave no row to train on.")
        encoding, retained = self._left(fitted.encoding, retained)
        model = replace(model, retained=retained)
        model = self._trained(model, encoding, first, "retrain")
        return replace(fitted, model=model, encoding=encoding)

    def _with_rows_edited(self, fitted, request):
        retained = edited_rows(fitted.model, request)
        if not retained.alive.size:
            raise InsufficientWeightError("The request would leave no row to train on.")
        encoding, retained = self._left(fitted.encoding, retained)
        fitted = replace(fitted, encoding=encoding)
        return self._with_retained(fitted, retained)  # all shards are trained next

    def _without_columns(self, fitted, mask):
        model = fitted.model
        keys = None if model.in_order else model.hashed
        retained, inputs = self._narrowed(fitted, mask, keys)
        estimator = without_columns(model.recipe.estimator, inputs)
        recipe = replace(model.recipe, estimator=estimator)
        forgotten = mask | model.forgotten
        model = replace(model, retained=retained, forgotten=forgotten, recipe=recipe)
        everywhere = dict.fromkeys(range(len(model.models)), 0)
        model = self._trained(model, fitted.encoding, everywhere, "retrain")
        return replace(fitted, model=model)

    def _new_keys(self, fitted, origin, ids, before=None):
        if not fitted.model.in_order:
            return super()._new_keys(fitted, origin, ids)
        if before is not None:
            return before
        last = max(block.X[:, 1].max() for block in fitted.model.retained.blocks())
        return numbered(origin.shape[0], last + 1.0)

    @with_callbacks
    def _trained(self, model, encoding, first, task):
        """The models with those trained again that begin at these slices."""
        jobs = model.jobs(first, encoding)
        parallel = Parallel(
            n_jobs=self.n_jobs, verbose=self.verbose, return_as="generator"
        )
        results = parallel(
            delayed(model.recipe.trained)(job.shard, job.classes, job.model, job.slices)
            for job in jobs
        )
        after = self._tell_of(results, task, [job.shard for job in jobs])
        models, classes = list(model.models), list(model.classes)
        with fitting(len(jobs)):
            for job, trained in zip(jobs, after, strict=True):
                models[job.shard] = (*models[job.shard][: job.first], *trained)
                classes[job.shard] = job.classes
        return replace(model, models=tuple(models), classes=tuple(classes))

    def _checked_base(self):
        """The estimator, not cloned; parameters are checked."""
        for name in ("n_shards", "n_slices"):
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        estimator = self._base()
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise TypeError(
                f"estimator must be a scikit-learn estimator; got {estimator!r}."
            )
        kind = get_tags(self).estimator_type
        if get_tags(estimator).estimator_type != kind:
            raise ValueError(
                f"estimator must be a {kind}; {type(estimator).__name__} is none."
            )
        if self.n_slices > 1 and not hasattr(estimator, "partial_fit"):
            raise ValueError(
                f"n_slices={self.n_slices} needs an estimator with partial_fit, which "
                f"{type(estimator).__name__} has not: one that cannot go on from a "
                "checkpoint gains nothing from slices."
            )
        if get_tags(estimator).input_tags.pairwise:
            raise ValueError(
                f"{type(estimator).__name__} takes distances between rows, which "
                "cannot be told apart by shard."
            )
        return estimator


def own_copy(X):
    """Rows in one layout, on which sums may depend, that may be written to."""
    return X.copy(order="C") if isinstance(X, np.ndarray) else protected(X)
