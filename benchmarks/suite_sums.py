"""Models made of sums: a row out at several numbers of rows, and fits."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

import sklearn_unlearn as unlearn
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.rivals import restoring

#: Their columns are determined up to their signs.
_SIGNLESS = ("rotations_", "scalings_")
_N_CLASSES = 3


def _numbers(rng, y, n_columns):
    """Normal within each class, each column on a scale of its own."""
    X = rng.standard_normal((y.size, n_columns))
    X *= np.linspace(0.5, 2.0, n_columns)
    X += 0.1 * rng.standard_normal((_N_CLASSES, n_columns))[y]
    return X


def _counts(rng, y, n_columns):
    rates = rng.uniform(0.5, 3.0, (_N_CLASSES, n_columns))
    return rng.poisson(rates[y]).astype(np.float64)


#: The models with default parameters, and their data. One line each.
CASES = (
    (unlearn.UnlearnableGaussianNB(), _numbers),
    (unlearn.UnlearnableMultinomialNB(), _counts),
    (unlearn.UnlearnableComplementNB(), _counts),
    (unlearn.UnlearnableBernoulliNB(), _counts),
    (unlearn.UnlearnableCategoricalNB(), _counts),
    (unlearn.UnlearnableNearestCentroid(), _numbers),
    (unlearn.UnlearnableLinearDiscriminantAnalysis(), _numbers),
    (unlearn.UnlearnableQuadraticDiscriminantAnalysis(), _numbers),
    (unlearn.UnlearnableBayesianRidge(), _numbers),
    (unlearn.UnlearnableLinearRegression(), _numbers),
)


def run(settings):
    table = Table("Models made of sums: a row out, and fit, against scikit-learn's fit")
    if settings.quick:
        sizes, wide = (500, 2000), (2000, 10)
    else:
        sizes, wide = (10_000, 100_000, 1_000_000), (100_000, 100)
    shapes = [*((n_rows, 20) for n_rows in sizes), wide]
    for model, draw in CASES:
        found = {}
        for n_rows, n_columns in shapes:
            rng = np.random.default_rng(0)
            y = rng.integers(_N_CLASSES, size=n_rows)
            X = draw(rng, y, n_columns)
            found[n_rows, n_columns] = measure(settings, table, clone(model), X, y)
        if settings.quick:
            continue
        name = type(model).__name__.removeprefix("Unlearnable")
        requests = [found[n_rows, 20][0] for n_rows in sizes]
        flatness = max(requests) / min(requests)
        table.reach(f"{name}: request, slowest / fastest size", flatness, at_most=1.2)
        difference = max(each[1] for each in found.values())
        table.reach(f"{name}: difference to a refit", difference, at_most=1e-10)
        slowest = max(each[2] for each in found.values())
        table.reach(f"{name}: fit / twin's, slowest size", slowest, at_most=1.5)
    table.notes.append(
        "difference: largest of a fitted attribute after the request to scikit-learn's "
        "refit, over the attribute's largest entry; axes up to their sign. refit / "
        "request: time of scikit-learn's fit without the row over ours. Three classes, "
        "whose numbers are the targets of the regressors."
    )
    return table


def measure(settings, table, model, X, y):
    """Time of a request, its difference to a refit, and ratio of the fits."""
    model.fit(X, y)
    n_rows, n_columns = X.shape
    gone, label, X_left, y_left = X[:1], y[:1], X[1:], y[1:]
    request = restoring(model, lambda m: m.partial_unfit(gone, label))
    request.time()
    twin = clone(model.to_sklearn())
    refit = Call(lambda: twin.fit(X_left, y_left))
    refit.time()
    difference = _difference(model.to_sklearn(), twin)
    other = clone(model)
    fit = Call(lambda: other.fit(X, y))
    ours, fitting, theirs = paired(settings, request, fit, refit)
    slower = ratio(fitting, theirs)
    table.add(
        model=type(twin).__name__,
        rows=n_rows,
        columns=n_columns,
        request=ours,
        difference=difference,
        refit_by_request=ratio(theirs, ours),
        fit=fitting,
        its_fit=theirs,
        ours_against_it=slower,
    )
    return ours.median, difference, slower.median


def _difference(model, refit):
    largest = 0.0
    for name, theirs in vars(refit).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        ours = getattr(model, name)
        if not isinstance(theirs, list):
            ours, theirs = [ours], [theirs]
        for a, b in zip(ours, theirs, strict=True):
            a, b = np.asarray(a), np.asarray(b)
            if b.dtype.kind not in "if" or not b.size:
                continue
            if name in _SIGNLESS:
                a, b = np.abs(a), np.abs(b)
            size = float(np.max(np.abs(b))) or 1.0
            largest = max(largest, float(np.max(np.abs(a - b))) / size)
    return largest
