"""Faults planted one at a time in a copy of the package, each of which a test must see.

``python -m tests.mutants [word ...]`` plants those of ``mutants.toml`` whose file, text
or tests contain one of the words, or all. It prints what survived, and fails if any
did, if a text is no longer in its file exactly once, or if the tests named fail without
a fault.
"""

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGE = "sklearn_unlearn"
#: What is imported before a fork; the package each fork imports itself.
_IMPORTED = (
    "scipy.optimize",
    "scipy.sparse.linalg",
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.pipeline",
)
#: What the tests read beside the package.
_BESIDE = ("tests", "benchmarks", "examples", "doc", "conftest.py", "pyproject.toml")
#: Seconds after which a fault counts as seen: it made something run for ever.
_PATIENCE = 300


class StaleMutantError(Exception):
    """A fault that cannot be planted, or tests that cannot be run."""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    file : str
        Below the package.
    text, becomes : str
        What stands there exactly once, and what takes its place.
    tests : str
        Below ``tests/``: what pytest is given, of which one must fail.
    """

    file: str
    text: str
    becomes: str
    tests: str

    def __str__(self):
        text, becomes = (" ".join(t.split()) for t in (self.text, self.becomes))
        return f"{self.file}: {text!r} -> {becomes!r}"

    def planted(self, source):
        """The text of the file with the fault in it.

        Raises
        ------
        StaleMutantError
        """
        count = source.count(self.text)
        if count != 1 or self.text == self.becomes:
            raise StaleMutantError(f"{self}: the text is there {count} times")
        return source.replace(self.text, self.becomes)


def known(words=()):
    """The mutants of the list, or those about some words."""
    path = Path(__file__).with_suffix(".toml")
    entries = tomllib.loads(path.read_text("utf-8"))["mutant"]
    found = [Mutant(**entry) for entry in entries]
    if not words:
        return found
    return [m for m in found if any(w in f"{m} {m.tests}" for w in words)]


def check_planted(mutants, package):
    """Refuse mutants whose texts are not in their files; all are named."""
    stale = []
    for mutant in mutants:
        path = package / mutant.file
        try:
            mutant.planted(path.read_text("utf-8") if path.exists() else "")
        except StaleMutantError as error:
            stale.append(str(error))
    if stale:
        raise StaleMutantError("\n".join(stale))


class Copy:
    """A copy of package and tests in which faults are planted.

    Parameters
    ----------
    folder : Path
        Empty.
    """

    def __init__(self, folder):
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        for name in (_PACKAGE, *_BESIDE):
            path = _ROOT / name
            if path.is_dir():
                shutil.copytree(path, folder / name, ignore=ignored)
            else:
                shutil.copy(path, folder / name)

    def run(self, tests):
        """What pytest returns, in a fork of this process; None if it took too long."""
        with tempfile.TemporaryFile("w+") as said:
            child = os.fork()
            if not child:
                self._test(tests, said)
            code = _result(child)
            if code not in (0, 1, None):
                said.seek(0)
                raise StaleMutantError(f"pytest {' '.join(tests)}:\n{said.read()}")
        return code

    def _test(self, tests, said):
        """Run pytest here, and end this process."""
        code = 3
        try:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            os.chdir(self.folder)
            own = {str(_ROOT), ""}
            sys.path[:] = [str(self.folder), *(p for p in sys.path if p not in own)]
            for name in [n for n in sys.modules if n.split(".")[0] == "tests"]:
                del sys.modules[name]
            options = ["-q", "-x", "-p", "no:cacheprovider", "--assert=plain"]
            paths = [f"tests/{test}" for test in tests]
            code = int(pytest.main([*options, *paths]))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def survives(self, mutant):
        """Whether the tests pass with the fault in the copy."""
        path = self.folder / _PACKAGE / mutant.file
        source = path.read_text("utf-8")
        try:
            self._write(path, mutant.planted(source))
            return self.run(mutant.tests.split()) == 0
        finally:
            self._write(path, source)

    def _write(self, path, source):
        path.write_text(source, "utf-8")
        # times of files have seconds: Python would take the bytecode of before
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()


def _result(child):
    """The exit code of a child; None if it had to be stopped."""
    end = time.monotonic() + _PATIENCE
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.05)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("words", nargs="*", help="in file, text or tests of mutants")
    mutants = known(parser.parse_args(arguments).words)
    survivors = []
    for name in _IMPORTED:
        importlib.import_module(name)
    try:
        check_planted(mutants, _ROOT / _PACKAGE)
        with tempfile.TemporaryDirectory() as folder:
            copy = Copy(Path(folder))
            sound = set()
            for mutant in mutants:
                if mutant.tests not in sound and copy.run(mutant.tests.split()) != 0:
                    raise StaleMutantError(f"no fault, yet one fails: {mutant.tests}")
                sound.add(mutant.tests)
                start = time.perf_counter()
                survived = copy.survives(mutant)
                seconds = time.perf_counter() - start
                said = "SURVIVED" if survived else "seen"
                print(f"{said:8} {seconds:4.0f} s  {mutant}", flush=True)
                survivors += [mutant] * survived
    except StaleMutantError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants were seen")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
