"""What bad input gets."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    InsufficientWeightError,
    NotPositiveDefiniteError,
    ProblemTooLargeError,
    RowNotFoundError,
)
from tests.cases import coefficients, data, make
from tests.linear_model.test_state import assert_unchanged, snapshot

X, Y = data("logistic", 80, 4)


@pytest.mark.parametrize(
    "verb",
    [
        lambda e: e.partial_unfit(X[:1], Y[:1]),
        lambda e: e.replace_features(X[:1], Y[:1], X[:1]),
        lambda e: e.replace_labels(X[:1], Y[:1], Y[:1]),
        lambda e: e.forget_features(0),
        lambda e: e.refine(X, Y),
        lambda e: e.gradient_residual(X, Y),
        lambda e: e.to_sklearn(),
        lambda e: e.predict(X),
    ],
)
def test_not_fitted(verb):
    with pytest.raises(NotFittedError):
        verb(UnlearnableLogisticRegression())


def _bad(value, row=0, column=0):
    bad = X[:3].copy()
    bad[row, column] = value
    return bad


BAD = [
    (lambda e: e.partial_unfit(X[:3, :2], Y[:3]), "2 features"),
    (lambda e: e.partial_unfit(X[0], Y[:1]), "2D array"),
    (lambda e: e.partial_unfit(_bad(np.nan), Y[:3]), "NaN"),
    (lambda e: e.partial_unfit(_bad(np.inf), Y[:3]), "infinity"),
    (lambda e: e.partial_unfit(X[:0], Y[:0]), "0 sample"),
    (lambda e: e.partial_unfit(X[:3], Y[:2]), "y has 2 rows, expected 3"),
    (lambda e: e.partial_unfit(X[:3], None), "Pass X and y"),
    (lambda e: e.partial_unfit(), "Pass X and y"),
    (lambda e: e.partial_unfit(X[:3], ["yes", "no", "perhaps"]), "'perhaps'"),
    (lambda e: e.partial_unfit(X[:1], Y[:1], sample_weight=[-1.0]), "sample_weight"),
    (lambda e: e.partial_unfit(X[:1], Y[:1], sample_weight=np.nan), "sample_weight"),
    (lambda e: e.partial_unfit(X[:1], Y[:1], [1.0, 1.0]), "sample_weight"),
    (lambda e: e.partial_unfit(X[:1], Y[:1], [[1.0]]), "sample_weight"),
    (lambda e: e.partial_unfit(row_ids=[1]), "row_ids needs retain_data=True"),
    (lambda e: e.partial_unfit(X[:1], Y[:1], row_ids=[1]), "row_ids needs retain"),
    (lambda e: e.replace_features(X[:3], Y[:3], X[:2]), "X_new"),
    (lambda e: e.replace_features(X[:3], Y[:3], X[:3, :2]), "2 features"),
    (lambda e: e.replace_features(X[:3], Y[:3], _bad(np.nan)), "NaN"),
    (lambda e: e.replace_labels(X[:3], Y[:3], ["no", "no", "x"]), "'x'"),
    (lambda e: e.replace_labels(X[:3], Y[:3], Y[:2]), "y_new"),
    (lambda e: e.replace_labels(X[:3], Y[:3], None), "y_new"),
    (lambda e: e.forget_features(4), "index 4"),
    (lambda e: e.forget_features(-5), "index -5"),
    (lambda e: e.forget_features("a"), "without feature names"),
    (lambda e: e.forget_features([]), "non-empty"),
    (lambda e: e.forget_features([0.5]), "neither an index nor a name"),
    (lambda e: e.forget_features([[0]]), "neither an index nor a name"),
    (lambda e: e.forget_features([True, False]), "mask of length 2"),
    (lambda e: e.partial_fit(X[:1], ["perhaps"]), "'perhaps'"),
    (lambda e: e.partial_fit(X[:1], Y[:1], classes=["no", "perhaps"]), "classes"),
    (lambda e: e.partial_fit(X[:1], Y[:1], row_ids=[3]), "row_ids"),
    (lambda e: e.refine(X[1:], Y[1:]), "79 rows"),
    (lambda e: e.refine(np.vstack([X[1:], X[:1] + 1]), np.r_[Y[1:], Y[:1]]), "Column"),
    (lambda e: e.refine(X, Y[::-1], np.linspace(0.5, 1.5, 80)), "weight"),
    (lambda e: e.refine(X, Y[::-1]), "y beside it"),
    (lambda e: e.partial_unfit(X, Y, sample_weight=3.0), "More weight"),
    (lambda e: e.set_params(method="third").partial_unfit(X[:1], Y[:1]), "method"),
    (lambda e: e.set_params(tol=0.0).partial_unfit(X[:1], Y[:1]), "tol"),
    (lambda e: e.set_params(max_iter=0).partial_unfit(X[:1], Y[:1]), "max_iter"),
    (
        lambda e: e.set_params(unlearning_rate=-1.0).partial_unfit(X[:1], Y[:1]),
        "unlearning_rate",
    ),
]


@pytest.mark.parametrize(("request_", "message"), BAD)
def test_bad_input_is_named_and_changes_nothing(request_, message):
    estimator = UnlearnableLogisticRegression(C=0.3).fit(X, Y)
    arrays, _ = snapshot(estimator)
    with pytest.raises(ValueError, match=message):
        request_(estimator)
    assert_unchanged(estimator, (arrays, estimator.get_params()))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"C": 0.0}, "C"),
        ({"C": -1.0}, "C"),
        ({"C": np.nan}, "C"),
        ({"class_weight": "even"}, "class_weight"),
        ({"class_weight": 3}, "class_weight"),
        ({"class_weight": {"no": 0.0}}, "class_weight"),
        ({"class_weight": {"nein": 2.0}}, "'nein'"),
        ({"tol": -1.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
        ({"method": "zeroth"}, "method"),
        ({"unlearning_rate": 0.0}, "unlearning_rate"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        UnlearnableLogisticRegression(**params).fit(X, Y)


@pytest.mark.parametrize("name", ["C", "tol", "retain_data", "fit_intercept"])
def test_parameters_of_a_wrong_type(name):
    with pytest.raises(TypeError, match=name):
        UnlearnableLogisticRegression(**{name: "much"}).fit(X, Y)


@pytest.mark.parametrize("alpha", [-1.0, np.inf, np.nan, [1.0, 2.0, 3.0]])
def test_bad_alpha(alpha):
    with pytest.raises(ValueError, match="alpha"):
        UnlearnableRidge(alpha).fit(X, X[:, :2])
    if np.ndim(alpha) == 0:
        with pytest.raises(ValueError, match="alpha"):
            UnlearnableRidgeClassifier(alpha).fit(X, Y)


def test_regression_targets_of_another_shape():
    estimator = UnlearnableRidge().fit(X, X[:, :2])
    with pytest.raises(ValueError, match="2 output"):
        estimator.partial_unfit(X[:3], X[:3, 0])
    with pytest.raises(ValueError, match="classes must be None"):
        estimator.partial_fit(X[:3], X[:3, :2], classes=[1])


def test_rows_that_were_never_in():
    estimator = make("logistic", retain_data=True).fit(X, Y, row_ids=np.arange(80))
    before = snapshot(estimator)
    foreign = X[:2].copy()
    foreign[1, 2] += 1e-9
    other = np.where(Y == "no", "yes", "no")
    for request_ in (
        lambda: estimator.partial_unfit(foreign, Y[:2]),
        lambda: estimator.partial_unfit(X[:1], other[:1]),
        lambda: estimator.partial_unfit(X[[3, 3]], Y[[3, 3]]),
        lambda: estimator.partial_unfit(row_ids=[3, 80]),
    ):
        with pytest.raises(RowNotFoundError, match=r"Row|row_ids"):
            request_()
    with pytest.raises(ValueError, match="named before"):
        estimator.partial_unfit(row_ids=[3, 3])
    assert_unchanged(estimator, before)
    estimator.partial_unfit(X[3:4], Y[3:4])
    with pytest.raises(RowNotFoundError, match="no longer"):
        estimator.partial_unfit(X[3:4], Y[3:4])
    with pytest.raises(RowNotFoundError, match="names a row that has left"):
        estimator.partial_unfit(row_ids=[3])


def test_row_ids_must_fit():
    with pytest.raises(ValueError, match="retain_data=True"):
        make("logistic").fit(X, Y, row_ids=np.arange(80))
    estimator = make("logistic", retain_data=True)
    with pytest.raises(ValueError, match="expected 80"):
        estimator.fit(X, Y, row_ids=np.arange(79))
    with pytest.raises(RowNotFoundError, match="fitted with row_ids"):
        estimator.fit(X, Y).partial_unfit(row_ids=[1])


def test_foreign_rows_can_make_the_hessian_indefinite_without_data():
    estimator = make("ridge").fit(X, X[:, 0])
    before = snapshot(estimator)
    with pytest.raises(NotPositiveDefiniteError, match="never trained on"):
        estimator.partial_unfit(np.full((1, 4), 50.0), [1.0])
    assert_unchanged(estimator, before)


def test_more_rows_than_there_are():
    estimator = UnlearnableRidge().fit(X[:5], X[:5, 0])
    with pytest.raises(InsufficientWeightError):
        estimator.partial_unfit(X[:6], X[:6, 0])


def test_one_class_is_not_enough():
    with pytest.raises(ValueError, match="one class"):
        UnlearnableLogisticRegression().fit(X, ["a"] * 80)


def test_too_many_unknowns_are_refused_with_the_way_out():
    wide = sp.csr_array(([1.0], ([0], [0])), shape=(3, 20_000))
    with pytest.raises(ProblemTooLargeError, match="iterative"):
        UnlearnableLogisticRegression(curvature="cholesky").fit(wide, [0, 1, 0])


def test_refine_needs_the_weights_too():
    weight = np.linspace(0.5, 1.5, 80)
    estimator = make("logistic").fit(X, Y, sample_weight=weight)
    estimator.partial_unfit(X[:2], Y[:2], sample_weight=weight[:2])
    with pytest.raises(DataMismatchError):
        estimator.refine(X[2:], Y[2:])
    estimator.refine(X[2:], Y[2:], sample_weight=weight[2:])
    assert estimator.gradient_residual(X[2:], Y[2:], sample_weight=weight[2:]) < 1e-8


def test_residual_is_a_float_with_its_error():
    estimator = make("logistic").fit(X, Y)
    residual = estimator.gradient_residual(X, Y)
    assert isinstance(residual, float)
    assert 0.0 < residual.rounding_error < 1e-10
    assert "rounding error" in repr(residual)


@pytest.mark.parametrize("labels", [[0, 1], [1.5, 2.0], [False, True], ["a", "b"]])
def test_labels_of_any_type(labels):
    y = np.where(Y == "no", labels[0], labels[1])
    if y.dtype.kind == "f":
        y = np.where(Y == "no", 1.0, 2.0)
    estimator = UnlearnableLogisticRegression().fit(X, y)
    assert estimator.partial_unfit(X[:2], y[:2]).predict(X).dtype == y.dtype
    if y.dtype.kind == "U":  # scikit-learn takes objects only if they are strings
        objects = UnlearnableLogisticRegression().fit(X, y.astype(object))
        objects.partial_unfit(X[:2], y[:2].astype(object))
        np.testing.assert_array_equal(coefficients(objects), coefficients(estimator))
