"""Every verb as a request about some rows, and the data of the refit."""

import numpy as np

from tests.cases import FORMATS, changed_targets

OUT = np.array([3, 40, 77])
N_ROWS = 150
REST = np.setdiff1d(np.arange(N_ROWS), OUT)


def ask(verb, estimator, as_format, X, y, weight):
    """Apply a verb; return the data that a refit would be given."""
    w = None if weight is None else weight[OUT]
    rows = as_format(X[OUT])
    if verb == "partial_unfit":
        estimator.partial_unfit(rows, y[OUT], sample_weight=w)
        return X[REST], y[REST], None if weight is None else weight[REST]
    if verb == "replace_features":
        new = X.copy()
        new[OUT] = 0.5 * new[OUT] + 0.1
        if as_format in (FORMATS["float32"], FORMATS["csr_float32"]):
            new = new.astype(np.float32).astype(float)
        estimator.replace_features(rows, y[OUT], as_format(new[OUT]), sample_weight=w)
        return new, y, weight
    if verb == "replace_labels":
        new = y.copy()
        new[OUT] = changed_targets(y)[OUT]
        estimator.replace_labels(rows, y[OUT], new[OUT], sample_weight=w)
        return X, new, weight
    if verb == "partial_fit":
        estimator.partial_fit(rows, y[OUT], sample_weight=w)
        again = np.concatenate([np.arange(N_ROWS), OUT])
        return X[again], y[again], None if weight is None else weight[again]
    assert verb == "forget_features"
    estimator.forget_features(2)
    new = X.copy()
    new[:, 2] = 0.0
    return new, y, weight


VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]
