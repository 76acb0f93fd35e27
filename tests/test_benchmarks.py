"""The benchmarks run and give a table; what they measure is asserted nowhere."""

import importlib
import json

import pytest

from benchmarks import TOPICS
from benchmarks.__main__ import main
from benchmarks.profile import functions
from sklearn_unlearn import UnlearnableLogisticRegression


def test_every_topic_can_be_run():
    for topic in TOPICS:
        assert callable(importlib.import_module(f"benchmarks.{topic}").run)


def test_quick_topics_give_tables_and_json(tmp_path, capsys):
    path = tmp_path / "results" / "all.json"
    assert main(["memory", "large_edits", "--quick", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "| d " in printed
    assert "| t D " in printed
    results = json.loads(path.read_text())
    assert list(results) == ["memory", "large_edits"]
    for result in results.values():
        assert result["rows"]
        assert "scikit-learn" in result["environment"]


def test_unknown_topic_is_an_error(capsys):
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "unknown topic 'speed'" in capsys.readouterr().err


def test_profiled_functions_exist():
    model = UnlearnableLogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    for owner, name, _ in functions(model):
        assert callable(getattr(owner, name)), name
