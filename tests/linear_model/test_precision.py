"""Rows that outweigh all others, by a sentinel in a column, leave."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from sklearn_unlearn import (
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.core.linear import exact_products as products
from sklearn_unlearn.exceptions import (
    LargeStepWarning,
    PrecisionLossError,
    PrecisionLossWarning,
)
from tests.cases import (
    APPROXIMATE,
    FORMATS,
    QUADRATIC,
    coefficients,
    data,
    make,
    weights,
)

#: Rows with a sentinel, of all classes: the fit is not certain of any.
OUT = np.arange(12)
REST = np.arange(12, 150)


def with_sentinel(name, size):
    """Data whose first column says nothing, but for a sentinel in some rows."""
    X, y = data(name)
    X[:, 0] = np.random.default_rng(7).normal(size=y.shape[0])
    X[OUT, 0] = size
    return X, y


@pytest.mark.parametrize("name", [*QUADRATIC, *APPROXIMATE, "svr", "svc"])
def test_retained_data_make_it_exact(name):
    X, y = with_sentinel(name, 1e8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator = make(name, retain_data=True).fit(X, y)
    estimator.partial_unfit(X[OUT], y[OUT])
    refit = clone(estimator).fit(X[REST], y[REST])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
    # and leave a Hessian of these rows
    assert estimator._fitted.model.state.factor.lost < 1e-9


@pytest.mark.parametrize("name", APPROXIMATE)
def test_a_loss_of_digits_is_said_or_refused(name):
    X, y = with_sentinel(name, 1e6)
    estimator = make(name).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LargeStepWarning)
        with pytest.warns(PrecisionLossWarning, match="retain_data=True"):
            estimator.partial_unfit(X[OUT], y[OUT])
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionLossWarning)
        estimator.refine(X[REST], y[REST]).partial_unfit(X[20:21], y[20:21])
    X, y = with_sentinel(name, 1e8)
    estimator = make(name).fit(X, y)
    before = coefficients(estimator)
    with pytest.raises(PrecisionLossError, match="outweighs"):
        estimator.partial_unfit(X[OUT], y[OUT])
    np.testing.assert_array_equal(coefficients(estimator), before)


@pytest.fixture(params=["all rows", "those that outweigh"])
def summed_exactly(request, monkeypatch):
    """Few rows, or many of which few outweigh the others."""
    if request.param != "all rows":
        monkeypatch.setattr(products, "_CHEAP", 0.0)


@pytest.mark.usefixtures("summed_exactly")
@pytest.mark.parametrize("name_format", ["dense", "csr_matrix"])
@pytest.mark.parametrize("size", [1e4, 1e8, 1e20])
@pytest.mark.parametrize("name", QUADRATIC)
def test_squared_error_is_exact_whatever_leaves(name, size, name_format):
    X, y = with_sentinel(name, size)
    as_format = FORMATS[name_format]
    estimator = make(name).fit(as_format(X), y, sample_weight=weights(150))
    w = weights(150)[OUT]
    estimator.partial_unfit(as_format(X[OUT]), y[OUT], sample_weight=w)
    refit = clone(estimator).fit(as_format(X[REST]), y[REST], weights(150)[REST])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-12, atol=1e-13
    )


@pytest.mark.usefixtures("summed_exactly")
@pytest.mark.parametrize(
    "verb",
    [
        "replace_features",
        "replace_labels",
        "one by one",
        "rows there and back",
        "targets there and back",
    ],
)
@pytest.mark.parametrize("name", ["ridge_targets", "ridge_alphas", "svr_squared"])
def test_by_every_verb(name, verb):
    X, y = with_sentinel(name, 1e8)
    new, new_y = X.copy(), y.copy()
    new[OUT, 0] = 0.3
    if verb == "replace_labels":
        new_y, y = y, y.copy()
        y[OUT] = 1e9
        estimator = make(name).fit(new, y).replace_labels(new[OUT], y[OUT], new_y[OUT])
    elif verb == "replace_features":
        estimator = make(name).fit(X, y).replace_features(X[OUT], y[OUT], new[OUT])
    elif verb == "one by one":
        estimator = make(name).fit(X, y).partial_fit(new[OUT], y[OUT])
        for i in OUT:
            estimator.partial_unfit(X[[i]], y[[i]])
    elif verb == "rows there and back":
        estimator = make(name).fit(new, y).partial_fit(X[OUT], y[OUT])
        estimator.partial_unfit(X[OUT], y[OUT])
    else:
        wrong = np.full_like(y[OUT], 1e9)
        estimator = make(name).fit(new, y).replace_labels(new[OUT], y[OUT], wrong)
        estimator.replace_labels(new[OUT], wrong, y[OUT])
    refit = clone(estimator).fit(new, new_y)
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-12, atol=1e-12
    )


def test_as_the_twin():
    X, y = with_sentinel("ridge", 1e8)
    ours = make("ridge").fit(X, y).partial_unfit(X[OUT], y[OUT])
    twin = Ridge(alpha=0.7, solver="cholesky").fit(X[REST], y[REST])
    np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=1e-12)
    assert ours.intercept_ == pytest.approx(twin.intercept_, rel=1e-12)


def test_forgotten_columns_are_in_no_sum_and_rows_in_no_pickle():
    X, y = with_sentinel("ridge", 123456.0)
    estimator = make("ridge").fit(X, y).partial_unfit(X[20:21], y[20:21])
    fitted = pickle.loads(pickle.dumps(estimator))._fitted
    assert fitted.model.state.products.n_waiting == 0
    estimator.forget_features(0)
    sums = estimator._fitted.model.state.products.sums.rounded()
    assert not sums[0].any()
    assert not sums[:, 0].any()
    rest = np.delete(np.arange(150), 20)
    estimator.partial_unfit(X[:9], y[:9])
    refit = make("ridge").fit(X[rest[9:]], y[rest[9:]]).forget_features(0)
    np.testing.assert_allclose(coefficients(estimator), coefficients(refit), rtol=1e-12)


def test_refinement_is_of_the_rows_that_it_gets(monkeypatch):
    monkeypatch.setattr(products, "_CHEAP", 0.0)
    X, y = with_sentinel("ridge", 1e8)
    estimator = make("ridge").fit(X, y).partial_unfit(X[OUT], y[OUT])
    estimator.refine(X[REST], y[REST])
    assert estimator._fitted.model.state.products is None  # none outweighs
    refit = make("ridge").fit(X[REST], y[REST])
    np.testing.assert_allclose(coefficients(estimator), coefficients(refit), rtol=1e-12)


def test_a_scaler_before():
    X, y = with_sentinel("ridge", 1e8)
    pipeline = UnlearnablePipeline(
        [("scale", UnlearnableStandardScaler()), ("ridge", make("ridge"))]
    )
    pipeline.fit(X, y).partial_unfit(X[OUT], y[OUT])
    refit = clone(pipeline).fit(X[REST], y[REST])
    # what the scaled values were rounded to
    np.testing.assert_allclose(
        pipeline.predict(X[REST]), refit.predict(X[REST]), rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("name", QUADRATIC)
def test_nothing_is_said_where_nothing_is_lost(name):
    X, y = data(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionLossWarning)
        estimator = make(name).fit(X, y)
        estimator.partial_unfit(X[:140], y[:140]).partial_fit(X[:9], y[:9])


def test_many_rows_none_of_which_outweighs(monkeypatch):
    monkeypatch.setattr(products, "_CHEAP", 0.0)
    X, y = data("ridge")
    estimator = make("ridge").fit(X, y)
    assert estimator._fitted.model.state.products is None
    X[:, 0] *= np.where(np.arange(150) < 149, 1e6, 1e-3)  # all but one are large
    estimator = make("ridge").fit(X, y)
    with pytest.raises(PrecisionLossError):
        estimator.partial_unfit(X[:-1], y[:-1])


def test_balanced_weights():
    X, y = with_sentinel("ridge_classifier", 1e8)
    estimator = UnlearnableRidgeClassifier(class_weight="balanced").fit(X, y)
    with pytest.raises(PrecisionLossError):
        estimator.partial_unfit(X[OUT], y[OUT])


@pytest.mark.parametrize("name", ["ridge", "classifier"])
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
def test_a_scale_that_shrinks_brings_lost_digits_to_light(name, verb):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = X @ [1.0, -2.0, 3.0, 0.5] + 0.1 * rng.normal(size=60)
    model = UnlearnableRidge()
    if name == "classifier":
        model, y = UnlearnableRidgeClassifier(), y > 0.0
    for sentinel, warns in ((1e6, False), (1e12, True)):
        wrong = X.copy()
        wrong[4, 2] = sentinel
        pipeline = make_unlearnable_pipeline(UnlearnableStandardScaler(), clone(model))
        pipeline.fit(wrong, y)
        new = {} if verb == "partial_unfit" else {"X_new": X[4:5]}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(pipeline, verb)(wrong[4:5], y[4:5], **new)
        kinds = {warning.category for warning in caught}
        assert (PrecisionLossWarning in kinds) == warns
        kept = np.delete(np.arange(60), 4) if verb == "partial_unfit" else np.arange(60)
        refit = clone(pipeline).fit(X[kept], y[kept])
        error = np.abs(pipeline[-1].coef_ - refit[-1].coef_).max()
        assert error > 1e-8 if warns else error < 1e-8
