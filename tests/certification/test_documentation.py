"""Every promise of the page about certificates names tests, and these exist."""

import ast
import re
from pathlib import Path

import pytest

from sklearn_unlearn import UnlearnableLogisticRegression, UnlearnablePipeline

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "doc" / "certification.rst").read_text(encoding="utf-8")
_, TABLE = PAGE.split("**Which test refutes what**")
TABLE = TABLE.split("What no certificate covers\n---")[0]
#: Sentence to the tests that would refute it; titles of sections have none.
PROMISES = {
    " ".join(sentence.split()): re.findall(r"`([\w/]+\.py)::(test_\w+)`", named)
    for sentence, named in re.findall(
        r"^   \* - (.*?)^     -(.*?)(?=^   \* -|\Z)", TABLE, re.M | re.S
    )
}


def functions(path):
    """Names of the tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_table_is_read_whole():
    assert len(PROMISES) > 40
    named = sum(map(len, PROMISES.values()))
    assert named == len(re.findall(r"::test_", TABLE)) > 80


@pytest.mark.parametrize("sentence", PROMISES)
def test_every_test_that_is_named_exists(sentence):
    if sentence == "sentence" or sentence.startswith("*"):
        assert not PROMISES[sentence]
        return
    assert PROMISES[sentence]
    for path, name in PROMISES[sentence]:
        assert name in functions(TESTS / path)


def test_tests_that_the_text_names_exist():
    known = set().union(*(functions(path) for path in TESTS.rglob("test_*.py")))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert named <= known


def test_every_file_of_these_tests_refutes_something():
    named = {path for tests in PROMISES.values() for path, _ in tests}
    # checks of arguments and of the interface, and this file, are about no sentence
    others = {"test_checks.py", "test_documentation.py"}
    for folder in ("certification", "certified"):
        for path in (TESTS / folder).glob("test_*.py"):
            assert f"{folder}/{path.name}" in named or path.name in others


@pytest.mark.parametrize("cls", [UnlearnableLogisticRegression, UnlearnablePipeline])
@pytest.mark.parametrize(
    "name",
    ["removal_cost", "capacity", "influence", "gradient_residual", "private_record"],
)
def test_what_is_for_the_operator_says_so(cls, name):
    if not hasattr(cls, name):
        assert cls is UnlearnablePipeline
        return
    said = " ".join(getattr(cls, name).__doc__.lower().split())
    assert "for the operator" in said
    assert "request" in said[said.index("for the operator") :]
