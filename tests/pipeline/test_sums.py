"""Models of sums behind steps whose outputs move: against refits of the twins."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import BayesianRidge, ElasticNet, LinearRegression
from sklearn.naive_bayes import (
    BernoulliNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.validation import has_fit_parameter

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    PrecisionLossWarning,
    RowNotFoundError,
    UnlearningError,
)
from tests.pairwise import pairwise
from tests.pipeline.data import mails, people, raw
from tests.pipeline.scripts import Story, answers

TWINS = {
    su.UnlearnableLinearRegression: LinearRegression,
    su.UnlearnableBayesianRidge: BayesianRidge,
    su.UnlearnableElasticNet: partial(ElasticNet, tol=1e-14, max_iter=100_000),
    su.UnlearnableLinearDiscriminantAnalysis: LinearDiscriminantAnalysis,
    su.UnlearnableQuadraticDiscriminantAnalysis: QuadraticDiscriminantAnalysis,
    su.UnlearnableGaussianNB: GaussianNB,
    su.UnlearnableNearestCentroid: NearestCentroid,
}
SCALERS = {
    su.UnlearnableStandardScaler: StandardScaler,
    su.UnlearnableMinMaxScaler: MinMaxScaler,
}
REGRESSORS = (
    su.UnlearnableLinearRegression,
    su.UnlearnableBayesianRidge,
    su.UnlearnableElasticNet,
)


def rows_for(model):
    X, y = raw("ridge" if model in REGRESSORS else "multinomial")
    if model is su.UnlearnableQuadraticDiscriminantAnalysis:
        X = X[:, :3]
    return X, y


def all_verbs(story, n_columns=0):
    story.partial_unfit([0, 1, 30])
    story.replace_features([3, 9], 1.5 * story.X[[3, 9]])
    story.replace_labels([5, 20])
    if n_columns:
        story.pipeline.forget_features([1])
        story.X, later = np.delete(story.X, 1, axis=1), story.later
        story.later = np.delete(later[0], 1, axis=1), later[1]
    story.partial_fit()
    story.partial_unfit([2, 40])


@pytest.mark.parametrize(
    ("model", "scaler", "retain_data", "weighted"),
    pairwise(TWINS, SCALERS, [False, True], [False, True]),
)
def test_all_verbs_give_the_refit_of_the_twins(model, scaler, retain_data, weighted):
    X, y = rows_for(model)
    weight = None
    if weighted and scaler is su.UnlearnableStandardScaler:
        weight = np.linspace(0.5, 2.0, y.size)
    last = model(retain_data=retain_data)
    story = Story(su.make_unlearnable_pipeline(scaler(), last), X, y, weight=weight)
    all_verbs(story, n_columns=1)
    pipeline, rest = story.pipeline, story.X
    twin = make_pipeline(SCALERS[scaler](), TWINS[model]())
    keywords = {}
    if weight is not None:
        keywords = {
            f"{name}__sample_weight": story.weight
            for name, step in twin.steps
            if has_fit_parameter(step, "sample_weight")
        }
    twin.fit(rest, story.y, **keywords)
    found, expected = answers(pipeline, rest), answers(twin, rest)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
    if retain_data:
        refit = clone(pipeline).fit(rest, story.y, story.weight)
        np.testing.assert_array_equal(answers(pipeline, rest), answers(refit, rest))
        again = pickle.loads(pickle.dumps(pipeline))
        again.partial_unfit(rest[:1], story.y[:1])
        refit.partial_unfit(rest[:1], story.y[:1])
        np.testing.assert_array_equal(answers(again, rest), answers(refit, rest))


TEXTS = {
    su.UnlearnableMultinomialNB: MultinomialNB,
    su.UnlearnableComplementNB: ComplementNB,
    su.UnlearnableBernoulliNB: BernoulliNB,
}
FRONTS = {
    "tfidf": (su.UnlearnableTfidfVectorizer, TfidfVectorizer, {}),
    "scaled": (su.UnlearnableTfidfVectorizer, TfidfVectorizer, {"norm": None}),
    "counts": (su.UnlearnableCountVectorizer, CountVectorizer, {}),
}


@pytest.mark.parametrize(
    ("model", "front", "retain_data"), pairwise(TEXTS, FRONTS, [False, True])
)
def test_texts_leave_a_model_of_counts(model, front, retain_data):
    ours, theirs, params = FRONTS[front]
    texts, y = mails()
    last = model(retain_data=retain_data)
    story = Story(su.make_unlearnable_pipeline(ours(**params), last), texts, y)
    binary = model is su.UnlearnableBernoulliNB and front != "counts"
    if not retain_data and (front == "tfidf" or binary):
        with pytest.raises(UnlearningError, match="retain_data=True"):
            story.partial_unfit([0, 30])
        return
    story.partial_unfit([0, 30])
    story.replace_features([3, 9], ["word10 word12 zebra", "word17 word13"])
    story.replace_labels([5, 20])
    story.partial_fit()
    story.pipeline.partial_fit(["a new word"], ["ham"])
    texts, y = [*story.X, "a new word"], np.append(story.y, "ham")
    twin = make_pipeline(theirs(**params), TEXTS[model]()).fit(texts, y)
    np.testing.assert_allclose(
        answers(story.pipeline, texts), answers(twin, texts), rtol=1e-8
    )


@pytest.mark.parametrize("drop", ["first", None])
def test_columns_of_a_frame_and_words_that_come_and_go(drop):
    frame, y = people()
    earns = (y == "much") * 1.0
    words = su.UnlearnableOneHotEncoder(drop=drop, sparse_output=False)
    front = su.make_unlearnable_column_transformer(
        (su.UnlearnableStandardScaler(), ["age", "income"]), (words, ["city", "work"])
    )
    for retain_data in (False, True):
        last = su.UnlearnableLinearRegression(retain_data=retain_data)
        model = su.make_unlearnable_pipeline(front, last).fit(frame[:-3], earns[:-3])
        model.partial_unfit(frame[:2], earns[:2])  # the only one of Lima
        model.partial_fit(frame[-3:], earns[-3:])  # all of Kyiv
        refit = clone(model).fit(frame[2:], earns[2:])
        np.testing.assert_allclose(model.predict(frame[2:]), refit.predict(frame[2:]))
        assert model[-1].n_features_in_ == refit[-1].n_features_in_


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 59), unique=True, min_size=1, max_size=45))
def test_many_requests_end_at_the_refit(rows):
    X, y = raw("ridge", 60)
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableLinearRegression()
    ).fit(X, y)
    for row in rows:
        model.partial_unfit(X[[row]], y[[row]])
    left = np.setdiff1d(np.arange(60), rows)
    twin = make_pipeline(StandardScaler(), LinearRegression()).fit(X[left], y[left])
    np.testing.assert_allclose(model.predict(X), twin.predict(X), rtol=1e-8, atol=1e-8)


def test_combinations_of_columns_have_no_variances():
    X, y = rows_for(su.UnlearnableGaussianNB)
    pca = su.UnlearnablePCA(svd_solver="full")
    model = su.make_unlearnable_pipeline(pca, su.UnlearnableGaussianNB()).fit(X, y)
    before = answers(model, X)
    with pytest.raises(UnlearningError, match=r"'unlearnablepca'.*retain_data=True"):
        model.partial_unfit(X[:2], y[:2])
    np.testing.assert_array_equal(answers(model, X), before)
    model.set_params(unlearnablegaussiannb__retain_data=True)
    model.fit(X, y).partial_unfit(X[:2], y[:2])
    refit = clone(model).fit(X[2:], y[2:])
    np.testing.assert_array_equal(answers(model, X), answers(refit, X))


def test_rows_by_name_and_rows_that_are_not_in():
    X, y = rows_for(su.UnlearnableGaussianNB)
    ids = np.array([f"id{row}" for row in range(y.size)])
    last = su.UnlearnableGaussianNB(retain_data=True)
    model = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), last)
    model.fit(X, y, row_ids=ids).partial_unfit(row_ids=ids[[4, 7]])
    left = np.delete(np.arange(y.size), [4, 7])
    refit = clone(model).fit(X[left], y[left])
    np.testing.assert_array_equal(answers(model, X), answers(refit, X))
    assert not model.has(["id4"])[0]
    assert model.has(["id5"])[0]
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[4:5], y[4:5])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(row_ids=["id7"])
    np.testing.assert_array_equal(answers(model, X), answers(refit, X))


@pytest.mark.parametrize("retain_data", [False, True])
def test_classes_that_lose_their_rows(retain_data):
    X, y = rows_for(su.UnlearnableGaussianNB)
    last = su.UnlearnableGaussianNB(retain_data=retain_data)
    model = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), last)
    model.fit(X, y)
    rare, second, _ = (np.flatnonzero(y == label) for label in np.unique(y)[::-1])
    model.partial_unfit(X[rare], y[rare])
    left = np.setdiff1d(np.arange(y.size), rare)
    twin = make_pipeline(StandardScaler(), GaussianNB()).fit(X[left], y[left])
    np.testing.assert_allclose(answers(model, X), answers(twin, X), rtol=1e-7)
    before = answers(model, X)
    with pytest.raises(EmptyClassError):
        model.partial_unfit(X[second], y[second])
    np.testing.assert_array_equal(answers(model, X), before)
    model.partial_fit(X[rare], y[rare])
    twin.fit(X, y)
    np.testing.assert_allclose(answers(model, X), answers(twin, X), rtol=1e-7)


def test_a_row_that_leaves_in_part_still_counts():
    X, y = rows_for(su.UnlearnableGaussianNB)
    weight = np.full(y.size, 2.0)
    model = su.UnlearnableGaussianNB(retain_data=True).fit(X, y, weight)
    model.partial_unfit(X[:1], y[:1], [0.5])
    weight[0] = 1.5
    refit = su.UnlearnableGaussianNB().fit(X, y, weight)
    assert model.epsilon_ == refit.epsilon_
    np.testing.assert_array_equal(model.var_, refit.var_)


def test_an_outlier_that_hid_the_others_is_warned_of():
    X, y = raw("ridge")
    X[0, 1] = 1e13
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableLinearRegression()
    ).fit(X, y)
    with pytest.warns(PrecisionLossWarning, match="lost digits"):
        model.partial_unfit(X[:1], y[:1])
    last = su.UnlearnableLinearRegression(retain_data=True)
    model = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), last)
    model.fit(X, y).partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_array_equal(model.predict(X), refit.predict(X))


def test_a_column_that_no_longer_varies():
    X, y = rows_for(su.UnlearnableLinearDiscriminantAnalysis)
    X = np.column_stack([X, np.full(y.size, 0.1)])
    X[7, -1] = 5.0
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableLinearDiscriminantAnalysis()
    ).fit(X, y)
    model.partial_unfit(X[7:8], y[7:8])
    for row in (0, 1, 2):  # whose outputs are rounded otherwise than sums of theirs
        model.partial_unfit(X[[row]], y[[row]])
    left = np.delete(np.arange(y.size), [0, 1, 2, 7])
    twin = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())
    twin.fit(X[left], y[left])
    found, expected = answers(model, X[left]), answers(twin, X[left])
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_parameters_of_columns():
    X, y = rows_for(su.UnlearnableGaussianNB)
    X = X - X.min(axis=0)
    alpha = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    front = su.UnlearnableMaxAbsScaler()
    last = su.UnlearnableMultinomialNB(alpha=alpha)
    model = su.make_unlearnable_pipeline(front, last).fit(X, y)
    top = np.unique(X.argmax(axis=0))
    left = np.setdiff1d(np.arange(y.size), top)
    model.forget_features(2).partial_unfit(X[top], y[top])
    columns = [0, 1, 3, 4]
    refit = su.make_unlearnable_pipeline(
        front, su.UnlearnableMultinomialNB(alpha=alpha[columns])
    ).fit(X[left][:, columns], y[left])
    expected = answers(refit, X[:, columns])
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-9)
    texts, spam = mails()
    words = su.UnlearnableTfidfVectorizer()
    alpha = np.ones(len(words.fit(texts).vocabulary_))
    last = su.UnlearnableMultinomialNB(alpha=alpha, retain_data=True)
    model = su.make_unlearnable_pipeline(words, last).fit(texts, spam)
    model.partial_unfit(texts[:1], spam[:1])  # words leave
    assert model[-1].n_features_in_ < alpha.size
    with pytest.raises(UnlearningError, match="an entry for each column"):
        model.partial_fit(["a word that nobody knew"], ["ham"])
