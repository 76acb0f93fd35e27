"""Data that are read block after block give what arrays in memory give."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableLinearRegression,
    UnlearnableLogisticRegression,
    UnlearnableMultinomialNB,
    UnlearnableOneHotEncoder,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableSelectKBest,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_blocks import DataBlocks
from tests.row_blocks.data import N_ROWS, changed, forest, in_blocks, newton


@newton
@pytest.mark.parametrize("size", [7, 70, N_ROWS])
def test_fits_do_not_depend_on_the_blocks(model, kind, size, data):
    X, y, weight = data[0], data[1][kind], data[2]
    model = type(model)(**model.get_params())
    expected = type(model)(**model.get_params()).fit(X, y, weight)
    model.fit(in_blocks(X, y, weight, size))
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(
        model.intercept_, expected.intercept_, rtol=0.0, atol=1e-12
    )


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix])
def test_sparse_blocks(container, data):
    X, y = container(np.where(data[0] > 0.0, data[0], 0.0)), data[1]["classes"]
    expected = UnlearnableLogisticRegression().fit(X, y)
    model = UnlearnableLogisticRegression().fit(in_blocks(X, y))
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)


@newton
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_refined_and_measured_on_blocks(model, kind, data):
    X, y, weight = data[0], data[1][kind], data[2]
    model = type(model)(**{**model.get_params(), "tol": 1e-9})
    model.fit(in_blocks(X, y, weight))
    gone, stay = np.arange(3), np.arange(3, N_ROWS)
    model.partial_unfit(X[gone], y[gone], weight[gone])
    blocks = in_blocks(X[stay], y[stay], weight[stay])
    before = model.gradient_residual(X[stay], y[stay], weight[stay])
    assert model.gradient_residual(blocks) == pytest.approx(before, rel=1e-6, abs=1e-9)
    assert model.refine(blocks).gradient_residual(blocks) <= 1e-8
    refit = type(model)(**model.get_params()).fit(X[stay], y[stay], weight[stay])
    np.testing.assert_allclose(model.coef_, refit.coef_, rtol=0.0, atol=1e-8)


def test_blocks_of_other_rows_are_refused(data):
    X, y = data[0], data[1]["binary"]
    model = UnlearnableLogisticRegression().fit(in_blocks(X, y))
    with pytest.raises(ValueError, match="X has 239 rows, but 240"):
        model.refine(in_blocks(X[1:], np.append(0, y[2:])))


SUMS = [
    (UnlearnableGaussianNB(), "classes", True),
    (UnlearnableMultinomialNB(), "classes", True),
    (UnlearnableLinearDiscriminantAnalysis(), "classes", False),
    (UnlearnableLinearRegression(), "numbers", True),
]


@pytest.mark.parametrize(("model", "kind", "weighted"), SUMS)
@pytest.mark.parametrize("size", [7, 70])
def test_models_of_sums_are_the_same_to_the_last_bit(model, kind, weighted, size, data):
    X, y = np.abs(data[0]), data[1][kind]
    weights = (data[2],) if weighted else ()
    model = type(model)(**model.get_params()).fit(in_blocks(X, y, *weights, size=size))
    expected = type(model)(**model.get_params()).fit(X, y, *weights)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    model.partial_unfit(X[:5], y[:5], *(weight[:5] for weight in weights))
    expected.partial_unfit(X[:5], y[:5], *(weight[:5] for weight in weights))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize(
    "transformer",
    [
        UnlearnableStandardScaler(),
        UnlearnableSimpleImputer(strategy="median"),
        UnlearnableOneHotEncoder(),
    ],
)
def test_transformers_are_the_same_to_the_last_bit(transformer, data):
    X = np.round(data[0])
    transformer = type(transformer)(**transformer.get_params()).fit(in_blocks(X))
    expected = type(transformer)(**transformer.get_params()).fit(X)
    found, wanted = transformer.transform(X), expected.transform(X)
    if sp.issparse(wanted):
        found, wanted = found.toarray(), wanted.toarray()
    np.testing.assert_array_equal(found, wanted)


def test_what_learns_from_targets_is_given_them_in_blocks(data):
    X, y = data[0], data[1]["classes"]
    chosen = UnlearnableSelectKBest(k=2).fit(in_blocks(X, y))
    expected = UnlearnableSelectKBest(k=2).fit(X, y)
    np.testing.assert_array_equal(chosen.scores_, expected.scores_)
    with pytest.raises(ValueError, match="Block 0: y must be given"):
        chosen.fit(in_blocks(X))


# From files ---------------------------------------------------------------------------


def test_memory_maps(data, tmp_path):
    X, y = data[0], data[1]["binary"]
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = UnlearnableLogisticRegression().fit(X, y)
    for given in ((mapped, y), (in_blocks(mapped, y),)):
        model = UnlearnableLogisticRegression().fit(*given)
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)


def test_sparse_matrices_in_files(data, tmp_path):
    X, y, weight = sp.csr_array(data[0]), data[1]["binary"], data[2]
    paths = [tmp_path / "0.npz", tmp_path / "1.npz"]
    sp.save_npz(paths[0], X[:100])
    sp.save_npz(paths[1], X[100:])
    blocks = DataBlocks.from_npz(paths, y, weight)
    expected = UnlearnableLogisticRegression().fit(X, y, weight)
    model = UnlearnableLogisticRegression().fit(blocks)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    with pytest.raises(ValueError, match="y has 241 rows, but the files have 240"):
        model.fit(DataBlocks.from_npz(paths, np.append(y, 0)))
    with pytest.raises(ValueError, match="sample_weight has 241 rows"):
        model.fit(DataBlocks.from_npz(paths, y, np.append(weight, 1.0)))
    with pytest.raises(TypeError, match="sample_weight must have an entry a row"):
        DataBlocks.from_npz(paths, y, 2.0)


def test_parquet(parquet, data):
    X, y, weight = data[0], data[1]["binary"], data[2]
    blocks = DataBlocks.from_parquet(
        parquet, target="y", sample_weight="w", columns=list("abcd"), batch_size=50
    )
    model = UnlearnableLogisticRegression().fit(blocks)
    expected = UnlearnableLogisticRegression().fit(X, y, weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert model.forget_features("b").refine(blocks).coef_[0, 1] == 0.0


def test_parquet_files_and_datasets(parquet, data):
    dataset = pytest.importorskip("pyarrow.dataset")
    X, y = data[0], data[1]["binary"]
    columns = {"target": "y", "columns": list("abcd")}
    twice = DataBlocks.from_parquet([parquet, parquet], **columns)
    model = UnlearnableLogisticRegression().fit(twice)
    expected = UnlearnableLogisticRegression().fit(np.vstack([X, X]), np.append(y, y))
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    some = dataset.dataset(parquet).filter(dataset.field("a") > 0.0)
    model.fit(DataBlocks.from_parquet(some, **columns))
    chosen = X[:, 0] > 0.0
    expected = UnlearnableLogisticRegression().fit(X[chosen], y[chosen])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)


def test_columns_of_parquet_that_are_no_numbers(parquet):
    with pytest.raises(ValueError, match="'name' holds string, not numbers"):
        DataBlocks.from_parquet(parquet, target="y")
    with pytest.raises(ValueError, match="'z' names 0 columns of the dataset"):
        DataBlocks.from_parquet(parquet, target="z")
    with pytest.raises(ValueError, match="'y' is named more than once"):
        DataBlocks.from_parquet(parquet, target="y", columns=["a", "y"])
    with pytest.raises(TypeError, match="columns must be a list"):
        DataBlocks.from_parquet(parquet, target="y", columns="abcd")


def test_blocks_of_frames_have_names(data):
    pandas = pytest.importorskip("pandas")
    frame, y = pandas.DataFrame(data[0], columns=list("abcd")), data[1]["binary"]
    blocks = [(frame[:100], y[:100]), (frame[100:], y[100:])]
    model = UnlearnableLogisticRegression().fit(DataBlocks(blocks))
    assert model.feature_names_in_.tolist() == list("abcd")
    blocks[1] = (frame[100:].rename(columns={"a": "z"}), y[100:])
    with pytest.raises(ValueError, match="Block 1 of X has other column names"):
        model.fit(DataBlocks(blocks))


# Reading ------------------------------------------------------------------------------


def test_the_next_block_is_read_while_one_is_worked_on():
    second = threading.Event()

    def blocks():
        yield (np.zeros((1, 1)),)
        second.set()
        yield (np.zeros((1, 1)),)

    first = next(iter(DataBlocks(blocks)))
    assert first.y is None
    assert second.wait(60.0)


#: The collector ends a pass within each call of the module of threads.
GIVING_UP = """
import gc
import sys
import threading

