"""Wide sparse data without a factor: fit, exact requests, texts through a pipeline."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks import data
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.rivals import Refit, Residual, logistic_refit, restoring, tight_model
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableTfidfVectorizer,
    make_unlearnable_pipeline,
)

#: Rows, columns and entries of a row of the large matrix.
_LARGE = (100_000, 1_000_000, 100)


def run(settings):
    table = Table("Wide sparse data, curvature='iterative', retained, tol=1e-8")
    enron = data.real(data.enron, table)
    if enron is not None:
        X, y = (part[:1500] for part in enron) if settings.quick else enron
        _fits(settings, table, "Enron", X, y)
        _requests(settings, table, "Enron", X, y, (1, 100), 1.5)
    _texts(settings, table, *((2_000,) if settings.quick else (15_000,)))
    if not settings.quick:
        X, y = _large(*_LARGE)
        _requests(settings, table, "1e5 x 1e6", X, y, (1, 1000), 4.0)
    table.notes.append(
        "lbfgs stops where it finds no lower value, far from the minimum: its residual "
        "is beside its time. Rivals of a request begin at the old coefficients (warm), "
        "but for the pipeline's, which has other columns. Each request begins at the "
        "same model; heads that had been computed are its own."
    )
    return table


def _fits(settings, table, name, X, y):
    ours = _ours()
    ours.fit(X, y)
    residual = Residual(ours, X, y)
    reached = residual(ours)
    newton = logistic_refit(X, y, "newton-cg", reached).tighten(residual, 1e-8)
    rivals = {
        "lbfgs": LogisticRegression(tol=1e-8, max_iter=10_000),
        "newton-cg": newton.model,
    }
    models = [ours, *rivals.values()]
    times = paired(settings, *(Call(lambda m=m: m.fit(X, y)) for m in models))
    for (label, model), taken, goal in zip(
        rivals.items(), times[1:], (2.0, 1.2), strict=True
    ):
        _add(table, f"{name}, fit", times[0], reached, label, taken, residual(model))
        told = ratio(times[0], taken).median
        table.reach(f"{name}, fit: ours / {label}", told, at_most=goal)


def _requests(settings, table, name, X, y, sizes, goal):
    model = _ours().fit(X, y)
    order = np.random.default_rng(0).permutation(X.shape[0])
    start, fitted = tight_model(model), model._fitted
    for n_out in sizes:
        out, keep = order[:n_out], np.sort(order[n_out:])
        gone, labels = X[out], y[out]
        ours = restoring(model, lambda m, X=gone, y=labels: m.partial_unfit(X, y))
        ours.time()
        residual = Residual(model, X[keep], y[keep])
        reached = residual(model)
        rivals = {"newton-cg, warm": _warm(X[keep], y[keep], start, residual, reached)}
        if n_out == sizes[0]:
            loose = logistic_refit(X[keep], y[keep], "lbfgs", reached, start)
            rivals["lbfgs, warm"] = loose
        times = paired(settings, ours, *(refit.call for refit in rivals.values()))
        what = f"{name}, {n_out:,} rows out"
        for (label, refit), taken in zip(rivals.items(), times[1:], strict=True):
            its = residual(refit.model)
            _add(table, what, times[0], reached, label, taken, its)
        table.reach(
            f"{what}: warm newton-cg / ours",
            ratio(times[1], times[0]).median,
            at_least=goal,
        )
        model._fitted = fitted


def _warm(X, y, start, residual, reached):
    """newton-cg from the old coefficients, to the residual that ours reached."""
    refit = logistic_refit(X, y, "newton-cg", reached, start)
    return refit.tighten(residual, 2.0 * reached)


def _texts(settings, table, n_texts):
    documents, y = zipf_texts(n_texts)
    pipeline = make_unlearnable_pipeline(UnlearnableTfidfVectorizer(), _ours())
    pipeline.fit(documents, y)
    order = np.random.default_rng(0).permutation(n_texts)
    for n_out in (1, 100):
        out, keep = order[:n_out], np.sort(order[n_out:])
        gone, labels = documents[out], y[out]
        ours = _restoring_steps(pipeline, gone, labels)
        ours.time()
        reached = float(pipeline.gradient_residual())
        n_words = pipeline[0].idf_.size
        left = pipeline[0].transform(documents[keep])
        measure = Residual(pipeline[-1], left, y[keep])
        rivals = {}
        for solver in ("newton-cg", "lbfgs"):
            twin = LogisticRegression(
                solver=solver, tol=reached / keep.size, max_iter=10_000
            )
            rivals[solver] = Refit(
                documents[keep], y[keep], make_pipeline(TfidfVectorizer(), twin)
            )
        calls = [refit.call for refit in rivals.values()]
        times = paired(settings, ours, *calls)
        what = f"{n_texts:,} texts, {n_words:,} words, {n_out} out"
        for (solver, refit), taken in zip(rivals.items(), times[1:], strict=True):
            its = measure(refit.model[-1])
            label = f"pipeline's refit, {solver}"
            _add(table, what, times[0], reached, label, taken, its)
        table.reach(
            f"{what}: refit by newton-cg / ours",
            ratio(times[1], times[0]).median,
            at_least=10.0,
        )
        ours.setup()


def _restoring_steps(pipeline, X, y):
    """A request to a pipeline, always from the same fitted state."""
    kept = [(each, dict(vars(each))) for each in (pipeline, *pipeline)]
    steps = list(pipeline.steps)

    def setup():
        for each, attributes in kept:
            vars(each).clear()
            vars(each).update(attributes)
        pipeline.steps = list(steps)

    return Call(lambda: pipeline.partial_unfit(X, y), setup)


def _ours():
    return UnlearnableLogisticRegression(retain_data=True, curvature="iterative")


def _add(table, what, ours, residual, label, taken, its):
    table.add(
        what=what,
        ours=ours,
        residual=residual,
        rival=label,
        time=taken,
        its_residual=its,
        ratio=ratio(taken, ours),
    )


def zipf_texts(n_texts, n_words=60_000, seed=0):
    """Short texts whose words are as frequent as their rank is low, in two topics."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 30, n_texts)
    share = 1.0 / np.arange(1, n_words + 1)
    drawn = rng.choice(n_words, lengths.sum(), p=share / share.sum())
    slope = 2.0 * rng.standard_normal(n_words)
    starts = np.cumsum(lengths) - lengths
    names = np.array([f"w{word:x}" for word in range(n_words)])
    texts = [" ".join(words) for words in np.split(names[drawn], starts[1:])]
    score = np.add.reduceat(slope[drawn], starts) / np.sqrt(lengths)
    score += 0.5 * rng.logistic(size=n_texts)
    return np.array(texts, dtype=object), (score > 0.0).astype(np.int64)


def _large(n_rows, n_columns, n_entries, seed=0):
    """Sparse rows of equal length, columns as frequent as their rank is low."""
    rng = np.random.default_rng(seed)
    indices = (n_columns ** rng.random(n_rows * n_entries)).astype(np.int32)
    values = rng.random(indices.size) / np.sqrt(n_entries)
    ends = np.arange(0, indices.size + 1, n_entries)
    X = sp.csr_array((values, indices, ends), shape=(n_rows, n_columns))
    X.sum_duplicates()
    raw = X @ rng.standard_normal(n_columns) + 0.1 * rng.logistic(size=n_rows)
    return X, (raw > 0.0).astype(np.int64)
