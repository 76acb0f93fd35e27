"""Without torch or skorch the package works, and says what nets need."""

import sys
from types import ModuleType

import pytest

import sklearn_unlearn
import sklearn_unlearn.neural_network
from sklearn_unlearn.utils.optional import OPTIONAL


@pytest.mark.parametrize("absent", ["torch", "skorch"])
@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("module", [sklearn_unlearn, sklearn_unlearn.neural_network])
def test_missing_extras_are_named(monkeypatch, absent, name, module):
    for loaded in [each for each in sys.modules if "neural_network._torch" in each]:
        monkeypatch.delitem(sys.modules, loaded)
    for package in ("torch", "skorch"):  # whatever is installed here
        found = None if package == absent else ModuleType(package)
        monkeypatch.setitem(sys.modules, package, found)
    with pytest.raises(
        ImportError, match=rf"{name} needs {absent}: .*unlearn\[torch\]"
    ):
        getattr(module, name)


def test_other_names_do_not_exist():
    for module in (sklearn_unlearn, sklearn_unlearn.neural_network):
        assert not hasattr(module, "UnlearnableTree")
        assert not set(OPTIONAL) & set(module.__all__)
