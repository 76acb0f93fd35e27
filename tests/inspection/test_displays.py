"""What displays show is what the metrics returned."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sklearn_unlearn import (
    GaussianCertification,
    ShardedClassifier,
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.certification import PrivateRecord
from sklearn_unlearn.inspection import (
    BudgetDisplay,
    EfficiencyDisplay,
    FidelityDisplay,
    ResidualDisplay,
)
from sklearn_unlearn.metrics import (
    Efficiency,
    Fidelity,
    gradient_residual_norm,
    sample_losses,
)
from sklearn_unlearn.utils.residual import GradientResidual

DISPLAYS = [BudgetDisplay, EfficiencyDisplay, FidelityDisplay, ResidualDisplay]
REQUESTS = [[0], [1, 2, 3], [4, 5, 6]]


def record(spent, budget=1.0):
    numbers = dict.fromkeys(PrivateRecord.__dataclass_fields__, 0.0)
    del numbers["schema"]
    return PrivateRecord(**{**numbers, "spent": spent, "budget": budget})


RESULTS = {
    BudgetDisplay: {"a": [record(0.2, 2.0), record(0.5, 2.0)], "b": record(0.1)},
    EfficiencyDisplay: {
        "a": [Efficiency(1.0, 10.0, 5, 500), Efficiency(1.0, 30.0, 5, 500)],
        "b": Efficiency(4.0, 1.0, 100, 50),
    },
    FidelityDisplay: {
        "a": [Fidelity(3.0, 2.0, 0, 0, 0, 0, 1.0), Fidelity(1.5, 1.5, 0, 0, 0, 0, 1.0)],
        "b": Fidelity(0.5, 0.0, 0, 0, 0, 0, 1.0),
    },
    ResidualDisplay: {"a": [1.0, GradientResidual(1e-12, 1e-9)], "b": 10.0},
}


@pytest.fixture(autouse=True)
def plt():
    plt = pytest.importorskip("matplotlib.pyplot")
    yield plt
    plt.close("all")


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    return X[:300], y[:300], X[300:], y[300:]


@pytest.fixture(scope="module")
def fitted(cancer):
    X, y, _, _ = cancer
    return UnlearnableLogisticRegression(C=0.02).fit(X, y)


def points(line):
    return np.array(line.get_xdata(), float), np.array(line.get_ydata(), float)


@pytest.mark.parametrize("cls", DISPLAYS)
def test_axes_and_figures(cls, plt):
    display = cls.from_results(RESULTS[cls])
    assert isinstance(display, cls)
    assert display.figure_ is display.ax_.figure
    figure, ax = plt.subplots()
    assert display.plot(ax=ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    drawn = cls.from_results(RESULTS[cls], ax=ax)
    assert drawn.ax_ is ax
    display.figure_.canvas.draw()
    assert ax.get_ylabel()


@pytest.mark.parametrize("cls", DISPLAYS)
def test_frames(cls):
    pytest.importorskip("pandas")
    frame = cls.from_results(RESULTS[cls]).frame()
    assert frame["method"].tolist() == ["a", "a", "b"]
    assert frame["request"].tolist() == [0, 1, 0]
    column = {
        BudgetDisplay: ("spent", [0.2, 0.5, 0.1]),
        EfficiencyDisplay: ("refit_seconds", [10.0, 30.0, 1.0]),
        FidelityDisplay: ("loss", [3.0, 1.5, 0.5]),
        ResidualDisplay: ("rounding_error", [0.0, 1e-9, 0.0]),
    }[cls]
    assert frame[column[0]].tolist() == column[1]


@pytest.mark.parametrize("cls", DISPLAYS)
def test_what_is_no_result(cls):
    with pytest.raises(TypeError, match=f"{cls.__name__} takes results of class"):
        cls.from_results({"a": "no result"})
    with pytest.raises(TypeError, match="must be a dict"):
        cls.from_results([RESULTS[cls]["b"]])
    for nothing in ({}, {"a": []}):
        with pytest.raises(ValueError, match="holds none"):
            cls.from_results(nothing)


@pytest.mark.parametrize("cls", DISPLAYS)
def test_without_matplotlib(cls, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"\.plot needs matplotlib.*\[plot\]"):
        cls.from_results(RESULTS[cls])


def test_residuals_below_rounding_are_drawn_there():
    display = ResidualDisplay.from_results(RESULTS[ResidualDisplay], marker="x")
    places, values = points(display.lines_[0])
    assert (places.tolist(), values.tolist()) == ([0.0, 0.0], [1.0, 1e-9])
    assert points(display.medians_[0])[1] == pytest.approx(0.5, abs=1e-8)
    assert display.lines_[1].get_marker() == "x"
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == ["a", "b"]
    assert display.ax_.get_yscale() == "log"


def test_changes_of_the_loss_and_the_identity():
    display = FidelityDisplay.from_results(RESULTS[FidelityDisplay])
    exact, unlearned = points(display.lines_[0])
    assert (exact.tolist(), unlearned.tolist()) == ([1.0, 0.5], [2.0, 0.5])
    ends = points(display.identity_line_)
    assert ends[0].tolist() == ends[1].tolist() == [-1.0, 2.0]
    assert "change" in display.ax_.get_xlabel()
    losses = FidelityDisplay.from_results({"a": Fidelity(3.0, 2.0, 0, 0, 0, 0)})
    assert points(losses.lines_[0])[1].tolist() == [3.0]
    assert losses.ax_.get_ylabel() == "loss, unlearned"


def test_bars_start_at_the_refit():
    display = EfficiencyDisplay.from_results(RESULTS[EfficiencyDisplay])
    assert [bar.get_y() for bar in display.bars_] == [1.0, 1.0]
    assert [bar.get_y() + bar.get_height() for bar in display.bars_] == [20.0, 0.25]
    assert set(display.line_.get_ydata()) == {1.0}
    display.plot(measure="gradients")
    assert [bar.get_y() + bar.get_height() for bar in display.bars_] == [100.0, 0.5]
    with pytest.raises(ValueError, match="measure must be"):
        display.plot(measure="joules")
    unknown = EfficiencyDisplay.from_results({"a": Efficiency(1.0, 2.0)})
    with pytest.raises(ValueError, match="do not tell how many gradients"):
        unknown.plot(measure="gradients")


def test_shares_of_budgets():
    display = BudgetDisplay.from_results(RESULTS[BudgetDisplay])
    assert [points(line)[1].tolist() for line in display.lines_] == [[0.1, 0.25], [0.1]]
    assert set(display.budget_line_.get_ydata()) == {1.0}


def test_residuals_of_an_estimator(cancer, fitted):
    X, y, _, _ = cancer
    before = fitted.coef_.copy()
    display = ResidualDisplay.from_estimator(fitted, X, y, REQUESTS)
    results = display.results
    assert list(results) == ["no update", "unlearned", "refit"]
    rest = np.delete(np.arange(300), REQUESTS[1])
    assert results["no update"][1] == gradient_residual_norm(fitted, X[rest], y[rest])
    for kept, unlearned, refit in zip(*results.values(), strict=True):
        assert refit < 1e-7 < unlearned < kept / 5
    assert np.array_equal(fitted.coef_, before)


def test_fidelity_of_an_estimator(cancer, fitted):
    X, y, X_test, y_test = cancer
    display = FidelityDisplay.from_estimator(fitted, X, y, REQUESTS, X_test, y_test)
    exact, unlearned = points(display.lines_[0])
    assert exact.size == 3
    assert unlearned == pytest.approx(exact, rel=0.2)
    assert np.abs(exact).min() > 1e-6
    kept = UnlearnableLogisticRegression(C=0.02, unlearning_rate=1e-12)
    kept = kept.set_params(method="first_order").fit(X, y)
    bad = FidelityDisplay.from_estimator(kept, X, y, REQUESTS, X_test, y_test)
    assert points(bad.lines_[0])[1] == pytest.approx(0.0, abs=1e-9)


def test_efficiency_of_an_estimator(cancer, fitted):
    X, y, _, _ = cancer
    display = EfficiencyDisplay.from_estimator(fitted, X, y, REQUESTS, repeats=1)
    assert {name: len(each) for name, each in display.results.items()} == {
        "1 row": 1,
        "3 rows": 2,
    }
    assert all(each.seconds > 0.0 for each in display.results["3 rows"])


@pytest.mark.parametrize("retain_data", [False, True])
def test_budget_of_an_estimator(cancer, retain_data):
    X, y, _, _ = cancer
    sigma = 0.05 if retain_data else 1.0
    model = UnlearnableLogisticRegression(
        C=0.02,
        retain_data=retain_data,
        certification=GaussianCertification(1.0, 1e-5, sigma, random_state=0),
    ).fit(X, y)
    published = model.coef_.copy()
    display = BudgetDisplay.from_estimator(model, X, y, [[i] for i in range(60)])
    (shares,) = [points(line)[1] for line in display.lines_]
    assert np.all(np.diff(shares) > 0.0)
    assert shares[-1] <= 1.0
    if retain_data:
        assert shares.size == 61
        assert shares[-1] < 1e-4
    else:  # refused for want of budget
        assert 2 < shares.size < 61
    assert np.array_equal(model.coef_, published)
    assert (
        model.private_record().spent == display.results[type(model).__name__][0].spent
    )


def test_no_budget_without_certification(cancer, fitted):
    X, y, _, _ = cancer
    with pytest.raises(ValueError, match="certification=None"):
        BudgetDisplay.from_estimator(fitted, X, y, REQUESTS)


@pytest.mark.parametrize("retain_data", [True, False])
def test_a_refit_has_no_column_that_was_forgotten(cancer, retain_data):
    X, y, X_test, y_test = cancer
    model = UnlearnableLogisticRegression(C=0.02, retain_data=retain_data).fit(X, y)
    model.forget_features([2, 7]).refine(X, y)
    fresh = UnlearnableLogisticRegression(C=0.02).fit(
        np.delete(X[1:], [2, 7], axis=1), y[1:]
    )
    blank = X_test.copy()
    blank[:, [2, 7]] = np.nan
    display = FidelityDisplay.from_estimator(model, X, y, [[0]], blank, y_test)
    (found,) = display.results[type(model).__name__]
    expected = sample_losses(fresh, np.delete(X_test, [2, 7], axis=1), y_test).mean()
    assert found.refit_loss == pytest.approx(expected, rel=1e-12)
    assert found.prediction_distance < 1e-3
    residuals = ResidualDisplay.from_estimator(model, X, y, REQUESTS).results
    assert max(residuals["refit"]) < 1e-7 < min(residuals["no update"])
    EfficiencyDisplay.from_estimator(model, X, y, [[0]], repeats=1)


def test_a_refit_of_sums_and_shards_has_no_column_that_was_forgotten(cancer):
    X, y, X_test, y_test = cancer
    sharded = ShardedClassifier(n_shards=2, random_state=0)
    for model in (UnlearnableGaussianNB(), sharded):
        model.fit(X, y).forget_features([2, 7])
        display = FidelityDisplay.from_estimator(model, X, y, [[0]], X_test, y_test)
        (found,) = display.results[type(model).__name__]
        assert found.prediction_distance < 1e-9
    steps = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression(retain_data=True)
    )
    steps.fit(X, y).forget_features([2])
    with pytest.raises(ValueError, match="has forgotten columns"):
        FidelityDisplay.from_estimator(steps, X, y, [[0]], X_test, y_test)


@pytest.mark.parametrize("cls", [BudgetDisplay, FidelityDisplay, ResidualDisplay])
def test_styles_of_lines(cls):
    display = cls.from_results(
        {"a": RESULTS[cls]["b"]}, label="mine", ls=":", c="red", lw=3.0
    )
    (line,) = display.lines_
    assert line.get_label() == "mine"
    assert line.get_linestyle() == ":"
    assert line.get_color() == "red"
    assert line.get_linewidth() == 3.0
