"""Examples and modules that need an optional package run where it is installed."""

import os
from importlib.util import find_spec

os.environ.setdefault("MPLBACKEND", "Agg")

collect_ignore = []
collect_ignore_glob = []
if find_spec("matplotlib") is None:
    collect_ignore_glob += ["sklearn_unlearn/inspection/*", "doc/measures.rst"]
if find_spec("pandas") is None:
    collect_ignore += ["sklearn_unlearn/compose/_column_transformer.py"]
if find_spec("numba") is None:
    collect_ignore += ["sklearn_unlearn/core/trees/compiled"]
if find_spec("torch") is None or find_spec("skorch") is None:
    collect_ignore += ["sklearn_unlearn/neural_network/_torch"]
    collect_ignore += ["tests/neural_network/modules"]
