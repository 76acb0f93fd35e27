"""What comes up on the way of a request and belongs into its record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_NOTES: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


@contextmanager
def taking_notes() -> Iterator[dict[str, Any] | None]:
    """While a request is carried out: what is noted of it.

    None within another request, as of a step of a pipeline: it is part of that.
    """
    if _NOTES.get() is not None:
        yield None
        return
    notes: dict[str, Any] = {}
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def note(**found: Any) -> None:
    """Note something of the request in progress, if there is one.

    Parameters
    ----------
    **found
        Fields of `RequestRecord` and their values; no data.
    """
    notes = _NOTES.get()
    if notes is not None:
        notes.update(found)
