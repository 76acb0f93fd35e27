"""What an import brings with it: little, and no package of an extra."""

import ast
import inspect
import json
import pickle
import pydoc
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import sklearn_unlearn
from sklearn_unlearn.utils.optional import OPTIONAL

EXTRAS = {
    "cryptography",
    "dask",
    "imblearn",
    "matplotlib",
    "numba",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "skorch",
    "torch",
}


def _imported(statement, before="pass"):
    """The modules that a statement imports, in a process of its own."""
    program = (
        f"import json, sys\n{before}\nknown = set(sys.modules)\n{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - known)))"
    )
    command = [sys.executable, "-c", program]
    root = Path(sklearn_unlearn.__file__).parents[1]
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=root
    )
    return json.loads(printed.stdout)


def test_the_package_alone_imports_no_estimator():
    imported = _imported("import sklearn_unlearn")
    assert "sklearn" not in imported
    assert "numpy" not in imported
    own = [name for name in imported if name.startswith("sklearn_unlearn")]
    assert own == [
        "sklearn_unlearn",
        "sklearn_unlearn.utils",
        "sklearn_unlearn.utils.lazy",
        "sklearn_unlearn.utils.optional",
    ]


def test_a_linear_model_imports_no_other_family():
    imported = _imported(
        "from sklearn_unlearn import UnlearnableLogisticRegression",
        before="from sklearn.linear_model import LogisticRegression",
    )
    others = ("ensemble", "tree", "svm", "neighbors", "neural_network", "pipeline")
    for name in (*others, "model_selection", "inspection", "metrics"):
        assert f"sklearn_unlearn.{name}" not in imported
    # 188 modules when this was written, of about 400
    assert sum(name.startswith("sklearn_unlearn") for name in imported) < 220


def test_no_extra_is_imported_by_any_name():
    every = "from sklearn_unlearn import *"
    # modules of scikit-learn import pandas and others, where they are installed
    theirs = [name for name in _imported(every) if name.startswith("sklearn.")]
    imported = _imported(every, before="import " + ", ".join(theirs))
    assert "sklearn_unlearn.svm" in imported
    assert not EXTRAS & {name.partition(".")[0] for name in imported}


def test_what_is_listed_is_there():
    assert {*sklearn_unlearn.__all__} <= {*dir(sklearn_unlearn)}
    assert "__version__" in dir(sklearn_unlearn)
    for name in sklearn_unlearn.__all__:
        assert getattr(sklearn_unlearn, name).__name__ == name


def test_the_package_can_be_read_about():
    assert "UnlearnableRidge" in pydoc.render_doc(sklearn_unlearn)
    named = {name for name, _ in inspect.getmembers(sklearn_unlearn)}
    assert {*sklearn_unlearn.__all__} <= named
    missing = {
        name
        for name, (_, _, packages) in OPTIONAL.items()
        if not all(map(find_spec, packages))
    }
    assert {*OPTIONAL} & {*dir(sklearn_unlearn)} == {*OPTIONAL} - missing


def test_threads_may_ask_for_names_at_once():
    program = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sklearn_unlearn

names = sklearn_unlearn.__all__
begin = Barrier(len(names))

def ask(name):
    begin.wait()
    return getattr(sklearn_unlearn, name)

with ThreadPoolExecutor(len(names)) as pool:
    assert len(list(pool.map(ask, names))) == len(names)
"""
    root = Path(sklearn_unlearn.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)


def test_the_stub_names_the_packages_and_all_that_is_exported():
    stub = Path(sklearn_unlearn.__file__).with_suffix(".pyi").read_text("utf-8")
    lines = [each for each in ast.parse(stub).body if isinstance(each, ast.ImportFrom)]
    places = {alias.name: each.module for each in lines for alias in each.names}
    folder = Path(sklearn_unlearn.__file__).parent
    packages = {path.parent.name for path in folder.glob("[a-z]*/__init__.py")}
    # core is for those who write unlearners, transformers and the like for us
    inner = {"core", "dask", "row_models", "sufficient_statistics", "transformers"}
    assert packages - inner <= places.keys()
    modules = {name for name, place in places.items() if place == "sklearn_unlearn"}
    assert {*sklearn_unlearn.__all__} | {*OPTIONAL} == places.keys() - modules


def test_modules_are_attributes_of_the_package():
    names = _imported(
        "import sklearn_unlearn; sklearn_unlearn.linear_model.UnlearnableRidge"
    )
    assert "sklearn_unlearn.linear_model" in names


@pytest.mark.parametrize("name", ["UnlearnableRigde", "_ast", "numpy", "OPTIONAL"])
def test_what_is_not_there_is_said(name):
    with pytest.raises(AttributeError, match=f"'sklearn_unlearn' has no .*'{name}'"):
        getattr(sklearn_unlearn, name)


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra is installed")
def test_an_extra_that_is_missing_is_named():
    for name in OPTIONAL:
        with pytest.raises(ImportError, match=r"sklearn-unlearn\[torch\]"):
            getattr(sklearn_unlearn, name)


def test_pickles_import_what_they_need():
    model = sklearn_unlearn.UnlearnableRidge(alpha=2.0)
    state = pickle.dumps(model)
    imported = _imported(f"import pickle; pickle.loads({state!r})")
    assert "sklearn_unlearn.linear_model" in imported
    assert "sklearn_unlearn.tree" not in imported
