"""Packages that only some things need, imported when one of these is asked for."""

from __future__ import annotations

from importlib import import_module

#: Estimators of an extra: where they are, the extra, the packages that it brings.
_NETS = ("sklearn_unlearn.neural_network._torch", "torch", ("torch", "skorch"))
OPTIONAL = {
    "UnlearnableNeuralNetClassifier": _NETS,
    "UnlearnableNeuralNetRegressor": _NETS,
}


def import_optional(name, purpose, extra):
    """A module of an optional package.

    Parameters
    ----------
    name : str
    purpose : str
        What needs it.
    extra : str
        The extra of this package that installs it.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If it is not installed; the message names the extra.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(
            f"{purpose} needs {package}: pip install 'sklearn-unlearn[{extra}]'."
        ) from error


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
    for package in packages:
        import_optional(package, name, extra)
    return getattr(import_module(place), name)
