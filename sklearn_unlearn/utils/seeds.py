"""Parameters that make fits repeatable, and what is said where they are not set."""

from __future__ import annotations

from sklearn.utils import check_random_state

from sklearn_unlearn.utils.validation import named

#: Estimators that draw at random with some values of another parameter alone.
_DRAWS = {
    "LogisticRegression": ("solver", ("liblinear", "sag", "saga")),
    "NuSVC": ("probability", (True,)),
    "Ridge": ("solver", ("sag", "saga")),
    "RidgeClassifier": ("solver", ("sag", "saga")),
    "SVC": ("probability", (True,)),
}


def generator_of(random_state):
    """The generator that a parameter or an argument of this name stands for.

    Raises
    ------
    ValueError
        If it is none of those that scikit-learn takes.
    """
    with named("random_state"):
        return check_random_state(random_state)


def unseeded_in(estimator):
    """Names of parameters that would be seeds, and are none."""
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    params[""] = estimator
    return sorted(
        name
        for name, value in params.items()
        if name.rpartition("__")[2] == "random_state"
        and value is None
        and _draws(params.get(name.rpartition("__")[0]))
    )


def _draws(estimator):
    """Whether an estimator that has a seed may need it, as it is set."""
    name, values = _DRAWS.get(type(estimator).__name__, (None, ()))
    return name is None or getattr(estimator, name, None) in values


def without_seed(estimator):
    """What is said of an estimator that may draw at random and has no seed, or ""."""
    unseeded = unseeded_in(estimator)
    return f", exact up to its randomness ({unseeded[0]}=None)" if unseeded else ""
