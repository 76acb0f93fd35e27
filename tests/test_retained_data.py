"""What a model that retains its data can be asked without them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV

import sklearn_unlearn as su
from tests.cases import coefficients, data, make
from tests.pipeline.data import encoded, people, raw, scaled

CERTIFICATION = su.GaussianCertification(
    epsilon=1.0, delta=1e-3, sigma=1.0, random_state=0
)


def network(**params):
    return su.UnlearnableMLPRegressor(
        hidden_layer_sizes=(3,),
        alpha=0.1,
        solver="lbfgs",
        max_iter=2000,
        random_state=0,
        **params,
    )


MODELS = {
    "linear": lambda **params: make("ridge", **params),
    "certified": lambda **params: make("ridge", certification=CERTIFICATION, **params),
    "averaged": lambda **params: make("normal", **params),
    "network": network,
    "pipeline": lambda **params: scaled("ridge", **params),
    "nested": lambda **params: su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), scaled("ridge", **params)
    ),
    "wrapped": lambda **params: su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(),
        TransformedTargetRegressor(
            make("ridge", **params), func=np.arcsinh, inverse_func=np.sinh
        ),
    ),
    "network in a pipeline": lambda **params: su.make_unlearnable_pipeline(
        su.UnlearnableMinMaxScaler(), network(**params)
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("name", MODELS)
def test_the_residual_of_retained_data(name):
    X, y = raw("ridge", 60)
    if "network" in name:
        X = X / np.abs(X).max(axis=0)
    weight = np.linspace(0.5, 2.0, 60)
    model = MODELS[name](retain_data=True)
    if "network" in name:
        weight = np.ones(60)
        model.fit(X, y)
    else:
        model.fit(X, y, sample_weight=weight)
    for gone in ([0], [5, 9]):
        model.partial_unfit(X[gone], y[gone])
    model.replace_labels(X[[3]], y[[3]], y[[3]] + 1.0)
    left = np.delete(np.arange(60), [0, 5, 9])
    targets = y.copy()
    targets[3] += 1.0
    keywords = {} if "network" in name else {"sample_weight": weight[left]}
    expected = model.gradient_residual(X[left], targets[left], **keywords)
    found = model.gradient_residual()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    if "network" not in name:
        assert found < 1e-6
        assert found.rounding_error > 0.0


@pytest.mark.parametrize("name", MODELS)
def test_refining_on_retained_data(name):
    X, y = raw("ridge", 60)
    if "network" in name:
        X = X / np.abs(X).max(axis=0)
    loose, tight = (MODELS[name](retain_data=True).fit(X, y) for _ in range(2))
    for model in (loose, tight):
        last = model
        while hasattr(last, "steps") or hasattr(last, "regressor_"):
            last = last[-1] if hasattr(last, "steps") else last.regressor_
        last.set_params(**({"max_steps": 3} if "network" in name else {"tol": 1e-10}))
    before = loose.gradient_residual()
    assert loose.refine() is loose
    tight.refine(X, y)
    np.testing.assert_allclose(
        loose.gradient_residual(), tight.gradient_residual(), rtol=1e-3, atol=1e-8
    )
    assert loose.gradient_residual() <= before + 1e-8


@pytest.mark.parametrize("name", MODELS)
def test_without_data_they_have_to_be_given(name):
    X, y = raw("ridge", 60)
    if "network" in name:
        X = X / np.abs(X).max(axis=0)
    params = {"method": "first_order"} if "network" in name else {}
    params["retain_data"] = False
    for model in (
        MODELS[name](**params).fit(X, y),
        MODELS[name](retain_data=True).fit(X, y),
    ):
        for method in ("refine", "gradient_residual"):
            for keywords in ({"X": X}, {"y": y}, {"sample_weight": np.ones(60)}):
                with pytest.raises(ValueError, match="Pass both of X and y"):
                    getattr(model, method)(**keywords)
    model = MODELS[name](**params).fit(X, y)
    for method in ("refine", "gradient_residual"):
        with pytest.raises(ValueError, match="Pass X and y of all rows that remain"):
            getattr(model, method)()


def test_functions_reach_through_a_search():
    X, y = raw("ridge", 60)
    search = GridSearchCV(scaled("ridge", retain_data=True), {}, cv=2).fit(X, y)
    before = coefficients(search.best_estimator_[-1])
    su.refine(search)
    np.testing.assert_allclose(coefficients(search.best_estimator_[-1]), before)


# Influence of rows in a pipeline ------------------------------------------------------


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["pipeline", "nested", "wrapped"])
def test_influence_is_that_of_refits_behind_the_steps(name, retain_data):
    X, y = raw("ridge", 60)
    model = MODELS[name](retain_data=retain_data).fit(X, y)
    rows = [0, 7, 31]
    influence = model.influence(X[rows], y[rows], X_test=X[:5])
    (*front, (_, last)), _, made = model._flat()
    Z, targets = X, y
    for _, step in front:
        Z = step.transform(Z)
    for function in made:
        targets = function(targets)
    for at, row in enumerate(rows):
        rest = np.delete(np.arange(60), row)
        refit = clone(last).fit(Z[rest], targets[rest])
        np.testing.assert_allclose(
            influence.coef[at], refit.coef_ - last.coef_, rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(
            influence.raw[at],
            refit.predict(Z[:5]) - last.predict(Z[:5]),
            rtol=1e-6,
            atol=1e-8,
        )


def test_influence_of_named_rows_of_a_frame():
    frame, y = people()
    names = [f"row {i}" for i in range(200)]
    model = encoded(make("logistic")).fit(frame, y, row_ids=names)
    influence = model.influence(row_ids=names[4:9], X_test=frame[:20])
    by_value = model.influence(frame[4:9], y[4:9], X_test=frame[:20])
    np.testing.assert_array_equal(influence.raw, by_value.raw)
    Z, last = model[0].transform(frame), model[-1]
    for at, row in enumerate(range(4, 9)):
        rest = np.delete(np.arange(200), row)
        refit = make("logistic").fit(Z[rest], y[rest])
        change = refit.decision_function(Z[:20]) - last.decision_function(Z[:20])
        np.testing.assert_allclose(influence.raw[at], change, rtol=0.05, atol=1e-3)
    half = model.influence(row_ids=names[4:6], sample_weight=[0.5, 0.0])
    assert 0.3 < half.norm[0] / influence.norm[0] < 0.7
    assert not half.norm[1]


def test_influence_is_for_models_that_have_it():
    X, _ = data("ridge", 30)
    assert not hasattr(
        su.make_unlearnable_pipeline(su.UnlearnableStandardScaler()), "influence"
    )
    model = scaled("ridge").fit(*raw("ridge", 60))
    with pytest.raises(ValueError, match="Pass X and y of the rows, or row_ids"):
        model.influence(X_test=X)
    with pytest.raises(ValueError, match="retain_data=True"):
        model.influence(row_ids=[1])
