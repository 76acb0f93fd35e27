"""Estimators that need more than the package does: imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

#: Where estimators are, and what brings the packages that they import.
_NETS = ("sklearn_unlearn.neural_network._torch", "torch", ("torch", "skorch"))
OPTIONAL = {
    "UnlearnableNeuralNetClassifier": _NETS,
    "UnlearnableNeuralNetRegressor": _NETS,
}


def optional(module, name):
    """An attribute of a module that is there if an extra is installed.

    Parameters
    ----------
    module : str
        The name of the module that is asked.
    name : str

    Returns
    -------
    object

    Raises
    ------
    AttributeError
        If the package has no such thing.
    ImportError
        Naming the extra that is missing.
    """
    if name not in OPTIONAL:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    place, extra, packages = OPTIONAL[name]
    try:
        return getattr(import_module(place), name)
    except ModuleNotFoundError as error:
        if error.name not in packages:
            raise
        raise ImportError(
            f"{name} needs {' and '.join(packages)}: "
            f'pip install "sklearn-unlearn[{extra}]"'
        ) from error
