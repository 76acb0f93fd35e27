"""Labels of two models, compared on the rows where more than rounding decides them.

Scores that tie, or nearly do, are ordered by rounding, and that depends on processor,
BLAS and number of threads.
"""

import numpy as np

#: Lead of the best class over the second up to which rounding may decide.
ROUNDING = 1e-8


def decided(model, X):
    """Rows to which a classifier gives their label by more than rounding."""
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    scores = np.asarray(getattr(model, method)(X))
    if scores.ndim == 1:
        lead = np.abs(scores)
    else:
        second, best = np.sort(scores, axis=1)[:, -2:].T
        lead = best - second
    threshold = getattr(model, "threshold", "auto")
    if threshold != "auto":  # not the better one of two classes
        lead = np.abs(scores[:, 1] - threshold)
    return lead > ROUNDING


def assert_same_labels(found, model, X):
    """Labels are those that a model gives, on the rows where it decides.

    Parameters
    ----------
    found : array-like of shape (n_rows,)
    model : classifier
        It says what is expected.
    X : array-like of shape (n_rows, n_columns)
    """
    clear = decided(model, X)
    assert clear.any()
    np.testing.assert_array_equal(np.asarray(found)[clear], model.predict(X)[clear])
