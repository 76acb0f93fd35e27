"""Data that are read block after block give what arrays in memory give."""

import threading
import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_unlearn import (
    RetrainedClassifier,
    UnlearnableCalibratedClassifierCV,
    UnlearnableColumnTransformer,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableHuberRegressor,
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableLinearRegression,
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnableMultinomialNB,
    UnlearnableOneHotEncoder,
    UnlearnablePoissonRegressor,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableSelectKBest,
    UnlearnableSimpleImputer,
    UnlearnableStackingClassifier,
    UnlearnableStandardScaler,
    UnlearnableVotingClassifier,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.utils.discovery import all_estimators

N_ROWS = 240


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, 4))
    score = X[:, 0] + 0.5 * rng.standard_normal(N_ROWS)
    y = {
        "binary": (score > 0.0).astype(int),
        # sorted: the last class is in the last blocks alone
        "classes": np.sort(np.digitize(score, [-0.7, 0.7])),
        "numbers": score,
        "counts": np.floor(np.exp(np.clip(score, -2.0, 2.0))),
    }
    return X, y, rng.uniform(0.5, 2.0, N_ROWS)


def in_blocks(X, y=None, weight=None, size=70):
    """Blocks of so many rows, the last one smaller."""

    def blocks():
        for start in range(0, X.shape[0], size):
            part = slice(start, start + size)
            yield tuple(None if each is None else each[part] for each in (X, y, weight))

    return DataBlocks(blocks)


NEWTON = [
    (UnlearnableLogisticRegression(), "binary"),
    (UnlearnableLogisticRegression(class_weight="balanced"), "classes"),
    (UnlearnableLinearSVC(), "binary"),
    (UnlearnableRidge(), "numbers"),
    (UnlearnablePoissonRegressor(), "counts"),
    (UnlearnableHuberRegressor(), "numbers"),
]
newton = pytest.mark.parametrize(("model", "kind"), NEWTON)


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


@pytest.fixture
def parquet(data, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    columns = {name: data[0][:, place] for place, name in enumerate("abcd")}
    table = {**columns, "y": data[1]["binary"], "w": data[2], "name": ["x"] * N_ROWS}
    path = tmp_path / "rows.parquet"
    files.write_table(arrow.table(table), path, row_group_size=90)
    return path


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


def test_repr_shows_nothing_of_the_data():
    assert repr(DataBlocks([(np.array([[7.0]]), [1])])) == "DataBlocks(list)"


# Bad input ----------------------------------------------------------------------------


def changed(data, place, **parts):
    """Blocks of which one has another part."""
    X, y = data[0], data[1]["binary"]
    blocks = [{"X": X[:120], "y": y[:120]}, {"X": X[120:], "y": y[120:]}]
    blocks[place].update(parts)
    return DataBlocks([(block["X"], block["y"]) for block in blocks])


@pytest.mark.parametrize(
    "model", [UnlearnableLogisticRegression(), UnlearnableGaussianNB()]
)
def test_blocks_that_differ_are_named_and_nothing_is_fitted(model, data):
    X, y = data[0], data[1]["binary"]
    model = type(model)().fit(X, y)
    before = model.predict_proba(X)
    faults = {
        r"Block 1 of X has 3 columns, but those before have 4": X[120:, :3],
        r"Block 1 of X is dense float32, but .* dense float64": X[120:].astype("f"),
        r"Block 1 of X is sparse float64, but .* dense": sp.csr_array(X[120:]),
        r"Block 1: .*NaN": np.where(X[120:] > 2.0, np.nan, X[120:]),
        r"Block 1: .*inconsistent numbers of samples": X[121:],
    }
    if isinstance(model, UnlearnableGaussianNB):  # which takes no sparse rows
        del faults[r"Block 1 of X is sparse float64, but .* dense"]
    for message, block in faults.items():
        with pytest.raises(ValueError, match=message):
            model.fit(changed(data, 1, X=block))
        np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "model", [UnlearnableLogisticRegression(), UnlearnableGaussianNB()]
)
def test_a_file_that_disappears_leaves_the_model(model, data):
    X, y = data[0], data[1]["binary"]
    model = type(model)().fit(X, y)
    before = model.predict_proba(X)
    passes = []

    def blocks():
        passes.append(1)
        yield X[:120], y[:120]
        if len(passes) > 1:
            raise FileNotFoundError("part-1.parquet")
        yield X[120:], y[120:]

    with pytest.raises(FileNotFoundError, match="part-1"):
        model.fit(DataBlocks(blocks))
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_each_pass_must_read_the_same_rows(data):
    X, y = data[0], data[1]["binary"]
    passes = []

    def blocks():
        passes.append(1)
        yield X[:120], y[:120]
        if len(passes) == 1:
            yield X[120:], y[120:]

    with pytest.raises(ValueError, match=r"240 rows when .* and 120 now"):
        UnlearnableLogisticRegression().fit(DataBlocks(blocks))


