"""`DocumentVectorizer`: counts of documents, and the vocabulary that they leave."""

from __future__ import annotations

import copy
from itertools import compress
from numbers import Integral
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_unlearn.core.statistics.document_frequency import WordCounts
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.sufficient_statistics import (
    Learned,
    ReadRows,
    StatisticsTransformer,
)
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.validation import Columns

#: What every row of documents has.
_ONE_COLUMN = Columns(1, None)


class _Texts(list):
    """Documents that have been read."""


class DocumentVectorizer(StatisticsTransformer, BaseEstimator):
    """A vectorizer that counts in how many documents each word is.

    Words that the thresholds keep out of the vocabulary are counted too: a request may
    bring them in.
    """

    _accepts = frozenset({"out", "into"})

    fixed_vocabulary_ = Learned()
    vocabulary_ = Learned()

    # Verbs --------------------------------------------------------------------------

    def fit(self, raw_documents: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        raw_documents : iterable of str, bytes or files
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the documents are invalid, or no words are left.
        """
        return self._fit(raw_documents)

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary, and outputs of the documents.

        Parameters
        ----------
        raw_documents : iterable of str, bytes or files
        y : None
            Ignored.

        Returns
        -------
        sparse matrix of shape (n_documents, n_words)
        """
        # files can be read once
        unfitted = self._new_estimator(self.get_params(deep=False))
        texts = self._texts(raw_documents, unfitted)
        with self._exclusive():
            self._fit(texts)
            fitted = self._checked()
        return self._outputs_of(fitted, ReadRows(texts, raw_documents))

    # What was learned ---------------------------------------------------------------

    def transform(self, raw_documents: Any) -> Any:
        """Outputs of documents, as the twin computes them.

        Parameters
        ----------
        raw_documents : iterable of str, bytes or files

        Returns
        -------
        sparse matrix of shape (n_documents, n_words)
        """
        fitted = self._checked()
        if isinstance(raw_documents, ReadRows):
            return self._outputs_of(fitted, raw_documents)
        return fitted.sklearn_estimator.transform(raw_documents)

    def inverse_transform(self, X: Any) -> list[Any]:
        """Words of each document whose outputs are not zero.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_documents, n_words)

        Returns
        -------
        list of ndarray
        """
        return self._checked().sklearn_estimator.inverse_transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The vocabulary, in the order of the outputs.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of object of shape (n_words,)
        """
        return self._checked().sklearn_estimator.get_feature_names_out()

    def to_sklearn(self) -> Any:
        """A plain fitted scikit-learn vectorizer, which cannot unlearn, to deploy.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        fitted = self._checked()
        return exported(
            self, fitted.sklearn_estimator, fitted.columns, fitted.forgotten, False
        )

    # Hooks --------------------------------------------------------------------------

    def _texts(self, raw_documents, estimator):
        """Documents as strings, files having been read."""
        if isinstance(raw_documents, str):
            raise ValueError(
                "Iterable over raw text documents expected, string object received."
            )
        if isinstance(raw_documents, _Texts):
            return raw_documents
        return _Texts(estimator.decode(document) for document in raw_documents)

    def _read(self, X, estimator, columns):
        texts, _ = self._read_first(X, estimator)
        _check_texts(texts, estimator)
        return texts

    def _read_first(self, X, estimator):
        texts = self._texts(X, estimator)
        if not texts:
            raise ValueError("There is no document.")
        return texts, _ONE_COLUMN

    def _n_rows(self, rows):
        return len(rows)

    def _outputs_of(self, fitted, read):
        estimator = copy.copy(fitted.sklearn_estimator)  # files have been read
        return estimator.set_params(input="content").transform(read.rows)

    def _collect(self, rows, y, weight, params):
        estimator = self._new_estimator({**params, "input": "content"})
        analyze = estimator.build_analyzer()
        documents = (analyze(text) for text in rows)
        if params["vocabulary"] is not None:
            documents = self._of_vocabulary(documents, params)
        occurrences = params["max_features"] is not None
        counts = WordCounts.of(documents, occurrences=occurrences)
        # requests sort them again, in no time if most are in order
        return counts if params["vocabulary"] is not None else counts.in_order()

    def _of_vocabulary(self, documents, params):
        """Which words of documents are counted if the vocabulary is given."""
        return ((),) * sum(1 for _ in documents)

    def _fill(self, estimator, statistics):
        given_vocabulary = estimator.vocabulary
        if given_vocabulary is None:
            estimator.vocabulary = ["a"]
        # checks all parameters; of no documents
        CountVectorizer.fit_transform(estimator, [])
        if given_vocabulary is None:
            estimator.vocabulary, estimator.fixed_vocabulary_ = None, False
            words = _vocabulary(estimator, statistics)
            estimator.vocabulary_ = {word: place for place, word in enumerate(words)}


def sources(before, after, others):
    """The old output of each new one, -1 if it has none, and whether it is known.

    A word that comes into the vocabulary is known if no other document has it.
    """
    words = in_order(after.sklearn_estimator.vocabulary_)
    source = places_of(words, before.sklearn_estimator.vocabulary_)
    known = source >= 0
    for at in np.flatnonzero(~known):
        known[at] = others.documents.get(words[at], 0) == 0
    return source, known


def frequencies(vocabulary, statistics):
    """In how many documents each word of a vocabulary is, in its order."""
    documents = statistics.documents
    places = places_of(list(documents), vocabulary)
    counts = np.fromiter(documents.values(), dtype=np.int64, count=len(documents))
    found = np.zeros(len(vocabulary), dtype=np.int64)
    found[places[places >= 0]] = counts[places >= 0]
    return found


def places_of(words, vocabulary):
    """The output of each of these words, -1 where it has none.

    Of words that are those of the vocabulary in its order, but for some that have left,
    none has to be looked up.
    """
    known = in_order(vocabulary)
    if words == known:
        return np.arange(len(words))
    gone = set(known).difference(words)
    there = [word not in gone for word in known]
    if words == list(compress(known, there)):
        return np.flatnonzero(there)
    return np.array([vocabulary.get(word, -1) for word in words], dtype=np.intp)


def in_order(vocabulary):
    """The words of a vocabulary in the order of their outputs."""
    words, places = list(vocabulary), list(vocabulary.values())
    if places == [*range(len(words))]:  # as they are where they have been learned
        return words
    return [words[at] for at in np.argsort(places, kind="stable")]


def _check_texts(documents, estimator):
    """Refuse documents of a request that no one but a caller's function can read."""
    if estimator.preprocessor is not None or callable(estimator.analyzer):
        return
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(
                f"Document {number} is of type {type(document).__name__}: pass texts."
            )


def _vocabulary(estimator, statistics):
    """Words that are neither too rare nor too common, sorted."""
    # CountVectorizer.fit_transform and _limit_features
    words = sorted(statistics.documents)
    if not words:
        raise UnlearningError(
            "empty vocabulary; perhaps the documents only contain stop words"
        )
    most, least = (
        bound if isinstance(bound, Integral) else bound * statistics.n_rows
        for bound in (estimator.max_df, estimator.min_df)
    )
    if most < least:
        raise UnlearningError("max_df corresponds to < documents than min_df")
    found = np.array([statistics.documents[word] for word in words])
    kept = np.flatnonzero((found <= most) & (found >= least))
    limit = estimator.max_features
    if limit is not None and kept.size > limit:
        often = found
        if not estimator.binary:
            often = np.array([statistics.occurrences[word] for word in words])
        # summed as the twin sums, so that it breaks ties alike
        sums = sp.csr_array(often[None].astype(estimator.dtype)).sum(axis=0)
        kept = np.sort(kept[(-np.asarray(sums).ravel()[kept]).argsort()[:limit]])
    if not kept.size:
        raise UnlearningError(
            "After pruning, no terms remain. Try a lower min_df or a higher max_df."
        )
    return words if kept.size == len(words) else [words[place] for place in kept]
