"""What of the tests runs: what the packages installed allow, of which a share.

Examples and modules that need an optional package run where it is installed.
"""

import os
from collections import defaultdict
from importlib.util import find_spec
from zlib import crc32

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

# a program and its runner, no tests: make package
collect_ignore = ["tests/package"]
collect_ignore_glob = []
if find_spec("matplotlib") is None:
    collect_ignore_glob += ["sklearn_unlearn/inspection/*", "doc/measures.rst"]
    collect_ignore += ["sklearn_unlearn/model_selection/_influence.py"]
if find_spec("pandas") is None:
    collect_ignore += ["sklearn_unlearn/compose/_column_transformer.py"]
if find_spec("numba") is None:
    collect_ignore += ["sklearn_unlearn/core/trees/compiled"]
if find_spec("distributed") is None:
    collect_ignore += ["sklearn_unlearn/dask", "tests/dask"]
if any(find_spec(name) is None for name in ("distributed", "pandas", "pyarrow")):
    collect_ignore += ["doc/guide/large_data.rst"]
if find_spec("torch") is None or find_spec("skorch") is None:
    collect_ignore += ["sklearn_unlearn/neural_network/_torch"]
    collect_ignore += ["tests/neural_network/modules", "doc/guide/modules.rst"]


def pytest_addoption(parser):
    """The option that chooses a share of the cases."""
    parser.addoption(
        "--share",
        metavar="K/N",
        default="1/1",
        help="of each test about one in N of its cases: others for each K from 1 to N",
    )


def pytest_collection_modifyitems(config, items):
    """Keep the share that was asked for."""
    number, total = map(int, config.getoption("share").split("/"))
    if not 1 <= number <= total:
        raise pytest.UsageError("--share: K of K/N goes from 1 to N")
    cases = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    chosen = set()
    for group in cases.values():
        # by names: cases of one kind often stand in steps of two, three or four
        drawn = [
            one for one in group if crc32(one.nodeid.encode()) % total == number - 1
        ]
        chosen.update(drawn or group[number % len(group) :][:1])
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]
