"""What is particular to discriminant analysis."""

import operator

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance
from sklearn.datasets import load_digits, load_iris
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)

from sklearn_unlearn import (
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableQuadraticDiscriminantAnalysis,
)
from sklearn_unlearn.discriminant_analysis import _base
from sklearn_unlearn.exceptions import ProblemTooLargeError, UnlearningError

BOTH = [UnlearnableLinearDiscriminantAnalysis, UnlearnableQuadraticDiscriminantAnalysis]
X, Y = load_iris(return_X_y=True)


def up_to_sign(one, other):
    signs = np.sign(np.sum(one * other, axis=0))
    np.testing.assert_allclose(one * signs, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "eigen"},
        {"solver": "eigen", "shrinkage": 0.2},
        {"n_components": 1},
    ],
)
def test_transform_and_directions(params):
    model = UnlearnableLinearDiscriminantAnalysis(**params).fit(X, Y)
    model.partial_unfit(X[:7], Y[:7])
    twin = LinearDiscriminantAnalysis(**params).fit(X[7:], Y[7:])
    up_to_sign(model.transform(X), twin.transform(X))
    # beyond the classes minus one, directions separate nothing and are arbitrary
    up_to_sign(model.scalings_[:, :2], twin.scalings_[:, :2])
    np.testing.assert_allclose(
        model.explained_variance_ratio_, twin.explained_variance_ratio_, rtol=1e-10
    )
    n_out = model.transform(X).shape[1]
    assert model.get_feature_names_out().size == n_out
    np.testing.assert_array_equal(model.to_sklearn().transform(X), model.transform(X))


def test_frames_as_output():
    pytest.importorskip("pandas")
    model = UnlearnableLinearDiscriminantAnalysis().fit(X, Y)
    model.set_output(transform="pandas")
    names = model.get_feature_names_out()
    assert model.transform(X).columns.tolist() == names.tolist()


def test_least_squares_have_no_directions():
    model = UnlearnableLinearDiscriminantAnalysis(solver="lsqr").fit(X, Y)
    with pytest.raises(NotImplementedError, match="transform"):
        model.transform(X)


@pytest.mark.parametrize("store_covariance", [True, False])
def test_dependent_and_constant_columns_are_left_out_as_by_the_twin(store_covariance):
    # digits have columns that are constant within all classes; one more is a sum
    digits, labels = load_digits(return_X_y=True)
    digits = np.column_stack([digits, digits[:, 10] + digits[:, 11]])
    params = {"store_covariance": store_covariance}
    model = UnlearnableLinearDiscriminantAnalysis(**params).fit(digits, labels)
    model.partial_unfit(digits[:300], labels[:300])
    twin = LinearDiscriminantAnalysis(**params).fit(digits[300:], labels[300:])
    assert model.scalings_.shape == twin.scalings_.shape
    expected = twin.decision_function(digits[300:])
    np.testing.assert_allclose(
        model.decision_function(digits[300:]),
        expected,
        rtol=1e-9,
        atol=1e-9 * np.abs(expected).max(),
    )
    assert hasattr(model, "covariance_") == store_covariance


def test_coefficients_of_forgotten_columns_are_zero():
    model = UnlearnableLinearDiscriminantAnalysis().fit(X, Y).forget_features([1])
    twin = LinearDiscriminantAnalysis().fit(np.delete(X, 1, axis=1), Y)
    np.testing.assert_array_equal(model.coef_[:, 1], 0.0)
    np.testing.assert_allclose(np.delete(model.coef_, 1, 1), twin.coef_, rtol=1e-10)
    np.testing.assert_allclose(model.means_, twin.means_, rtol=1e-14)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"shrinkage": "auto"}, "fourth moments"),
        ({"covariance_estimator": EmpiricalCovariance()}, "covariance_estimator"),
        ({"shrinkage": 1.5}, "shrinkage"),
        ({"solver": "nonsense"}, "solver"),
        ({"tol": -1.0}, "tol"),
    ],
)
def test_what_sums_do_not_hold_is_refused(cls, params, message):
    with pytest.raises(ValueError, match=message):
        cls(**{"solver": "eigen", **params}).fit(X, Y)


@pytest.mark.parametrize("cls", BOTH)
def test_shrinkage_needs_the_right_solver(cls):
    with pytest.raises(NotImplementedError, match="svd"):
        cls(solver="svd", shrinkage=0.5).fit(X, Y)


def test_too_many_components_are_refused_as_by_the_twin():
    model = UnlearnableLinearDiscriminantAnalysis(n_components=2).fit(X, Y)
    fitted = model._fitted
    with pytest.raises(ValueError, match="n_components"):
        model.partial_unfit(X[:50], Y[:50])
    assert model._fitted is fitted


def test_a_request_that_leaves_no_full_rank_is_refused():
    model = UnlearnableQuadraticDiscriminantAnalysis().fit(X[30:], Y[30:])
    fitted = model._fitted
    with pytest.raises(UnlearningError, match="full rank"):
        model.partial_unfit(X[30:47], Y[30:47])
    with pytest.raises(ValueError, match="only 1 sample"):
        model.partial_unfit(X[30:49], Y[30:49])
    assert model._fitted is fitted
    with pytest.raises(np.linalg.LinAlgError, match="full rank"):
        UnlearnableQuadraticDiscriminantAnalysis().fit(X[47:], Y[47:])


def test_principal_axes_of_other_classes_are_taken_over():
    model = UnlearnableQuadraticDiscriminantAnalysis().fit(X, Y)
    axes = model.rotations_
    model.partial_unfit(X[Y == 0][:1], Y[Y == 0][:1])
    assert model.rotations_[0] is not axes[0]
    assert model.rotations_[1] is axes[1]
    # by label, and for the same columns alone
    model.partial_unfit(X[Y == 0][1:], Y[Y == 0][1:])
    assert all(map(operator.is_, model.rotations_, axes[1:]))
    model.forget_features(1)
    twin = QuadraticDiscriminantAnalysis().fit(np.delete(X, 1, axis=1)[Y > 0], Y[Y > 0])
    np.testing.assert_allclose(model.scalings_, twin.scalings_, rtol=1e-10)


def test_eigen_without_shrinkage_is_the_maximum_likelihood_estimate():
    model = UnlearnableQuadraticDiscriminantAnalysis(solver="eigen")
    model.set_params(store_covariance=True).fit(X, Y)
    for label, covariance in enumerate(model.covariance_):
        expected = np.cov(X[label == Y].T, bias=True)
        np.testing.assert_allclose(covariance, expected, rtol=1e-12)
    plain = model.to_sklearn()
    assert isinstance(plain, QuadraticDiscriminantAnalysis)
    np.testing.assert_array_equal(plain.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("cls", BOTH)
def test_matrices_that_are_too_large_are_refused(cls, monkeypatch):
    monkeypatch.setattr(_base, "LARGEST", 47)
    with pytest.raises(ProblemTooLargeError, match="3 classes in 4 columns"):
        cls().fit(X, Y)


@pytest.mark.parametrize("cls", BOTH)
def test_one_class_is_refused(cls):
    with pytest.raises(ValueError, match="greater than one"):
        cls().fit(X[:50], Y[:50])


def test_as_many_rows_as_classes_are_refused_as_by_the_twin():
    with pytest.raises(ValueError, match="more than the number of classes"):
        UnlearnableLinearDiscriminantAnalysis().fit([[0.0], [1.0]], [0, 1])
