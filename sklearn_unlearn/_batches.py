"""A list of requests as the few that lead to the same model.

Rows are followed through the list: one that is corrected twice goes from its first to
its last values, one that is corrected and then deleted is deleted, one that comes and
leaves again never came. What is left is grouped by what is asked, and the rows of a
group are asked about at once. A request that cannot be followed, because it names rows
otherwise than those before, waits until these are carried out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_unlearn.exceptions import ContradictionError
from sklearn_unlearn.utils.given_rows import (
    GivenRows,
    find_keys_together,
    gathered,
)
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.tags import REQUEST_VERBS

#: Groups in the order in which they are carried out: what comes is first, so that no
#: class is left empty in between.
_ORDER = ("partial_fit", "replace_features", "replace_labels", "partial_unfit")
_TWO_THINGS = (
    "The list asks for two things about a row as it was before: name it as requests "
    "before leave it. Of several rows with these values, ask about one by itself."
)
_LEAVING = ("X", "y", "sample_weight", "row_ids")


@dataclass(eq=False)
class Row:
    """A row that the list asks about.

    Attributes
    ----------
    given : dict
        Where each thing that is known of it was given: the number of the request, the
        name of the argument, and the place in it.
    options : tuple
        What was said of all rows of the request.
    now : tuple
        Keys of its values and of its targets, as they are now.
    name : object
        Its identifier, None if it was given none.
    comes, goes : bool
        Whether the list brings it, and takes it away.
    """

    given: dict[str, Any]
    options: tuple[Any, ...]
    now: tuple[Any, Any]
    name: Any
    comes: bool = False
    goes: bool = False

    @property
    def corrected(self) -> bool:
        """Whether it has other values or targets than before the list."""
        return "X_new" in self.given or "y_new" in self.given

    def asked(self, both: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        """Verbs, and what they are given.

        Parameters
        ----------
        both : bool
            Whether one verb corrects values and targets.
        """
        given = self.given
        if self.comes or self.goes:
            if not (self.comes and self.goes):
                verb = "partial_fit" if self.comes else "partial_unfit"
                yield verb, {k: v for k, v in given.items() if k in _LEAVING}
            return
        if "X_new" in given:
            alone = {k: v for k, v in given.items() if k != "y_new" or both}
            yield "replace_features", alone
        if "y_new" in given and not ("X_new" in given and both):
            later = {k: v for k, v in given.items() if k != "X_new"}
            if "X_new" in given and "X" in given:
                later["X"] = given["X_new"]
            yield "replace_labels", later


@dataclass(eq=False)
class Fold:
    """Requests that are carried out together, as far as they were read.

    Attributes
    ----------
    rows : list of Row
        In the order in which they were first asked about.
    now, before, named : dict
        Rows by what they are, by what they were, and by name.
    follows : bool
        Whether rows may be asked about again, so that they have to be followed.
    """

    rows: list[Row] = field(default_factory=list)
    now: dict[Any, list[Row]] = field(default_factory=lambda: defaultdict(list))
    before: dict[Any, list[Row]] = field(default_factory=lambda: defaultdict(list))
    named: dict[Any, list[Row]] = field(default_factory=lambda: defaultdict(list))
    follows: bool = True

    def add(self, one: GivenRows) -> bool:
        """Read one more request; False, and nothing is read, if it has to wait."""
        if not self.follows:
            self.rows += [
                Row(one.places(place), one.options, (None, None), None, goes=True)
                for place in range(one.n_rows)
            ]
            return True
        found: list[Row | None] = []
        seen: dict[Any, Any] = {}
        for place in range(one.n_rows):
            known = self._known(one, place, found)
            if known is _WAIT:
                return False
            if known is None and one.corrects:
                asked = one.keys("", place), one.name(place)
                new = one.keys("_new", place)
                if seen.setdefault(asked, new) != new:
                    raise ContradictionError(_TWO_THINGS)
            found.append(known)
        for place, row in enumerate(found):
            if row is None:
                self._enter(one, place)
            else:
                self._change(row, one, place)
        return True

    def _known(self, one: GivenRows, place: int, taken: list[Any]) -> Any:
        """The row that is meant: one of the list, None of another, or `_WAIT`."""
        key, name = one.keys("", place), one.name(place)
        alike = [row for row in self.named[name] if not row.goes] if name else []
        if one.verb == "partial_fit":
            known = name is not None and not all(r.comes for r in self.named[name])
            return _WAIT if known else None
        if "X" not in one.given:
            if not self.named[name]:
                return None
            whole = one.whole and len(alike) == 1 and "X" not in alike[0].given
            return alike[0] if whole and alike[0] not in taken else _WAIT
        rows = [
            row
            for row in self.now[key]
            if row.now == key and not row.goes and row not in taken
            if name is None or row.name in (None, name)
        ]
        if rows:
            whole = one.whole and "sample_weight" not in rows[-1].given
            whole = whole and (name is None or rows[-1].name is not None)
            return rows[-1] if whole else _WAIT
        if any("X" not in row.given for row in alike):
            return _WAIT
        for row in self.before[key]:
            if row.comes or row.name != name:
                continue
            if name is not None or (row.corrected and one.verb != "partial_unfit"):
                raise ContradictionError(_TWO_THINGS)
            if row.corrected:
                return _WAIT
        return None

    def _enter(self, one: GivenRows, place: int) -> None:
        row = Row(one.places(place), one.options, one.keys("", place), one.name(place))
        row.comes = one.verb == "partial_fit"
        row.goes = one.verb == "partial_unfit"
        self.before[row.now].append(row)
        row.now = one.keys("_new", place)
        self.rows.append(row)
        self.now[row.now].append(row)
        self.named[row.name].append(row)

    def _change(self, row: Row, one: GivenRows, place: int) -> None:
        """Let a row of the list be what one more request makes of it."""
        if one.verb == "partial_unfit":
            row.goes = True
            return
        keys = list(row.now)
        for position, name in enumerate(("X", "y")):
            if f"{name}_new" in one.given:
                known = name if row.comes else f"{name}_new"
                row.given[known] = one.number, f"{name}_new", place
                keys[position] = one.keys("_new", place)[position]
        row.now = (keys[0], keys[1])
        self.now[row.now].append(row)

    def requests(
        self, given: list[GivenRows], both: bool, at_once: bool
    ) -> list[Request]:
        """What all that was read asks for, if it can be in one request."""
        groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows:
            for verb, asked in row.asked(both or at_once):
                kinds = [
                    (name, given[at[0]].kinds[at[1]]) for name, at in asked.items()
                ]
                groups[_ORDER.index(verb), row.options, tuple(sorted(kinds))].append(
                    asked
                )
        ordered = sorted(groups.items(), key=lambda group: group[0][0])
        requests = [
            _request(_ORDER[number], options, rows, given)
            for (number, options, _), rows in ordered
        ]
        if at_once and _can_be_one([key for key, _ in ordered]):
            return [Request(parts=tuple(requests))]
        if not at_once or both:
            return requests
        return [Request(parts=(one,)) if one.corrects_both else one for one in requests]


_WAIT: Any = object()


def _can_be_one(groups):
    """Whether values of groups are of one kind, and at most one is of arrivals.

    Arrivals of several kinds are numbered one group after the other.
    """
    if len(groups) < 2 or [number for number, _, _ in groups].count(0) > 1:
        return False
    kinds = [(name[0], kind) for _, _, named in groups for name, kind in named]
    return all(len({k for n, k in kinds if n == name}) <= 1 for name in "Xy")


def fold(
    requests: list[Request],
    union: Callable[[list[Any]], Any],
    both: bool = False,
    *,
    at_once: bool = False,
) -> list[Request]:
    """The few requests that lead to the model that these lead to one after another.

    Parameters
    ----------
    requests : list of Request
    union : callable
        Gives a mask of all columns that are named in a list.
    both : bool, default=False
        Whether a request corrects values and targets at once.
    at_once : bool, default=False
        Whether one request may have several as its parts.

    Returns
    -------
    list of Request

    Raises
    ------
    ContradictionError
        If they ask for two things about one row.
    """
    given = [GivenRows.of(number, one) for number, one in enumerate(requests)]
    follows = any(one.verb != "partial_unfit" for one in given)
    if follows:
        find_keys_together(given)
    done: list[Request] = []

    def end(rows, columns):
        asked = rows.requests(given, both, at_once)
        if not columns:
            return asked
        mask = union(columns)
        if at_once and len(asked) == 1:  # columns are forgotten after all else
            parts = asked[0].parts or (asked[0],)
            return [Request(parts=parts, columns=mask)]
        return [*asked, Request(columns=mask)]

    current = Fold(follows=follows)
    columns: list[Any] = []
    for one in given:
        if one.request.columns is not None:
            columns.append(one.request.columns)
            continue
        # of fewer columns are values that are given now, not what has a name
        fewer = bool(columns) and not one.given.keys().isdisjoint(("X", "X_new"))
        if fewer or not one.plain or not current.add(one):
            done += end(current, columns)
            current, columns = Fold(follows=follows), []
            if not one.plain:
                done.append(one.request)
            else:
                current.add(one)
    return done + end(current, columns)


def _request(verb, options, rows, given):
    """One request about several rows."""
    values = {
        name: gathered([row[name] for row in rows], given)
        for name in rows[0]  # all have the same
    }
    on_unknown, classes = options
    X, y, weight, row_ids = (values.get(name) for name in _LEAVING)
    batch = Batch(X, y, weight, row_ids, on_unknown)
    if verb == "partial_fit":
        return Request(into=batch, classes=None if classes is None else list(classes))
    if verb == "partial_unfit":
        return Request(out=batch)
    return Request(out=batch, into=Batch(values.get("X_new"), values.get("y_new")))


def listed_requests(requests):
    """A list of requests, of which one may be given as it is."""
    one = isinstance(requests, tuple) and requests and isinstance(requests[0], str)
    return [requests] if one else requests


def stated_requests(stated, requests):
    """What a list of verbs and their keyword arguments asks for.

    Parameters
    ----------
    stated : callable
        Gives the `Request` that a verb makes of its arguments.
    requests : (str, dict) or list of (str, dict)

    Raises
    ------
    ValueError, TypeError
        If something in it is no request, or not to an estimator of this kind.
    """
    requests = listed_requests(requests)
    if isinstance(requests, str | dict) or not np.iterable(requests):
        raise TypeError("requests must be a list of pairs of a verb and a dict.")
    return [
        _stated(stated, f"requests[{number}]", *_pair(number, one))
        for number, one in enumerate(requests)
    ]


def _pair(number, one):
    pair = isinstance(one, tuple | list) and len(one) == 2
    if not pair or one[0] not in REQUEST_VERBS or not isinstance(one[1], dict):
        verbs = ", ".join(map(repr, REQUEST_VERBS))
        named = pair and isinstance(one[0], str) and one[0] not in REQUEST_VERBS
        got = f"; its verb is {one[0]!r}" if named else ""
        raise TypeError(
            f"requests[{number}] must be a pair of a verb, which is one of {verbs}, "
            f"and a dict of its keyword arguments{got}."
        )
    return one


def _stated(stated, where, verb, keywords):
    """The `Request` that a verb makes of its arguments."""
    try:
        return stated(verb, keywords)
    except (ValueError, TypeError, AttributeError) as error:
        refusal = TypeError if isinstance(error, AttributeError) else type(error)
        raise refusal(f"{where}: {error}") from error
