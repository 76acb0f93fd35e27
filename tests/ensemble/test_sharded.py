"""Sharded training: bit for bit the model of training without the rows."""

import operator

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn import ShardedClassifier, ShardedRegressor, partial_unfit
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from tests.ensemble.cases import (
    ALL,
    CLASSIFIERS,
    REGRESSORS,
    Watched,
    WatchedClassifier,
    WatchedRegressor,
    data,
    outputs,
)

OUT = np.array([3, 40, 77])


def _rest(n_rows):
    return np.setdiff1d(np.arange(n_rows), OUT)


def _edited(verb, model, X, y, ids):
    """Make a request; give the data and the identifiers of a refit."""
    rest, new = _rest(len(y)), y.copy()
    new[OUT] = y[::-1][OUT]
    X_new = X.copy()
    X_new[OUT] += 0.5
    if verb == "partial_unfit":
        model.partial_unfit(X[OUT], y[OUT])
        return X[rest], y[rest], ids[rest]
    if verb == "row_ids":
        model.partial_unfit(row_ids=ids[OUT])
        return X[rest], y[rest], ids[rest]
    if verb == "replace_features":
        model.replace_features(X[OUT], y[OUT], X_new[OUT])
        return X_new, y, ids
    if verb == "replace_labels":
        model.replace_labels(X[OUT], y[OUT], new[OUT])
        return X, new, ids
    if verb == "forget_features":
        model.forget_features([1])
        return X[:, [0, 2, 3]], y, ids
    names = ids[OUT] + 10_000 if model._fitted.model.retained.has_ids else None
    model.partial_fit(X_new[OUT], y[OUT], row_ids=names)
    return (
        np.concatenate([X, X_new[OUT]]),
        np.concatenate([y, y[OUT]]),
        np.concatenate([ids, ids[OUT] + 10_000]),
    )


VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
]


@pytest.mark.parametrize("with_ids", [False, True])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ALL)
def test_bit_for_bit_a_fresh_fit(name, verb, with_ids):
    X, y = data(ALL[name])
    ids = np.random.default_rng(1).permutation(len(y))
    model = clone(ALL[name]).fit(X, y, row_ids=ids if with_ids else None)
    before = model.estimators_
    X_edited, y_edited, ids_edited = _edited(verb, model, X, y, ids)
    shuffled = np.random.default_rng(2).permutation(len(y_edited))
    fresh = clone(ALL[name]).fit(
        X_edited[shuffled],
        y_edited[shuffled],
        row_ids=ids_edited[shuffled] if with_ids else None,
    )
    for X_test in (X, X[::-1] - 0.7):
        X_same = X_test[:, [0, 2, 3]] if verb == "forget_features" else X_test
        assert outputs(model, X_test) == outputs(fresh, X_same)
    assert not all(map(operator.is_, model.estimators_, before))


@pytest.mark.parametrize("name", ALL)
def test_rows_by_name(name):
    X, y = data(ALL[name])
    ids = np.array([f"customer {place}" for place in range(len(y))])
    model = clone(ALL[name]).fit(X, y, row_ids=ids)
    X_rest, y_rest, ids_rest = _edited("row_ids", model, X, y, ids)
    fresh = clone(ALL[name]).fit(X_rest, y_rest, row_ids=ids_rest)
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("name", ["boosting", "forest", "slices"])
def test_many_requests_are_those_of_one(name):
    X, y = data(CLASSIFIERS[name])
    model = clone(CLASSIFIERS[name]).fit(X, y)
    for start in range(0, 60, 7):
        stop = min(start + 7, 60)
        model.partial_unfit(X[start:stop], y[start:stop])
    model.replace_labels(X[60:70], y[60:70], y[:10])
    y = np.concatenate([y[:60], y[:10], y[70:]])
    fresh = clone(CLASSIFIERS[name]).fit(X[60:], y[60:])
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_jobs_change_nothing(n_jobs):
    for estimator in (CLASSIFIERS["forest"], CLASSIFIERS["slices"]):
        X, y = data(estimator)
        model = clone(estimator).set_params(n_jobs=n_jobs).fit(X, y)
        model.partial_unfit(X[OUT], y[OUT])
        alone = clone(estimator).fit(X[_rest(len(y))], y[_rest(len(y))])
        assert outputs(model, X) == outputs(alone, X)


