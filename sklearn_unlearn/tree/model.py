"""Models of trees: fit, requests, export and what all of them are asked."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.parallel import Parallel, delayed

from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.core.trees.forest import fit_trees
from sklearn_unlearn.core.trees.rules import Criterion, Rules
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.row_models import Fitted, RawRowModel
from sklearn_unlearn.tree.final import FinalTrees, Inputs, check_single, no_keys
from sklearn_unlearn.tree.moving import Movement
from sklearn_unlearn.tree.parameters import (
    check_parameters,
    n_features_tried,
    n_rows_of,
)
from sklearn_unlearn.tree.scales import Scales
from sklearn_unlearn.tree.state import (
    Coming,
    Trees,
    importances,
    remaining_targets,
    renamed_rows,
    singles,
)
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.rows import columns_of
from sklearn_unlearn.utils.seeds import generator_of
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    check_remaining_rows,
    check_sample_weight,
    check_training_data,
)

#: Share of the rows from which on growing all trees anew costs less than to edit them.
_LARGE_REQUEST = 0.05
#: Depth of a tree whose depth nothing bounds.
_ANY_DEPTH = np.iinfo(np.int32).max


class TreeModel(
    FinalTrees, RawRowModel, LearnedColumns, BaseEstimator, metaclass=ABCMeta
):
    """What classifiers and regressors of one or many trees share.

    A subclass gives the constructor and the hooks `_encoding`, `_left`, `_n_trees` and
    `_share`.
    """

    #: Names of criteria, and what they are here.
    _criteria: ClassVar[dict[str, Criterion]] = {}
    #: Parameters of the twin that have one value here, with the reason.
    _fixed: ClassVar[dict[str, tuple[object, str]]] = {
        "max_leaf_nodes": (None, "Which leaf is split last depends on all others."),
        "min_impurity_decrease": (0.0, "It weighs a node by its share of all rows."),
        "ccp_alpha": (0.0, "Pruning a node depends on all others."),
        "monotonic_cst": (None, "Trees have no constraints here."),
    }

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Grow trees on the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Kept by the model, as is y; a float array by reference: do not change it
            afterwards. Values are compared in single precision, as by the twin.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Several targets for regression alone.
        sample_weight : array-like of shape (n_samples,) or float, optional
            Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows; several
            rows may have the same. What is drawn of a row then follows from its
            identifier instead of its values, so that a corrected row stays in its
            trees; where others have the same, from both.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        with self._exclusive():
            self._check_parameters()
            X, y, columns = check_training_data(self, X, y, **self._target_checks)
            check_single(X)
            params = self.get_params(deep=False)
            encoding = self._encoding(y, sample_weight)
            raw, inputs = self.__dict__.pop("_raw_rows", None), None
            if raw is not None:
                inputs = singles(X[check_sample_weight(sample_weight, X.shape[0]) > 0])
            retained = self._retained_of(
                RawRows.of(X) if raw is None else raw,
                encoding.read(y),
                sample_weight,
                row_ids,
                no_keys(X),
            )
            encoding, retained = self._left(encoding, retained)
            forgotten = np.zeros(columns.n_features, dtype=bool)
            seed = int(generator_of(self.random_state).randint(2**31))
            model = self._grown(retained, forgotten, seed, encoding, inputs)
            self._fitted = Fitted(model, encoding, columns, params)
        return self

    def apply(self, X: Any) -> Any:
        """The leaf of each row in each tree.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of int of shape (n_samples, n_trees)
            -1 in a tree without rows. Nodes are numbered parents first, left before
            right.
        """
        fitted = self._checked()
        columns = self._read_single(fitted, X)
        trees = fitted.model.trees
        leaves = np.full((columns.shape[1], len(trees)), -1, dtype=np.intp)
        for number, tree in enumerate(trees):
            if tree.feature.size:
                leaves[:, number] = tree.leaves(columns)
        return leaves

    def __sklearn_tags__(self):
        promised = UnlearningTags.of(self, exact=True, row_ids=True)
        # what is drawn is a row, whatever it weighs
        promised.weight_repeats = self._draws_no_rows()
        tags = UnlearnerTags.extending(super().__sklearn_tags__(), promised)
        known = self._tree_class().get_params(deep=False).keys()
        params = self.get_params(deep=False)
        twin = self._tree_class(**{k: v for k, v in params.items() if k in known})
        try:
            allow_nan = get_tags(twin).input_tags.allow_nan
        except (TypeError, ValueError):  # of parameters that fit refuses
            allow_nan = False
        tags.input_tags.allow_nan = allow_nan
        return tags

    # Hooks ----------------------------------------------------------------------------

    #: Keyword arguments with which targets are validated at fit.
    _target_checks: ClassVar[dict[str, object]] = {}

    @abstractmethod
    def _encoding(self, y, weight):
        """How targets are encoded, those of weight zero left out."""

    @abstractmethod
    def _left(self, encoding, retained, fewest=1):
        """Encoding and rows, without classes of which no row is left.

        Raises
        ------
        EmptyClassError
            If that leaves fewer classes than ``fewest``.
        """

    @abstractmethod
    def _node_values(self, fitted, tree):
        """What each node predicts; shape (n_nodes, n_values)."""

    def _n_trees(self):
        """How many trees are grown."""
        return 1

    def _share(self, n_rows):
        """Probability with which a row is in a tree."""
        return 1.0

    def _draws_no_rows(self):
        """Whether trees have all rows, and look at the values of all of them."""
        return False

    def _n_candidates(self, n_rows):
        """Rows of a node whose values may become its threshold."""
        return n_rows

    def _way(self):
        return "exact, nodes evaluated again", "rows, trees", "the nodes of its rows"

    # Requests -------------------------------------------------------------------------

    def _check_finite(self, X):
        floats = isinstance(X, np.ndarray) and X.dtype.kind == "f"
        if not floats or not np.all(np.isfinite(X)):
            super()._check_finite(X)  # asks tags, which takes longer than to look
        if floats:
            check_single(X)

    def _new_keys(self, fitted, origin, ids, before=None):
        return no_keys(origin)

    def _at_fit(self, fitted):
        """The estimator with the parameters that it had at fit."""
        then = copy.copy(self)
        then.__dict__.update(fitted.params)
        return then

    def _without_columns(self, fitted, mask):
        before, before_rows = fitted.model.forgotten, fitted.model.retained.compacted()
        mask = mask | before
        chunk = before_rows.chunks[0]
        kept = np.flatnonzero(~mask[~before])
        rows = RawRows(columns_of(chunk.origin.X, kept))
        weight, y = chunk.rows.weight, chunk.rows.y
        retained = self._retained_of(rows, y, weight, chunk.ids, no_keys(y), again=True)
        retained = retained.following(before_rows)
        seed = fitted.model.rules.seed
        model = self._at_fit(fitted)._grown(retained, mask, seed, fitted.encoding)
        return replace(fitted, model=model)

    def _with_rows_edited(self, fitted, request):
        retained = edited_rows(fitted.model, request)
        if not retained.alive.size:
            raise InsufficientWeightError("The request would leave no row to train on.")
        encoding, retained = self._left(fitted.encoding, retained, fewest=2)
        fitted = replace(fitted, encoding=encoding)
        return self._with_retained(fitted, retained)  # grown next, of fewer columns

    def _carried(self, fitted, request):
        return self._at_fit(fitted)._answered(fitted, request)

    def _answered(self, fitted, request, inputs=None):
        model, edit = fitted.model, request.edit
        retained = edited_rows(model, request)
        if model.raw and inputs is None:
            inputs = Inputs.unchanged(model, request)
        columns, alive = None, retained.alive
        weights = np.concatenate([block.weight for block in retained.blocks()])
        if not weights.any():
            raise InsufficientWeightError("The request would leave no row to train on.")
        encoding, retained = self._left(fitted.encoding, retained, fewest=2)
        if encoding is fitted.encoding:
            y, weight = remaining_targets(retained)
            scales = Scales.of(y, weight, encoding)
            n_columns = model.rows.features.size
            rules = self._rules(model.rules.seed, scales, y, weight, n_columns)
            n_changed = sum(
                rows.n_rows
                for rows in (edit.rows_in, edit.rows_out)
                if rows is not None
            )
            most = max(1.0, _LARGE_REQUEST * weight.size)
            known = scales == model.scales and rules == model.rules
            if n_changed <= most and known and (inputs is None or inputs.comparable):
                changed = self._edited(model, retained, request, inputs, most)
                if changed is not None:
                    return replace(fitted, model=changed)
        forgotten = model.forgotten
        if inputs is not None:
            columns = inputs.at(model, alive)[inputs.chosen]
            forgotten = inputs.forgotten
        seed = model.rules.seed
        after = self._grown(retained, forgotten, seed, encoding, columns)
        return replace(fitted, model=after, encoding=encoding)

    def _edited(self, model, retained, request, inputs, most):
        """The trees after a request; None if more rows than ``most`` are unsteady."""
        edit, before = request.edit, model.retained
        out = np.empty(0, dtype=np.intp)
        parts = [out]
        if edit.rows_out is not None:
            out = request.positions
            # a row of which some weight is left comes back with it
            parts.append(out[before.left(out, edit.rows_out.weight) > 0.0])
        if edit.rows_in is not None:
            parts.append(before.n_rows + np.arange(edit.rows_in.n_rows))
        positions = np.concatenate(parts)
        renamed = renamed_rows(before, retained, out, positions)
        out, positions = (np.append(some, renamed) for some in (out, positions))
        rows, ids = retained.take(positions), retained.ids_at(positions)
        origin = retained.origins_at(positions)
        alone = np.zeros(positions.size, dtype=bool)
        if ids is not None:
            alone = np.bincount(retained.living(ids)[0], minlength=ids.size) == 1
        columns = singles(origin.X) if inputs is None else inputs.at(model, positions)
        coming = Coming(origin, columns, rows.y, rows.weight, ids, positions, alone)
        movement = None
        if inputs is not None and inputs.moved is not None:
            stay = np.setdiff1d(before.alive, out)
            moved, features = inputs.moved[:, stay], inputs.features
            held = model.rows.columns
            held = (held if features is None else held[features])[:, model.place[stay]]
            movement = Movement.of(stay, held, moved, features)
            if movement.unsteady.size > most:
                return None
        return model.edited(retained, out, coming, movement)

    def _grown(self, retained, forgotten, seed, encoding, columns=None):
        """The fitted value of all retained rows, and of what they are for trees."""
        y, weight = remaining_targets(retained)
        scales = Scales.of(y, weight, encoding)
        rules = self._rules(seed, scales, y, weight, int(np.sum(~forgotten)))
        with fitting():
            return Trees.fit(retained, forgotten, rules, scales, self._grow, columns)

    def _grow(self, rows, places, rules):
        """`fit_trees`, in as many threads as are allowed."""
        n_jobs = effective_n_jobs(getattr(self, "n_jobs", None))
        if n_jobs == 1:
            return fit_trees(rows, places, rules)
        numbers = np.array_split(np.arange(rules.n_trees), n_jobs)
        jobs = Parallel(n_jobs=n_jobs, prefer="threads")
        parts = jobs(delayed(fit_trees)(rows, places, rules, some) for some in numbers)
        return [tree for part in parts for tree in part]

    def _rules(self, seed, scales, y, weight, n_columns):
        """What nodes are decided by, for rows of these targets and weights."""
        n_rows, share = weight.size, self._share(weight.size)
        min_weight = 0.0
        if self.min_weight_fraction_leaf:
            total = scales.whole_weights(y, weight).sum()
            min_weight = self.min_weight_fraction_leaf * share * total
        return Rules(
            criterion=self._criteria[self.criterion],
            seed=seed,
            n_trees=self._n_trees(),
            share=share,
            n_candidates=self._n_candidates(n_rows),
            n_features=n_features_tried(self.max_features, n_columns),
            max_depth=_ANY_DEPTH if self.max_depth is None else int(self.max_depth),
            min_rows_split=max(2, n_rows_of(self.min_samples_split, n_rows)),
            min_rows_leaf=n_rows_of(self.min_samples_leaf, n_rows),
            min_weight_leaf=min_weight,
        )

    def _check_parameters(self):
        """Refuse parameters that no tree can be grown by."""
        check_parameters(self, self._criteria, self._fixed)

    # Reading --------------------------------------------------------------------------

    def _read_single(self, fitted, X):
        """Rows to predict, feature by feature, in the columns that trees have."""
        X = check_remaining_rows(self, X, fitted.columns, fitted.forgotten)
        check_single(X)
        return singles(X[:, ~fitted.forgotten])

    def _mean(self, fitted, X):
        """The mean over trees of the values of the leaves of rows."""
        columns = self._read_single(fitted, X)
        total, n_trees = 0.0, 0
        for tree in fitted.model.trees:
            if tree.feature.size:
                total = total + self._node_values(fitted, tree)[tree.leaves(columns)]
                n_trees += 1
        return total / n_trees

    def _twin_of(self, fitted, class_):
        """A twin of this class with the parameters at fit that it has."""
        known = class_().get_params(deep=False).keys()
        return class_(**{k: v for k, v in fitted.params.items() if k in known})

    @property
    def feature_importances_(self) -> Any:
        """How much of the impurity each feature takes away, as the twin defines it.

        The mean over trees, of sum one; zero of forgotten columns; shape
        (n_features,).
        """
        model = self._learned.model
        total = np.zeros(model.rows.features.size)
        for tree in model.trees:
            if tree.feature.size > 1:
                lost = importances(tree, model.rules.criterion, total.size)
                total += lost / max(lost.sum(), np.finfo(float).tiny)
        full = np.zeros(model.forgotten.size)
        full[~model.forgotten] = total / max(total.sum(), np.finfo(float).tiny)
        return full
