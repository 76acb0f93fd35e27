"""The benchmarks run and give a table; what they measure is asserted nowhere."""

import importlib
import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from benchmarks import (
    SOURCE_TOPICS,
    TOPICS,
    architecture,
    data,
    package_source,
    suite,
    suite_sums,
)
from benchmarks.__main__ import main
from benchmarks.capacity import Source, rows_of_source
from benchmarks.certified import Bench, Problem, fits_counted
from benchmarks.measure import Settings, Table
from benchmarks.profile import functions
from benchmarks.published import macro_f1
from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from tests.cases import LARGE_STEPS


def test_every_topic_can_be_run():
    for topic in TOPICS + SOURCE_TOPICS:
        assert callable(importlib.import_module(f"benchmarks.{topic}").run)


def test_quick_topics_give_tables_and_json(tmp_path, capsys):
    path = tmp_path / "results" / "all.json"
    assert (
        main(["memory", "large_edits", "balance", "--quick", "--json", str(path)]) == 0
    )
    printed = capsys.readouterr().out
    assert "| d " in printed
    assert "| t D " in printed
    results = json.loads(path.read_text())
    assert list(results) == ["memory", "large_edits", "balance"]
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


# Architecture -------------------------------------------------------------------------

_SOURCE = '''"""What counts.

A sentence that stands in this module twice, as such do.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RowRequest:
    """A sentence that stands in this module twice, as such do."""


class Model:
    # nothing of another object
    def partial_unfit(self, request):
        self._fitted = request._asdict()
        return self._seen, super()._seen

    def other(self, model):
        vars(self).update(_learned=1)
        return model._seen, getattr(model, "_hidden"), model._learned
'''


def test_source_is_counted_by_the_rules(tmp_path):
    (tmp_path / "model.py").write_text(_SOURCE)
    modules = package_source.read(tmp_path)
    assert package_source.definitions(modules, "partial_unfit") == ["model.py:16 Model"]
    assert package_source.definitions(modules, "partial_fit") == []
    assert package_source.frozen_classes(modules, "Request") == [
        "model.py:10 RowRequest"
    ]
    assert package_source.private_names_reached(modules) == [
        "model.py:22 _seen",
        "model.py:22 _hidden",
    ]
    assert package_source.swaps(modules) == ["model.py:17", "model.py:21"]
    assert len(package_source.repeated_docstring_lines(modules)) == 1
    assert package_source.opening_with_what(modules) == ["model.py"]
    assert package_source.long_modules(modules) == []
    assert modules[0].code_lines() == 10


def test_the_path_of_a_request_is_traced():
    with architecture.Worker(architecture._ROOT, (200, 3)) as worker:
        found = architecture.entered(worker.entered)
        assert set(worker.times(1)) == {"logistic", "scaler, logistic"}
    assert any("partial_unfit" in name for name in found["functions entered, logistic"])
    assert "core/linear/factor.py" in found["files entered, logistic"]


# Every model beside its twin --------------------------------------------------------


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: repr(case.twin))
def test_models_fitted_by_newton_are_compared(case):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 2))
    table = Table("")
    y = case.target(rng, 0.5 * X.sum(axis=1))
    suite.measure(Settings(True, 1, 0.01), table, case, X, y)
    rows = {row["what"]: row for row in table.rows}
    assert rows["fit"]["residual"] < 1e-8
    assert rows["a row out"]["residual"] < 0.1
    assert all(row["as good"] for row in table.rows if "newton" in row["refit"])


@pytest.mark.parametrize(
    ("model", "draw"),
    suite_sums.CASES,
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_models_made_of_sums_are_compared(model, draw):
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    table = Table("")
    settings = Settings(True, 1, 0.01)
    suite_sums.measure(settings, table, model, draw(rng, y, 2), y)
    assert table.rows[0]["difference"] < 1e-10


# Scores ------------------------------------------------------------------------------


def test_macro_f1_is_scikit_learns():
    rng = np.random.default_rng(0)
    positive, found = rng.random(40) < 0.3, rng.random((40, 5)) < 0.4
    found[:, 0] = True
    expected = [f1_score(positive, guess, average="macro") for guess in found.T]
    np.testing.assert_allclose(macro_f1(positive, found), expected)


# Certified forgetting ---------------------------------------------------------------


@pytest.fixture(scope="module")
def halves():
    X, y = data.breast_cancer()
    return (X[::2], y[::2]), (X[1::2], y[1::2])


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_every_method_is_within_its_bound(halves, fit_intercept):
    columns = np.array([3, 7])
    bench = Bench(Problem("breast cancer", *halves, {}, fit_intercept))
    found = bench.draw(columns, seed=0)
    for method, outcome in found.items():
        if method.startswith("retraining"):
            assert np.isnan(outcome.bound)
        else:
            assert outcome.distance <= outcome.bound, method
    assert found["ours, refined"].f1 == pytest.approx(found["retraining, cold"].f1)
    assert (bench.fits, bench.requests) == (0, 2)


def test_refined_requests_refit_nothing(halves):
    X, y = halves[0]
    certification = GaussianCertification(0.1, 0.01, sigma=1.0)
    model = UnlearnableLogisticRegression(retain_data=True, certification=certification)
    with fits_counted() as (ours, theirs):
        model.fit(X, y)
        assert ours.call_count == 1  # the spy sees what is a fit
        model.forget_features([3, 7]).partial_unfit(X[:10], y[:10])
    assert (ours.call_count, theirs.call_count) == (1, 0)
    assert model.private_record().publication == 3


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_requests_are_counted_to_the_first_refusal(halves):
    source = Source("breast cancer", *halves, np.arange(30), 2, 5)
    rows = list(rows_of_source(source))
    assert [(row["request"], row["mode"]) for row in rows] == [
        (request, mode)
        for mode in ("data-free", "refined")
        for request in ("row", "10 rows", "column")
    ]
    for row in rows:
        assert row["requests"]
