"""Notes on the way of a request, which belong into its record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import ReferenceType, ref


class Notes(dict[str, Any]):
    """What has been noted: fields of `RequestRecord`, and whether data refined a model.

    Attributes
    ----------
    rehearses : bool
        Whether nothing comes of the request, which is only planned.
    accounts : dict
        Of models with certification, the account before and after each publication of
        a plan, and what it spent.
    """

    __slots__ = ("__weakref__", "accounts", "rehearses")

    def __init__(self, rehearses: bool = False) -> None:
        self.rehearses = rehearses
        self.accounts: dict[str, list[Any]] = {}


#: Of the request in progress, which alone keeps them: one that is interrupted before it
#: can clean up is over all the same.
_NOTES: ContextVar[ReferenceType[Notes] | None] = ContextVar("notes", default=None)


def _current() -> Notes | None:
    """The notes of the request in progress, if there is one."""
    reference = _NOTES.get()
    return None if reference is None else reference()


@contextmanager
def taking_notes(rehearses: bool = False) -> Iterator[Notes | None]:
    """While a request is carried out, or planned: what is noted of it.

    None within another request, as of a step of a pipeline: it is part of that.
    """
    if _current() is not None:
        yield None
        return
    notes = Notes(rehearses)
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


def note_first(**found: Any) -> None:
    """The same, unless it was noted already, of the model that was asked first."""
    notes = _current()
    for name, value in found.items():
        if notes is not None:
            notes.setdefault(name, value)


def rehearsing() -> bool:
    """Whether what is computed is part of a plan, so that nothing is to come of it."""
    notes = _current()
    return notes is not None and notes.rehearses


def note_account(name: str, accountant: Any, distance: float | None = None) -> None:
    """Note what a model with certification has spent, before and after a publication.

    Parameters
    ----------
    name : str
        Of the fit and the requests since.
    accountant : Accountant
    distance : float, optional
        What the publication has spent.
    """
    notes = _current()
    if notes is not None:
        notes.accounts.setdefault(name, []).append((accountant, distance))
