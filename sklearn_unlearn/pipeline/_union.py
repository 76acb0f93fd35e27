"""Transformers of the same rows beside one another, which unlearn."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Self

from sklearn.pipeline import FeatureUnion, make_union
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.base import Answer, Batch
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.pipeline._fitting import undone_if_refused
from sklearn_unlearn.pipeline._raw_requests import with_mask
from sklearn_unlearn.transformers import (
    BesideParts,
    FittedParts,
    check_on_stateful,
    exported,
    few,
    follow,
    say_remembered,
    unfitted_twin,
)
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.final_parts import raw_inputs
from sklearn_unlearn.utils.given_rows import check_n_rows
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.rows import overwriting_refused, protected
from sklearn_unlearn.utils.steps import hook


class UnlearnableFeatureUnion(BesideParts, FeatureUnion):
    """Transformers of the same rows that unlearn rows, values and columns.

    A :class:`sklearn.pipeline.FeatureUnion`. A request replaces all transformers that
    it changes at once.

    Parameters
    ----------
    transformer_list : list of tuple
        Names and transformers, as in scikit-learn.
    n_jobs : int, default=None
    transformer_weights : dict, default=None
    verbose : bool, default=False
    verbose_feature_names_out : bool, default=True
    on_stateful : {"refit", "raise", "freeze"}, default="refit"
        What a request does about a transformer that learned from rows and cannot
        unlearn, as for `UnlearnablePipeline`. By itself a union retains no rows, so
        that "refit" refuses as well.

    Examples
    --------
    >>> from sklearn_unlearn import (
    ...     UnlearnableMinMaxScaler,
    ...     UnlearnableStandardScaler,
    ...     make_unlearnable_union,
    ... )
    >>> union = make_unlearnable_union(
    ...     UnlearnableStandardScaler(), UnlearnableMinMaxScaler()
    ... ).fit([[1.0], [3.0], [1000.0]])
    >>> union.partial_unfit([[1000.0]]).transform([[5.0]])
    array([[3., 2.]])
    """

    _beside: Any

    transformer_list: list[Any]

    _kept_in: ClassVar[str] = "transformer_list"

    def __init__(
        self,
        transformer_list: Any,
        *,
        n_jobs: int | None = None,
        transformer_weights: Any = None,
        verbose: bool = False,
        verbose_feature_names_out: bool = True,
        on_stateful: str = "refit",
    ) -> None:
        super().__init__(
            transformer_list,
            n_jobs=n_jobs,
            transformer_weights=transformer_weights,
            verbose=verbose,
            verbose_feature_names_out=verbose_feature_names_out,
        )
        self.on_stateful = on_stateful

    @classmethod
    def like(cls, union: Any, made: Callable[..., Any]) -> UnlearnableFeatureUnion:
        """An unfitted union with the parameters of another.

        Parameters
        ----------
        union : sklearn.pipeline.FeatureUnion
        made : callable
            Makes a part of the name and the transformer of one.

        Returns
        -------
        UnlearnableFeatureUnion
        """
        return _with_parts(cls([]), union, made)

    # Fitting ------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit all transformers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like, optional
        **params : dict
            As in scikit-learn.

        Returns
        -------
        self : object
        """
        with self._exclusive():
            self._fit_by("fit", X, y, params)
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all transformers, and transform the rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like, optional
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        with self._exclusive():
            return self._fit_by("fit_transform", X, y, params)

    def _fit_by(self, method, X, y, params):
        """What a method of `FeatureUnion` that fits answers; undone if refused."""
        check_on_stateful(self.on_stateful)
        if not self.transformer_list:
            raise ValueError("transformer_list is empty: there is nothing to fit.")
        fit = getattr(super(), method)
        with undone_if_refused(self):
            with overwriting_refused():
                answer = fit(protected(X), y, **params)
            self._check_rowwise(X)
            rows = few(X)
            self._widths = {
                name: step.transform(of_rows(protected(rows))).shape[1]
                for name, step, of_rows in self._fitted_parts()
            }
            self._cross_fitted = self._cross_fitting(X, y)
            self._remembered = frozenset()
            raw = RawRows.of(X)
            self._n_columns = raw.shape[1] if len(raw.shape) == 2 else None
        return answer

    # What was learned -----------------------------------------------------------------

    def transform(self, X: Any, **params: Any) -> Any:
        """Outputs of rows, all from one version of the transformers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Columns that are forgotten may be absent.
        **params : dict
            As in scikit-learn.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        check_is_fitted(self)
        version = self._version()
        steady: Any = super(UnlearnableFeatureUnion, version)
        return steady.transform(protected(X), **params)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn union, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether arrays hold only the others.

        Returns
        -------
        sklearn.pipeline.FeatureUnion
        """
        check_is_fitted(self)
        version = self._version()
        say_remembered(version._remembered, " and is exported")
        return _with_parts(
            FeatureUnion([]),
            version,
            lambda name, step: exported(step, drop_forgotten=drop_forgotten),
        )

    def _unfitted_twin(self):
        twin = FeatureUnion([])
        return _with_parts(twin, self, lambda name, step: unfitted_twin(step))

    # Parts ----------------------------------------------------------------------------

    def _fitted_steps(self):
        return self.transformer_list

    def _given(self):
        return self.transformer_list

    def _fitted_parts(self):
        for name, step in self.transformer_list:
            if not isinstance(step, str):
                yield name, step, _all_columns

    def _stacks_sparse(self, outputs):
        return any(map(is_sparse, outputs))

    def _replace_parts(self, fitted, given):
        self.transformer_list = [
            (name, fitted(step)) for name, step in self.transformer_list
        ]

    def _find_differences(self, fitted, name, X):
        pairs = zip(fitted.transformer_list, self.transformer_list, strict=True)
        for (each, theirs), (_, ours) in pairs:
            if not isinstance(ours, str):
                part = f"{name}__{each}".removeprefix("__")
                yield from hook(ours, "_find_differences")(theirs, part, X)

    @property
    def n_features_in_(self) -> Any:
        """Number of columns of X at ``fit``."""
        parent: Any = super()
        return parent.n_features_in_

    @property
    def feature_names_in_(self) -> Any:
        """Names of the columns of X at ``fit``, if they had some."""
        parent: Any = super()
        return parent.feature_names_in_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_widths")

    # Requests -------------------------------------------------------------------------

    def _parts_of(self, fitted):
        return fitted.version.transformer_list

    def _apply(self, fitted, request):
        request = with_mask(request, self, self._n_columns)
        if request.paired:
            check_n_rows(request)
        out = request.out or Batch()
        before = fitted.version
        after, change = before._follow("featureunion", raw_inputs(request, out.X, None))
        after._remembered = before._remembered | set(change.remembered)
        return Answer(FittedParts(after, change.remembered), change.map)

    def _follow(self, name, change):
        """The union as a step, after a request, and its outputs' change."""
        after, told = copy.copy(self), change.told(self.on_stateful)
        moved = lost = unseen = None
        remembered = change.remembered
        after.transformer_list, maps, parts = [], [], []
        after._widths = {}
        for inner, step in self.transformer_list:
            if isinstance(step, str):
                after.transformer_list.append((inner, step))
                continue
            seen = replace(told, remembered=remembered)
            cross_fitted = inner in self._cross_fitted
            edited, seen = follow(f"{name}__{inner}", step, seen, cross_fitted)
            remembered = seen.remembered
            map_ = self._map_of(inner, seen, self._widths[inner])
            moved, lost = moved or seen.moved, lost or seen.lost
            unseen = unseen or seen.unseen
            after.transformer_list.append((inner, edited))
            after._widths[inner] = map_.n_new
            maps.append(map_)
            parts.append((self._weight_of(inner), seen))
        # parts have answered for what became of their inputs
        through = replace(change, map=None, moved=None, lost=None, imputed=())
        beside = AffineMap.side_by_side(maps)
        through = through.through(self, after, name=name, change=beside)
        out, into, rest = (
            union._beside([(w, getattr(seen, rows)) for w, seen in parts], computed)
            for union, rows, computed in (
                (self, "out", through.out),
                (after, "into", through.into),
                (after, "rest", through.rest),
            )
        )
        through = replace(
            through,
            out=out,
            into=into,
            rest=rest,
            moved=moved or through.moved,
            lost=lost or through.lost,
            unseen=unseen,
            remembered=remembered,
        )
        return after, through


