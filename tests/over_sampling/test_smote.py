"""SMOTE whose synthetic rows follow from the rows that they are made of."""

import inspect
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn as su
from sklearn_unlearn import UnlearnableSMOTE
from sklearn_unlearn.over_sampling import _draws
from sklearn_unlearn.over_sampling._draws import first_events, names_of, partners, steps

N = 300
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = np.where(RNG.random(N) < 0.15, "few", np.where(RNG.random(N) < 0.4, "some", "most"))
FEW = np.flatnonzero(Y == "few")
#: Of a test of draws: the seeds are fixed, but others would pass as well.
CHANCE = 1e-9


def synthetic(sampler, rows, y, **keywords):
    found, labels = sampler.fit_resample(rows, y, **keywords)
    return found[rows.shape[0] :], labels[rows.shape[0] :]


def as_set(rows):
    return {row.tobytes() for row in np.ascontiguousarray(rows)}


@pytest.mark.parametrize("seed", [0, 7])
def test_rows_are_made_between_neighbours_until_classes_are_as_large(seed):
    sampler = UnlearnableSMOTE(random_state=seed, k_neighbors=4)
    found, y = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(found[:N], X)
    np.testing.assert_array_equal(y[:N], Y)
    assert y.dtype == Y.dtype
    assert len(set(np.unique(y, return_counts=True)[1])) == 1
    assert sampler.sampling_strategy_["few"] == np.sum(Y == "most") - FEW.size
    rows = X[FEW]
    distance = np.linalg.norm(rows[:, None] - rows, axis=2)
    near = np.argsort(distance, axis=1)[:, 1:5]
    pairs = [(rows[i], rows[j]) for i in range(len(rows)) for j in near[i]]
    starts, ends = map(np.array, zip(*pairs, strict=True))
    for row in found[N:][y[N:] == "few"]:
        along = np.sum((row - starts) * (ends - starts), axis=1)
        along /= np.sum((ends - starts) ** 2, axis=1)
        off = np.linalg.norm(starts + along[:, None] * (ends - starts) - row, axis=1)
        assert np.any((off < 1e-12) & (along > 0.0) & (along < 1.0))


@pytest.mark.parametrize("ties", [False, True])
def test_the_order_of_rows_changes_nothing(ties):
    sampler, order = UnlearnableSMOTE(random_state=0), RNG.permutation(N)
    rows = np.round(X) if ties else X
    expected, labels = synthetic(sampler, rows, Y)
    found, ours = synthetic(sampler, rows[order], Y[order])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(ours, labels)


@pytest.mark.parametrize("kind", ["dense", "sparse", "ties"])
def test_a_row_takes_what_was_made_of_it_alone(kind):
    rows = np.round(X) if kind == "ties" else X
    rows = sp.csr_array(rows) if kind == "sparse" else rows
    sampler = UnlearnableSMOTE(random_state=3)
    before, y = synthetic(sampler, rows, Y)
    before = before.toarray() if kind == "sparse" else before
    for row in FEW[:5]:
        left = np.delete(np.arange(N), row)
        after, later = synthetic(sampler, rows[left], Y[left])
        after = after.toarray() if kind == "sparse" else after
        same = as_set(before[y == "some"]) == as_set(after[later == "some"])
        assert same  # another class
        old, new = as_set(before[y == "few"]), as_set(after[later == "few"])
        # as first or second of a pair, twice the mean of what a row is part of
        share = 2.0 * len(old) / FEW.size
        assert 0 < len(new - old) < 4.0 * share + 10.0
        assert len(old & new) > 0.7 * len(old)
    most = np.flatnonzero(Y == "most")[0]
    left = np.delete(np.arange(N), most)
    after, later = synthetic(sampler, rows[left], Y[left])
    after = after.toarray() if kind == "sparse" else after
    for label in ("few", "some"):
        np.testing.assert_array_equal(after[later == label], before[y == label][:-1])


