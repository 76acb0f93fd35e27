"""Bags of models, each of some rows and columns: the base of both kinds."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingRegressor
from sklearn.utils import Bunch, check_scalar, get_tags

from sklearn_unlearn.ensemble._draws import Draws
from sklearn_unlearn.folds import FoldedFit, FoldedModel, Members
from sklearn_unlearn.transformers import exported
from sklearn_unlearn.utils.narrowing import without_columns
from sklearn_unlearn.utils.seeds import generator_of
from sklearn_unlearn.utils.tags import UnlearnerTags, accepts, takes_weights
from sklearn_unlearn.utils.twin_parameters import other_objective


class Bagging(FoldedModel, BaseEstimator):
    """What bags of classifiers and of regressors share."""

    _default: Any
    _accepted: ClassVar[dict[str, tuple[tuple | None, str]]] = {
        "max_features": ((1.0,), "all models get all columns."),
        "bootstrap_features": ((False,), "all models get all columns."),
        "oob_score": ((False,), "scores of rows that were not drawn are not kept."),
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: Any = 10,
        *,
        max_samples: Any = 1.0,
        bootstrap: Any = True,
        n_jobs: Any = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Draw the rows of each bag, and fit a model to each.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Kept by reference: do not change it afterwards.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,) or float, optional
            For the ``fit`` of the models, if it takes weights. Draws do not depend on
            it.
        row_ids : array-like of shape (n_samples,), optional
            Identifiers, by which requests can name rows. What is drawn of a row then
            follows from its identifier instead of its values.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or a bag has no row.
        """
        with self._exclusive():
            draws = self._draws()
            if sample_weight is not None and not self._trains_with_weights:
                raise TypeError(
                    f"sample_weight: {type(self._inside()).__name__}.fit takes none."
                )
            rows, columns = self._read_folds(
                X, y, sample_weight, row_ids, lambda X, y: [([], [])] * draws.n_bags
            )
            if columns is not None and not columns.n_features:
                raise ValueError(
                    f"Found array with 0 feature(s) (shape={np.shape(X)}) while a "
                    "minimum of 1 is required."
                )
            rng = generator_of(draws.seed)
            specs = tuple(_seeded(self._inside(), rng) for _ in range(draws.n_bags))
            rows, members = self._drawn(rows, draws, specs)
            self._fitted = FoldedFit(rows, columns, members, draws)
        return self

    # Hooks ----------------------------------------------------------------------------

    def _inside(self):
        return self._default() if self.estimator is None else self.estimator

    @property
    def _trains_with_weights(self):
        return accepts(self._inside().fit, "sample_weight")

    def _draws(self):
        other = other_objective(type(self), vars(self))
        if other is not None:
            raise ValueError(f"{type(self).__name__} was given {other}")
        check_scalar(self.n_estimators, "n_estimators", Integral, min_val=1)
        share: Any = check_scalar(self.max_samples, "max_samples", Real, min_val=0.0)
        if not 0.0 < share <= 1.0:
            raise ValueError(
                f"max_samples must be above 0 and at most 1, a share of the rows; got "
                f"{self.max_samples!r}."
            )
        seed = int(generator_of(self.random_state).randint(2**31))
        return Draws(seed, int(self.n_estimators), float(share), bool(self.bootstrap))

    def _drawn(self, rows, draws, specs):
        """Rows in their bags, and models fitted to these."""
        (chunk,) = rows.retained.chunks
        counts = draws.of(chunk.origin, chunk.ids)
        empty = np.flatnonzero(counts.sum(axis=0) == 0.0)
        if empty.size:
            raise ValueError(
                f"n_samples={counts.shape[0]} are so few that bag {empty[0]} has no "
                "row: take fewer estimators or a larger max_samples."
            )
        numbers = chunk.rows.X[:, 0]
        keys = np.column_stack([numbers, counts, np.zeros_like(counts)])
        chunk = replace(chunk, rows=replace(chunk.rows, X=keys))
        rows = replace(rows, retained=replace(rows.retained, chunks=(chunk,)))
        cells = [(number, number) for number in range(draws.n_bags)]
        members = Members(specs, {}).with_fits(cells, rows.living(), self.n_jobs)
        _check_fitted(members)
        return rows, members

    def _without_columns(self, fitted, mask):
        rows = fitted.model
        if rows.retained.has_ids or not np.any(mask & ~rows.forgotten):
            return super()._without_columns(fitted, mask)
        # draws follow from values, which are others then
        retained, inputs = self._narrowed(fitted, mask)
        specs = tuple(without_columns(spec, inputs) for spec in fitted.members.specs)
        rows = replace(rows, retained=retained, forgotten=mask | rows.forgotten)
        rows, members = self._drawn(rows, fitted.outcome, specs)
        return replace(fitted, model=rows, members=members)

    def _keeps_places_of_one(self):
        return False  # which models have a row follows from the row

    def _new_keys(self, fitted, origin, ids, before=None):
        counts = fitted.outcome.of(origin, ids)
        if before is None:
            blocks = fitted.model.retained.blocks()
            first = 1.0 + max(block.X[:, 0].max() for block in blocks)
            numbers = first + np.arange(counts.shape[0])
        else:
            numbers = before[:, 0]
        return np.column_stack([numbers, counts, np.zeros_like(counts)])

    def _concluded(self, fitted, before, moved, living, change):
        _check_fitted(fitted.members)
        return fitted

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted vote of the models of all bags, without the rows, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether it takes only those that remain. If
            False it is a pipeline whose first step drops the others.

        Returns
        -------
        VotingClassifier, VotingRegressor or Pipeline
            Scikit-learn's bags would draw the rows otherwise when they are asked for
            ``estimators_samples_``.

        Raises
        ------
        UnlearningError
            If a vote of scikit-learn's does not hold the models.
        """
        fitted = self._checked()
        members = fitted.members.fitted.values()
        models = [exported(one.estimator, drop_forgotten=True) for one in members]
        vote, models = self._vote(fitted, models)
        named = {f"bag_{number}": model for number, model in enumerate(models)}
        vote.estimators_, vote.named_estimators_ = models, Bunch(**named)
        vote.estimators = [(name, clone(each)) for name, each in named.items()]
        if hasattr(models[0], "feature_names_in_"):
            vote.feature_names_in_ = models[0].feature_names_in_
        return self._dropping(fitted, vote, drop_forgotten)

    def _vote(self, fitted, models):
        """scikit-learn's vote, without models, and the models as it asks them."""
        return VotingRegressor([], n_jobs=self.n_jobs), models

    # Reading --------------------------------------------------------------------------

    @property
    def estimators_(self) -> Any:
        """The models, bag after bag."""
        fitted = self._learned.members.fitted
        return [fitted[number, number].estimator for number in range(len(fitted))]

    @property
    def estimators_samples_(self) -> Any:
        """The rows of each bag, by their numbers among those that are left."""
        living = self._learned.model.living()
        n_bags = living.rows.n_splits
        counts = living.keys[:, 1 : 1 + n_bags].astype(np.intp)
        return [np.repeat(np.arange(each.size), each) for each in counts.T]

    def _answers(self, name, X):
        """The classes of all models, and what each of them answers."""
        fitted = self._checked()
        X = self._shown(fitted, X)
        models = [member.estimator for member in fitted.members.fitted.values()]
        return fitted, models, [getattr(model, name)(X) for model in models]

    def __sklearn_tags__(self):
        parent: Any = super()
        tags = parent.__sklearn_tags__()
        if hasattr(self._inside(), "fit"):  # else fit refuses it
            tags.input_tags = get_tags(self._inside()).input_tags
        tags.target_tags.required = True
        tags.target_tags.multi_output = False
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        promised = self._worth_of([self._inside()])
        promised.sample_weight = takes_weights(self)
        return UnlearnerTags.extending(tags, promised)


def _seeded(estimator, rng):
    """A clone of an estimator with a seed of its own, wherever it takes one."""
    estimator = clone(estimator)
    names = [
        name
        for name in sorted(estimator.get_params())
        if name == "random_state" or name.endswith("__random_state")
    ]
    return estimator.set_params(**{name: int(rng.randint(2**31)) for name in names})


def _check_fitted(members):
    """Raise what the fit of a bag has raised."""
    for member in members.fitted.values():
        if member.error is not None:
            raise member.error
