"""Rows that are weighted anew and divided by their norm."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import normalize

from sklearn_unlearn.core.affine import AffineMap


def newly_normed(before, after, change, map_):
    """What new weights of words do to rows of norm one.

    The weighted counts of a row are its outputs up to a factor: weighted anew and
    divided by their norm, the outputs are what they would be, without the documents.

    Parameters
    ----------
    before, after : UnlearnableTfidfVectorizer or UnlearnableTfidfTransformer
    change : Change
        Of its inputs.
    map_ : AffineMap
        Of its outputs; some are not known.

    Returns
    -------
    map : AffineMap
        The new weights, all divided by one number; ``map_`` if words came whose counts
        other rows have.
    more : dict
        For `Change`: the norm. Empty if words came.
    """
    old, new = before._fitted.twin, after._fitted.twin
    source, known = _sources(before, after)
    if new.norm is None or not known:
        return map_, {}
    there = np.flatnonzero(source >= 0)
    ratio = np.ones(source.size)
    if old.use_idf:
        ratio[there] = new.idf_[there] / old.idf_[source[there]]
        ratio /= ratio[there].mean()
    map_ = AffineMap.of_columns(map_.n_old, source, ratio)
    return map_, {"then": lambda X: normalize(X, norm=new.norm)}


def _sources(before, after):
    """The old output of each new one, and whether all others are zero."""
    old, new = before._fitted, after._fitted
    if not hasattr(new.twin, "vocabulary_"):
        return old.kept_by(new), True
    words = new.twin.get_feature_names_out()
    source = np.array([old.twin.vocabulary_.get(word, -1) for word in words])
    came = words[source < 0]
    seen = old.statistics.documents
    return source.astype(np.intp), not any(seen.get(word, 0) for word in came)