def test_names_keep_what_is_made_of_rows_whose_values_are_corrected():
    ids, rows = np.arange(N) + 1000, X.copy()
    sampler = UnlearnableSMOTE(random_state=0, k_neighbors=FEW.size - 1)
    before, y = synthetic(sampler, X, Y, row_ids=ids)
    rows[FEW[0]] += 0.01
    after, _ = synthetic(sampler, rows, Y, row_ids=ids)
    moved = np.any(before != after, axis=1)
    assert 0 < moved.sum() < 6.0 * np.sum(y == "few") / FEW.size
    assert np.abs(before - after).max() <= 0.01 + 1e-12


def test_draws_are_those_of_uniform_generators():
    n_rows, n_events, k = 40, 20_000, 5
    names = names_of(RNG.normal(size=(n_rows, 2)), None, 5)
    row, number = first_events(names, n_events)
    counts = np.bincount(row, minlength=n_rows)
    assert stats.chisquare(counts).pvalue > CHANCE
    # one after the other
    pairs = np.bincount(row[:-1] * n_rows + row[1:], minlength=n_rows**2)
    assert stats.chisquare(pairs).pvalue > CHANCE
    near = np.array([np.delete(np.arange(n_rows), r)[:k] for r in range(n_rows)])
    place = partners(names[row], number, names[near[row]])
    step = steps(names[row], number)
    assert stats.chisquare(np.bincount(place, minlength=k)).pvalue > CHANCE
    assert stats.kstest(step, "uniform").pvalue > CHANCE
    for one, other in ((row, place), (place, step > 0.5), (row, step > 0.5)):
        table = stats.contingency.crosstab(one, other).count
        assert stats.chi2_contingency(table).pvalue > CHANCE


