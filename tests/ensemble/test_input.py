"""Rows of all kinds, what is refused, and what scikit-learn asks of sharded models."""

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
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from tests.ensemble.cases import CLASSIFIERS, OUT, REGRESSORS, all_but, data, outputs


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
    model = ShardedClassifier(tree, random_state=0).fit(X, y)
    assert model.feature_names_in_.tolist() == ["size", "colour", "age"]
    rest = all_but(len(y))
    fresh = ShardedClassifier(tree, random_state=0).fit(take(X, rest), y[rest])
    model.partial_unfit(take(X, OUT), y[OUT])
    assert outputs(model, X) == outputs(fresh, X)
    model.forget_features("age")
    fresh.fit(take(X, rest)[["size", "colour"]], y[rest])
    assert outputs(model, X) == outputs(fresh, X[["size", "colour"]])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(take(X, OUT), y[OUT])


def test_texts():
    texts = [f"word{n % 7} word{n % 5} other{n}" for n in range(60)]
    y = np.arange(60) % 2
    bayes = make_pipeline(CountVectorizer(), MultinomialNB())
    model = ShardedClassifier(bayes, n_shards=3, random_state=0).fit(texts, y)
    model.partial_unfit(texts[:3], y[:3])
    fresh = ShardedClassifier(bayes, n_shards=3, random_state=0).fit(texts[3:], y[3:])
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
    tree = ShardedClassifier(DecisionTreeClassifier(), random_state=0)
    model = clone(tree).fit(container(X), y)
    model.partial_unfit(container(X[OUT]), y[OUT])
    fresh = clone(tree).fit(container(X[all_but(len(y))]), y[all_but(len(y))])
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
    rest = np.setdiff1d(all_but(len(y)), [7])
    fresh = clone(boosting).fit(X[rest], y[rest], weight[rest])
    assert outputs(model, X) == outputs(fresh, X)
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(X[:1], y[:1], sample_weight=[5.0])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[7:8], y[7:8])


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
    with pytest.raises(InsufficientWeightError, match="no row"):
        model.partial_unfit(X, y)
    with pytest.raises(UnlearningError, match="nothing would be left"):
        model.forget_features([0, 1, 2, 3])
    with pytest.raises(ValueError, match="regressor has none"):
        model.partial_fit(X[:1], y[:1], classes=[0, 1], row_ids=[999])
    assert outputs(model, X) == before


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


def test_rows_that_floats_do_not_tell_apart_are_found():
    X = np.array([[2**53], [2**53 + 1], [3], [4], [5], [6]])
    y = np.array([0, 0, 0, 1, 1, 1])
    model = ShardedClassifier(DecisionTreeClassifier(), n_shards=1)
    model.fit(X, y).partial_unfit(X[[1]], y[[1]])
    left = model._fitted.model.retained.compacted().chunks[0].origin.X
    np.testing.assert_array_equal(left, X[[0, 2, 3, 4, 5]])
    with pytest.raises(RowNotFoundError, match="Row 0 of X"):
        model.partial_unfit(X[[1]], y[[1]])
