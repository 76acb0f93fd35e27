"""Every verb behind a `TargetEncoder` that stays as it is, wherever that stands."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning, UnlearningError
from tests.pipeline.data import people, raw
from tests.pipeline.scripts import answers
from tests.pipeline.test_frozen import encoder, logistic

FRAME, Y = people(200)
FRAME["street"] = np.random.default_rng(5).integers(0, 40, 200).astype(str)
X = FRAME[["street", "city"]]
TOWNS = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
#: Front steps, and what the encoder is called.
FRONTS = {
    "alone": (encoder(), "targetencoder"),
    "nested": (make_pipeline(make_pipeline(encoder())), "pipeline__pipeline__target"),
    "columns": (
        make_column_transformer((encoder(), ["street"]), (TOWNS, ["city"])),
        "columntransformer__targetencoder",
    ),
    "a pipeline in columns": (
        make_column_transformer(
            (make_pipeline(encoder()), ["street"]), ("drop", ["city"])
        ),
        "columntransformer__pipeline__targetencoder",
    ),
    "remainder": (
        make_column_transformer((TOWNS, ["city"]), remainder=encoder()),
        "columntransformer__remainder",
    ),
    "union": (make_union(encoder(), TOWNS), "featureunion"),
}
REQUESTS = {
    "partial_unfit": lambda model: model.partial_unfit(X[:1], Y[:1]),
    "replace_labels": lambda model: model.replace_labels(X[:1], Y[:1], OTHER),
    "replace_features": lambda model: model.replace_features(X[:1], Y[:1], X[1:2]),
    "partial_fit": lambda model: model.partial_fit(X[:1], Y[:1]),
    "refine": lambda model: model.refine(),
}
OTHER = np.setdiff1d(Y, Y[:1])[:1]


def adopted(name, retain_data):
    theirs = make_pipeline(clone(FRONTS[name][0]), logistic()).fit(X, Y)
    ours = UnlearnablePipeline.from_sklearn(
        theirs, X, Y, on_stateful="freeze", retain_data=retain_data
    )
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)
    return ours


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("verb", REQUESTS)
def test_what_an_encoder_knows_is_said_by_every_verb(name, verb):
    model, knows = adopted(name, True), FRONTS[name][1]
    assert model.gradient_residual() < 1e-5  # of what the encoder gave at fit
    if verb in ("partial_fit", "refine"):  # nothing leaves, and nothing is said
        REQUESTS[verb](model)
        assert model.gradient_residual().remembered == ()
        model.to_sklearn()
        return
    with pytest.warns(NotForgottenWarning, match=f"What '{knows}") as caught:
        REQUESTS[verb](model)
    assert {warning.filename for warning in caught} == {__file__}
    residual = model.gradient_residual()
    assert residual < 1e-5
    assert len(residual.remembered) == 1
    assert residual.remembered[0].startswith(knows)
    with pytest.warns(NotForgottenWarning, match=f"'{knows}.*and is exported"):
        model.to_sklearn()


@pytest.mark.parametrize("name", FRONTS)
def test_without_data_what_it_gave_at_fit_is_not_made_up(name):
    model = adopted(name, False)
    before = answers(model, X)
    asked = [REQUESTS[verb] for verb in list(REQUESTS)[:3]]
    asked += [lambda m: m.refine(X, Y), lambda m: m.gradient_residual(X, Y)]
    asked += [lambda m: m.influence(X[:1], Y[:1])]
    for ask in asked:
        with pytest.raises(UnlearningError, match=f"Step '{FRONTS[name][1]}.*at fit"):
            ask(model)
    np.testing.assert_array_equal(answers(model, X), before)


@pytest.mark.parametrize("retain_data", [False, True])
def test_columns_without_which_the_encoder_is_gone(retain_data):
    model = adopted("columns", retain_data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.forget_features(["street"])
        assert model.gradient_residual(X, Y).remembered == ()
        model.refine(X, Y)
        model.to_sklearn()
    model.partial_unfit(X[:1], Y[:1])
    kept = adopted("columns", True).forget_features(["city"])
    with pytest.warns(NotForgottenWarning, match="'columntransformer__targetencoder'"):
        kept.partial_unfit(X[:1].drop(columns="city"), Y[:1])


def test_a_choice_of_columns_knows_targets():
    data, y = raw("logistic")
    last = UnlearnableLogisticRegression(retain_data=True)
    model = make_unlearnable_pipeline(SelectKBest(k=2), last, on_stateful="freeze")
    model.fit(data, y)
    with pytest.warns(NotForgottenWarning, match="What 'selectkbest' knows"):
        model.replace_labels(data[:1], y[:1], np.setdiff1d(y, y[:1])[:1])
