"""Words weighted by how rare they are, unlearned exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import normalize

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.document_frequency import (
    Frequencies,
    inverse_frequency,
)
from sklearn_unlearn.feature_extraction.text._documents import (
    DocumentVectorizer,
    frequencies,
    in_order,
    places_of,
    sources,
)
from sklearn_unlearn.sufficient_statistics import (
    Learned,
    StatisticsTransformer,
    UnlearnableTransformer,
)
from sklearn_unlearn.utils.messages import warn

#: Relative difference of equal weights that were computed from different counts.
_ROUNDING = 1e-14


class _Normed(StatisticsTransformer):
    """Weighted counts of rows, which are divided by their norm at the end."""

    _fitted: Any

    def _beyond(self, after, change, map_):
        # weighted counts are the outputs up to a factor: weighted anew and divided by
        # their norm, outputs are what they would be
        old, new = self._fitted.sklearn_estimator, after._fitted.sklearn_estimator
        source, known = _sources_of_all(self._fitted, after._fitted)
        if new.norm is None or not known:
            return map_, {}
        there = np.flatnonzero(source >= 0)
        ratio = np.ones(source.size)
        if old.use_idf:
            ratio[there] = new.idf_[there] / old.idf_[source[there]]
            ratio /= ratio[there].mean()
        map_ = AffineMap.of_columns(map_.n_old, source, ratio)
        return map_, {"then": lambda X: normalize(X, norm=new.norm)}


class UnlearnableTfidfTransformer(
    _Normed,
    UnlearnableTransformer,
    auto_wrap_output_keys=None,
):
    """Weights of words, by how rare they are, that unlearn rows, values and columns.

    A twin of :class:`sklearn.feature_extraction.text.TfidfTransformer`. Requests are
    exact: in how many rows each column is not zero is counted. A zero that a sparse row
    stores is a zero.

    With ``norm=None`` the outputs of all other rows are scaled. The norm of a row is no
    linear function of it: with one, all outputs have to be computed again, unless no
    weight changes against the others.

    Parameters
    ----------
    norm : {"l1", "l2"} or None, default="l2"
        Which norm of each row is made one.
    use_idf : bool, default=True
        Whether words are weighted; else nothing is learned.
    smooth_idf : bool, default=True
        Whether one more document is counted, which has all words. Without it a word
        that is left in no document has an infinite weight, of which a RuntimeWarning
        says so.
    sublinear_tf : bool, default=False
        Whether logarithms of counts are used.

    Attributes
    ----------
    idf_ : ndarray of shape (n_columns,)
        Inverse document frequencies of the columns that are not forgotten, if they are
        used.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableTfidfTransformer
    >>> transformer = UnlearnableTfidfTransformer().fit([[1, 0], [2, 1], [0, 3]])
    >>> transformer.partial_unfit([[2, 1]]).idf_
    array([1.405, 1.405])
    """

    _twin_class = TfidfTransformer

    idf_ = Learned()

    def __init__(
        self,
        *,
        norm: Any = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
    ) -> None:
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def transform(self, X: Any, copy: bool = True) -> Any:
        """Weighted rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts. Columns that are forgotten may be absent.
        copy : bool, default=True
            Whether X stays as it is.

        Returns
        -------
        sparse matrix of shape (n_samples, n_columns)
        """
        return self._transform(X, copy=copy)

    # Hooks --------------------------------------------------------------------------

    def _collect(self, rows, y, weight, params):
        return Frequencies.of(rows)

    def _fill(self, estimator, statistics):
        estimator.fit(np.ones((1, statistics.present.size)))
        if estimator.use_idf:
            estimator.idf_ = inverse_frequency(
                statistics.present,
                statistics.n_rows,
                estimator.smooth_idf,
                np.dtype(statistics.dtype),
            )
            _warn_of_infinite(estimator.idf_)

    def _output_map(self, before, after, others):
        kept = before.kept_by(after)
        known = np.ones(kept.size, dtype=bool)
        used = before.statistics.present > 0
        return _reweigh(before, after, kept, known, used, others.present > 0)


class UnlearnableTfidfVectorizer(_Normed, DocumentVectorizer):
    r"""Weighted counts of words that unlearn documents.

    A twin of :class:`sklearn.feature_extraction.text.TfidfVectorizer`. Requests are
    exact: in how many documents each word is, is counted, those words included that
    `min_df`, `max_df` or `max_features` keep out of the vocabulary. A word that only
    forgotten documents had is not kept anywhere.

    With ``norm=None`` the outputs of all other documents are scaled, without those of
    words that leave the vocabulary. The norm of a document is no linear function of its
    outputs: with one, all have to be computed again, unless no weight changes against
    the others. So has the output of a word that comes in through a threshold.

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
    dtype : dtype, default=np.float64
        Of the outputs.
    norm : {"l1", "l2"} or None, default="l2"
        Which norm of each row is made one.
    use_idf : bool, default=True
        Whether words are weighted by how rare they are.
    smooth_idf : bool, default=True
        Whether one more document is counted, which has all words. Without it a word
        that is left in no document has an infinite weight, of which a RuntimeWarning
        says so.
    sublinear_tf : bool, default=False
        Whether logarithms of counts are used.

    Attributes
    ----------
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.
    idf_ : ndarray of shape (n_words,)
        Inverse document frequencies; ones if they are not used.
    vocabulary_ : dict
        The output of each word.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableTfidfVectorizer
    >>> vectorizer = UnlearnableTfidfVectorizer().fit(["a cat sat", "Rosalind sat"])
    >>> vectorizer.partial_unfit(["Rosalind sat"]).get_feature_names_out()
    array(['cat', 'sat'], dtype=object)
    """

    _twin_class = TfidfVectorizer

    idf_ = Learned()

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
        analyzer: Any = "word",
        stop_words: Any = None,
        token_pattern: str = r"(?u)\b\w\w+\b",
        ngram_range: Any = (1, 1),
        max_df: Any = 1.0,
        min_df: Any = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.float64,
        norm: Any = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
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
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    # Hooks --------------------------------------------------------------------------

    def _of_vocabulary(self, documents, params):
        words = set(params["vocabulary"])
        return ([word for word in document if word in words] for document in documents)

    def _fill(self, estimator, statistics):
        super()._fill(estimator, statistics)
        present = frequencies(estimator.vocabulary_, statistics)
        dtype = np.dtype(estimator.dtype)
        if dtype.kind != "f":
            dtype = np.dtype(np.float64)
        inverse = np.ones(present.size, dtype=dtype)
        use_idf = estimator.use_idf
        if use_idf:
            n_rows = statistics.n_rows
            inverse = inverse_frequency(present, n_rows, estimator.smooth_idf, dtype)
            _warn_of_infinite(inverse)
        inverse.flags.writeable = False
        estimator.use_idf = True  # the setter wants it
        estimator.idf_ = inverse
        estimator.use_idf = use_idf
        for inner in vars(estimator).values():
            if isinstance(inner, TfidfTransformer):
                inner.n_features_in_ = present.size

    def _output_map(self, before, after, others):
        source, known = sources(before, after, others)
        old = frequencies(before.sklearn_estimator.vocabulary_, others) > 0
        # of a word that has no old output it is known that others have it or not
        new = np.where(source >= 0, old[source], ~known)
        return _reweigh(before, after, source, known, old, new)


def _warn_of_infinite(inverse):
    """Say that words are in no document, as a division by zero says in the twins."""
    infinite = np.flatnonzero(np.isinf(inverse))
    if infinite.size:
        warn(
            f"The idf of column {infinite[0]} is infinite: with smooth_idf=False a "
            f"word of no document has none. {infinite.size} of {inverse.size} columns "
            "are of such words.",
            RuntimeWarning,
        )


def _reweigh(before, after, source, known, used, used_new):
    """How weighted outputs change.

    Parameters
    ----------
    before, after : Fitted
    source : ndarray of int of shape (n_new,)
        Old outputs of the new ones, -1 where there is none.
    known : ndarray of bool of shape (n_new,)
    used : ndarray of bool of shape (n_old,)
        Old outputs that are not zero in all other rows.
    used_new : ndarray of bool of shape (n_new,)
    """
    old, new = before.sklearn_estimator, after.sklearn_estimator
    there = source >= 0
    ratio = np.ones(source.size)
    if old.use_idf:
        # where all others are zero anything may be said
        places = np.flatnonzero(there & used_new)
        ratio[places] = new.idf_[places] / old.idf_[source[places]]
    if old.norm is not None:
        ratios = ratio[there & used_new]
        gone = np.ones(used.size, dtype=bool)
        gone[source[there]] = False
        same = np.all(np.abs(ratios - ratios[:1]) <= _ROUNDING * np.abs(ratios))
        if not same or np.any(used & gone) or np.any(used_new & ~there):
            known = np.zeros(source.size, dtype=bool)
        ratio = np.ones(source.size)
    return AffineMap.of_columns(used.size, source, ratio, None, known)


def _sources_of_all(old, new):
    """The old output of each new one, and whether all others are zero."""
    if not hasattr(new.sklearn_estimator, "vocabulary_"):
        return old.kept_by(new), True
    words = in_order(new.sklearn_estimator.vocabulary_)
    source = places_of(words, old.sklearn_estimator.vocabulary_)
    came = [words[at] for at in np.flatnonzero(source < 0)]
    seen = old.statistics.documents
    return source, not any(seen.get(word, 0) for word in came)
