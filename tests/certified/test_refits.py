"""What ``fit`` gives on the corrected data is a refit that the certificate speaks of.

Rows in any order, many of them equal, are the hard case: rounding errors of a sum then
have one sign.
"""

import numpy as np
import pytest

from sklearn_unlearn import GaussianCertification
from tests.cases import make
from tests.certification.reference import gradient, needs_long_double
from tests.certified.problems import theta

N_ROWS = 40_000


def coarse_rows(name, weighted, n_rows, seed=0):
    """Rows of a few different values, targets for an estimator, weights."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, size=(n_rows, 1)).astype(float)
    raw = X @ rng.normal(size=(1, 3))
    if name == "multinomial":
        y = (raw + rng.gumbel(size=raw.shape)).argmax(axis=1)
    elif name == "logistic":
        y = (raw[:, 0] + rng.logistic(size=n_rows) > 0.0).astype(int)
    elif name == "poisson":
        y = rng.poisson(np.exp(0.3 * raw[:, 0])).astype(float)
    else:
        y = np.round(raw[:, :2] + rng.normal(size=(n_rows, 2)), 1)
    weight = None
    if weighted:
        weight = 10.0 ** rng.integers(-4, 5, size=n_rows)
    return X, y, weight


def orders(X, y):
    """As drawn, sorted by target and then features, and that backwards."""
    targets = y.T if y.ndim > 1 else y[None]
    ordered = np.lexsort([*X.T, *targets])
    return {"drawn": np.arange(len(y)), "sorted": ordered, "backwards": ordered[::-1]}


@needs_long_double
@pytest.mark.parametrize(
    ("name", "weighted", "tol", "n_rows"),
    [
        ("multinomial", False, 1e-12, N_ROWS),
        ("ridge_targets", True, 1e-12, 250_000),
        ("logistic", True, 1e-8, N_ROWS // 2),
        ("logistic", False, 1e-2, N_ROWS // 2),
        ("ridge_targets", False, 1e-12, N_ROWS),
        ("ridge_targets", True, 1e-8, N_ROWS // 2),
        ("poisson", False, 1e-12, N_ROWS // 2),
        ("poisson", True, 10.0, N_ROWS // 2),
    ],
)
def test_fits_of_rows_in_any_order(name, weighted, tol, n_rows):
    X, y, weight = coarse_rows(name, weighted, n_rows, seed=1)
    certification = GaussianCertification(1.0, 1e-5, 1e9, random_state=0)
    params = {"tol": tol, "certification": certification, "retain_data": True}
    fits, records = [], []
    for order in orders(X, y).values():
        weights = None if weight is None else weight[order]
        estimator = make(name, **params).fit(X[order], y[order], weights)
        fits.append(estimator)
        records.append(estimator.private_record())
    state = fits[0]._fitted.model.state
    rows = fits[0]._fitted.model.retained.chunks[0].rows
    for fit in fits:
        # it is one of the refits: its gradient is as small as they are told to have it
        found, _ = gradient(state.objective, rows, theta(fit).astype(np.longdouble))
        norm = float(np.linalg.norm(found))
        assert norm <= min(record.refit_gradient_norm for record in records)
        # and no farther from any other than that other claims
        for other, record in zip(fits, records, strict=True):
            assert np.linalg.norm(theta(fit) - theta(other)) <= record.distance
