"""Rows that requests were given: taken apart row by row, and gathered again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.row_ids import names_in
from sklearn_unlearn.utils.schema import is_frame
from sklearn_unlearn.utils.values import is_missing, together


def check_n_rows(request):
    """Refuse other rows in the place of some if they are not as many.

    Raises
    ------
    UnlearningError
    """
    out, into = request.out or Batch(), request.into or Batch()
    if out.X is None or into.X is None:
        return  # the last step knows how many rows have a name
    shapes = [RawRows.of(out.X).shape, RawRows.of(into.X, "X_new").shape]
    found, expected = shapes[1][0], shapes[0][0]
    # a row that is no table is refused for that, where it is read
    if found != expected and len(shapes[0]) == len(shapes[1]):
        raise UnlearningError(
            f"X_new has {found} rows, expected {expected}: one for each row of X."
        )


@dataclass(frozen=True, eq=False)
class GivenRows:
    """What one request was given for its rows.

    Attributes
    ----------
    number : int
        Of the request in its list.
    request : Request
    given : dict
        `RawRows` or arrays by the names of arguments, all of as many rows.
    n_rows : int
    plain : bool
        Whether it can be asked about row by row.
    """

    number: int
    request: Request
    given: dict[str, Any]
    n_rows: int
    plain: bool

    @classmethod
    def of(cls, number: int, request: Request) -> GivenRows:
        """What a request was given; what is no row is left to who reads it."""
        out, into = request.out, request.into
        rows = into if out is None else out
        if rows is None:
            return cls(number, request, {}, 0, False)
        named = {"X": rows.X, "y": rows.y, "row_ids": rows.row_ids}
        if out is not None and into is not None:
            named |= {"X_new": into.X, "y_new": into.y}
        readers = {"X": _rows, "X_new": _rows, "row_ids": names_in}
        given = {
            name: readers.get(name, np.asarray)(value)
            for name, value in named.items()
            if value is not None
        }
        counts = {value.shape[:1] for value in given.values() if value.shape}
        ids, weight = given.get("row_ids"), rows.sample_weight
        single = ids is not None and not ids.shape
        if single and "X" not in given:  # of all rows of a subject
            counts.add((1,))
        count = counts.pop() if len(counts) == 1 else (0,)
        if single:
            given["row_ids"] = np.full(count, given["row_ids"])
        if weight is not None:
            weight = np.asarray(weight)
            alike = weight.shape in ((), count)
            given["sample_weight"] = np.broadcast_to(weight, count) if alike else weight
            count = count if alike else (0,)
        known = any(name in given for name in ("X", "row_ids"))
        plain = known and not counts and count != (0,)
        return cls(number, request, given, count[0], plain)

    @cached_property
    def verb(self) -> str:
        """The verb that asks for this."""
        return self.request.verb

    @property
    def corrects(self) -> bool:
        """Whether rows that are named by values get others."""
        return "X" in self.given and self.verb.startswith("replace")

    def places(self, place: int) -> dict[str, tuple[int, str, int]]:
        """Where each thing that is known of a row was given."""
        return {name: (self.number, name, place) for name in self.given}

    @cached_property
    def options(self) -> tuple[Any, Any]:
        """What is said of all rows: about unknown names, and of labels."""
        out, classes = self.request.out, self.request.classes
        on_unknown = "raise" if out is None else out.on_unknown
        if classes is not None:
            classes = tuple(np.asarray(classes).tolist())
        return on_unknown, classes

    @cached_property
    def whole(self) -> bool:
        """Whether it is about whole rows that the model has to have."""
        return "sample_weight" not in self.given and self.options[0] == "raise"

    @cached_property
    def kinds(self) -> dict[str, Any]:
        """By argument, a kind of data of which several can follow one another."""
        return {name: _kind(value) for name, value in self.given.items()}

    def name(self, place: int) -> Any:
        """The identifier of a row, in a tuple; None if none is given."""
        return self._names[place] if self._names else None

    def keys(self, end: str, place: int) -> tuple[Any, Any]:
        """What is equal for equal values and for equal targets of a row.

        Parameters
        ----------
        end : {"", "_new"}
            As they are now, or as they will be.
        """
        x, y = ("X", "y")
        pair = []
        for name in (x, y):
            changed = end and f"{name}_new" in self.given
            keys = self._keys.get(f"{name}_new" if changed else name)
            pair.append(None if keys is None else keys[place])
        return pair[0], pair[1]

    @cached_property
    def _names(self):
        ids = self.given.get("row_ids")
        return None if ids is None else [(name,) for name in ids.tolist()]

    @cached_property
    def _keys(self):
        return self._with_others({})

    @property
    def rows(self) -> list[str]:
        """Names of the arguments that hold rows."""
        return [name for name in ("X", "X_new") if name in self.given]

    def with_keys(self, keys: dict[str, Any]) -> None:
        """Take over keys of some arguments, computed with those of other requests."""
        vars(self)["_keys"] = self._with_others(keys)

    def _with_others(self, keys):
        """Keys of some arguments, and of all others that have any."""
        names = {"X", "y", "X_new", "y_new"} & self.given.keys()
        others = {name: _keys_of(self.given[name]) for name in names - keys.keys()}
        return others | keys


def find_keys_together(given: list[GivenRows]) -> None:
    """Compute the keys of many small frames as those of a few large ones."""
    alike: dict[Any, list[tuple[GivenRows, str]]] = defaultdict(list)
    for one in given:
        for name in one.rows:
            if is_frame(one.given[name].X):
                alike[one.kinds[name]].append((one, name))
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for places in alike.values():
        parts = [one.given[name] for one, name in places]
        keys = _keys_of(RawRows.of(parts[0].joined(parts[1:]).X))
        start = 0
        for (one, name), part in zip(places, parts, strict=True):
            stop = start + part.shape[0]
            found[one.number][name] = keys[start:stop]
            start = stop
    for one in given:
        if one.number in found:
            one.with_keys(found[one.number])


def at_once(request: Request) -> Request:
    """Requests about different rows as one: all that leave, and all that come.

    Weights are given of all rows where they are of some. Rows that are named alone have
    no values, and are left out.
    """
    parts = request.parts
    if not parts:
        return request
    leaving = [part.out for part in parts if part.out is not None]
    coming = [_coming(part) for part in parts if part.into is not None]
    out, into = (_all_of(batches) if batches else None for batches in (leaving, coming))
    return replace(request, out=out, into=into, parts=(), paired=False)


def _coming(part):
    """All that is known of the rows that come in a request."""
    into, before = part.into, part.out
    if before is None:
        return into
    return Batch(
        before.X if into.X is None else into.X,
        before.y if into.y is None else into.y,
        before.sample_weight if into.sample_weight is None else into.sample_weight,
    )


def _all_of(batches):
    """One batch of rows instead of several."""
    batches = [each for each in batches if each.X is not None]
    if not batches:
        return Batch()
    rows = [RawRows.of(each.X) for each in batches]
    weights = [each.sample_weight for each in batches]
    weight = y = None
    if any(each is not None for each in weights):
        ones = [1.0 if each is None else each for each in weights]
        pairs = zip(ones, rows, strict=True)
        weight = np.concatenate([np.broadcast_to(w, r.shape[:1]) for w, r in pairs])
    if all(each.y is not None for each in batches):
        y = together([np.asarray(each.y) for each in batches])
    return Batch(rows[0].joined(rows[1:]).X, y, weight)


def gathered(places: list[tuple[int, str, int]], given: list[GivenRows]) -> Any:
    """Rows that were given in several requests, as one argument.

    Parameters
    ----------
    places : list of tuple
        For each row the number of the request, the name of the argument in it, and the
        place in that.
    given : list of GivenRows
        Of one kind each.
    """
    starts: dict[tuple[int, str], int] = {}
    parts, total = [], 0
    for number, name, _ in places:
        if (number, name) not in starts:
            starts[number, name] = total
            parts.append(given[number].given[name])
            total += given[number].n_rows
    rows = np.array([starts[number, name] + place for number, name, place in places])
    if isinstance(parts[0], RawRows):
        joined = RawRows.of(parts[0].joined(parts[1:]).X)
        same = np.array_equal(rows, np.arange(total))
        return joined.X if same else joined.take(rows).X
    joined = np.concatenate if parts[0].dtype.names else together
    return joined(parts)[rows]


def _rows(X):
    """Rows of any kind, a frame as it is until it is joined with others."""
    return RawRows(X) if is_frame(X) else RawRows.of(X)


def _kind(value):
    """What values can follow one another."""
    if not isinstance(value, RawRows):
        if value.dtype.names:
            kind = "pairs"
        else:
            kind = "number" if value.dtype.kind in "fiub" else "other"
        return value.shape[1:], kind
    X = value.X
    if is_frame(X):
        return type(X).__module__, *map(str, X.columns)
    if is_sparse(X):
        return "sparse", X.shape[1]
    return X.shape[1:], "number" if X.dtype.kind in "fiub" else "other"


def _keys_of(value):
    """For each row what is equal for equal ones, and can be looked up."""
    if isinstance(value, RawRows) and is_sparse(value.X):
        X = value.X.sorted_indices()
        pairs = zip(X.indptr[:-1], X.indptr[1:], strict=True)
        return [
            (tuple(X.indices[a:b].tolist()), tuple(X.data[a:b].tolist()))
            for a, b in pairs
        ]
    if isinstance(value, RawRows) and len(value.shape) < 3:
        columns = value.columns()
    else:
        value = getattr(value, "X", value)
        columns = list(value.reshape(value.shape[0], -1).T)
    plain = [
        [None if is_missing(one) else one for one in column.tolist()]
        for column in columns
    ]
    return list(zip(*plain, strict=True))
