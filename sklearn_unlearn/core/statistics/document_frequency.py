"""How many documents have each word, and each column: frequencies that can shrink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Data, Indices, is_sparse
from sklearn_unlearn.core.statistics.counts import added, taken
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

#: Words, or whatever else an analyser makes of a document.
Words: TypeAlias = Mapping[Hashable, int]


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Words of documents.

    Attributes
    ----------
    n_rows : int
        Number of documents.
    documents : dict
        Number of documents of each word.
    occurrences : dict or None
        How often each word occurs, if that is needed.
    """

    n_rows: int
    documents: Words
    occurrences: Words | None

    @staticmethod
    def of(documents: Iterable[Iterable[Hashable]], *, occurrences: bool) -> WordCounts:
        """Count the words of documents."""
        found, often, n_rows = Counter[Hashable](), Counter[Hashable](), 0
        for words in documents:
            n_rows += 1
            counts = Counter(words)
            found.update(counts.keys())
            if occurrences:
                often.update(counts)
        return WordCounts(n_rows, dict(found), dict(often) if occurrences else None)

    @property
    def empty(self) -> bool:
        """Whether these are the counts of no documents."""
        return self.n_rows == 0

    def in_order(self) -> WordCounts:
        """The same with sorted words."""
        words: list[Any] = sorted(self.documents)
        documents = {word: self.documents[word] for word in words}
        return replace(self, documents=documents)

    def plus(self, other: WordCounts) -> WordCounts:
        """With those of further documents."""
        often = self.occurrences
        if often is not None and other.occurrences is not None:
            often = added(often, other.occurrences)
        documents = added(self.documents, other.documents)
        return WordCounts(self.n_rows + other.n_rows, documents, often)

    def minus(self, other: WordCounts) -> WordCounts:
        """Without those of some of the documents.

        Raises
        ------
        RowNotFoundError
            If no document has one of their words.
        InsufficientWeightError
            If fewer documents than these have it, or there are fewer documents.
        """
        where = "A document holds"
        often = self.occurrences
        documents = taken(self.documents, other.documents, where)
        if often is not None and other.occurrences is not None:
            often = taken(often, other.occurrences, where)
        n_rows = self.n_rows - other.n_rows
        if n_rows < max(documents.values(), default=0):
            raise InsufficientWeightError(
                "More documents would leave than the vectorizer was fitted on."
            )
        return WordCounts(n_rows, documents, often)

    def columns(self, columns: Indices) -> WordCounts:
        """The same: documents have no columns."""
        return self


@dataclass(frozen=True, eq=False)
class Frequencies:
    """In how many rows each column is not zero.

    Attributes
    ----------
    n_rows : int
    present : ndarray of int64 of shape (n_columns,)
    dtype : dtype
        Of the rows.
    """

    n_rows: int
    present: npt.NDArray[np.int64]
    dtype: np.dtype[Any]

    @staticmethod
    def of(X: Data) -> Frequencies:
        """Count the rows of each column."""
        if is_sparse(X):
            columns = X.indices[X.data != 0]
            present = np.bincount(columns, minlength=X.shape[1])
        else:
            present = np.count_nonzero(X, axis=0)
        return Frequencies(X.shape[0], present.astype(np.int64), X.dtype)

    @property
    def empty(self) -> bool:
        """Whether these are the frequencies of no rows."""
        return self.n_rows == 0

    def plus(self, other: Frequencies) -> Frequencies:
        """With those of further rows."""
        return Frequencies(
            self.n_rows + other.n_rows,
            self.present + other.present,
            np.result_type(self.dtype, other.dtype),
        )

    def minus(self, other: Frequencies) -> Frequencies:
        """Without those of some of the rows.

        Raises
        ------
        InsufficientWeightError
            If there are fewer rows.
        RowNotFoundError
            If fewer rows have a column than would leave, or more than remain.
        """
        n_rows, present = self.n_rows - other.n_rows, self.present - other.present
        if n_rows < 0:
            raise InsufficientWeightError(
                "X has more rows than the transformer was fitted on."
            )
        if np.any((present < 0) | (present > n_rows)):
            column = int(np.flatnonzero((present < 0) | (present > n_rows))[0])
            raise RowNotFoundError(
                f"Column {column} of X is zero, or not, in more rows than the "
                "transformer was fitted on."
            )
        return replace(self, n_rows=n_rows, present=present)

    def columns(self, columns: Indices) -> Frequencies:
        """Some columns alone."""
        return replace(self, present=self.present[columns])


def inverse_frequency(
    present: npt.NDArray[np.int64], n_rows: int, smooth: bool, dtype: np.dtype[Any]
) -> Array:
    """Inverse document frequencies, as scikit-learn defines them.

    Parameters
    ----------
    present : ndarray of int64 of shape (n_columns,)
        Number of documents of each word.
    n_rows : int
        Number of documents.
    smooth : bool
        Whether there is one more document, which has all words.
    dtype : dtype
        Of the result: float32 or float64.
    """
    frequency = present.astype(dtype) + dtype.type(smooth)
    ratio = np.full_like(frequency, n_rows + int(smooth))
    with np.errstate(divide="ignore"):
        inverse: Array = np.log(ratio / frequency) + dtype.type(1)
    return inverse
