"""Pipelines of texts, against refits on the edited documents."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, Normalizer, PolynomialFeatures

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableCountVectorizer,
    UnlearnableLogisticRegression,
    UnlearnableMaxAbsScaler,
    UnlearnableMultinomialNB,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableStandardScaler,
    UnlearnableTfidfTransformer,
    UnlearnableTfidfVectorizer,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.core.linear import fitting
from sklearn_unlearn.exceptions import (
    ProblemTooLargeError,
    UnlearningError,
    UnseenRowsWarning,
)
from tests.cases import LARGE_STEPS
from tests.pipeline.data import mails
from tests.pipeline.scripts import Story, answers


def pipeline(*steps, **params):
    return make_unlearnable_pipeline(*steps, UnlearnableLogisticRegression(**params))


def all_verbs(story):
    story.partial_unfit([0, 30])
    story.replace_features([3, 9], ["word1 word2 Hedy", "word7 word3"])
    story.replace_labels([5, 20])
    story.partial_fit()
    story.partial_unfit([7])


FRONTS = {
    "counts": [UnlearnableCountVectorizer()],
    "tfidf": [UnlearnableTfidfVectorizer()],
    "l1": [UnlearnableTfidfVectorizer(norm="l1", sublinear_tf=True)],
    "weights": [UnlearnableTfidfVectorizer(norm=None)],
    "thresholds": [UnlearnableTfidfVectorizer(min_df=3, max_df=0.5)],
    "two": [UnlearnableCountVectorizer(), UnlearnableTfidfTransformer()],
    "scaled": [UnlearnableTfidfVectorizer(), UnlearnableMaxAbsScaler()],
    "normed": [UnlearnableCountVectorizer(), Normalizer()],
    "two_normed": [
        UnlearnableCountVectorizer(),
        UnlearnableTfidfTransformer(),
        Normalizer("l1"),
        Binarizer(threshold=0.1),
    ],
    "hashed": [HashingVectorizer(n_features=64), UnlearnableMaxAbsScaler()],
}


@pytest.mark.parametrize("name", FRONTS)
def test_with_data_requests_are_refits_of_the_whole_pipeline(name):
    story = Story(pipeline(*FRONTS[name], retain_data=True), *mails())
    all_verbs(story)
    refit = story.refit()
    if name not in ("hashed", "normed", "two_normed"):
        names = [
            p[:-1].get_feature_names_out().tolist() for p in (story.pipeline, refit)
        ]
        assert names[0] == names[1]
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-8
    )


@pytest.mark.parametrize("step", [Normalizer(), Binarizer(), PolynomialFeatures(2)])
def test_new_words_reach_steps_that_know_the_number_of_columns_alone(step):
    texts = ["ash elm", "elm fir", "fir oak", "oak ash rare", "ash fir"] * 4
    y = np.arange(20.0)
    model = make_unlearnable_pipeline(
        UnlearnableCountVectorizer(),
        UnlearnableTfidfTransformer(),
        step,
        UnlearnableRidge(retain_data=True),
    ).fit(texts, y)
    model.partial_fit(["brandnew ash"], [1.0])
    model.replace_features(texts[:1], y[:1], ["another elm"])
    texts, y = [*texts[1:], "brandnew ash", "another elm"], [*y[1:], 1.0, y[0]]
    refit = clone(model).fit(texts, y)
    np.testing.assert_allclose(model.predict(texts), refit.predict(texts), rtol=1e-8)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", ["counts", "weights"])
def test_without_data_words_that_vanish_leave(name):
    texts, y = mails(600)
    story = Story(pipeline(*FRONTS[name], C=0.1), texts, y)
    story.partial_unfit([0, 30])
    story.replace_features([3, 9], ["word1 word2 Hedy", "word7 word3"])
    refit = story.refit()
    assert story.pipeline[-1].coef_.shape == refit[-1].coef_.shape
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=5e-3
    )
    residual = story.pipeline.gradient_residual(story.X, story.y)
    story.pipeline.refine(story.X, story.y)
    assert story.pipeline.gradient_residual(story.X, story.y) < 1e-7 < residual


def test_without_data_norms_are_approximated_aloud():
    story = Story(pipeline(*FRONTS["tfidf"]), *mails(600))
    with pytest.warns(UnseenRowsWarning, match="'unlearnabletfidfvectorizer'"):
        story.partial_unfit([0, 30])
    refit = story.refit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=2e-3
    )
    with pytest.raises(UnlearningError, match="retain_data=True"):
        pipeline(*FRONTS["normed"]).fit(*mails()).partial_unfit(mails()[0][:1], ["ham"])


@pytest.mark.parametrize("name", ["tfidf", "two", "weights"])
def test_names_leave_every_trace(name):
    texts, y = mails()
    model = pipeline(*FRONTS[name], retain_data=True).fit(texts, y)
    assert b"franklin" in pickle.dumps(model).lower()
    model.partial_unfit(texts[:1], y[:1])
    dumped = pickle.dumps(model).lower()
    assert b"franklin" not in dumped
    assert b"rosalind" in dumped
    model.replace_features(texts[1:2], y[1:2], [texts[1].replace("Rosalind", "word1")])
    assert b"rosalind" not in pickle.dumps(model).lower()
    again = pickle.loads(pickle.dumps(model)).partial_unfit(texts[2:3], y[2:3])
    model.partial_unfit(texts[2:3], y[2:3])
    np.testing.assert_allclose(answers(again, texts), answers(model, texts), atol=1e-8)


def test_the_twin_agrees():
    story = Story(pipeline(*FRONTS["tfidf"], retain_data=True), *mails())
    all_verbs(story)
    twin = make_pipeline(TfidfVectorizer(), LogisticRegression(tol=1e-10, max_iter=999))
    twin.fit(story.X, story.y)
    for each in (story.pipeline, story.pipeline.to_sklearn()):
        np.testing.assert_allclose(
            answers(each, story.X), answers(twin, story.X), atol=1e-6
        )


def test_texts_have_no_columns():
    model = pipeline(*FRONTS["tfidf"]).fit(*mails())
    with pytest.raises(UnlearningError, match="no columns to forget"):
        model.forget_features(0)


def test_sums_lose_words():
    texts, y = mails()
    model = make_unlearnable_pipeline(
        UnlearnableCountVectorizer(), UnlearnableMultinomialNB()
    )
    story = Story(model, texts, y)
    all_verbs_but_new_words(story)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), rtol=1e-9
    )
    story.pipeline.partial_fit(["a new word"], ["ham"])
    texts, y = [*story.X, "a new word"], np.append(story.y, "ham")
    refit = clone(story.pipeline).fit(texts, y)
    np.testing.assert_allclose(
        answers(story.pipeline, texts), answers(refit, texts), rtol=1e-9
    )


def all_verbs_but_new_words(story):
    story.partial_unfit([0, 30])
    story.replace_features([3, 9], ["word10 word12", "word17 word13"])
    story.replace_labels([5, 20])


def test_texts_beside_numbers():
    pd = pytest.importorskip("pandas")
    texts, y = mails()
    frame = pd.DataFrame({"body": texts, "length": [len(text) for text in texts]})
    front = make_unlearnable_column_transformer(
        (UnlearnableTfidfVectorizer(), "body"),
        (UnlearnableStandardScaler(), ["length"]),
    )
    story = Story(pipeline(front, retain_data=True), frame, y)
    story.partial_unfit([0, 1])
    changed = story.X.iloc[[4]].assign(body="Hedy word1", length=10)
    story.replace_features([4], changed)
    story.partial_fit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), atol=1e-8
    )
    exported = story.pipeline.to_sklearn()
    np.testing.assert_allclose(
        answers(exported, story.X), answers(story.pipeline, story.X), atol=1e-12
    )
    story.pipeline.forget_features("body")
    assert story.pipeline[-1].coef_.shape == (1, 1)
    refit = clone(story.pipeline)
    refit[0].transformers.pop(0)
    refit.fit(story.X, story.y)
    left = story.X[["length"]]
    np.testing.assert_allclose(
        answers(story.pipeline, left), answers(refit, story.X), atol=1e-8
    )


def test_ways_out_of_a_wide_model(monkeypatch):
    monkeypatch.setattr(fitting, "MAX_ORDER", 30)
    texts, y = mails()
    words = "max_features or min_df .* n_features .* naive Bayes, or a sharded model"
    with pytest.raises(ProblemTooLargeError, match=words):
        pipeline(UnlearnableTfidfVectorizer()).fit(texts, y)
    several = np.where(np.arange(200) % 7, y, "other")
    with pytest.raises(ProblemTooLargeError, match="ridge classifier keeps one of ord"):
        pipeline(UnlearnableTfidfVectorizer(max_features=20)).fit(texts, several)
    ways = [
        pipeline(UnlearnableTfidfVectorizer(max_features=20), retain_data=True),
        pipeline(UnlearnableTfidfVectorizer(min_df=0.5), retain_data=True),
        pipeline(HashingVectorizer(n_features=16)),
        make_unlearnable_pipeline(
            UnlearnableCountVectorizer(), UnlearnableMultinomialNB()
        ),
        make_unlearnable_pipeline(
            HashingVectorizer(n_features=512), ShardedClassifier()
        ),
    ]
    for model in ways:
        model.fit(texts, y).partial_unfit(texts[5:7], y[5:7])
    shared = UnlearnableTfidfVectorizer(max_features=20), UnlearnableRidgeClassifier()
    make_unlearnable_pipeline(*shared).fit(texts, several)
