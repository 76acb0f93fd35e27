"""Training rows, each with the folds that it is in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.utils.memberships import memberships, new_memberships


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows, as models and scorers get them.

    Attributes
    ----------
    X : array-like, DataFrame, sparse matrix or None
        None of targets alone.
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
    weight : ndarray of shape (n_rows,) or None
        None where all rows count alike.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None

    @property
    def keywords(self):
        """What is given beside X and y."""
        return {} if self.weight is None else {"sample_weight": self.weight}

    def viewed(self, view):
        """The same with a part of the targets."""
        return replace(self, y=view(self.y))


@dataclass(frozen=True, eq=False)
class FoldRows:
    """Retained rows, and how often each is trained on and held out in each split.

    Attributes
    ----------
    retained : RetainedRows
        Of raw rows. Their keys are the `memberships` of each row.
    encoding : Labels or Targets
    forgotten : ndarray of bool of shape (n_features,) or None
        Columns at fit that the rows lack; None of rows without columns.
    n_splits : int
    weighted : bool
        Whether rows were given weights.
    """

    retained: RetainedRows
    encoding: Any
    forgotten: np.ndarray | None
    n_splits: int
    weighted: bool

    def part(self, positions, counts=None):
        """Rows at these positions, perhaps several times."""
        if counts is not None and np.any(counts != 1):
            positions = np.repeat(positions, counts.astype(np.intp))
        return replace(self.targets(positions), X=self.retained.origins_at(positions).X)

    def targets(self, positions):
        """Targets and weights of rows at these positions, without the rows."""
        rows = self.retained.take(positions)
        alike = not self.weighted and np.all(rows.weight == 1.0)
        weight = None if alike else rows.weight
        return Part(None, self.encoding.decoded(rows.y), weight)

    def living(self):
        """Positions and memberships of all rows, in the order in which they came."""
        blocks = list(self.retained.blocks())
        weight = np.concatenate([block.weight for block in blocks])
        keys = np.concatenate([block.X for block in blocks])
        alive = np.flatnonzero(weight)
        alive = alive[np.argsort(keys[alive, 0], kind="stable")]
        return Living(self, alive, keys[alive])

    def edited(self, request, classes_left):
        """The rows after a request, without classes of which none is left.

        Parameters
        ----------
        request : sklearn_unlearn.core.linear.bookkeeping.ModelChange
        classes_left : callable
            Gives encoding and rows without such classes.
        """
        model: Any = self  # of which the rows alone are read
        retained = edited_rows(model, request)
        if not any(block.weight.any() for block in retained.blocks()):
            raise InsufficientWeightError("The request would leave no row to train on.")
        encoding, retained = classes_left(self.encoding, retained)
        return replace(self, retained=retained, encoding=encoding)

    def redrawn(self, splitter):
        """The same rows in folds that are drawn anew."""
        living = self.living()
        rows = living.trained(None)
        splits = splitter(rows.X, rows.y)
        keys = memberships(living.positions.size, splits)
        keys[:, 0] = living.keys[:, 0]
        retained = self.retained.compacted()
        (chunk,) = retained.chunks
        held = replace(chunk.rows, X=keys[np.argsort(living.positions)])
        retained = replace(retained, chunks=(replace(chunk, rows=held),))
        return replace(self, retained=retained, n_splits=len(splits))

    def new_memberships(self, n_rows):
        """Numbers and folds of rows that come, which fill the folds in turn.

        Raises
        ------
        UnlearningError
            If it is not one fold that each row is held out in.
        """
        keys = np.concatenate([block.X for block in self.retained.blocks()])
        return new_memberships(keys, n_rows)


@dataclass(frozen=True, eq=False)
class Living:
    """All rows that have not left.

    Attributes
    ----------
    rows : FoldRows
    positions : ndarray of int
    keys : ndarray of shape (n_rows, 1 + 2 n_splits)
    """

    rows: FoldRows
    positions: np.ndarray
    keys: np.ndarray

    def trained(self, split):
        """Rows that a model is trained on; all of them without a split."""
        if split is None:
            return self.rows.part(self.positions)
        return self._some(self.keys[:, 1 + split])

    def held_out(self, split):
        """Rows that a model is asked about."""
        return self._some(self.keys[:, 1 + self.rows.n_splits + split])

    def held_out_numbers(self, split):
        """Numbers of these rows, as often as they are held out."""
        counts = self.keys[:, 1 + self.rows.n_splits + split].astype(np.intp)
        return np.repeat(self.keys[:, 0], counts)

    def held_out_places(self, split):
        """Where these are among all rows."""
        return np.flatnonzero(self.keys[:, 1 + self.rows.n_splits + split])

    def _some(self, counts):
        some = np.flatnonzero(counts)
        if not some.size:
            raise InsufficientWeightError(
                "The request would leave no row in one of the folds or bags."
            )
        return self.rows.part(self.positions[some], counts[some])
