from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    InsufficientWeightError,
    UnlearningError,
)
from tests.core.problems import Partitioned

LABELS = np.array(["ant", "bee", "cat"])
NONE = np.zeros(3, dtype=bool)


def make(n_rows=40, seed=0, whole=False):
    rng = np.random.default_rng(seed)
    groups = rng.integers(3, size=n_rows)
    groups[:3] = 0, 1, 2
    weight = np.ones(n_rows) if whole else rng.uniform(0.5, 2.0, n_rows)
    X = rng.standard_normal((n_rows, 3)) + np.array([0.0, 5.0, -1e4])
    return Rows(X, groups[:, None].astype(float), weight), groups


def marks(target):
    """Whether each row is of each class."""
    return (target == np.arange(3)).astype(float)


def targets(target):
    """All rows are of one group; the targets mark them."""
    return np.column_stack([np.ones(target.shape[0]), target])


def take(rows, positions):
    return rows.take(np.asarray(positions))


def changed(tally, rows_in=None, rows_out=None, forgotten=NONE, marks=marks):
    after = tally.changed(rows_in, rows_out, marks, forgotten)
    tally.check_left(after)
    return after


def test_counts():
    rows, groups = make()
    rows.weight[5] = 0.0
    tally = Tally.of(rows, marks, 3)
    assert tally.n_rows == 39
    for group in range(3):
        expected = rows.weight[groups == group].sum()
        assert tally.group_weight[group] == pytest.approx(expected)
    np.testing.assert_allclose(tally.column_sum.sum(axis=1), rows.weight @ rows.X)


@pytest.mark.parametrize("form", [sp.csr_array, sp.csr_matrix, np.float32])
def test_counts_of_blocks_and_formats(form):
    rows, _groups = make()
    rows = replace(rows, X=rows.X.astype(np.float32).astype(float))
    expected = Tally.of(rows, marks, 3)
    for other in (replace(rows, X=form(rows.X)), Partitioned(rows, (3, 3, 20))):
        tally = Tally.of(other, marks, 3)
        assert tally.n_rows == expected.n_rows
        np.testing.assert_allclose(tally.group_weight, expected.group_weight)
        np.testing.assert_allclose(tally.column_sum, expected.column_sum, rtol=1e-12)


def test_changes_equal_a_new_count():
    rows, _groups = make()
    more, _ = make(5, seed=1)
    out = np.array([3, 10, 11])
    rest = np.setdiff1d(np.arange(40), out)
    tally = changed(Tally.of(rows, marks, 3), more, take(rows, out))
    expected = Tally.of(rows.take(rest), marks, 3)
    expected = changed(expected, more)
    assert tally.n_rows == expected.n_rows == 42
    np.testing.assert_allclose(tally.group_weight, expected.group_weight)
    np.testing.assert_allclose(tally.column_sum, expected.column_sum)
    tally.check_same(
        Rows(
            np.concatenate([rows.X[rest], more.X]),
            np.concatenate([rows.y[rest], more.y]),
            np.concatenate([rows.weight[rest], more.weight]),
        ),
        marks,
        NONE,
        LABELS,
    )


def test_a_tally_is_not_changed_in_place():
    rows, _groups = make()
    tally = Tally.of(rows, marks, 3)
    before = tally.group_weight.copy(), tally.column_sum.copy()
    changed(tally, None, take(rows, [3]), ~NONE)
    np.testing.assert_array_equal(tally.group_weight, before[0])
    np.testing.assert_array_equal(tally.column_sum, before[1])


def test_forgotten_columns_have_no_sum():
    rows, _groups = make()
    forgotten = np.array([False, True, False])
    tally = changed(Tally.of(rows, marks, 3), forgotten=forgotten)
    assert np.all(tally.column_sum[1] == 0.0)
    assert np.all(tally.column_sum[[0, 2]] != 0.0)
    other = rows.X.copy()
    other[:, 1] = 99.0
    tally.check_same(replace(rows, X=other), marks, forgotten, LABELS)


# Errors -----------------------------------------------------------------------------


