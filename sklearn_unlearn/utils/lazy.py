"""Public names of a package whose modules are imported when one of these is asked for.

The names, and where they are, stand once: in the ``__init__.pyi`` beside the
``__init__.py``, which type checkers and editors read too.
"""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import RLock

from sklearn_unlearn.utils.optional import OPTIONAL, optional

#: Held by the thread that imports: others would find modules half imported, where
#: these, or those of scikit-learn, import one another.
_IMPORTING = RLock()


def lazily(package, file):
    """What a package defines to import its names late.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    file : str
        Its ``__file__``; the names are read from the stub beside it.

    Returns
    -------
    getattr, dir : callable
        Its ``__getattr__`` and ``__dir__``.
    all : list of str
        Its ``__all__``.
    """
    places, exported = _read(package, Path(file).with_suffix(".pyi"))
    module = import_module(package)

    def get(name):
        """A name, imported now."""
        with _IMPORTING:
            if name in OPTIONAL or name not in places:
                return optional(package, name)
            place = places[name]
            value = import_module(place)
            if place != f"{package}.{name}":
                value = getattr(value, name)
        # found from now on without being asked for
        setattr(module, name, value)
        return value

    def listed():
        """The names that there are, imported or not."""
        return sorted({*vars(module), *places} - _missing())

    return get, listed, exported


def _missing():
    """Names that need a package which is not installed."""
    return {
        name
        for name, (_, _, packages) in OPTIONAL.items()
        if not all(map(find_spec, packages))
    }


def _read(package, stub):
    """The module of each name of a stub, and what it exports."""
    places, exported = {}, []
    for line in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom):
            for each in line.names:
                is_module = line.module == package
                place = f"{package}.{each.name}" if is_module else line.module
                places[each.name] = place
        elif isinstance(line, ast.Assign):
            # __all__, the only assignment of a stub
            exported = ast.literal_eval(line.value)
    return places, exported
