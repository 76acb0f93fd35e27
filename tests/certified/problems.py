"""Problems for certified estimators, and the two things to compare: secret and shown.

Without data, logistic requests have a bound only if they are small: many rows, and a
column of little influence that can be forgotten.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn import GaussianCertification
from sklearn_unlearn.certification import kappa
from tests.cases import changed_targets, data, make

#: A column that hardly matters.
FAINT = 3
#: Rows that requests are about.
OUT = np.arange(4)
#: Noise for a unit of budget.
KAPPA = kappa(1.0, 1e-5)


def gaussian(sigma=1.0, **params):
    params = {"epsilon": 1.0, "delta": 1e-5, **params}
    return GaussianCertification(sigma=sigma, **params)


def certified(name, sigma=1.0, *, certification=None, **params):
    """An estimator whose noise is large against its coefficients."""
    return make(name, certification=certification or gaussian(sigma), **params)


def with_budget(name, budget, **params):
    """An estimator each of whose publications may spend all that is left."""
    certification = gaussian(budget * KAPPA, n_publications=None)
    return certified(name, certification=certification, **params)


def problem(name, n_rows=600, seed=0):
    X, y = data(name, n_rows, 5, seed)
    X[:, FAINT] *= 0.002
    return X, y


def conditioned(name):
    """The problem without the column that makes the Hessian nearly flat."""
    X, y = problem(name)
    return np.delete(X, FAINT, axis=1), y


def theta(estimator):
    """The secret: noise-free coefficients, shape (p, n_outputs)."""
    return estimator._fitted.model.state.theta


def shown(estimator):
    """``coef_`` and ``intercept_`` in the layout of the secret."""
    coef = np.atleast_2d(estimator.coef_).T
    if not estimator.get_params()["fit_intercept"]:
        return coef
    return np.vstack([coef, np.broadcast_to(estimator.intercept_, coef.shape[1])])


def all_drawn(shown, other):
    """Whether noise of its own is in all that is shown, but for a chance of 1e-18.

    A coefficient is where it was, on the grid, once in three million draws.
    """
    assert np.size(shown) > 3
    return np.count_nonzero(shown == other) < 3


@dataclass(frozen=True)
class Edited:
    """Data after a request."""

    X: Any
    y: Any
    weight: Any


def _weight(weight, rows):
    return {} if weight is None else {"sample_weight": weight[rows]}


def _stay(items):
    if items is None:
        return None
    if isinstance(items, np.ndarray):
        return np.delete(items, OUT, axis=0)
    return items[OUT.size :]


def _stack(one, other):
    return sp.vstack([one, other], "csr") if sp.issparse(one) else np.r_[one, other]


def _partial_unfit(estimator, X, y, weight):
    estimator.partial_unfit(X[OUT], y[OUT], **_weight(weight, OUT))
    return Edited(_stay(X), _stay(y), _stay(weight))


def _replace_features(estimator, X, y, weight):
    new = 0.9 * X[OUT]
    estimator.replace_features(X[OUT], y[OUT], new, **_weight(weight, OUT))
    return Edited(_stack(new, X[OUT.size :]), y, weight)


def _replace_labels(estimator, X, y, weight):
    new, rows = y.copy(), OUT[:1]
    new[rows] = changed_targets(y)[rows]
    estimator.replace_labels(X[rows], y[rows], new[rows], **_weight(weight, rows))
    return Edited(X, new, weight)


def _forget_features(estimator, X, y, weight):
    estimator.forget_features([FAINT])
    mask = np.ones(X.shape[1])
    mask[FAINT] = 0.0
    masked = sp.csr_array(X.multiply(mask)) if sp.issparse(X) else X * mask
    return Edited(masked, y, weight)


def _partial_fit(estimator, X, y, weight):
    new = 0.8 * X[OUT]
    estimator.partial_fit(new, y[OUT], **_weight(weight, OUT))
    weight = None if weight is None else np.r_[weight, weight[OUT]]
    return Edited(_stack(X, new), np.r_[y, y[OUT]], weight)


def _refine(estimator, X, y, weight):
    """After a request that leaves something to refine, and before another."""
    edited = _partial_unfit(estimator, X, y, weight)
    arguments = {} if edited.weight is None else {"sample_weight": edited.weight}
    estimator.refine(edited.X, edited.y, **arguments)
    return _partial_fit(estimator, edited.X, edited.y, edited.weight)


#: Each carries a request out and returns the data of which the model should now be.
VERBS = {
    "partial_unfit": _partial_unfit,
    "replace_features": _replace_features,
    "replace_labels": _replace_labels,
    "forget_features": _forget_features,
    "partial_fit": _partial_fit,
    "refine": _refine,
}


def refit(estimator, edited, **params):
    """The estimator fitted on edited data, without certification."""
    params = {**estimator.get_params(deep=False), "certification": None, **params}
    if "class_weight" in params and params["class_weight"] is not None:
        params["class_weight"] = estimator.current_class_weight()
    return type(estimator)(**params).fit(edited.X, edited.y, edited.weight)


def spent_by(name, verb, X, y, **params):
    """What the fit and what the request of a verb spend."""
    probe = certified(name, 1e9, **params).fit(X, y)
    at_fit = probe.private_record().distance
    VERBS[verb](probe, X, y, None)
    return at_fit, probe.private_record().distance


def short_of_budget():
    """An estimator whose next request has to be refined further, and its data."""
    X, y = conditioned("logistic")
    probe = certified("logistic", 1e6, retain_data=True).fit(X, y)
    at_fit = probe.private_record().distance
    while True:  # with less room more is asked of what is known
        estimator = copy.deepcopy(probe)
        probe.partial_unfit(X[:60], y[:60])
        if probe.private_record().operation == "refine":
            return estimator, X, y
        budget = np.hypot(at_fit, 0.99 * probe.private_record().distance)
        probe = with_budget("logistic", budget, retain_data=True).fit(X, y)
