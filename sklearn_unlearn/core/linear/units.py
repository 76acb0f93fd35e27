"""Units of weights and targets, on which it must not depend where a fit stops.

The gradient of a sum has the unit of the weights and, for a loss such as the squared
error, that of the targets. A tolerance is a multiple of both: of the mean weight and of
a power of the root mean square of the targets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.rows import RowBlocks, Rows, results

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Units:
    """What rows say of them.

    Attributes
    ----------
    n_rows : int
        Rows of positive weight.
    weight : float
        Their summed weight.
    squares : ndarray of shape (n_outputs,)
        Weighted sums of squares of the targets; zeros where ``degree`` is zero.
    degree : float
        Power of the targets' unit that the derivative of the loss has.
    """

    n_rows: int
    weight: float
    squares: Array
    degree: float

    @staticmethod
    def of(loss: Loss, rows: RowBlocks | None) -> Units:
        """Those of all rows."""
        degree = float(getattr(loss, "target_degree", 0.0))

        def term(block: Rows) -> tuple[int, float, Array]:
            squares = np.zeros(1)
            if degree:
                squares = squares + block.weight @ np.square(block.y)
            n_rows = int(np.count_nonzero(block.weight))
            return n_rows, float(block.weight.sum()), squares

        n_rows, weight, squares = 0, 0.0, np.zeros(1)
        for part in () if rows is None else results(term, rows, counted=False):
            n_rows, weight = n_rows + part[0], weight + part[1]
            squares = squares + part[2]
        return Units(n_rows, weight, squares, degree)

    @property
    def mean_weight(self) -> float:
        """Mean weight of a row."""
        return self.weight / max(self.n_rows, 1)

    @property
    def gradient(self) -> Array:
        """Unit of a gradient in each output, or in all."""
        mean = np.sqrt(self.squares / self.weight) if self.weight else self.squares
        return self.mean_weight * np.where(mean > 0.0, mean, 1.0) ** self.degree

    @property
    def largest(self) -> float:
        """The largest of these units: a gradient of norm one in them is no longer."""
        return float(self.gradient.max())

    def norm(self, gradient: Array) -> float:
        """2-norm of a gradient in these units."""
        return float(np.linalg.norm(gradient / self.gradient))

    def changed(self, came: Units, left: Units) -> Units:
        """Units that are no smaller than those after an edit.

        Each row that left counts as a whole one, and sums of squares are rounded up.
        """
        squares = self.squares + came.squares
        rounding = 4.0 * _EPS * squares
        return replace(
            self,
            n_rows=self.n_rows + came.n_rows - left.n_rows,
            weight=max(self.weight + came.weight - left.weight, 0.0),
            squares=np.maximum(squares - left.squares + rounding, 0.0),
        )


#: Units that change nothing.
ONE = Units(1, 1.0, np.zeros(1), 0.0)
