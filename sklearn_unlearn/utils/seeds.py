"""Parameters that make fits repeatable, and what is said where they are not set."""

from __future__ import annotations


def unseeded_in(estimator):
    """Names of parameters that would be seeds, and are none."""
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return sorted(
        name
        for name, value in params.items()
        if name.rpartition("__")[2] == "random_state" and value is None
    )


def without_seed(estimator):
    """What is said of an estimator that may draw at random and has no seed, or ""."""
    unseeded = unseeded_in(estimator)
    return f", exact up to its randomness ({unseeded[0]}=None)" if unseeded else ""
