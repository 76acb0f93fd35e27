"""SMOTE whose synthetic rows stay when rows leave that had no part in them."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.over_sampling._draws import (
    first_events,
    names_of,
    partners,
    steps,
    ties,
)
from sklearn_unlearn.over_sampling._neighbours import nearest
from sklearn_unlearn.over_sampling._strategy import rows_to_make
from sklearn_unlearn.utils.row_ids import check_row_ids
from sklearn_unlearn.utils.seeds import generator_of


class UnlearnableSMOTE(BaseEstimator):
    """SMOTE that forgets: a row that leaves takes only what was made of it.

    Makes synthetic rows of small classes, as ``imblearn.over_sampling.SMOTE`` does:
    each lies between a row and one of its nearest neighbours in the class. There a
    single generator draws which rows these are, so that without one row all that is
    drawn is something else. Here row, neighbour and position are drawn from the names
    of the rows: what is made of rows that stay, stays, but for a few rows that come or
    go as the sizes of classes change. The distribution is the same.

    It keeps no row. In a pipeline of imbalanced-learn it takes the place of ``SMOTE``,
    and `unlearnable` trains the pipeline again on what remains.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        How many rows of which class are made, as in imbalanced-learn.
    random_state : int, RandomState instance or None, default=None
        With an int, the synthetic rows are a function of the set of rows.
    k_neighbors : int, default=5
        Neighbours of which one is drawn.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows were made of each class.

    References
    ----------
    Chawla, Bowyer, Hall, Kegelmeyer: SMOTE: synthetic minority over-sampling technique,
    Journal of Artificial Intelligence Research 16, 2002.

    Notes
    -----
    A row is named by its values (and equal ones are numbered) unless ``row_ids`` name
    it; a name keeps what is made of a row in its place when values are corrected.
    Neighbours are searched among all rows of the class. Between equally near ones the
    names decide, so that the order of rows has no part in anything.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableSMOTE
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(300, 2)), np.arange(300) % 10 == 9
    >>> sampler = UnlearnableSMOTE(random_state=0)
    >>> before, _ = sampler.fit_resample(X, y)
    >>> after, _ = sampler.fit_resample(X[1:], y[1:])
    >>> before.shape, after.shape
    ((540, 2), (538, 2))
    >>> made = {row.tobytes() for row in before[300:]}
    >>> all(row.tobytes() in made for row in after[299:])
    True
    """

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        k_neighbors: int = 5,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state
        self.k_neighbors = k_neighbors

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags

    def fit_resample(self, X: Any, y: Any, *, row_ids: Any = None) -> Any:
        """The rows, and behind them synthetic ones of small classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Numbers.
        y : array-like of shape (n_samples,)
            Labels.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Names of the rows, integers or strings.

        Returns
        -------
        X : of the same kind, of shape (n_samples + n_new, n_features)
        y : ndarray of shape (n_samples + n_new,)

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or a class has too few rows for its
            neighbours.
        """
        if not isinstance(self.k_neighbors, Integral):
            raise ValueError(
                "k_neighbors must be an int: an estimator would keep rows. Got "
                f"{self.k_neighbors!r}."
            )
        k = check_scalar(self.k_neighbors, "k_neighbors", Integral, min_val=1)
        rows = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
        if is_sparse(rows):
            rows = sp.csr_array(rows)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        check_consistent_length(rows, y, row_ids)
        ids = None if row_ids is None else check_row_ids(row_ids, rows.shape[0])
        seed, generator = self.random_state, generator_of(self.random_state)
        if not isinstance(seed, Integral):
            seed = generator.randint(2**31 - 1)
        self.sampling_strategy_ = rows_to_make(self.sampling_strategy, y)
        made, targets = [rows], [y]
        for label, n_rows in self.sampling_strategy_.items():
            mine = np.flatnonzero(y == label)
            if not n_rows:
                continue
            if mine.size <= k:
                raise ValueError(
                    f"k_neighbors={k} needs {k + 1} rows "
                    f"of class {label!r}, which has {mine.size}."
                )
            names = None if ids is None else ids[mine]
            made.append(self._made(rows[mine], names, n_rows, int(seed)))
            targets.append(np.full(n_rows, label, dtype=y.dtype))
        join = sp.vstack if is_sparse(rows) else np.vstack
        return _like(join(made), X), np.concatenate(targets)

    def _made(self, rows, ids, n_rows, seed):
        """Synthetic rows of the rows of one class."""
        names = names_of(rows, ids, seed)
        near = nearest(rows, self.k_neighbors, ties(names))
        row, number = first_events(names, n_rows)
        own = names[row], number
        partner = near[row, partners(*own, names[near[row]])]
        step = steps(*own).astype(rows.dtype)[:, None]
        if is_sparse(rows):
            difference = sp.csr_array(rows[partner] - rows[row])
            return sp.csr_array(rows[row] + difference.multiply(step))
        return rows[row] + step * (rows[partner] - rows[row])


def _like(rows, X):
    """Rows as what was given: a frame of the same columns, or a sparse matrix."""
    if is_sparse(X):
        return type(X)(rows.asformat(X.format))
    if hasattr(X, "iloc"):
        return type(X)(rows, columns=X.columns)
    if hasattr(X, "get_columns"):
        return type(X)(rows, schema=list(X.columns))
    return rows
