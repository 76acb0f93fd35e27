import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows import retained as module
from sklearn_unlearn.core.training_rows import search, stored
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError
from sklearn_unlearn.utils.raw_rows import RawRows

FORMATS = {
    "dense": np.asarray,
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "float32": lambda X: X.astype(np.float32),
    "csr_float32": lambda X: sp.csr_array(X.astype(np.float32)),
}
formats = pytest.mark.parametrize("form", FORMATS)


def make_rows(n_rows=30, n_columns=4, seed=0, form="dense"):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_columns)).astype(np.float32).astype(float)
    X[rng.random(X.shape) < 0.4] = 0.0
    y = rng.integers(3, size=(n_rows, 1)).astype(float)
    return Rows(FORMATS[form](X), y, rng.uniform(0.5, 2.0, n_rows))


def retain(rows, ids=None, forgotten=None):
    if forgotten is None:
        forgotten = np.zeros(rows.X.shape[1], dtype=bool)
    return RetainedRows.of(rows, ids, forgotten)


def everything(retained, entries=None):
    blocks = list(retained.blocks() if entries is None else retained.blocks(entries))
    return Rows(
        np.concatenate([densify(block.X) for block in blocks]),
        np.concatenate([block.y for block in blocks]),
        np.concatenate([block.weight for block in blocks]),
    )


def assert_same_rows(actual, expected):
    np.testing.assert_array_equal(densify(actual.X), densify(expected.X))
    np.testing.assert_array_equal(actual.y, expected.y)
    np.testing.assert_array_equal(actual.weight, expected.weight)


# Reading ----------------------------------------------------------------------------


@formats
@pytest.mark.parametrize("entries", [3, 20, 10**6])
def test_blocks_carry_the_weights_of_the_moment(form, entries):
    rows, more = make_rows(form=form), make_rows(7, seed=1, form=form)
    retained = retain(rows).with_rows(more, None)
    positions = np.array([33, 0, 12])
    weight = retained.weights(positions)
    retained = retained.without(positions, weight * np.array([1.0, 0.25, 1.0]))
    expected = np.concatenate([rows.weight, more.weight])
    expected[[33, 12]] = 0.0
    expected[0] *= 0.75
    seen = everything(retained, entries)
    np.testing.assert_allclose(seen.weight, expected, rtol=1e-15)
    np.testing.assert_array_equal(seen.X[:30], densify(rows.X))
    np.testing.assert_array_equal(seen.y[30:], more.y)
    assert retained.n_rows == 37
    some = np.array([36, 0, 33, 5])
    np.testing.assert_allclose(retained.weights(some), expected[some], rtol=1e-15)
    assert_same_rows(retained.take(some), seen.take(some))


