"""The benchmarks of pipelines measure what their tables say, on tiny data."""

import sys

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import figure, pipeline, pipeline_text, preprocessing
from benchmarks.__main__ import main
from benchmarks.effects import effects
from benchmarks.measure import Settings, Table

QUICK = Settings(True, 1, 0.01)

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::sklearn_unlearn.exceptions.{name}")
    for name in ("LargeStepWarning", "UnseenRowsWarning")
]


@pytest.fixture(scope="module")
def people():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40.0, 10.0, 150),
            "income": rng.gamma(2.0, 1.0, 150),
            "town": rng.choice(["Bonn", "Oslo", "Rome"], 150).astype(object),
        }
    )
    frame.loc[3:9, ["age", "town"]] = np.nan
    frame.loc[50, ["income", "town"]] = [60.0, "Grinzens"]
    y = (frame["income"] + rng.logistic(size=150) > 2.0).astype(np.int64).to_numpy()
    return frame, y


@pytest.fixture(scope="module")
def measured(people):
    table = Table("")
    pipeline.measure(QUICK, table, pipeline.fitted(*people), sizes=(1, 5))
    return table


# Who is influential -----------------------------------------------------------------


def statistics(frame):
    """Means, imputed numbers, variances, and what is imputed for words, and words."""
    numbers, words = frame[["age", "income"]], frame[["town"]]
    imputer = SimpleImputer().fit(numbers)
    scaler = StandardScaler().fit(imputer.transform(numbers))
    words_imputer = SimpleImputer(strategy="most_frequent").fit(words)
    coder = OneHotEncoder().fit(words_imputer.transform(words))
    return (
        scaler.mean_,
        imputer.statistics_,
        scaler.var_,
        words_imputer.statistics_[0],
        set(coder.categories_[0]),
    )


@pytest.mark.parametrize("tie", [False, True])
def test_effects_are_those_of_leaving_one_out(people, tie):
    frame = people[0].copy()
    if tie:  # each row of Bonn decides what is imputed
        missing = [np.nan] * 3
        towns = [*missing, *["Bonn"] * 72, *missing, *["Oslo"] * 71, "Rome"]
        frame["town"] = np.array(towns, dtype=object)
    mean, imputed, variance, town, towns = statistics(frame)
    found = effects(frame)
    for row in (0, 4, 50, 75, 100, 149):
        left = statistics(frame.drop(index=row))
        changes = [
            *(left[0] - mean) / np.sqrt(variance),
            *(left[1] - imputed) / np.sqrt(variance),
            *left[2] / variance - 1.0,
            left[3] != town,
            len(towns - left[4]),
        ]
        assert found[row] == pytest.approx(np.linalg.norm(changes), rel=1e-10)


def test_an_extreme_row_with_a_town_of_its_own_is_influential(people):
    groups = pipeline.people_of(people[0])
    assert groups["influential"].tolist() == [50]
    assert len(groups["ordinary"]) == 149


# Adult ------------------------------------------------------------------------------


def test_people_leave_ours_as_they_leave_a_refit(measured):
    who = [(row["people"], row["size"]) for row in measured.rows]
    assert who == [("ordinary", 1), ("ordinary", 5), ("influential", 1)]
    for row in measured.rows:
        assert row["statistics"] < 1e-10
        assert row["exact"] < 1e-8 < row["behind"]
    goals = {figure["what"]: figure["goal"] for figure in measured.figures}
    assert goals["ours over frozen, worst draw, 1 ordinary"] == "<= 1.1"
    assert goals["frozen over ours, 1 influential"] == ">= 5"
    assert goals["times faster than a refit, 1 ordinary"] == ">= 20"


def test_what_transformers_know_is_compared(people):
    X, y = people
    case = pipeline.fitted(X, y)
    others = case.others(np.array([50]))
    refit = pipeline.fitted(*others).without_data
    assert pipeline.difference(refit, refit) == 0.0
    assert pipeline.difference(case.without_data, refit) == np.inf  # Grinzens
    ordinary = pipeline.fitted(*case.others(np.array([0]))).without_data
    assert 0.0 < pipeline.difference(case.without_data, ordinary) < np.inf


def test_refused_steps_have_no_error(people):
    case = pipeline.fitted(*people)
    out = np.flatnonzero(people[1] == 1)[1:]
    models = preprocessing.answers(case, out)
    assert models["ours"] is None
    assert set(preprocessing.errors(models, case.X)) == {"exact", "behind"}
    assert preprocessing.times(QUICK, case, out, models)["ours_in"] == "refused"


# Mails ------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["l2", None])
def test_words_leave_with_documents(norm):
    rng = np.random.default_rng(0)
    words = np.array([f"word{at}" for at in range(20)])
    documents = [" ".join(rng.choice(words, 8)) for _ in range(120)]
    y = np.array(["word1" in each.split() for each in documents]).astype(np.int64)
    table = Table("")
    names = {1: "solitarius", 4: "quattuor"}
    pipeline_text.measure(QUICK, table, documents, y, norm, names)
    for row, size in zip(table.rows, names, strict=True):
        assert (row["words"], row["words vanish"], row["left"]) == (22, 1, 0)
        assert row["name left"] == 0
        assert row["name before"] >= size  # the spy sees what is there
        assert row["idf"] < 1e-10
        assert row["exact"] < 1e-8
        assert row["warned"] == (norm is not None)
    assert all(each["reached"] for each in table.figures)
    assert not any("solitarius" in each for each in documents)


# Figures ----------------------------------------------------------------------------


def test_the_table_is_drawn(measured, tmp_path):
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "figures" / "one.svg", tmp_path / "two.svg"
    for path in (first, second):
        pipeline.plot(measured, path)
    drawn = first.read_text()
    assert drawn == second.read_text()
    for label in ("ordinary people", "ours, with data", "model alone, refitted"):
        assert label in drawn


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"sklearn-unlearn\[plot\]"):
        figure.curves(tmp_path / "one.svg", {"": {}}, x="", y="")


def test_topics_without_a_figure_cannot_be_drawn(capsys):
    with pytest.raises(SystemExit):
        main(["memory", "--plot", "one.svg"])
    assert "--plot needs exactly one topic" in capsys.readouterr().err
