"""How many requests fit before their noise costs a point of accuracy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import normalize

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.published import DELTA, EPSILON, TestRows
from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import UnlearningError

#: Where counting stops.
_LIMIT = 10_000
#: Enough for any number that squares of distances give.
_NO_LIMIT = 10**30


@dataclass(frozen=True, eq=False)
class Source:
    """A data set, the columns that are forgotten one by one, and how much to count."""

    name: str
    train: tuple
    test: tuple
    columns: np.ndarray
    n_draws: int
    n_refined: int


def run(settings):
    table = Table(
        f"Requests until noise for epsilon={EPSILON}, delta={DELTA} costs one point "
        "of test accuracy"
    )
    for source in _sources(settings, table):
        for row in rows_of_source(source):
            table.add(**row)
    table.notes.append(
        "sigma: the noise that takes a point off the accuracy of the model as fitted "
        "(mean of 50 draws). first: what the first request of a lineage spends, or "
        "would. "
        "requests: answered before one is refused, its budget being sigma / kappa; "
        "medians over draws of rows or columns, least and most. no bound: draws in "
        "which the last was refused because no finite bound exists. predicted: by "
        "capacity() before the first. accuracy lost: at that sigma after the last "
        "request, against the same model without noise. refined: with retained data, "
        "the number from what so many requests spent, as distances add up in squares. "
        "C=1, no intercept."
    )
    return table


def _sources(settings, table):
    loaded = data.real(lambda: (data.adult(), data.adult_test()), table)
    if loaded is not None:
        train, test = loaded
        columns = np.arange(train[0].shape[1])
        if settings.quick:
            train = (train[0][:5000], train[1][:5000])
        counts = (2, 10) if settings.quick else (10, 100)
        yield Source("Adult, standardised", train, test, columns, *counts)
        unit = [(normalize(X), y) for X, y in (train, test)]
        yield Source("Adult, unit rows", *unit, columns, *counts)
    loaded = data.real(data.enron_split, table)
    if loaded is not None and not settings.quick:
        yield Source("Enron, unit rows", *loaded, data.enron_sensitive(), 3, 100)


def rows_of_source(source):
    """Rows of the table: each mode and kind of request."""
    X, y = source.train
    plain = UnlearnableLogisticRegression(fit_intercept=False).fit(X, y)
    theta = plain.coef_.T
    test = TestRows(*source.test, False)
    sigma = test.largest_sigma(theta)
    for retain_data in (False, True):
        model = UnlearnableLogisticRegression(
            fit_intercept=False,
            retain_data=retain_data,
            certification=GaussianCertification(EPSILON, DELTA, sigma),
        ).fit(X, y)
        fitted = _unlimited(model._fitted)
        for kind, size in (("row", 1), ("row", 10), ("column", 1)):
            n_draws = 1 if retain_data else source.n_draws
            found = []
            for seed in range(n_draws):
                model._fitted = fitted
                rng = np.random.default_rng(seed)
                limit = source.n_refined if retain_data else _LIMIT
                groups = _groups(rng, source, kind, size)[:limit]
                found.append(_counted(model, source, kind, groups))
            lost = _lost(model, test, sigma)
            yield {
                "data": source.name,
                "sigma": sigma,
                "request": kind if size == 1 else f"{size} {kind}s",
                "mode": "refined" if retain_data else "data-free",
                "first": _middle([each.first for each in found]),
                "requests": _range([each.requests for each in found]),
                "no_bound": f"{sum(each.unbounded for each in found)}/{n_draws}",
                "predicted": _range([each.predicted for each in found]),
                "accuracy_lost": f"{100 * lost:.2f} %",
            }


def _unlimited(fitted):
    """The same, however often it has refused: each draw ends with a refusal."""
    account = replace(fitted.lineage.account, refusals=None)
    return replace(fitted, lineage=replace(fitted.lineage, account=account))


@dataclass(frozen=True)
class Count:
    """How many requests were answered, and what was foretold before the first."""

    requests: float
    predicted: float
    first: float
    unbounded: bool


def _groups(rng, source, kind, size):
    """Rows or columns to forget, in random order."""
    of = source.columns if kind == "column" else source.train[1].size
    order = rng.permutation(of)
    return order[: order.size // size * size].reshape(-1, size)


def _counted(model, source, kind, groups):
    X, y = source.train
    predicted = first = np.nan
    if kind == "row":
        far = _NO_LIMIT if model.retain_data else _LIMIT
        out = X[groups[0]], y[groups[0]]
        predicted = model.capacity(*out, limit=far)
        first = model.removal_cost(*out).distance
    for done, group in enumerate(groups):
        try:
            if kind == "row":
                model.partial_unfit(X[group], y[group])
            else:
                model.forget_features(group)
        except UnlearningError as error:
            bounded = type(error).__name__ == "BudgetExceededError"
            return Count(done, predicted, first, not bounded)
        if done == 0:
            first = model.private_record().distance
    record = model.private_record()
    done = len(groups)
    if model.retain_data:
        # all that so many requests spent, again and again
        done *= (record.budget / record.spent) ** 2
    return Count(done, predicted, first, False)


def _lost(model, test, sigma):
    state = model._fitted.model.state
    theta, alive = state.theta, ~state.objective.forgotten
    return test.accuracy(theta, 0.0) - test.accuracy(theta, sigma, alive)


def _middle(values):
    values = np.array(values)
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else ""


def _range(values):
    values = np.array(values, dtype=float)
    if np.isnan(values).all():
        return ""
    middle, low, high = np.median(values), values.min(), values.max()
    if middle >= 1e6:
        return f"{middle:.2g}"
    if low == high:
        return f"{middle:,.0f}"
    return f"{middle:,.0f} ({low:,.0f}-{high:,.0f})"
