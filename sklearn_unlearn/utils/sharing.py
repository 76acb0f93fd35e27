"""Work that pipelines with the same first steps have in common, done once for all."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_KNOWN: ContextVar[dict[Any, Any] | None] = ContextVar("_KNOWN", default=None)


@contextmanager
def shared():
    """Remember, within this block, what was worked out by the same objects."""
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def sharing():
    """Whether that is remembered."""
    return _KNOWN.get() is not None


def known(objects, *more):
    """What `once` has found of these objects and more; None if nothing was asked.

    Parameters
    ----------
    objects : list of object
    *more : hashable
    """
    found = (_KNOWN.get() or {}).get((*map(id, objects), *more))
    return None if found is None else found[1]


def once(work, objects, *more):
    """What a function gives of some objects and more, computed once if it is shared.

    Parameters
    ----------
    work : callable
        Without arguments.
    objects : list of object
        Told apart by identity; they decide on what the work gives.
    *more : hashable

    Returns
    -------
    object
    """
    known = _KNOWN.get()
    if known is None:
        return work()
    key = (*map(id, objects), *more)
    if key not in known:
        # the objects are kept, so that no other has the identity of one of them
        known[key] = list(objects), work()
    return known[key][1]
