"""Columns of dictionaries that unlearn exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction import DictVectorizer

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.document_frequency import WordCounts
from sklearn_unlearn.feature_extraction.text._documents import sources
from sklearn_unlearn.sufficient_statistics import (
    Learned,
    ReadRows,
    StatisticsTransformer,
)
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.validation import Columns

#: What every row of dictionaries has.
_ONE_COLUMN = Columns(1, None)


class UnlearnableDictVectorizer(StatisticsTransformer, TransformerMixin, BaseEstimator):
    """Columns of dictionaries that unlearn rows.

    A twin of :class:`sklearn.feature_extraction.DictVectorizer`. Requests are exact: in
    how many rows each name is, is counted. A name that only forgotten rows had is not
    kept anywhere, and its column vanishes.

    Parameters
    ----------
    dtype : dtype, default=float64
        Of the outputs.
    separator : str, default="="
        Between a name and a value that is a string.
    sparse : bool, default=True
        Whether outputs are sparse.
    sort : bool, default=True
        False is refused: columns in the order in which rows had them first depend on
        rows that leave.

    Attributes
    ----------
    feature_names_ : list
    vocabulary_ : dict
        The column of each name.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableDictVectorizer
    >>> towns = UnlearnableDictVectorizer(sparse=False)
    >>> towns = towns.fit([{"town": "A"}, {"town": "B"}, {"town": "C"}])
    >>> towns.partial_unfit([{"town": "B"}]).transform([{"town": "C"}])
    array([[0., 1.]])
    """

    _accepts = frozenset({"out", "into"})
    _twin_class = DictVectorizer

    feature_names_ = Learned()
    vocabulary_ = Learned()

    def __init__(
        self,
        *,
        dtype: Any = np.float64,
        separator: str = "=",
        sparse: bool = True,
        sort: bool = True,
    ) -> None:
        self.dtype = dtype
        self.separator = separator
        self.sparse = sparse
        self.sort = sort

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the names.

        Parameters
        ----------
        X : iterable of Mapping
            From names to numbers, strings or several strings.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the rows are invalid.
        """
        return self._fit(X)

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn the names, and outputs of the rows.

        Parameters
        ----------
        X : iterable of Mapping
        y : None
            Ignored.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_names)
        """
        X = _rows_of(X)
        return self.fit(X).transform(X)

    # What was learned -----------------------------------------------------------------

    def transform(self, X: Any) -> Any:
        """Outputs of rows, as the twin computes them.

        Parameters
        ----------
        X : Mapping or iterable of Mapping

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_names)
        """
        fitted = self._checked()
        rows = X.rows if isinstance(X, ReadRows) else X
        return fitted.sklearn_estimator.transform(rows)

    def inverse_transform(self, X: Any, dict_type: Any = dict) -> list[Any]:
        """Dictionaries that have given outputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_names)
        dict_type : type, default=dict

        Returns
        -------
        list of dict
        """
        return self._checked().sklearn_estimator.inverse_transform(X, dict_type)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The names, in the order of the outputs.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of object of shape (n_names,)
        """
        return self._checked().sklearn_estimator.get_feature_names_out()

    def to_sklearn(self) -> Any:
        """A plain fitted scikit-learn vectorizer, which cannot unlearn, to deploy.

        Returns
        -------
        sklearn.feature_extraction.DictVectorizer
        """
        fitted = self._checked()
        return exported(
            self, fitted.sklearn_estimator, fitted.columns, fitted.forgotten, False
        )

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if params["sort"] is False:
            raise ValueError(
                "sort must be True: columns in the order in which rows had them first "
                "depend on rows that leave."
            )

    def _read_first(self, X, estimator):
        return _rows_of(X), _ONE_COLUMN

    def _read(self, X, estimator, columns):
        return _rows_of(X)

    def _n_rows(self, rows):
        return len(rows)

    def _outputs_of(self, fitted, read):
        return fitted.sklearn_estimator.transform(read.rows)

    def _collect(self, rows, y, weight, params):
        separator = params["separator"]
        names = (set(_names(row, separator)) for row in rows)
        return WordCounts.of(names, occurrences=False)

    def _fill(self, estimator, statistics):
        estimator.fit([dict.fromkeys(statistics.documents, 1.0)])

    def _output_map(self, before, after, others):
        source, known = sources(before, after, others)
        n_old = len(before.sklearn_estimator.vocabulary_)
        return AffineMap.of_columns(n_old, source, np.ones(source.size), None, known)


def _rows_of(X):
    """Rows as a list of dictionaries."""
    rows = [X] if isinstance(X, Mapping) else list(X)
    if not rows:
        raise ValueError("X holds no row: there is no dictionary.")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TypeError(
                f"Row {number} of X is of type {type(row).__name__}: pass dictionaries."
            )
    return rows


def _names(row, separator):
    """Names of the columns of a row."""
    # DictVectorizer.fit
    for name, value in row.items():
        if isinstance(value, str):
            yield f"{name}{separator}{value}"
        elif isinstance(value, Number) or value is None:
            yield name
        elif isinstance(value, Iterable) and not isinstance(value, Mapping):
            for each in value:
                if not isinstance(each, str):
                    raise TypeError(
                        f"X: {name!r} has several values, which have to be strings; "
                        f"got {type(each).__name__}."
                    )
                yield f"{name}{separator}{each}"
        else:
            raise TypeError(
                f"X: {name!r} has a value of type {type(value).__name__}, which is "
                "neither a number nor a string."
            )
