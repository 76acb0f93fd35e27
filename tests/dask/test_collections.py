"""Dask collections give what the same rows in memory give, however they are cut."""

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("distributed")
import dask
import dask.array as da

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.dask import (
    LogisticRegression,
    OneHotEncoder,
    PoissonRegressor,
    Ridge,
    StandardScaler,
    make_pipeline,
)

N_ROWS = 240
CLOSE = {"rtol": 0.0, "atol": 1e-9}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, 4))
    score = X[:, 0] + 0.5 * rng.standard_normal(N_ROWS)
    y = {
        "binary": (score > 0.0).astype(int),
        "names": np.where(score > 0.0, "yes", "no"),
        # sorted: the last class is in the last chunks alone
        "classes": np.sort(np.digitize(score, [-0.7, 0.7])),
        "numbers": score,
        "several": np.column_stack([score, X[:, 1]]),
        "counts": np.floor(np.exp(np.clip(score, -2.0, 2.0))),
    }
    return X, y, rng.uniform(0.5, 2.0, N_ROWS)


def cut(values, size=70):
    if values is None:
        return None
    return da.from_array(values, chunks=(size, *values.shape[1:]))


MODELS = [
    (LogisticRegression(tol=1e-9), UnlearnableLogisticRegression(tol=1e-9), "binary"),
    (LogisticRegression(tol=1e-9), UnlearnableLogisticRegression(tol=1e-9), "names"),
    (
        LogisticRegression(class_weight="balanced", tol=1e-9),
        UnlearnableLogisticRegression(class_weight="balanced", tol=1e-9),
        "classes",
    ),
    (Ridge(), UnlearnableRidge(), "numbers"),
    (Ridge(), UnlearnableRidge(), "several"),
    (PoissonRegressor(tol=1e-9), UnlearnablePoissonRegressor(tol=1e-9), "counts"),
]


@pytest.mark.parametrize("size", [25, N_ROWS])
@pytest.mark.parametrize(("model", "expected", "kind"), MODELS)
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_models(model, expected, kind, size, data):
    X, y, weight = data[0], data[1][kind], data[2]
    model.fit(cut(X, size), cut(y, size), cut(weight, size))
    expected.fit(X, y, weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, **CLOSE)
    found = model.gradient_residual(cut(X, size), cut(y, size), cut(weight, size))
    assert found == pytest.approx(expected.gradient_residual(X, y, weight), abs=1e-9)
    for each in (model, expected):
        each.partial_unfit(X[:3], y[:3], weight[:3])
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)
    model.refine(*(cut(part[3:], size) for part in (X, y, weight)))
    expected.refine(X[3:], y[3:], weight[3:])
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)


def test_answers_are_collections(data):
    X, y = data[0], data[1]["names"]
    model = LogisticRegression().fit(cut(X), cut(y))
    plain = model.to_sklearn()
    here = np.testing.assert_allclose
    for name in ("predict_proba", "decision_function", "predict"):
        found = getattr(model, name)(cut(X))
        wanted = getattr(plain, name)(X)
        assert isinstance(found, da.Array)
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype
        if name == "predict":
            here = np.testing.assert_array_equal
        here(found.compute(), wanted)
        here(getattr(model, name)(X), wanted)
    assert not hasattr(Ridge(), "predict_proba")


def test_many_rows_for_each_unknown_begin_at_a_sample():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((6000, 3))
    y = X[:, 0] + rng.standard_normal(6000) > 0.0
    model = LogisticRegression(tol=1e-9).fit(cut(X, 1111), cut(y, 1111))
    expected = UnlearnableLogisticRegression(tol=1e-9).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)
    assert model.n_iter_ == expected.n_iter_


@pytest.mark.parametrize("size", [7, 70])
def test_transformers_are_the_same_to_the_last_bit(size, data):
    X, weight = np.round(data[0]), data[2]
    found = StandardScaler().fit(cut(X, size), None, cut(weight, size))
    wanted = UnlearnableStandardScaler().fit(X, None, weight)
    np.testing.assert_array_equal(
        found.transform(cut(X, size)).compute(), wanted.transform(X)
    )
    found = OneHotEncoder().fit(cut(X, size))
    wanted = UnlearnableOneHotEncoder().fit(X)
    outputs = found.transform(cut(X, size)).compute()
    assert sp.issparse(outputs)
    np.testing.assert_array_equal(outputs.toarray(), wanted.transform(X).toarray())
    for each in (found, wanted):
        each.partial_unfit(X[:5])
    for one, other in zip(found.categories_, wanted.categories_, strict=True):
        np.testing.assert_array_equal(one, other)


