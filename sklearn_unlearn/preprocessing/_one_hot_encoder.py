"""One-hot encoding that unlearns exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import OneHotEncoder

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.counts import keys_of
from sklearn_unlearn.preprocessing._categories import CategoryEncoder, groups_of
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableOneHotEncoder(CategoryEncoder):
    """One-hot encoding that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.OneHotEncoder`. Requests are exact: the rows
    of each category are counted, and a category that has none left loses its output
    and is not kept anywhere. Outputs of all other rows change by an affine map: some
    disappear, those of new categories are zero, and where the category without an
    output is another one, its indicator is one minus the sum of the others'. Only when
    categories that were taken together as infrequent are so no longer, their outputs
    have to be computed again.

    Parameters
    ----------
    categories : "auto" or list of array-like, default="auto"
        Categories of each column; "auto" takes those that rows have.
    drop : {"first", "if_binary"} or array-like of shape (n_features,), default=None
        Which category of each column has no output. A request that takes away one
        that is named here is refused.
    sparse_output : bool, default=True
        Whether outputs are sparse.
    dtype : number type, default=float
        Of the outputs.
    handle_unknown : {"error", "ignore", "infrequent_if_exist", "warn"}, \
            default="error"
        What ``transform`` does with a category that no row has.
    min_frequency : int or float, default=None
        Categories of fewer rows, or of a smaller share of them, are taken together. As
        many rows as there are, are then made up for a moment by each request.
    max_categories : int, default=None
        Categories beyond so many, the rarest, are taken together.
    feature_name_combiner : "concat" or callable, default="concat"
        How outputs are called.

    Attributes
    ----------
    categories_ : list of ndarray
        Of the columns that are not forgotten.
    drop_idx_ : ndarray of shape (n_columns,) or None
        Which category of each column has no output.
    infrequent_categories_ : list of ndarray or None
        Those that are taken together, if there may be any.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableOneHotEncoder
    >>> encoder = UnlearnableOneHotEncoder().fit([["Paris"], ["Rome"], ["Oslo"]])
    >>> encoder.partial_unfit([["Oslo"]]).get_feature_names_out()
    array(['x0_Paris', 'x0_Rome'], dtype=object)
    """

    _twin_class = OneHotEncoder
    _by_column = ("categories", "drop")

    @property
    def _maps_all_rows(self):
        return self.min_frequency is None and self.max_categories is None

    drop_idx_ = Learned()

    def __init__(
        self,
        *,
        categories: Any = "auto",
        drop: Any = None,
        sparse_output: bool = True,
        dtype: Any = np.float64,
        handle_unknown: str = "error",
        min_frequency: float | None = None,
        max_categories: int | None = None,
        feature_name_combiner: Callable[..., Any] | str = "concat",
    ) -> None:
        self.categories = categories
        self.drop = drop
        self.sparse_output = sparse_output
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.feature_name_combiner = feature_name_combiner

    # Hooks --------------------------------------------------------------------------

    def _outputs_of(self, fitted, read):
        estimator, n_outputs, found = fitted.sklearn_estimator, 0, []
        for place, values in enumerate(read.rows):
            column = _Column.of(estimator, place)
            outputs = column.outputs(values)
            if outputs is None:  # the twin knows what to do about unknown categories
                return super()._outputs_of(fitted, read)
            found.append(np.where(outputs < 0, -1, outputs + n_outputs))
            n_outputs += column.n_outputs
        places = np.stack(found, axis=1)
        shown = places >= 0
        ends = np.concatenate([[0], np.cumsum(shown.sum(axis=1))])
        parts = np.ones(ends[-1], dtype=estimator.dtype), places[shown], ends
        Z = sp.csr_array(parts, shape=(places.shape[0], n_outputs))
        return Z if estimator.sparse_output else Z.toarray()

    def _output_map(self, before, after, others):
        if after.sklearn_estimator is before.sklearn_estimator:
            return AffineMap.unchanged(_n_outputs(before.sklearn_estimator))
        kept, columns = (
            before.kept_by(after),
            range(len(before.sklearn_estimator.categories_)),
        )
        olds = [_Column.of(before.sklearn_estimator, column) for column in columns]
        starts = np.cumsum([0, *(old.n_outputs for old in olds)])
        left = np.concatenate([np.arange(starts[old], starts[old + 1]) for old in kept])
        selection = AffineMap.of_columns(starts[-1], left, np.ones(left.size))
        changes = [
            olds[old].change(
                _Column.of(after.sklearn_estimator, new), others.values[new]
            )
            for new, old in enumerate(kept)
        ]
        return selection.then(AffineMap.side_by_side(changes))


def _n_outputs(estimator):
    """Number of outputs of a twin that takes no categories together."""
    n_dropped = 0
    if estimator.drop_idx_ is not None:
        n_dropped = sum(place is not None for place in estimator.drop_idx_)
    return sum(map(len, estimator.categories_)) - n_dropped


@dataclass(frozen=True)
class _Column:
    """Outputs of a column.

    Attributes
    ----------
    groups : dict
        The place of each category, infrequent ones sharing one.
    dropped : int or None
        Which place has no output.
    n_outputs : int
    """

    groups: dict
    dropped: int | None
    n_outputs: int

    @staticmethod
    def of(estimator, column):
        """Outputs of a column of a fitted twin."""
        groups, dropped = groups_of(estimator, column), None
        if estimator.drop_idx_ is not None and estimator.drop_idx_[column] is not None:
            keys = keys_of(estimator.categories_[column])
            dropped = groups[keys[estimator.drop_idx_[column]]]
        n_groups = max(groups.values()) + 1
        return _Column(groups, dropped, n_groups - (dropped is not None))

    def output(self, group):
        """Which output a place has."""
        return group - (self.dropped is not None and group > self.dropped)

    def outputs(self, values):
        """The output of each value, -1 if it has none; None if one is unknown."""
        table = {
            key: -1 if group == self.dropped else self.output(group)
            for key, group in self.groups.items()
        }
        outputs = [table.get(value) for value in values.tolist()]
        if None in outputs:  # perhaps of a missing value
            outputs = [table.get(key) for key in keys_of(values)]
        return None if None in outputs else np.array(outputs, dtype=np.intp)

    def members(self, keys):
        """Of some categories those of each place."""
        members: dict[int, list] = {}
        for key in keys:
            members.setdefault(self.groups[key], []).append(key)
        return members

    def change(self, new, present):
        """How outputs change into those of another one, in rows of some categories."""
        if self == new:
            return AffineMap.unchanged(self.n_outputs)
        if not present.keys() <= self.groups.keys():  # some rows have no category
            return AffineMap.unknown(self.n_outputs, new.n_outputs)
        mine = self.members(present)
        linear = sp.lil_array((new.n_outputs, self.n_outputs))
        shift, known = np.zeros(new.n_outputs), np.ones(new.n_outputs, dtype=bool)
        for group, keys in new.members(present).items():
            if group == new.dropped:
                continue
            row, parts = new.output(group), {self.groups[key] for key in keys}
            if sum(len(mine[part]) for part in parts) > len(keys):
                known[row] = False
            elif self.dropped in parts:  # one minus the indicators of the others
                shift[row] = 1.0
                rest = [self.output(part) for part in mine if part not in parts]
                linear[row, rest] = -1.0
            else:
                linear[row, [self.output(part) for part in parts]] = 1.0
        return AffineMap(sp.csr_array(linear), shift, known)
