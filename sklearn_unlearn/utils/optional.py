"""Packages that only some functions need, imported when one of these is called."""

from __future__ import annotations

from importlib import import_module


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
