"""Verbs as functions, which reach what must change in a search or an ensemble."""

from __future__ import annotations

from inspect import signature
from typing import Any

from sklearn.frozen import FrozenEstimator

from sklearn_unlearn._batches import listed_requests
from sklearn_unlearn._carrying import answered_by_all
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._meta_estimators import (
    of_targets,
    opened,
    why_not,
    without_given,
)
from sklearn_unlearn.plans import RequestPlan, joint_plan
from sklearn_unlearn.utils.messages import refusing


def partial_unfit(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Forget rows, whatever the estimator is.

    A search, a `FixedThresholdClassifier`, a `TransformedTargetRegressor` with
    functions, a `VotingClassifier` and a `VotingRegressor` are opened. What they were
    given, perhaps fitted, they have an unfitted copy of then.

    Parameters
    ----------
    estimator : estimator
        One that unlearns, or one of those around some that do.
    *arguments, **keywords
        As for its own ``partial_unfit``.

    Returns
    -------
    estimator : object

    Raises
    ------
    UnlearningError
        If the estimator learned more than what models of all rows know, or is frozen,
        or none that unlearns.

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


def replace_features(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Correct values, whatever the estimator is; see `partial_unfit`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, replace_features
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableRidgeClassifier().fit(X, y)
    >>> replace_features(model, X[:1], y[:1], X[1:2]).request_record_.verb
    'replace_features'
    """
    return _asked("replace_features", estimator, arguments, keywords)


def replace_labels(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Correct targets, whatever the estimator is; see `partial_unfit`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, replace_labels
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableRidgeClassifier().fit(X, y)
    >>> replace_labels(model, X[:1], y[:1], 1 - y[:1]).request_record_.verb
    'replace_labels'
    """
    return _asked("replace_labels", estimator, arguments, keywords)


def forget_features(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Forget columns, whatever the estimator is; see `partial_unfit`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, forget_features
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = forget_features(UnlearnableRidgeClassifier().fit(X, y), [4])
    >>> float(model.coef_[4])
    0.0
    """
    return _asked("forget_features", estimator, arguments, keywords)


def partial_fit(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Learn rows, whatever the estimator is; see `partial_unfit`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, partial_fit
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableRidgeClassifier().fit(X[2:], y[2:])
    >>> partial_fit(model, X[:2], y[:2]).request_record_.n_rows_in
    2
    """
    return _asked("partial_fit", estimator, arguments, keywords)


def refine(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Remove what a closed form left, whatever it is in; see `partial_unfit`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression, refine
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> model = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    >>> model = refine(model.partial_unfit(X[:2], y[:2]), X[2:], y[2:])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-6)
    True
    """
    return _asked("refine", estimator, arguments, keywords)


def carry_out(estimator: Any, requests: Any) -> Any:
    """Carry out a list of requests together, whatever the estimator is.

    Parameters
    ----------
    estimator : estimator
        As for `partial_unfit`.
    requests : (str, dict) or list of (str, dict)
        Names of verbs and their keyword arguments, as in
        ``("partial_unfit", {"X": X, "y": y})``.

    Returns
    -------
    estimator : object

    Raises
    ------
    ContradictionError
        If the list asks for two things about one row.
    UnlearningError
        As of `partial_unfit`; nothing is changed.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, carry_out
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> grid = {"alpha": [0.1, 1.0]}
    >>> search = GridSearchCV(UnlearnableRidgeClassifier(), grid).fit(X, y)
    >>> search = carry_out(
    ...     search,
    ...     [
    ...         ("partial_unfit", {"X": X[:2], "y": y[:2]}),
    ...         ("replace_labels", {"X": X[[5]], "y": y[[5]], "y_new": 1 - y[[5]]}),
    ...     ],
    ... )
    >>> search.best_estimator_.request_record_.n_together
    2
    """
    return _asked("carry_out", estimator, (listed_requests(requests),), {})


@refusing()
def plan(estimator: Any, requests: Any, X_watch: Any = None) -> RequestPlan:
    """What requests would do, whatever the estimator is; it stays as it is.

    Parameters
    ----------
    estimator : estimator
        As for `partial_unfit`.
    requests : (str, dict) or list of (str, dict)
        As for `carry_out`.
    X_watch : rows as ``fit`` takes them, optional
        Rows whose predictions are compared, of each model that unlearns inside: the
        plan has the largest of their changes, and the mean of them all.

    Returns
    -------
    RequestPlan
        Steps of several models have the numbers of these before their names.

    Raises
    ------
    UnlearningError
        If the estimator cannot unlearn, or ``requests`` are none.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier, plan
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = GridSearchCV(UnlearnableRidgeClassifier(), {"alpha": [0.1, 1.0]})
    >>> search = search.fit(X, y)
    >>> found = plan(search, ("partial_unfit", {"X": X[:2], "y": y[:2]}), X_watch=X)
    >>> found.steps[0].how, found.n_rows_out, 0 < found.largest_change < 0.1
    ('exact', 2, True)
    """
    requests = listed_requests(requests)
    _, models = _reached(estimator, "plan")
    plans = [
        _call(model, "plan", made, (requests, X_watch), {})(model)
        for model, made in models
    ]
    return plans[0] if len(plans) == 1 else joint_plan(plans)


@refusing()
def _asked(verb, estimator, arguments, keywords):
    """Ask for a verb what has it."""
    wrappers, models = _reached(estimator, verb)
    calls = [_call(model, verb, made, arguments, keywords) for model, made in models]
    if len(models) == 1:
        calls[0](models[0][0])
    else:
        answered_by_all([model for model, _ in models], calls)
    for wrapper in wrappers:
        # what it was given may have been fitted
        without_given(wrapper.estimator, wrapper.given)
    return estimator


def _reached(estimator, verb):
    """What of an estimator has to change.

    Returns
    -------
    wrappers : list of Wrapper
        Those that were opened.
    models : list of (estimator, list of callable)
        What has the verb, and what was made of its targets.
    """
    if hasattr(estimator, verb) and not isinstance(estimator, FrozenEstimator):
        return [], [(estimator, [])]
    wrapper = opened(estimator)
    if wrapper is None:
        raise UnlearningError(why_not(estimator, verb))
    wrappers, models = [wrapper], []
    made = [] if wrapper.targets is None else [wrapper.targets]
    for inside in wrapper.models:
        more, found = _reached(inside, verb)
        wrappers += more
        models += [(model, made + later) for model, later in found]
    return wrappers, models


def _call(model, verb, made, arguments, keywords):
    """What asks a model, or a copy of it."""
    bound = signature(getattr(model, verb)).bind(*arguments, **keywords)
    _read_targets(bound.arguments, made)
    requests = bound.arguments.get("requests")
    if made and isinstance(requests, list | tuple):
        bound.arguments["requests"] = [_with_targets(one, made) for one in requests]
    return lambda one: getattr(one, verb)(*bound.args, **bound.kwargs)


def _read_targets(given, made):
    """Put what was made of targets in their place."""
    for name in given.keys() & {"y", "y_new", "classes"}:
        given[name] = of_targets(given[name], made)


def _with_targets(request, made):
    """A request of a list, in what was made of targets; what is none as it is."""
    if not isinstance(request, list | tuple) or len(request) != 2:
        return request
    verb, given = request
    if isinstance(given, dict):
        given = dict(given)
        _read_targets(given, made)
    return verb, given
