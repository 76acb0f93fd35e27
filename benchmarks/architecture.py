"""How much stands between a verb and the mathematics: source text, paths, time.

``--against PATH`` sets another checkout beside this one; times are then measured in
turns, each build in a process of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks import package_source as source
from benchmarks.measure import Spread, Table, ratio

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = "sklearn_unlearn"
#: Requests of which one round takes the median.
_REQUESTS = 15
#: What is to be reached: at most so much.
_GOALS = {
    "definitions of partial_unfit": 1,
    "request types": 1,
    "fitted values": 3,
    "functions entered, logistic": 70,
    "functions entered, scaler, logistic": 130,
    "private names reached from outside": 0,
    "mypy --check-untyped-defs: errors": 0,
    "modules above 400 lines": 0,
}


def add_arguments(parser):
    group = parser.add_argument_group("architecture")
    group.add_argument(
        "--against", type=Path, metavar="PATH", help="checkout of another build"
    )
    group.add_argument(
        "--verbose", action="store_true", help="the places behind each number"
    )


def run(settings, options):
    builds = {"here": _ROOT}
    if options.against is not None:
        builds["against"] = options.against.resolve()
    table = Table("The architecture of the package")
    size = (2_000, 20) if settings.quick else (200_000, 200)
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(root, size))
            for name, root in builds.items()
        }
        figures = {
            name: {**written(root), **entered(workers[name].entered)}
            for name, root in builds.items()
        }
        spreads = timed(settings, workers)
    for what in figures["here"]:
        cells = {name: _count(found[what]) for name, found in figures.items()}
        table.add(what=what, **cells)
    for what, times in spreads["here"].items():
        cells = {name: str(found[what]) for name, found in spreads.items()}
        table.add(what=f"a row out of {size[0]:,} x {size[1]}, {what}", **cells)
        if "against" in spreads:
            table.reach(
                f"time of a row out, {what}, against the other build",
                ratio(times, spreads["against"][what]).median,
                at_most=0.6,
            )
    for what, most in _GOALS.items():
        count = _count(figures["here"][what])
        if count != "not installed":
            table.reach(what, count, at_most=most)
    table.notes.append(_RULES)
    if options.verbose:
        for name, found in figures.items():
            table.notes += ["", *_listed(name, found)]
    return table


_RULES = (
    "Definitions are methods in bodies of classes. Request types, fitted values and "
    "edits are frozen dataclasses whose names end in Request, Fitted and Edit, those "
    "of the public checks (utils/_checks) aside. A swap is an assignment to "
    "self._fitted or an update of vars(self) above core and certification. A private "
    "name is reached from outside where x._name stands, or getattr(x, '_name'), x not "
    "being self, cls, super() or type(self), in a module that defines nothing called "
    "_name. Repeated lines of docstrings have 40 characters or more and stand in an "
    "earlier docstring. Functions entered are those with a name, on the second request "
    "of a process."
)


def written(root):
    """What the text of a checkout says: what to how many, or to places."""
    modules = source.read(root / _PACKAGE)
    lines = [line.strip() for module in modules for line in module.lines]
    return {
        **{
            f"definitions of {verb}": source.definitions(modules, verb)
            for verb in source.VERBS
        },
        "request types": source.frozen_classes(modules, "Request"),
        "fitted values": source.frozen_classes(modules, "Fitted"),
        "edits": source.frozen_classes(modules, "Edit"),
        "places that swap what was learned": source.swaps(modules),
        "private names reached from outside": source.private_names_reached(modules),
        "modules": len(modules),
        "lines": len(lines),
        "lines, neither blank nor comment": sum(
            line != "" and not line.startswith("#") for line in lines
        ),
        "lines of code": sum(module.code_lines() for module in modules),
        "repeated lines of docstrings": source.repeated_docstring_lines(modules),
        "modules that open with What": source.opening_with_what(modules),
        "modules above 400 lines": source.long_modules(modules),
        "mypy --check-untyped-defs: errors": type_errors(root),
    }


def entered(paths):
    """Functions and files that each request enters."""
    found = {}
    for name, functions in paths.items():
        places = [f"{file}:{line} {function}" for file, line, function in functions]
        found[f"functions entered, {name}"] = places
        found[f"files entered, {name}"] = sorted({file for file, *_ in functions})
    return found


def type_errors(root):
    """Errors of mypy with ``--check-untyped-defs``, None where it is not installed."""
    if importlib.util.find_spec("mypy") is None:
        return None
    command = [sys.executable, "-m", "mypy", "--check-untyped-defs", "--no-pretty"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"mypy failed: {done.stderr or done.stdout}")
    return re.findall(r"^.+: error: .*$", done.stdout, re.MULTILINE)


class Worker:
    """A process that answers requests with the package of one checkout.

    Parameters
    ----------
    root : Path
    size : tuple of int
        Rows and columns.
    """

    def __init__(self, root, size):
        script = Path(__file__).with_name("request_paths.py")
        # -P: the modules of this folder are no modules of Python's
        command = [sys.executable, "-P", str(script), *map(str, size)]
        self._process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._root = root

    def __enter__(self):
        first = self._read()
        if Path(first["package"]).resolve() != self._root.resolve() / _PACKAGE:
            raise RuntimeError(f"{first['package']} was imported, not {self._root}")
        self.entered = first["entered"]
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def times(self, n_requests):
        """Median seconds of so many requests of each estimator."""
        print(n_requests, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the benchmark of {self._root} has failed")
        return json.loads(line)


def timed(settings, workers):
    """Times of the builds in turns: a Spread for each build and estimator."""
    rounds = {name: [] for name in workers}
    for _ in range(3 * settings.rounds):
        for name, worker in workers.items():
            rounds[name].append(worker.times(_REQUESTS))
    return {
        name: {what: Spread(np.array([r[what] for r in found])) for what in found[0]}
        for name, found in rounds.items()
    }


def _count(found):
    if found is None:
        return "not installed"
    return found if isinstance(found, int) else len(found)


def _listed(name, figures):
    """The places behind the numbers of one build."""
    for what, found in figures.items():
        if isinstance(found, list) and found:
            yield f"{name}, {what}:"
            yield from (f"    {place}" for place in found)
