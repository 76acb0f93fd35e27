"""Progress of passes over blocks: a bar on the command line, and callbacks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

#: Characters of a bar.
_WIDTH = 30


class Bar:
    """A line on standard error: which pass, and how far it is."""

    def __init__(self) -> None:
        self._passes = 0
        self._n_blocks: int | None = None

    def followed(self, blocks: Iterable) -> Iterator:
        """The same blocks; the line grows as they are worked on."""
        self._passes += 1
        number = 0
        for number, block in enumerate(blocks, 1):
            yield block
            self._show(number)
        self._n_blocks = number
        sys.stderr.write("\n")

    def _show(self, number: int) -> None:
        line = f"\rpass {self._passes}: {number} blocks"
        if self._n_blocks:
            share = min(number / self._n_blocks, 1.0)
            done = "#" * int(_WIDTH * share)
            line = f"\rpass {self._passes}: [{done:<{_WIDTH}}] {share:4.0%}"
        sys.stderr.write(line)
        sys.stderr.flush()


class Task:
    """Tasks of scikit-learn's callbacks: a fit, passes in it, blocks in each.

    Parameters
    ----------
    estimator : estimator with ``set_callbacks``
    root : CallbackContext
        Of its ``fit``.
    """

    def __init__(self, estimator: Any, root: Any) -> None:
        self._estimator, self._root = estimator, root
        self._n_blocks: int | None = None
        self._root.call_on_fit_task_begin(estimator=estimator)

    def followed(self, blocks: Iterable) -> Iterator:
        """The same blocks; callbacks are told of each."""
        told = {"estimator": self._estimator}
        a_pass = self._root.subcontext(task_name="pass", max_subtasks=self._n_blocks)
        a_pass.call_on_fit_task_begin(**told)
        n_blocks = 0
        for each in blocks:
            block = a_pass.subcontext(task_name="block")
            block.call_on_fit_task_begin(**told)
            yield each
            block.call_on_fit_task_end(**told)
            n_blocks += 1
        a_pass.call_on_fit_task_end(**told)
        self._n_blocks = n_blocks

    def end(self) -> None:
        """Tell callbacks that the fit has ended."""
        self._root.call_on_fit_task_end(estimator=self._estimator)