def test_what_can_be_read_once_is_refused():
    with pytest.raises(TypeError, match="blocks is an iterator, which can be read"):
        DataBlocks(iter([]))
    with pytest.raises(TypeError, match="blocks must be an iterable"):
        DataBlocks(3)
    with pytest.raises(TypeError, match="Block 0 must be a tuple"):
        UnlearnableStandardScaler().fit(DataBlocks([np.zeros((2, 2))]))
    with pytest.raises(ValueError, match="there is no block"):
        UnlearnableStandardScaler().fit(DataBlocks([]))
    with pytest.raises(ValueError, match="there is no block"):
        UnlearnableRidge().fit(DataBlocks([]))


@pytest.mark.parametrize("model", [UnlearnableRidge, UnlearnableLinearRegression])
def test_what_belongs_into_the_blocks(model, data):
    X, y = data[0], data[1]["numbers"]
    for name, value in {"y": y, "sample_weight": data[2], "row_ids": y}.items():
        with pytest.raises(ValueError, match=f"{name} must be None beside DataBlocks"):
            model().fit(in_blocks(X, y), **{name: value})
    with pytest.raises(ValueError, match="retain_data=True keeps all rows in memory"):
        model(retain_data=True).fit(in_blocks(X, y))
    with pytest.raises(ValueError, match="sample_weight must hold a weight"):
        model().fit(in_blocks(X, y, np.zeros(N_ROWS)))


@pytest.mark.parametrize("ask", ["predict", "partial_unfit", "fit"])
def test_what_does_not_read_blocks_says_so(ask, data):
    X, y = data[0], data[1]["binary"]
    model = UnlearnableLogisticRegression().fit(X, y)
    if ask == "fit":
        model = UnlearnableCalibratedClassifierCV(model)
    with pytest.raises(TypeError, match="DataBlocks, which"):
        getattr(model, ask)(in_blocks(X, y), *([] if ask == "predict" else [y]))


def test_names_that_were_given_apart(data):
    X, y = data[0], data[1]["numbers"]
    blocks = [(X, y)]
    with pytest.raises(TypeError, match="feature_names must be a sequence"):
        DataBlocks(blocks, feature_names="abcd")
    with pytest.raises(ValueError, match=r"feature_names has 2 names, but .* 4"):
        UnlearnableRidge().fit(DataBlocks(blocks, feature_names=["a", "b"]))
    model = UnlearnableRidge().fit(DataBlocks(blocks, feature_names=list("abcd")))
    with pytest.raises(ValueError, match="are not those that the model was fitted"):
        model.gradient_residual(DataBlocks(blocks, feature_names=list("abce")))


# Passes that differ ------------------------------------------------------------------


def passes(data, **second):
    """Blocks of which the second pass, and those after it, have another part."""
    X, y, weight = data[0], data[1]["binary"], data[2]
    read = []

    def blocks():
        parts = {"X": X, "y": y, "weight": weight}
        if read:
            parts.update(second)
        read.append(1)
        for start in range(0, N_ROWS, 70):
            yield tuple(part[start : start + 70] for part in parts.values())

    return DataBlocks(blocks)


def swapped(values, one, other):
    values = values.copy()
    values[[one, other]] = values[[other, one]]
    return values


