"""The Hessian of coupled outputs, one block for each pair of them."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, gram
from sklearn_unlearn.core.threads import in_order


def add_output_pairs(
    hessian: Array, X: Data, weights: Array, fit_intercept: bool, shift_invariant: bool
) -> None:
    """Add the Hessian of these rows to the upper triangle, in place.

    Parameters
    ----------
    hessian : ndarray of shape (p * n_outputs, p * n_outputs), Fortran order
        Output after output.
    X : Data of shape (n_rows, n_columns)
    weights : ndarray of shape (n_rows, n_outputs, n_outputs)
        Curvature of each row, weighted.
    fit_intercept : bool
        Whether the last of the p coefficients multiplies a constant one.
    shift_invariant : bool
        Whether rows of the curvature sum to zero, which spares its diagonal.
    """
    n_outputs = weights.shape[1]
    p = hessian.shape[0] // n_outputs
    pairs = [
        (k, m)
        for m in range(n_outputs)
        for k in range(m + 1)
        if k < m or not shift_invariant
    ]

    def term(pair: tuple[int, int]) -> Array:
        return gram(X, weights[:, pair[0], pair[1]], fit_intercept)

    for (k, m), part in zip(pairs, in_order(term, pairs), strict=True):
        part = np.triu(part)
        if k < m:
            part += np.triu(part, 1).T
        hessian[k * p : (k + 1) * p, m * p : (m + 1) * p] += part
        if shift_invariant:  # block rows sum to zero
            for j in (k, m):
                hessian[j * p : (j + 1) * p, j * p : (j + 1) * p] -= part
