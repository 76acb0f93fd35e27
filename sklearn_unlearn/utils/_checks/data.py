"""Small data, and the requests with which unlearners are checked."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils import get_tags

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.rows import columns_of
from sklearn_unlearn.utils.tags import (
    DATA_VERBS,
    REQUEST_VERBS,
    ROW_VERBS,
    accepts,
    takes_weights,
)

#: Some change the data, the others only refine, measure or export.
VERBS = (*REQUEST_VERBS, *DATA_VERBS, "to_sklearn")

N_ROWS = 200
N_COLUMNS = 5
#: The column that is forgotten of generated data: neither the first nor the last.
COLUMN = 2
#: Rows of two requests; too few to take predictions far.
FIRST = np.array([3, 50, 101, 150])
SECOND = np.array([7, 60, 111, 170])

#: The caller's own data, whose ``cases`` are in the place of generated ones.
OWN: ContextVar[Any] = ContextVar("OWN", default=None)


@dataclass(frozen=True, eq=False)
class Case:
    """Training data of one kind.

    Attributes
    ----------
    name : str
        What the targets are.
    X : ndarray of shape (n_rows, n_columns)
        Of a caller's own data also a frame, sparse rows or texts.
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
    weight : ndarray of shape (n_rows,)
        Rows of weight zero are not trained on.
    weighted : bool
        Whether weights are passed as ``sample_weight``; otherwise all are 0 or 1.
    X_test : ndarray of shape (n_test, n_columns)
    spare : tuple of ndarray
        Further rows X and y of the same distribution, as many as a request has.
    other_y : ndarray
        Another valid target for each row.
    column : int or None
        The one that is forgotten; None if there is none to forget.
    """

    name: str
    X: Any
    y: np.ndarray
    weight: np.ndarray
    weighted: bool
    X_test: Any
    spare: tuple
    other_y: np.ndarray
    column: Any = COLUMN

    def rows(self):
        """Rows, targets and keyword arguments with which to train."""
        keep = np.flatnonzero(self.weight)
        keywords = {"sample_weight": self.weight[keep]} if self.weighted else {}
        return some(self.X, keep), self.y[keep], keywords

    def fit(self, estimator):
        """A fitted clone."""
        X, y, keywords = self.rows()
        return clone(estimator).fit(X, y, **keywords)

    def mapped(self, function):
        """The same case with a function applied to all features."""
        X_spare, y_spare = self.spare
        return replace(
            self,
            X=function(self.X),
            X_test=function(self.X_test),
            spare=(function(X_spare), y_spare),
        )


def some(X, rows):
    """Some rows of any kind, in the same format."""
    taken = RawRows.of(X).take(rows).X
    return taken.asformat(X.format) if is_sparse(X) else taken


def joined(X, others):
    """Rows of any kind and then others."""
    return RawRows.of(X).joined([RawRows.of(others)]).X


def make_cases(estimator, weighted=False):
    """Data of every kind of target that the estimator takes, or the caller's own.

    Parameters
    ----------
    estimator : estimator
    weighted : bool, default=False
        Whether rows have weights other than 1.

    Returns
    -------
    list of Case
    """
    if OWN.get() is not None:
        return OWN.get().cases(estimator, weighted)
    tags = get_tags(estimator)
    rng = np.random.default_rng(0)
    n_all = N_ROWS + 2 * FIRST.size + 20
    mixing = np.eye(N_COLUMNS) + 0.3 * np.triu(np.ones((N_COLUMNS, N_COLUMNS)), 1)
    X = rng.standard_normal((n_all, N_COLUMNS)) @ mixing
    slopes = np.array(
        [[0.5, -0.4, 0.3, 0.4, -0.3], [0.1, 0.5, -0.3, -0.4, 0.4], [0.0] * 5]
    )
    signal = X @ slopes.T
    noise = rng.gumbel(size=signal.shape)
    targets = {}
    if is_classifier(estimator):
        noisy = signal + noise
        targets["binary labels"] = np.where(noisy[:, 0] > noisy[:, 2], 1, -1)
        if tags.classifier_tags is None or tags.classifier_tags.multi_class:
            labels = np.array(["amber", "blue", "coral"])
            targets["labels of three classes"] = labels[noisy.argmax(axis=1)]
    elif is_regressor(estimator):
        outcome = signal[:, :2] + 0.5 * noise[:, :2]
        if tags.target_tags.positive_only:
            outcome = np.exp(0.3 * outcome)
        if tags.target_tags.single_output:
            targets["one target"] = outcome[:, 0]
        if tags.target_tags.multi_output:
            targets["two targets"] = outcome
    if not targets:
        raise ValueError(
            f"{type(estimator).__name__} is neither a classifier nor a regressor: "
            "there are no checks for it."
        )
    if tags.input_tags.categorical:
        X = _categories(X)
    elif tags.input_tags.positive_only:
        X = np.abs(X)
    weight = rng.uniform(0.5, 1.5, N_ROWS) if weighted else np.ones(N_ROWS)
    train, spare, test = np.split(np.arange(n_all), [N_ROWS, N_ROWS + 2 * FIRST.size])
    return [
        Case(
            name=f"{'weighted ' if weighted else ''}{name}",
            X=X[train],
            y=y[train],
            weight=weight,
            weighted=weighted,
            X_test=X[test],
            spare=(X[spare], y[spare]),
            other_y=other_targets(estimator, y[train]),
        )
        for name, y in targets.items()
    ]


def _categories(X):
    """Columns of two to four categories, each of which many rows have."""
    n_categories = 2 + np.arange(X.shape[1]) % 3
    rank = X.argsort(axis=0).argsort(axis=0)
    return np.floor(n_categories * rank / X.shape[0])


def all_cases(estimator):
    """Unweighted data and, where the estimator takes weights, weighted data."""
    weighted = make_cases(estimator, weighted=True) if takes_weights(estimator) else []
    return make_cases(estimator) + weighted


def other_targets(estimator, y):
    """Another valid target for each row."""
    if not is_classifier(estimator):
        return y[::-1].copy()
    classes, position = np.unique(y, return_inverse=True)
    return classes[(position + 1) % classes.size]


@dataclass(frozen=True, eq=False)
class RowRequest:
    """A request about rows.

    Attributes
    ----------
    verb : str
    positions : ndarray of int
        Where the rows that leave lie in the case; none for ``partial_fit``.
    arguments : tuple
        What the verb is called with.
    coming : tuple (X, y) or None
        Rows that are in the data afterwards.
    weight : ndarray or None
        Passed as ``sample_weight``.
    """

    verb: str
    positions: Any
    arguments: tuple
    coming: tuple | None
    weight: Any

    def send(self, model, share=1.0):
        """Make the request, of a share of the weight."""
        keywords = {}
        if self.weight is not None:
            keywords["sample_weight"] = share * self.weight
        return getattr(model, self.verb)(*self.arguments, **keywords)

    def edit(self, case, share=1.0):
        """The data as they should have been."""
        n_rows = self.arguments[1].shape[0]
        moved = share * (np.ones(n_rows) if self.weight is None else self.weight)
        weight = case.weight.copy()
        if self.positions.size:
            weight[self.positions] -= moved
        X, y = case.X, case.y
        if self.coming is not None:
            X = joined(X, self.coming[0])
            y = np.concatenate([y, self.coming[1]])
            weight = np.concatenate([weight, moved])
        return replace(case, X=X, y=y, weight=weight)


@dataclass(frozen=True)
class ColumnRequest:
    """A request to forget one column."""

    column: Any = COLUMN
    verb: str = "forget_features"

    def send(self, model):
        """Make the request."""
        return model.forget_features([self.column])

    def edit(self, case):
        """The data as they should have been: without the column."""
        kept = np.delete(np.arange(case.X.shape[1]), self.column)
        return case.mapped(lambda X: columns_of(X, kept))


def row_request(case, verb, positions=FIRST):
    """A request of a row verb.

    Parameters
    ----------
    case : Case
    verb : str
    positions : ndarray of int, default=FIRST
        Rows that leave, at most as many as FIRST; where rows come, those that come for
        FIRST are not those that come for others.

    Returns
    -------
    RowRequest
    """
    X, y, weight = some(case.X, positions), case.y[positions], case.weight[positions]
    start = 0 if positions is FIRST else FIRST.size
    coming = np.arange(start, start + positions.size)
    X_spare, y_spare = some(case.spare[0], coming), case.spare[1][coming]
    new = case.other_y[positions]
    arguments, added = {
        "partial_unfit": ((X, y), None),
        "replace_features": ((X, y, X_spare), (X_spare, y)),
        "replace_labels": ((X, y, new), (X, new)),
        "partial_fit": ((X_spare, y_spare), (X_spare, y_spare)),
    }[verb]
    if verb == "partial_fit":
        positions = np.array([], dtype=np.intp)
    return RowRequest(
        verb, positions, arguments, added, weight if case.weighted else None
    )


def row_requests(estimator, case, positions=FIRST):
    """A request of each row verb that the estimator has."""
    return [
        row_request(case, verb, positions)
        for verb in ROW_VERBS
        if hasattr(estimator, verb)
        and (not case.weighted or accepts(getattr(estimator, verb), "sample_weight"))
    ]


def all_requests(estimator, case):
    """A request of each verb that the estimator has."""
    requests: list[Any] = row_requests(estimator, case)
    if hasattr(estimator, "forget_features") and case.column is not None:
        requests.append(ColumnRequest(case.column))
    return requests
