"""What is timed, on a clock of our own."""

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.metrics import Efficiency, efficiency
from sklearn_unlearn.metrics import _efficiency as module


class Clock:
    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def passes(self, seconds):
        self.now += seconds


def test_the_shortest_of_each_counts(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    requests, refits = iter([3.0, 1.0, 2.0]), iter([40.0, 60.0, 20.0])
    result = efficiency(
        object(),
        lambda model: clock.passes(next(requests)),
        lambda: clock.passes(next(refits)),
        gradients=10,
        refit_gradients=2000,
    )
    assert result == Efficiency(1.0, 20.0, 10, 2000)
    assert (result.speed_up, result.gradient_ratio) == (20.0, 200.0)
    assert Efficiency(1.0, 2.0, gradients=3).gradient_ratio is None


def test_the_model_stays_as_it_is():
    X, y = np.eye(5), np.arange(5.0)
    model = UnlearnableRidge(alpha=0.5, retain_data=True).fit(X, y)
    before = model.coef_.copy()
    requests = []

    def request(copy):
        copy.partial_unfit(X[:1], y[:1])  # an error if it were the same copy
        requests.append(copy)

    efficiency(model, request, lambda: None, repeats=2)
    assert len(requests) == 2
    assert np.array_equal(model.coef_, before)
    with pytest.raises(ValueError, match="repeats"):
        efficiency(model, request, lambda: None, repeats=0)


def test_what_takes_nothing_is_infinitely_cheaper():
    result = Efficiency(0.0, 1.0, 0, 50)
    assert (result.speed_up, result.gradient_ratio) == (np.inf, np.inf)
