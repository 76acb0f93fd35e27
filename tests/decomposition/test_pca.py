"""What is particular to principal components."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from sklearn_unlearn import UnlearnablePCA
from sklearn_unlearn.exceptions import ProblemTooLargeError, UnlearningError
from tests.transformers import VERBS, Script, answer_of, assert_mapped, request_of


def rows(n_rows, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_columns)) * np.arange(1.0, n_columns + 1.0)


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize("name", ["pca_all", "pca_whitened"])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=6))
def test_with_all_components_all_outputs_are_known(name, requests):
    script = Script(name)
    for verb, row in requests:
        script.run(verb, row)
    assert all(change.complete for change in script.changes)


def test_of_fewer_components_nothing_is_known():
    X = rows(30, 4)
    pca = UnlearnablePCA(n_components=2).fit(X)
    _, change = answer_of(pca, request_of(rows_out=X[:1]))
    assert not change.known.any()
    assert (change.n_old, change.n_new) == (2, 2)
    _, change = answer_of(pca, request_of(rows_out=X[:2], rows_in=X[1::-1]))
    assert change.identity


@pytest.mark.parametrize("whiten", [False, True])
def test_fewer_rows_than_columns(whiten):
    X = rows(5, 9)
    pca = UnlearnablePCA(whiten=whiten).fit(X)
    before = pca.transform(X[1:])
    fitted, change = answer_of(pca, request_of(rows_out=X[:1]))
    pca._fitted = fitted
    twin = PCA(svd_solver="full").fit(X[1:])
    # the last component does not vary: its direction is any
    np.testing.assert_allclose(pca.components_[:3], twin.components_[:3], rtol=1e-8)
    assert change.complete == (not whiten)
    if not whiten:
        assert_mapped(change, before, pca.transform(X[1:]))


def test_small_variances_beside_a_large_mean_survive_outliers():
    X = 1e8 + rows(200, 3)
    far = np.array([[1e15, -1e15, 1e15]])
    pca = UnlearnablePCA().fit(np.vstack([X, far])).partial_unfit(far)
    twin = PCA(svd_solver="full").fit(X - 1e8)
    np.testing.assert_allclose(pca.components_, twin.components_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(pca.explained_variance_, twin.explained_variance_)


@pytest.mark.parametrize("solver", ["full", "covariance_eigh"])
@pytest.mark.parametrize("number", [None, 0, 3, 0.5, 0.999])
@pytest.mark.parametrize("shape", [(30, 5), (6, 9)])
def test_numbers_of_components(shape, number, solver):
    X = rows(*shape)
    pca = UnlearnablePCA(number, svd_solver=solver).fit(X)
    twin = PCA(number, svd_solver=solver).fit(X)
    assert pca.n_components_ == twin.n_components_
    assert pca.noise_variance_ == pytest.approx(twin.noise_variance_, rel=1e-9)
    ratio = twin.explained_variance_ratio_
    np.testing.assert_allclose(pca.explained_variance_ratio_, ratio, atol=1e-12)
    if shape[0] > shape[1]:
        found, expected = pca.get_covariance(), twin.get_covariance()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        found, expected = pca.get_precision(), twin.get_precision()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_what_is_refused():
    X = rows(6, 4)
    for params, message in (
        ({"n_components": "mle"}, "'mle'"),
        ({"n_components": 5}, "n_components=5"),
        ({"n_components": 4, "svd_solver": "arpack"}, "n_components=4"),
        ({"n_components": -1}, "n_components"),
        ({"n_components": 2.5}, "n_components"),
        ({"svd_solver": "qr"}, "svd_solver"),
        ({"n_oversamples": 0}, "n_oversamples"),
    ):
        with pytest.raises(ValueError, match=message):
            UnlearnablePCA(**params).fit(X)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        UnlearnablePCA().fit(sp.csr_array(X))
    with pytest.raises(ProblemTooLargeError):
        UnlearnablePCA().fit(np.zeros((2, 8193)))
    pca = UnlearnablePCA(4).fit(X)
    fitted = pca._fitted
    with pytest.raises(UnlearningError, match="n_components=4"):
        pca.partial_unfit(X[:3])
    with pytest.raises(UnlearningError, match="n_components=4"):
        pca.forget_features(0)
    with pytest.raises(UnlearningError, match="1 sample"):
        UnlearnablePCA().fit(X).partial_unfit(X[1:])
    assert pca._fitted is fitted


def test_solvers_that_approximate_are_accepted():
    X = rows(40, 5)
    for solver in ("auto", "arpack", "randomized"):
        pca = UnlearnablePCA(2, svd_solver=solver, random_state=0).fit(X)
        twin = PCA(2, svd_solver="full").fit(X)
        np.testing.assert_allclose(pca.components_, twin.components_, rtol=1e-9)
        assert pca.to_sklearn().svd_solver == solver
