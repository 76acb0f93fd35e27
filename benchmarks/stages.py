"""Where time goes: named functions wrapped with clocks, each its own time only."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import wraps


class Stages:
    """A context in which functions report to stages.

    Parameters
    ----------
    functions : list of (owner, name, stage)
        ``owner.name`` is replaced while the context is open. Its time counts for
        ``stage``, less the time of wrapped functions that it calls. A name that does
        not exist is an AttributeError: the benchmark has fallen behind the package.
    """

    def __init__(self, functions):
        self.functions = functions
        self.seconds = defaultdict(float)
        self._inner = [0.0]

    def clear(self):
        self.seconds.clear()

    def __enter__(self):
        self._originals = []
        for owner, name, stage in self.functions:
            original = getattr(owner, name)
            self._originals.append((owner, name, original))
            setattr(owner, name, self._timed(original, stage))
        return self

    def __exit__(self, *error):
        for owner, name, original in reversed(self._originals):
            setattr(owner, name, original)

    def _timed(self, function, stage):
        inner, seconds, clock = self._inner, self.seconds, time.perf_counter

        @wraps(function)
        def timed(*args, **kwargs):
            inner.append(0.0)
            start = clock()
            try:
                return function(*args, **kwargs)
            finally:
                taken = clock() - start
                seconds[stage] += taken - inner.pop()
                inner[-1] += taken

        return timed
