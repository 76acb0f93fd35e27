"""Notes on the way of a request, which belong into its record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import ReferenceType, ref


class Notes(dict[str, Any]):
    """What has been noted: fields of `RequestRecord` and their values."""

    __slots__ = ("__weakref__",)


#: Of the request in progress, which alone keeps them: one that is interrupted before it
#: can clean up is over all the same.
_NOTES: ContextVar[ReferenceType[Notes] | None] = ContextVar("notes", default=None)


def _current() -> Notes | None:
    """The notes of the request in progress, if there is one."""
    reference = _NOTES.get()
    return None if reference is None else reference()


@contextmanager
def taking_notes() -> Iterator[Notes | None]:
    """While a request is carried out: what is noted of it.

    None within another request, as of a step of a pipeline: it is part of that.
    """
    if _current() is not None:
        yield None
        return
    notes = Notes()
    token = _NOTES.set(ref(notes))
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
    notes = _current()
    if notes is not None:
        notes.update(found)
