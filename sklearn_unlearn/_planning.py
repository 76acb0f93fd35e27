"""Requests looked at beforehand, and taken back afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn._batches import stated_requests
from sklearn_unlearn._carrying import METHODS, CarryingMixin
from sklearn_unlearn.core.rows import counting_passes
from sklearn_unlearn.exceptions import UndoError
from sklearn_unlearn.plans import PlannedBudget, PlannedStep, RequestPlan
from sklearn_unlearn.utils.answers import differences
from sklearn_unlearn.utils.digests import digest_of_rows, digest_of_state
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.notes import Notes, taking_notes
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.steps import own
from sklearn_unlearn.utils.tags import unlearning_tags

#: How a step is touched that reads no row, and what is read where passes are counted.
_UNREAD = ("frozen", "untouched")
_COUNTED = ("its rows", "some passes")


class PlanningMixin(CarryingMixin):
    """`plan`, and what `RequestRecord.undo` asks for."""

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
        with self._exclusive(), refusing(), taking_notes(rehearses=True) as notes:
            fitted = self._checked()
            single = isinstance(requests, tuple) and len(requests) == 2
            single = single and isinstance(requests[0], str)
            asked = stated_requests(self, [requests] if single else requests)
            started, refused = time.perf_counter(), None
            try:
                with counting_passes() as passes:
                    edited = self._answered_together(fitted, asked)
            except (ValueError, TypeError) as error:
                refused = str(error)
            seconds = time.perf_counter() - started
            notes = Notes() if notes is None else notes
            counted = [self._counted(each) for each in asked]
            if len(asked) == 1 and asked[0].out is not None:
                known = counted[0]["n_rows_out"]
                counted[0]["n_rows_out"] = notes.get("n_rows_out", known)
            found = {
                "verbs": tuple(each.verb for each in asked),
                "n_rows_out": sum(each["n_rows_out"] for each in counted),
                "n_rows_in": sum(each["n_rows_in"] for each in counted),
                "columns": tuple(name for each in counted for name in each["columns"]),
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
            read = all(each.how in _UNREAD or each.costs in _COUNTED for each in steps)
            largest = mean = None
            if X_watch is not None:
                largest, mean = differences(self, after, X_watch)
            return RequestPlan(
                **found,
                steps=steps,
                passes=passes[0] if read else None,
                largest_change=largest,
                mean_change=mean,
            )

    def _undo(self, record: Any, given: dict[str, Any]) -> Any:
        """Take back the last request that stands; see `RequestRecord.undo`."""
        with self._request() as put:
            fitted, log = self._checked(), self._request_log
            self._check_undone(record, log)
            last: Any = log.record
            if last.state_after != digest_of_state(log.key, fitted):
                raise UndoError(
                    "The key of the model is another than at the request, as after "
                    "loading it: use_record_key gives it the one it had."
                )
            if record.asked != digest_of_rows(log.key, given):
                raise UndoError(
                    "These are not the rows of the request, in values, targets, "
                    "weights and row_ids as it was given them."
                )
            _check_values_given(record.verb, given)
            request = _opposite(record.verb, given)
            self._check_accepted(request)
            self._check_weights_given(fitted, given)
            edited = self._apply(fitted, request).fitted
            back = digest_of_state(log.key, edited)
            if record.method == "exact" and back != record.state_before:
                raise UndoError(
                    "With these rows back the model would not be the one before the "
                    "request to the last bit."
                )
            put([request], fitted, edited, undoes=record)
        return self

    def _check_undone(self, record, log):
        """Refuse what is not the last request, or has no exact opposite.

        Raises
        ------
        UndoError
        """
        if log.standing != record.identity:
            raise UndoError(
                "The request is not the last of this model that stands: take back "
                "those after it first."
            )
        if record.n_together > 1:
            raise UndoError("The request was carried out together with others.")
        if record.verb in ("forget_features", "refine"):
            raise UndoError(f"{record.verb} has no opposite.")
        if record.method not in ("exact", "refined"):
            raise UndoError(
                "The model is not exact: after the opposite request it would be "
                "another than before. Fit again, or with retain_data=True."
            )

    def _check_weights_given(self, fitted, given):
        """Refuse rows back without the weights that they had.

        Raises
        ------
        UndoError
        """
        model = getattr(fitted, "model", fitted)
        retained = getattr(model, "retained", None)
        if given.get("sample_weight") is not None or retained is None:
            return
        for block in retained.blocks():
            if not np.isin(block.weight, (0.0, 1.0)).all():
                raise UndoError(
                    "The rows of the model have weights: give sample_weight in the "
                    "request, and to undo it."
                )


def _check_values_given(verb, given):
    """Refuse a request by names alone: of what values nothing is known.

    Raises
    ------
    UndoError
    """
    if given["X"] is None and verb != "partial_fit":
        raise UndoError(
            "The request named its rows by row_ids alone, and no record tells their "
            "values: it cannot be taken back. Name X and y beside row_ids."
        )


def _opposite(verb, given):
    """The request that takes another back."""
    X, y, X_new, y_new, weight, ids = (
        given.get(name)
        for name in ("X", "y", "X_new", "y_new", "sample_weight", "row_ids")
    )
    before = Batch(X, y, weight, ids)
    if verb == "partial_unfit":
        return Request(into=before)
    if verb == "partial_fit":
        return Request(out=before)
    if verb == "replace_labels":
        return Request(out=Batch(X, y_new, weight, ids), into=Batch(y=y))
    now = Batch(X_new, y if y_new is None else y_new, weight, ids)
    return Request(out=now, into=Batch(X, None if y_new is None else y))


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

    def steps(self, before: Any, after: Any, name: str = "") -> Iterator[PlannedStep]:
        """A `PlannedStep` for each estimator in another."""
        parts_of = getattr(before, "_parts_of", None)
        parts = () if parts_of is None else parts_of(before._checked())
        if not parts:
            yield self.step(before, after, name)
            return
        later = dict(after._parts_of(after._checked()))
        for part, step in parts:
            if hasattr(step, "get_params") and part in later:
                full = f"{name}__{part}" if name else part
                yield from self.steps(step, later[part], full)

    def step(self, before: Any, after: Any, name: str) -> PlannedStep:
        """That of one estimator."""
        kind, explains = type(before).__name__, own(before, "_way")
        costs = "a fit" if explains is None else explains()[2]
        how = self._how(before, after, name, costs)
        rows = (self.n_rows_out, self.n_rows_in)
        emptied: tuple[Any, ...] = ()
        gone: set[Any] = set()
        columns: tuple[Any, ...] = ()
        if before is not after:
            gone = set(_outputs(before)) - set(_outputs(after))
            columns = _columns_gone(before, after)
            labels, left = (getattr(e, "classes_", None) for e in (before, after))
            if labels is not None and left is not None and labels is not left:
                emptied = tuple(np.setdiff1d(labels, left).tolist())
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
        promised = unlearning_tags(before)
        if promised is None or costs.startswith("a fit"):
            return "fitted again"
        worths = [getattr(promised, verb, None) for verb in self.verbs]
        order = [worth for worth in METHODS if worth in worths] or ["exact"]
        how = METHODS[order[-1]]
        if how == "exact" and self.refined and hasattr(before, "predict"):
            return "refined"
        return how


def _columns_gone(before, after):
    """Inputs, by name or position, that an estimator has forgotten."""
    masks: list[Any] = []
    for each in (before, after):
        fitted = vars(each).get("_fitted")
        model = getattr(fitted, "model", None)
        masks.append(getattr(fitted, "forgotten", getattr(model, "forgotten", None)))
    if any(mask is None for mask in masks) or masks[0].shape != masks[1].shape:
        return ()
    gone = np.flatnonzero(masks[1] & ~masks[0])
    names = getattr(before, "feature_names_in_", None)
    return tuple((gone if names is None else names[gone]).tolist())


def _outputs(estimator):
    """What an estimator knows by name: its outputs, or categories."""
    if hasattr(estimator, "categories_"):
        pairs = enumerate(estimator.categories_)
        return [f"{column}: {value}" for column, each in pairs for value in each]
    if hasattr(estimator, "vocabulary_"):
        return list(estimator.vocabulary_)
    return []
