"""Steps that are not fitted in pipelines that are, and steps that draw rows."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePCA,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from tests.pipeline.data import raw

STEPS = {
    "scaler": UnlearnableStandardScaler(),
    "pca": UnlearnablePCA(),
    "foreign": QuantileTransformer(n_quantiles=9),
    "nested": make_unlearnable_pipeline("passthrough", UnlearnableStandardScaler()),
    "columns": make_unlearnable_column_transformer((UnlearnableStandardScaler(), [0])),
}
ASKED = {
    "partial_unfit": lambda model, X, y: model.partial_unfit(X[:1], y[:1]),
    "replace_features": lambda model, X, y: model.replace_features(
        X[:1], y[:1], X[1:2]
    ),
    "replace_labels": lambda model, X, y: model.replace_labels(X[:1], y[:1], y[:1]),
    "partial_fit": lambda model, X, y: model.partial_fit(X[:1], y[:1]),
    "forget_features": lambda model, X, y: model.forget_features(0),
    "gradient_residual": lambda model, X, y: model.gradient_residual(X, y),
    "refine": lambda model, X, y: model.refine(X, y),
    "predict": lambda model, X, y: model.predict(X),
    "to_sklearn": lambda model, X, y: model.to_sklearn(),
    "release": lambda model, X, y: model.release(),
    "private_record": lambda model, X, y: model.private_record(),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
def test_a_step_that_was_put_into_a_fitted_pipeline(name, retain_data):
    X, y = raw("logistic")
    last = UnlearnableLogisticRegression(retain_data=retain_data)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), last).fit(X, y)
    model.steps[0] = ("step", STEPS[name])
    steps = model.steps
    for asked in ASKED.values():
        with pytest.raises(NotFittedError):
            asked(model, X, y)
        assert model.steps is steps
    with pytest.raises(NotFittedError, match="Step 'step"):
        model.partial_unfit(X[:1], y[:1])


@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        make_pipeline(StandardScaler()),
        make_column_transformer((StandardScaler(), [0])),
        QuantileTransformer(n_quantiles=9),
    ],
    ids=["scaler", "nested", "columns", "foreign"],
)
@pytest.mark.parametrize("on_stateful", ["refit", "raise", "freeze"])
def test_a_pipeline_is_taken_over_whose_steps_are_fitted(step, on_stateful):
    X, y = raw("logistic")
    last = LogisticRegression(solver="newton-cholesky").fit(X, y)
    with pytest.raises(NotFittedError, match="Step 'step"):
        UnlearnablePipeline.from_sklearn(
            Pipeline([("step", step), ("last", last)]), X, y, on_stateful=on_stateful
        )


class Sampler(BaseEstimator):
    """Has what samplers of imbalanced-learn have."""

    def fit(self, X, y):
        return self

    def fit_resample(self, X, y):
        return np.repeat(X, 2, axis=0), np.repeat(y, 2)


@pytest.mark.parametrize("on_stateful", ["refit", "raise", "freeze"])
def test_what_makes_other_rows_of_the_training_rows_is_refused(on_stateful):
    X, y = raw("logistic")
    last = LogisticRegression(solver="newton-cholesky").fit(X, y)
    theirs = Pipeline([("sampler", Sampler()), ("last", last)])
    with pytest.raises(UnlearningError, match=r"'sampler', a Sampler.*Sharded"):
        UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful=on_stateful)
