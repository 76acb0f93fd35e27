"""The largest eigenvalue of a symmetric matrix that is known by its products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import LinearOperator, eigsh

from sklearn_unlearn.core.arrays import Array

#: Order up to which all eigenvalues are cheaper than an iteration.
_SMALL = 256


def largest_eigenvalue(product: Callable[[Array], Array], start: Array) -> float:
    """The largest eigenvalue, to about six digits.

    Parameters
    ----------
    product : callable
        The matrix times vectors of shape (order, n).
    start : ndarray of shape (order,)
        Where the iteration starts; not orthogonal to the eigenvector.
    """
    order = start.size
    if order <= _SMALL:
        return float(eigvalsh(product(np.eye(order)))[-1])
    operator = LinearOperator(
        (order, order), matvec=product, matmat=product, dtype=np.float64
    )
    top = eigsh(
        operator, k=1, v0=start, tol=1e-6, return_eigenvectors=False, which="LA"
    )
    return float(top[0])
