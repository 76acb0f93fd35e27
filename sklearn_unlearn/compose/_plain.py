"""Column transformers of scikit-learn's own, made of fitted parts."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn.compose._columns import positions
from sklearn_unlearn.transformers import exported


def plain(transformer, drop_forgotten):
    """A plain column transformer is fitted on nothing and given fitted parts."""
    forgotten = transformer._forgotten
    kept = ~forgotten | (not drop_forgotten)
    place_of = np.cumsum(kept) - 1
    parts = []
    for name, step, columns in transformer.transformers_:
        places = positions(columns, transformer)
        if isinstance(step, str) or not places.size:  # nothing was fitted
            continue
        step = exported(step, drop_forgotten=True)
        places = place_of[places[~forgotten[places]]]
        parts.append((name, step, places[0] if np.isscalar(columns) else places))
    used = [np.atleast_1d(places) for _, _, places in parts]
    unused = np.setdiff1d(np.arange(kept.sum()), np.concatenate(used))
    made_up = [(name, FunctionTransformer(_as_column), at) for name, _, at in parts]
    twin = _assembled(made_up, unused)
    given_ = transformer.get_params(deep=False)
    for name in twin.get_params(deep=False):
        if name in given_ and name not in ("transformers", "remainder"):
            setattr(twin, name, given_[name])
    twin.fit(np.zeros((1, int(kept.sum()))))
    plain = [(name, clone(step), places) for name, step, places in parts]
    final = _assembled(plain, unused)
    twin.transformers, twin.remainder = final.transformers, final.remainder
    fitted = {name: step for name, step, _ in parts}
    twin.transformers_ = [
        (name, fitted.get(name, "drop"), at) for name, _, at in twin.transformers_
    ]
    twin.output_indices_ = {
        name: transformer.output_indices_.get(name, slice(0, 0))
        for name in twin.output_indices_
    }
    twin.sparse_output_ = transformer.sparse_output_
    if hasattr(transformer, "feature_names_in_"):
        twin.feature_names_in_ = transformer.feature_names_in_[kept]
    return twin


def _as_column(X):
    return np.asarray(X).reshape(len(X), -1)


def _assembled(parts, unused):
    """A column transformer of these parts, one of which may be the remainder."""
    remainder = "drop"
    if parts[-1][0] == "remainder":
        (_, remainder, _), parts = parts[-1], parts[:-1]
        if unused.size:
            parts = [*parts, ("unused", "drop", unused)]
    return ColumnTransformer(parts, remainder=remainder)
