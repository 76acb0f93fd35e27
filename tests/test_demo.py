"""The command line: what it prints and what it returns."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableLogisticRegression, _demo, _demo_data
from sklearn_unlearn.__main__ import main
from sklearn_unlearn.core.threads import controller


@pytest.fixture
def few_images(monkeypatch):
    """All of the demonstration, on 300 images and one BLAS thread: two seconds.

    By its clock every call takes 12 ms, however busy the machine is.
    """
    run, ticks = _demo.run, itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: 0.012 * next(ticks))
    monkeypatch.setattr(_demo, "time", clock)
    monkeypatch.setattr(_demo, "run", lambda say: run(say, n_images=300))
    with controller().limit(limits=1, user_api="blas"):
        yield


@pytest.fixture
def plain_data():
    data = _demo.digits(60)
    return _demo.cases(data), data


def test_demo_agrees(few_images, capsys):
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 100
    assert not re.search(r"nan|inf\b|DISAGREEMENT", printed)
    assert lines[-1].startswith("All agree")
    for request in ("forget an image", "correct values", "correct labels", "drop a"):
        assert sum(line.startswith(request) for line in lines) == 2
    assert sum(line.startswith("then refine") for line in lines) == 1
    share = re.search(r"went (-?\d+)% of the\nway .*: (\d+)% of the image is", printed)
    assert int(share[1]) + int(share[2]) == pytest.approx(100, abs=1)
    assert "to_sklearn() gives a LogisticRegression(C=0.1)" in printed
    assert "predicts 100% of the test images alike" in printed


def disagreements(printed):
    return [line for line in printed.splitlines() if line.startswith("DISAGREEMENT")]


def test_each_of_several_faults_is_told(few_images, monkeypatch, capsys):
    """A request and a refinement that do nothing, an export that predicts otherwise."""
    cls = UnlearnableLogisticRegression
    answer, export = cls.replace_labels, cls.to_sklearn

    def idle(self, X, y, y_new, sample_weight=None):
        return answer(self, X, y, y_new) if self.retain_data else self

    def stale(self):
        model = export(self)
        model.coef_ = -model.coef_
        return model

    monkeypatch.setattr(cls, "replace_labels", idle)
    monkeypatch.setattr(cls, "refine", lambda self, X, y: self)
    monkeypatch.setattr(cls, "to_sklearn", stale)
    assert main(["demo"]) == 1
    found = disagreements(capsys.readouterr().out)
    told = ["correct labels", "then refine with data: ", "to_sklearn predicts"]
    assert {each for each in told for line in found if each in line} == set(told)
    assert all(any(each in line for each in told) for line in found)
    assert sum("correct labels" in line for line in found) == 1


def test_inexact_request_with_data_fails(few_images, monkeypatch, capsys):
    monkeypatch.setattr(_demo, "EXACT", 0.0)
    assert main(["demo"]) == 1
    assert "retained: coefficients differ by" in capsys.readouterr().out


def test_a_case_leads_to_the_data_it_says(plain_data):
    cases, data = plain_data
    out, values, labels, pixel, back = cases
    n = data.recorded.y.size
    assert out.target.y.size == n - 9
    np.testing.assert_array_equal(out.target.X, data.recorded.X[9:])
    assert np.flatnonzero((values.target.X != data.recorded.X).any(axis=1)).size <= 9
    np.testing.assert_array_equal(values.target.X, data.correct.X)
    np.testing.assert_array_equal(labels.target.y, data.correct.y)
    assert np.count_nonzero(labels.target.y != data.recorded.y) == 9
    assert pixel.target.used.shape[1] == 274 - data.pixel.size
    assert back.target.y.size == n


def test_a_shifted_image_keeps_its_pixels():
    image = np.arange(64.0).reshape(1, 8, 8)
    copies = _demo_data.shifted(image)
    np.testing.assert_array_equal(copies[0], image[0])
    np.testing.assert_array_equal(copies[3, 1:], image[0, :-1])
    assert not copies[3, 0].any()
    np.testing.assert_array_equal(_demo_data.features(image)[0, :64], np.arange(64.0))
    assert _demo_data.features(copies).shape == (9, 274)


def test_the_residual_is_that_of_the_model(plain_data):
    data = plain_data[1].recorded
    weight = np.linspace(0.5, 1.5, data.y.size)
    model = UnlearnableLogisticRegression(C=_demo.C).fit(data.X, data.y, weight)
    mine = data.residual(_demo.solution_of(model, data.columns))
    assert mine == pytest.approx(model.gradient_residual(data.X, data.y), rel=1e-9)


def test_versions(capsys):
    assert main(["versions"]) == 0
    assert "scikit-learn: " in capsys.readouterr().out


def test_no_command_prints_help(capsys):
    assert main([]) == 0
    assert "usage: python -m sklearn_unlearn" in capsys.readouterr().out


def test_unknown_command(capsys):
    with pytest.raises(SystemExit) as error:
        main(["forget"])
    assert error.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
