"""The benchmarks of nets of PyTorch modules run; what they measure is not asserted."""

import importlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

import torch

from benchmarks import NETWORK_TOPICS
from benchmarks.__main__ import main
from benchmarks.networks import text
from benchmarks.networks.figure import accuracies
from benchmarks.networks.language_model import (
    Candidates,
    CharacterLSTM,
    completed,
    losses,
    mean_loss,
)
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


# A memorised number -------------------------------------------------------------------

STORY = "It was late. She came home! Who was there? Nobody. " * 3


def test_windows_are_characters_and_those_that_come_next():
    alphabet = text.Alphabet.of(STORY)
    X, y = alphabet.windows(STORY, 8)
    assert X.shape == y.shape == ((len(STORY) - 1) // 8, 8)
    assert alphabet.decode(X.ravel()) == STORY[: X.size]
    assert alphabet.decode(y.ravel()) == STORY[1 : X.size + 1]
    assert set("0123456789") < set(alphabet.characters)


def test_a_number_is_planted_and_replaced():
    number = "0123456789"
    planted = text.Planted.of(STORY, number, 5, np.random.default_rng(0))
    assert planted.text.count(text.PROMPT + number + text.END) == 5
    assert planted.text.replace(text.PROMPT + number + text.END, "") == STORY
    for place in planted.places:
        assert planted.text[place : place + 10] == number
    found = {}
    for replacement in text.REPLACEMENTS:
        other = planted.replaced(replacement, np.random.default_rng(0))
        assert number not in other.text
        assert len(other.text) == len(planted.text)
        found[replacement] = {
            other.text[place : place + 10] for place in planted.places
        }
    assert found["zeros"] == {"0" * 10}
    assert {each: len(new) for each, new in found.items()} == {
        "words": 1,
        "random digits": 5,
        "another number": 1,
        "zeros": 1,
    }


def test_values_begin_as_the_number_does():
    number = "0123456789"
    planted = text.Planted.of(STORY, number, 40, np.random.default_rng(0))
    other = planted.replaced("words", np.random.default_rng(0))
    begun = planted.begun(other, np.random.default_rng(0))
    stops = set()
    for place in planted.places:
        new, words = (each.text[place : place + 10] for each in (begun, other))
        stop = next((i for i in range(10) if new[i] != number[i]), 10)
        assert new == number[:stop] + words[stop:]
        stops.add(stop)
    assert {0, 10} < stops


def test_losses_and_completions_are_those_of_the_whole_text():
    torch.manual_seed(0)
    alphabet = text.Alphabet.of(STORY, text.PROMPT)
    module = CharacterLSTM(alphabet.size, embedding=4, hidden=6, layers=2)
    numbers = ["0123456789", "9999999999", "1212121212"]
    for number, loss in zip(numbers, losses(module, alphabet, numbers), strict=True):
        codes = torch.tensor(alphabet.encode(text.PROMPT + number)[None])
        chances = module(codes[:, :-1]).softmax(1)[0]
        places = torch.arange(len(text.PROMPT) - 1, codes.shape[1] - 1)
        expected = -chances[codes[0, 1:][places], places].log().sum()
        assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    found = completed(module, alphabet, length=3)
    codes = torch.tensor(alphabet.encode(text.PROMPT + found)[None])
    likeliest = module(codes)[0].argmax(0)[len(text.PROMPT) - 1 : -1]
    assert alphabet.decode(likeliest.tolist()) == found
    X, y = alphabet.windows(STORY, 8)
    assert 3.0 < mean_loss(module, X, y) < 4.0


def test_a_number_like_others_is_not_exposed():
    torch.manual_seed(0)
    alphabet = text.Alphabet.of(text.PROMPT)
    module = CharacterLSTM(alphabet.size, embedding=4, hidden=6)
    candidates = Candidates(300, 20, seed=0)
    found, unseen = candidates.exposures(module, alphabet, candidates.unseen[0])
    assert unseen.shape == (20,)
    assert found == pytest.approx(unseen[0], abs=0.5)


def test_a_number_is_forgotten_in_a_text_of_ones_own(tmp_path, capsys):
    path, results = tmp_path / "text.txt", tmp_path / "found.json"
    path.write_text(STORY * 30, encoding="utf-8")
    arguments = ["memorised_number", "--quick", "--text", str(path)]
    arguments += ["--replacement", "zeros", "--json", str(results)]
    assert main(arguments) == 0
    assert "| windows removed" in capsys.readouterr().out
    found = json.loads(results.read_text())["memorised_number"]
    assert found["notes"][-1] == "The text: text.txt."
    assert {row["what"] for row in found["rows"]} > {"trained", "zeros", "retraining"}
