"""Functions of several rows are refused where functions of single rows are meant."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn import (
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 3)) * [1.0, 30.0, 1e-3] + 5.0
TARGET = ROWS @ [1.0, 0.1, 3.0]
MATRIX = RNG.normal(size=(3, 5)).astype(np.float32)
WORDS = RNG.choice(["Oslo", "Lima", "Kyiv"], 60)


def centred(X):
    return X - X.mean(axis=0)


def scaled(X):
    return sp.csr_array(X / abs(X).max(axis=0).toarray())


def ranked(frame):
    return frame.rank()


def indicators(frame):
    pd = pytest.importorskip("pandas")
    return pd.get_dummies(frame)


def frame_of(*columns):
    pd = pytest.importorskip("pandas")
    values = dict(zip("abc", ROWS.T, strict=True)) | {"word": WORDS}
    return pd.DataFrame(values)[list(columns)]


def model(step):
    return make_unlearnable_pipeline(step, UnlearnableRidge())


@pytest.mark.parametrize(
    ("function", "X"),
    [
        (centred, ROWS),
        (centred, ROWS.astype(np.float32)),
        (centred, frame_of(*"abc")),
        (scaled, sp.csr_array(ROWS)),
        (scaled, sp.csc_matrix(ROWS)),
        (ranked, frame_of(*"abc")),
        (indicators, frame_of("word")),
        (lambda X: X[np.argsort(X[:, 0])], ROWS),
        (lambda X: X + RNG.normal(size=X.shape), ROWS),
    ],
)
def test_functions_of_several_rows_are_refused(function, X):
    with pytest.raises(UnlearningError, match=r"'functiontransformer'.* together"):
        model(FunctionTransformer(function)).fit(X, TARGET)


def test_the_step_is_named_wherever_it_is():
    step = FunctionTransformer(centred)
    columns = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), ["a"]), (step, ["b", "c"])
    )
    for each in (
        columns,
        make_unlearnable_pipeline(UnlearnableStandardScaler(), step),
        FeatureUnion([("functiontransformer", step), ("same", "passthrough")]),
    ):
        with pytest.raises(UnlearningError, match=r"Step '(feature|function)"):
            model(each).fit(frame_of(*"abc"), TARGET)
    with pytest.raises(UnlearningError, match="Step 'functiontransformer'"):
        columns.fit(frame_of(*"abc"))
    with pytest.raises(UnlearningError, match="Step 'functiontransformer'"):
        UnlearnablePipeline.from_sklearn(
            make_pipeline(step, Ridge()).fit(ROWS, TARGET), ROWS, TARGET
        )


def test_nothing_of_a_refused_fit_stays():
    columns = make_unlearnable_column_transformer((FunctionTransformer(centred), [0]))
    with pytest.raises(UnlearningError):
        columns.fit(ROWS)
    assert not hasattr(columns, "transformers_")
    scaler, last = UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    nested = make_unlearnable_pipeline(FunctionTransformer(np.tanh), last)
    model = make_unlearnable_pipeline(scaler, FunctionTransformer(centred), nested)
    with pytest.raises(UnlearningError):
        model.fit(ROWS, TARGET)
    for part in (model, scaler, nested, last):
        with pytest.raises(NotFittedError):
            check_is_fitted(part)
    with pytest.raises(NotFittedError):
        model.partial_unfit(ROWS[:1], TARGET[:1])


@pytest.mark.parametrize("because", ["rows", "targets"])
def test_a_refused_fit_leaves_what_was_fitted_before(because):
    scaler, last = UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    model = UnlearnablePipeline(
        [("scale", scaler), ("same", FunctionTransformer()), ("last", last)]
    )
    weight = np.linspace(1.0, 2.0, 60)
    model.fit(ROWS, TARGET, weight)
    expected = model.predict(ROWS)
    function = centred if because == "rows" else np.tanh
    target = TARGET if because == "rows" else np.full(60, np.nan)
    model.set_params(same=FunctionTransformer(function))
    with pytest.raises((UnlearningError, ValueError)):
        model.fit(ROWS[:50], target[:50])
    assert model[0] is scaler
    assert model[-1] is last
    model.set_params(same=FunctionTransformer())
    np.testing.assert_array_equal(model.predict(ROWS), expected)
    model.partial_unfit(ROWS[:2], TARGET[:2], weight[:2])
    refit = make_unlearnable_pipeline(UnlearnableStandardScaler(), UnlearnableRidge())
    refit.fit(ROWS[2:], TARGET[2:], weight[2:])
    np.testing.assert_allclose(model.predict(ROWS), refit.predict(ROWS), rtol=1e-8)


class Quiet(TransformerMixin, BaseEstimator):
    """Needs no fit, and says so."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.tanh(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


@pytest.mark.parametrize(
    ("step", "X"),
    [
        (FunctionTransformer(np.log1p), np.abs(ROWS)),
        (FunctionTransformer(np.log1p), frame_of("a").abs()),
        (FunctionTransformer(lambda X: X @ MATRIX), ROWS.astype(np.float32)),
        (FunctionTransformer(lambda X: X.multiply(2.0)), sp.csr_array(ROWS)),
        (FunctionTransformer(lambda X: X.assign(d=X["a"] * X["b"])), frame_of(*"ab")),
        (FunctionTransformer(lambda X: np.where(X > 5.0, np.nan, X)), ROWS),
        (FunctionTransformer(lambda X: X.to_numpy() == "Oslo"), frame_of("word")),
        (Normalizer(), ROWS),
        (Quiet(), ROWS),
        (HashingVectorizer(n_features=8), list(WORDS)),
    ],
)
def test_functions_of_single_rows_are_not(step, X):
    last = UnlearnableStandardScaler(with_mean=False)
    pipeline = make_unlearnable_pipeline(step, last).fit(X)
    assert pipeline.transform(X).shape[0] == 60


def test_a_single_row_cannot_be_told():
    make_unlearnable_pipeline(FunctionTransformer(centred)).fit(ROWS[:1])
