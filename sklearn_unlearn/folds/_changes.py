"""Changes of a request in the rows of each split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.folds._rows import FoldRows


@dataclass(frozen=True, eq=False)
class Call:
    """A verb, and what it is called with.

    Attributes
    ----------
    verb : str
        With "fit" a model is fitted anew.
    arguments : tuple
    keywords : dict
    between : bool
        Whether rows come back to where they were among the others: a verb would put
        them behind these.
    """

    verb: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    between: bool = False

    @property
    def changes(self):
        """Whether it says anything new."""
        if self.verb == "carry_out":
            return bool(self.arguments[0])
        if self.verb != "replace_labels":
            return True
        _, before, after = self.arguments
        return not np.array_equal(before, after)

    def viewed(self, view):
        """The same for a model of a part of the targets."""
        if self.verb == "carry_out":
            asked = []
            for verb, given in self.arguments[0]:
                part = {name: given[name] for name in ("y", "y_new") if name in given}
                part = {name: view(targets) for name, targets in part.items()}
                if verb != "replace_labels" or not np.array_equal(*part.values()):
                    asked.append((verb, given | part))
            return replace(self, arguments=(asked,))
        X, y, *others = self.arguments
        if self.verb == "replace_labels":
            others = [view(each) for each in others]
        return replace(self, arguments=(X, view(y), *others))


@dataclass(frozen=True, eq=False)
class RowChange:
    """A request about rows, of which each split has some.

    Attributes
    ----------
    before : FoldRows
    request : sklearn_unlearn.core.linear.bookkeeping.ModelChange
    """

    before: FoldRows
    request: Any

    @property
    def keys(self):
        """Memberships of the rows, all of which leave, or come, or change."""
        edit = self.request.edit
        return (edit.rows_in if edit.rows_out is None else edit.rows_out).X

    def held_out(self, split):
        """Whether a row is one that models of a split are asked about."""
        column = 1 + self.before.n_splits + split
        return any(bool(np.any(part.keys[:, column])) for part in self.parts())

    def parts(self):
        """The change of rows that leave, of those that change, and of those that come.

        Returns
        -------
        list of RowChange
        """
        edit, origin = self.request.edit, self.request.origin
        if edit.replaced is None:
            return [self]
        positions, parts = self.request.positions, []
        stay = np.flatnonzero(edit.replaced >= 0)
        gone = np.setdiff1d(np.arange(edit.rows_out.n_rows), edit.replaced)
        new = np.flatnonzero(edit.replaced < 0)
        if gone.size:
            part = Edit(edit.rows_out.take(gone))
            parts.append(ModelChange(part, positions[gone]))
        if stay.size:
            old = edit.replaced[stay]
            part = Edit(edit.rows_out.take(old), edit.rows_in.take(stay))
            parts.append(ModelChange(part, positions[old], origin=origin.take(stay)))
        if new.size:
            part = Edit(rows_in=edit.rows_in.take(new))
            parts.append(ModelChange(part, origin=origin.take(new)))
        return [RowChange(self.before, part) for part in parts]

    def _redraws(self, split):
        """Whether rows are corrected so that a split has them other times than before.

        Its model is fitted anew then.
        """
        out, into = self.request.edit.rows_out, self.request.edit.rows_in
        if out is None or into is None:
            return False
        return not np.array_equal(out.X[:, 1 + split], into.X[:, 1 + split])

    def call(self, split):
        """What a model of a split is asked, or without one, of all rows.

        Returns
        -------
        Call or None
            None if it has none of the rows.
        """
        if split is not None and any(part._redraws(split) for part in self.parts()):
            return Call("fit", (), {})
        if self.request.edit.replaced is None and not self._changes_both:
            asked = self._asked(split)
            if asked is None:
                return None
            verb, arguments, keywords = asked
            return Call(verb, arguments, keywords, self._comes_between)
        calls = [part._asked(split, both=True) for part in self.parts()]
        requests = [
            each for call in calls if call is not None for each in _stated(call)
        ]
        return Call("carry_out", (requests,), {}) if requests else None

    @property
    def _comes_between(self):
        """Whether rows come whose places are not behind those of all others."""
        if self.request.edit.rows_out is not None:
            return False
        last = max(block.X[:, 0].max() for block in self.before.retained.blocks())
        return bool(self.keys[:, 0].min() <= last)

    @property
    def _changes_both(self):
        """Whether rows get other values and other targets, which no verb does."""
        edit = self.request.edit
        if edit.rows_out is None or edit.rows_in is None or self.request.origin is None:
            return False
        return not np.array_equal(edit.rows_out.y, edit.rows_in.y)

    def _asked(self, split, both=False):
        """A verb, and its arguments by position and by name; None if there is no row.

        Values and targets may change ``both``: the last argument is then other targets.
        """
        counts = np.ones(self.keys.shape[0])
        if split is not None:
            counts = self.keys[:, 1 + split]
        rows = np.repeat(np.arange(counts.size), counts.astype(np.intp))
        if not rows.size:
            return None
        request, encoding = self.request, self.before.encoding
        out, into = request.edit.rows_out, request.edit.rows_in
        weight = (into if out is None else out).weight[rows]
        keywords = {}
        if self.before.weighted or np.any(weight != 1.0):
            keywords["sample_weight"] = weight
        y_new = None if into is None else encoding.decoded(into.y[rows])
        X_new = None if request.origin is None else request.origin.take(rows).X
        if out is None:
            return "partial_fit", (X_new, y_new), keywords
        X = self.before.retained.origins_at(request.positions[rows]).X
        y = encoding.decoded(out.y[rows])
        if into is None:
            return "partial_unfit", (X, y), keywords
        if X_new is None:
            return "replace_labels", (X, y, y_new), keywords
        return "replace_features", (X, y, X_new, y_new)[: 3 + both], keywords


def _stated(call):
    """Requests of a list, made of a call."""
    verb, arguments, keywords = call
    names = ("X", "y", "X_new" if verb == "replace_features" else "y_new")
    given = dict(zip(names, arguments[:3], strict=False)) | keywords
    yield verb, given
    if len(arguments) == 4 and not np.array_equal(arguments[1], arguments[3]):
        later = {name: one for name, one in given.items() if name != "X_new"}
        yield "replace_labels", later | {"X": arguments[2], "y_new": arguments[3]}