@pytest.mark.parametrize(
    "model", [UnlearnableLogisticRegression(), UnlearnableGaussianNB()]
)
def test_targets_and_weights_that_change_between_passes(model, data):
    X, y, weight = data[0], data[1]["binary"], data[2]
    model = type(model)().fit(X, y)
    before = model.predict_proba(X)
    first, second = np.flatnonzero(y[140:210])[0] + 140, np.argmin(y[140:210]) + 140
    faults = {
        "Block 2: y is not what": {"y": swapped(y, first, second)},
        "Block 1: sample_weight is not what": {"weight": swapped(weight, 80, 90)},
        "Block 0: X is not what": {"X": swapped(X, 0, 1)},
        "Block 3: y is not what": {"y": np.append(y[:-1], 1 - y[-1])},
    }
    for message, second in faults.items():
        with pytest.raises(ValueError, match=message):
            model.fit(passes(data, **second))
        np.testing.assert_array_equal(model.predict_proba(X), before)


def test_targets_that_change_while_a_model_is_refined(data):
    X, y, weight = data[0], data[1]["binary"], data[2]
    model = UnlearnableLogisticRegression().fit(X, y, weight)
    with pytest.raises(ValueError, match="Block 0: y is not what it was"):
        model.refine(passes(data, y=1 - y))
    names = np.where(y, "yes", "no")
    model = UnlearnableLogisticRegression().fit(X, names, weight)
    changed = swapped(names, int(np.argmax(y)), int(np.argmin(y)))
    with pytest.raises(ValueError, match=r"Block \d: y is not what it was"):
        model.refine(passes((X, {"binary": names}, weight), y=changed))


def test_blocks_may_be_cut_anew_in_each_pass(data):
    X, y = data[0], data[1]["binary"]
    sizes = iter(range(31, 200))

    def blocks():
        size = next(sizes)
        for start in range(0, N_ROWS, size):
            yield X[start : start + size], y[start : start + size]

    model = UnlearnableLogisticRegression().fit(DataBlocks(blocks))
    expected = UnlearnableLogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)


def test_wide_sparse_blocks_are_read_anew_for_each_product(data):
    X, y = sp.csr_array(data[0]), data[1]["binary"]
    model = UnlearnableLogisticRegression(curvature="iterative", tol=1e-10)
    held, most = [0], [0]

    def blocks():
        for start in range(0, N_ROWS, 8):
            part = X[start : start + 8]
            held[0] += 1
            weakref.finalize(part, lambda: held.__setitem__(0, held[0] - 1))
            most[0] = max(most[0], held[0])
            yield part, y[start : start + 8]

    model.fit(DataBlocks(blocks))
    expected = UnlearnableLogisticRegression(tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-9)
    assert most[0] <= 12  # of thirty


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


# What does not read blocks ------------------------------------------------------------


def forest():
    return UnlearnableRandomForestClassifier(n_estimators=2)


def readers():
    """Every estimator with blocks that it might fit, and whether it is to."""
    needed = UnlearnableLogisticRegression()
    wrapped = [
        UnlearnableGridSearchCV(needed, {"C": [1.0]}),
        UnlearnableStackingClassifier([("a", needed)]),
        UnlearnableVotingClassifier([("a", needed)]),
        UnlearnableCalibratedClassifierCV(needed),
        UnlearnableColumnTransformer([("a", UnlearnableStandardScaler(), [0])]),
        RetrainedClassifier(needed),
    ]
    known = {"UnlearnableCountVectorizer", "UnlearnableTfidfVectorizer"}
    known |= {"UnlearnableDictVectorizer"}  # of blocks of texts, and of mappings
    given = {"UnlearnableTargetEncoder": {"target_type": "continuous"}}
    each = [
        kind(**given.get(name, {}))
        for name, kind in all_estimators()
        if name not in known
    ]
    return pytest.mark.parametrize("model", each + wrapped, ids=lambda m: str(type(m)))


@readers()
def test_estimators_read_blocks_or_say_that_they_do_not(model, data):
    X, y = np.abs(data[0]) + 0.1, data[1]["binary"] + 1
    try:
        model = clone(model).fit(in_blocks(X, y))
    except TypeError as error:
        assert "DataBlocks, which" in str(error)  # noqa: PT017
    else:
        assert model.n_features_in_ == 4


