"""The largest eigenvalue of a symmetric matrix, and what is soon known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import LinearOperator, eigsh

from sklearn_unlearn.core.arrays import Array

#: Order up to which all eigenvalues are cheaper than an iteration.
_SMALL = 256
#: Columns of a matrix that are read at a time.
_BLOCK = 64


@dataclass(eq=False)
class Spectrum:
    """What is known of the eigenvalues of one matrix, found out when it is asked for.

    Attributes
    ----------
    length : float or None
        Root of the sum of their squares.
    """

    length: float | None = None

    def length_of(self, upper: Array, diagonal: Array) -> float:
        """Root of the sum of squares, of a matrix in an array's strict upper triangle.

        Parameters
        ----------
        upper : ndarray of shape (m, m), Fortran order
            Other places have what is no part of the matrix.
        diagonal : ndarray of shape (m,)
        """
        if self.length is None:
            norms = [float(np.linalg.norm(diagonal))]
            for start in range(0, diagonal.size, _BLOCK):
                columns = slice(start, start + _BLOCK)
                norms.append(float(np.linalg.norm(np.triu(upper[columns, columns], 1))))
                norms.append(float(np.linalg.norm(upper[:start, columns])))
            twice = np.array([1.0] + [2.0] * (len(norms) - 1))
            self.length = float(np.sqrt(twice @ np.square(norms)))
        return self.length


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
