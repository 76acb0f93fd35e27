"""
Many requests without the data
==============================

A stream of requests without the data: the residual grows, refine takes it away.

Each request adds an error of second order. The model answers all the same, in the time
of one small solve; once in a while, whoever has the data lets the model see them.
"""

import statistics
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import LargeStepWarning


def main():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    start = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    model = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    leaving = np.random.default_rng(0).permutation(y.size)[:120]
    here = np.ones(y.size, dtype=bool)

    print("    rows      residual     residual,   distance to  median of a")
    print("  forgotten              nothing done      a refit    request, ms")
    times, drawn = [], []
    for number, row in enumerate(leaving, start=1):
        with warnings.catch_warnings():
            # two rows are large for their number, as far as a model without data knows
            warnings.simplefilter("ignore", LargeStepWarning)
            begin = time.perf_counter()
            model.partial_unfit(X[[row]], y[[row]])
            times.append(time.perf_counter() - begin)
        here[row] = False
        drawn.append([m.gradient_residual(X[here], y[here]) for m in (start, model)])
        if number in (1, 5, 20, 60):
            line(number, model, start, X[here], y[here], times)
        if number == 60:
            model.refine(X[here], y[here])
            line("refined", model, start, X[here], y[here])
    line(number, model, start, X[here], y[here], times)
    model.refine(X[here], y[here])
    line("refined", model, start, X[here], y[here])

    begin = time.perf_counter()
    UnlearnableLogisticRegression(C=0.1).fit(X[here], y[here])
    draw(np.array(drawn, dtype=float), times, time.perf_counter() - begin)


def draw(residuals, times, refit):
    """Residual after each request, and what requests and refits cost."""
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    rows = np.arange(1, len(times) + 1)
    left.semilogy(rows, residuals, label=["nothing done", "requests without the data"])
    left.axvline(60, color="grey", linestyle=":", label="refined once, with the data")
    left.set_xlabel("rows forgotten, one by one")
    left.set_ylabel("gradient residual on the rows that stay")
    left.legend(loc="lower right")
    right.plot(rows, refit * rows, label="a refit for each")
    right.plot(rows, np.cumsum(times), label="requests")
    right.set_xlabel("rows forgotten, one by one")
    right.set_ylabel("seconds in all")
    right.legend()
    plt.show()


def line(name, model, start, X, y, times=None):
    """What is left of the rows that are gone."""
    residual, nothing = model.gradient_residual(X, y), start.gradient_residual(X, y)
    refit = UnlearnableLogisticRegression(C=model.C).fit(X, y)
    distance = np.abs(model.coef_ - refit.coef_).max()
    cost = "" if times is None else f"{1e3 * statistics.median(times):.2f}"
    print(
        f"{name:>11} {float(residual):10.1e} {float(nothing):13.1e} {distance:12.1e} "
        f"{cost:>14}"
    )


if __name__ == "__main__":
    main()