def test_what_is_no_file_of_parquet(data):
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.dataset")
    table = arrow.table({"a": data[0][:, 0], "y": data[1]["binary"]})
    blocks = DataBlocks.from_parquet(table, target="y", batch_size=50)
    model = UnlearnableLogisticRegression().fit(blocks)
    expected = UnlearnableLogisticRegression().fit(data[0][:, :1], data[1]["binary"])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    with pytest.raises(TypeError, match="source must be a path"):
        DataBlocks.from_parquet(data[0], target="y")


def test_a_file_of_parquet_that_disappears(parquet, data):
    X, y = data[0], data[1]["binary"]
    blocks = DataBlocks.from_parquet(parquet, target="y", columns=list("abcd"))
    model = UnlearnableLogisticRegression().fit(X, y)
    before = model.predict_proba(X)
    parquet.unlink()
    with pytest.raises(FileNotFoundError, match=r"rows\.parquet"):
        model.fit(blocks)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    with pytest.raises(FileNotFoundError, match=r"rows\.parquet"):
        DataBlocks.from_parquet(parquet, target="y")


def test_labels_that_come_late(data):
    X, y = data[0], np.zeros(N_ROWS, dtype=int)
    y[-1] = 1
    model = UnlearnableLogisticRegression().fit(in_blocks(X, y))
    expected = UnlearnableLogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0.0, atol=1e-12)
    with pytest.raises(ValueError, match="Block 3: y contains"):
        model.refine(in_blocks(X, np.append(y[:-1], 2)))


# Progress -----------------------------------------------------------------------------


def test_a_bar_on_the_command_line(data, capsys):
    X, y = data[0], data[1]["classes"]
    blocks = [(X[:100], y[:100]), (X[100:], y[100:])]
    UnlearnableGaussianNB().fit(DataBlocks(blocks, verbose=True))
    shown = capsys.readouterr().err
    assert "pass 1: 2 blocks" in shown
    assert f"pass 2: [{'#' * 15:<30}]  50%" in shown
    assert f"pass 2: [{'#' * 30}] 100%" in shown
    UnlearnableGaussianNB().fit(DataBlocks(blocks))
    assert capsys.readouterr().err == ""


class Recorder:
    """A callback that notes what it is told."""

    def __init__(self):
        self.told = []

    def setup(self, estimator, context):
        self.told.append("setup")

    def on_fit_task_begin(self, estimator, context):
        if context.task_name != "block":
            self.told.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.told.append(f"{context.task_name} done")

    def teardown(self, estimator, context):
        self.told.append("teardown")


@pytest.mark.parametrize("model", [UnlearnableRidge(), UnlearnableLinearRegression()])
def test_callbacks_are_told_of_passes_and_blocks(model, data):
    pytest.importorskip("sklearn.callback")
    X, y, recorder = data[0], data[1]["numbers"], Recorder()
    model = clone(model).fit(X, y)
    known = set(vars(model))
    model.set_callbacks(recorder).fit(in_blocks(X, y, size=120))
    told = recorder.told
    assert told[:2] + told[-2:] == ["setup", "fit", "fit done", "teardown"]
    a_pass = ["pass", "block done", "block done", "pass done"]
    assert told[2:6] == a_pass
    assert told.count("pass done") >= 2
    assert set(vars(model)) - known == {"_skl_callbacks"}
    recorder.told.clear()
    with pytest.raises(ValueError, match="Block 1 of X"):
        model.fit(changed(data, 1, X=X[120:, :3]))
    assert recorder.told[-1] == "teardown"


def test_row_groups_that_were_read_leave_the_memory(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    X = np.random.default_rng(0).standard_normal((64, 4096))
    path, n_groups = tmp_path / "rows.parquet", 48  # of 2 MiB
    columns = {f"x{i}": row for i, row in enumerate(X)}
    table = arrow.table(columns)
    with files.ParquetWriter(path, table.schema, compression="none") as writer:
        for _ in range(n_groups):
            writer.write_table(table)
    before = arrow.total_allocated_bytes()
    most = max(
        arrow.total_allocated_bytes() - before for _ in DataBlocks.from_parquet(path)
    )
    assert most < n_groups / 4 * X.nbytes
