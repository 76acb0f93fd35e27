"""From a request to the new state and its record: one at a time, in one assignment."""

from __future__ import annotations

import html
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from inspect import signature
from operator import is_
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from sklearn_unlearn._batches import fold, stated_requests
from sklearn_unlearn.records import LOGGER, RequestRecord, versions
from sklearn_unlearn.utils.digests import (
    digest_of_rows,
    digest_of_state,
    digests_of_names,
)
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.notes import taking_notes
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.request import Answer, Request
from sklearn_unlearn.utils.row_ids import names_in
from sklearn_unlearn.utils.tags import unlearning_tags
from sklearn_unlearn.utils.validation import check_columns

#: What tags promise, as records call it.
METHODS = {"exact": "exact", "approximate": "one step", "empirical": "empirical"}


@dataclass(frozen=True, eq=False)
class RequestLog:
    """What a model knows of its requests.

    Attributes
    ----------
    key : bytes
        Secret, of the digests in records.
    record : RequestRecord or None
        Of the last request.
    standing : str or None
        The identity of the last request that was not taken back.
    state : callable
        Gives what the model had learned when the record was made, if it still exists.
    promised : tuple or None
        Parameters, and what tags say of them.
    digest : str or None
        Of that state under the key, if it is known.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    record: RequestRecord | None = None
    standing: str | None = None
    state: Callable[[], Any] = tuple
    promised: Any = None
    digest: str | None = None


class CarryingMixin:
    """How a request is carried out, whatever estimator it is asked of.

    An estimator gives `_apply` and the hooks of its fitted value.
    """

    _checked: Any
    _swap: Any
    _version: Any
    _become: Any
    _copy_with: Any
    _accepts: ClassVar[Any]
    _check_accepted: Any

    def _apply(self, fitted: Any, request: Request) -> Answer:
        """What comes of a request; the estimator and the fitted value stay."""
        raise NotImplementedError

    def _carry_out(self, request: Request) -> Any:
        """Validate, compute and put in place; only the last line changes the object."""
        with self._request() as put:
            fitted = self._checked()
            self._check_accepted(request)
            put([request], fitted, self._apply(fitted, request).fitted)
        return self

    def carry_out(self, requests: Any) -> list[RequestRecord]:
        """Carry out a list of requests together, or none of them.

        The model afterwards is the one that they lead to one after another: a row that
        is corrected twice goes from its first to its last values, one that is corrected
        and then deleted is deleted. Rows of one kind of request are asked about at
        once, so that a long list costs little more than a few requests. Name a row in
        one way throughout the list: by values, as the requests before leave them, or
        by ``row_ids``.

        Parameters
        ----------
        requests : list of (str, dict)
            Names of verbs and their keyword arguments, as in
            ``("partial_unfit", {"X": X, "y": y})``.

        Returns
        -------
        list of RequestRecord
            One for each request; their states are those before and after all of them.

        Raises
        ------
        ContradictionError
            If the list asks for two things about one row.
        UnlearningError
            If a request is refused; the estimator is unchanged.
        """
        with self._request() as put:
            fitted = self._checked()
            asked = stated_requests(self, requests)
            return put(asked, fitted, self._answered_together(fitted, asked))

    def _answered_together(self, fitted: Any, asked: list[Request]) -> Any:
        """The fitted value that a list of requests leads to."""
        current: Any = self
        both = "y_new" in self._accepts
        for number, request in enumerate(fold(asked, self._union, both)):
            if number:
                current = self._copy_with(fitted)
            fitted = current._apply(current._checked(), request).fitted
        return fitted

    def _union(self, several):
        """A mask of all columns that are named in a list."""
        n_columns = getattr(self, "n_features_in_", None)
        if n_columns is None:
            return several[0]  # which whoever has none refuses
        names = getattr(self, "feature_names_in_", None)
        masks = [check_columns(columns, n_columns, names) for columns in several]
        return np.any(masks, axis=0)

    # One request at a time ------------------------------------------------------------

    def _exclusive(self) -> threading.RLock:
        """The lock that makes requests of one estimator follow one another.

        Each process has its own: one that a thread held when the process was forked
        is held in the child for ever.
        """
        locks = vars(self).setdefault("_locks", {})
        return locks.setdefault(os.getpid(), threading.RLock())

    @contextmanager
    def _request(self):
        """One request at a time, what refuses it being an `UnlearningError`.

        Gives what puts the result in place: called with the requests, the fitted value
        before and that after.
        """
        with self._exclusive(), refusing(), taking_notes() as notes:
            yield partial(self._put, notes, time.perf_counter())

    def _put(self, notes, started, requests, before, fitted, undoes=None):
        """Put a fitted value in place with the records of what led to it."""
        if notes is None:  # a part of another request, which has the record
            if fitted is not before:
                self._swap(fitted)
            return []
        if not requests:
            return []
        log = self._request_log
        seconds = time.perf_counter() - started
        digest = log.digest or digest_of_state(log.key, before)
        changed = fitted is not before
        edited = digest_of_state(log.key, fitted) if changed else digest
        promised = self._promised_by(log)
        common = {
            "undoes": None if undoes is None else undoes.identity,
            "estimator": type(self).__name__,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": seconds / len(requests),
            "n_together": len(requests),
            "residual_before": None,
            "residual_after": None,
            "steps": tuple(changed_steps(self._parts_of, before, fitted)),
            "frozen": tuple(getattr(fitted, "lately", ())),
            "publications": None,
            "versions": versions(),
            "state_before": digest,
            "state_after": edited,
        }
        common.update((name, notes[name]) for name in notes.keys() & common.keys())
        records, follows = [], log.standing
        refined = common["residual_after"] is not None
        for request in requests:
            promise: Any = getattr(promised[1], request.verb, None)
            method = METHODS.get(promise)
            asked = self._described(log.key, request)
            if len(requests) == 1 and request.out is not None:
                asked["n_rows_out"] = notes.get("n_rows_out", asked["n_rows_out"])
            record = RequestRecord(
                identity=os.urandom(16).hex(),
                follows=follows,
                method="refined" if method == "exact" and refined else method,
                **asked,
                **common,
            )
            records.append(record)
            follows = record.identity
        if undoes is not None:
            follows = undoes.follows
        after = self._version()
        if changed:
            after._swap(fitted)
        state = _reference(after._state_of_record())
        log = RequestLog(log.key, records[-1], follows, state, promised, edited)
        vars(after)["_requests"] = log
        self._become(after)
        for record in records if LOGGER.isEnabledFor(logging.INFO) else ():
            LOGGER.info("%s", record.line)
        return records

    def _counted(self, request):
        """Rows and columns of a request."""
        out, into = request.out, request.into
        columns = () if request.columns is None else self._named(request.columns)
        return {
            "n_rows_out": 0 if out is None else _size(out),
            "n_rows_in": 0 if into is None else max(_size(into), _size(out or into)),
            "columns": columns,
        }

    def _described(self, key, request):
        """What a record says of a request itself."""
        out, into = request.out, request.into
        fields = {}
        for batch, end in ((out, ""), (into, "" if out is None else "_new")):
            for name in ("X", "y", "sample_weight", "row_ids") if batch else ():
                fields[f"{name}{end}"] = getattr(batch, name)
        rows = into if out is None else out
        names = None if rows is None else rows.row_ids
        counted = self._counted(request)
        fields["columns"] = counted["columns"] or None
        return {
            "verb": request.verb,
            **counted,
            "row_ids": digests_of_names(key, names),
            "asked": digest_of_rows(key, fields),
        }

    def _named(self, columns):
        """Columns by name, or by position where they have none."""
        n_columns = getattr(self, "n_features_in_", None)
        if n_columns is None:
            return ()
        names = getattr(self, "feature_names_in_", None)
        chosen = np.flatnonzero(check_columns(columns, n_columns, names))
        return tuple((chosen if names is None else names[chosen]).tolist())

    # Hooks ----------------------------------------------------------------------------

    def _state_of_record(self) -> Any:
        """The object that is another one as soon as something else was learned."""
        return vars(self).get("_fitted")

    def _parts_of(self, fitted: Any) -> Sequence[tuple[str, Any]]:
        """Names and values of the steps that a fitted value consists of."""
        return ()

    def _promised(self) -> Any:
        """Tags of what requests are worth."""
        return unlearning_tags(self)

    # Records --------------------------------------------------------------------------

    @property
    def request_record_(self) -> RequestRecord:
        """`RequestRecord` of the last request since ``fit``."""
        record = self._request_log.record
        if record is None:
            raise AttributeError(
                f"This {type(self).__name__} has carried out no request since fit."
            )
        return record

    @property
    def _request_log(self) -> RequestLog:
        """The log, with nothing of requests before the last ``fit``."""
        log = vars(self).get("_requests")
        if log is None:
            log = vars(self).setdefault("_requests", RequestLog())
        if log.record is None or log.state() is self._state_of_record():
            return log
        return RequestLog(log.key, promised=log.promised)

    def _use_record_key(self, key: bytes) -> None:
        with self._exclusive():
            vars(self)["_requests"] = replace(self._request_log, key=key, digest=None)

    def _promised_by(self, log):
        """Parameters and what tags say of them, which are asked for if they changed."""
        kind: Any = type(self)
        values = [vars(self).get(name) for name in _parameters(kind)]
        known = log.promised
        if known is not None and all(map(is_, known[0], values)):
            return known
        return values, self._promised()

    def _pickled_log(self):
        """What a pickle has of the log: no key, and no state but the present one."""
        log = self._request_log
        return None if log.record is None else (log.record, log.standing)

    def _restore_log(self, pickled):
        if pickled is not None:
            record, standing = pickled
            state = _reference(self._state_of_record())
            log = RequestLog(record=record, standing=standing, state=state)
            vars(self)["_requests"] = log

    def _repr_mimebundle_(self, **kwargs):
        """scikit-learn's displays; the HTML has a line about the last request."""
        parent: Any = super()
        displays = getattr(parent, "_repr_mimebundle_", dict)
        shown = displays(**kwargs)
        record = self._request_log.record
        if record is not None and "text/html" in shown:
            line = html.escape(f"Last request, {record.time}: {record.line}")
            shown["text/html"] += f"<p><small>{line}</small></p>"
        return shown

    @property
    def _repr_html_(self):
        """The HTML of `_repr_mimebundle_`, where scikit-learn shows any."""
        parent: Any = super()
        parent._repr_html_  # noqa: B018  # not there where it shows none
        return lambda: self._repr_mimebundle_()["text/html"]


