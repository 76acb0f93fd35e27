"""Where two fitted estimators differ: the first step whose outputs do, by how much."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import Pipeline

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.transformers._following import is_nothing
from sklearn_unlearn.transformers._rowwise import few
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.seeds import unseeded_in

#: Relative difference that rounding, in any order of sums, may explain.
_FAR = 1e-6
#: What is asked of an estimator: what it makes of rows, and what it says of them, the
#: most telling first. What a stack makes of rows is but the answers of its models.
_ANSWERS = (("transform",), ("decision_function", "predict_proba", "predict"))


def first_difference(fitted, again, X):
    """What differs first between two estimators, in words.

    Parameters
    ----------
    fitted, again : estimator
        Of one kind, with the same parameters.
    X : rows of any kind

    Returns
    -------
    str or None
        None if nothing does, or they answer nothing for rows.
    """
    X = few(X)
    if not isinstance(fitted, Pipeline):
        distance = _distance(fitted, again, X, X)
        return _said(kind_of(fitted, first=True), distance)
    others = X
    for (name, step), (_, other) in zip(fitted.steps, again.steps, strict=True):
        if is_nothing(step) or hasattr(step, "fit_resample"):
            continue
        found = _said(
            f"Step {name!r}, {kind_of(step)},", _distance(step, other, X, others)
        )
        if found is not None or not hasattr(step, "transform"):
            return found
        X = step.transform(protected(X))
        others = other.transform(protected(others))
    return None


def said_of_difference(estimator, different, again, another, X):
    """What a difference that `first_difference` found means for requests to come.

    Parameters
    ----------
    estimator : estimator
        The one that was given.
    different : str
    again : estimator
        Fitted to what it is said to be fitted to.
    another : callable
        Fits one more, to see whether they draw at random.
    X : rows of any kind
    """
    if first_difference(again, another(), X) is not None:
        unseeded = unseeded_in(estimator)
        which = f" ({unseeded[0]}=None)" if unseeded else ""
        return (
            f"{different}: it has no seed{which}, and requests are exact up to its "
            "randomness, that is, give one of the distribution of a refit."
        )
    return (
        f"{different}: a fit to X, y and sample_weight gives another one. It stays as "
        "it is until the first request. Are they what it was trained on?"
    )


def _said(what, distance):
    """A difference in words, None if there is none."""
    return None if distance is None else f"{what} answers otherwise by {distance}"


def _distance(fitted, again, X, others):
    """By how much answers differ, None if they do not."""
    for answers in _ANSWERS:
        name = next((each for each in answers if hasattr(fitted, each)), None)
        if name is None:
            continue
        distance = _between(
            *(
                _array(getattr(each, name)(protected(rows)))
                for each, rows in ((fitted, X), (again, others))
            )
        )
        if distance is not None:
            return distance
    if hasattr(fitted, "best_threshold_"):  # scores do not show it
        both = fitted.best_threshold_, again.best_threshold_
        distance = _between(*map(np.atleast_1d, both))
        return None if distance is None else f"its threshold, {distance}"
    return None


def _between(one, other):
    """By how much arrays differ, None if they do not."""
    if one.shape != other.shape:
        return f"their number of outputs, {one.shape[1:]} and {other.shape[1:]}"
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        share = np.mean(one != other)
        return None if share == 0.0 else f"{share:.1%} of its values"
    one, other = one.astype(np.float64), other.astype(np.float64)
    far = np.abs(one - other).max(initial=0.0, where=np.isfinite(one - other))
    size = np.abs(other).max(initial=0.0, where=np.isfinite(other))
    return (
        None if far <= _FAR * size else f"up to {far:.2g}, of values up to {size:.2g}"
    )


def _array(Z):
    if isinstance(Z, list):  # of each of several targets
        return np.hstack([_array(each) for each in Z])
    return Z.toarray() if is_sparse(Z) else np.asarray(Z)
