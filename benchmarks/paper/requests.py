"""What is asked for: columns to remove, or rows whose values to replace."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.sparse as sp

REMOVED, REPLACED = "features removed", "rows with new values"


@dataclass(frozen=True, eq=False)
class Request:
    """A request, and the data as they should be.

    Attributes
    ----------
    kind : {REMOVED, REPLACED}
    size : int
        Groups of columns, or rows.
    draw : int
    columns : ndarray of int
        That are removed, or whose values change.
    rows : ndarray of int
        Training rows that it touches.
    X : {ndarray, sparse array}
        All training rows, corrected.
    X_test : {ndarray, sparse array}
        Test rows, without what was removed.
    """

    kind: str
    size: int
    draw: int
    columns: np.ndarray
    rows: np.ndarray
    X: object
    X_test: object


def requests(scenario, n_draws, seed):
    """Requests of each kind and size, in that order; the same for the same seed.

    Where there are no more different sets of columns than draws, each set comes once.
    """
    rng = np.random.default_rng(seed)
    for size in scenario.removed:
        for draw, chosen in enumerate(_choices(rng, scenario, size, n_draws)):
            yield removal(scenario, chosen, size, draw)
    for size in scenario.replaced:
        for draw in range(n_draws):
            yield replacement(scenario, rng, size, draw)


def n_requests(scenario, n_draws):
    """How many `requests` gives."""
    rng = np.random.default_rng(0)
    sets = (_choices(rng, scenario, size, n_draws) for size in scenario.removed)
    return sum(map(len, sets)) + n_draws * len(scenario.replaced)


def removal(scenario, chosen, size, draw):
    """These groups of columns become zero in all rows."""
    X, _ = scenario.train
    columns = np.concatenate([scenario.groups[group] for group in chosen])
    rows = np.flatnonzero(abs(X[:, columns]).sum(axis=1))
    blank = masked(X, columns, inside=False)
    X_test = masked(scenario.test[0], columns, inside=False)
    return Request(REMOVED, size, draw, columns, rows, blank, X_test)


def replacement(scenario, rng, size, draw):
    """Some rows get the sensitive values of other rows, one for each."""
    (X, y), columns = scenario.train, scenario.columns
    holders = np.flatnonzero(abs(X[:, columns]).sum(axis=1))
    rows = np.sort(rng.choice(holders, min(size, holders.size // 2), replace=False))
    donors = rng.choice(np.setdiff1d(np.arange(y.size), rows), rows.size, replace=False)
    new = masked(X[rows], columns, False) + masked(X[donors], columns, True)
    corrected = with_rows(X, rows, new)
    return Request(REPLACED, size, draw, columns, rows, corrected, scenario.test[0])


def masked(X, columns, inside):
    """The data with zeros outside or inside of these columns."""
    kept = np.full(X.shape[1], float(not inside))
    kept[columns] = float(inside)
    return sp.csr_array(X.multiply(kept)) if sp.issparse(X) else X * kept


def with_rows(X, rows, new):
    """A copy of the data in which these rows have new values."""
    if not sp.issparse(X):
        X = X.copy()
        X[rows] = new
        return X
    kept = np.ones(X.shape[0])
    kept[rows] = 0.0
    shape = (X.shape[0], rows.size)
    where = rows.astype(np.int32), np.arange(rows.size, dtype=np.int32)
    placed = sp.csr_array((np.ones(rows.size), where), shape)
    rest = sp.csr_array(X.multiply(kept[:, None]))
    corrected = sp.csr_array(rest + placed @ new)
    corrected.eliminate_zeros()
    return corrected


def _choices(rng, scenario, size, n_draws):
    """Sets of groups, at most so many, all different where they are few."""
    n_groups = len(scenario.groups)
    if n_groups > 5:
        return [rng.choice(n_groups, size, replace=False) for _ in range(n_draws)]
    return [np.array(each) for each in combinations(range(n_groups), size)][:n_draws]