def changed_steps(parts_of, before, after, prefix=""):
    """Names of the steps that differ between two fitted values.

    Parameters
    ----------
    parts_of : callable
        Gives names and values of the steps of a fitted value.
    """
    parts = dict(parts_of(before))
    for name, step in parts_of(after):
        if step is parts.get(name):
            continue
        inner = getattr(step, "_parts_of", None)
        within = []
        if inner is not None and name in parts and vars(step).get("_fitted") is None:
            values = parts[name]._checked(), step._checked()
            within = list(changed_steps(inner, *values, f"{prefix}{name}__"))
        yield from within or [f"{prefix}{name}"]


def _size(batch):
    """How many rows, or names alone, a batch has."""
    for value in (batch.X, batch.y):
        if value is not None:
            shape = getattr(value, "shape", None)
            return int((RawRows.of(value).shape if shape is None else shape)[0])
    return 0 if batch.row_ids is None else int(names_in(batch.row_ids).size)


@lru_cache(maxsize=256)
def _parameters(kind):
    """Names of the parameters of a class of estimators."""
    return tuple(signature(kind).parameters)


def _reference(state: Any) -> Callable[[], Any]:
    """What gives an object as long as it is there."""
    try:
        return ref(state)
    except TypeError:  # of a kind that no reference can be weak to
        return lambda: state
