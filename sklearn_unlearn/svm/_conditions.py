"""The conditions under which a support vector machine is optimal.

They are those by which libsvm stops: with errors e_i = y_i - f(x_i) no row whose
coefficient may grow has a larger one than a row whose coefficient may shrink, up to
``tol``. A row of coefficient zero is in no other row's condition: without it they hold
as before.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from sklearn_unlearn.core.arrays import densify

#: Share of a bound that rounding may take from a coefficient that is at it.
_ROUNDING = 1e-10


def below(size, bounds):
    """Which coefficients may grow."""
    return size < bounds * (1.0 - _ROUNDING)


def free(size, bounds):
    """Whether some coefficient may both grow and shrink."""
    return bool(np.any((size > 0.0) & below(size, bounds)))


def violation(errors, grows, shrinks):
    """By how much the largest error that may grow exceeds the least that may shrink.

    Parameters
    ----------
    errors : ndarray of shape (n,)
    grows, shrinks : ndarray of bool of shape (n,)

    Returns
    -------
    float
    """
    if not grows.any() or not shrinks.any():
        return 0.0
    return max(0.0, float(errors[grows].max() - errors[shrinks].min()))


def pairs_of(twin):
    """For each pair of classes: the two, and coefficients of all support vectors.

    Parameters
    ----------
    twin : SVC
        Fitted.

    Yields
    ------
    first, second : int
        Positions of the classes.
    size : ndarray of shape (n_support,)
        Sizes of the coefficients in this pair, zero of other classes.
    """
    coefficients = np.abs(densify(twin.dual_coef_))
    of_class = np.repeat(np.arange(twin.classes_.size), twin.n_support_)
    for first, second in combinations(range(twin.classes_.size), 2):
        size = np.zeros(of_class.size)
        for mine, other in ((first, second), (second, first)):
            place = other - (other > mine)
            size[of_class == mine] = coefficients[place, of_class == mine]
        yield first, second, size


def in_support(size, support, n_rows):
    """Coefficients of all rows, of those of the support vectors."""
    full = np.zeros(n_rows)
    full[support] = size
    return full


def classification_violations(twin, decisions, groups, bounds):
    """Of each pair of classes, how much the conditions are violated.

    Parameters
    ----------
    twin : SVC
        Fitted to the rows.
    decisions : ndarray of shape (n_rows, n_pairs)
        Positive where the first class of the pair is decided for.
    groups : ndarray of int of shape (n_rows,)
        Positions of the classes.
    bounds : ndarray of shape (n_rows,)
        Largest coefficients.

    Returns
    -------
    list of float
    """
    found = []
    for (first, second, size), decision in zip(
        pairs_of(twin), decisions.T, strict=True
    ):
        size = in_support(size, twin.support_, groups.size)
        mine = np.flatnonzero((groups == first) | (groups == second))
        sign = np.where(groups[mine] == first, 1.0, -1.0)
        more, less = below(size[mine], bounds[mine]), size[mine] > 0.0
        grows, shrinks = (
            np.where(sign > 0.0, one, other)
            for one, other in ((more, less), (less, more))
        )
        found.append(violation(sign - decision[mine], grows, shrinks))
    return found


def regression_violation(twin, predictions, targets, bounds):
    """How much the conditions of a regression are violated.

    Parameters
    ----------
    twin : SVR
        Fitted to the rows.
    predictions, targets, bounds : ndarray of shape (n_rows,)

    Returns
    -------
    float
    """
    signed = densify(twin.dual_coef_)[0]
    above = in_support(np.maximum(signed, 0.0), twin.support_, targets.size)
    under = in_support(np.maximum(-signed, 0.0), twin.support_, targets.size)
    errors = np.concatenate(
        [
            targets - predictions - twin.epsilon,
            targets - predictions + twin.epsilon,
        ]
    )
    grows = np.concatenate([below(above, bounds), under > 0.0])
    shrinks = np.concatenate([above > 0.0, below(under, bounds)])
    return violation(errors, grows, shrinks)
