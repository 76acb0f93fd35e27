"""Notes on the way of a request, which belong into its record."""

from __future__ import annotations

import time
from contextvars import ContextVar, Token
from typing import Any
from weakref import ReferenceType, ref

from sklearn_unlearn.utils.messages import refuse


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


class TakingNotes:
    """While a request is carried out, or planned: what is noted of it.

    Parameters
    ----------
    rehearses : bool, default=False
        Whether nothing comes of it.

    Attributes
    ----------
    notes : Notes or None
        None within another request, as of a step of a pipeline: it is part of that.
    """

    __slots__ = ("_token", "notes")

    def __init__(self, rehearses: bool = False) -> None:
        self.notes = Notes(rehearses) if _current() is None else None
        self._token: Token[ReferenceType[Notes] | None] | None = None

    def __enter__(self) -> Any:
        if self.notes is not None:
            self._token = _NOTES.set(ref(self.notes))
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._token is not None:
            _NOTES.reset(self._token)


class Answering(TakingNotes):
    """The same, what refuses the request being an `UnlearningError`.

    Attributes
    ----------
    started : float
        On `time.perf_counter`.
    """

    __slots__ = ("started",)

    def __init__(self, rehearses: bool = False) -> None:
        super().__init__(rehearses)
        self.started = time.perf_counter()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        super().__exit__(kind, error, traceback)
        if error is not None:
            refuse(error)


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
