"""The log of a model's requests, from which their records are written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import ref

from sklearn_unlearn.records import RequestRecord
from sklearn_unlearn.utils.digests import (
    digest_of_rows,
    digest_of_state,
    digests_of_names,
)
from sklearn_unlearn.utils.provenance import package_versions
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.row_ids import names_in

#: What tags promise, as records call it.
METHODS = {"exact": "exact", "approximate": "one step", "empirical": "empirical"}
#: What states are worth, the best first.
WORTHS = ("exact", "refined", "one step", "empirical")
#: Fields of records that are noted on the way of a request.
_NOTED = (
    "residual_before",
    "residual_after",
    "publications",
    "budget",
    "choice",
)
#: Requests of which it is kept to which places their rows would come back.
_PLACES = 100


class Asked(NamedTuple):
    """What a record says of a request itself: counts and digests.

    Attributes
    ----------
    verb : str
    n_rows_out, n_rows_in : int
    columns : tuple
    row_ids : tuple of str
    asked, named : bytes or None
        The digests of what was given, and of what was known of rows that were named.
    """

    verb: str
    n_rows_out: int
    n_rows_in: int
    columns: tuple[Any, ...]
    row_ids: tuple[str, ...]
    asked: str
    named: str | None


def counted(request: Request) -> tuple[int, int]:
    """How many rows leave with a request, and how many come."""
    out, into = request.out, request.into
    n_out = 0 if out is None else _size(out)
    if into is None:
        return n_out, 0
    n_in = _size(into)
    return n_out, max(n_in, n_out) if out is not None else n_in


def _size(batch: Batch) -> int:
    """How many rows, or names alone, a batch has."""
    for value in (batch.X, batch.y):
        if value is not None:
            shape = getattr(value, "shape", None)
            return int((RawRows.of(value).shape if shape is None else shape)[0])
    return 0 if batch.row_ids is None else int(names_in(batch.row_ids).size)


def described(
    key: bytes, request: Request, columns: tuple[Any, ...], named: str | None
) -> Asked:
    """What a record says of a request itself.

    Parameters
    ----------
    key : bytes
        Of the digests.
    request : Request
    columns : tuple of str or int
        Those that it names.
    named : str or None
        Digest of what the model knew of rows that are named by identifiers alone.
    """
    out, into = request.out, request.into
    rows = into if out is None else out
    given: dict[str, Any] = {"columns": columns} if columns else {}
    names: tuple[str, ...] = ()
    if rows is not None:
        given["X"], given["y"] = rows.X, rows.y
        given["row_ids"], given["sample_weight"] = rows.row_ids, rows.sample_weight
        if into is not None and out is not None:
            given["X_new"], given["y_new"] = into.X, into.y
        if rows.row_ids is not None:
            names = digests_of_names(key, rows.row_ids)
    n_out, n_in = counted(request)
    digest = digest_of_rows(key, given)
    return Asked(request.verb, n_out, n_in, columns, names, digest, named)


class Shared(NamedTuple):
    """What records of requests that were carried out together have in common.

    Attributes
    ----------
    estimator : str
    seconds : float
    n_together : int
    steps, frozen : tuple of str
    state_before : str
    """

    estimator: str
    seconds: float
    n_together: int
    steps: tuple[str, ...]
    frozen: tuple[str, ...]
    state_before: str


class Draft(NamedTuple):
    """What a request has left for its record, which is written when it is asked for.

    Attributes
    ----------
    identity : bytes
    follows, undoes : str or None
    asked : Asked
    found : dict
        What was noted on the way, as `RequestRecord` calls it.
    before : str or None
        What the state before was worth.
    promised : UnlearningTags or None
    answered : float
        Seconds since the epoch.
    shared : Shared
    """

    identity: bytes
    follows: str | None
    undoes: str | None
    asked: Asked
    found: dict[str, Any]
    before: str | None
    promised: Any
    answered: float
    shared: Shared

    def worth(self) -> tuple[str | None, str | None]:
        """By which method the request was answered, and what the state is worth."""
        verb, before = self.asked.verb, self.before
        promise: Any = getattr(self.promised, verb, None)
        method = METHODS.get(promise)
        if "refined" in self.found and (method == "exact" or verb == "refine"):
            return "refined", "refined"
        if method is None or before is None:
            return method, None
        if before == method:
            return method, method
        return method, max(before, method, key=WORTHS.index)

    def record(self, state_after: str) -> RequestRecord:
        """The record of the request, with the digest of the state after it."""
        answered = datetime.fromtimestamp(self.answered, UTC)
        found: dict[str, Any] = {name: self.found.get(name) for name in _NOTED}
        method, worth = self.worth()
        asked = self.asked._asdict()
        if "n_rows_out" in self.found and asked["n_rows_out"]:
            asked["n_rows_out"] = self.found["n_rows_out"]
        return RequestRecord(
            identity=self.identity.hex(),
            follows=self.follows,
            undoes=self.undoes,
            time=answered.isoformat(timespec="milliseconds"),
            method=method,
            exactness_before=self.before,
            exactness_after=worth,
            versions=versions(),
            state_after=state_after,
            **found,
            **asked,
            **self.shared._asdict(),
        )


@dataclass(eq=False)
class RequestLog:
    """What a model knows of its requests.

    Attributes
    ----------
    key : bytes
        Secret, of the digests in records.
    last : Draft or RequestRecord or None
        Of the last request; its record, once somebody has asked for it.
    standing : str or None
        The identity of the last request that was not taken back.
    worth : str or None
        What the state is worth, as of `RequestRecord.exactness_after`.
    state : callable
        Gives what the model had learned when the request was answered, if it still
        exists.
    promised : tuple or None
        Parameters, and what tags say of them.
    digest : str or None
        Of that state under the key, if it is known: it is computed when the record is
        asked for, or by the next request, while the state exists anyway.
    left : dict
        Places of the rows that left, by the identity of the request that took them.
    count : int
        How many requests there were since ``fit``, those that took back others too.
    columns : tuple of str or int
        What they forgot.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    last: Draft | RequestRecord | None = None
    standing: str | None = None
    worth: str | None = "exact"
    state: Callable[[], Any] = tuple
    promised: Any = None
    digest: str | None = None
    left: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    columns: tuple[Any, ...] = ()

    def told(self, record: RequestRecord) -> list[str]:
        """What a notebook says of the requests so far, the last of which is known."""
        lines = [f"Last request, {record.time}: {record.line}"]
        worth = record.exactness_after or "not promised"
        # a file of an older release does not say how many there were
        count = self.count or "some"
        lines.append(f"Requests since fit: {count}; the model is {worth}")
        if record.residual_after is not None:
            lines[-1] += f", its gradient residual {record.residual_after:.2g}"
        if self.columns:
            lines.append(f"Columns forgotten: {', '.join(map(str, self.columns))}")
        if record.budget is not None:
            lines.append(
                f"Certified: {record.publications} published, from a budget of "
                f"{record.budget:.3g} for all; private_record() has what is spent"
            )
        return lines

    def record(self) -> RequestRecord | None:
        """That of the last request; None also where its state is gone by now."""
        last = self.last
        if not isinstance(last, Draft):
            return last
        if self.digest is None:
            state = self.state()
            if state is None:
                return None
            self.digest = digest_of_state(self.key, state)
        self.last = record = last.record(self.digest)
        return record

    def digest_of(self, state: Any) -> str:
        """The digest of the state that the last request has led to."""
        known = self.digest
        return digest_of_state(self.key, state) if known is None else known

    def kept(self, undone: list[str | None]) -> dict[str, Any]:
        """Places of rows that left, without those of requests that are taken back."""
        left = dict(self.left)
        for name in filter(None, undone):
            left.pop(name, None)
        while len(left) > _PLACES:
            del left[next(iter(left))]
        return left


def reference(state: Any) -> Callable[[], Any]:
    """What gives an object as long as it is there."""
    try:
        return ref(state)
    except TypeError:  # of a kind that no reference can be weak to
        return lambda: state


@lru_cache(maxsize=1)
def versions():
    """Of the packages, looked up once."""
    return package_versions()