# What is trained ----------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    seen = []
    monkeypatch.setattr(Watched, "calls", seen)
    return seen


@pytest.mark.parametrize("n_slices", [1, 4])
@pytest.mark.parametrize("verb", ["partial_unfit", "row_ids", "replace_features"])
def test_rows_that_left_reach_no_training(calls, verb, n_slices):
    X, y = data(WatchedRegressor())
    ids = np.arange(len(y))
    model = ShardedRegressor(WatchedRegressor(), n_slices=n_slices)
    model.fit(X, y, row_ids=ids)
    held = [set(each.trained_) for each in model.estimators_]
    assert sorted(value for rows in held for value in rows) == sorted(X[:, 0])
    calls.clear()
    _edited(verb, model, X, y, ids)
    assert calls
    seen = np.concatenate([rows[:, 0] for _, rows, _ in calls])
    assert not np.isin(X[OUT, 0], seen).any()
    for each in model.estimators_:
        assert not np.isin(X[OUT, 0], each.trained_).any()


@pytest.mark.parametrize("n_slices", [1, 2, 6])
def test_fewest_slices_are_trained_again(calls, n_slices):
    X, y = data(WatchedRegressor())
    model = ShardedRegressor(WatchedRegressor(), n_shards=4, n_slices=n_slices)
    model.fit(X, y)
    place = {}  # of each row: its shard and slice
    for number, (_, rows, _) in enumerate(calls):
        for value in rows[:, 0]:
            place[value] = divmod(number, n_slices)
    assert len(calls) == 4 * n_slices
    for row in range(12):
        before = list(model.estimators_)
        calls.clear()
        model.partial_unfit(X[[row]], y[[row]])
        shard, slice_ = place[X[row, 0]]
        assert len(calls) == n_slices - slice_
        for other, each in enumerate(model.estimators_):
            assert (each is before[other]) == (other != shard)
        now = [value for value in place if place[value] == (shard, slice_)]
        now = sorted(set(now) - set(X[: row + 1, 0]))
        assert sorted(calls[0][1][:, 0]) == now
    two = [20, 21]
    calls.clear()
    model.partial_unfit(X[two], y[two])
    first = {}
    for row in two:
        shard, slice_ = place[X[row, 0]]
        first[shard] = min(slice_, first.get(shard, slice_))
    assert len(calls) == sum(n_slices - slice_ for slice_ in first.values())


def test_shards_are_of_equal_size():
    X, y = data(WatchedRegressor(), 4000)
    model = ShardedRegressor(WatchedRegressor(), n_shards=8).fit(X, y)
    sizes = [len(each.trained_) for each in model.estimators_]
    # four standard deviations of a binomial distribution
    assert np.abs(np.array(sizes) - 500).max() < 4 * np.sqrt(4000 / 8 * 7 / 8)


def test_labels_stay_in_their_shard(calls):
    X, y = data(WatchedClassifier())
    model = ShardedClassifier(WatchedClassifier(), voting="hard").fit(X, y)
    calls.clear()
    model.replace_labels(X[:1], y[:1], y[y != y[0]][:1])
    assert len(calls) == 1
    assert X[0] in calls[0][1]


def test_a_named_row_stays_in_its_shard(calls):
    X, y = data(WatchedRegressor())
    model = ShardedRegressor(WatchedRegressor(), n_shards=20)
    model.fit(X, y, row_ids=np.arange(len(y)))
    calls.clear()
    for row in range(10):
        model.replace_features(X[[row]], y[[row]], X[[row]] + 1.0)
    assert len(calls) == 10


