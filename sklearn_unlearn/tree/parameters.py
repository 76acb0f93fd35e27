"""Parameters of trees: which are refused, and what rows and features they stand for."""

from math import ceil, log2
from numbers import Integral, Real

from sklearn.utils import check_scalar


def check_parameters(model, criteria, fixed):
    """Refuse parameters that no tree can be grown by.

    Parameters
    ----------
    model : estimator
    criteria : container of str
        Values of ``criterion`` that it knows.
    fixed : dict of str to tuple
        Of parameters that must have one value: that, and the reason.

    Raises
    ------
    ValueError, TypeError
    """
    if model.criterion not in criteria:
        known = ", ".join(map(repr, criteria))
        raise ValueError(f"criterion must be one of {known}; got {model.criterion!r}.")
    if model.max_depth is not None:
        check_scalar(model.max_depth, "max_depth", Integral, min_val=1)
    for name, fewest in (("min_samples_split", 2), ("min_samples_leaf", 1)):
        _check_number_or_share(getattr(model, name), name, fewest)
    check_scalar(
        model.min_weight_fraction_leaf,
        "min_weight_fraction_leaf",
        Real,
        min_val=0.0,
        max_val=0.5,
    )
    if model.max_features not in (None, "sqrt", "log2"):
        if isinstance(model.max_features, str):
            raise ValueError(
                "max_features must be 'sqrt', 'log2', None, an int or a float; got "
                f"{model.max_features!r}."
            )
        _check_number_or_share(model.max_features, "max_features", 1)
    for name, (only, reason) in fixed.items():
        value = getattr(model, name)
        if value is not only and value != only:
            raise ValueError(
                f"{name} must be {only!r}; got {value!r}. {reason} Use "
                "ShardedClassifier or ShardedRegressor with scikit-learn's trees."
            )


def _check_number_or_share(value, name, fewest):
    if isinstance(value, Integral):
        check_scalar(value, name, Integral, min_val=fewest)
    else:
        check_scalar(
            value, name, Real, min_val=0.0, max_val=1.0, include_boundaries="right"
        )


def n_rows_of(value, n_rows):
    """A number of rows, given as one or as a share."""
    return int(value) if isinstance(value, Integral) else ceil(value * n_rows)


def n_features_tried(max_features, n_columns):
    """How many features a node tries first, as scikit-learn counts them."""
    if max_features is None:
        return n_columns
    if max_features == "sqrt":
        return max(1, int(n_columns**0.5))
    if max_features == "log2":
        return max(1, int(log2(n_columns)))
    if isinstance(max_features, Integral):
        return min(int(max_features), n_columns)
    return max(1, int(max_features * n_columns))
