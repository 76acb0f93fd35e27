"""Requests to transformers that unlearn, against refits of scikit-learn's twins."""

import copy
import pickle
import threading
from dataclasses import fields, is_dataclass
from itertools import cycle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn.exceptions import UnlearningError
from tests.interruptions import interruptions
from tests.linear_model.arrays import arrays_of, holds_multiple, pickled_arrays
from tests.pairwise import one_each
from tests.transformers import (
    CASES,
    ROWS,
    VERBS,
    WEIGHTED,
    Script,
    answer_of,
    assert_close,
    assert_same,
    data,
    dense,
    fit_quietly,
    make,
    request_of,
    twin_of,
    weights,
    with_columns,
)


def assert_identical(one, other):
    """All that two transformers keep of rows is equal to the bit."""
    equal(one._fitted.statistics, other._fitted.statistics)


def equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, (tuple, list)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            equal(a, b)
    elif is_dataclass(one):
        names = [field.name for field in fields(one)]
        equal([getattr(one, n) for n in names], [getattr(other, n) for n in names])
    else:
        assert one == other


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_fit_is_the_twins(name, weighted):
    X = data(name)
    keywords = {}
    if weighted and name in WEIGHTED:
        keywords["sample_weight"] = weights(X.shape[0])
    model = make(name).fit(X, **keywords)
    twin = fit_quietly(twin_of(name), X, **keywords)
    assert_same(name, model, twin, X)
    assert_same(name, model.to_sklearn(), twin, X)
    assert type(model.to_sklearn()) is type(twin)
    assert model.to_sklearn().get_params() == twin.get_params()
    names = model.get_feature_names_out()
    np.testing.assert_array_equal(names, twin.get_feature_names_out())


@settings(deadline=None, max_examples=8)
@pytest.mark.parametrize("name", CASES)
@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=8),
)
def test_any_requests_give_the_refit(name, weighted, requests):
    script = Script(name, weighted and name in WEIGHTED)
    for verb, row in requests:
        script.run(verb, row)
    refit = script.refit(twin_of(name))
    assert_same(name, script.model, refit, script.query())
    # and nothing else is left in the transformer: not even rounding
    assert_identical(script.model, script.refit(make(name)))


def request(name, verb):
    """A request as a function of an estimator."""
    X, new = data(name), data(name, seed=5)
    return {
        "partial_unfit": lambda e: e.partial_unfit(X[:2]),
        "replace_features": lambda e: e.replace_features(X[:2], X_new=new[:2]),
        "forget_features": lambda e: e.forget_features([1]),
        "partial_fit": lambda e: e.partial_fit(new[:3]),
    }[verb]


def requests_of_each():
    """Each case with one verb or more, and each class with all that it has."""
    names_of = {}
    for name in CASES:
        names_of.setdefault(CASES[name][0], []).append(name)
    for names in names_of.values():
        verbs = [v for v in VERBS if names[0] in ROWS or v != "forget_features"]
        n_rows = max(len(names), len(verbs))
        for name, verb, _ in zip(cycle(names), cycle(verbs), range(n_rows)):
            yield name, verb


@pytest.mark.parametrize(("name", "verb"), requests_of_each())
def test_interrupted_at_any_line_a_request_is_done_or_undone(name, verb):
    X = data(name)
    model = make(name).fit(X)
    run = request(name, verb)
    fitted, before = model._fitted, pickle.dumps(model)
    done = run(copy.deepcopy(model))
    n_undone = 0
    for _ in interruptions(lambda: run(model), (name, verb)):
        if model._fitted is fitted:
            assert pickle.dumps(model) == before
            n_undone += 1
        else:  # after the assignment the new value is complete
            assert_identical(model, done)
            model._fitted = fitted
    assert_identical(model, done)  # the last call was not interrupted
    assert n_undone > 10


