"""Digests of models of rows follow the rows, and say what all of them would say."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn import UnlearnableKNeighborsClassifier, UnlearnableSVR
from sklearn_unlearn.records import record_key, use_record_key
from sklearn_unlearn.utils.digests import digest_of_state

RNG = np.random.default_rng(3)
X = RNG.standard_normal((300, 12))
X[RNG.uniform(size=X.shape) < 0.4] = 0.0
X[:, 0] += 3.0
y = np.arange(300) % 2
KINDS = {"dense": np.array, "sparse": sp.csr_array, "narrow": np.float32}


def of_all_rows(model):
    """The digest of the state, by all rows rather than by those that changed."""
    vars(model._fitted.model).pop("fingerprint")
    return digest_of_state(record_key(model), model._fitted)


def computed_again(model):
    """The digest of the state by a model that was read from a file."""
    again = pickle.loads(pickle.dumps(model))
    use_record_key(again, record_key(model))
    row = np.ones((1, X.shape[1]))
    again.partial_fit(KINDS["dense"](row), [0])
    return again.request_record_.state_before


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_the_rows_is_what_all_rows_give(kind):
    made, new = KINDS[kind], X[:40] + 0.5
    model = UnlearnableKNeighborsClassifier(3).fit(made(X), y, row_ids=np.arange(300))
    model.partial_unfit(row_ids=[3, 17])
    model.replace_features(made(X[[4, 5]]), y[[4, 5]], made(new[[4, 5]]))
    model.partial_fit(made(new[[6]]), y[[6]], row_ids=[900])
    model.replace_labels(row_ids=[900], y_new=[1 - y[6]])
    digest = model.request_record_.state_after
    assert model._fitted.model.retained.changed  # rows that left are still in memory
    assert of_all_rows(model) == digest
    model.forget_features([2])
    assert digest != model.request_record_.state_after == of_all_rows(model)


def test_a_value_among_thousands_is_seen():
    model = UnlearnableSVR().fit(X, y.astype(float))
    model.replace_features(X[[7]], y[[7]].astype(float), X[[7]] + 1e-9)
    record = model.request_record_
    assert record.state_before != record.state_after


def test_files_give_the_digest_that_was_recorded():
    model = UnlearnableKNeighborsClassifier(3).fit(X, y)
    digest = model.partial_unfit(X[:2], y[:2]).request_record_.state_after
    assert computed_again(model) == digest


def test_what_left_in_part_is_seen():
    weight = np.full(300, 2.0)
    model = UnlearnableSVR().fit(X, y.astype(float), weight)
    model.partial_unfit(X[:1], y[:1].astype(float), [0.5])
    first = model.request_record_
    assert first.state_before != first.state_after
    model.partial_unfit(X[1:2], y[1:2].astype(float))
    assert model.request_record_.state_after == of_all_rows(model)
