"""Transformers of columns that unlearn, beside one another."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.compose._change import Change, given
from sklearn_unlearn.compose._columns import complete, positions, select
from sklearn_unlearn.compose._plain import plain
from sklearn_unlearn.compose._traversal import carried
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.exclusive import LockMixin
from sklearn_unlearn.utils.validation import check_columns


class UnlearnableColumnTransformer(LockMixin, ColumnTransformer):
    """Transformers of columns that unlearn rows, values and columns.

    A :class:`sklearn.compose.ColumnTransformer`. A request replaces all transformers
    that it changes at once.

    Parameters
    ----------
    transformers : list of tuple
        Names, transformers and columns, as in scikit-learn.
    remainder : {"drop", "passthrough"} or estimator, default="drop"
    sparse_threshold : float, default=0.3
        Outputs are sparse if their density at ``fit`` is lower.
    n_jobs : int, default=None
    transformer_weights : dict, default=None
    verbose : bool, default=False
    verbose_feature_names_out : bool, str or callable, default=True
    on_stateful : {"raise", "freeze"}, default="raise"
        What a request does about a transformer that learned from rows and cannot
        unlearn: refuse, or leave in it what it knows.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_unlearn import (
    ...     UnlearnableOneHotEncoder,
    ...     UnlearnableStandardScaler,
    ...     make_unlearnable_column_transformer,
    ... )
    >>> people = pd.DataFrame({"age": [30.0, 50.0, 40.0], "city": ["A", "B", "C"]})
    >>> encoder = make_unlearnable_column_transformer(
    ...     (UnlearnableStandardScaler(), ["age"]),
    ...     (UnlearnableOneHotEncoder(), ["city"]),
    ...     verbose_feature_names_out=False,
    ... ).fit(people)
    >>> encoder.partial_unfit(people[2:]).get_feature_names_out()
    array(['age', 'city_A', 'city_B'], dtype=object)
    """

    def __init__(
        self,
        transformers,
        *,
        remainder="drop",
        sparse_threshold=0.3,
        n_jobs=None,
        transformer_weights=None,
        verbose=False,
        verbose_feature_names_out=True,
        on_stateful="raise",
    ):
        super().__init__(
            transformers,
            remainder=remainder,
            sparse_threshold=sparse_threshold,
            n_jobs=n_jobs,
            transformer_weights=transformer_weights,
            verbose=verbose,
            verbose_feature_names_out=verbose_feature_names_out,
        )
        self.on_stateful = on_stateful
        if hasattr(self, "force_int_remainder_cols"):
            self.force_int_remainder_cols = False  # scikit-learn 1.6 alone has it

    # Verbs ----------------------------------------------------------------------------

    def fit_transform(self, X, y=None, **params):
        """Fit all transformers, and transform the rows.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        y : array-like, optional
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        with self._exclusive():
            if self.on_stateful not in ("raise", "freeze"):
                raise ValueError(
                    f"on_stateful must be 'raise' or 'freeze'; got {self.on_stateful!r}"
                )
            outputs = super().fit_transform(X, y, **params)
            self._forgotten = np.zeros(self.n_features_in_, dtype=bool)
        return outputs

    def partial_unfit(self, X, y=None):
        """Forget rows: as if no transformer had been fitted on them.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_rows, n_features)
            The rows, with the values that they were fitted with.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; nothing has changed.
        """
        return self._carry_out(Change(out=given(X)))

    def replace_features(self, X, y=None, X_new=None):
        """Correct values: as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_rows, n_features)
            The rows as they were fitted with.
        y : None
            Ignored.
        X_new : array-like, DataFrame or sparse matrix of shape (n_rows, n_features)
            The rows as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; nothing has changed.
        """
        if X_new is None:
            raise ValueError("X_new must be given: it is None.")
        return self._carry_out(Change(out=given(X), into=given(X_new)))

    def partial_fit(self, X, y=None):
        """Learn rows: as if all transformers had been fitted on them too.

        Before ``fit`` this is ``fit``.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_rows, n_features)
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; nothing has changed.
        """
        with self._exclusive():
            if not hasattr(self, "transformers_"):
                return self.fit(X, y)
        return self._carry_out(Change(into=given(X)))

    def forget_features(self, columns):
        """Forget columns for good: as if no transformer had ever had them.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown, or all would be forgotten.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        mask = check_columns(columns, self.n_features_in_, names)
        return self._carry_out(Change(forgotten=mask))

    def transform(self, X, **params):
        """Outputs of rows, all from one version of the transformers.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Columns that are forgotten may be absent.
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        check_is_fitted(self)
        version = self._version()
        return super(UnlearnableColumnTransformer, version).transform(
            complete(version, X), **params
        )

    def to_sklearn(self, drop_forgotten=False):
        """A plain fitted scikit-learn column transformer, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether arrays hold only the others.

        Returns
        -------
        sklearn.compose.ColumnTransformer
        """
        check_is_fitted(self)
        return plain(self._version(), drop_forgotten)

    # Carrying out ---------------------------------------------------------------------

    def _carry_out(self, change):
        with self._exclusive():
            check_is_fitted(self)
            after, _ = self._carried_through("columntransformer", change)
            vars(self).update(vars(after))
        return self

    def _carried_through(self, name, change):
        """The transformer as a step, after a request, and its outputs' change."""
        if not isinstance(change.kept, slice) or change.unseen is not None:
            if change.rest is None:
                raise UnlearningError(
                    f"Step {name!r} gets outputs of another step, which the request "
                    "changes for all rows: fit with retain_data=True in the last step."
                )
            after = clone(self)
            after.fit(change.rest())
            return after, change.through(self, after, name=name, known=False)
        after = copy.copy(self)
        forgotten = self._forgotten
        if change.forgotten is not None:
            forgotten = after._forgotten = self._forgotten | change.forgotten
            if forgotten.all():
                raise UnlearningError(
                    "columns names all that there are; nothing would be left."
                )
        freeze = change.freeze or self.on_stateful == "freeze"
        after.transformers_, maps, start, lost, unseen = [], [], 0, None, None
        after.output_indices_ = dict.fromkeys(self.output_indices_, slice(0, 0))
        parts = []
        for inner, step, columns in self.transformers_:
            width = _width(self.output_indices_[inner])
            places = positions(columns, self)
            if not places.size or isinstance(step, str):  # nothing was fitted
                edited, map_ = step, AffineMap.unchanged(width)
            elif forgotten[places].all():
                nothing = np.zeros(0)
                map_ = AffineMap.of_columns(width, nothing.astype(np.intp), nothing)
                edited = "drop"
            else:
                seen = self._seen(change, places, np.isscalar(columns))
                seen = replace(seen, freeze=freeze)
                edited, seen = carried(f"{name}__{inner}", step, seen)
                map_ = self._map_of(inner, seen, width)
                lost, unseen = lost or seen.lost, unseen or seen.unseen
                parts.append((self._weight_of(inner), seen))
            after.transformers_.append((inner, edited, columns))
            after.output_indices_[inner] = slice(start, start + map_.n_new)
            start += map_.n_new
            maps.append(map_)
        if lost is None and start == 0:
            raise UnlearningError("The request would leave no outputs.")
        beside = AffineMap.side_by_side(maps)
        through = change.through(self, after, name=name, change=beside)
        through = replace(through, lost=lost, unseen=unseen)
        if len(parts) == len(maps):  # what they gave need not be computed again
            out = self._beside([(w, seen.out) for w, seen in parts], through.out)
            into = after._beside([(w, seen.into) for w, seen in parts], through.into)
            through = replace(through, out=out, into=into)
        return after, through

    def _weight_of(self, inner):
        return (self.transformer_weights or {}).get(inner, 1.0)

    def _beside(self, parts, computed):
        """Outputs of all transformers from those of each, or what computes them."""
        if computed is None:
            return None

        def rows():
            outputs = [part() for _, part in parts]
            arrays = (isinstance(Z, np.ndarray) or sp.issparse(Z) for Z in outputs)
            if not all(arrays):
                return computed()
            outputs = [
                Z if weight == 1.0 else Z * weight
                for (weight, _), Z in zip(parts, outputs, strict=True)
            ]
            if self.sparse_output_:
                return sp.hstack([sp.csr_array(Z) for Z in outputs], format="csr")
            return np.hstack([Z.toarray() if sp.issparse(Z) else Z for Z in outputs])

        return cache(rows)

    def _seen(self, change, places, one):
        """The change of some columns."""
        gone = None
        if change.forgotten is not None and change.forgotten[places].any():
            gone = change.forgotten[places]

        def chosen(rows):
            return None if rows is None else lambda: select(self, rows(), places, one)

        return replace(
            change,
            out=chosen(change.out),
            into=chosen(change.into),
            rest=chosen(change.rest),
            forgotten=gone,
        )

    def _map_of(self, inner, change, width):
        """How the outputs of one transformer change."""
        map_ = change.map
        if change.lost is not None and map_ is None:
            n_new = width if change.rest is None else change.rest().shape[1]
            return AffineMap.unknown(width, n_new)
        if map_ is None:
            return AffineMap.unchanged(width)
        return replace(map_, shift=map_.shift * self._weight_of(inner))


def make_unlearnable_column_transformer(
    *transformers,
    remainder="drop",
    sparse_threshold=0.3,
    n_jobs=None,
    verbose=False,
    verbose_feature_names_out=True,
    on_stateful="raise",
):
    """An `UnlearnableColumnTransformer` whose parts are named by their classes.

    Parameters
    ----------
    *transformers : tuples of a transformer and columns
    remainder, sparse_threshold, n_jobs, verbose, verbose_feature_names_out, on_stateful
        As for `UnlearnableColumnTransformer`.

    Returns
    -------
    UnlearnableColumnTransformer
    """
    named = make_column_transformer(*transformers).transformers
    return UnlearnableColumnTransformer(
        named,
        remainder=remainder,
        sparse_threshold=sparse_threshold,
        n_jobs=n_jobs,
        verbose=verbose,
        verbose_feature_names_out=verbose_feature_names_out,
        on_stateful=on_stateful,
    )


def _width(place):
    return place.stop - place.start
