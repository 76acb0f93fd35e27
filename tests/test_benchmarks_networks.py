"""The benchmarks of nets of PyTorch modules run; what they measure is not asserted."""

import importlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

from benchmarks import NETWORK_TOPICS
from benchmarks.__main__ import main
from benchmarks.networks.figure import accuracies
from benchmarks.networks.modules import Convolutional, module_named
from benchmarks.networks.poisoning import Poisoned, images
from benchmarks.networks.training import first_at


def test_every_topic_can_be_run():
    for topic in NETWORK_TOPICS:
        assert callable(importlib.import_module(f"benchmarks.networks.{topic}").run)


# Poisoned labels ----------------------------------------------------------------------


def test_half_the_labels_of_six_classes_are_swapped():
    X, y = images()
    data = Poisoned.draw(X, y, seed=0)
    pairs = set(zip(data.y[data.bad], data.wrong[data.bad], strict=True))
    assert pairs == {(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)}
    for label in range(6):
        of_class = data.y == label
        assert data.bad[of_class].sum() == of_class.sum() // 2
    assert X.shape[1:] == (1, 8, 8)
    assert data.X_test.shape[0] + data.X.shape[0] == X.shape[0]


def test_images_and_module_are_arguments(tmp_path, capsys):
    rng = np.random.default_rng(0)
    path, results = tmp_path / "images.npz", tmp_path / "found.json"
    X = rng.integers(0, 256, (80, 3 * 8 * 6), dtype=np.uint8)
    np.savez(path, X=X, y=np.arange(80) % 8)
    arguments = ["poisoned_labels", "--quick", "--images", str(path)]
    arguments += ["--shape", "3", "8", "6", "--json", str(results)]
    arguments += ["--module", "benchmarks.networks.modules:Convolutional"]
    assert main(arguments) == 0
    assert "| SISA" in capsys.readouterr().out
    found = json.loads(results.read_text())["poisoned_labels"]
    assert "60 images of (3, 8, 6)" in found["notes"][0]
    names = [row["what"] for row in found["rows"]]
    assert "Levenberg-Marquardt, 2 steps" in names
    assert len(names) == len(set(names))


def test_a_module_is_named_with_a_colon():
    assert module_named("benchmarks.networks.modules:Convolutional") is Convolutional
    with pytest.raises(ValueError, match="module:Class"):
        module_named("benchmarks")


def test_the_first_point_at_a_goal():
    curve = [(1.0, 0.5), (2.0, 0.9), (3.0, 0.8)]
    assert first_at(curve, 0.8) == 2.0
    assert first_at(curve, 0.95) == float("inf")


def test_curves_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "figures" / "accuracy.svg"
    accuracies(path, 0.5, {"one": [(1.0, 0.7)], "two": [(1.0, 0.6), (2.0, 0.8)]})
    assert "seconds" in path.read_text()