@pytest.mark.parametrize("name", CASES)
def test_bad_requests_are_refused_and_change_nothing(name):
    X = data(name)
    model = make(name).fit(X)
    fitted, before = model._fitted, pickle.dumps(model)
    with pytest.raises(UnlearningError):
        model.partial_unfit(X)
    for verb in (model.partial_unfit, model.partial_fit, model.replace_features):
        with pytest.raises(ValueError, match="X must be given"):
            verb(None)
    with pytest.raises(ValueError, match="X_new must be given"):
        model.replace_features(X[:2])
    with pytest.raises(ValueError, match="X_new has 3 rows, expected 2"):
        model.replace_features(X[:2], X_new=X[:3])
    assert model._fitted is fitted
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("name", ROWS)
def test_bad_columns_are_refused_and_change_nothing(name):
    X = data(name)
    model = make(name).fit(X)
    fitted = model._fitted
    with pytest.raises(UnlearningError, match="columns"):
        model.forget_features(list(range(X.shape[1])))
    with pytest.raises(ValueError, match="columns"):
        model.forget_features(None)
    with pytest.raises(ValueError, match="features"):
        model.partial_unfit(X[:2, :2])
    assert model._fitted is fitted


@pytest.mark.parametrize("name", CASES)
def test_copies_go_on_alike(name):
    X = data(name)
    model = make(name).fit(X).partial_unfit(X[:2])
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        twin.partial_unfit(X[2:4])
        other = make(name).fit(X[4:])
        if name in ROWS:
            twin.forget_features(0)
            other.forget_features(0)
        assert_identical(twin, other)
    assert_identical(model, make(name).fit(X[2:]))


@pytest.mark.parametrize("name", CASES)
def test_attributes_are_read_only_and_exports_are_not(name):
    X = data(name)
    model = make(name).fit(X)
    for attribute in CASES[name][4]:
        value = getattr(model, attribute)
        exported = getattr(model.to_sklearn(), attribute)
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable
            assert exported.flags.writeable
        with pytest.raises(AttributeError, match="not fitted"):
            getattr(make(name), attribute)
    assert len(arrays_of(model._fitted)) > 0


@pytest.mark.parametrize("name", CASES)
def test_parameters_count_when_fit_is_called(name):
    X = data(name)
    model, other = make(name).fit(X), make(name).fit(X)
    changed = dict.fromkeys(model.get_params(), "nonsense")
    model.set_params(**changed)
    model.partial_unfit(X[:2])
    other.partial_unfit(X[:2])
    assert_identical(model, other)
    with pytest.raises((TypeError, ValueError)):
        model.fit(X)
    assert_identical(model, other)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize(
    "name", [n for n in ROWS if CASES[n][3] not in ("sparse", "counts")]
)
def test_frames(name, library):
    frame = pytest.importorskip(library).DataFrame
    X = data(name)
    if library == "polars" and X.dtype == object:
        X[X != X] = None

    def framed(X, names="pqrs"):
        return frame({name: X[:, i] for i, name in enumerate(names)})

    model = make(name).fit(framed(X)).partial_unfit(framed(X[:4]))
    twin = twin_of(name).fit(framed(X[4:]))
    assert list(model.feature_names_in_) == list("pqrs")
    assert_same(name, model, twin, framed(X))
    assert_same(name, model.to_sklearn(), twin, framed(X))
    with pytest.raises(ValueError, match="feature names"):
        model.partial_unfit(framed(X[4:5], "abcd"))
    model.forget_features("q")
    rest = framed(np.delete(X, 1, axis=1), "prs")
    there = np.array([True, False, True, True])
    refit = with_columns(twin_of(name), there).fit(rest[4:])
    assert_same(name, model, refit, rest)
    expected = refit.get_feature_names_out()
    np.testing.assert_array_equal(model.get_feature_names_out(), expected)
    np.testing.assert_array_equal(model.get_feature_names_out(list("pqrs")), expected)
    dropped, kept = model.to_sklearn(drop_forgotten=True), model.to_sklearn()
    np.testing.assert_array_equal(dropped.get_feature_names_out(), expected)
    np.testing.assert_array_equal(kept.get_feature_names_out(), expected)
    assert_same(name, dropped, refit, rest)
    assert_close(kept.transform(framed(X)), refit.transform(rest))
    if sp.issparse(model.transform(rest)):
        return
    output = model.set_output(transform=library).transform(framed(X))
    assert isinstance(output, frame)
    assert list(output.columns) == list(expected)


