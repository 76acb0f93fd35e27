"""Models of parts of the same rows: fitted, and changed by requests, all together."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds._changes import Call
from sklearn_unlearn.utils.sharing import shared
from sklearn_unlearn.utils.steps import hook


@dataclass(frozen=True, eq=False)
class Member:
    """A model of some of the rows.

    Attributes
    ----------
    estimator : estimator or None
        None if its fit failed.
    columns : ndarray of bool of shape (n_features,) or None
        Columns at fit that it was fitted on; None of rows without columns.
    error : Exception or None
        Why its fit failed.
    fit_time : float
        Seconds.
    """

    estimator: Any
    columns: Any
    error: Any = None
    fit_time: float = 0.0


@dataclass(frozen=True, eq=False)
class Members:
    """Models by the number of what they are clones of, and by split.

    Attributes
    ----------
    specs : tuple of estimator
        Not fitted.
    fitted : dict of (int, int or None) to Member
        Those of all rows have None for a split.
    n_refitted : int
        How many were fitted anew by what led here.
    views : tuple of callable
        What each specification learns of the targets; empty where that is all of them.
    watched : dict
        What a ``watch`` has told of the request that led here.
    """

    specs: tuple[Any, ...]
    fitted: dict[tuple[int, Any], Member]
    n_refitted: int = 0
    views: tuple[Any, ...] = ()
    watched: dict[tuple[int, Any], Any] = field(default_factory=dict)

    def with_fits(self, cells, living, n_jobs=None, verbose=0, fit=None):
        """The same with models fitted at these places.

        Parameters
        ----------
        cells : iterable of (int, int or None)
        living : Living
        n_jobs : int, optional
        verbose : int, default=0
        fit : callable, optional
            Fits a model to X, y and keywords; by default its own ``fit`` does.
        """
        cells = sorted(cells, key=by_split)
        columns = living.rows.forgotten
        columns = None if columns is None else ~columns

        def jobs():
            split, part = -1, None
            for cell in cells:
                if part is None or cell[1] != split:
                    split, part = cell[1], living.trained(cell[1])
                mine = part.viewed(self.views[cell[0]]) if self.views else part
                yield delayed(_fitted)(self.specs[cell[0]], mine, columns, fit)

        with fitting(len(cells)):
            found = Parallel(n_jobs=n_jobs, verbose=verbose)(jobs())
        fitted = self.fitted | dict(zip(cells, found, strict=True))
        return replace(self, fitted=fitted, n_refitted=self.n_refitted + len(cells))

    def after(self, change, living, watch=None):
        """The models after a request about rows, and which have changed.

        Parameters
        ----------
        change : RowChange
        living : Living
            After the request.
        watch : callable, optional
            Asked about the place and the model of each that has just answered it.

        Returns
        -------
        Members
        set of (int, int or None)
        """
        splits = {split for _, split in self.fitted}
        calls = {split: change.call(split) for split in splits}
        asked = {cell: calls[cell[1]] for cell in self.fitted}
        asked = {cell: call for cell, call in asked.items() if call is not None}
        if self.views:
            asked = {cell: c.viewed(self.views[cell[0]]) for cell, c in asked.items()}
            asked = {cell: call for cell, call in asked.items() if call.changes}
        return self._asked(asked, living, watch), set(asked)

    def without_columns(self, specs, forgotten, living):
        """The models after columns are forgotten.

        Parameters
        ----------
        specs : tuple of estimator
            For rows without them.
        forgotten : ndarray of bool
            All columns at fit that the rows now lack.
        living : Living
            After the request.
        """
        asked = {
            cell: Call("forget_features", (forgotten[member.columns],), {})
            for cell, member in self.fitted.items()
        }
        return replace(self, specs=specs)._asked(asked, living)

    def _asked(self, asked, living, watch=None):
        """The models after each was asked, or fitted anew where it could not do it."""
        after: dict[Any, Member] = {}
        watched: dict[Any, Any] = {}
        again = []
        for _, group in groupby(sorted(asked, key=by_split), key=lambda cell: cell[1]):
            with shared():
                for cell in group:
                    member = self.fitted[cell]
                    model = _unlearned(member.estimator, asked[cell])
                    if model is None:
                        again.append(cell)
                    else:
                        after[cell] = replace(member, estimator=model)
                    if watch is not None and model is not None:
                        watched[cell] = watch(cell, member.estimator)
        fitted = self.fitted | after
        edited = replace(self, fitted=fitted, n_refitted=0, watched=watched)
        return edited.with_fits(again, living) if again else edited


def by_split(cell):
    """The order of models: those of one split together, those of all rows last."""
    return cell[1] is None, cell[1] or 0, cell[0]


def unlearns(estimator):
    """Whether an estimator has the verb that makes it an unlearner."""
    return hasattr(estimator, "partial_unfit")


def _unlearned(estimator, call):
    """A copy of a model after a request; None if it has to be fitted anew.

    That it is if it has no such verb, or refuses: because a class would have no row,
    or a closed form would not do; and if the order of rows counts, which the verb would
    not keep.
    """
    refits = call.verb == "fit" or not hasattr(estimator, call.verb)
    refits = refits or (call.between and hook(estimator, "_order_counts")())
    if refits or not unlearns(estimator):
        return None
    ours = isinstance(estimator, UnlearnerMixin)  # which changes by one assignment
    after = copy.copy(estimator) if ours else copy.deepcopy(estimator)
    try:
        answer = getattr(after, call.verb)(*call.arguments, **call.keywords)
        return after if call.verb == "carry_out" else answer
    except UnlearningError:
        return None


def _fitted(spec, part, columns, fit=None):
    """A model of some rows."""
    model, start = clone(spec), time.perf_counter()
    X = part.X
    if not unlearns(model) and hasattr(X, "copy"):  # others may write into it
        X = X.copy()
    try:
        if fit is None:
            model.fit(X, part.y, **part.keywords)
        else:
            fit(model, X, part.y, **part.keywords)
    except Exception as error:  # of whatever kind: the caller says what it means
        return Member(None, columns, error, time.perf_counter() - start)
    return Member(model, columns, None, time.perf_counter() - start)
