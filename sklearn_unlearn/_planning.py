"""Requests looked at beforehand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sklearn_unlearn._batches import stated_requests
from sklearn_unlearn._carrying import parts_of
from sklearn_unlearn._request_log import METHODS, counted
from sklearn_unlearn._undoing import UndoingMixin
from sklearn_unlearn.core.rows import counting_work
from sklearn_unlearn.plans import PlannedBudget, PlannedStep, RequestPlan
from sklearn_unlearn.utils.answers import differences
from sklearn_unlearn.utils.notes import Answering, Notes
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.steps import has_models_inside, own
from sklearn_unlearn.utils.tags import promised

#: Attributes that estimators are kept in.
_HOLDS = ("steps", "transformers_", "transformer_list")
#: How a step is touched that reads no row.
_UNREAD = ("frozen", "untouched")


class PlanningMixin(UndoingMixin):
    """`plan`."""

    def plan(self, requests: Any, X_watch: Any = None) -> RequestPlan:
        """What requests would do. They are computed, and nothing is put in place.

        It costs what the requests would cost, and with ``X_watch`` what the answers
        for these rows cost before and after. With certification no noise is drawn, no
        publication counted and no refusal: what it tells is computed from secrets, so
        that it is for the operator, and no request may depend on it.

        Parameters
        ----------
        requests : (str, dict) or list of (str, dict)
            As for `carry_out`.
        X_watch : rows as ``fit`` takes them, optional
            Rows whose predictions, or outputs, are compared.

        Returns
        -------
        RequestPlan
            A request that would be refused is no error: the plan says why.

        Raises
        ------
        UnlearningError
            If ``requests`` are none.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_unlearn import UnlearnableGaussianNB
        >>> X, y = load_iris(return_X_y=True)
        >>> model = UnlearnableGaussianNB().fit(X, y)
        >>> plan = model.plan(("partial_unfit", {"X": X[:50], "y": y[:50]}))
        >>> plan.steps[0].how, plan.steps[0].emptied
        ('exact', (0,))
        """
        with self._exclusive(), Answering(rehearses=True) as answering:
            fitted = self._checked()
            asked = stated_requests(self._stated, requests)
            if X_watch is not None:
                RawRows.of(X_watch, "X_watch")
            started, refused = time.perf_counter(), None
            try:
                with counting_work() as work:
                    edited = self._answered_together(fitted, asked)
            except (ValueError, TypeError) as error:
                refused = str(error)
            seconds = time.perf_counter() - started
            notes = Notes() if answering.notes is None else answering.notes
            counts = [counted(each) for each in asked]
            n_rows_out = sum(n_out for n_out, _ in counts)
            if len(asked) == 1 and asked[0].out is not None:
                n_rows_out = notes.get("n_rows_out", n_rows_out)
            named = (self._named(e.columns) for e in asked if e.columns is not None)
            found = {
                "verbs": tuple(each.verb for each in asked),
                "n_rows_out": n_rows_out,
                "n_rows_in": sum(n_in for _, n_in in counts),
                "columns": tuple(name for names in named for name in names),
                "seconds": seconds,
                "budget": _tightest(notes.accounts),
            }
            if refused is not None:
                return RequestPlan(**found, refused=refused)
            after = self if edited is fitted else self._copy_with(edited)
            touches = Touches(
                verbs=frozenset(found["verbs"]),
                n_rows_out=found["n_rows_out"],
                n_rows_in=found["n_rows_in"],
                frozen=frozenset(getattr(edited, "lately", ())),
                refined="refined" in notes,
            )
            steps = tuple(touches.steps(self, after))
            largest = mean = None
            if X_watch is not None:
                largest, mean = differences(self, after, X_watch)
            return RequestPlan(
                **found,
                steps=steps,
                passes=work.passes,
                fits=work.fits,
                largest_change=largest,
                mean_change=mean,
            )


def _tightest(accounts):
    """The `PlannedBudget` of which least would remain, None of no accounts."""
    budgets = []
    for (first, _), *later in accounts.values():
        last = later[-1][0] if later else first
        budgets.append(
            PlannedBudget(
                budget=first.budget,
                remaining=first.remaining,
                remaining_after=last.remaining,
                spends=tuple(spent for _, spent in later if spent is not None),
                publications=first.n_published,
                publications_left=last.left,
            )
        )
    return min(budgets, key=lambda each: each.remaining_after, default=None)


@dataclass(frozen=True)
class Touches:
    """What requests touch in the estimators inside another, after they were answered.

    Attributes
    ----------
    verbs : frozenset of str
    n_rows_out, n_rows_in : int
        Of the requests.
    frozen : frozenset of str
        Steps that were left with what they know.
    refined : bool
        Whether the last estimator was refined on retained data.
    """

    verbs: frozenset[str]
    n_rows_out: int
    n_rows_in: int
    frozen: frozenset[str]
    refined: bool

    @property
    def forgets(self) -> bool:
        """Whether columns are asked to be forgotten."""
        return "forget_features" in self.verbs

    def steps(self, before: Any, after: Any, name: str = "") -> Iterator[PlannedStep]:
        """A `PlannedStep` for each estimator in another."""
        parts = parts_of(before)
        if not parts:
            yield self.step(before, after, name)
            return
        later = dict(parts_of(after))
        for part, step in parts:
            if hasattr(step, "get_params") and part in later:
                full = f"{name}__{part}" if name else part
                yield from self.steps(step, later[part], full)

    def step(self, before: Any, after: Any, name: str) -> PlannedStep:
        """That of one estimator."""
        cls: Any = type(before)
        kind, explains = cls.__name__, own(before, "_way")
        costs = "a fit" if explains is None else explains()[2]
        how = self._how(before, after, name, costs)
        rows = (self.n_rows_out, self.n_rows_in)
        emptied: tuple[Any, ...] = ()
        gone: set[Any] = set()
        columns: tuple[Any, ...] = ()
        if before is not after:
            if _may_name(cls, tuple(vars(before))):
                gone = set(_outputs(before)) - set(_outputs(after))
            if name or self.forgets:  # a step may lose columns for any reason
                columns = _columns_gone(before, after)
            emptied = _emptied(before, after)
        n_rows_out, n_rows_in = (0, 0) if how in _UNREAD else rows
        return PlannedStep(
            name=name or kind,
            estimator=kind,
            how=how,
            costs="nothing" if how in _UNREAD else costs,
            n_rows_out=n_rows_out,
            n_rows_in=n_rows_in,
            columns=columns,
            vanishing=tuple(sorted(gone)),
            emptied=emptied,
        )

    def _how(self, before: Any, after: Any, name: str, costs: str) -> str:
        if name in self.frozen:
            return "frozen"
        if before is after:
            return "untouched"
        tags = promised(before)
        if tags is None or costs.startswith("a fit"):
            return "fitted again"
        worths = [getattr(tags, verb, None) for verb in self.verbs]
        order = [worth for worth in METHODS if worth in worths] or ["exact"]
        how = METHODS[order[-1]]
        if how == "exact" and self.refined and hasattr(before, "predict"):
            return "refined"
        return how


def _emptied(before, after):
    """Classes that an estimator has lost."""
    labels, left = (getattr(each, "classes_", None) for each in (before, after))
    if labels is None or left is None or labels is left:
        return ()
    if not isinstance(labels, list):  # of several targets some have fewer
        labels, left = [labels], [left]
    pairs = (each for each in zip(labels, left, strict=True) if each[0] is not each[1])
    return tuple(
        label
        for one, other in pairs
        if not np.array_equal(one, other)
        for label in np.setdiff1d(one, other).tolist()
    )


def _forgotten(estimator):
    """A mask of the inputs that an estimator has forgotten, None if it has none."""
    fitted = vars(estimator).get("_fitted")
    model = getattr(fitted, "model", None)
    return getattr(fitted, "forgotten", getattr(model, "forgotten", None))


def _columns_gone(before, after):
    """Inputs, by name or position, that an estimator has forgotten."""
    masks = [_forgotten(each) for each in (before, after)]
    if masks[0] is masks[1] or any(mask is None for mask in masks):
        return ()
    if masks[0].shape != masks[1].shape:
        return ()
    gone = np.flatnonzero(masks[1] & ~masks[0])
    if not gone.size:
        return ()
    names = getattr(before, "feature_names_in_", None)
    return tuple((gone if names is None else names[gone]).tolist())


@lru_cache(maxsize=256)
def _may_name(kind, attributes):
    """Whether estimators of a class, with these attributes, may know `_outputs`."""
    return has_models_inside(kind) or any(
        name in attributes or hasattr(kind, name)
        for name in ("categories_", "vocabulary_", *_HOLDS)
    )


def _outputs(estimator, left=None):
    """What an estimator, or what is in it, knows by name: outputs, or categories.

    Parameters
    ----------
    estimator : estimator
    left : ndarray of int, optional
        Places at fit of the columns that it has, where what it is in knows them.
    """
    forgotten = _forgotten(estimator)
    if forgotten is not None:
        left = np.flatnonzero(~forgotten)
    if hasattr(estimator, "categories_"):
        pairs = zip(_inputs(estimator, left), estimator.categories_, strict=True)
        return [f"{column}: {value}" for column, each in pairs for value in each]
    if hasattr(estimator, "vocabulary_"):
        return list(estimator.vocabulary_)
    models = own(estimator, "_models_inside")
    inside = [] if models is None else models()
    for name in _HOLDS:
        inside += [each[1] for each in getattr(estimator, name, ())]
    known = [each for each in inside if hasattr(each, "get_params")]
    return [name for each in known for name in _outputs(each, left)]


def _inputs(estimator, left):
    """Names, or places at fit, of the columns of which an encoder has categories."""
    n_columns = len(estimator.categories_)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len(names) == n_columns:
        return names
    if left is None or len(left) != n_columns:
        return range(n_columns)
    return left if names is None else names[left]
