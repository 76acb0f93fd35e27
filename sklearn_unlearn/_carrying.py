"""From a request to the new state and its record: one at a time, in one assignment."""

from __future__ import annotations

import copy
import html
import logging
import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from operator import is_
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn._batches import fold, stated_requests
from sklearn_unlearn._request_log import (
    Draft,
    RequestLog,
    Shared,
    described,
    reference,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.plans import EMPTIED
from sklearn_unlearn.records import LOGGER, RequestRecord
from sklearn_unlearn.utils.by_parameters import parameters_of
from sklearn_unlearn.utils.digests import digest_of_state
from sklearn_unlearn.utils.notes import Answering
from sklearn_unlearn.utils.request import Answer, Request
from sklearn_unlearn.utils.row_ids import check_row_ids
from sklearn_unlearn.utils.tags import promised
from sklearn_unlearn.utils.validation import check_columns


class CarryingMixin:
    """How a request is carried out, whatever estimator it is asked of.

    An estimator gives `_apply` and the hooks of its fitted value.
    """

    _checked: Any
    _swap: Any
    _attributes_of: Any
    _version: Any
    _become: Any
    _copy_with: Any
    _accepts: ClassVar[Any]
    _check_accepted: Any
    #: The attribute that is another object as soon as something else was learned.
    _kept_in: ClassVar[str] = "_fitted"
    #: Whether ``_apply`` takes requests that have ``parts``.
    _at_once: ClassVar[Any] = False

    def _apply(self, fitted: Any, request: Request) -> Answer:
        """What comes of a request; the estimator and the fitted value stay."""
        raise NotImplementedError

    def _carry_out(self, request: Request) -> Any:
        """Validate, compute and put in place; only the last line changes the object."""
        with self._exclusive(), Answering() as answering:
            fitted = self._checked()
            self._check_accepted(request)
            after = self._apply(fitted, request).fitted
            self._put(answering, [request], fitted, after)
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
        requests : (str, dict) or list of (str, dict)
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
        with self._exclusive(), Answering() as answering:
            fitted = self._checked()
            asked = stated_requests(self._stated, requests)
            after = self._answered_together(fitted, asked)
            drafts = self._put(answering, asked, fitted, after)
            if not drafts:
                return []
            last = self._last_record()
            return [*(each.record(last.state_after) for each in drafts[:-1]), last]

    def _stated(self, verb: str, keywords: dict[str, Any]) -> Request:
        """The `Request` that a verb makes of its arguments, which are checked."""
        asks = self._version()
        vars(asks)["_carry_out"] = lambda request: request  # instead of an answer
        request = getattr(asks, verb)(**keywords)
        if not isinstance(request, Request):
            kind = type(self).__name__
            raise TypeError(f"{verb} of {kind} is none of UnlearnerMixin's.")
        self._check_accepted(request)
        return request

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

    def _put(self, answering, requests, before, fitted, undoes=None):
        """Put a fitted value in place, with what its records are written from.

        Parameters
        ----------
        answering : Answering
        requests : list of Request
            That led to it.
        before, fitted : object
            Fitted values.
        undoes : list of RequestRecord, optional
            Of the requests that these take back.

        Returns
        -------
        list of Draft
            One for each request, none for a part of another, which has the record.
        """
        notes, changed, n = answering.notes, fitted is not before, len(requests)
        if notes is None or not requests:
            if changed:
                self._swap(fitted)
            return []
        log = self._request_log
        key, promised = log.key, self._promised_by(log)
        parts = self._parts_of
        shared = Shared(
            type(self).__name__,
            (time.perf_counter() - answering.started) / n,
            n,
            tuple(changed_steps(parts, before, fitted)) if parts(before) else (),
            tuple(getattr(fitted, "lately", ())),
            log.digest_of(before),
        )
        places = notes.pop("numbers_out", None)
        if n > 1:
            notes.pop("n_rows_out", None)
        if not any(one.verb == "partial_fit" for one in requests):
            requests = [self._without_unknown(one) for one in requests]
        undone = [None] * n if undoes is None else [one.identity for one in undoes]
        left = log.kept(undone)
        follows: Any = log.standing
        drafts, worth, now = [], log.worth, time.time()
        for request, each in zip(requests, undone, strict=True):
            asked = self._described(key, request)
            identity, found = os.urandom(16), dict(notes)
            draft = Draft(
                identity, follows, each, asked, found, worth, promised[1], now, shared
            )
            drafts.append(draft)
            follows, worth = identity.hex(), draft.worth()[1]
        if undoes is not None:
            follows = undoes[-1].follows
        elif n == 1 and places is not None and requests[0].into is None:
            left[follows] = places
        learned = self._attributes_of(fitted) if changed else {}
        state, digest = learned.get(self._kept_in), None
        if not changed:
            state, digest = vars(self).get(self._kept_in), shared.state_before
        elif state is not fitted:  # what the digest is of need not last
            digest = digest_of_state(key, fitted)
        columns = [*log.columns, *(c for each in drafts for c in each.asked.columns)]
        back = {c for each in undoes or () for c in each.columns}
        log = RequestLog(
            key,
            draft,
            follows,
            worth,
            reference(state),
            promised,
            digest,
            left,
            log.count + n,
            tuple(c for c in dict.fromkeys(columns) if c not in back),
        )
        vars(self).update({**learned, "_requests": log})
        if LOGGER.isEnabledFor(logging.INFO):
            after = self._last_record().state_after
            for each in drafts:
                LOGGER.info("%s", each.record(after).line)
        return drafts

    def _described(self, key, request):
        """What a record says of a request itself."""
        out, columns, named = request.out, (), None
        if request.columns is not None:
            columns = self._named(request.columns)
        if out is not None and out.X is None and out.row_ids is not None:
            digest_of = getattr(self, "_digest_of_named", None)
            named = None if digest_of is None else digest_of(key, out.row_ids)
        return described(key, request, columns, named)

    def _without_unknown(self, request):
        """A request without the names that it skipped, of which no row was there."""
        out = request.out
        if out is None or out.on_unknown != "skip" or out.X is not None:
            return request
        has = getattr(self, "has", None)
        if has is None or np.ndim(out.sample_weight):  # of which each name has one
            return request
        there = np.atleast_1d(has(out.row_ids))
        if there.all():
            return request
        found = check_row_ids(out.row_ids)[there] if there.any() else None
        return replace(request, out=replace(out, row_ids=found))

    def _named(self, columns):
        """Columns by name, or by position where they have none."""
        n_columns = getattr(self, "n_features_in_", None)
        if n_columns is None:
            return ()
        names = getattr(self, "feature_names_in_", None)
        chosen = np.flatnonzero(check_columns(columns, n_columns, names))
        return tuple((chosen if names is None else names[chosen]).tolist())

    # Hooks ----------------------------------------------------------------------------

    def _parts_of(self, fitted: Any) -> Sequence[tuple[str, Any]]:
        """Names and values of the steps that a fitted value consists of."""
        return ()

    def _promised(self) -> Any:
        """Tags of what requests are worth."""
        return promised(self)

    # Records --------------------------------------------------------------------------

    @property
    def request_record_(self) -> RequestRecord:
        """`RequestRecord` of the last request since ``fit``."""
        record = self._last_record()
        if record is None:
            raise AttributeError(
                f"This {type(self).__name__} has carried out no request since fit."
            )
        return record

    def _last_record(self) -> Any:
        """That of the last request since ``fit``, None of none."""
        record, log = None, self._request_log
        while record is None and log.last is not None:
            record = log.record()
            log = self._request_log  # if the state has just become another one
        return record

    @property
    def _request_log(self) -> RequestLog:
        """The log, with nothing of requests before the last ``fit``."""
        learned = vars(self)
        log = learned.get("_requests")
        if log is None:
            log = learned.setdefault("_requests", RequestLog())
        if log.last is None or log.state() is learned.get(self._kept_in):
            return log
        return RequestLog(log.key, promised=log.promised)

    def _use_record_key(self, key: bytes) -> None:
        with self._exclusive():
            record, log = self._last_record(), self._request_log
            log = replace(log, last=record, key=key, digest=None)
            vars(self)["_requests"] = log

    def _promised_by(self, log):
        """Parameters and what tags say of them, which are asked for if they changed."""
        known, learned = log.promised, vars(self)
        if known is None:
            kind: Any = type(self)
            known = (), None, parameters_of(kind.__init__)
        values = tuple(map(learned.get, known[2]))
        if known[0] and all(map(is_, known[0], values)):
            return known
        return values, self._promised(), known[2]

    def _pickled_log(self):
        """What a pickle has of the log: no key, and no state but the present one."""
        record, log = self._last_record(), self._request_log
        if record is None:
            return None
        return record, log.standing, log.left, log.count, log.columns

    def _restore_log(self, pickled):
        if pickled is not None:
            record, standing, left, *since = pickled
            count, columns = since or (0, ())
            vars(self)["_requests"] = RequestLog(
                last=record,
                standing=standing,
                worth=record.exactness_after,
                state=reference(vars(self).get(self._kept_in)),
                left=left,
                count=count,
                columns=columns,
            )

    def _repr_mimebundle_(self, **kwargs):
        """scikit-learn's displays; the HTML has lines about the requests so far."""
        parent: Any = super()
        displays = getattr(parent, "_repr_mimebundle_", dict)
        shown = displays(**kwargs)
        record = self._last_record()
        if record is not None and "text/html" in shown:
            lines = map(html.escape, self._request_log.told(record))
            shown["text/html"] += f"<p><small>{'<br>'.join(lines)}</small></p>"
        return shown

    @property
    def _repr_html_(self):
        """The HTML of `_repr_mimebundle_`, where scikit-learn shows any."""
        parent: Any = super()
        parent._repr_html_  # noqa: B018  # not there where it shows none
        return lambda: self._repr_mimebundle_()["text/html"]


def answered_by_all(models: Sequence[Any], calls: Sequence[Any]) -> None:
    """Let several models answer a call each, all of them or none.

    Parameters
    ----------
    models : list of estimator
    calls : list of callable
        Of a copy of each.

    Raises
    ------
    UnlearningError
        If a class would be left without rows, or a call raises it.
    """
    with ExitStack() as held:
        for model in models:
            held.enter_context(model._exclusive())
        edited = [copy.copy(model) for model in models]
        for model, after, call in zip(models, edited, calls, strict=True):
            call(after)
            before, now = (getattr(each, "classes_", 0) for each in (model, after))
            if not np.array_equal(before, now):
                raise UnlearningError(EMPTIED)
        for model, after in zip(models, edited, strict=True):
            model._become(after)


def parts_of(estimator: Any) -> Sequence[tuple[str, Any]]:
    """Names and values of the steps that a fitted estimator consists of, if any."""
    hook = getattr(estimator, "_parts_of", None)
    return () if hook is None else hook(estimator._checked())


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
