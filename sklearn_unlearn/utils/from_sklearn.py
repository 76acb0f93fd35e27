"""Checks of a scikit-learn model that an unlearner is to take over."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.steps import own
from sklearn_unlearn.utils.tags import accepts
from sklearn_unlearn.utils.twin_parameters import is_value

#: Relative difference of attributes that rounding cannot explain.
_FAR = 1e-6
#: Roundings of the data that a sum of them, which is zero, may hold.
_ROUNDINGS = 1e3


def like_unfitted(cls, estimator, params):
    """An unlearner with the parameters of a twin, neither of them fitted.

    Parameters
    ----------
    cls : type
        Of the unlearner.
    estimator : estimator
        Its twin.
    params : dict
        Further parameters, of which those are taken that the unlearner has.

    Raises
    ------
    TypeError, ValueError
        As `adopted_params`.
    """
    known = cls().get_params(deep=False)
    params = {name: value for name, value in params.items() if name in known}
    if hasattr(cls, "_like"):
        model = cls._like(estimator, params, unfitted=True)
    else:
        adopted = adopted_params(cls, estimator, params, unfitted=True)
        model = cls(**adopted)
    check = own(model, "_check_parameters")
    if check is not None:  # what ``fit`` refuses is refused before there are data
        given = [model.get_params(deep=False)] if accepts(check, "params") else []
        check(*given)
    return model


def adopted_params(cls, fitted, params, *, accepted=None, own=(), unfitted=False):
    """Parameters for an unlearner that takes over a fitted model.

    Parameters
    ----------
    cls : type
        Of the unlearner; ``cls._twin_class`` is that of the model.
    fitted : estimator
    params : dict
        Further parameters of the unlearner.
    accepted : dict of str to tuple, optional
        Parameters that the unlearner does not have, and their values that it can
        take over.
    own : collection of str, default=()
        Parameters that mean something else to the unlearner than to its twin.
    unfitted : bool, default=False
        Whether the model need not be fitted.

    Raises
    ------
    TypeError
        If the model is of another class.
    NotFittedError
    ValueError
        If a parameter says that another objective was minimised, or is given twice.
    """
    twin = cls._twin_class
    if not isinstance(fitted, twin):
        raise TypeError(
            f"{cls.__name__}.from_sklearn takes a fitted {twin.__name__}; got "
            f"{type(fitted).__name__}.{instead_of(fitted)}"
        )
    if not unfitted:
        check_is_fitted(fitted)
    given = fitted.get_params(deep=False)
    for name, values in (accepted or {}).items():
        if name in given and not any(is_value(given[name], value) for value in values):
            raise ValueError(
                f"{type(fitted).__name__} was fitted with {name}={given[name]!r}, "
                f"which {cls.__name__} cannot take over: its model is that of "
                f"{name}={values[0]!r}.{of_shards(fitted)}"
            )
    shared = twin().get_params(deep=False).keys() & cls().get_params(deep=False).keys()
    shared -= set(own)
    for name in sorted(shared - given.keys()):
        raise TypeError(
            f"{cls.__name__}.from_sklearn takes a fitted {twin.__name__}, but "
            f"{type(fitted).__name__} has no parameter {name}."
        )
    twice = sorted(shared & params.keys())
    if twice:
        raise ValueError(
            f"{twice[0]} belongs to the fitted model: leave it out, or fit anew."
        )
    return {**{name: given[name] for name in shared}, **params}


def instead_of(fitted):
    """What helps instead of an estimator that is not taken over, as further words.

    Examples
    --------
    >>> from sklearn.linear_model import Lars, LassoCV
    >>> from sklearn_unlearn.utils.from_sklearn import instead_of
    >>> instead_of(LassoCV())
    ' Fit an UnlearnableLasso with the parameters that it chose.'
    >>> instead_of(Lars())
    ' ShardedRegressor(Lars(...)), fitted to the data, unlearns rows of any regressor.'
    """
    if hasattr(fitted, "best_estimator_"):
        return " Pass its best_estimator_, the model that the search chose."
    if isinstance(fitted, FrozenEstimator):
        return " Pass the estimator that it holds."
    if type(fitted).__module__.startswith("sklearn_unlearn."):
        return ""
    name, known = type(fitted).__name__, dict(all_estimators())
    if hasattr(known.get(f"Unlearnable{name}"), "from_sklearn"):
        return f" Unlearnable{name}.from_sklearn takes it over."
    if f"Unlearnable{name}" in known:
        return f" Fit an Unlearnable{name} to the data."
    if f"Unlearnable{name.removesuffix('CV')}" in known:
        near = name.removesuffix("CV")
        return f" Fit an Unlearnable{near} with the parameters that it chose."
    return of_shards(fitted)


def of_shards(fitted):
    """What unlearns rows of any estimator that predicts, as further words."""
    name = type(fitted).__name__
    for kind, matches in (("Classifier", is_classifier), ("Regressor", is_regressor)):
        if matches(fitted):
            return (
                f" Sharded{kind}({name}(...)), fitted to the data, unlearns rows of "
                f"any {kind.lower()}."
            )
    return ""


def check_same_columns(fitted, columns):
    """Refuse data whose columns are not those of the fitted model.

    Raises
    ------
    ValueError
    """
    if columns.n_features != fitted.n_features_in_:
        raise ValueError(
            f"X has {columns.n_features} features, but {type(fitted).__name__} was "
            f"fitted with {fitted.n_features_in_}."
        )
    names = getattr(fitted, "feature_names_in_", None)
    if names is not None and columns.names is not None:
        different = np.flatnonzero(names != columns.names)
        if different.size:
            first = different[0]
            raise ValueError(
                f"X has {columns.names[first]!r} where the fitted model has "
                f"{names[first]!r}: the columns must be those of fit, in their order."
            )


def check_same_classes(fitted, classes):
    """Refuse labels that are not those of the fitted model.

    Raises
    ------
    ValueError
    """
    if not np.array_equal(fitted.classes_, classes):
        raise ValueError(
            f"y holds the labels {classes.tolist()!r}, but {type(fitted).__name__} was "
            f"fitted with {fitted.classes_.tolist()!r}."
        )


def difference(fitted, twin, free=frozenset(), size=0.0):
    """The first attribute that two fitted estimators do not share, if any.

    Parameters
    ----------
    fitted, twin : estimator
    free : set of str, default=frozenset()
        Attributes that need not be the same.
    size : float, default=0.0
        Of the values that both were fitted to: what is rounding next to it is zero.

    Returns
    -------
    str or None
    """
    theirs, ours = vars(fitted), vars(twin)
    learned = [name for name in theirs if name.endswith("_") and name in ours]
    for name in sorted(set(learned) - free):
        if not _close(theirs[name], ours[name], size):
            return name
    return None


def with_amount(name, fitted, twin):
    """The name of an attribute, and by how much it differs where that can be told.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_unlearn.utils.from_sklearn import with_amount
    >>> one, other = (StandardScaler().fit([[0.0], [each]]) for each in (4.0, 5.0))
    >>> with_amount("mean_", one, other)
    'mean_ (by up to 0.5, of values up to 2.5)'
    """
    one: Any = getattr(fitted, name, None)
    other: Any = getattr(twin, name, None)
    if isinstance(one, dict) and isinstance(other, dict):
        n_other, n_new = len(one.keys() - other.keys()), len(other.keys() - one.keys())
        return f"{name} (without {n_other} of {len(one)} entries, with {n_new} more)"
    lists = [
        isinstance(each, list)
        or (isinstance(each, np.ndarray) and each.dtype.kind == "O")
        for each in (one, other)
    ]
    if all(lists) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        n_other = sum(not np.array_equal(*pair) for pair in pairs)
        return f"{name} (of {n_other} of {len(one)} columns)"
    kinds = (np.ndarray, int, float, np.number)
    if not isinstance(one, kinds) or not isinstance(other, kinds):
        return name
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return name
    if one.shape != other.shape:
        return f"{name} (of shape {other.shape}, not {one.shape})"
    one, other = one.astype(np.float64), other.astype(np.float64)
    known = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(known, one, 0.0), np.where(known, other, 0.0)
    far, size = np.abs(one - other).max(initial=0.0), np.abs(other).max(initial=0.0)
    return f"{name} (by up to {far:.2g}, of values up to {size:.2g})"


def _close(one, other, size):
    arrays = isinstance(one, np.ndarray) and one.dtype.kind == "O" and one.ndim == 1
    if isinstance(one, list) or (arrays and any(np.ndim(each) for each in one)):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_close(*pair, size) for pair in pairs)
    if hasattr(one, "get_params"):
        return type(one) is type(other) and difference(one, other, size=size) is None
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    if one.dtype.kind == "O" and any(isinstance(e, np.ndarray) for e in one.flat):
        return _close(list(one.flat), list(other.flat), size)
    if one.dtype.kind == "O":
        return bool(np.all((one == other) | (one != one)))  # NaN is not itself
    if one.dtype.kind not in "fiu":
        return True
    finite = np.isfinite(other)
    atol = _FAR * np.abs(other[finite]).max(initial=0.0)
    if one.dtype.kind == "f":
        atol = max(atol, _ROUNDINGS * np.finfo(one.dtype).eps * size)
    return np.allclose(one, other, rtol=_FAR, atol=atol, equal_nan=True)


def size_of(X):
    """The largest number among a few values, 0 where they are none."""
    values = X.data if is_sparse(X) else np.asarray(X)
    if values.dtype.kind not in "biuf":
        return 0.0
    return np.abs(values[np.isfinite(values)].astype(np.float64)).max(initial=0.0)
