"""From a request to the new state and its record: one at a time, in one assignment."""

from __future__ import annotations

import html
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from inspect import signature
from operator import is_
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from sklearn_unlearn._batches import fold, stated_requests
from sklearn_unlearn._request_log import Draft, RequestLog
from sklearn_unlearn.records import LOGGER, RequestRecord
from sklearn_unlearn.utils.digests import (
    digest_of_rows,
    digest_of_state,
    digests_of_names,
)
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.notes import taking_notes
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.request import Answer, Batch, Request
from sklearn_unlearn.utils.row_ids import names_in
from sklearn_unlearn.utils.tags import unlearning_tags
from sklearn_unlearn.utils.validation import check_columns

_NO_ROWS = Batch()
#: Requests of which it is kept to which places their rows would come back.
_PLACES = 100


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
    #: Whether ``_apply`` takes requests that have ``parts``.
    _at_once: ClassVar[Any] = False

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
        and then deleted is deleted. All that the list asks for is one edit of the
        model, so that a long list costs little more than one large request. Name a row
        in one way throughout the list: by values, as the requests before leave them,
        or by ``row_ids``.

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
            drafts = put(asked, fitted, self._answered_together(fitted, asked))
            records = [draft.record() for draft in drafts]
            return [*records[:-1], self.request_record_] if records else []

    def _answered_together(self, fitted: Any, asked: list[Request]) -> Any:
        """The fitted value that a list of requests leads to."""
        if len(asked) == 1:
            return self._apply(fitted, asked[0]).fitted
        current: Any = self
        both = "y_new" in self._accepts
        requests = fold(asked, self._union, both, at_once=bool(self._at_once))
        for number, request in enumerate(requests):
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
        answer = {
            "estimator": type(self).__name__,
            "seconds": seconds / len(requests),
            "n_together": len(requests),
            "steps": tuple(changed_steps(self._parts_of, before, fitted)),
            "frozen": tuple(getattr(fitted, "lately", ())),
            "state_before": digest,
            "state_after": edited,
        }
        if len(requests) > 1:
            notes.pop("n_rows_out", None)
        places = notes.pop("numbers_out", None)
        undone = [
            None if undoes is None else one.identity for one in undoes or requests
        ]
        left = {name: at for name, at in log.left.items() if name not in undone}
        drafts, follows, worth = [], log.standing, log.worth
        for request, each in zip(requests, undone, strict=True):
            asked = self._described(log.key, request)
            asked["named"] = self._named_digest(log.key, request)
            draft = Draft(
                os.urandom(16),
                follows,
                each,
                asked,
                dict(notes),
                worth,
                promised[1],
                time.time(),
                answer,
            )
            drafts.append(draft)
            follows, worth = draft.identity.hex(), draft.worth()[1]
        if undoes is not None:
            follows = undoes[-1].follows
        elif len(requests) == 1 and places is not None and requests[0].into is None:
            left = dict([*left.items()][-_PLACES:])
            left[draft.identity.hex()] = places
        after = self._version()
        if changed:
            after._swap(fitted)
        state = _reference(after._state_of_record())
        log = RequestLog(log.key, draft, follows, worth, state, promised, edited, left)
        vars(after)["_requests"] = log
        self._become(after)
        if LOGGER.isEnabledFor(logging.INFO):
            for each in drafts:
                LOGGER.info("%s", each.record().line)
        return drafts

    def _named_digest(self, key, request):
        """A digest of rows that a request names by identifiers alone, before it."""
        out = request.out
        named = out is not None and out.X is None and out.row_ids is not None
        if not named or not hasattr(self, "_digest_of_named"):
            return None
        return self._digest_of_named(key, out.row_ids)

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
        asked = {"verb": request.verb, **self._counted(request)}
        rows = (into if out is None else out) or _NO_ROWS
        new = _NO_ROWS if out is None or into is None else into
        given = {
            "X": rows.X,
            "X_new": new.X,
            "columns": asked["columns"] or None,
            "row_ids": rows.row_ids,
            "sample_weight": rows.sample_weight,
            "y": rows.y,
            "y_new": new.y,
        }
        asked["row_ids"] = digests_of_names(key, rows.row_ids)
        asked["asked"] = digest_of_rows(key, given)
        return asked

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
        if log.last is None or log.state() is self._state_of_record():
            return log
        return RequestLog(log.key, promised=log.promised)

    def _use_record_key(self, key: bytes) -> None:
        with self._exclusive():
            vars(self)["_requests"] = replace(self._request_log, key=key, digest=None)

    def _promised_by(self, log):
        """Parameters and what tags say of them, which are asked for if they changed."""
        kind: Any = type(self)
        values = tuple(map(vars(self).get, _parameters(kind)))
        known = log.promised
        if known is not None and all(map(is_, known[0], values)):
            return known
        return values, self._promised()

    def _pickled_log(self):
        """What a pickle has of the log: no key, and no state but the present one."""
        log = self._request_log
        return None if log.last is None else (log.record, log.standing, log.left)

    def _restore_log(self, pickled):
        if pickled is not None:
            record, standing, left = pickled
            vars(self)["_requests"] = RequestLog(
                last=record,
                standing=standing,
                worth=record.exactness_after,
                state=_reference(self._state_of_record()),
                left=left,
            )

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
