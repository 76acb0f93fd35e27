"""Frequencies of words and of columns, against those from scratch."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics.document_frequency import (
    Frequencies,
    WordCounts,
    inverse_frequency,
)
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

DOCUMENTS = st.lists(st.text("abc", max_size=6).map(list), min_size=1, max_size=12)


def same(one, other):
    return vars(one) == vars(other)


@settings(deadline=None)
@given(DOCUMENTS, st.integers(0, 12), st.booleans())
def test_words_that_leave_leave_no_trace(documents, n_going, occurrences):
    def of(part):
        return WordCounts.of(part, occurrences=occurrences)

    left = of(documents).minus(of(documents[:n_going]))
    assert same(left, of(documents[n_going:]))
    assert same(left.plus(of(documents[:n_going])), of(documents))
    assert left.empty == (not documents[n_going:])
    assert left.columns([0]) is left


def test_words_are_counted():
    counts = WordCounts.of([["a", "b", "a"], ["a"], []], occurrences=True)
    assert counts.n_rows == 3
    assert counts.documents == {"a": 2, "b": 1}
    assert counts.occurrences == {"a": 3, "b": 1}


def test_documents_that_were_never_in_are_refused():
    counts = WordCounts.of([["a", "b"], ["a"]], occurrences=False)
    for error, documents in (
        (RowNotFoundError, [["c"]]),
        (InsufficientWeightError, [["b"], ["b"]]),
        (InsufficientWeightError, [["b"], []]),
    ):
        with pytest.raises(error):
            counts.minus(WordCounts.of(documents, occurrences=False))


@settings(deadline=None)
@given(st.integers(0, 99), st.booleans())
def test_columns(seed, sparse):
    X = np.random.default_rng(seed).integers(0, 2, (9, 4)).astype(np.float32)

    def of(part):
        return Frequencies.of(sp.csr_array(part) if sparse else part)

    left = of(X).minus(of(X[:4]))
    np.testing.assert_array_equal(left.present, X[4:].sum(axis=0))
    assert left.n_rows == 5
    back = left.plus(of(X[:4])).columns(np.array([2, 0]))
    np.testing.assert_array_equal(back.present, X[:, [2, 0]].sum(axis=0))
    assert back.dtype == np.float32
    assert left.minus(of(X[4:])).empty


def test_stored_zeros_are_zero():
    X = sp.csr_array((np.array([0.0, 1.0]), np.array([0, 1]), np.array([0, 2])))
    np.testing.assert_array_equal(Frequencies.of(X).present, [0, 1])


def test_rows_that_were_never_in_are_refused():
    X = np.array([[1.0, 0.0], [1.0, 1.0]])
    for error, rows in (
        (InsufficientWeightError, [[1.0, 0.0]] * 3),
        (RowNotFoundError, [[1.0, 1.0]] * 2),
        (RowNotFoundError, [[0.0, 0.0]]),
    ):
        with pytest.raises(error):
            Frequencies.of(X).minus(Frequencies.of(np.array(rows)))


def test_inverse_frequencies():
    dtype = np.dtype(np.float64)
    found = inverse_frequency(np.array([1, 4]), 4, False, dtype)
    np.testing.assert_allclose(found, [np.log(4.0) + 1.0, 1.0])
    assert inverse_frequency(np.array([0]), 4, False, dtype) == np.inf
    smooth = inverse_frequency(np.array([0]), 4, True, np.dtype(np.float32))
    assert smooth.dtype == np.float32
    np.testing.assert_allclose(smooth, np.log(5.0) + 1.0)
