"""What a model knows of its requests, from which their records are written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sklearn_unlearn.records import RequestRecord, versions

#: What tags promise, as records call it.
METHODS = {"exact": "exact", "approximate": "one step", "empirical": "empirical"}
#: What states are worth, the best first.
WORTHS = ("exact", "refined", "one step", "empirical")


class Draft(NamedTuple):
    """What a request has left for its record, which is written when it is asked for.

    Attributes
    ----------
    identity : bytes
    follows, undoes : str or None
    asked : dict
        What was asked, as `RequestRecord` calls it.
    found : dict
        What was noted on the way, as `RequestRecord` calls it.
    before : str or None
        What the state before was worth.
    promised : UnlearningTags or None
    answered : float
        Seconds since the epoch.
    answer : dict
        What all requests that were carried out together share.
    """

    identity: bytes
    follows: str | None
    undoes: str | None
    asked: dict[str, Any]
    found: dict[str, Any]
    before: str | None
    promised: Any
    answered: float
    answer: dict[str, Any]

    def worth(self) -> tuple[str | None, str | None]:
        """By which method the request was answered, and what the state is worth."""
        promise: Any = getattr(self.promised, self.asked["verb"], None)
        method = METHODS.get(promise)
        refined = "refined" in self.found
        if refined and (method == "exact" or self.asked["verb"] == "refine"):
            return "refined", "refined"
        if method is None or self.before is None:
            return method, None
        return method, max(self.before, method, key=WORTHS.index)

    def record(self) -> RequestRecord:
        """The record of the request."""
        answered = datetime.fromtimestamp(self.answered, UTC)
        found: dict[str, Any] = {name: self.found.get(name) for name in _NOTED}
        method, worth = self.worth()
        asked = self.asked
        if "n_rows_out" in self.found and asked["n_rows_out"]:
            asked = asked | {"n_rows_out": self.found["n_rows_out"]}
        return RequestRecord(
            identity=self.identity.hex(),
            follows=self.follows,
            undoes=self.undoes,
            time=answered.isoformat(timespec="milliseconds"),
            method=method,
            exactness_before=self.before,
            exactness_after=worth,
            versions=versions(),
            **found,
            **asked,
            **self.answer,
        )


#: Fields of records that are noted on the way of a request.
_NOTED = ("residual_before", "residual_after", "publications", "budget")


@dataclass(frozen=True, eq=False)
class RequestLog:
    """What a model knows of its requests.

    Attributes
    ----------
    key : bytes
        Secret, of the digests in records.
    last : Draft or RequestRecord or None
        Of the last request.
    standing : str or None
        The identity of the last request that was not taken back.
    left : dict
        Places of the rows that left, by the identity of the request that took them.
    worth : str or None
        What the state is worth, as of `RequestRecord.exactness_after`.
    state : callable
        Gives what the model had learned when the record was made, if it still exists.
    promised : tuple or None
        Parameters, and what tags say of them.
    digest : str or None
        Of that state under the key, if it is known.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    last: Draft | RequestRecord | None = None
    standing: str | None = None
    worth: str | None = "exact"
    state: Callable[[], Any] = tuple
    promised: Any = None
    digest: str | None = None
    left: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def record(self) -> RequestRecord | None:
        """That of the last request."""
        return self.last.record() if isinstance(self.last, Draft) else self.last