@pytest.mark.parametrize("name", [n for n in ROWS if n[:3] not in ("pca", "svd")])
def test_names_after_columns_are_forgotten(name):
    X = data(name)
    model = make(name).fit(X).forget_features([1])
    names = make(name).fit(X).get_feature_names_out()
    given = make(name).fit(X).get_feature_names_out(list("abcd"))
    left = [place for place, feature in enumerate(names) if "x1" not in feature]
    np.testing.assert_array_equal(model.get_feature_names_out(), names[left])
    np.testing.assert_array_equal(
        model.get_feature_names_out(list("abcd")), given[left]
    )


@pytest.mark.parametrize(
    "name", [n for n in ROWS if CASES[n][3] in ("missing", "plain")]
)
def test_no_erased_row_is_kept(name):
    rng = np.random.default_rng(2)
    # wide rows: that a sum is a multiple of one by chance is out of the question
    X = rng.normal(size=(240, 24))
    model = make(name).fit(X).partial_unfit(X[20:21])
    model.replace_features(X[21:22], X_new=X[22:23])
    for row in (20, 21):
        for arrays in (pickled_arrays(model), [a for _, a in arrays_of(vars(model))]):
            assert not any(holds_multiple(a, X[row]) for a in arrays if a.dtype != "O")
    values = set(X[20:22].ravel())
    assert not values & set(numbers_in(model._fitted.statistics))
    # the search finds what is there
    assert holds_multiple(X, X[20])


def numbers_in(value):
    """Numbers that are kept as keys."""
    if isinstance(value, dict):
        yield from value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from numbers_in(part)
    elif is_dataclass(value):
        yield from numbers_in(list(vars(value).values()))


@pytest.mark.parametrize("name", ROWS)
def test_rows_and_columns_in_one_request(name):
    X = data(name)
    model, other = make(name).fit(X[5:]), make(name).fit(X[5:])
    fitted, change = answer_of(
        model, request_of(rows_out=X[5:9], rows_in=X[:4], columns=[1])
    )
    fitted_rows, first = answer_of(other, request_of(rows_out=X[5:9], rows_in=X[:4]))
    other._fitted = fitted_rows
    fitted_columns, second = answer_of(other, request_of(columns=[1]))
    equal(fitted.statistics, fitted_columns.statistics)
    both = first.then(second)
    assert (both.n_old, both.n_new) == (change.n_old, change.n_new)
    known = both.known & change.known
    before = dense(model.transform(X[9:]))
    if before.dtype.kind != "O":
        found, expected = (
            np.asarray((part.linear @ before.T).T) + part.shift
            for part in (change, both)
        )
        assert_close(found[:, known], expected[:, known])


@pytest.mark.parametrize("name", one_each(CASES))
def test_requests_of_several_threads_are_all_carried_out(name):
    X = data(name, 64)  # no more than extremes are kept
    model = make(name).fit(X)

    def remove(rows):
        for row in rows:
            model.partial_unfit(X[row : row + 1])
            model.transform(X[-3:])

    threads = [
        threading.Thread(target=remove, args=(range(start, 45, 4),))
        for start in range(9, 13)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_identical(model, make(name).fit(stacked(X[:9], X[45:])))


def stacked(one, other):
    return sp.vstack([one, other]) if sp.issparse(one) else np.concatenate([one, other])


@pytest.mark.parametrize("name", CASES)
def test_a_plain_pipeline_takes_them(name):
    X = data(name)
    pipeline = make_pipeline(make(name), FunctionTransformer()).fit(X)
    expected = make(name).fit(X).transform(X)
    assert_close(pipeline.transform(X), expected)
    assert_close(clone(pipeline).fit_transform(X), expected)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_shown_that_the_twin_does_not_show(name):
    model = make(name).fit(data(name))
    public = {key for key in vars(model) if key.endswith("_") and key[0] != "_"}
    assert not public
    assert "_fitted" not in vars(clone(model))
    assert str(model._fitted.statistics) not in model._repr_html_()
