"""Verbs as functions, which reach what must change in a search or a pipeline."""

from __future__ import annotations

from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.exceptions import UnlearningError

#: What scikit-learn's meta-estimators call the models that they have fitted.
_INSIDE = (
    "calibrated_classifiers_",
    "estimators_",
    "estimator_",
    "final_estimator_",
    "regressor_",
)


def partial_unfit(estimator, *arguments, **keywords):
    """Forget rows, whatever the estimator is.

    A search is given an unfitted copy of its ``estimator``, which it may have been
    given fitted.

    Parameters
    ----------
    estimator : estimator
        One that unlearns, or a search whose ``best_estimator_`` does.
    *arguments, **keywords
        As for its own ``partial_unfit``.

    Returns
    -------
    estimator : object

    Raises
    ------
    UnlearningError
        If the estimator is a model made of several, or none that unlearns.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, partial_unfit
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> grid = {"alpha": [0.1, 1.0]}
    >>> search = GridSearchCV(UnlearnableRidgeClassifier(), grid).fit(X, y)
    >>> partial_unfit(search, X[:2], y[:2]) is search
    True
    """
    return _asked("partial_unfit", estimator, arguments, keywords)


def replace_features(estimator, *arguments, **keywords):
    """Correct values, whatever the estimator is; see `partial_unfit`."""
    return _asked("replace_features", estimator, arguments, keywords)


def replace_labels(estimator, *arguments, **keywords):
    """Correct targets, whatever the estimator is; see `partial_unfit`."""
    return _asked("replace_labels", estimator, arguments, keywords)


def forget_features(estimator, *arguments, **keywords):
    """Forget columns, whatever the estimator is; see `partial_unfit`."""
    return _asked("forget_features", estimator, arguments, keywords)


def refine(estimator, *arguments, **keywords):
    """Remove what a closed form left, whatever it is in; see `partial_unfit`."""
    return _asked("refine", estimator, arguments, keywords)


def _asked(verb, estimator, arguments, keywords):
    """Ask for a verb what has it."""
    getattr(_reached(estimator, verb), verb)(*arguments, **keywords)
    search = estimator
    while hasattr(search, "best_estimator_"):
        # what it is a search for may have been given fitted
        search.estimator = clone(search.estimator)
        if search.scoring is None:  # the scorer refers to it
            search.scorer_ = check_scoring(search.estimator)
        search = search.best_estimator_
    return estimator


def _reached(estimator, verb):
    """What of an estimator has to change."""
    if hasattr(estimator, verb):
        return estimator
    name = type(estimator).__name__
    if hasattr(estimator, "best_estimator_"):
        return _reached(estimator.best_estimator_, verb)
    check_is_fitted(estimator)
    if hasattr(estimator, "best_params_"):
        raise UnlearningError(
            f"This {name} was run with refit=False and has no model: it holds scores "
            "alone. Run it again without the rows."
        )
    if any(hasattr(estimator, inside) for inside in _INSIDE):
        raise UnlearningError(
            f"A {name} holds models that were fitted on parts of the data, or on one "
            f"another's predictions: {verb} cannot be carried through it. Fit it "
            "again without the rows."
        )
    raise UnlearningError(f"A {name} has no {verb}.")
