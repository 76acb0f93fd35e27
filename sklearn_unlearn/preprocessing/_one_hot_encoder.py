"""One-hot encoding that unlearns exactly."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import OneHotEncoder

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.counts import keys_of
from sklearn_unlearn.preprocessing._categories import CategoryEncoder
from sklearn_unlearn.transformers import Learned


class UnlearnableOneHotEncoder(CategoryEncoder):
    """One-hot encoding that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.OneHotEncoder`. Requests are exact: the rows
    of each category are counted, and a category that has none left loses its output
    and is not kept anywhere. Outputs of all other rows change by an affine map: some
    disappear, those of new categories are zero, and where the category without an
    output is another one, its indicator is one minus the sum of the others'.

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
    min_frequency, max_categories : None
        Infrequent categories are not grouped; other values are refused.
    feature_name_combiner : "concat" or callable, default="concat"
        How outputs are called.

    Attributes
    ----------
    categories_ : list of ndarray
        Of the columns that are not forgotten.
    drop_idx_ : ndarray of shape (n_columns,) or None
        Which category of each column has no output.
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

    drop_idx_ = Learned()

    def __init__(
        self,
        *,
        categories="auto",
        drop=None,
        sparse_output=True,
        dtype=np.float64,
        handle_unknown="error",
        min_frequency=None,
        max_categories=None,
        feature_name_combiner="concat",
    ):
        self.categories = categories
        self.drop = drop
        self.sparse_output = sparse_output
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.feature_name_combiner = feature_name_combiner

    # Hooks --------------------------------------------------------------------------

    def _change(self, before, after, others):
        n_columns = len(before.twin.categories_)
        shown = [_shown(before.twin, column) for column in range(n_columns)]
        starts = np.cumsum([0, *map(len, shown)])
        learned = isinstance(before.params["categories"], str)
        entries, shift = [], []
        for column, source in enumerate(before.kept_by(after)):
            old, start = shown[source], starts[source]
            # categories that are given are the same before and after
            present = others.values[column] if learned else old
            for row, key in enumerate(_shown(after.twin, column), len(shift)):
                shift.append(float(key in present and key not in old))
                if key in present and key in old:
                    entries.append((1.0, row, start + old[key]))
                elif key in present:  # one minus the other indicators
                    entries += [
                        (-1.0, row, start + position)
                        for other, position in old.items()
                        if other in present
                    ]
        values, rows, sources = np.array(entries).reshape(-1, 3).T
        places = (rows.astype(np.intp), sources.astype(np.intp))
        linear = sp.csr_array((values, places), shape=(len(shift), starts[-1]))
        return AffineMap(linear, np.array(shift), np.ones(len(shift), dtype=bool))


def _shown(twin, column):
    """Categories of a column that have an output, with its position among them."""
    keys = keys_of(twin.categories_[column])
    if twin.drop_idx_ is not None and twin.drop_idx_[column] is not None:
        del keys[twin.drop_idx_[column]]
    return {key: position for position, key in enumerate(keys)}
