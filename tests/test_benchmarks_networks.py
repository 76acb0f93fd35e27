"""The benchmarks of nets of PyTorch modules run; what they measure is not asserted."""

import importlib

import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

from benchmarks import NETWORK_TOPICS


def test_every_topic_can_be_run():
    for topic in NETWORK_TOPICS:
        assert callable(importlib.import_module(f"benchmarks.networks.{topic}").run)
