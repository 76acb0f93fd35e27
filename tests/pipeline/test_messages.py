"""What a pipeline says of requests that it refuses, and where."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NoBoundError, RowNotFoundError
from tests.pipeline.data import people, raw


def encoder():
    return make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), ["age", "income"]),
        (UnlearnableOneHotEncoder(), ["city"]),
    )


@pytest.mark.parametrize("retain_data", [False, True])
def test_columns_that_a_frame_lacks_are_named(retain_data):
    frame, y = people()
    last = UnlearnableLogisticRegression(retain_data=retain_data)
    model = make_unlearnable_pipeline(encoder(), last)
    model.fit(frame, y)
    rows = frame[:2], y[:2]
    fewer = frame[:2].drop(columns=["age", "income"])
    lacks = r"X lacks the columns \['age', 'income'\]"
    for verb in (model.partial_unfit, model.partial_fit):
        with pytest.raises(ValueError, match=lacks):
            verb(fewer, y[:2])
    with pytest.raises(ValueError, match=r"X_new.* lacks the columns"):
        model.replace_features(*rows, fewer)
    with pytest.raises(ValueError, match="lacks the columns"):
        encoder().fit(frame).partial_unfit(fewer)


def test_a_step_that_refuses_is_named():
    frame, y = people()
    model = make_unlearnable_pipeline(encoder(), UnlearnableLogisticRegression())
    model.fit(frame, y)
    name = "Step 'unlearnablecolumntransformer__unlearnableonehotencoder': Column 0"
    with pytest.raises(RowNotFoundError, match=name):
        model.partial_unfit(frame[:2].assign(city="nowhere"), y[:2])
    inner = make_unlearnable_pipeline("passthrough", UnlearnableMinMaxScaler())
    outer = make_unlearnable_pipeline(inner, UnlearnableRidge())
    X, y = raw("ridge")
    outer.fit(X, y)
    name = "^Step 'unlearnablepipeline__unlearnableminmaxscaler': Input"
    with pytest.raises(ValueError, match=name):
        outer.partial_unfit(X[:1] * np.inf, y[:1])
    with pytest.raises(ValueError, match=r"^Step 'unlearnableridge': "):
        outer.partial_unfit(X[:1], [np.inf])


def test_keywords_that_no_verb_has():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), UnlearnableRidge())
    model.fit(X, y)
    with pytest.raises(TypeError, match=r"^UnlearnablePipeline\.partial_unfit\(\)"):
        model.partial_unfit(X[:1], y[:1], weight=1.0)
    with pytest.raises(TypeError, match=r"^UnlearnablePipeline\.forget_features\(\)"):
        model.forget_features(0, names=["a"])


class Broken(FunctionTransformer):
    """Names its outputs, and fails at it."""

    def get_feature_names_out(self, input_features=None):
        raise AttributeError("broken")


@pytest.mark.parametrize("beside", [False, True])
def test_steps_that_name_no_outputs_and_steps_that_fail_at_it(beside):
    frame, y = people()
    frame = frame[["age", "income"]]
    for step in (FunctionTransformer(np.asarray), Broken(np.asarray)):
        first = ColumnTransformer([("one", step, ["age"])]) if beside else step
        model = make_unlearnable_pipeline(
            first, UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
        )
        model[-1].set_params(fit_intercept=False)
        model.fit(frame, y == y[0])
        if isinstance(step, Broken):
            with pytest.raises(AttributeError, match="broken"):
                model.partial_unfit(frame[:2], y[:2] == y[0])
        else:
            model.partial_unfit(frame[:2], y[:2] == y[0])
            refit = make_unlearnable_pipeline(*[each for _, each in model.steps])
            refit.fit(frame[2:], y[2:] == y[0])
            np.testing.assert_allclose(model.predict(frame), refit.predict(frame))


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_what_to_do_where_there_is_no_bound():
    X, y = raw("logistic", 103)
    X, y = X[3:], y[3:]  # without the outliers
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=50.0)
    last = UnlearnableLogisticRegression(certification=certification)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), last).fit(X, y)
    with pytest.raises(NoBoundError, match="retain_data=True to forget columns"):
        model.forget_features(0)
    gone = []

    def one_by_one():
        for row in range(10):
            model.partial_unfit(X[[row]], y[[row]])
            gone.append(row)

    with pytest.raises(NoBoundError, match="Call refine of the pipeline"):
        one_by_one()
    X, y = X[len(gone) :], y[len(gone) :]
    model.refine(X, y).partial_unfit(X[:1], y[:1])
