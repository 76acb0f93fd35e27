"""Which pipelines unlearn natively, and which with retraining."""

from __future__ import annotations

import time
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from benchmarks.measure import Table
from benchmarks.pipeline_shapes import DATA, GROUPS, SHAPES, large
from sklearn_unlearn import unlearnable
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.utils.narrowing import Inputs, without_columns

#: Difference of answers, of their largest value, that solvers' tolerances explain.
_FAR = 1e-4
#: Rows that leave, and the one that is corrected.
_OUT, _CORRECTED = [0, 5, 17], 30
#: The raw column that is dropped.
_DROPPED = 2
#: Rows of the time of a request, and of estimators whose refit takes minutes then.
_MANY, _FEWER = 20_000, 3_000
_SLOW = ("SVC", "SVR", "KNNImputer")
#: Share of a refit that a request may take.
_TENTH = 0.1
NATIVE, AGAIN, FAILS = "native", "with retraining", "fails"


def run(settings):
    table = Table("Coverage: what pipelines of public code do when they are to unlearn")
    shares = dict.fromkeys((NATIVE, AGAIN, FAILS), 0.0)
    without_forests, natives = 0.0, []
    sizes = {g: sum(shape.group == g for shape in SHAPES) for g in GROUPS}
    shapes = SHAPES[::9] if settings.quick else SHAPES
    for shape in shapes:
        count = GROUPS[shape.group] / sizes[shape.group]
        way, again, difference, ratio = tried(shape)
        at_scale, share = ("", None)
        if way == NATIVE and not settings.quick:
            at_scale, share = timed(shape)
            natives.append(share)
        shares[way] += count
        without_forests += count if way == NATIVE or shape.group == "forests" else 0.0
        table.add(
            pipeline=shape.name,
            pipelines=f"{count:.1f}",
            way=way,
            fitted_again=again,
            difference=difference,
            time_of_a_refit=ratio,
            at_20000_rows=at_scale or ("a refit" if way == AGAIN else ""),
        )
    total = sum(shares.values())
    left = sum(GROUPS[group] for group, size in sizes.items() if not size)
    missing = f"Of {sum(GROUPS.values())} pipelines {left} are not tried, those with "
    missing = missing + "samplers of imbalanced-learn. " if left else ""
    few = sum(share <= _TENTH for share in natives)
    for way, count in shares.items():
        table.notes.append(f"- {way}: {count / total:.0%} of {total:.0f} pipelines")
    table.reach("share that is native", shares[NATIVE] / total, at_least=0.55)
    table.reach(
        "share that is native, or in the group of forests, which are retrained whole",
        without_forests / total,
        at_least=0.75,
    )
    table.reach("share that is exact", 1.0 - shares[FAILS] / total, at_least=1.0)
    table.notes += [
        "",
        f"{missing}`pipelines` is the share of the group that a "
        "shape is in, the same for all shapes of it: counted were the groups alone "
        "(`benchmarks/pipeline_shapes.py`). Each was fitted by scikit-learn, given to "
        "`unlearnable`, and forgot 3 rows, had one corrected and lost a raw column; "
        "`difference` is the largest one to what scikit-learn's refit answers on the "
        "edited data, of its largest answer (labels: the share that differ). "
        "`time of a refit` is that of the request about 3 rows, in refits; data are of "
        "a few hundred rows, where a refit costs least. `at 20000 rows` is the median "
        "time of a request about one row beside that of a refit, of rows drawn from "
        "the same with numbers that differ a little; of the slowest, "
        f"{', '.join(_SLOW)}, {_FEWER} rows. Of {len(natives)} native shapes {few} "
        "take at most a tenth of a refit. Behind a step that moves all rows, a request "
        "reads all of them, as a refit does, and rounds as that does: where the refit "
        "is a few passes by itself, a request costs as much.",
    ]
    return table


