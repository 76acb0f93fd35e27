"""The whole study of the paper, from its command line, and its verdicts."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from benchmarks.paper import answers, findings, study
from benchmarks.paper.__main__ import main
from benchmarks.paper.findings import Statement
from benchmarks.paper.progress import progress
from benchmarks.paper.requests import REMOVED
from sklearn_unlearn.exceptions import LargeStepWarning
from tests.paper_files import write

# as the command line has it: the study is about steps that are large, and its rivals
# are stopped early
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{each.__module__}.{each.__name__}")
    for each in (ConvergenceWarning, LargeStepWarning)
]


def rows_of(residuals):
    """A table with a draw of each method in each case."""
    return [
        {"data": data, "request": REMOVED, "size": 1.0, "method": name, "residual": r}
        for data, by_method in residuals.items()
        for name, r in by_method.items()
    ]


@pytest.mark.parametrize(
    ("second", "verdict", "exceptions"),
    [
        ((1.0, 1.0), "confirmed, 2 of 2 cases", ()),
        ((1.0, 3.0), "confirmed in part, 1 of 2 cases", ("b, features removed, 1",)),
        (
            (3.0, 3.0),
            "NOT confirmed, 0 of 2 cases",
            ("a, features removed, 1", "b, features removed, 1"),
        ),
    ],
)
def test_verdicts_follow_the_figures(second, verdict, exceptions):
    others = {
        answers.FIRST: 2.0,
        answers.FINE_TUNING: 2.5,
        answers.NO_UPDATE: 9.0,
    }
    rows = rows_of(
        {
            name: {**others, answers.SECOND: value}
            for name, value in zip("ab", second, strict=True)
        }
    )
    found = findings.FINDINGS[0].judged({"efficacy": rows})
    assert str(found) == verdict
    assert found.exceptions == exceptions
    assert found.n_requests == (1, 1)


def test_a_tie_confirms_nothing():
    names = (answers.SECOND, answers.NO_UPDATE, answers.FINE_TUNING, answers.FIRST)
    rows = rows_of({"a": dict.fromkeys(names, 0.5)})
    rows = [{**row, "classical_accuracy": 0.5} for row in rows]
    (finding,) = (each for each in findings.FINDINGS if each.table == "certification")
    assert str(finding.judged({"certification": rows})) == "NOT confirmed, 0 of 1 cases"


def test_statements_may_not_apply():
    statement = Statement("efficacy", "", "", lambda figures: None)
    found = statement.judged({"efficacy": rows_of({"a": {answers.SECOND: 1.0}})})
    assert str(found) == "not measured"


@pytest.fixture
def files(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    return write(tmp_path, scale(X), y, "3\n7 8\n")


def arguments(files, out):
    own = ["--only", "--data", "mine", *files, "--out", str(out), "--no-progress"]
    return [*own, "--quick"]


def test_study_writes_tables_and_a_summary(files, tmp_path, capsys):
    out = tmp_path / "results"
    assert main([*arguments(files, out), "--no-figures", "--lambda", "0.5"]) == 0
    text = (out / "summary.md").read_text()
    assert text in capsys.readouterr().out
    assert "lambda = 0.5" in text
    tables = study.read(out)
    assert set(tables) == set(study.TABLES)
    exact = [row for row in tables["efficacy"] if row["method"] == answers.EXACT]
    assert [row["size"] for row in exact] == [1.0, 2.0, 10.0, 100.0]
    assert max(row["residual"] for row in exact) <= findings.GOAL
    for statement in (*findings.FINDINGS, *findings.REACH):
        assert f"{statement.text} **{statement.judged(tables)}**" in text
    for row in tables["certification"]:
        if not np.isnan(row["bound"]):
            assert row["distance"] <= row["bound"]

    # with figures it is the same, where they can be drawn
    again, draws = tmp_path / "again", find_spec("matplotlib") is not None
    figures = [] if draws else ["--no-figures"]
    main([*arguments(files, again), *figures, "--lambda", "0.5"])
    shown = capsys.readouterr().out
    for name in ("efficacy", "fidelity", "certification"):
        first, second = ((at / f"{name}.csv").read_text() for at in (out, again))
        assert first == second
    names = [f"{t}_mine.png" for t in ("efficacy", "fidelity", "efficiency")] * draws
    assert {path.name for path in again.glob("*.png")} == set(names)
    assert all(f"![{name}]({name})" in shown for name in names)


def refusal(capsys, *given):
    """What the command line says to arguments that it refuses."""
    with pytest.raises(SystemExit) as stop:
        main([*given, "--no-progress"])
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_data_that_are_missing_are_left_out(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SKLEARN_UNLEARN_DATA", "elsewhere")
    out = tmp_path / "results"
    given = ["--data-folder", str(tmp_path), "--out", str(out), "--no-figures"]
    # a name that reads as a number is a name
    own = ["--data", "1e3", *files, "--quick"]
    assert main(["--only", "pima", *given, *own, "--no-progress"]) == 0
    text = capsys.readouterr().out
    assert "Left out: pima" in text
    assert "| 1e3 " in text
    assert "Left out: pima" in refusal(capsys, "--only", "pima", *given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--lambda", "0"], "must be positive"),
        (["--draws", "0"], "must be at least 1"),
        (["--draws", "-1"], "must be at least 1"),
        (["--seed", "-1"], "must be at least 0"),
        (["--only"], "no data are chosen"),
        (["--data-folder", "nowhere"], "no such folder: nowhere"),
        (["--only", "--data", "a", "X.npy", "y.npy", "c.txt"], "X.npy"),
    ],
)
def test_arguments_that_are_refused(given, message, capsys):
    assert message in refusal(capsys, *given, "--no-figures")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/b"], "names are of letters"),
        (["a", "A"], "a name of its own"),
        (["adult", "b"], "a name of its own"),
    ],
)
def test_names_are_parts_of_file_names(files, names, message, capsys):
    given = [part for name in names for part in ("--data", name, *files)]
    assert message in refusal(capsys, "--only", "adult", *given, "--no-figures")


def test_figures_are_known_to_be_possible_before_anything_else(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert "matplotlib" in refusal(capsys, "--only", "pima")


def test_progress_is_shown():
    pytest.importorskip("rich")
    with progress(True) as bar:
        bar.begin("mine", 2)
        bar.describe("a request")
        bar.advance()
    with progress(False) as bar:
        bar.begin("mine", 2)
        bar.advance()