def test_more_weight_than_there_is():
    rows, groups = make()
    tally = Tally.of(rows, marks, 3)
    mine = np.flatnonzero(groups == 1)
    out = take(rows, mine)
    with pytest.raises(InsufficientWeightError, match="More weight would leave"):
        changed(tally, None, out.reweighted(1.01 * out.weight))


def test_more_rows_than_there_are():
    rows, _groups = make(whole=True)
    tally = Tally.of(rows, marks, 3)
    twice = np.concatenate([np.arange(40), [0]])
    out = take(rows, twice)
    with pytest.raises(InsufficientWeightError, match="passed twice"):
        changed(tally, None, out)
    # parts of a weight may leave as often as there is weight
    for _ in range(3):
        tally = changed(tally, None, out.reweighted(out.weight * 0.1))
    check(tally, rows.reweighted(0.7 * rows.weight - 0.3 * (np.arange(40) == 0)))


def test_a_class_emptied():
    rows, groups = make()
    tally = Tally.of(rows, marks, 3)
    mine = np.flatnonzero(groups == 1)
    with pytest.raises(EmptyClassError, match="no rows of a class") as caught:
        changed(tally, None, take(rows, mine))
    assert caught.value.groups == (1,)
    assert changed(tally, None, take(rows, mine[1:])).group_weight[1] > 0.0
    # unless others of that class come with the same request
    filled = changed(tally, take(rows, mine[:1]), take(rows, mine))
    assert filled.group_weight[1] == pytest.approx(rows.weight[mine[0]])


def test_a_class_emptied_one_row_at_a_time():
    rows, groups = make()
    tally = Tally.of(rows, marks, 3)
    mine = np.flatnonzero(groups == 2)
    for position in mine[:-1]:
        tally = changed(tally, None, take(rows, [position]))
    with pytest.raises(EmptyClassError):
        changed(tally, None, take(rows, mine[-1:]))


def test_all_rows_of_a_regression():
    rows, _groups = make()
    tally = Tally.of(rows, targets, 1)
    with pytest.raises(UnlearningError) as caught:
        changed(tally, None, rows, marks=targets)
    assert str(caught.value) == "The request would leave no rows."


def test_a_class_that_was_never_there_is_not_emptied():
    def four(target):
        return (target == np.arange(4)).astype(float)

    rows, _ = make()
    tally = Tally.of(rows, four, 4)
    left = changed(tally, None, take(rows, [3]), marks=four)
    assert left.group_weight[3] == 0.0


def check(tally, rows, forgotten=NONE, labels=LABELS, marks=marks):
    tally.check_same(rows, marks, forgotten, labels)


def test_the_same_rows_in_any_order_and_format():
    rows, _groups = make()
    tally = Tally.of(rows, marks, 3)
    order = np.random.default_rng(1).permutation(40)
    check(tally, take(rows, order))
    check(tally, replace(rows, X=sp.csr_array(rows.X)))


def test_another_number_of_rows():
    rows, _groups = make(whole=True)
    tally = Tally.of(rows, marks, 3)
    with pytest.raises(DataMismatchError, match="X has 39 rows, but 40 rows remain"):
        check(tally, take(rows, np.arange(39)))


def test_another_weight():
    rows, groups = make()
    tally = Tally.of(rows, marks, 3)
    weight = rows.weight.copy()
    weight[np.flatnonzero(groups == 1)[0]] *= 1.0 + 1e-6
    other = rows.reweighted(weight)
    with pytest.raises(DataMismatchError, match=r"of class .*bee.* summed weight"):
        check(tally, other)
    with pytest.raises(DataMismatchError, match="The rows have summed weight"):
        check(tally, other, labels=None)


def test_another_label():
    rows, _groups = make(whole=True)
    tally = Tally.of(rows, marks, 3)
    other = rows.y.copy()
    other[0] = 1
    with pytest.raises(DataMismatchError, match=r"of class .*ant"):
        check(tally, replace(rows, y=other))


def test_exchanged_labels():
    rows, groups = make(whole=True)
    tally = Tally.of(rows, marks, 3)
    ant, bee = (np.flatnonzero(groups == group)[0] for group in (0, 1))
    other = rows.y.copy()
    other[[ant, bee]] = other[[bee, ant]]
    with pytest.raises(DataMismatchError, match="or y beside it"):
        check(tally, replace(rows, y=other))


