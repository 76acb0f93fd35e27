"""How the outputs of a transformer change for rows that a request does not name.

What a transformer has learned from a row is in the outputs of all others. Where the new
outputs are an affine function of the old ones, this says which: the outputs need not be
computed again from the rows, which may no longer be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import Array, Data, Indices, Mask, densify, is_sparse

#: Factors of this size and more are none.
_LARGEST = 2.0**500


@dataclass(frozen=True, eq=False)
class AffineMap:
    """New outputs ``z_new = linear @ z_old + shift``, where they can be known.

    Attributes
    ----------
    linear : csr_array or ndarray of shape (n_new, n_old)
    shift : ndarray of shape (n_new,)
    known : ndarray of bool of shape (n_new,)
        New columns that the old ones determine. The others have to be computed from
        the rows themselves; they are zero here.
    """

    linear: Data
    shift: Array
    known: Mask

    @staticmethod
    def unchanged(n_outputs: int) -> AffineMap:
        """The identity."""
        places = np.arange(n_outputs)
        return AffineMap.of_columns(n_outputs, places, np.ones(n_outputs))

    @staticmethod
    def of_columns(
        n_old: int,
        source: Indices,
        scale: Array,
        shift: Array | None = None,
        known: Mask | None = None,
    ) -> AffineMap:
        """Each new column from one old column, or from none.

        Parameters
        ----------
        n_old : int
        source : ndarray of int of shape (n_new,)
            The old column of each new one; -1 if there is none.
        scale : ndarray of shape (n_new,)
        shift : ndarray of shape (n_new,), optional
            Zero by default.
        known : ndarray of bool of shape (n_new,), optional
            All by default.
        """
        n_new = source.shape[0]
        known = np.ones(n_new, dtype=bool) if known is None else known
        shift = np.zeros(n_new) if shift is None else np.where(known, shift, 0.0)
        used = known & (source >= 0)
        ends = np.concatenate([[0], np.cumsum(used)])
        parts = (scale[used].astype(np.float64), source[used], ends)
        linear = sp.csr_array(parts, shape=(n_new, n_old))
        return AffineMap(linear, shift, known)

    @staticmethod
    def scaled(n_old: int, source: Indices, scale: Array, shift: Array) -> AffineMap:
        """Each new column from one old column, by factors that may be no numbers.

        NaN is that of a column which is missing in all rows that there are, before or
        after: in other rows it stays as it is. Factors whose squares are no floats tell
        nothing of the new outputs.
        """
        scale = scale.astype(np.float64)
        missing = np.isnan(scale) | (np.isfinite(scale) & np.isnan(shift))
        known = missing | ((np.abs(scale) < _LARGEST) & np.isfinite(shift))
        scale, shift = np.where(missing, 1.0, scale), np.where(missing, 0.0, shift)
        return AffineMap.of_columns(n_old, source, scale, shift, known)

    @staticmethod
    def unknown(n_old: int, n_new: int) -> AffineMap:
        """Outputs that have to be computed again."""
        nothing = np.zeros(n_new, dtype=bool)
        return AffineMap.of_columns(
            n_old, np.full(n_new, -1), np.zeros(n_new), None, nothing
        )

    @staticmethod
    def side_by_side(maps: Sequence[AffineMap]) -> AffineMap:
        """The map of outputs that stand beside one another."""
        maps = maps or [AffineMap.unchanged(0)]
        blocks = [_as_csr(one.linear) for one in maps]
        column = np.cumsum([0, *(block.shape[1] for block in blocks)])
        entry = np.cumsum([0, *(block.nnz for block in blocks)])
        indices = [b.indices + at for b, at in zip(blocks, column[:-1], strict=True)]
        ends = [b.indptr[1:] + at for b, at in zip(blocks, entry[:-1], strict=True)]
        parts = (
            np.concatenate([block.data for block in blocks]),
            np.concatenate(indices),
            np.concatenate([[0], *ends]),
        )
        n_new = sum(block.shape[0] for block in blocks)
        return AffineMap(
            sp.csr_array(parts, shape=(n_new, column[-1])),
            np.concatenate([one.shift for one in maps]),
            np.concatenate([one.known for one in maps]),
        )

    @property
    def n_old(self) -> int:
        """Number of old outputs."""
        n_old: int = self.linear.shape[1]
        return n_old

    @property
    def n_new(self) -> int:
        """Number of new outputs."""
        n_new: int = self.linear.shape[0]
        return n_new

    @property
    def complete(self) -> bool:
        """Whether all new outputs are known."""
        return bool(self.known.all())

    @cached_property
    def magnification(self) -> float:
        """Largest factor by which an error of an old output is seen in a new one."""
        return float(abs(self.linear).max()) if min(self.linear.shape) else 0.0

    @property
    def kept(self) -> Indices | None:
        """The old outputs that are left, if all that happens is that others vanish."""
        if not self.complete or self.shift.any():
            return None
        linear = _as_csr(self.linear)
        kept = linear.indices
        each = np.all(np.diff(linear.indptr) == 1) and np.all(linear.data == 1.0)
        return kept.astype(np.intp) if each and np.all(np.diff(kept) > 0) else None

    @property
    def identity(self) -> bool:
        """Whether outputs stay as they are."""
        if not self.complete or self.n_old != self.n_new or self.shift.any():
            return False
        if is_sparse(self.linear):
            return self.kept is not None
        return np.array_equal(self.linear, np.eye(self.n_old))

    def then(self, later: AffineMap) -> AffineMap:
        """Both maps as one; what is made of unknown outputs is unknown."""
        hidden = np.asarray((later.linear != 0) @ ~self.known, dtype=bool)
        known = later.known & ~hidden
        linear = later.linear @ self.linear
        if hidden.any():
            keep = known.astype(np.float64)[:, None]
            linear = linear.multiply(keep) if is_sparse(linear) else linear * keep
        linear = sp.csr_array(linear) if is_sparse(linear) else linear
        shift = later.linear @ self.shift + later.shift
        return AffineMap(linear, np.where(known, shift, 0.0), known)

    def apply(self, Z: Data) -> Data:
        """New outputs of rows.

        Parameters
        ----------
        Z : ndarray or CSR of shape (n_rows, n_old)

        Returns
        -------
        ndarray or csr_array of shape (n_rows, n_new)
            As Z; a column that is shifted is stored in full.

        Raises
        ------
        ValueError
            If some are unknown.
        """
        self._check_complete()
        if is_sparse(Z):
            in_place = self._entrywise(Z)
            if in_place is not None:
                return in_place
            mapped = sp.csr_array(Z) @ sp.csr_array(self.linear).T
            if self.shift.any():
                ones = sp.csr_array(np.ones((Z.shape[0], 1)))
                mapped = mapped + ones @ sp.csr_array(self.shift[None, :])
            return sp.csr_array(mapped)
        # the map on the left: what is not finite stays in its column
        product: Array = np.asarray((self.linear @ Z.T).T) + self.shift
        return product

    def _entrywise(self, Z: Data) -> Data | None:
        """New outputs with their entries where they were; None if some have others."""
        linear = _as_csr(self.linear)
        places = np.arange(self.n_old)
        if not np.array_equal(linear.indices, places) or self.n_new != self.n_old:
            return None
        if np.any(np.diff(linear.indptr) != 1):
            return None
        data = Z.data * linear.data[Z.indices]
        if self.shift.any():
            stored = np.bincount(Z.indices, minlength=self.n_old)
            if np.any(stored[self.shift != 0.0] != Z.shape[0]):
                return None
            data += self.shift[Z.indices]
        return sp.csr_array((data, Z.indices, Z.indptr), shape=Z.shape)

    def matrix(self, *, intercept: bool) -> Array:
        """The matrix T of `LinearMap`, which acts on the constant one as well.

        Parameters
        ----------
        intercept : bool
            Whether outputs are followed by a one.

        Returns
        -------
        ndarray of shape (n_new, n_old), or one more of each

        Raises
        ------
        ValueError
            If some outputs are unknown, or they are shifted and there is no intercept.
        """
        return densify(self.sparse_matrix(intercept=intercept))

    def sparse_matrix(self, *, intercept: bool) -> sp.csr_array:
        """`matrix` as CSR: of words there are too many for a dense one."""
        self._check_complete()
        linear = _as_csr(self.linear)
        if not intercept:
            if self.shift.any():
                raise ValueError("Outputs are shifted: no matrix does that.")
            return linear
        one = AffineMap.of_columns(1, np.zeros(1, dtype=np.intp), np.ones(1))
        matrix = AffineMap.side_by_side([self, one]).linear
        entries = np.flatnonzero(self.shift)
        last = np.full(entries.size, self.n_old)
        shift = (self.shift[entries], (entries, last))
        return sp.csr_array(matrix + sp.csr_array(shift, shape=matrix.shape))

    def _check_complete(self) -> None:
        if not self.complete:
            column = int(np.flatnonzero(~self.known)[0])
            raise ValueError(
                f"Output {column} is no affine function of the outputs before: it has "
                "to be computed from the rows."
            )


def _as_csr(linear: Data) -> sp.csr_array:
    """A matrix as CSR, itself if it is that."""
    return linear if isinstance(linear, sp.csr_array) else sp.csr_array(linear)
