"""Functions of several rows are refused where functions of single rows are meant."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.utils.validation import check_is_fitted

import sklearn_unlearn
from sklearn_unlearn import (
    UnlearnableCountVectorizer,
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
            make_pipeline(step, Ridge()).fit(ROWS, TARGET),
            ROWS,
            TARGET,
            on_stateful="raise",
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
        (FunctionTransformer(lambda X: X.assign(b=X.index)), frame_of("a")),
        (Normalizer(), ROWS),
        (Quiet(), ROWS),
        (HashingVectorizer(n_features=8), list(WORDS)),
    ],
)
def test_functions_of_single_rows_are_not(step, X):
    last = UnlearnableStandardScaler(with_mean=False)
    pipeline = make_unlearnable_pipeline(step, last).fit(X)
    assert pipeline.transform(X).shape[0] == 60


def test_functions_of_single_texts_are_not():
    texts = [f"{word} {'is far' * (word > 'L')}" for word in WORDS]
    split = FunctionTransformer(lambda texts: [text.split() for text in texts])
    count = UnlearnableCountVectorizer(analyzer=list)
    pipeline = make_unlearnable_pipeline(split, count).fit(texts)
    assert pipeline.transform(texts).shape[0] == 60
    ordered = FunctionTransformer(sorted)
    with pytest.raises(UnlearningError, match="together"):
        make_unlearnable_pipeline(ordered, UnlearnableCountVectorizer()).fit(texts)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_types_that_missing_values_give_columns_do_not_matter(kind):
    library = pytest.importorskip(kind)
    frame = library.DataFrame(
        {"a": ROWS[:, 0], "n": [1, None, 3] * 20, "word": [*WORDS[:59], None]}
    )
    whole = FunctionTransformer(lambda X: X[["n", "word"]])
    assert make_unlearnable_pipeline(whole).fit(frame).transform(frame).shape == (60, 2)


def test_a_single_row_cannot_be_told():
    make_unlearnable_pipeline(FunctionTransformer(centred)).fit(ROWS[:1])


def filled(frame):
    return frame.fillna(frame.mean())


def clipped(X):
    return np.minimum(X, X.mean(axis=0) + 5.0 * X.std(axis=0))


def rarest_dropped(frame):
    counts = frame["word"].value_counts()
    return frame[["a"]] * (frame["word"].map(counts) > 1).to_numpy()[:, None]


@pytest.mark.parametrize("place", [3, 4, 29, 41, 58])
def test_rows_are_tried_by_what_is_in_them(place):
    missing, words = frame_of(*"abc"), frame_of("a", "word")
    missing.iloc[place, 1] = np.nan
    words.iloc[place, 1] = "Ulm"
    words.iloc[place + 1, 1] = "Bonn"
    large = ROWS.copy()
    large[place, 2] = 1e3
    cases = [(filled, missing), (clipped, large), (rarest_dropped, words)]
    cases += [(clipped_sparse, sp.csr_array(large))]
    for function, X in cases:
        with pytest.raises(UnlearningError, match="together"):
            model(FunctionTransformer(function)).fit(X, TARGET)


def clipped_sparse(X):
    return sp.csr_array(clipped(X.toarray()))


def test_functions_that_refuse_one_row():
    frame = frame_of("a")
    step = FunctionTransformer(lambda rows: rows.squeeze().fillna(0.0).to_frame())
    pipeline = model(step).fit(frame, TARGET)
    pipeline.partial_unfit(frame[:2], TARGET[:2])
    expected = make_pipeline(step, Ridge()).fit(frame[2:], TARGET[2:])
    np.testing.assert_allclose(pipeline.predict(frame), expected.predict(frame))


def needs_ten(X):
    if len(X) < 10:
        raise ValueError("too few")
    return X


def test_a_function_that_refuses_few_rows_is_named():
    with pytest.raises(ValueError, match=r"^Step 'functiontransformer': too few"):
        model(FunctionTransformer(needs_ten)).fit(ROWS, TARGET)


@pytest.mark.parametrize("n_rows", [1, 5])
def test_functions_of_several_targets_are_refused(n_rows):
    last = TransformedTargetRegressor(
        UnlearnableRidge(), func=centred, inverse_func=np.copy, check_inverse=False
    )
    last.fit(ROWS, TARGET)
    with pytest.raises(UnlearningError, match="func of this TransformedTarget"):
        sklearn_unlearn.partial_unfit(last, ROWS[:n_rows], TARGET[:n_rows])
    with pytest.raises(UnlearningError, match="func of this TransformedTarget"):
        make_unlearnable_pipeline("passthrough", last).fit(ROWS, TARGET)
    counts = (TARGET * 3.0).astype(int) % 7
    for func, inverse, y in (
        (np.log, np.exp, TARGET + 1.0),
        (lambda y: np.arange(7.0)[y], np.copy, counts),
    ):
        last = TransformedTargetRegressor(
            UnlearnableRidge(), func=func, inverse_func=inverse, check_inverse=False
        ).fit(ROWS, y)
        sklearn_unlearn.partial_unfit(last, ROWS[:n_rows], y[:n_rows])
        expected = UnlearnableRidge().fit(ROWS[n_rows:], func(y[n_rows:]))
        np.testing.assert_allclose(last.regressor_.coef_, expected.coef_, rtol=1e-8)
