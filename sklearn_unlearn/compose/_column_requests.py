"""A request carried through the parts of a column transformer."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.compose._columns import complete, select
from sklearn_unlearn.compose._plain import set_given
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers import (
    BesideParts,
    InputChange,
    as_given,
    cannot_unlearn,
    check_can_be_refitted,
    few,
    follow,
    foreign,
    names_outputs,
)
from sklearn_unlearn.utils.messages import FailingStep, kind_of
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.rows import positions
from sklearn_unlearn.utils.steps import hook, own
from sklearn_unlearn.utils.tags import accepts


class ColumnRequests(BesideParts):
    """Says what a request changes in a column transformer, and in its outputs."""

    _beside: Any

    transformers: list[Any]
    remainder: Any
    sparse_threshold: float
    on_stateful: str

    n_features_in_: int
    transformers_: list[Any]
    output_indices_: dict[str, slice]
    sparse_output_: bool

    #: Columns that are forgotten.
    _forgotten: np.ndarray
    #: Parts with sparse outputs, where all outputs are.
    _sparse: frozenset[str]

    def _fitted_steps(self):
        return [(name, step) for name, step, _ in self.transformers_]

    def _given(self):
        return [(name, step) for name, step, _ in self.transformers]

    def _replace_parts(self, fitted, given):
        if hasattr(self, "transformers_"):
            self.transformers_ = [
                (name, fitted(step), columns)
                for name, step, columns in self.transformers_
            ]
        parts = [(name, given(step), at) for name, step, at in self.transformers]
        set_given(self, parts, given(self.remainder))

    def _find_differences(self, fitted, name, X):
        theirs = {each: step for each, step, _ in fitted.transformers_}
        for each, step, of_rows in self._fitted_parts():
            rows, part = of_rows(X), f"{name}__{each}"
            yield from hook(step, "_find_differences")(theirs[each], part, rows)

    def _follow(self, name, change):
        """The transformer as a step, after a request, and its outputs' change."""
        told = change.on_stateful
        change = self._of_its_columns(change).told(self.on_stateful)
        if not isinstance(change.kept, slice) or change.unseen is not None:
            if change.rest is None:
                raise UnlearningError(
                    f"Step {name!r} gets outputs of another step, which the request "
                    "changes for all rows: fit with retain_data=True in the last step."
                )
            if not self._gets_the_same_columns(change.rest()):
                after, outputs = self._computed_anew(name, change)
                through = change.through(self, after, name=name, known=False)
                through = replace(through, on_stateful=told)
                into = through.into
                if change.coming is not None:
                    into = as_given(taken(outputs, change.coming))
                return after, replace(through, rest=as_given(outputs), into=into)
            lost = change.lost or change.unseen or name
            change = replace(change, map=None, lost=lost, unseen=None, imputed=())
        after = copy.copy(self)
        forgotten = self._forgotten
        if change.forgotten is not None:
            forgotten = after._forgotten = self._forgotten | change.forgotten
            if forgotten.all():
                raise UnlearningError(
                    "columns names all that there are; nothing would be left."
                )
        after.transformers = [
            (inner, _unfitted(step), columns)
            for inner, step, columns in self.transformers
        ]
        after.remainder = _unfitted(self.remainder)
        after.transformers_, maps, start = [], [], 0
        moved = lost = unseen = None
        remembered = change.remembered
        after.output_indices_ = dict.fromkeys(self.output_indices_, slice(0, 0))
        parts, widths, gaps = [], {}, False
        changes: list[Any] = []
        whole = change.map, change.lost, change.unseen, change.forgotten
        only_some = all(each is None for each in whole)
        for inner, step, columns in self.transformers_:
            width = _width(self.output_indices_[inner])
            places = positions(columns, self)
            if not places.size or isinstance(step, str):  # nothing was fitted
                edited, map_ = step, AffineMap.unchanged(width)
            elif forgotten[places].all():
                nothing = np.zeros(0)
                map_ = AffineMap.of_columns(width, nothing.astype(np.intp), nothing)
                edited, gaps = "drop", True
            else:
                seen = self._seen(after, change, places, np.isscalar(columns))
                seen = replace(seen, remembered=remembered)
                cross_fitted = inner in self._cross_fitted
                edited, seen = follow(f"{name}__{inner}", step, seen, cross_fitted)
                remembered = seen.remembered
                map_ = self._map_of(inner, seen, width)
                moved, lost = moved or seen.moved, lost or seen.lost
                unseen = unseen or seen.unseen
                parts.append((self._weight_of(inner), seen))
                widths[inner] = map_.n_new
                if (seen.map, seen.lost, seen.unseen) != (None, None, None):
                    changes.append((np.arange(start, start + width), *parts[-1]))
                elif change.into is not None and own(step, "_follow") is None:
                    only_some = False  # alone a row may round otherwise than among all
                only_some = only_some and map_.n_new == map_.n_old == width
            after.transformers_.append((inner, edited, columns))
            if map_.n_new:
                after.output_indices_[inner] = slice(start, start + map_.n_new)
            start += map_.n_new
            maps.append(map_)
        if lost is None and start == 0 and any(each.n_old for each in maps):
            raise UnlearningError("The request would leave no outputs.")
        after._rename_outputs(self)
        counted = forgotten is not self._forgotten or lost is not None
        rests = [seen.rest for _, seen in parts] if counted and change.rest else []
        after.sparse_output_ = self._still_sparse(widths, rests)
        beside = AffineMap.side_by_side(maps)
        through = change.through(self, after, name=name, change=beside)
        moved = moved or through.moved
        through = replace(
            through,
            moved=moved,
            lost=lost,
            unseen=unseen,
            remembered=remembered,
            on_stateful=told,
        )
        if parts:
            # what parts gave need not be computed again, and cannot be if they
            # made something else of the rows at fit
            out = through.out
            if not gaps:
                out = self._beside([(w, seen.out) for w, seen in parts], through.out)
            into = after._beside([(w, seen.into) for w, seen in parts], through.into)
            rest = after._beside([(w, seen.rest) for w, seen in parts], through.rest)
            some = (rest, partial(_columns_of, changes)) if only_some else None
            through = replace(through, out=out, into=into, rest=rest, some=some)
        return after, through

    def _rename_outputs(self, before):
        """Forget names of outputs, which scikit-learn notes where these are frames."""
        noted = "_transformers_feature_names_out"
        if noted not in vars(self):
            return
        names, known = [], vars(before)[noted]
        for name, step, columns in self.transformers_:
            place = self.output_indices_[name]
            if not _width(place):
                continue
            if names_outputs(step):
                columns = positions(columns, self)
                given = getattr(self, "feature_names_in_", None)
                given = None if given is None else given[columns]
                names.append(step.get_feature_names_out(given))
            else:
                names.append(known[before.output_indices_[name]])
        vars(self)[noted] = np.hstack(names)

    def _still_sparse(self, widths, rests):
        """Whether outputs that were sparse are so in a refit, as far as that is known.

        Parameters
        ----------
        widths : dict
            Numbers of outputs of the parts that are left, by name.
        rests : list of callable
            Give the outputs of these parts for all rows; empty if not to be counted.
        """
        if not self.sparse_output_ or not any(map(widths.get, self._sparse)):
            return False
        if not rests:
            return True
        outputs = [rest() for rest in rests]
        total = sum(prod(Z.shape) for Z in outputs)
        stored = sum(Z.nnz if is_sparse(Z) else prod(Z.shape) for Z in outputs)
        return stored < self.sparse_threshold * total

    def _of_sparse_outputs(self, X):
        """Names of the parts that make outputs sparse, if these are."""
        if not self.sparse_output_:
            return frozenset()
        rows, names = few(X), set()
        for name, step, of_rows in self._fitted_parts():
            names |= {name} if is_sparse(step.transform(of_rows(rows))) else set()
        return frozenset(names)

    def _fitted_parts(self):
        for name, step, columns in self.transformers_:
            places = positions(columns, self)
            if places.size and not isinstance(step, str):
                one = np.isscalar(columns)
                yield name, step, partial(select, self, places=places, one=one)

    def _stacks_sparse(self, outputs):
        return self.sparse_output_

    def _of_its_columns(self, change):
        """The same, where columns vanish that were made of forgotten ones alone.

        The columns that stay are the ones that ``transformers`` means, wherever they
        are now.
        """
        rows = change.out is not None or change.into is not None
        if rows or change.unseen is not None or not isinstance(change.kept, np.ndarray):
            return change
        forgotten = np.ones(self.n_features_in_, dtype=bool)
        forgotten[np.flatnonzero(~self._forgotten)[change.kept]] = False
        return replace(change, forgotten=forgotten, map=None)

    def _gets_the_same_columns(self, X):
        """Whether rows after a request have the columns that there were at fit."""
        if self._forgotten.any() or X.shape[1] != self.n_features_in_:
            return False
        names = getattr(self, "feature_names_in_", None)
        return names is None or list(names) == list(getattr(X, "columns", names))

    def _computed_anew(self, name, change):
        """The transformer fitted again, on other outputs of a step than before.

        Returns
        -------
        transformer
        outputs : what it made of the rows
        """
        X, y = change.rest(), None
        for each, part in foreign(name, self).items():
            if change.on_stateful == "freeze":
                raise UnlearningError(
                    f"Step {name!r} has a part, {kind_of(part)}, that is to stay as it "
                    "is, and the request changes which columns there are: fit again."
                )
            if change.on_stateful == "raise":
                raise cannot_unlearn(name, part)
            check_can_be_refitted(each, part)
        learns = foreign(name, self) or "y" in self._accepts
        if learns and change.targets is not None:
            y = change.targets()
        forgotten = self._forgotten
        after = clone(self)
        if not forgotten.any():
            with FailingStep(lambda: name):
                return after, after.fit_transform(X, y)
        if X.shape[1] != np.count_nonzero(~forgotten):
            raise UnlearningError(
                f"Step {name!r} has forgotten columns, and the request changes which "
                "others it gets: fit again."
            )
        X = complete(self, X)
        if hasattr(self, "feature_names_in_"):
            X = X[list(self.feature_names_in_)]
        after.fit(X, y)
        change = replace(
            InputChange(forgotten=forgotten, rest=as_given(X)),
            targets=change.targets,
            on_stateful=change.on_stateful,
        )
        after, outputs = after._follow(name, change)
        return after, outputs.rest()

    def _seen(self, after, change, places, one):
        """The change of some columns."""
        gone = None
        if change.forgotten is not None and change.forgotten[places].any():
            gone = change.forgotten[places]

        def chosen(of, rows, name="X"):
            if rows is None:
                return None
            return cache(lambda: select(of, rows(), places, one, name))

        return replace(
            change,
            out=chosen(self, change.out),
            into=chosen(after, change.into, "X" if change.out is None else "X_new"),
            rest=chosen(after, change.rest),
            forgotten=gone,
        )


def _unfitted(step):
    """What a caller gave, which may have been fitted, without what it knows."""
    return clone(step) if _knows_something(step) else step


def _knows_something(value):
    """Whether a part, or one inside it, has more attributes than parameters."""
    if isinstance(value, list | tuple):
        return any(map(_knows_something, value))
    if not hasattr(value, "get_params") or isinstance(value, type):
        return False
    known, given = vars(value), type(value).__init__
    more = any(not accepts(given, name) for name in known)
    return more or any(map(_knows_something, known.values()))


def _columns_of(changes):
    """Columns that have changed, and what the parts that did make of all rows."""
    outputs = [seen.rest() for _, _, seen in changes]
    if not changes or not all(isinstance(Z, np.ndarray) for Z in outputs):
        return None
    weights = [weight for _, weight, _ in changes]
    outputs = [Z if w == 1.0 else Z * w for w, Z in zip(weights, outputs, strict=True)]
    return np.concatenate([where for where, _, _ in changes]), np.hstack(outputs)


def _width(place):
    return place.stop - place.start