def test_another_target_and_exchanged_targets():
    rows, _ = make()
    rows = replace(rows, y=np.random.default_rng(3).standard_normal((40, 2)))
    tally = Tally.of(rows, targets, 1)
    check(tally, rows, labels=None, marks=targets)
    other = rows.y.copy()
    other[5, 1] += 1e-6
    with pytest.raises(DataMismatchError, match="targets y do not sum"):
        check(tally, replace(rows, y=other), labels=None, marks=targets)
    order = np.r_[1, 0, np.arange(2, 40)]
    rows = rows.reweighted(np.ones(40))
    tally = Tally.of(rows, targets, 1)
    with pytest.raises(DataMismatchError, match="or y beside it"):
        check(tally, replace(rows, y=rows.y[order]), labels=None, marks=targets)


def test_another_value():
    rows, _groups = make()
    tally = Tally.of(rows, marks, 3)
    X = rows.X.copy()
    X[7, 1] += 1e-5
    with pytest.raises(
        DataMismatchError, match="Column 1 of X, or y beside it, does not sum"
    ):
        check(tally, replace(rows, X=X))
    check(tally, replace(rows, X=X), np.array([False, True, False]))


def test_rounding_is_no_difference():
    rows, _groups = make(2000)
    tally = Tally.of(rows, marks, 3)
    for position in range(3, 1000):
        tally = changed(tally, None, take(rows, [position]))
    rest = np.concatenate([np.arange(3), np.arange(1000, 2000)])
    check(tally, take(rows, rest))


@pytest.mark.parametrize("size", [1e6, 1e9, 1e12])
def test_an_outlier_that_left_does_not_spoil_the_sums(size):
    rows, _groups = make(2000)
    rows.X[7] *= size
    tally = changed(Tally.of(rows, marks, 3), None, take(rows, [7]))
    rest = take(rows, np.setdiff1d(np.arange(2000), [7]))
    check(tally, rest)
    # of the outlier no more is kept than its order of magnitude, to the next power
    assert tally.noise <= 2.0**-40 * 1e5 * size
    assert np.log2(tally.noise) == np.rint(np.log2(tally.noise))
    other = rest.X.copy()
    other[3, 1] += 2.0 * tally.noise + 1e-4
    with pytest.raises(DataMismatchError, match="Column 1"):
        check(tally, replace(rest, X=other))


@pytest.mark.parametrize("size", [1e6, 1e10, 1e13])
@pytest.mark.parametrize("cancelling", [False, True])
def test_targets_that_left_do_not_spoil_the_sums(size, cancelling):
    rng = np.random.default_rng(5)
    y = rng.normal(size=(2000, 2))
    y[[7, 90], 0] = size / 3.0, -size / 3.0 if cancelling else 1.0
    rows = Rows(rng.normal(size=(2000, 3)), y, np.ones(2000))
    out, kept = take(rows, [7, 90]), np.setdiff1d(np.arange(2000), [7, 90])
    tally = changed(Tally.of(rows, targets, 1), None, out, marks=targets)
    rest = take(rows, kept)
    tally.check_same(rest, targets, NONE, None)
    noise = tally.mark_noise
    assert noise[1] <= 2.0**-40 * 2.0 * size
    assert noise[0] + noise[2] < 1e-10  # weights and other targets are as they were
    assert np.log2(noise[1]) == np.rint(np.log2(noise[1]))
    for target in (0, 1):
        other = rest.y.copy()
        other[3, target] += 2.0 * noise[1 + target] + 1e-4
        with pytest.raises(DataMismatchError, match="y"):
            tally.check_same(replace(rest, y=other), targets, NONE, None)


def test_values_of_no_size():
    rows, _groups = make()
    rows = replace(rows, X=0.0 * rows.X)
    tally = changed(Tally.of(rows, marks, 3), None, take(rows, [7]))
    assert tally.noise == 0.0
    assert tally.mark_noise[rows.y[7, 0] != np.arange(3)].max() == 0.0
    check(tally, take(rows, np.setdiff1d(np.arange(40), [7])))
