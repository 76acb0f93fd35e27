"""How outputs of a scaler change when it has other centres and scales."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.affine import AffineMap


def rescaled(before, after, centres, scales):
    """The map of ``(x - centre) / scale`` from old centres and scales to new ones.

    Parameters
    ----------
    before, after : Fitted
    centres, scales : tuple of (ndarray, ndarray) or None
        Old ones of the old columns, and new ones of the new columns; None where a
        scaler has none.

    Returns
    -------
    AffineMap
    """
    kept, n_old = before.kept_by(after), before.sklearn_estimator.n_features_in_
    old, new = (
        (np.ones(1), np.ones(1)) if scales is None else (scales[0][kept], scales[1])
    )
    shift = np.zeros(1) if centres is None else centres[0][kept] - centres[1]
    with np.errstate(over="ignore"):
        ratio = np.broadcast_to(old / new, kept.shape)
        shift = np.broadcast_to(shift / new, kept.shape)
    return AffineMap.scaled(n_old, kept, ratio, shift)
