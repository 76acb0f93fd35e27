"""Modules that import an extra are collected where it is installed."""

from importlib.util import find_spec

collect_ignore = []
if find_spec("torch") is None or find_spec("skorch") is None:
    collect_ignore += ["sklearn_unlearn/neural_network/_torch"]
    collect_ignore += ["tests/neural_network/modules"]
