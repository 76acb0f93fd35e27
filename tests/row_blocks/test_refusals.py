"""Blocks that differ, passes that differ, and estimators that read none."""

import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sklearn_unlearn import (
    RetrainedClassifier,
    UnlearnableCalibratedClassifierCV,
    UnlearnableColumnTransformer,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLinearRegression,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStackingClassifier,
    UnlearnableStandardScaler,
    UnlearnableVotingClassifier,
)
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.utils.discovery import all_estimators
from tests.row_blocks.data import N_ROWS, changed, in_blocks

# Bad input ----------------------------------------------------------------------------


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


# What does not read blocks ------------------------------------------------------------


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
