"""Counts of words that unlearn exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.feature_extraction.text._documents import (
    DocumentVectorizer,
    sources,
)


class UnlearnableCountVectorizer(DocumentVectorizer):
    r"""Counts of words that unlearn documents.

    A twin of :class:`sklearn.feature_extraction.text.CountVectorizer`. Requests are
    exact: in how many documents each word is, is counted, those words included that
    `min_df`, `max_df` or `max_features` keep out of the vocabulary. A word that only
    forgotten documents had is not kept anywhere.

    Outputs of all other documents stay as they are, without those of words that leave
    the vocabulary. A word that comes in through a threshold has an output that has to
    be counted in the documents.

    Parameters
    ----------
    input : {"filename", "file", "content"}, default="content"
        What documents are: names of files, files, or strings or bytes.
    encoding : str, default="utf-8"
        Of bytes.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are not of that encoding.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        How accents are removed.
    lowercase : bool, default=True
        Whether documents are made lower case.
    preprocessor, tokenizer : callable, default=None
        Replace what prepares a document and what cuts it into words.
    stop_words : {"english"} or list, default=None
        Words that do not count.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        What a word is.
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Lengths of sequences of words that are counted.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        What is counted.
    max_df : float in range [0.0, 1.0] or int, default=1.0
        Words in more documents are left out. A share depends on how many documents
        there are, so that any request may bring words in or out.
    min_df : float in range [0.0, 1.0] or int, default=1
        Words in fewer documents are left out.
    max_features : int, default=None
        How many words are kept, the most frequent ones.
    vocabulary : Mapping or iterable, default=None
        A vocabulary that is given, and not learned.
    binary : bool, default=False
        Whether words are counted once a document.
    dtype : dtype, default=np.int64
        Of the outputs.

    Attributes
    ----------
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.
    vocabulary_ : dict
        The output of each word.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableCountVectorizer
    >>> vectorizer = UnlearnableCountVectorizer().fit(["a cat sat", "Rosalind sat"])
    >>> vectorizer.partial_unfit(["Rosalind sat"]).get_feature_names_out()
    array(['cat', 'sat'], dtype=object)
    """

    _twin_class = CountVectorizer

    def __init__(
        self,
        *,
        input: str = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Callable[..., Any] | None = None,
        tokenizer: Callable[..., Any] | None = None,
        stop_words: Any = None,
        token_pattern: str = r"(?u)\b\w\w+\b",
        ngram_range: Any = (1, 1),
        analyzer: Any = "word",
        max_df: Any = 1.0,
        min_df: Any = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.int64,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.stop_words = stop_words
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.ngram_range = ngram_range
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype

    # Hooks --------------------------------------------------------------------------

    def _output_map(self, before, after, others):
        source, known = sources(before, after, others)
        if before.sklearn_estimator.fixed_vocabulary_:
            known[:] = True
        n_old = len(before.sklearn_estimator.vocabulary_)
        return AffineMap.of_columns(n_old, source, np.ones(source.size), None, known)
