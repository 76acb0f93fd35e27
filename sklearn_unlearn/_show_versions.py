"""Versions, platform, BLAS and its threads, for a report of a problem."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

from threadpoolctl import threadpool_info

from sklearn_unlearn.core.threads import CROSSOVER

_PACKAGES = (
    "sklearn-unlearn",
    "scikit-learn",
    "numpy",
    "scipy",
    "threadpoolctl",
    "numba",
    "pandas",
    "polars",
    "matplotlib",
    "torch",
    "skorch",
)


def show_versions() -> None:
    """Print versions, platform and threadpool information.

    Examples
    --------
    >>> from sklearn_unlearn import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    python: ...
    """
    print(f"python: {sys.version.split()[0]} ({platform.platform()})")
    for package in _PACKAGES:
        print(f"{package}: {_version(package)}")
    print(f"one BLAS thread below order: {CROSSOVER}")
    for library in threadpool_info():
        details = ", ".join(
            f"{key}={library[key]}"
            for key in ("internal_api", "version", "threading_layer", "num_threads")
            if key in library
        )
        print(f"{library['user_api']}: {details}")


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
