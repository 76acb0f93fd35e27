"""Small problems, and the refit that every unlearner is compared with."""

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn import (
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.core.linear.units import Units

ESTIMATORS = {
    "logistic": (UnlearnableLogisticRegression, {"C": 0.3}, "binary"),
    "multinomial": (UnlearnableLogisticRegression, {"C": 0.3}, "multiclass"),
    "ridge": (UnlearnableRidge, {"alpha": 0.7}, "target"),
    "ridge_targets": (UnlearnableRidge, {"alpha": 0.7}, "targets"),
    "ridge_alphas": (UnlearnableRidge, {"alpha": np.array([0.1, 3.0])}, "targets"),
    "ridge_classifier": (UnlearnableRidgeClassifier, {"alpha": 0.7}, "binary"),
    "ridge_classifiers": (UnlearnableRidgeClassifier, {"alpha": 0.7}, "multiclass"),
    "poisson": (UnlearnablePoissonRegressor, {"alpha": 0.3}, "counts"),
    "gamma": (UnlearnableGammaRegressor, {"alpha": 0.3}, "positive"),
    "tweedie": (UnlearnableTweedieRegressor, {"alpha": 0.3, "power": 1.4}, "positive"),
    "svc": (UnlearnableLinearSVC, {"C": 0.3}, "binary"),
    "svcs": (UnlearnableLinearSVC, {"C": 0.3, "intercept_scaling": 2.0}, "multiclass"),
    "svr": (UnlearnableLinearSVR, {"C": 0.3, "epsilon": 0.4}, "target"),
    "svr_squared": (UnlearnableLinearSVR, {"C": 0.3}, "target"),
    "huber": (UnlearnableHuberRegressor, {"alpha": 0.3}, "target"),
    "normal": (UnlearnableTweedieRegressor, {"alpha": 0.3}, "target"),
}
QUADRATIC = [name for name in ESTIMATORS if name.startswith("ridge")]
QUADRATIC += ["svr_squared", "normal"]
#: Those whose second derivative does not jump.
CERTIFIED = [name for name in ESTIMATORS if name not in ("svc", "svcs", "svr", "huber")]
#: One estimator a loss for which a request without data is an approximation.
APPROXIMATE = ["logistic", "multinomial", "poisson", "gamma", "tweedie"]
#: For tests that ask without data for more than few rows can show to be of use: most
#: forget a column that matters.
LARGE_STEPS = "ignore::sklearn_unlearn.exceptions.LargeStepWarning"


def make(name, **params):
    cls, defaults, _ = ESTIMATORS[name]
    return cls(**{**defaults, **params})


def data(name, n_rows=150, n_columns=5, seed=0):
    """Dense X and y for an estimator."""
    kind = ESTIMATORS[name][2]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns)) * np.linspace(0.5, 2.0, n_columns)
    X[:, 0] += 1.0
    X *= rng.uniform(size=X.shape) < 0.7
    raw = X @ rng.normal(size=(n_columns, 3)) + 1.5 * rng.normal(size=(n_rows, 3))
    if kind == "target":
        return X, raw[:, 0]
    if kind in ("counts", "positive"):
        mean = np.exp(0.2 * raw[:, 0])
        if kind == "counts":
            return X, rng.poisson(3.0 * mean).astype(float)
        return X, rng.gamma(2.0, mean) + 1e-3
    if kind == "targets":
        return X, raw[:, :2]
    if kind == "binary":
        return X, np.where(raw[:, 0] > 0.3, "yes", "no")
    return X, np.array(["a", "b", "c"])[raw.argmax(axis=1)]


def changed_targets(y):
    """Other targets for the same rows."""
    if y.dtype.kind == "f":
        return y + 0.5
    classes = np.unique(y)
    return classes[(np.searchsorted(classes, y) + 1) % classes.size]


def weights(n_rows, seed=1):
    return np.random.default_rng(seed).integers(1, 4, size=n_rows) / 2.0


def coefficients(estimator):
    """All coefficients as one vector."""
    return np.concatenate([np.ravel(estimator.coef_), np.ravel(estimator.intercept_)])


def stop(estimator, X, y, weight=None):
    """Largest gradient residual at which an estimator stops on these data."""
    rows = estimator._read_rows(estimator._fitted, X, y, weight)
    loss = estimator._fitted.model.state.objective.loss
    return estimator.tol * Units.of(loss, rows).largest


FORMATS = {
    "dense": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "csr_matrix": sp.csr_matrix,
    "csc_array": sp.csc_array,
    "csr_float32": lambda X: sp.csr_array(X.astype(np.float32)),
}
