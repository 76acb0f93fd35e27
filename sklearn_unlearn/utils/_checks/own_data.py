"""A caller's own data in the place of generated ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import check_consistent_length

from sklearn_unlearn.utils._checks import behaviour, columns, results
from sklearn_unlearn.utils._checks.data import (
    FIRST,
    OWN,
    Case,
    other_targets,
    some,
)
from sklearn_unlearn.utils.rows import columns_of

#: Rows at least: those that requests are about lie in that many training rows.
N_ROWS = 200
#: Rows of which predictions are compared, at most.
_MOST_TESTED = 50
#: Training rows of a class at least, of which requests take some.
_OF_A_CLASS = 20
#: Checks that compute with rows as with numbers.
_OF_NUMBERS = (
    behaviour.check_bad_requests,
    behaviour.check_pipeline,
    columns.check_forgotten_column,
    columns.check_forgotten_name,
    results.check_second_order_formula,
)


@dataclass(frozen=True, eq=False)
class OwnData:
    """Data of a caller, in an order of chance: they may have been sorted.

    Attributes
    ----------
    X : rows of any kind
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
    column : int or None
        The one that requests forget.
    """

    X: Any
    y: np.ndarray
    column: int | None

    @staticmethod
    def of(estimator, X, y):
        """Data to check an estimator on.

        Raises
        ------
        ValueError
            If one is missing, or there are too few rows, all in all or of a class.
        """
        if X is None or y is None:
            raise ValueError("Pass both X and y, or neither for generated data.")
        check_consistent_length(X, y)
        y = np.asarray(y)
        if y.shape[0] < N_ROWS:
            raise ValueError(
                f"X has {y.shape[0]} rows, and the checks need {N_ROWS}: most to train "
                "on, some that come later, and some to predict."
            )
        order = np.random.default_rng(0).permutation(y.shape[0])
        X, y = some(X, order), y[order]
        if is_classifier(estimator) and y.ndim == 1:
            labels, counts = np.unique(y[: _n_train(y)], return_counts=True)
            if counts.min() < _OF_A_CLASS:
                raise ValueError(
                    f"y has {counts.min()} training rows of class "
                    f"{labels.tolist()[counts.argmin()]!r}, and the checks need "
                    f"{_OF_A_CLASS} of each: requests take some of them."
                )
        return OwnData(X, y, _column(estimator, X, y))

    def suit(self, check):
        """Whether a check can be run on these data."""
        if check is behaviour.check_sparse:  # which makes most values zeros
            return False
        return _is_array(self.X) or check not in _OF_NUMBERS

    def run(self, check, estimator):
        """Run a check on them."""
        token = OWN.set(self)
        try:
            check(estimator)
        finally:
            OWN.reset(token)

    def cases(self, estimator, weighted):
        """The data as the one case; weights are generated."""
        n_rows, n_train = self.y.shape[0], _n_train(self.y)
        rng = np.random.default_rng(0)
        weight = rng.uniform(0.5, 1.5, n_train) if weighted else np.ones(n_train)
        ends = n_train, n_train + 2 * FIRST.size
        train, spare, test = np.split(np.arange(n_rows), ends)
        return [
            Case(
                name=f"{'weighted ' if weighted else ''}your data",
                X=some(self.X, train),
                y=self.y[train],
                weight=weight,
                weighted=weighted,
                X_test=some(self.X, test),
                spare=(some(self.X, spare), self.y[spare]),
                other_y=other_targets(estimator, self.y[train]),
                column=self.column,
            )
        ]


def _n_train(y):
    """Rows to train on: all but those that come later and those that are predicted."""
    return y.shape[0] - 2 * FIRST.size - min(y.shape[0] // 10, _MOST_TESTED)


def _is_array(X):
    return isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf"


def _column(estimator, X, y):
    """The column that is forgotten: of an array, the one that says most of y.

    None if there is none to forget, or the estimator cannot be fitted without it: a
    refit of one that names its columns is no oracle then.
    """
    if not hasattr(estimator, "forget_features") or X.ndim == 1 or X.shape[1] < 2:
        return None
    if _is_array(X):
        codes = np.unique(y.reshape(y.shape[0], -1)[:, 0], return_inverse=True)[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            related = [np.corrcoef(column, codes)[0, 1] for column in X.T]
        return int(np.nan_to_num(np.abs(related)).argmax())
    column = X.shape[1] // 2
    try:
        clone(estimator).fit(columns_of(X, np.delete(np.arange(X.shape[1]), column)), y)
    except ValueError:
        return None
    return column
