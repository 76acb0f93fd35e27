"""Draws that follow from names: those of a row do not change when others leave.

Each row of a class has a Poisson process of its own, drawn from its name, and the first
events of all of them together are a sample with replacement: whose event comes next is
uniform among the rows, whatever came before. Without a row the events of the others
stay where they are.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.row_names import numbers_within

#: What is drawn, for numbers that have nothing to do with each other.
_TIME, _PARTNER, _STEP, _TIE = (np.uint64(2 * number + 1) for number in range(4))
#: How many events of a row are drawn at first, in deviations beyond their mean.
_DEVIATIONS = 6.0
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def names_of(X, ids, seed):
    """A number for each row, of its values or of an identifier; equal ones differ.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_rows, n_columns)
    ids : ndarray of shape (n_rows,) or None
    seed : int

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
    """
    key = seed.to_bytes(16, "little")
    seen: dict[bytes, int] = {}
    names = np.empty(X.shape[0], dtype=np.uint64)
    if ids is not None:
        numbers = numbers_within(ids, X, np.zeros(ids.size)).tolist()
        ids = ids.tolist()
    for place in range(X.shape[0]):
        if ids is None:
            content = _content(X, place)
            number = seen[content] = seen.get(content, -1) + 1
        else:
            content, number = repr(ids[place]).encode(), numbers[place]
        digest = blake2b(
            content, digest_size=8, key=key, salt=number.to_bytes(8, "little")
        )
        names[place] = int.from_bytes(digest.digest(), "little")
    return names


def _content(X, place):
    """What a row holds, without zeros that are stored or signed."""
    if not is_sparse(X):
        return (X[place] + 0.0).tobytes()
    entries = slice(X.indptr[place], X.indptr[place + 1])
    values, columns = X.data[entries], X.indices[entries]
    kept = np.flatnonzero(values)
    kept = kept[np.argsort(columns[kept])]
    return columns[kept].astype(np.int64).tobytes() + values[kept].tobytes()


def mixed(*numbers):
    """A hash of numbers, elementwise (the finaliser of splitmix64, twice)."""
    found = np.uint64(0)
    with np.errstate(over="ignore"):
        for number in numbers:
            found = (found ^ number) + _GOLDEN
            for _ in range(2):
                found = (found ^ (found >> np.uint64(30))) * np.uint64(
                    0xBF58476D1CE4E5B9
                )
                found = (found ^ (found >> np.uint64(27))) * np.uint64(
                    0x94D049BB133111EB
                )
                found = found ^ (found >> np.uint64(31))
    return found


def _uniform(*numbers):
    """Numbers above 0 and below 1."""
    return ((mixed(*numbers) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def first_events(names, n_events):
    """Whose the first events are, and which of theirs.

    Parameters
    ----------
    names : ndarray of uint64 of shape (n_rows,)
    n_events : int

    Returns
    -------
    row : ndarray of int of shape (n_events,)
        In the order of the events.
    number : ndarray of uint64 of shape (n_events,)
        Of the event among those of the row.
    """
    mean = n_events / names.size
    each = int(mean + _DEVIATIONS * np.sqrt(mean)) + 8
    while True:
        numbers = np.arange(each, dtype=np.uint64)
        waits = -np.log(_uniform(_TIME, names[:, None], numbers))
        times = np.cumsum(waits, axis=1)
        order = np.argsort(times, axis=None, kind="stable")[:n_events]
        last = times.ravel()[order[-1]] if n_events else 0.0
        if order.size == n_events and np.all(times[:, -1] > last):
            return order // each, numbers[order % each]
        each *= 2


def partners(names, number, neighbours):
    """One of the neighbours for each event, uniformly.

    Parameters
    ----------
    names : ndarray of uint64 of shape (n_events,)
        Of the rows of the events.
    number : ndarray of uint64 of shape (n_events,)
    neighbours : ndarray of uint64 of shape (n_events, n_neighbours)
        Names of the neighbours of these rows, in any order.

    Returns
    -------
    ndarray of int of shape (n_events,)
        Places among the neighbours. The others win anew if the one has left.
    """
    own = names[:, None], number[:, None]
    return mixed(_PARTNER, *own, neighbours).argmax(axis=1)


def steps(names, number):
    """How far from its row to its partner the synthetic row of each event is."""
    return _uniform(_STEP, names, number)


def ties(names):
    """What decides between neighbours at the same distance."""
    return mixed(_TIE, names)
