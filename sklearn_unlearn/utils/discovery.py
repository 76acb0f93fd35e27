"""All estimators of the package, for tables and tests that leave none out."""

from __future__ import annotations

from importlib import import_module
from inspect import isclass, signature

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

_KINDS = {
    "classifier": lambda each: issubclass(each, ClassifierMixin),
    "regressor": lambda each: issubclass(each, RegressorMixin),
    "transformer": lambda each: hasattr(each, "transform"),
}


def all_estimators(type_filter=None):
    """Public estimators that unlearn.

    Pipelines and column transformers are none: they can do what their steps can.

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


def _consists_of_others(each):
    """Whether an estimator cannot be made without its steps."""
    parameters = signature(each).parameters.values()
    return any(parameter.default is parameter.empty for parameter in parameters)
