"""Votes of scikit-learn's that hold the models of all shards."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn import ShardedClassifier, ShardedRegressor
from sklearn_unlearn.exceptions import UnlearningError

X, Y = load_breast_cancer(return_X_y=True)


def assert_plain(vote):
    assert type(vote).__module__.startswith("sklearn.")
    assert b"sklearn_unlearn" not in pickle.dumps(vote)


@pytest.mark.parametrize("labels", [Y, np.array(["no", "yes"])[Y]])
def test_a_soft_vote_has_the_probabilities(labels):
    forest = RandomForestClassifier(4, random_state=0)
    model = ShardedClassifier(forest, n_shards=3, random_state=0).fit(X, labels)
    vote = model.partial_unfit(X[:2], labels[:2]).to_sklearn()
    assert_plain(vote)
    np.testing.assert_allclose(
        vote.predict_proba(X), model.predict_proba(X), rtol=1e-12
    )
    np.testing.assert_array_equal(vote.predict(X), model.predict(X))
    assert vote.n_features_in_ == X.shape[1]


def test_a_hard_vote_counts_the_labels_from_zero():
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = ShardedClassifier(tree, n_shards=3, voting="hard", random_state=0)
    vote = model.fit(X, Y).to_sklearn()
    assert_plain(vote)
    np.testing.assert_array_equal(vote.predict(X), model.predict(X))
    with pytest.raises(UnlearningError, match="counts the labels 0, 1"):
        model.fit(X, Y + 1).to_sklearn()


def test_a_vote_of_regressors_has_the_mean():
    data, target = load_diabetes(return_X_y=True)
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    model = ShardedRegressor(tree, n_shards=3, random_state=0).fit(data, target)
    vote = model.to_sklearn()
    assert_plain(vote)
    np.testing.assert_allclose(vote.predict(data), model.predict(data), rtol=1e-12)
    model.fit(data, np.column_stack([target, -target]))
    vote = model.to_sklearn()
    assert_plain(vote)
    np.testing.assert_allclose(vote.predict(data), model.predict(data), rtol=1e-12)


def test_a_vote_takes_the_columns_that_remain():
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = ShardedClassifier(tree, random_state=0).fit(X, Y).forget_features([1])
    expected = model.predict_proba(X)
    vote = model.to_sklearn(drop_forgotten=True)
    some = np.delete(X, 1, axis=1)
    np.testing.assert_allclose(vote.predict_proba(some), expected, rtol=1e-12)
    all_columns = model.to_sklearn()
    assert_plain(all_columns)
    np.testing.assert_allclose(all_columns.predict_proba(X), expected, rtol=1e-12)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_vote_takes_frames(library):
    library = pytest.importorskip(library)
    names = [f"c{number}" for number in range(4)]
    frame = library.DataFrame(dict(zip(names, X.T, strict=False)))
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = ShardedClassifier(tree, n_shards=3, random_state=0).fit(frame, Y)
    model.forget_features(["c1"])
    expected = model.predict_proba(frame)
    vote = model.to_sklearn()
    assert_plain(vote)
    np.testing.assert_allclose(vote.predict_proba(frame), expected, rtol=1e-12)
    rest = frame[["c0", "c2", "c3"]]
    np.testing.assert_allclose(vote.predict_proba(rest), expected, rtol=1e-12)
    vote = model.to_sklearn(drop_forgotten=True)
    np.testing.assert_allclose(vote.predict_proba(rest), expected, rtol=1e-12)


def test_a_vote_takes_texts():
    texts = [f"{'good' if n % 2 else 'bad'} word{n % 5}" for n in range(60)]
    labels = np.arange(60) % 2
    pipeline = make_pipeline(CountVectorizer(), MultinomialNB())
    model = ShardedClassifier(pipeline, n_shards=2, random_state=0).fit(texts, labels)
    vote = model.to_sklearn()
    assert_plain(vote)
    np.testing.assert_array_equal(vote.predict(texts), model.predict(texts))


def test_shards_without_a_class_are_refused():
    data, target = load_iris(return_X_y=True)
    few = np.r_[0:50, 50:52]
    tree = DecisionTreeClassifier(random_state=0)
    model = ShardedClassifier(tree, n_shards=10, random_state=0)
    model.fit(data[few], target[few])
    with pytest.raises(UnlearningError, match="fewer shards"):
        model.to_sklearn()
