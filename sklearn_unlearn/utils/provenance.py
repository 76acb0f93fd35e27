"""Provenance in certificates: the estimator and the packages behind a model."""

from __future__ import annotations

import copy
from importlib.metadata import PackageNotFoundError, version

import numpy as np


def plain_parameters(params):
    """Parameters as JSON knows them; what is said of certification has its entries."""
    plain = {}
    for name, value in copy.deepcopy(params).items():
        if name == "certification":  # whose repr may hold the seed of the noise
            continue
        if isinstance(value, np.generic):
            value = value.item()
        known = value is None or isinstance(value, bool | int | str)
        known |= isinstance(value, float) and np.isfinite(value)
        plain[name] = value if known else repr(value)
    return plain


def package_versions():
    """Versions of the packages that computed a model."""
    versions = {}
    for package in ("sklearn-unlearn", "scikit-learn", "numpy", "scipy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # used from a checkout
            versions[package] = "unknown"
    return versions
