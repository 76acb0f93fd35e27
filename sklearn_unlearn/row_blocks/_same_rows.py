"""Whether each pass over blocks reads what the first one read, by keyed checksums."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.raw_rows import taken

#: One row in so many is compared in all its values, of others targets and weights are.
_EVERY = 1024


class SameRows:
    """The checksums of a first pass, with which later ones are compared.

    They are of all targets and weights, and of some rows, one after the other: blocks
    may be cut in another way in each pass.
    """

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._n_rows: int | None = None
        self._known: dict[tuple[str, int], bytes] = {}

    def checked(self, blocks: Iterator) -> Iterator:
        """The same blocks, each compared after it was worked on.

        Raises
        ------
        ValueError
            Naming the first block after which targets, weights or rows are others than
            before.
        """
        sums = {name: blake2b(key=self._key) for name in ("y", "sample_weight", "X")}
        first, n_rows, seen = self._n_rows is None, 0, {}
        for number, block in enumerate(blocks):
            yield block
            size = _n_rows(block.X)
            for name, values in (
                ("y", block.y),
                ("sample_weight", block.sample_weight),
            ):
                if values is not None:
                    sums[name].update(_bytes(values))
            some = np.arange(-n_rows % _EVERY, size, _EVERY)
            if some.size:
                sums["X"].update(_bytes(taken(block.X, some)))
            n_rows += size
            for name, total in sums.items():
                digest = seen[name, n_rows] = total.copy().digest()
                if not first and self._known.get((name, n_rows), digest) != digest:
                    raise ValueError(
                        f"Block {number}: {name} is not what it was when the blocks "
                        "were first read: each pass must read the same rows, in the "
                        "same order."
                    )
        if first:
            self._n_rows, self._known = n_rows, seen
        elif n_rows != self._n_rows:
            raise ValueError(
                f"blocks held {self._n_rows} rows when they were first read, and "
                f"{n_rows} now: each pass must read the same rows."
            )


def _n_rows(X: Any) -> int:
    return X.shape[0] if hasattr(X, "shape") else len(X)


def _bytes(values: Any) -> bytes:
    if is_sparse(values):
        return b"".join(map(_bytes, (values.data, values.indices, values.indptr)))
    values = np.asarray(values)
    if values.dtype.kind in "biufcmM":
        return values.tobytes()
    return "\0".join(map(str, values.ravel().tolist())).encode(
        errors="backslashreplace"
    )
