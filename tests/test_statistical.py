"""Requests to models that unlearn from sums, against refits of scikit-learn's twins."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from tests.decisions import decided
from tests.statistical import (
    CASES,
    LEARNED_PRIORS,
    SPARSE,
    WEIGHTED,
    assert_identical,
    assert_same,
    data,
    make,
    twin_of,
    weights,
)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_fit_is_the_twins(name, weighted):
    X, y = data(name)
    keywords = {}
    if weighted and name in WEIGHTED:
        keywords["sample_weight"] = weights(len(y))
    model, twin = make(name).fit(X, y, **keywords), twin_of(name).fit(X, y, **keywords)
    assert_same(name, model, twin, X)
    assert_same(name, model.to_sklearn(), twin, X)
    assert type(model.to_sklearn()) is type(twin)
    assert model.to_sklearn().get_params() == twin.get_params()
    clear = decided(twin, X)
    assert model.score(X[clear], y[clear]) == twin.score(X[clear], y[clear])


class Script:
    """Data, as requests change them, and a model that follows."""

    def __init__(self, name, weighted):
        X, y = data(name, 60)
        self.name, self.X, self.y = name, X, y
        self.spare = data(name, 60, seed=5)
        self.weight = weights(len(y)) if weighted else np.ones(len(y))
        self.weighted = weighted
        self.inside = np.ones(len(y), dtype=bool)
        self.inside[50:] = False  # come later
        self.columns = np.ones(4, dtype=bool)
        self.model = make(name).fit(*self.rows(self.inside)[:2], **self.last)

    def rows(self, chosen):
        self.last = {"sample_weight": self.weight[chosen]} if self.weighted else {}
        return self.X[chosen], self.y[chosen]

    def run(self, verb, row):
        rows = np.unique([row, (row * 7) % 60, (row * 11) % 60])
        rows = rows[rows >= 9]  # some of each class stay
        going, coming = rows[self.inside[rows]], rows[~self.inside[rows]]
        if verb == "forget_features":
            if self.columns.sum() > 2:
                self.model.forget_features([row % 4])
                self.columns[row % 4] = False
        elif verb == "partial_fit" and coming.size:
            X, y = self.rows(coming)
            self.model.partial_fit(X, y, **self.last)
            self.inside[coming] = True
        elif going.size and verb != "partial_fit":
            X, y = self.rows(going)
            if verb == "partial_unfit":
                self.model.partial_unfit(X, y, **self.last)
                self.inside[going] = False
            elif verb == "replace_features":
                new = self.spare[0][going]
                self.model.replace_features(X, y, new, **self.last)
                self.X[going] = new
            else:
                new = self.spare[1][going]
                self.model.replace_labels(X, y, new, **self.last)
                self.y[going] = new

    def refit(self, estimator):
        X, y = self.rows(self.inside)
        if "min_categories" in estimator.get_params() and estimator.min_categories:
            fewer = np.array(estimator.min_categories)[self.columns]
            estimator.set_params(min_categories=fewer)
        return estimator.fit(X[:, self.columns], y, **self.last)


VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
]


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
    query = script.X[:, script.columns]
    if name.startswith("categorical"):  # what no row has is unknown, to the twin too
        query = np.minimum(query, refit.n_categories_ - 1)
    assert_same(name, script.model, refit, query)
    # and nothing else is left in the model: not even rounding
    assert_identical(script.model, script.refit(make(name)))


@pytest.mark.parametrize("name", CASES)
def test_ten_thousand_rows_leave(name):
    X, y = data(name, 10_400)
    if CASES[name][3] != "counts":
        X += 1e8
        # beside 1e16 no covariance matrix has full rank in floating point
        X[5], X[17] = (1e9, -1e9) if name.startswith("qda") else (1e16, -1e16)
    model = make(name).fit(X, y)
    for part in np.array_split(np.arange(10_000), 500 if name == "gaussian" else 50):
        model.partial_unfit(X[part], y[part])
    assert_identical(model, make(name).fit(X[10_000:], y[10_000:]))


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_rows(name, form):
    X, y = data(name)
    model = make(name).fit(form(X), y).partial_unfit(form(X[:5]), y[:5])
    model.replace_features(form(X[5:7]), y[5:7], form(X[7:9])).forget_features(1)
    other = make(name).fit(X, y).partial_unfit(X[:5], y[:5])
    other.replace_features(X[5:7], y[5:7], X[7:9]).forget_features(1)
    assert_identical(model, other)
    np.testing.assert_array_equal(
        model.predict_proba(form(X)), other.to_sklearn().predict_proba(form(X))
    )


@pytest.mark.parametrize("name", [name for name in CASES if name not in SPARSE])
def test_sparse_rows_are_refused_where_the_twin_refuses_them(name):
    X, y = data(name)
    rows = sp.csr_array(X)
    if name.startswith("centroid"):
        return
    for estimator in (make(name), twin_of(name)):
        with pytest.raises(TypeError, match=r"[Ss]parse"):
            estimator.fit(rows, y)
    model = make(name).fit(X, y)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        model.partial_unfit(rows[:2], y[:2])


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("name", CASES)
def test_frames(name, library):
    frame = pytest.importorskip(library).DataFrame
    X, y = data(name)

    def framed(X, names="pqrs"):
        return frame({name: X[:, i] for i, name in enumerate(names)})

    model = make(name).fit(framed(X), y).partial_unfit(framed(X[:4]), y[:4])
    twin = twin_of(name).fit(framed(X[4:]), y[4:])
    assert list(model.feature_names_in_) == list("pqrs")
    assert_same(name, model, twin, framed(X))
    assert_same(name, model.to_sklearn(), twin, framed(X))
    with pytest.raises(ValueError, match="feature names"):
        model.partial_unfit(framed(X[4:5], "abcd"), y[4:5])
    model.forget_features("q")
    rest = framed(np.delete(X, 1, axis=1), "prs")
    expected = model.predict_proba(rest)
    np.testing.assert_array_equal(model.predict_proba(framed(X)), expected)
    dropped, kept = model.to_sklearn(drop_forgotten=True), model.to_sklearn()
    assert list(dropped.feature_names_in_) == list("prs")
    assert isinstance(kept, Pipeline)
    np.testing.assert_array_equal(dropped.predict_proba(rest), expected)
    blank = X.copy()
    blank[:, 1] = np.nan
    np.testing.assert_array_equal(kept.predict_proba(framed(blank)), expected)


@pytest.mark.parametrize("name", LEARNED_PRIORS)
def test_a_class_vanishes_and_comes_back(name):
    X, y = data(name)
    model, gone = make(name).fit(X, y), y == "b"
    model.partial_unfit(X[gone], y[gone])
    twin = twin_of(name).fit(X[~gone], y[~gone])
    assert_same(name, model, twin, X)
    with pytest.raises(EmptyClassError):
        model.partial_unfit(X[y == "c"], y[y == "c"])
    assert_same(name, model, twin, X)
    model.partial_fit(X[gone], y[gone])
    assert_same(name, model, twin_of(name).fit(X, y), X)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("gaussian", "priors"),
        ("multinomial", "class_prior"),
        ("categorical", "class_prior"),
        ("centroid", "priors"),
        ("lda_svd", "priors"),
        ("lda_lsqr", "priors"),
        ("qda", "priors"),
    ],
)
def test_priors_are_of_all_classes(name, parameter):
    X, y = data(name)
    priors = {parameter: [0.5, 0.2, 0.3]}
    model = make(name, **priors).fit(X, y).partial_unfit(X[:3], y[:3])
    assert_same(name, model, twin_of(name, **priors).fit(X[3:], y[3:]), X)
    fitted = model._fitted
    with pytest.raises(ValueError, match="Number of priors"):
        model.partial_unfit(X[3:][y[3:] == "b"], y[3:][y[3:] == "b"])
    assert model._fitted is fitted
    with pytest.raises(ValueError, match="Number of priors"):
        make(name, **{parameter: [0.5, 0.5]}).fit(X, y)


@pytest.mark.parametrize("name", LEARNED_PRIORS)
def test_classes_that_come_later(name):
    X, y = data(name)
    first, later = y != "b", y == "b"
    model = make(name).partial_fit(X[first], y[first], classes=["c", "b", "a"])
    assert_same(name, model, twin_of(name).fit(X[first], y[first]), X)
    model.partial_fit(X[later], y[later], classes=["a", "b", "c"])
    assert_same(name, model, twin_of(name).fit(X, y), X)
    with pytest.raises(ValueError, match="classes="):
        model.partial_fit(X, y, classes=["a", "b"])
    with pytest.raises(ValueError, match="'d'"):
        model.partial_fit(X[:1], ["d"])
    with pytest.raises(ValueError, match="'b'"):
        make(name).partial_fit(X, y, classes=["a", "c"])


@pytest.mark.parametrize("name", CASES)
def test_bad_requests_are_refused_and_change_nothing(name):
    X, y = data(name)
    model = make(name).fit(X, y)
    fitted = model._fitted
    three = np.concatenate([X[y == "a"]] * 2), np.concatenate([y[y == "a"]] * 2)
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(*three)
    with pytest.raises(UnlearningError, match="columns"):
        model.forget_features([0, 1, 2, 3])
    with pytest.raises(ValueError, match="'zzz'"):
        model.replace_labels(X[:1], y[:1], ["zzz"])
    with pytest.raises(ValueError, match="X_new"):
        model.replace_features(X[:2], y[:2], X[:3])
    with pytest.raises(ValueError, match="NaN"):
        model.partial_unfit(X[:2] * np.nan, y[:2])
    if "bernoulli" not in name:
        with pytest.raises(ValueError, match=r"\bX\b"):
            model.partial_fit(X[:2] * 1e300 + 1e300, y[:2])
    assert model._fitted is fitted


@pytest.mark.parametrize("name", [name for name in CASES if "bernoulli" not in name])
def test_rows_that_cannot_have_been_in_are_refused(name):
    X, y = data(name)
    model = make(name).fit(X, y)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 200.0, y[:1])
    assert_same(name, model, twin_of(name).fit(X, y), X)


@pytest.mark.parametrize("name", [n for n in LEARNED_PRIORS if "wide" not in n])
def test_rows_of_a_class_without_rows_cannot_change(name):
    X, y = data(name)
    first = y != "b"
    model = make(name).partial_fit(X[first], y[first], classes=["a", "b", "c"])
    fitted = model._fitted
    with pytest.raises(InsufficientWeightError):
        model.replace_features(X[:1], ["b"], X[:1] + 8.0)
    assert model._fitted is fitted
    model.partial_fit(X[~first], y[~first])
    assert_identical(model, make(name).fit(X, y))


# Zeros ------------------------------------------------------------------------------


def zeroed(name):
    """Data whose first and last rows, and second column, are zero."""
    X, y = data(name)
    X[:6], X[-6:], X[:, 1] = 0.0, 0.0, 0.0
    return X, y


def comes_through(name, request, X, y):
    """A model of few columns may have no refit; where there is one, it is equal."""
    model = make(name)
    try:
        refit = make(name).fit(X, y)
    except ValueError:  # NumPy's LinAlgError is one
        with pytest.raises(ValueError, match=r"\S"):
            request(model)
    else:
        request(model)
        assert_identical(model, refit)


@pytest.mark.filterwarnings("ignore")  # of twins about columns that do not vary
@pytest.mark.parametrize("name", CASES)
def test_rows_of_zeros_leave_come_and_change(name):
    X, y = zeroed(name)
    comes_through(name, lambda m: m.fit(X, y).partial_unfit(X[:2], y[:2]), X[2:], y[2:])
    comes_through(name, lambda m: m.fit(X[2:], y[2:]).partial_fit(X[:2], y[:2]), X, y)
    new = X.copy()
    new[20:23] = 0.0
    comes_through(
        name,
        lambda m: m.fit(X, y).replace_features(X[20:23], y[20:23], new[20:23]),
        new,
        y,
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_nothing_but_zeros_may_be_left(name):
    X, y = data(name)
    X[10:] = 0.0
    zeros = np.zeros_like(X)
    comes_through(
        name, lambda m: m.fit(X, y).partial_unfit(X[:10], y[:10]), X[10:], y[10:]
    )
    comes_through(name, lambda m: m.fit(zeros, y), zeros, y)
