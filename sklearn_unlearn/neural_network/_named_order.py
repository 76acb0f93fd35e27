"""Training in which all that is random about a row follows from its name.

The order of an epoch is that of keys drawn from a seed, the epoch and the names, and so
are the rows that early stopping holds out. A refit without some rows visits the others
in the order in which they were visited, and rows may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn.core.trees.hashing import combine
from sklearn_unlearn.utils.messages import warn

#: What is drawn beside the orders of epochs, which are numbered from 0.
_HELD_OUT = -1
#: scikit-learn's: below it a rate that adapts ends the training instead.
_SLOWEST, _SLOWER = 1e-6, 5.0


@dataclass(frozen=True, eq=False)
class NamedOrder:
    """Orders of rows that are drawn from their names.

    Attributes
    ----------
    seed : int
    names : ndarray of uint64 of shape (n_rows,)
    """

    seed: int
    names: np.ndarray

    def take(self, rows):
        """That of some rows."""
        return NamedOrder(self.seed, self.names[rows])

    def of_epoch(self, epoch):
        """Positions of the rows, in the order in which an epoch visits them."""
        return np.argsort(self._keys(epoch), kind="stable")

    def held_out(self, share, strata):
        """Which rows are held out, of each stratum about the same share.

        Parameters
        ----------
        share : float
        strata : ndarray of int of shape (n_rows,)

        Returns
        -------
        ndarray of bool of shape (n_rows,)
        """
        n_rows = strata.size
        order = np.lexsort([self._keys(_HELD_OUT), strata])
        sizes = np.bincount(strata)
        starts = np.cumsum(sizes) - sizes
        ranks = np.empty(n_rows)
        ranks[order] = np.arange(n_rows) - np.repeat(starts, sizes)
        first = np.lexsort([self._keys(_HELD_OUT), (ranks + 0.5) / sizes[strata]])
        held = np.zeros(n_rows, dtype=bool)
        held[first[: int(np.ceil(share * n_rows))]] = True
        return held

    def _keys(self, purpose):
        about = np.array([self.seed, purpose], dtype=np.int64).view(np.uint64)
        return combine(combine(about[:1], about[1:]), self.names)


class Progress:
    """Whether training goes on, as scikit-learn decides it.

    Parameters
    ----------
    twin : estimator
        With the parameters of the training.
    """

    def __init__(self, twin):
        self.tol, self.patience = twin.tol, twin.n_iter_no_change
        self.adapts = twin.solver == "sgd" and twin.learning_rate == "adaptive"
        self.rate, self.best, self.n_worse = twin.learning_rate_init, -np.inf, 0

    def goes_on(self, score):
        """Take note of an epoch; whether there may be another one."""
        self.n_worse = self.n_worse + 1 if score < self.best + self.tol else 0
        self.best = max(self.best, score)
        if self.n_worse <= self.patience:
            return True
        if not self.adapts or self.rate <= _SLOWEST:
            return False
        self.rate, self.n_worse = self.rate / _SLOWER, 0
        return True


def train_by_names(twin: Any, X: Any, y: Any, order: NamedOrder, keywords: Any) -> Any:
    """Train scikit-learn's network, epoch by epoch, in the order of names.

    Parameters
    ----------
    twin : MLPClassifier or MLPRegressor
        Not fitted. A solver that takes all rows at once sums over them in one order.
    X : ndarray or CSR array of shape (n_rows, n_columns)
    y : ndarray
    order : NamedOrder
    keywords : dict
        ``classes`` of a classifier, ``sample_weight`` where rows have weights.

    Returns
    -------
    estimator
        The twin.
    """
    params = twin.get_params(deep=False)
    stops, shuffles = twin.early_stopping, twin.shuffle
    progress, best = Progress(twin), None
    held, scores = None, []
    weight = keywords.pop("sample_weight", None)

    def given(rows):
        return {} if weight is None else {"sample_weight": weight[rows]}

    if twin.solver == "lbfgs":
        rows = order.of_epoch(0)
        return twin.fit(X[rows], y[rows], **given(rows))
    rows = np.arange(order.names.size)
    if stops:
        one_label = "classes" in keywords and y.ndim == 1
        strata = np.searchsorted(keywords["classes"], y) if one_label else 0 * rows
        out = order.held_out(twin.validation_fraction, strata)
        rows, held = np.flatnonzero(~out), np.flatnonzero(out)
        if min(rows.size, held.size) < 2:
            raise ValueError(
                "The validation set is too small, or nearly all rows are in it: change "
                "validation_fraction."
            )
    order = order.take(rows)
    twin.set_params(early_stopping=False, shuffle=False)
    for epoch in range(params["max_iter"]):
        visited = rows[order.of_epoch(epoch)] if shuffles else rows
        twin.partial_fit(X[visited], y[visited], **keywords, **given(visited))
        if not epoch and not isinstance(twin.batch_size, str):
            twin.set_params(batch_size=min(twin.batch_size, rows.size))  # said once
        rate = progress.rate
        if stops:
            scores.append(twin.score(X[held], y[held], **given(held)))
            if scores[-1] > progress.best:
                parts = twin.coefs_, twin.intercepts_
                best = [[one.copy() for one in some] for some in parts]
            goes_on = progress.goes_on(scores[-1])
            # the twin would lower its rate by its loss: it does so when it is told
            lowers = progress.rate < rate
            twin.set_params(tol=np.inf, n_iter_no_change=1 if lowers else np.inf)
        else:
            goes_on = progress.goes_on(-twin.loss_)
        if not goes_on:
            break
    else:
        warn(
            f"Stochastic Optimizer: Maximum iterations ({params['max_iter']}) reached "
            "and the optimization hasn't converged yet.",
            ConvergenceWarning,
        )
    twin.set_params(**params)
    twin.n_iter_ = epoch + 1
    if best is not None:
        twin.coefs_, twin.intercepts_ = best
    if stops:
        twin.best_loss_, twin.validation_scores_ = None, scores
        twin.best_validation_score_ = progress.best
    return twin
