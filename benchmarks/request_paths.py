"""Requests of one row without data, in a process of their own: traced, then timed.

``python -P benchmarks/request_paths.py N_ROWS N_COLUMNS`` with another build on
``PYTHONPATH`` measures that one. It prints what the requests enter, as a line of JSON,
and then answers each line of its input, a number of requests, with their median times.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import sklearn_unlearn
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
)

_ROOT = Path(sklearn_unlearn.__file__).parent


class Bench:
    """A fitted estimator that answers one request again and again.

    Parameters
    ----------
    estimator : estimator
        Of whose steps, if it has some, the attributes are restored, too.
    X, y : ndarray
    """

    def __init__(self, estimator, X, y):
        estimator.fit(X, y)
        self._estimator, self._row = estimator, (X[:1], y[:1])
        steps = [step for _, step in getattr(estimator, "steps", ())]
        self._kept = [(part, dict(vars(part))) for part in (estimator, *steps)]

    def request(self):
        """Seconds of a request from the state that was fitted."""
        for part, attributes in self._kept:
            vars(part).clear()
            vars(part).update(attributes)
        start = time.perf_counter()
        self._estimator.partial_unfit(*self._row)
        return time.perf_counter() - start

    def entered(self):
        """Functions of the package that a request enters: file, line and name.

        Comprehensions and lambdas are part of the function that they stand in.
        """
        self.request()  # what is kept from the first request on
        found = set()

        def note(frame, event, _):
            if event == "call":
                code = frame.f_code
                path, name = Path(code.co_filename), code.co_qualname
                if path.is_relative_to(_ROOT) and not name.endswith(">"):
                    place = str(path.relative_to(_ROOT))
                    found.add((place, code.co_firstlineno, name))

        sys.setprofile(note)
        try:
            self.request()
        finally:
            sys.setprofile(None)
        return sorted(found)


def benches(n_rows, n_columns):
    """The estimators whose requests are measured, by what the table calls them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    y = (X[:, 0] + rng.logistic(size=n_rows) > 0.0).astype(int)
    model = UnlearnableLogisticRegression
    steps = [("scaler", UnlearnableStandardScaler()), ("model", model())]
    return {
        "logistic": Bench(model(), X, y),
        "scaler, logistic": Bench(UnlearnablePipeline(steps), X, y),
    }


def main(n_rows, n_columns):
    measured = benches(n_rows, n_columns)
    entered = {name: bench.entered() for name, bench in measured.items()}
    print(json.dumps({"package": str(_ROOT), "entered": entered}), flush=True)
    for line in sys.stdin:
        times = {
            name: float(np.median([bench.request() for _ in range(int(line))]))
            for name, bench in measured.items()
        }
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        main(*map(int, sys.argv[1:]))