def make_unlearnable_union(
    *transformers: Any,
    n_jobs: Any = None,
    verbose: Any = False,
    verbose_feature_names_out: Any = True,
    on_stateful: Any = "refit",
) -> UnlearnableFeatureUnion:
    """An `UnlearnableFeatureUnion` whose parts are named by their classes.

    Parameters
    ----------
    *transformers : transformers
    n_jobs, verbose, verbose_feature_names_out, on_stateful
        As for `UnlearnableFeatureUnion`.

    Returns
    -------
    UnlearnableFeatureUnion

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnablePCA, UnlearnableStandardScaler
    >>> from sklearn_unlearn import make_unlearnable_union
    >>> union = make_unlearnable_union(UnlearnableStandardScaler(), UnlearnablePCA())
    >>> [name for name, _ in union.transformer_list]
    ['unlearnablestandardscaler', 'unlearnablepca']
    """
    return UnlearnableFeatureUnion(
        make_union(*transformers).transformer_list,
        n_jobs=n_jobs,
        verbose=verbose,
        verbose_feature_names_out=verbose_feature_names_out,
        on_stateful=on_stateful,
    )


def _with_parts(union, other, made):
    """A union with the parameters of another, and what is made of each of its parts."""
    union.transformer_list = [
        (name, step if isinstance(step, str) else made(name, step))
        for name, step in other.transformer_list
    ]
    shared = union.get_params(deep=False).keys() & other.get_params(deep=False).keys()
    for name in shared - {"transformer_list"}:
        setattr(union, name, getattr(other, name))
    return configured_like(union, other)


def _all_columns(X):
    return X