# Classes ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tree", "slices", "hinge", "neighbors"])
def test_a_class_that_vanishes(name):
    X, y = data(CLASSIFIERS[name])
    model = clone(CLASSIFIERS[name]).fit(X, y)
    gone = y == "blue"
    model.partial_unfit(X[gone], y[gone])
    assert model.classes_.tolist() == ["amber", "coral"]
    fresh = clone(CLASSIFIERS[name]).fit(X[~gone], y[~gone])
    assert outputs(model, X) == outputs(fresh, X)
    last = y == "amber"
    with pytest.raises(EmptyClassError, match="'amber'"):
        model.partial_unfit(X[last], y[last])
    with pytest.raises(ValueError, match="'blue'"):
        model.partial_fit(X[gone], y[gone])
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("name", ["tree", "slices", "neighbors"])
def test_shards_that_lack_classes(name):
    X, y = data(CLASSIFIERS[name])
    rare = np.array(["rare"] * 2)
    X, y = np.concatenate([X, X[:2] + 9.0]), np.concatenate([y, rare])
    model = clone(CLASSIFIERS[name]).set_params(n_shards=8).fit(X, y)
    assert {len(each.classes_) for each in model.estimators_} == {3, 4}
    assert model.predict(X).shape == y.shape
    if name != "neighbors":
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
        expected = np.zeros((len(y), 4))
        for each in model.estimators_:
            found = each.predict_proba(X)
            for column, label in enumerate(each.classes_):
                expected[:, model.classes_ == label] += found[:, [column]] / 8
        np.testing.assert_allclose(model.predict_proba(X), expected)


def test_hard_votes_are_counted():
    X, y = load_iris(return_X_y=True)
    model = ShardedClassifier(DecisionTreeClassifier(random_state=0), voting="hard")
    model.fit(X, y)
    votes = np.array([each.predict(X) for each in model.estimators_])
    expected = [np.bincount(column).argmax() for column in votes.T]
    np.testing.assert_array_equal(model.predict(X), expected)
    assert not hasattr(model, "predict_proba")


def test_regressions_are_averaged():
    X, y = data(REGRESSORS["tree"])
    model = clone(REGRESSORS["tree"]).fit(X, np.column_stack([y, -y]))
    expected = np.mean([each.predict(X) for each in model.estimators_], axis=0)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.predict(X).shape == (len(y), 2)


# Rows of all kinds --------------------------------------------------------------------


def test_frames_reach_the_estimator_as_they_are():
    pd = pytest.importorskip("pandas")
    _check_frame(pd.DataFrame, lambda X, rows: X.iloc[rows])


def test_polars_frames_too():
    pl = pytest.importorskip("polars")
    _check_frame(pl.DataFrame, lambda X, rows: X[rows])


def _check_frame(frame, take):
    X, y = data(CLASSIFIERS["tree"])
    colour = np.array(["red", "green", "grey"])[np.arange(len(y)) % 3]
    X = frame({"size": X[:, 0], "colour": colour, "age": X[:, 1]})
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["colour"]),
        (StandardScaler(), ["size"]),
        remainder="passthrough",
    )
    tree = make_pipeline(columns, DecisionTreeClassifier(random_state=0))
    model = ShardedClassifier(tree).fit(X, y)
    assert model.feature_names_in_.tolist() == ["size", "colour", "age"]
    rest = _rest(len(y))
    fresh = ShardedClassifier(tree).fit(take(X, rest), y[rest])
    model.partial_unfit(take(X, OUT), y[OUT])
    assert outputs(model, X) == outputs(fresh, X)
    model.forget_features("age")
    with pytest.raises(ValueError, match="column"):
        model.forget_features("size")  # the estimator names it
    fresh.fit(take(X, rest)[["size", "colour"]], y[rest])
    assert outputs(model, X) == outputs(fresh, X[["size", "colour"]])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(take(X, OUT), y[OUT])


def test_texts():
    texts = [f"word{n % 7} word{n % 5} other{n}" for n in range(60)]
    y = np.arange(60) % 2
    bayes = make_pipeline(CountVectorizer(), MultinomialNB())
    model = ShardedClassifier(bayes, n_shards=3).fit(texts, y)
    model.partial_unfit(texts[:3], y[:3])
    fresh = ShardedClassifier(bayes, n_shards=3).fit(texts[3:], y[3:])
    assert outputs(model, texts) == outputs(fresh, texts)
    vocabularies = [set(each[0].vocabulary_) for each in model.estimators_]
    assert not any("other1" in words for words in vocabularies)
    with pytest.raises(UnlearningError, match="no columns"):
        model.forget_features([0])
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_rows(container):
    X, y = data(CLASSIFIERS["tree"])
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    tree = ShardedClassifier(DecisionTreeClassifier(random_state=0))
    model = clone(tree).fit(container(X), y)
    model.partial_unfit(container(X[OUT]), y[OUT])
    fresh = clone(tree).fit(container(X[_rest(len(y))]), y[_rest(len(y))])
    assert outputs(model, X) == outputs(fresh, X)


