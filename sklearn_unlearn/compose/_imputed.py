"""Imputed values that change in rows of which only their number is known."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.compose._change import Imputed
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.moments import Moments
from sklearn_unlearn.transformers import Edit


def newly_imputed(before, after, change, map_):
    """What a change of imputed values does to the rows that have some.

    Parameters
    ----------
    before, after : UnlearnableSimpleImputer
    change : Change
        Of its inputs.
    map_ : AffineMap
        Of its outputs; some are not known.

    Returns
    -------
    map : AffineMap
        Of rows without missing values; ``map_`` if columns came or went, or have
        indicators.
    more : dict
        For `Change`: how often which values change. Empty if that is not known.
    """
    old, new = before._fitted, after._fitted
    kept = old.kept_by(new)
    values_old, values = old.twin.statistics_[kept], new.twin.statistics_
    shown, shown_old = _shown(new.twin), _shown(old.twin)
    if new.twin.add_indicator or map_.n_new != shown.sum():
        return map_, {}
    if np.any(shown & ~shown_old[kept]):
        return map_, {}
    places = (np.cumsum(shown_old) - 1)[kept][shown]
    map_ = AffineMap.of_columns(map_.n_old, places, np.ones(places.size))
    lacking = _missing(new.statistics)
    if change.into is not None:
        # they come with the new values
        _, coming = after._read_edit(new, Edit(rows_in=change.into()))
        lacking = lacking - _missing(coming)
    changed = np.flatnonzero(shown & (lacking > 0) & (values_old != values))
    dtype = np.asarray(values).dtype
    for rows in (change.out, change.into):
        given = None if rows is None else after.transform(rows())
        dtype = getattr(given, "dtype", dtype)
    imputed = []
    for n_rows in np.unique(lacking[changed]):
        mine = changed[lacking[changed] == n_rows]
        then = values.copy()
        then[mine] = values_old[mine]
        pair = (np.array([row[shown]], dtype=dtype) for row in (then, values))
        imputed.append(Imputed(*pair, int(n_rows)))
    return map_, {"imputed": tuple(imputed)}


def _shown(twin):
    """Which columns have an output."""
    there = np.array([value == value for value in twin.statistics_], dtype=bool)
    return there | bool(twin.keep_empty_features)


def _missing(statistics):
    """In how many rows a value of each column is missing."""
    if isinstance(statistics, Moments):
        return statistics.missing.rounded()[0]
    return statistics.n_rows - statistics.observed()
