"""Steps that work in place, against pipelines whose steps do not."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnablePCA,
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4)) * [1.0, 30.0, 1e-2, 5.0] + [5.0, 2.0, 1.0, 0.0]
TARGET = ROWS @ [1.0, 0.1, 30.0, -0.5] + RNG.normal(size=60)


def array():
    return ROWS.copy()


def csr():
    return sp.csr_array(ROWS)


def csr_with_duplicates():
    halves = np.repeat(ROWS.ravel() / 2.0, 2)
    places = np.repeat(np.tile(np.arange(4), 60), 2)
    return sp.csr_matrix((halves, places, np.arange(61) * 8), shape=ROWS.shape)


def csc():
    return sp.csc_matrix(ROWS)


def pandas():
    return pytest.importorskip("pandas").DataFrame(ROWS.copy(), columns=list("abcd"))


def polars():
    return pytest.importorskip("polars").DataFrame(ROWS.copy(), schema=list("abcd"))


def values(X):
    return X.toarray() if sp.issparse(X) else np.array(X)


def without(X, n_rows):
    return X.iloc[n_rows:] if hasattr(X, "iloc") else X[n_rows:]


def first(X, n_rows):
    rows = X.iloc[:n_rows] if hasattr(X, "iloc") else X[:n_rows]
    return rows.copy() if hasattr(rows, "copy") else rows.clone()


NORMED = [UnlearnableStandardScaler(copy=False), Normalizer(copy=False)]
IMPUTED = [UnlearnableSimpleImputer(copy=False), UnlearnableMinMaxScaler(copy=False)]
CUT = [Normalizer(copy=False), Binarizer(threshold=0.1, copy=False)]
CASES = [
    (array, NORMED, True),
    (array, ["passthrough", *IMPUTED], False),
    (array, CUT, False),
    (array, CUT, True),
    (array, [UnlearnablePCA(copy=False)], False),
    (csr, [UnlearnableMaxAbsScaler(copy=False)], True),
    (csr, [UnlearnableStandardScaler(copy=False, with_mean=False)], False),
    (csr_with_duplicates, [UnlearnableMaxAbsScaler(copy=False)], True),
    (csc, [Normalizer(copy=False)], True),
    (csr, [Binarizer(threshold=0.5, copy=False)], True),
    (pandas, [*IMPUTED, *NORMED], True),
    (pandas, [*IMPUTED], False),
    (polars, [UnlearnableMinMaxScaler(copy=False)], True),
]


def beside_one_another(X):
    part = slice("a", "b") if hasattr(X, "iloc") else slice(0, 2)
    rest = slice("c", "d") if hasattr(X, "iloc") else slice(2, 4)
    return make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(copy=False), part), (Normalizer(copy=False), rest)
    )


CASES += [(array, [beside_one_another(ROWS)], True)]


@pytest.mark.parametrize(("made", "steps", "retain_data"), CASES)
def test_a_pipeline_overwrites_nothing_that_it_is_given(made, steps, retain_data):
    X, last = made(), UnlearnableRidge(retain_data=retain_data)
    model = make_unlearnable_pipeline(*map(clone_step, steps), last).fit(X, TARGET)
    model.predict(X)
    np.testing.assert_array_equal(values(X), ROWS)
    out = first(X, 3)
    model.partial_unfit(out, TARGET[:3])
    np.testing.assert_array_equal(values(out), ROWS[:3])
    rows_out, rows_in = first(without(X, 3), 2), first(without(X, 20), 2)
    model.replace_features(rows_out, TARGET[3:5], rows_in)
    np.testing.assert_array_equal(values(rows_in), ROWS[20:22])
    remaining = ROWS[3:].copy()
    remaining[:2] = ROWS[20:22]
    remaining = like(X, remaining)
    refit = clone(model).fit(remaining, TARGET[3:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)
    assert model.gradient_residual(remaining, TARGET[3:]) < 1e-6


def clone_step(step):
    return step if isinstance(step, str) else clone(step)


def like(X, rows):
    if sp.issparse(X):
        return type(X)(rows)
    if hasattr(X, "iloc"):
        return type(X)(rows, columns=X.columns)
    return type(X)(rows, schema=X.columns) if hasattr(X, "clone") else rows


def test_so_does_one_of_a_frame_in_parts():
    X = pandas()
    model = make_unlearnable_pipeline(
        beside_one_another(X), UnlearnableRidge(retain_data=True)
    ).fit(X, TARGET)
    np.testing.assert_array_equal(values(X), ROWS)
    model.partial_unfit(X.iloc[:3], TARGET[:3]).partial_unfit(X.iloc[3:5], TARGET[3:5])
    refit = clone(model).fit(X.iloc[5:], TARGET[5:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)


@pytest.mark.parametrize("made", [array, pandas, csr])
def test_adoption_overwrites_nothing_either(made):
    X = made()
    centred = not sp.issparse(X)
    deployed = make_pipeline(
        StandardScaler(copy=False, with_mean=centred), Normalizer(copy=False), Ridge()
    ).fit(made(), TARGET)
    model = UnlearnablePipeline.from_sklearn(deployed, X, TARGET, retain_data=True)
    np.testing.assert_array_equal(values(X), ROWS)
    model.partial_unfit(first(X, 3), TARGET[:3])
    refit = clone(deployed).fit(without(made(), 3), TARGET[3:])
    np.testing.assert_allclose(model.predict(X), refit.predict(first(X, 60)), rtol=1e-8)


def test_a_frozen_step_overwrites_nothing():
    X = array()
    model = make_unlearnable_pipeline(
        RobustScaler(copy=False), UnlearnableRidge(retain_data=True)
    )
    model.set_params(on_stateful="freeze").fit(X, TARGET)
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:3], TARGET[:3])
    np.testing.assert_array_equal(X, ROWS)
    assert model.gradient_residual(ROWS[3:], TARGET[3:]) < 1e-6


def test_a_function_that_overwrites_its_rows_is_refused():
    def halved(X):
        X /= 2.0
        return X

    X = array()
    model = make_unlearnable_pipeline(FunctionTransformer(halved), UnlearnableRidge())
    with pytest.raises(ValueError, match=r"overwrites the rows .* returns others"):
        model.fit(X, TARGET)
    np.testing.assert_array_equal(X, ROWS)


def test_each_shard_is_asked_about_the_rows_as_they_are():
    X, y = array(), np.median(TARGET) < TARGET
    base = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    model = ShardedClassifier(base, n_shards=3, random_state=0).fit(X, y)
    kept = clone(model).set_params(estimator__standardscaler__copy=True).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), kept.predict_proba(X))
    np.testing.assert_array_equal(X, ROWS)