PIPELINES = {
    "scaled": (
        lambda: make_pipeline(StandardScaler(), LogisticRegression(tol=1e-9)),
        (UnlearnableStandardScaler(), UnlearnableLogisticRegression(tol=1e-9)),
        "binary",
    ),
    "coded": (
        lambda: make_pipeline(OneHotEncoder(), Ridge()),
        (UnlearnableOneHotEncoder(), UnlearnableRidge()),
        "numbers",
    ),
    "of the package": (
        lambda: make_pipeline(UnlearnableStandardScaler(), PoissonRegressor(tol=1e-9)),
        (UnlearnableStandardScaler(), UnlearnablePoissonRegressor(tol=1e-9)),
        "counts",
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_pipelines(name, data):
    make, steps, kind = PIPELINES[name]
    X, y = data[0], data[1][kind]
    X = np.round(X).clip(-2.0, 2.0) if name == "coded" else X
    model = make().fit(cut(X), cut(y))
    expected = make_unlearnable_pipeline(*steps).fit(X, y)

    def same():
        found = model.predict(cut(X)).compute()
        np.testing.assert_allclose(found, expected.predict(X), **CLOSE)
        np.testing.assert_allclose(model[-1].coef_, expected[-1].coef_, **CLOSE)

    same()
    for each in (model, expected):
        each.partial_unfit(X[:3], y[:3])
    same()
    model.refine(cut(X[3:]), cut(y[3:]))
    expected.refine(X[3:], y[3:])
    same()
    assert model.gradient_residual(cut(X[3:]), cut(y[3:])) < 1e-6


def test_frames(data):
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    X, y = pandas.DataFrame(data[0], columns=list("abcd")), data[1]["numbers"]
    lazy = frames.from_pandas(X.assign(y=y), npartitions=5)
    model = Ridge().fit(lazy[list("abcd")], lazy["y"])
    expected = UnlearnableRidge().fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)
    assert model.feature_names_in_.tolist() == list("abcd")
    found = model.predict(lazy[list("abcd")]).compute()
    np.testing.assert_allclose(found, expected.predict(X), **CLOSE)
    # a filter leaves partitions of other sizes, and empty ones
    some = lazy[lazy["a"] > 2.2]
    model.fit(some[list("abcd")], some["y"])
    kept = X["a"] > 2.2
    expected.fit(X[kept], y[kept])
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)
    codes = X.round().astype(int).astype(str)
    encoder = OneHotEncoder().fit(frames.from_pandas(codes, npartitions=3))
    wanted = UnlearnableOneHotEncoder().fit(codes)
    np.testing.assert_array_equal(
        encoder.get_feature_names_out(), wanted.get_feature_names_out()
    )


def test_sparse_chunks(data):
    X = np.where(data[0] > 0.0, data[0], 0.0)
    y = data[1]["binary"]
    model = LogisticRegression(tol=1e-9)
    model.fit(cut(X).map_blocks(sp.csr_array), cut(y))
    expected = UnlearnableLogisticRegression(tol=1e-9).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, **CLOSE)


def test_columns_in_chunks_are_brought_together(data):
    X, y = data[0], data[1]["numbers"]
    model = Ridge().fit(da.from_array(X, chunks=(70, 2)), cut(y, 50))
    np.testing.assert_allclose(model.coef_, UnlearnableRidge().fit(X, y).coef_, **CLOSE)


def test_arrays_in_memory_are_read_as_ever(data):
    X, y = data[0], data[1]["binary"]
    model = LogisticRegression(retain_data=True).fit(X, y)
    expected = UnlearnableLogisticRegression(retain_data=True).fit(X, y)
    for each in (model, expected):
        each.partial_unfit(X[:3], y[:3])
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_bad_input_leaves_the_model(data):
    X, y = data[0], data[1]["binary"]
    model = LogisticRegression().fit(X, y)
    before = model.predict_proba(X)
    late = np.where(np.arange(N_ROWS) == 200, np.nan, X[:, 0])
    faults = [
        ("y must be a Dask collection", (cut(X), y)),
        ("y has 239 rows, X has 240", (cut(X), cut(y[1:]))),
        ("Block 2: .*NaN", (cut(np.column_stack([late, X[:, 1:]])), cut(y))),
        ("only one class", (cut(X), cut(np.zeros(N_ROWS, int)))),
        ("sample_weight must hold a weight", (cut(X), cut(y), cut(np.zeros(N_ROWS)))),
        ("holds no rows", (cut(X)[:0], cut(y)[:0])),
    ]
    for message, given in faults:
        with pytest.raises((TypeError, ValueError), match=message):
            model.fit(*given)
        np.testing.assert_array_equal(model.predict_proba(X), before)
    with pytest.raises(ValueError, match="retain_data=True keeps all rows in memory"):
        LogisticRegression(retain_data=True).fit(cut(X), cut(y))
    unlike = da.map_blocks(_unlike, cut(X), dtype=float)
    with pytest.raises(ValueError, match="Block 1 of X is dense float32, but"):
        model.fit(unlike, cut(y))
    narrow = da.map_blocks(_narrow, cut(X), dtype=float)
    with pytest.raises(ValueError, match="Block 1 of X has 3 columns, but"):
        model.fit(narrow, cut(y))
    np.testing.assert_array_equal(model.predict_proba(X), before)


def _unlike(chunk, block_info=None):
    place = block_info[0]["chunk-location"][0] if block_info else 0
    return chunk.astype(np.float32) if place == 1 else chunk


def _narrow(chunk, block_info=None):
    place = block_info[0]["chunk-location"][0] if block_info else 0
    return chunk[:, 1:] if place == 1 else chunk
