"""Categories encoded by their targets, against refits of scikit-learn's encoder."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from sklearn_unlearn import (
    RetrainedClassifier,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableTargetEncoder,
    make_unlearnable_pipeline,
    unlearnable,
)
from sklearn_unlearn.core.statistics.counts import keys_of
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from sklearn_unlearn.pipeline import fit_behind
from sklearn_unlearn.preprocessing._cross_fitting import folds_of
from sklearn_unlearn.row_blocks import DataBlocks

N = 120
RNG = np.random.default_rng(7)
X = np.empty((N, 3), dtype=object)
X[:, 0] = RNG.choice(list("abcde"), N)
X[:, 1] = RNG.integers(0, 4, N)
X[:, 2] = RNG.choice(["x", None, np.nan], N)
X[5, 0] = "alone"
EFFECT = np.array([float(ord(word[0]) % 7) for word in X[:, 0]])
NUMBERS = EFFECT + RNG.normal(size=N)
TARGETS = {
    "continuous": NUMBERS,
    "large": 1e6 * NUMBERS + 1e9,
    "binary": (NUMBERS > 3.0).astype(int),
    "words": np.where(NUMBERS > 3.0, "yes", "no"),
    "multiclass": np.digitize(NUMBERS, [1.0, 4.0]),
    "whole": np.rint(NUMBERS * 10.0),  # of a continuous type, if that is said
}
PARAMS = [
    {},
    {"smooth": 0.0},
    {"smooth": 12.5, "cv": 3},
    {"categories": [[*"abc"], [0, 1, 2, 3, 9], ["x", None, np.nan]], "smooth": 1},
]


def params_of(name, params):
    return {**params, **({"target_type": "continuous"} if name == "whole" else {})}


def assert_like(model, twin, rows):
    for name in ("categories_", "encodings_"):
        ours, theirs = getattr(model, name), getattr(twin, name)
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert one.dtype == other.dtype
            if one.dtype.kind == "f":
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
            else:
                assert list(map(repr, one)) == list(map(repr, other))
    assert model.target_type_ == twin.target_type_
    np.testing.assert_allclose(model.target_mean_, twin.target_mean_, rtol=1e-12)
    if twin.classes_ is None:
        assert model.classes_ is None
    else:
        assert model.classes_.dtype == twin.classes_.dtype
        assert model.classes_.tolist() == twin.classes_.tolist()
    found, expected = model.transform(rows), twin.transform(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_requests_give_what_the_twin_gives(name, params):
    y, params = TARGETS[name], params_of(name, params)
    model, twin = UnlearnableTargetEncoder(**params), TargetEncoder(**params)
    assert_like(model.fit(X, y), twin.fit(X, y), X)
    rows, targets = X.copy(), y.copy()
    model.partial_unfit(rows[:7], targets[:7])
    rows, targets = rows[7:], targets[7:]
    assert "alone" not in model.categories_[0]
    assert_like(model, clone(twin).fit(rows, targets), X)
    new = rows[3:5].copy()
    new[:, 0] = ["b", "never before" if "categories" not in params else "c"]
    model.replace_features(rows[3:5], targets[3:5], X_new=new)
    rows[3:5] = new
    model.replace_labels(rows[9:10], targets[9:10], targets[11:12])
    targets[9] = targets[11]
    assert_like(model, clone(twin).fit(rows, targets), X)
    model.partial_fit(X[:3], y[:3])
    rows, targets = np.vstack([rows, X[:3]]), np.append(targets, y[:3])
    assert_like(model, clone(twin).fit(rows, targets), X)
    model = pickle.loads(pickle.dumps(model)).forget_features([0])
    given = params.get("categories", "auto")
    twin.set_params(categories=given if given == "auto" else given[1:])
    twin.fit(rows[:, 1:], targets)
    assert_like(model, twin, X[:, 1:])
    plain = model.to_sklearn()
    np.testing.assert_allclose(plain.transform(X), twin.transform(X[:, 1:]), rtol=1e-12)


def folds_at(rows, y, n_folds):
    return folds_of([keys_of(y), *map(keys_of, rows.T)], n_folds)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_cross_fitted_values(name, params):
    """They are a fresh fit's after requests, and the twin's with the same folds."""
    y, params = TARGETS[name], params_of(name, params)
    found = UnlearnableTargetEncoder(**params).fit_transform(X, y)
    order = RNG.permutation(N)
    again = UnlearnableTargetEncoder(**params).fit_transform(X[order], y[order])
    rows = np.column_stack([X.astype(str), y.astype(str)])
    _, first = np.unique(rows, axis=0, return_index=True)
    _, n_equal = np.unique(rows, axis=0, return_counts=True)
    alone = np.isin(np.arange(N), first[n_equal == 1])
    np.testing.assert_allclose(again[alone[order]], found[order][alone[order]])
    if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9):
        return  # the twin of older releases takes no folds that are given
    n_folds = params.pop("cv", 5)
    folds = folds_at(X, y, n_folds)
    splits = [
        (np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(n_folds)
    ]
    twin = TargetEncoder(**params, cv=splits)
    np.testing.assert_allclose(found, twin.fit_transform(X, y), rtol=1e-9)


def test_a_row_that_leaves_moves_no_other_but_few_that_are_equal():
    y = TARGETS["binary"]
    folds = folds_at(X, y, 5)
    counts = np.bincount(folds, minlength=5)
    assert counts.min() > 0.1 * N  # fixed rows: no draw
    rows = np.column_stack([X.astype(str), y.astype(str)])
    several = 0
    for gone in range(N):
        left = np.delete(np.arange(N), gone)
        moved = left[folds_at(X[left], y[left], 5) != folds[left]]
        assert moved.size <= 4
        assert all(np.array_equal(rows[each], rows[gone]) for each in moved)
        several += moved.size
    assert several > 0
    equal = np.full((1000, 1), "same", dtype=object)
    sizes = np.bincount(folds_at(equal, np.zeros(1000), 7))
    assert sizes.max() - sizes.min() == 1


NUMERIC = np.arange(N) % 17 / 3.0


@pytest.mark.parametrize("name", ["continuous", "binary", "multiclass"])
def test_steps_behind_it_get_the_moved_values(name):
    y = TARGETS[name]
    rows = np.column_stack([X, NUMERIC]).astype(object)
    last = LogisticRegression(tol=1e-10, max_iter=2000)
    last = Ridge() if name == "continuous" else last
    scaled = ("scaled", StandardScaler(), [3])
    columns = ColumnTransformer([("encoded", TargetEncoder(), [0, 1]), scaled])
    theirs = make_pipeline(columns, StandardScaler(), last)

    def answers(model):
        return getattr(model, "predict_proba", model.predict)(rows)

    def assert_fresh(model, rows, y):
        fresh = unlearnable(clone(theirs), rows, y)
        np.testing.assert_allclose(answers(model), answers(fresh), atol=1e-6)

    model = unlearnable(clone(theirs), rows, y, row_ids=np.arange(N))
    assert isinstance(model, UnlearnablePipeline)
    assert isinstance(
        model.steps[0][1].named_transformers_["encoded"], UnlearnableTargetEncoder
    )
    before = answers(model)
    model.partial_unfit(row_ids=[0, 1, 2, 5])
    kept = np.delete(np.arange(N), [0, 1, 2, 5])
    left, targets = rows[kept].copy(), y[kept].copy()
    assert np.abs(answers(model) - before).max() > 1e-4
    assert_fresh(model, left, targets)
    new = left[6:7].copy()
    new[0, 0] = "never before"
    model.replace_features(left[6:7], targets[6:7], X_new=new)
    left[6:7] = new
    model.replace_labels(left[8:9], targets[8:9], targets[10:11])
    targets[8] = targets[10]
    assert_fresh(model, left, targets)
    model.partial_fit(rows[:2], y[:2], row_ids=[700, 701])
    left, targets = np.vstack([left, rows[:2]]), np.append(targets, y[:2])
    assert_fresh(model, left, targets)
    plain = model.to_sklearn()
    np.testing.assert_allclose(
        getattr(plain, "predict_proba", plain.predict)(rows), answers(model), atol=1e-12
    )
    with pytest.raises(UnlearningError, match="something else of the rows at fit"):
        model.gradient_residual(left, targets)
    assert model.gradient_residual() < 1e-6


def test_one_that_was_fitted_elsewhere():
    y = TARGETS["binary"]
    alone = unlearnable(TargetEncoder().fit(X, y), X, y)
    assert isinstance(alone, UnlearnableTargetEncoder)
    alone.partial_unfit(X[:2], y[:2])
    assert_like(alone, TargetEncoder().fit(X[2:], y[2:]), X)
    known = TargetEncoder().get_params()["random_state"] is None
    seeded = (
        TargetEncoder(random_state=0)
        if known
        else TargetEncoder(cv=KFold(5, shuffle=True, random_state=0))
    )
    last = LogisticRegression(tol=1e-10, max_iter=2000)
    theirs = make_pipeline(seeded, last).fit(X, y)
    model = unlearnable(theirs, X, y).partial_unfit(X[:2], y[:2])
    refit = clone(theirs).fit(X[2:], y[2:])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(X), atol=1e-7
    )
    # folds that are given are those of places: fitted again
    split = make_pipeline(TargetEncoder(cv=2), clone(last))
    assert not isinstance(unlearnable(split, X, y), RetrainedClassifier)


def test_frames_and_outputs_that_are_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"town": X[:, 0], "code": X[:, 1].astype(int)})
    frame["town"] = frame["town"].astype("category")
    y = TARGETS["multiclass"]
    model = UnlearnableTargetEncoder().set_output(transform="pandas").fit(frame, y)
    model.partial_unfit(frame[:9], y[:9])
    twin = TargetEncoder().set_output(transform="pandas").fit(frame[9:], y[9:])
    pandas.testing.assert_frame_equal(model.transform(frame), twin.transform(frame))
    last = LogisticRegression(tol=1e-10, max_iter=2000)
    theirs = make_pipeline(TargetEncoder(), StandardScaler(), last)
    theirs.set_output(transform="pandas")
    model = unlearnable(clone(theirs), frame, y).partial_unfit(frame[:9], y[:9])
    fresh = unlearnable(clone(theirs), frame[9:], y[9:])
    np.testing.assert_allclose(
        model.predict_proba(frame), fresh.predict_proba(frame), atol=1e-6
    )


def test_rows_in_blocks():
    for name in ("continuous", "words"):
        y, kind = TARGETS[name], "continuous" if name == "continuous" else "binary"
        blocks = DataBlocks([(X[:50], y[:50]), (X[50:], y[50:])])
        model = UnlearnableTargetEncoder(target_type=kind).fit(blocks)
        assert_like(model, TargetEncoder(target_type=kind).fit(X, y), X)
        with pytest.raises(ValueError, match="target_type must be given"):
            UnlearnableTargetEncoder().fit(blocks)


def test_what_is_refused():
    y = TARGETS["continuous"]
    for params, message in (
        ({"cv": KFold(3)}, "cv must be a number of folds"),
        ({"cv": 1}, "cv must be a number of folds"),
        ({"smooth": -1.0}, "smooth must be"),
        ({"smooth": "much"}, "smooth must be"),
        ({"target_type": "ordinal"}, "target_type must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            UnlearnableTargetEncoder(**params).fit(X, y)
    with pytest.raises(ValueError, match="requires y"):
        UnlearnableTargetEncoder().fit(X)
    with pytest.raises(ValueError, match="fewer than cv=5"):
        UnlearnableTargetEncoder().fit_transform(X[:4], y[:4])
    with pytest.raises(ValueError, match="all are in one fold"):
        UnlearnableTargetEncoder(cv=2).fit_transform([["a"], ["b"]], [1.5, 2.5])
    with pytest.raises(UnlearningError, match="three labels"):
        UnlearnableTargetEncoder(target_type="multiclass").fit(X, y > 3)
    with pytest.raises(ValueError, match="Unknown label type"):
        UnlearnableTargetEncoder().fit(X, np.array([{}] * N))
    model = UnlearnableTargetEncoder().fit(X, y)
    before = pickle.dumps(model)
    for rows, targets, error, message in (
        (X[:1], y[:1] + 99.0, UnlearningError, "X or y"),
        (X[[0] * 90], y[[0] * 90], InsufficientWeightError, "more often"),
        ([["never", 1, "x"]], [0.5], RowNotFoundError, "never"),
        (X[:1], ["word"], ValueError, "y"),
        (X, y, UnlearningError, "no rows"),
    ):
        with pytest.raises(error, match=message):
            model.partial_unfit(rows, targets)
    mixed = np.append(y[:10], [4.0, 5.0, 6.0, 7.0])
    few = UnlearnableTargetEncoder().fit(X[:14], mixed)
    with pytest.raises(UnlearningError, match="take for labels"):
        few.partial_unfit(X[:10], mixed[:10])
    labels = UnlearnableTargetEncoder().fit(X, TARGETS["binary"])
    with pytest.raises(ValueError, match="y must hold labels"):
        labels.partial_fit(X[:1], [0.5])
    with pytest.raises(RowNotFoundError, match="Column 0 of X and y"):
        labels.partial_unfit(X[5:6], 1 - TARGETS["binary"][5:6])
    assert pickle.dumps(model) == before


def test_without_retained_rows_steps_behind_it_refuse():
    front = UnlearnableTargetEncoder()
    last = UnlearnableLogisticRegression(retain_data=False)
    model = UnlearnablePipeline([("front", front), ("last", last)])
    model.fit(X, TARGETS["binary"])
    with pytest.raises(UnlearningError, match="retain_data=True"):
        model.partial_unfit(X[:1], TARGETS["binary"][:1])


def test_in_searches_and_blocks_steps_behind_it_get_what_it_gave_at_fit():
    y = TARGETS["binary"]
    model = make_unlearnable_pipeline(
        UnlearnableTargetEncoder(), UnlearnableLogisticRegression(retain_data=True)
    )

    def searched(*strengths):
        grid = {"unlearnablelogisticregression__C": list(strengths)}
        again = UnlearnableGridSearchCV(model, grid, cv=2, scoring="neg_log_loss")
        return again.fit(X, y)

    search = searched(0.1, 1.0)  # whose models share what stands before them
    alone = [searched(each).cv_results_["mean_test_score"][0] for each in (0.1, 1.0)]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], alone, rtol=1e-7)
    for left in (slice(0, None), slice(4, None)):
        if left.start:
            search.partial_unfit(X[:4], y[:4])
        best = clone(model).set_params(**search.best_params_).fit(X[left], y[left])
        np.testing.assert_allclose(
            search.predict_proba(X), best.predict_proba(X), atol=1e-6
        )
    first = clone(model).fit(X, y)  # as where another candidate has become the best
    second = clone(model).set_params(unlearnablelogisticregression__C=0.1)
    fit_behind(first, second, X, y)
    expected = clone(second).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(second.predict_proba(X), expected, atol=1e-6)
    blocks = DataBlocks([(X[:50], y[:50]), (X[50:], y[50:])])
    model.set_params(unlearnabletargetencoder__target_type="binary")
    with pytest.raises(TypeError, match=r"'unlearnabletargetencoder'.* other values"):
        model.fit(blocks)
