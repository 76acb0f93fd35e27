"""What an import costs beyond those of scikit-learn that stand in its place.

Processor time, each import in a process of its own; the modules of scikit-learn that a
program has anyway are imported before.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from benchmarks.measure import Spread, Table, ratio

#: What is imported first, and what then.
_PAIRS = {
    "the package": ("import sklearn", "import sklearn_unlearn"),
    "one model": (
        "from sklearn.linear_model import LogisticRegression",
        "from sklearn_unlearn import UnlearnableLogisticRegression",
    ),
    "a pipeline": (
        "import sklearn.linear_model, sklearn.pipeline, sklearn.preprocessing",
        "from sklearn_unlearn import UnlearnablePipeline",
    ),
    "unlearnable": (
        "import sklearn.linear_model, sklearn.pipeline, sklearn.preprocessing",
        "from sklearn_unlearn import unlearnable",
    ),
    "every name": ("import sklearn", "from sklearn_unlearn import *"),
}
_PROGRAM = """
import time
start = time.process_time()
{before}
between = time.process_time()
{after}
print(between - start, time.process_time() - between)
"""


def run(settings):
    table = Table("Processor time of imports, beyond scikit-learn's")
    for what, (before, after) in _PAIRS.items():
        program = _PROGRAM.format(before=before, after=after)
        rounds = [_seconds(program) for _ in range(1 if settings.quick else 7)]
        twin, own = (Spread(np.array(times)) for times in zip(*rounds, strict=True))
        table.add(
            what=what, scikit_learn=twin, beyond=own, ratio_to_it=ratio(own, twin)
        )
        if what in ("the package", "one model"):
            table.reach(f"{what}: seconds beyond", own.median, at_most=0.3)
    return table


def _seconds(program):
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(each) for each in printed.stdout.split()]