def test_missing_values_if_the_estimator_takes_them():
    X, y = data(CLASSIFIERS["boosting"])
    X[::5, 1] = np.nan
    model = clone(CLASSIFIERS["boosting"]).fit(X, y)
    model.partial_unfit(X[:5], y[:5])
    fresh = clone(CLASSIFIERS["boosting"]).fit(X[5:], y[5:])
    assert outputs(model, X) == outputs(fresh, X)
    assert not np.isnan(model.predict_proba(X)).any()


def test_weights():
    X, y = data(CLASSIFIERS["tree"])
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    weight[7] = 0.0
    boosting = clone(CLASSIFIERS["boosting"])
    model = clone(boosting).fit(X, y, sample_weight=weight)
    model.partial_unfit(X[OUT], y[OUT], sample_weight=0.5 * weight[OUT])
    half = weight.copy()
    half[OUT] *= 0.5
    assert outputs(model, X) == outputs(clone(boosting).fit(X, y, half), X)
    model.partial_unfit(X[OUT], y[OUT])
    rest = np.setdiff1d(_rest(len(y)), [7])
    fresh = clone(boosting).fit(X[rest], y[rest], weight[rest])
    assert outputs(model, X) == outputs(fresh, X)
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(X[:1], y[:1], sample_weight=[5.0])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[7:8], y[7:8])


# What is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (ShardedClassifier(n_shards=0), ValueError, "n_shards"),
        (ShardedClassifier(n_shards=2.5), TypeError, "n_shards"),
        (ShardedClassifier(n_slices=0), ValueError, "n_slices"),
        (ShardedClassifier(n_slices=2), ValueError, "LogisticRegression has not"),
        (
            ShardedClassifier(HistGradientBoostingClassifier(), n_slices=3),
            ValueError,
            "needs an estimator with partial_fit",
        ),
        (ShardedClassifier(voting="loud"), ValueError, "voting"),
        (ShardedClassifier(LinearSVC()), ValueError, "set voting='hard'"),
        (ShardedClassifier("tree"), TypeError, "estimator must be"),
        (ShardedClassifier(SVC), TypeError, "estimator must be"),
        (
            ShardedClassifier(LinearRegression(), voting="hard"),
            ValueError,
            "a classifier; LinearRegression is none",
        ),
        (
            ShardedRegressor(make_pipeline(LogisticRegression())),
            ValueError,
            "a regressor; Pipeline is none",
        ),
        (
            ShardedClassifier(KNeighborsClassifier(metric="precomputed")),
            ValueError,
            "distances",
        ),
    ],
)
def test_bad_parameters(estimator, error, message):
    X, y = data(estimator)
    with pytest.raises(error, match=message):
        estimator.fit(X, y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


def test_weights_that_the_estimator_does_not_take():
    X, y = data(CLASSIFIERS["neighbors"])
    model = clone(CLASSIFIERS["neighbors"])
    with pytest.raises(ValueError, match=r"KNeighborsClassifier.fit takes no weights"):
        model.fit(X, y, sample_weight=np.full(len(y), 2.0))
    model.fit(X, y, sample_weight=(np.arange(len(y)) > 4).astype(float))
    fresh = clone(CLASSIFIERS["neighbors"]).fit(X[5:], y[5:])
    assert outputs(model, X) == outputs(fresh, X)
    with pytest.raises(ValueError, match="takes no weights"):
        model.partial_unfit(X[5:6], y[5:6], sample_weight=0.5)
    assert outputs(model, X) == outputs(fresh, X)


def test_bad_requests():
    X, y = data(REGRESSORS["tree"])
    model = clone(REGRESSORS["tree"]).fit(X, y, row_ids=np.arange(len(y)))
    before = outputs(model, X)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 1.0, y[:1])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(row_ids=[0, 999])
    with pytest.raises(ValueError, match="pass row_ids"):
        model.partial_fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="is in the model"):
        model.partial_fit(X[:1], y[:1], row_ids=[0])
    with pytest.raises(InsufficientWeightError, match="no row"):
        model.partial_unfit(X, y)
    with pytest.raises(UnlearningError, match="nothing would be left"):
        model.forget_features([0, 1, 2, 3])
    with pytest.raises(ValueError, match="regressor has none"):
        model.partial_fit(X[:1], y[:1], classes=[0, 1], row_ids=[999])
    assert outputs(model, X) == before


