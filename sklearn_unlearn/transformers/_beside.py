"""Transformers beside one another: what a request changes in all their outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.transformers._composite import CompositeStep
from sklearn_unlearn.transformers._following import foreign, learns_targets
from sklearn_unlearn.transformers._frozen import cross_fits, say_remembered
from sklearn_unlearn.transformers._rowwise import check_rowwise, few, may_mix
from sklearn_unlearn.utils.tags import UnlearningTags


class FittedParts(NamedTuple):
    """What requests change in transformers, in one immutable value.

    Attributes
    ----------
    version : estimator
        All of them, as they are at one moment.
    lately : collection of str
        Parts that the request which led here has left with what they know.
    """

    version: Any
    lately: Collection[str] = ()


class BesideParts(CompositeStep, UnlearnerMixin):
    """Transformers whose outputs stand beside one another."""

    transformer_weights: dict[str, float] | None
    #: Parts that stay as they are and know rows that are gone.
    _remembered: frozenset[str] = frozenset()

    @property
    def _accepts(self):
        """What requests may hold: targets, if a part learns from some."""
        takes = {"out", "into", "columns"}
        return frozenset(takes | {"y"} if learns_targets(self) else takes)

    def _fitted_parts(self) -> Iterable[tuple[str, Any, Callable[[Any], Any]]]:
        """Parts that were fitted: name, transformer, and what gives it its columns."""
        raise NotImplementedError

    def _stacks_sparse(self, outputs: list[Any]) -> bool:
        """Whether outputs of all parts are sparse beside one another."""
        raise NotImplementedError

    # Fitting ------------------------------------------------------------------------

    def _check_rowwise(self, X):
        """Refuse parts that make something else of rows in company."""
        rows = None
        for name, step, of_rows in self._fitted_parts():
            if may_mix(step):
                rows = few(X) if rows is None else rows
                check_rowwise(name, step, of_rows(rows))

    def _cross_fitting(self, X, y):
        """Names of the parts that cannot unlearn and make something else of rows."""
        return frozenset(
            name
            for name, step, of_rows in self._fitted_parts()
            if name in foreign(name, step) and cross_fits(step, of_rows(X), y)
        )

    # Following ----------------------------------------------------------------------

    def _weight_of(self, inner):
        return (self.transformer_weights or {}).get(inner, 1.0)

    def _map_of(self, inner, change, width):
        """How the outputs of one part, so many before the request, change."""
        map_ = change.map
        if change.lost is not None and map_ is None:
            n_new = width if change.rest is None else change.rest().shape[1]
            return AffineMap.unknown(width, n_new)
        if map_ is None:
            return AffineMap.unchanged(width)
        return replace(map_, shift=map_.shift * self._weight_of(inner))

    def _beside(self, parts, computed):
        """Outputs of all parts from those of each, or what computes them."""
        if computed is None:
            return None

        def rows():
            outputs = [part() for _, part in parts]
            arrays = (isinstance(Z, np.ndarray) or is_sparse(Z) for Z in outputs)
            if not all(arrays):
                return computed()
            outputs = [
                Z if weight == 1.0 else Z * weight
                for (weight, _), Z in zip(parts, outputs, strict=True)
            ]
            if self._stacks_sparse(outputs):
                return sp.hstack([sp.csr_array(Z) for Z in outputs], format="csr")
            return np.hstack([Z.toarray() if is_sparse(Z) else Z for Z in outputs])

        return cache(rows)

    # The fitted value ---------------------------------------------------------------

    def _checked(self):
        self._check_fitted()
        return FittedParts(self._version())

    def _attributes_of(self, fitted):
        say_remembered(fitted.lately)
        learned = vars(fitted.version).items()
        return {name: value for name, value in learned if name != "_locks"}

    def _promised(self):
        return UnlearningTags.of(self, exact=True)
