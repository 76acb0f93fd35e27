"""Names of rows that have left, known by nothing but hashes under a secret key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.training_rows.names import texts_of
from sklearn_unlearn.core.training_rows.row_hash import Hashes, RowHash


@dataclass(frozen=True, eq=False)
class Departed:
    """Which names have left, so that a request about one can be told.

    The names themselves are not kept. Who holds the key, which is in the file of the
    model, can try a name that he guesses, but read none.

    Attributes
    ----------
    hashed : RowHash
        With a key of this model's own.
    codes : ndarray of uint64
        Sorted.
    """

    hashed: RowHash = field(default_factory=RowHash)
    codes: Hashes = field(
        default_factory=lambda: np.zeros(0, dtype=np.uint64), repr=False
    )

    def __contains__(self, name: object) -> bool:
        code = np.uint64(self.hashed.of_text(texts_of(name)[0]))
        return bool(np.any(self.codes == code))

    def plus(self, names: Any) -> Departed:
        """These and more, an array of names, with their subjects."""
        if not names.size:
            return self
        texts = {text for name in names.tolist() for text in texts_of(name)}
        codes = [self.hashed.of_text(text) for text in texts]
        new: Hashes = np.array(codes, dtype=np.uint64)
        return replace(self, codes=np.union1d(self.codes, new))