# scikit-learn -------------------------------------------------------------------------


def test_parameters_of_the_estimator_are_reached():
    model = ShardedClassifier(LogisticRegression())
    model.set_params(estimator__C=0.5, n_shards=2)
    assert model.estimator.C == 0.5
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model.fit(X, y)
    assert all(each.C == 0.5 for each in model.estimators_)
    assert not hasattr(model.estimator, "coef_")


def test_one_seed_for_each_shard():
    X, y = data(CLASSIFIERS["forest"])
    model = clone(CLASSIFIERS["forest"]).fit(X, y)
    seeds = [each.random_state for each in model.estimators_]
    assert len(set(seeds)) == len(seeds)
    assert [each.random_state for each in clone(model).fit(X, y).estimators_] == seeds
    generator = np.random.RandomState(0)
    model = clone(model).set_params(random_state=generator).fit(X, y)
    held = [each.random_state for each in model.estimators_]
    model.partial_unfit(X[:9], y[:9])
    assert [each.random_state for each in model.estimators_] == held
    plain = ShardedRegressor(DecisionTreeRegressor(random_state=7)).fit(X, X[:, 0])
    assert {each.random_state for each in plain.estimators_} == {7}


def test_one_shard_is_retraining():
    X, y = data(REGRESSORS["tree"])
    model = ShardedRegressor(LinearRegression(), n_shards=1).fit(X, y)
    model.partial_unfit(X[:9], y[:9])
    plain = LinearRegression().fit(X[9:], y[9:])
    np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=1e-12)


def test_functions_reach_it():
    X, y = data(CLASSIFIERS["slices"])
    model = partial_unfit(clone(CLASSIFIERS["slices"]).fit(X, y), X[:3], y[:3])
    fresh = clone(CLASSIFIERS["slices"]).fit(X[3:], y[3:])
    assert outputs(model, X) == outputs(fresh, X)


def test_representation():
    model = ShardedClassifier(SGDClassifier(loss="log_loss"), n_slices=2)
    assert repr(model) == (
        "ShardedClassifier(estimator=SGDClassifier(loss='log_loss'), n_slices=2)"
    )
    X, y = data(model)
    X[5, 0] = 12345.678
    page = model.fit(X, y, row_ids=np.arange(len(y)) + 77700)._repr_html_()
    assert "SGDClassifier" in page
    assert "12345.678" not in page
    assert "777" not in page


@pytest.mark.parametrize("order", ["C", "F"])
def test_predictions_are_bit_for_bit_those_of_a_refit(order):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(120, 6))
        y = (X[:, 0] + rng.normal(size=120) > 0).astype(int)
        model = ShardedClassifier(n_shards=2).fit(X, y).forget_features([2])
        rest = np.asarray(np.delete(X, 2, axis=1), order=order)
        fresh = ShardedClassifier(n_shards=2).fit(rest, y)
        assert outputs(model, X) == outputs(fresh, rest)
        assert outputs(model, rest) == outputs(fresh, rest)


@pytest.mark.parametrize("with_ids", [False, True])
def test_a_replacement_by_the_same_values_trains_nothing(calls, with_ids):
    X, y = data(WatchedClassifier())
    ids = np.arange(len(y)) if with_ids else None
    model = ShardedClassifier(WatchedClassifier(), voting="hard")
    model.fit(X, y, row_ids=ids)
    calls.clear()
    before = model._fitted
    model.replace_features(X[:9], y[:9], X[:9].copy())
    model.replace_labels(X[:9], y[:9], y[:9].copy())
    assert not calls
    assert model._fitted is before
    # of several rows one changes: the shard of that one is trained again
    X_new, y_new = X.copy(), y.copy()
    X_new[3] += 1.0
    model.replace_features(X[:9], y[:9], X_new[:9])
    assert 1 <= len(calls) <= 2 - with_ids
    calls.clear()
    y_new[4] = y[y != y[4]][0]
    model.replace_labels(X_new[:9], y[:9], y_new[:9])
    assert len(calls) == 1
    fresh = clone(model).fit(X_new, y_new, row_ids=ids)
    for one, other in zip(model.estimators_, fresh.estimators_, strict=True):
        assert np.array_equal(one.trained_, other.trained_)