import numpy as np

from sklearn_unlearn.row_blocks import DataBlocks


def give_up(frame, event, arg):
    if event == "call" and frame.f_code.co_filename == threading.__file__ and begun:
        begun.pop()
        sys.setprofile(None)
        gc.collect()
        sys.setprofile(give_up)


gc.disable()
gc.freeze()  # what was imported
data = DataBlocks([(np.ones((2, 1)),)] * 3)
begun = [[iter(data)] for _ in range(60)]
for each in begun:
    next(each[0])
    each.append(each)
del each
sys.setprofile(give_up)
while begun:
    assert len(list(data)) == 3
"""


def test_passes_that_are_given_up_wait_for_nobody():
    subprocess.run([sys.executable, "-c", GIVING_UP], check=True, timeout=60)


def test_repr_shows_nothing_of_the_data():
    assert repr(DataBlocks([(np.array([[7.0]]), [1])])) == "DataBlocks(list)"


# Pipelines ----------------------------------------------------------------------------

PIPELINES = {
    "scaled": ([UnlearnableStandardScaler()], UnlearnableLogisticRegression()),
    "coded": ([UnlearnableOneHotEncoder()], UnlearnableRidge()),
    "sums": ([UnlearnableStandardScaler(), "passthrough"], UnlearnableGaussianNB()),
    "stateless": ([FunctionTransformer(np.tanh)], UnlearnablePoissonRegressor()),
}


def pipeline_of(name):
    steps, last = PIPELINES[name]
    return make_unlearnable_pipeline(
        *(step if isinstance(step, str) else clone(step) for step in steps),
        clone(last),
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_pipelines(name, weighted, data):
    kind = {"coded": "numbers", "stateless": "counts"}.get(name, "binary")
    X, y, weight = data[0], data[1][kind], data[2].copy()
    X = np.round(X).clip(-2.0, 2.0) if name == "coded" else X
    weight[5:9] = 0.0
    given = (weight,) if weighted else ()
    blocks = in_blocks(X, y, *given)
    model = pipeline_of(name).fit(blocks)
    expected = pipeline_of(name).fit(X, y, *given)
    close = {"rtol": 0.0, "atol": 1e-10}
    np.testing.assert_allclose(model.predict(X), expected.predict(X), **close)
    gone, stay = np.arange(3), np.arange(3, N_ROWS)
    part = (weight[gone],) if weighted else ()
    for each in (model, expected):
        if weighted and name == "coded":
            with pytest.raises(UnlearningError, match="was fitted without weights"):
                each.partial_unfit(X[gone], y[gone], *part)
            continue
        each.partial_unfit(X[gone], y[gone], *part)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), **close)
    if hasattr(model, "refine") and not (weighted and name == "coded"):
        part = (weight[stay],) if weighted else ()
        left = in_blocks(X[stay], y[stay], *part)
        assert model.refine(left).gradient_residual(left) <= 1e-3
        expected.refine(X[stay], y[stay], *part)
        np.testing.assert_allclose(
            model.predict(X), expected.predict(X), rtol=0.0, atol=1e-6
        )


def test_pipelines_of_parquet_know_the_names(parquet, data):
    pandas = pytest.importorskip("pandas")
    blocks = DataBlocks.from_parquet(parquet, target="y", columns=list("abcd"))
    model = pipeline_of("scaled").fit(blocks)
    assert model.feature_names_in_.tolist() == list("abcd")
    frame = pandas.DataFrame(data[0], columns=list("abcd"))
    expected = pipeline_of("scaled").fit(frame, data[1]["binary"])
    model.forget_features("b").refine(blocks)
    expected.forget_features("b").refine(frame, data[1]["binary"])
    found = model.predict_proba(frame)
    np.testing.assert_allclose(found, expected.predict_proba(frame), atol=1e-5)


def test_pipelines_that_do_not_read_blocks_stay_as_they_were(data):
    X, y = data[0], data[1]["binary"]
    model = pipeline_of("scaled").fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="y must be None beside DataBlocks"):
        model.fit(in_blocks(X, y), y)
    with pytest.raises(ValueError, match="Block 1 of X has 3 columns"):
        model.fit(changed(data, 1, X=X[120:, :3]))
    np.testing.assert_array_equal(model.predict_proba(X), before)
    other = make_unlearnable_pipeline(StandardScaler(), UnlearnableRidge())
    with pytest.raises(TypeError, match="'standardscaler' is StandardScaler, which do"):
        other.fit(in_blocks(X, y))
    other = make_unlearnable_pipeline(UnlearnableStandardScaler(), forest())
    with pytest.raises(TypeError, match="which does not read DataBlocks"):
        other.fit(in_blocks(X, y))