def test_as_many_events_of_a_row_are_drawn_as_come_first(monkeypatch):
    names = names_of(X[:40], None, 5)
    row, number = first_events(names, 20_000)
    monkeypatch.setattr(_draws, "_DEVIATIONS", 0.0)  # too few, at first
    for found, expected in zip(first_events(names, 20_000), (row, number), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(first_events(names, 50), (row, number), strict=True):
        np.testing.assert_array_equal(found, expected[:50])


def test_the_distribution_is_that_of_the_stock_sampler():
    stock = pytest.importorskip("imblearn.over_sampling")
    few, ours, theirs = FEW[:12], [], []
    rows = np.vstack([X[few], np.zeros((600, 3))])
    y = np.arange(612) >= 12
    for seed in range(6):
        for found, cls in ((ours, UnlearnableSMOTE), (theirs, stock.SMOTE)):
            made = cls(random_state=seed, k_neighbors=3).fit_resample(rows, y)[0]
            found.append(made[612:])
    ours, theirs = np.vstack(ours), np.vstack(theirs)
    assert ours.shape == theirs.shape
    for direction in (*np.eye(3), RNG.normal(size=3)):
        assert stats.ks_2samp(ours @ direction, theirs @ direction).pvalue > CHANCE
    # which rows they are nearest to
    nearest = [
        np.bincount(
            np.linalg.norm(each[:, None] - rows[:12], axis=2).argmin(axis=1),
            minlength=12,
        )
        for each in (ours, theirs)
    ]
    assert stats.chi2_contingency(np.array(nearest)).pvalue > CHANCE
    parameters = inspect.signature(stock.SMOTE).parameters
    mine = inspect.signature(UnlearnableSMOTE).parameters
    assert {name: each.default for name, each in mine.items()} == {
        name: each.default for name, each in parameters.items()
    }


@pytest.mark.parametrize(
    "strategy",
    [
        "auto",
        "all",
        "minority",
        "not minority",
        {"few": 60},
        lambda y: {"some": int(np.sum(y == "some")) + 3},
    ],
)
def test_strategies_make_as_many_rows_as_the_stock_sampler(strategy):
    stock = pytest.importorskip("imblearn.over_sampling")
    counts = []
    for cls in (UnlearnableSMOTE, stock.SMOTE):
        sampler = cls(sampling_strategy=strategy, random_state=0)
        _, y = sampler.fit_resample(X, Y)
        counts.append(dict(zip(*np.unique(y, return_counts=True), strict=True)))
    assert counts[0] == counts[1]


def test_a_ratio_of_two_classes():
    y = Y == "few"
    sampler = UnlearnableSMOTE(sampling_strategy=0.5, random_state=0)
    _, found = sampler.fit_resample(X, y)
    assert found.sum() == int(0.5 * np.sum(~y))
    with pytest.raises(ValueError, match="larger ratio"):
        UnlearnableSMOTE(sampling_strategy=0.01).fit_resample(X, y)


def test_bad_input():
    for params, message in {
        "k_neighbors": ({"k_neighbors": StandardScaler()}, "must be an int"),
        "too many": ({"k_neighbors": FEW.size}, "needs .* rows of class 'few'"),
        "none": ({"k_neighbors": 0}, "k_neighbors == 0"),
        "word": ({"sampling_strategy": "most"}, "sampling_strategy must be"),
        "float": ({"sampling_strategy": 0.5}, "two classes alone"),
        "less": ({"sampling_strategy": {"few": 1}}, "only be added"),
        "unknown": ({"sampling_strategy": {"none": 1}}, "'none'"),
        "seed": ({"random_state": -1}, "random_state|Seed"),
    }.values():
        with pytest.raises(ValueError, match=message):
            UnlearnableSMOTE(**params).fit_resample(X, Y)
    with pytest.raises(ValueError, match="more than 1 class"):
        UnlearnableSMOTE().fit_resample(X, np.zeros(N))
    with pytest.raises(ValueError, match="inconsistent"):
        UnlearnableSMOTE().fit_resample(X, Y, row_ids=[1])


def test_no_row_is_kept():
    rows = X.copy()
    rows[FEW[0], 0] = marked = 1234.56789
    sampler = UnlearnableSMOTE(random_state=0)
    sampler.fit_resample(rows, Y)
    assert np.float64(marked).tobytes() not in pickle.dumps(sampler)
    assert set(vars(sampler)) == {*sampler.get_params(), "sampling_strategy_"}


def test_containers():
    expected = UnlearnableSMOTE(random_state=0).fit_resample(X, Y)[0]
    single = UnlearnableSMOTE(random_state=0).fit_resample(X.astype(np.float32), Y)[0]
    assert single.dtype == np.float32
    for kind in (sp.csr_matrix, sp.csc_array):
        found = UnlearnableSMOTE(random_state=0).fit_resample(kind(X), Y)[0]
        assert isinstance(found, kind)
        assert found.shape == expected.shape
    for library in ("pandas", "polars"):
        frames = pytest.importorskip(library)
        names = {"columns" if library == "pandas" else "schema": ["a", "b", "c"]}
        frame = frames.DataFrame(X, **names)
        found = UnlearnableSMOTE(random_state=0).fit_resample(frame, Y)[0]
        assert list(found.columns) == ["a", "b", "c"]
        np.testing.assert_array_equal(np.asarray(found), expected)


def test_in_a_pipeline():
    pipeline = pytest.importorskip("imblearn.pipeline")
    plain = pipeline.make_pipeline(
        StandardScaler(), UnlearnableSMOTE(random_state=0), LogisticRegression()
    )
    model = su.unlearnable(clone(plain)).fit(X, Y)
    out = np.array([FEW[0], 5, 9])
    model.partial_unfit(X[out], Y[out])
    left = np.delete(np.arange(N), out)
    refit = clone(plain).fit(X[left], Y[left])
    np.testing.assert_array_equal(model.predict_proba(X), refit.predict_proba(X))


def test_rows_of_one_name_may_come_in_any_order():
    sampler, order = UnlearnableSMOTE(random_state=3), np.argsort(X[:, 1])
    for ids in (np.arange(Y.size) // 3, np.arange(Y.size).astype(str)):
        one, _ = synthetic(sampler, X, Y, row_ids=ids)
        other, _ = synthetic(sampler, X[order], Y[order], row_ids=ids[order])
        assert {row.tobytes() for row in one} == {row.tobytes() for row in other}
