"""Texts of more words than any factor has columns, through TF-IDF and a model."""

import tracemalloc

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableTfidfVectorizer,
)

_TOKENISED = []


def words_of(text):
    _TOKENISED.append(text)
    return text.split()


def texts(n_texts=1000, n_words=60_000, seed=0):
    """Texts of words that are as frequent as their rank is low, and a topic."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(100, n_words + 100)
    drawn = rng.choice(n_words, (n_texts, 60), p=share / share.sum())
    slope = rng.standard_normal(n_words)
    topics = (slope[drawn].sum(axis=1) > 0.0).astype(int)
    return [" ".join(f"w{word}" for word in row) for row in drawn], topics


@pytest.fixture(scope="module")
def fitted():
    documents, topics = texts()
    vectorizer = UnlearnableTfidfVectorizer(tokenizer=words_of, token_pattern=None)
    model = UnlearnableLogisticRegression(C=3.0, retain_data=True)
    return UnlearnablePipeline([("words", vectorizer), ("model", model)]).fit(
        documents, topics
    )


def test_requests_are_exact_and_read_their_own_texts_alone(fitted):
    documents, topics = texts()
    assert fitted.named_steps["words"].idf_.size > 16_384
    requests = np.array([3]), np.arange(100, 140)
    for out in requests:
        _TOKENISED.clear()
        tracemalloc.start()
        fitted.partial_unfit([documents[at] for at in out], topics[out])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sorted(_TOKENISED) == sorted(documents[at] for at in out)
        assert peak < 2e8  # a matrix of the words squared has 2e9
    rest = np.setdiff1d(np.arange(topics.size), np.concatenate(requests))
    refit = make_pipeline(
        TfidfVectorizer(tokenizer=str.split, token_pattern=None),
        LogisticRegression(C=3.0, solver="newton-cg", tol=1e-12),
    ).fit([documents[at] for at in rest], topics[rest])
    words, model = fitted.named_steps.values()
    names = words.get_feature_names_out()
    assert names.tolist() == refit[0].get_feature_names_out().tolist()
    np.testing.assert_allclose(words.idf_, refit[0].idf_, rtol=1e-12)
    np.testing.assert_allclose(model.coef_, refit[1].coef_, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, refit[1].intercept_, atol=1e-8)
    assert fitted.gradient_residual() <= 1e-8
