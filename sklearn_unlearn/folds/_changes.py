"""Changes of a request in the rows of each split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.folds._rows import FoldRows


@dataclass(frozen=True, eq=False)
class Call:
    """A verb, and what it is called with.

    Attributes
    ----------
    verb : str
    arguments : tuple
    keywords : dict
    """

    verb: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    @property
    def changes(self):
        """Whether it says anything new."""
        if self.verb != "replace_labels":
            return True
        _, before, after = self.arguments
        return not np.array_equal(before, after)

    def viewed(self, view):
        """The same for a model of a part of the targets."""
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
    request : sklearn_unlearn.core.linear.model.Request
    """

    before: FoldRows
    request: Any

    @property
    def keys(self):
        """Memberships of the rows."""
        edit = self.request.edit
        return (edit.rows_in if edit.rows_out is None else edit.rows_out).X

    def held_out(self, split):
        """Whether a row is one that models of a split are asked about."""
        return bool(np.any(self.keys[:, 1 + self.before.n_splits + split]))

    def call(self, split):
        """What a model of a split is asked, or without one, of all rows.

        Returns
        -------
        Call or None
            None if it has none of the rows.
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
            return Call("partial_fit", (X_new, y_new), keywords)
        X = self.before.retained.origins_at(request.positions[rows]).X
        y = encoding.decoded(out.y[rows])
        if into is None:
            return Call("partial_unfit", (X, y), keywords)
        if X_new is None:
            return Call("replace_labels", (X, y, y_new), keywords)
        return Call("replace_features", (X, y, X_new), keywords)
