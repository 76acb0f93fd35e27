"""Pipelines taken over from scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    unlearnable,
)
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)
from tests.pipeline.data import NUMBERS, WORDS, mails, people, raw
from tests.pipeline.scripts import answers


def deployed(**params):
    front = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), WORDS),
        **params,
    )
    return make_pipeline(front, LogisticRegression(C=0.5, tol=1e-9, max_iter=1000))


@pytest.mark.parametrize("remainder", ["drop", "passthrough", StandardScaler()])
@pytest.mark.parametrize("retain_data", [False, True])
def test_a_pipeline_that_is_deployed_learns_to_unlearn(remainder, retain_data):
    frame, y = people(400)
    frame["weight"] = np.linspace(0.0, 1.0, len(frame))
    theirs = deployed(remainder=remainder).fit(frame, y)
    model = UnlearnablePipeline.from_sklearn(theirs, frame, y, retain_data=retain_data)
    assert type(model[0]) is UnlearnableColumnTransformer
    assert type(model[-1]) is UnlearnableLogisticRegression
    np.testing.assert_allclose(answers(model, frame), answers(theirs, frame), atol=1e-6)
    model.partial_unfit(frame[:3], y[:3])
    refit = deployed(remainder=remainder).fit(frame[3:], y[3:])
    np.testing.assert_allclose(
        answers(model, frame), answers(refit, frame), atol=1e-6 if retain_data else 1e-2
    )
    np.testing.assert_allclose(
        model[:-1].transform(frame)[:, :3].sum(),
        refit[:-1].transform(frame)[:, :3].sum(),
        rtol=1e-9,
        atol=1e-9,
    )


def test_texts_weights_names_and_nested_pipelines():
    texts, y = mails()
    theirs = make_pipeline(
        TfidfVectorizer(), make_pipeline(LogisticRegression(tol=1e-9))
    )
    weight = np.linspace(0.5, 2.0, y.size)
    theirs.fit(texts, y, pipeline__logisticregression__sample_weight=weight)
    ids = [f"mail {i}" for i in range(y.size)]
    model = UnlearnablePipeline.from_sklearn(
        theirs, texts, y, weight, row_ids=ids, retain_data=True
    )
    model.partial_unfit(row_ids=ids[:2])
    kept = {"pipeline__logisticregression__sample_weight": weight[2:]}
    theirs.fit(texts[2:], y[2:], **kept)
    np.testing.assert_allclose(answers(model, texts), answers(theirs, texts), atol=1e-6)


def test_what_cannot_be_taken_over():
    X, y = raw("logistic")
    last = LogisticRegression(tol=1e-8)
    theirs = make_pipeline(SplineTransformer(), StandardScaler(), last)
    theirs.fit(X, y)
    with pytest.raises(UnlearningError, match="'splinetransformer', a Spline"):
        UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful="raise")
    model = UnlearnablePipeline.from_sklearn(
        theirs, X, y, on_stateful="freeze", retain_data=True
    )
    with pytest.warns(NotForgottenWarning, match="'splinetransformer'"):
        model.partial_unfit(X[:2], y[:2])
    with pytest.raises(TypeError, match="takes a fitted Pipeline"):
        UnlearnablePipeline.from_sklearn(last, X, y, on_stateful="raise")
    with pytest.raises(NotFittedError):
        UnlearnablePipeline.from_sklearn(deployed(), X, y)
    odd = make_pipeline(StandardScaler(), SplineTransformer()).fit(X)
    with pytest.raises(TypeError, match=r"'splinetransformer'.*no counterpart"):
        UnlearnablePipeline.from_sklearn(odd, X, y, on_stateful="raise")
    with (
        pytest.warns(DataMismatchWarning, match="'standardscaler' another mean_"),
        pytest.warns(DataMismatchWarning, match="Step 'ridge'"),
    ):
        UnlearnablePipeline.from_sklearn(
            make_pipeline(StandardScaler(), Ridge()).fit(X, y == "yes"),
            X[5:],
            (y == "yes")[5:],
        )
    frame, y = people()
    theirs = deployed().fit(frame, y)
    with pytest.warns(DataMismatchWarning):
        UnlearnablePipeline.from_sklearn(theirs, frame.drop(9), np.delete(y, 9))
    alone = make_pipeline(FunctionTransformer(np.tanh), Ridge()).fit(X, X[:, 0])
    model = UnlearnablePipeline.from_sklearn(alone, X, X[:, 0])
    model.partial_unfit(X[:3], X[:3, 0])
    np.testing.assert_allclose(
        answers(model, X), answers(alone.fit(X[3:], X[3:, 0]), X), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_the_kind_of_outputs_is_taken_over(kind):
    frame, y = people()
    frame.loc[::7, "age"] = np.nan
    front = make_column_transformer(
        (StandardScaler(), ["age", "income"]), remainder="drop"
    )
    theirs = make_pipeline(SimpleImputer(), front, LogisticRegression(tol=1e-9))
    theirs[:-1].set_output(transform=kind)
    theirs.set_params(verbose=True).fit(frame[NUMBERS], y)
    model = UnlearnablePipeline.from_sklearn(
        theirs, frame[NUMBERS], y, retain_data=True
    )
    ours, expected = (each[:-1].transform(frame[NUMBERS]) for each in (model, theirs))
    assert type(ours) is type(expected)
    assert model.verbose
    model.partial_unfit(frame[:3][NUMBERS], y[:3])
    refit = theirs.set_params(verbose=False).fit(frame[3:][NUMBERS], y[3:])
    np.testing.assert_allclose(
        answers(model, frame[NUMBERS]), answers(refit, frame[NUMBERS]), atol=1e-5
    )


@pytest.mark.parametrize("all_steps", [False, True])
def test_weights_of_transformers_are_taken_over(all_steps):
    X, y = raw("logistic")
    weight = np.linspace(0.5, 2.0, y.size)
    names = ["logisticregression__sample_weight"]
    names += ["standardscaler__sample_weight"] * all_steps
    theirs = make_pipeline(
        StandardScaler(), LogisticRegression(tol=1e-9, max_iter=1000)
    )
    theirs.fit(X, y, **dict.fromkeys(names, weight))
    model = UnlearnablePipeline.from_sklearn(theirs, X, y, weight, retain_data=True)
    np.testing.assert_allclose(model[0].mean_, theirs[0].mean_, rtol=1e-12)
    model.partial_unfit(X[:4], y[:4], weight[:4])
    refit = theirs.fit(X[4:], y[4:], **dict.fromkeys(names, weight[4:]))
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-5)


@pytest.mark.parametrize("last", [PCA(2), StandardScaler(), SimpleImputer()])
@pytest.mark.parametrize("by_column", [False, True])
def test_what_is_rounding_about_zero_is_no_other_data(last, by_column):
    X, y = raw("ridge")
    front = make_pipeline(StandardScaler(with_std=False), last)
    if by_column:
        front = make_column_transformer((front, [0, 1, 2]), remainder="drop")
    theirs = make_pipeline(front, Ridge()).fit(1e5 * X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UnlearnablePipeline.from_sklearn(theirs, 1e5 * X, y)
    with pytest.warns(DataMismatchWarning):
        UnlearnablePipeline.from_sklearn(theirs, 1e5 * X[5:], y[5:])


def cubed(values):
    return values**3


@pytest.mark.parametrize(
    "last",
    [
        LogisticRegression(),
        Ridge(),
        GaussianNB(),
        SVC(),
        KNeighborsClassifier(3),
        VotingClassifier([("bayes", GaussianNB())]),
        make_pipeline(MinMaxScaler(), Ridge()),
        TransformedTargetRegressor(Ridge(), func=np.cbrt, inverse_func=cubed),
    ],
    ids=lambda each: type(each).__name__,
)
def test_it_is_said_which_model_behind_steps_other_targets_give(last):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, 2.0, -1.0]
    y = (y > 0).astype(float) if is_classifier(last) else y
    others = y.copy()
    others[::7] = 1.0 - others[::7]
    theirs = Pipeline([("scale", StandardScaler()), ("model at last", last)]).fit(X, y)
    step = "Step 'model at last(__ridge)?'"
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        unlearnable(theirs, X, y)
    with pytest.warns(DataMismatchWarning, match=rf"{step}.* (by|for|\d)"):
        unlearnable(theirs, X, others)
    with pytest.warns(DataMismatchWarning, match=step):
        UnlearnablePipeline.from_sklearn(theirs, X, others)
