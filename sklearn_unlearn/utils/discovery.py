"""All estimators of the package, for tables and tests that leave none out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import isclass, signature
from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sklearn_unlearn.utils.steps import own

_KINDS: dict[str | None, Callable[[type], bool]] = {
    "classifier": lambda each: issubclass(each, ClassifierMixin),
    "regressor": lambda each: issubclass(each, RegressorMixin),
    "transformer": lambda each: hasattr(each, "transform"),
}


def all_estimators(type_filter: str | None = None) -> list[Any]:
    """Public estimators that unlearn.

    Pipelines, searches and others that cannot be made without estimators are none: they
    can do what these can.

    Parameters
    ----------
    type_filter : {"classifier", "regressor", "transformer"}, default=None
        Which kind; None means all.

    Returns
    -------
    list of (str, type)
        Names and classes, by name.

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> from sklearn_unlearn.utils.discovery import all_estimators
    >>> "UnlearnableRidge" in dict(all_estimators("regressor"))
    True
    """
    if type_filter is not None and type_filter not in _KINDS:
        known = ", ".join(map(repr, _KINDS))
        raise ValueError(
            f"type_filter must be None or one of {known}; got {type_filter!r}."
        )
    # at call: the package is above this module
    package = import_module("sklearn_unlearn")
    found = [(name, getattr(package, name)) for name in package.__all__]
    wanted = _KINDS.get(type_filter, lambda each: True)
    return sorted(
        (name, each)
        for name, each in found
        # parameters, such as GaussianCertification, have parameters but no fit
        if isclass(each)
        and issubclass(each, BaseEstimator)
        and hasattr(each, "fit")
        and not _consists_of_others(each)
        and wanted(each)
    )


def counterpart(estimator):
    """The class of this package that is the twin of an estimator.

    An estimator of this package enters this table by naming scikit-learn's class in its
    attribute ``_twin_class``, and being public.

    Parameters
    ----------
    estimator : estimator
        Of exactly that class; one that is derived from it may do something else.

    Returns
    -------
    type or None
        None if there is none, or it refuses the parameters of the estimator.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_unlearn.utils.discovery import counterpart
    >>> counterpart(Ridge()).__name__
    'UnlearnableRidge'
    """
    found = _twins().get(type(estimator))
    check = own(found, "_refuses")
    return None if check is not None and check(estimator) else found


def made_of_unlearners(estimator):
    """The class of this package that is made of models as another, but of unlearners.

    Of a search, a vote, a calibration and their like; None if there is none.
    """
    near = f"Unlearnable{type(estimator).__name__}"
    package = import_module("sklearn_unlearn")
    found = near in package.__all__ and _consists_of_others(getattr(package, near))
    return getattr(package, near) if found else None


@cache
def _twins():
    twins = {own(each, "_twin_class"): each for _, each in all_estimators()}
    twins.pop(None, None)
    return twins


def _consists_of_others(each):
    """Whether an estimator cannot be made without its steps."""
    parameters = signature(each).parameters.values()
    return any(parameter.default is parameter.empty for parameter in parameters)
