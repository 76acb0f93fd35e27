"""What is particular to standardisation."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn import UnlearnableStandardScaler
from tests.transformers import VERBS, Script, answer_of, request_of


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=6))
def test_all_outputs_are_known(requests):
    script = Script("standard")
    for verb, row in requests:
        script.run(verb, row)
    assert all(change.complete for change in script.changes)


def test_a_small_variance_beside_a_large_mean_survives_outliers():
    rng = np.random.default_rng(0)
    X = 1e8 + rng.normal(size=(300, 1))
    far = np.array([[1e16], [-1e16]])
    scaler = UnlearnableStandardScaler().fit(np.vstack([X, far])).partial_unfit(far)
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(scaler.var_, (X - X.mean()).var(axis=0), rtol=1e-12)


def test_a_column_that_stops_varying_has_scale_one():
    X = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0], [0.7, 8.0]])
    scaler = UnlearnableStandardScaler().fit(X).partial_unfit(X[3:])
    assert scaler.scale_[0] == 1.0
    np.testing.assert_allclose(scaler.transform(X[:3])[:, 0], 0.0, atol=1e-16)


def test_a_request_that_changes_nothing_is_the_identity():
    X = np.random.default_rng(0).normal(size=(9, 3))
    scaler = UnlearnableStandardScaler().fit(X)
    _, change = answer_of(scaler, request_of(rows_out=X[:2], rows_in=X[1::-1]))
    assert change.identity


def test_weights():
    X = np.random.default_rng(0).normal(size=(9, 3))
    scaler = UnlearnableStandardScaler()
    scaler.partial_fit(X, sample_weight=2.0).partial_unfit(X, sample_weight=0.5)
    assert scaler.n_samples_seen_ == 13.5
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=1e-12)
    new = X[:2] + 1.0
    scaler.replace_features(X[:2], X_new=new, sample_weight=1.5)
    np.testing.assert_allclose(scaler.mean_, np.vstack([new, X[2:]]).mean(axis=0))
    with pytest.raises(ValueError, match="sample_weight must hold"):
        UnlearnableStandardScaler().fit(X, sample_weight=np.zeros(9))
    before = scaler._fitted.statistics
    scaler.partial_unfit(X[:1], sample_weight=0.0)
    assert scaler._fitted.statistics is before
    with pytest.raises(ValueError, match="Negative"):
        scaler.partial_unfit(X, sample_weight=-np.ones(9))


def test_sparse_rows_are_not_centred():
    X = sp.csr_array(np.eye(4))
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        UnlearnableStandardScaler().fit(X)
    scaler = UnlearnableStandardScaler(with_mean=False).fit(X)
    assert sp.issparse(scaler.transform(X))
    back = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(back.toarray(), X.toarray())


def test_in_place():
    X = np.random.default_rng(0).normal(size=(9, 3))
    scaler = UnlearnableStandardScaler(copy=False).fit(X)
    assert np.shares_memory(scaler.transform(X), X)
    assert not np.shares_memory(scaler.transform(X, copy=True), X)
    assert np.shares_memory(scaler.inverse_transform(X), X)
