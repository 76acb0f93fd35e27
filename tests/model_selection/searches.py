"""Data, and the fresh search on remaining rows that is the oracle of a search."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, check_cv

#: What scikit-learn's search takes of the parameters of ours.
SHARED = (
    "estimator",
    "scoring",
    "refit",
    "error_score",
    "return_train_score",
)


def classes(n_rows=90, n_classes=3, seed=0):
    """Rows of a few overlapping classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_rows) % n_classes
    X = rng.standard_normal((n_rows, 4)) + 0.7 * y[:, None] * [1.0, -1.0, 0.5, 0.0]
    return X, np.array(["a", "b", "c"])[y]


def numbers(n_rows=60, seed=0):
    """Rows of a noisy regression with more columns than it needs."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 8))
    return X, X[:, 0] - X[:, 1] + 2.0 * rng.standard_normal(n_rows)


def folds_of(search, X, y, groups=None):
    """The folds that a search draws at fit."""
    cv = check_cv(search.cv, y, classifier=is_classifier(search.estimator))
    return list(cv.split(X, y, groups))


def without(folds, gone, n_rows):
    """The same folds of the other rows, by their positions among these."""
    place = np.full(n_rows, -1)
    kept = np.delete(np.arange(n_rows), gone)
    place[kept] = np.arange(kept.size)
    return [tuple(p[p >= 0] for p in (place[one] for one in each)) for each in folds]


def fresh(search, X, y, folds, **keywords):
    """scikit-learn's search for the same on these rows and folds."""
    given = {name: getattr(search, name) for name in SHARED}
    twin = GridSearchCV(param_grid=search.param_grid, cv=folds, **given)
    return twin.fit(X, y, **keywords)


def assert_same_search(search, twin, X, tolerance=1e-8):
    """Results, choice and predictions agree."""
    assert list(search.cv_results_) == list(twin.cv_results_)
    for name, expected in twin.cv_results_.items():
        found = search.cv_results_[name]
        if name == "params":
            assert list(map(str, found)) == list(map(str, expected))
        elif name.startswith("param_"):
            assert found.mask.tolist() == expected.mask.tolist()
            assert list(map(str, found)) == list(map(str, expected))
        elif not name.endswith("_time"):
            assert np.shape(found) == np.shape(expected)
            numbers = [np.array(each, dtype=float) for each in (found, expected)]
            np.testing.assert_allclose(*numbers, rtol=0, atol=tolerance, err_msg=name)
    assert search.best_index_ == twin.best_index_
    assert str(search.best_params_) == str(twin.best_params_)
    if hasattr(twin, "best_score_"):
        scores = search.best_score_, twin.best_score_
        np.testing.assert_allclose(*scores, rtol=0, atol=tolerance)
    if not twin.refit:
        return
    asked = "predict_proba" if hasattr(twin, "predict_proba") else "predict"
    answers = [getattr(each, asked)(X) for each in (search, twin)]
    np.testing.assert_allclose(*answers, rtol=0, atol=tolerance)