def test_the_features_at_fit_are_neither_copied_nor_written_to():
    rows = make_rows()
    before = rows.X.copy(), rows.y.copy(), rows.weight.copy()
    retained = retain(rows)
    edited = retained.without(np.array([1, 2]), rows.weight[[1, 2]])
    edited = edited.with_rows(make_rows(3, seed=1), None)
    edited = edited.forgetting(np.array([True, False, False, False]))
    assert next(retained.blocks()).X is rows.X
    assert next(iter(edited.blocks())).X is rows.X
    for array, copy in zip((rows.X, rows.y, rows.weight), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert_same_rows(everything(retained), rows)
    assert retained.changed == {}


def test_no_positions():
    retained = retain(make_rows()).with_rows(make_rows(2, seed=1), None)
    none = np.zeros(0, dtype=np.intp)
    assert retained.take(none).n_rows == 0
    assert retained.weights(none).size == 0
    assert retained.locate(make_rows().take(none)).size == 0


# Finding ----------------------------------------------------------------------------


@formats
@pytest.mark.parametrize("asked", FORMATS)
def test_rows_are_found_in_any_format(form, asked):
    rows, more = make_rows(form=form), make_rows(9, seed=1, form=form)
    retained = retain(rows).with_rows(more, None)
    whole = everything(retained)
    positions = np.array([35, 3, 0, 29, 30])
    request = whole.take(positions)
    request = replace(request, X=FORMATS[asked](request.X))
    np.testing.assert_array_equal(retained.locate(request), positions)


def test_equal_rows_are_told_apart():
    rows = make_rows(10)
    twice = rows.take(np.array([0, 1, 2, 0, 1, 0]))
    retained = retain(twice)
    request = twice.take(np.array([0, 1, 0, 0]))
    found = retained.locate(request)
    assert sorted(found[[0, 2, 3]].tolist()) == [0, 3, 5]
    assert found[1] in {1, 4}
    with pytest.raises(RowNotFoundError, match="Row 2 of X"):
        retained.locate(twice.take(np.array([1, 1, 1])))
    left = retained.without(np.array([0]), retained.weights(np.array([0])))
    assert sorted(left.locate(twice.take(np.array([0, 0]))).tolist()) == [3, 5]
    with pytest.raises(RowNotFoundError, match=r"Row 2 .* more often"):
        left.locate(twice.take(np.array([0, 0, 0])))


def test_a_row_left_in_part_is_still_there():
    rows = make_rows()
    half = retain(rows).without(np.array([4]), rows.weight[[4]] / 2)
    assert half.locate(rows.take(np.array([4]))).tolist() == [4]
    gone = half.without(np.array([4]), half.weights(np.array([4])))
    with pytest.raises(RowNotFoundError):
        gone.locate(rows.take(np.array([4])))


@pytest.mark.parametrize("what", ["X", "y", "column order"])
def test_other_rows_are_not_found(what):
    rows = make_rows()
    request = rows.take(np.array([5, 6]))
    if what == "X":
        request.X[1, 2] = np.nextafter(request.X[1, 2], np.inf)
    elif what == "y":
        request.y[1] += 1.0
    else:
        request.X[1] = [4.0, 3.0, 2.0, 1.0]
        rows.X[6] = [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(RowNotFoundError, match="Row 1 of X"):
        retain(rows).locate(request)


@formats
def test_minus_zero_is_zero(form):
    X = np.array([[0.0, 1.0], [-0.0, 1.0], [-0.0, 0.0]])
    rows = Rows(FORMATS[form](X), np.array([[0.0], [0.0], [-0.0]]), np.ones(3))
    request = Rows(np.array([[0.0, 1.0], [-0.0, 1.0]]), np.zeros((2, 1)), np.ones(2))
    assert sorted(retain(rows).locate(request).tolist()) == [0, 1]
    last = Rows(np.array([[0.0, -0.0]]), np.zeros((1, 1)), np.ones(1))
    assert retain(rows).locate(last).tolist() == [2]


def test_forgotten_columns_do_not_identify():
    rows = make_rows()
    columns = np.array([False, True, False, True])
    retained = retain(rows).forgetting(columns)
    request = rows.take(np.array([3, 8]))
    request.X[:, columns] = 77.0
    assert retained.locate(request).tolist() == [3, 8]
    with pytest.raises(RowNotFoundError):
        retain(rows).locate(request)
    new = make_rows(4, seed=1)
    new.X[:] = np.arange(1.0, 17.0).reshape(4, 4)
    more = retained.with_rows(new.take(np.arange(4)), None)
    new.X[:, columns] = -1.0
    assert more.locate(new).tolist() == [30, 31, 32, 33]
    assert more.forgetting(~columns).forgotten.all()


@formats
def test_rows_whose_hashes_collide_are_all_found(form, monkeypatch):
    def same(self, X, y, ignored):
        return np.zeros(y.shape[0], dtype=np.uint64)

    monkeypatch.setattr(RowHash, "of_rows", same)
    monkeypatch.setattr(search, "BLOCK_ENTRIES", 50)
    rows = make_rows(form=form)
    positions = np.array([7, 29, 0, 12])
    found = retain(rows).locate(rows.take(positions))
    np.testing.assert_array_equal(found, positions)
    other = replace(rows, X=rows.X * 1.5).take(positions)
    with pytest.raises(RowNotFoundError, match="Row 0 of X"):
        retain(rows).locate(other)


def test_a_planted_row_hides_no_other():
    # rows that had one hash when its numbers were the same in every model
    planted = [float.fromhex("0x1.0009ap+0"), float.fromhex("-0x1.6fe83af68b20bp-9")]
    rows = Rows(np.array([planted, [0.5, -1.25]]), np.ones((2, 1)), np.ones(2))
    retained = retain(rows)
    assert retained.locate(rows.take(np.array([1]))).tolist() == [1]
    assert np.diff(retained.chunks[0].by_content[0]) != 0


def test_each_model_has_a_key_of_its_own():
    rows = make_rows()
    retained = retain(rows)
    loaded = pickle.loads(pickle.dumps(retained))
    hashes = [each.chunks[0].by_content[0] for each in (retained, retain(rows), loaded)]
    assert np.unique(np.concatenate(hashes)).size == 3 * np.unique(hashes[0]).size
    key = retained.chunks[0].hashed.key
    assert key not in pickle.dumps(retained)
    assert repr(key) not in repr(retained)
    more = retained.with_rows(make_rows(7, seed=1), None)
    assert {chunk.hashed.key for chunk in more.chunks} == {key}


# Identifiers ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["int", "str"])
def test_identifiers(kind):
    rows, more = make_rows(6), make_rows(3, seed=1)
    ids = np.array([40, 10, 30, 20, 60, 50])
    new = np.array([11, 12, 13])
    if kind == "str":
        ids, new = ids.astype(str), new.astype(str)
    retained = retain(rows, ids).with_rows(more, new)
    assert retained.has_ids
    request = np.array([20, 13, 40]).astype(ids.dtype)
    _, positions = retained.locate_ids(request)
    assert positions.tolist() == [3, 8, 0]
    assert retained.ids_at(positions).tolist() == request.tolist()
    unknown = np.array([20, 99]).astype(ids.dtype)
    with pytest.raises(RowNotFoundError, match=r"row_ids\[1\] .* was ever in"):
        retained.locate_ids(unknown)
    with pytest.raises(RowNotFoundError, match=r"row_ids\[1\] .* named before"):
        retained.locate_ids(request[[0, 0]])
    left = retained.without(positions[:1], retained.weights(positions[:1]))
    with pytest.raises(RowNotFoundError, match=r"row_ids\[0\] .* has left"):
        left.locate_ids(request)


def test_no_identifiers():
    retained = retain(make_rows())
    assert not retained.has_ids
    assert retained.ids_at(np.array([0])) is None
    with pytest.raises(RowNotFoundError, match="fitted with row_ids"):
        retained.locate_ids(np.array([0]))


# Weights ----------------------------------------------------------------------------


def test_no_more_weight_leaves_than_there_is():
    rows = make_rows()
    retained = retain(rows)
    position = np.array([2, 3])
    with pytest.raises(InsufficientWeightError, match=r"sample_weight\[1\] takes"):
        retained.without(position, rows.weight[position] * np.array([1.0, 1.001]))
    thirds = retained
    for _ in range(3):
        thirds = thirds.without(position, rows.weight[position] / 3.0)
    assert thirds.weights(position).tolist() == [0.0, 0.0]  # rounding left over
    with pytest.raises(InsufficientWeightError):
        thirds.without(position, np.array([1e-9, 0.0]))


# Tidying up -------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["dense", "csr_array"])
def test_tables_and_chunks_do_not_grow_for_ever(form, monkeypatch):
    monkeypatch.setattr(module, "_MAX_CHANGED", 4)
    monkeypatch.setattr(module, "_MAX_CHUNKS", 3)
    rng = np.random.default_rng(0)
    rows = make_rows(20, form=form)
    ids = np.arange(20)
    retained = retain(rows, ids)
    expected = everything(retained)
    weight = expected.weight.copy()
    X, y, names = expected.X, expected.y, ids
    tidied = 0
    for step in range(40):
        positions = rng.choice(np.flatnonzero(weight), 2, replace=False)
        share = rng.choice([0.5, 1.0], 2)
        retained = retained.without(positions, share * weight[positions])
        weight[positions] -= share * weight[positions]
        more = make_rows(int(rng.integers(1, 3)), seed=step, form=form)
        new = 100 * (step + 1) + np.arange(more.n_rows)
        retained = retained.with_rows(more, new)
        X, y = np.concatenate([X, densify(more.X)]), np.concatenate([y, more.y])
        weight = np.concatenate([weight, more.weight])
        names = np.concatenate([names, new])
        assert len(retained.changed) <= 4
        assert len(retained.chunks) <= 3
        tidied += len(retained.changed) == 0
        seen = everything(retained, 16)
        np.testing.assert_array_equal(seen.X, X)
        np.testing.assert_array_equal(seen.y, y)
        np.testing.assert_allclose(seen.weight, weight, rtol=1e-14)
        alive = rng.choice(np.flatnonzero(weight), 3, replace=False)
        assert retained.locate_ids(names[alive])[1].tolist() == alive.tolist()
        found = retained.locate(seen.take(alive))
        np.testing.assert_array_equal(seen.X[found], X[alive])
    assert tidied > 5
    assert retained.chunks[0].rows.X is rows.X  # never copied


# Erasing ----------------------------------------------------------------------------

SECRET = 123456.0


def values_in(value, depth=0):
    """All numbers in all arrays of an object, however deep."""
    assert depth < 20
    if sp.issparse(value):
        return [value.data]
    if isinstance(value, np.ndarray):
        return [value] if value.dtype.kind in "fiu" else []
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return [np.array([value])]
    elif hasattr(value, "__dict__"):
        parts = list(vars(value).values())
    else:
        return []
    return [array for part in parts for array in values_in(part, depth + 1)]


def holds(value, secret):
    return any(np.any(array == secret) for array in values_in(value))


@formats
@pytest.mark.parametrize("how", ["compacted", "pickled"])
def test_nothing_of_what_left_remains(form, how):
    X = densify(make_rows().X)
    X[4, 2] = SECRET  # leaves
    X[7, 1] = SECRET + 1  # in a forgotten column
    X[9, 0] = SECRET + 2  # stays
    rows = replace(make_rows(), X=FORMATS[form](X))
    more = make_rows(4, seed=1)
    new = densify(more.X)
    new[1, 3] = SECRET + 3  # leaves from a later chunk
    more = replace(more, X=FORMATS[form](new))
    retained = retain(rows, np.arange(30) + 1000).with_rows(more, np.arange(4) + 5000)
    assert retained.locate(rows.take(np.array([4]))).tolist() == [4]  # hashes cached
    positions = np.array([4, 31])
    retained = retained.without(positions, retained.weights(positions))
    retained = retained.forgetting(np.array([False, True, False, False]))
    assert all(holds(retained, SECRET + offset) for offset in range(4))
    if how == "compacted":
        small = retained.compacted()
    else:
        small = pickle.loads(pickle.dumps(retained))
        assert not holds(retained.__getstate__(), SECRET)
    assert holds(small, SECRET + 2)
    for erased in (SECRET, SECRET + 1, SECRET + 3, 1004, 5001):
        assert not holds(small, erased), erased
    assert small.n_rows == 32
    assert small.changed == {}
    assert len(small.chunks) == 1
    kept = np.setdiff1d(np.arange(34), positions)
    expected = everything(retained).take(kept)
    seen = everything(small)
    np.testing.assert_array_equal(seen.y, expected.y)
    np.testing.assert_array_equal(seen.weight, expected.weight)
    np.testing.assert_array_equal(seen.X[:, [0, 2, 3]], expected.X[:, [0, 2, 3]])
    assert not seen.X[:, 1].any()
    if sp.issparse(small.chunks[0].rows.X):  # not even where they were
        assert not np.any(small.chunks[0].rows.X.indices == 1)
    assert densify(small.chunks[0].rows.X).dtype == densify(rows.X).dtype
    assert small.forgotten.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(small.locate(seen.take(kept[:5])), kept[:5])
    assert small.locate_ids(np.array([5003, 1000]))[1].tolist() == [31, 0]


def test_partial_weights_survive_pickling():
    rows = make_rows()
    half = retain(rows).without(np.array([4]), rows.weight[[4]] / 2)
    loaded = pickle.loads(pickle.dumps(half))
    expected = rows.weight.copy()
    expected[4] /= 2
    np.testing.assert_array_equal(everything(loaded).weight, expected)


def test_a_pickle_hides_hashes_too():
    # a hash of a short row can be inverted by trying
    rows = make_rows()
    retained = retain(rows)
    secret = retained.chunks[0].hashes(rows)[4]
    retained.locate(rows.take(np.array([4])))
    assert holds(retained, secret)
    retained = retained.without(np.array([4]), rows.weight[[4]])
    assert not holds(pickle.loads(pickle.dumps(retained)), secret)


def test_what_was_sorted_is_what_would_be_sorted_anew():
    rows, ids = make_rows(), np.arange(30) % 20 + 7
    origin = RawRows(rows.X.astype("U8"))
    nothing = np.zeros(rows.X.shape[1], dtype=bool)
    before = RetainedRows.of(rows, ids, nothing, origin)
    sorted_before = before.chunks[0].by_origin, before.chunks[0].by_id
    assert all(keys.size == 30 for keys, _ in sorted_before)
    gone = np.array([0, 3, 4, 29])
    after = before.without(gone, rows.weight[gone])
    parted = after.without(np.array([7]), rows.weight[[7]] / 4.0)
    every = np.arange(30)
    assert parted.weights(every).tolist() == parted.current.tolist()
    assert parted.weights(every)[7] == 0.75 * rows.weight[7]
    assert not parted.weights(gone).any()
    chunk = parted.compacted().chunks[0].with_features(np.ones((26, 1)), np.zeros(1))
    assert {"by_origin", "by_id"} <= vars(chunk).keys()
    fresh = replace(chunk)
    for name in ("by_origin", "by_id"):
        for one, other in zip(getattr(chunk, name), getattr(fresh, name), strict=True):
            np.testing.assert_array_equal(one, other)


def test_weights_of_many_rows_are_those_of_each(monkeypatch):
    rows = make_rows()
    retained = retain(rows).without(np.array([2, 7]), rows.weight[[2, 7]] / [1.0, 4.0])
    retained = retained.with_rows(make_rows(3, seed=1), None)
    some = np.array([32, 7, 2, 30, 7])
    one_by_one = retained.weights(some)
    monkeypatch.setattr(stored, "_FEW", 0)
    assert retained.weights(some).tolist() == one_by_one.tolist()
    assert one_by_one[1] == 0.75 * rows.weight[7]
    assert one_by_one[2] == 0.0
    assert [block.weight[0] for block in retained.blocks()][1] == one_by_one[3]