def tried(shape):
    """How a shape unlearns, what was fitted again, by how much it was off, its time."""
    X, y = DATA[shape.data]()
    theirs = shape.pipeline()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", DataMismatchWarning)
            worst, ratio, explained = _requests(theirs, X, y)
    except (UnlearningError, ValueError, RuntimeError) as error:
        return FAILS, str(error).split(". ")[0][:60], "", ""
    again = [each.estimator for each in explained if "again" in each.how.split(",")[0]]
    again = [] if again == ["nodes"] else again
    way = FAILS if worst > _FAR else AGAIN if again else NATIVE
    return way, ", ".join(again), f"{worst:.1g}", f"{ratio:.2g}"


def timed(shape):
    """The time of a request of many rows beside that of a refit, and their ratio."""
    n_rows = _FEWER if any(name in shape.name for name in _SLOW) else _MANY
    n_rows = _MANY if "LinearSVC" in shape.name else n_rows
    X, y = large(*DATA[shape.data](), n_rows)
    theirs, times = shape.pipeline(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y)
        model = unlearnable(theirs, X, y, check=False)
        for row in range(6):
            start = time.perf_counter()
            model.partial_unfit(_rows(X, [row]), y[[row]])
            times.append(time.perf_counter() - start)
        left = slice(len(times), None)
        start = time.perf_counter()
        theirs.fit(X[left], y[left])
        refit = time.perf_counter() - start
    request = float(np.median(times[1:]))  # the first looks for rows by new hashes
    said = f"{1e3 * request:.3g} ms of {1e3 * refit:.3g} ({request / refit:.2g})"
    return said, request / refit


def _requests(theirs, X, y):
    """The largest difference after three requests, the time of one, the explanation."""
    theirs.fit(X, y)
    model = unlearnable(theirs, X, y)
    explained = model.explain()
    table = not isinstance(X, list)
    rows = _rows(X, _OUT)
    start = time.perf_counter()
    model.partial_unfit(rows, y[_OUT])
    seconds = time.perf_counter() - start
    keep = np.delete(np.arange(len(y)), _OUT)
    new = _corrected(X, y)
    model.replace_features(_rows(X, [_CORRECTED]), y[[_CORRECTED]], new)
    edited = _rows(X, keep)
    place = int(np.flatnonzero(keep == _CORRECTED)[0])
    edited[place] = new[0]
    refit = clone(theirs)
    start = time.perf_counter()
    refit.fit(edited, y[keep])
    ratio = seconds / (time.perf_counter() - start)
    worst = _difference(model, refit, edited, edited)
    if table:
        model.forget_features([_DROPPED])
        gone = np.arange(X.shape[1]) == _DROPPED
        narrow = np.ascontiguousarray(edited[:, ~gone])
        refit = without_columns(theirs, Inputs(gone)).fit(narrow, y[keep])
        worst = max(worst, _difference(model, refit, edited, narrow))
    return worst, ratio, explained


def _rows(X, rows):
    return [X[row] for row in rows] if isinstance(X, list) else X[rows].copy()


def _corrected(X, y):
    """A row with the values of another."""
    other = _CORRECTED + 1
    if isinstance(X, list) and isinstance(X[0], dict):
        return [X[_CORRECTED] | {"kind": X[other]["kind"]}]
    if isinstance(X, list):
        return [f"{X[_CORRECTED]} {X[other]}"]
    new = X[[_CORRECTED]].copy()
    new[0, :2] = X[other, :2]
    return new


def _difference(model, refit, X, X_refit):
    names = ("decision_function", "predict_proba", "predict")
    name = next(each for each in names if hasattr(refit, each) and hasattr(model, each))
    found, expected = (
        _array(getattr(each, name)(rows))
        for each, rows in ((model, X), (refit, X_refit))
    )
    if expected.dtype.kind not in "fiu":
        return float(np.mean(found != expected))
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _array(Z):
    return Z.toarray() if sp.issparse(Z) else np.asarray(Z)
