"""What a reader has of every public name: types in full, and an example."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

API = Path(__file__).parents[1] / "doc" / "api.rst"
#: Other public names of a class than those without an underscore.
SPECIAL = ("__init__", "__len__", "__iter__", "__getitem__", "__call__")


def _public():
    """Modules and names of doc/api.rst."""
    module, found = None, []
    for line in API.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif module is not None and (match := re.fullmatch(r"   ([\w.]+)", line)):
            found.append((module, match[1]))
    return found


def _functions(value):
    """What can be called of a class, or a function itself; of this package alone."""
    if not inspect.isclass(value):
        yield value
        return
    for cls in value.__mro__:
        if not cls.__module__.startswith("sklearn_unlearn"):
            continue
        for name, each in vars(cls).items():
            if name.startswith("_") and name not in SPECIAL:
                continue
            # what decorators wrap: methods that are there under a condition
            for inside in ("__func__", "fget", "fn", "function"):
                each = getattr(each, inside, each)
            yield each


def _untyped(function):
    function = inspect.unwrap(function)
    if not inspect.isfunction(function):
        return []
    place = f"{function.__module__}.{function.__qualname__}"
    # a method that a function makes has the type that this one says
    if not place.startswith("sklearn_unlearn") or "<locals>" in place:
        return []
    names = list(inspect.signature(function).parameters)
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    missing = {*names, "return"} - {*function.__annotations__}
    return [
        f"{function.__module__}.{function.__qualname__}: {each}" for each in missing
    ]


def _named(module, name):
    try:
        value = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except ImportError as error:
        if "sklearn-unlearn[" not in str(error):
            raise
        pytest.skip("the extra is not installed")
    return value


@pytest.mark.parametrize(("module", "name"), _public())
def test_public_names_have_examples(module, name):
    value = _named(module, name)
    if callable(value):
        assert "\nExamples\n--------\n" in inspect.getdoc(value)


@pytest.mark.parametrize(("module", "name"), _public())
def test_public_names_are_annotated(module, name):
    value = _named(module, name)
    missing = [line for each in _functions(value) for line in _untyped(each)]
    assert not missing, "\n".join(sorted(missing))
