"""Requests looked at beforehand, and taken back afterwards."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from sklearn_unlearn._batches import stated_requests
from sklearn_unlearn._carrying import METHODS, CarryingMixin
from sklearn_unlearn.exceptions import CertificationError, UndoError
from sklearn_unlearn.plans import PlannedStep, RequestPlan
from sklearn_unlearn.utils.digests import digest_of_rows, digest_of_state
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.notes import taking_notes
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.tags import unlearning_tags

#: What an estimator may answer about rows, the most telling first.
_ANSWERS = ("predict_proba", "decision_function", "predict", "transform")


class PlanningMixin(CarryingMixin):
    """`plan`, and what `RequestRecord.undo` asks for."""

    def plan(self, requests: Any, X_watch: Any = None) -> RequestPlan:
        """What requests would do. They are computed, and nothing is put in place.

        It costs what the requests would cost, and with ``X_watch`` what the answers
        for these rows cost before and after.

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
        CertificationError
            If the model publishes with certification: an answer draws noise, and a
            refusal counts. Its ``removal_cost`` says what a request would spend.
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
        with self._exclusive(), refusing(), taking_notes() as notes:
            fitted = self._checked()
            _check_rehearsed(self)
            single = isinstance(requests, tuple) and len(requests) == 2
            single = single and isinstance(requests[0], str)
            asked = stated_requests(self, [requests] if single else requests)
            started, refused, steps = time.perf_counter(), None, ()
            largest = mean = None
            try:
                edited = self._answered_together(fitted, asked)
            except (ValueError, TypeError) as error:
                refused = str(error)
            seconds = time.perf_counter() - started
            if refused is None:
                after = self if edited is fitted else self._copy_with(edited)
                verbs = {each.verb for each in asked}
                frozen = set(getattr(edited, "lately", ()))
                refined = ({} if notes is None else notes).get(
                    "residual_after"
                ) is not None
                steps = tuple(_planned(self, after, verbs, frozen, refined))
                if X_watch is not None:
                    largest, mean = _moved(self, after, X_watch)
            counted = [self._counted(each) for each in asked]
            return RequestPlan(
                verbs=tuple(each.verb for each in asked),
                n_rows_out=sum(each["n_rows_out"] for each in counted),
                n_rows_in=sum(each["n_rows_in"] for each in counted),
                columns=tuple(name for each in counted for name in each["columns"]),
                steps=steps,
                refused=refused,
                seconds=seconds,
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


def _check_rehearsed(estimator):
    """Refuse a rehearsal that would draw noise, and might count as a refusal.

    Raises
    ------
    CertificationError
    """
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    if getattr(vars(estimator).get("_fitted"), "lineage", None) is not None:
        raise CertificationError(
            "A model with certification answers no rehearsal: it would draw noise, and "
            "a refusal would count. Ask removal_cost what a request would spend."
        )


def _planned(before, after, verbs, frozen, refined, name=""):
    """A `PlannedStep` for each estimator in another, before and after."""
    parts_of = getattr(before, "_parts_of", None)
    parts = () if parts_of is None else parts_of(before._checked())
    if not parts:
        yield _planned_step(before, after, verbs, frozen, refined, name)
        return
    later = dict(after._parts_of(after._checked()))
    for part, step in parts:
        if hasattr(step, "get_params") and part in later:
            full = f"{name}__{part}" if name else part
            yield from _planned(step, later[part], verbs, frozen, refined, full)


def _planned_step(before, after, verbs, frozen, refined, name):
    kind = type(before).__name__
    promised = None if before is after else unlearning_tags(before)
    if name in frozen:
        how = "frozen"
    elif before is after:
        how = "untouched"
    elif promised is None:
        how = "fitted again"
    else:
        worths = [getattr(promised, verb, None) for verb in verbs]
        order = [worth for worth in METHODS if worth in worths] or ["exact"]
        how = METHODS[order[-1]]
        if how == "exact" and refined and hasattr(before, "refine"):
            how = "refined"
    labels, left = (getattr(each, "classes_", None) for each in (before, after))
    emptied: tuple[Any, ...] = ()
    if labels is not None and left is not None and labels is not left:
        emptied = tuple(np.setdiff1d(labels, left).tolist())
    gone = set(_outputs(before)) - set(_outputs(after)) if before is not after else ()
    return PlannedStep(name or kind, kind, how, tuple(sorted(gone)), emptied)


def _outputs(estimator):
    """What an estimator knows by name: its outputs, or categories."""
    if hasattr(estimator, "categories_"):
        pairs = enumerate(estimator.categories_)
        return [f"{column}: {value}" for column, each in pairs for value in each]
    if hasattr(estimator, "vocabulary_"):
        return list(estimator.vocabulary_)
    return []


def _moved(before, after, X):
    """The largest and the mean change of what an estimator answers about rows."""
    name = next(name for name in _ANSWERS if hasattr(before, name))
    old, new = (getattr(each, name)(X) for each in (before, after))
    if old.shape != new.shape:
        return float("nan"), float("nan")
    if old.dtype.kind not in "fiub":
        changes = (old != new).astype(float)
    else:
        changes = abs(old - new)
    return float(changes.max()), float(changes.mean())
