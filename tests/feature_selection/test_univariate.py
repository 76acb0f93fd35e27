"""Selection by scores of single columns, against refits of scikit-learn's."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.feature_selection import (
    SelectKBest,
    SelectPercentile,
    chi2,
    f_classif,
    f_regression,
    mutual_info_classif,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from tests.test_transformers import equal

N_ROWS, N_COLUMNS = 60, 6


def rows(score, seed=0, sparse=False):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, N_ROWS)
    X = rng.normal(size=(N_ROWS, N_COLUMNS)) + np.outer(y, [0, 0.5, 0, 1, 0.2, 0])
    if score is chi2:
        X = np.abs(np.round(X))
    if score is f_regression:
        y = y + np.round(rng.normal(size=N_ROWS), 2)
    X[:, 2] = 0.25  # does not vary
    return (sp.csr_array(X) if sparse else X), y


CASES = {
    "classes": (su.UnlearnableSelectKBest, SelectKBest, f_classif, {"k": 2}),
    "classes_all": (su.UnlearnableSelectKBest, SelectKBest, f_classif, {"k": "all"}),
    "counts": (su.UnlearnableSelectKBest, SelectKBest, chi2, {"k": 3}),
    "numbers": (su.UnlearnableSelectKBest, SelectKBest, f_regression, {"k": 3}),
    "share": (
        su.UnlearnableSelectPercentile,
        SelectPercentile,
        f_classif,
        {"percentile": 40},
    ),
    "share_of_numbers": (
        su.UnlearnableSelectPercentile,
        SelectPercentile,
        f_regression,
        {"percentile": 60},
    ),
}


def made(name):
    ours, twin, score, params = CASES[name]
    return ours(score, **params), twin(score, **params), score


@pytest.mark.filterwarnings("ignore:Features .* are constant:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def assert_refit(model, twin, X, y):
    """Scores, columns and outputs are those of a refit."""
    twin.fit(X, y)
    vary = np.ptp(X.toarray() if sp.issparse(X) else X, axis=0) > 0.0
    for name in ("scores_", "pvalues_"):
        found, expected = getattr(model, name), getattr(twin, name)
        np.testing.assert_allclose(found[vary], expected[vary], rtol=1e-9, atol=1e-300)
    np.testing.assert_array_equal(
        model._fitted.sklearn_estimator.get_support(), twin.get_support()
    )
    found, expected = model.transform(X), twin.transform(X)
    assert sp.issparse(found) == sp.issparse(expected)
    difference = found - expected
    assert not (difference.nnz if sp.issparse(difference) else difference.any())


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", CASES)
@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["out", "in", "values", "labels", "column"]),
            st.integers(0, N_ROWS - 1),
        ),
        max_size=6,
    )
)
@pytest.mark.filterwarnings("ignore:Features .* are constant:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_any_requests_give_the_refit(name, sparse, requests):
    model, twin, score = made(name)
    X, y = rows(score, sparse=sparse)
    new, y_new = rows(score, seed=5)
    as_given = sp.csr_array if sparse else np.asarray
    dense = X.toarray() if sparse else X.copy()
    y, inside = y.copy(), np.arange(N_ROWS) < N_ROWS - 8
    columns = np.arange(N_COLUMNS)
    model.fit(as_given(dense[inside]), y[inside])
    for verb, row in requests:
        one = [row]
        if verb == "in" and not inside[row]:
            model.partial_fit(as_given(dense[one]), y[one])
            inside[row] = True
        elif verb == "column" and columns.size > 3 and row % N_COLUMNS in columns:
            model.forget_features(row % N_COLUMNS)
            columns = columns[columns != row % N_COLUMNS]
        elif verb in ("out", "values", "labels") and inside[row]:
            old, label = as_given(dense[one]), y[one].copy()
            if verb == "out":
                model.partial_unfit(old, label)
                inside[row] = False
            elif verb == "values":
                model.replace_features(old, label, as_given(new[one]))
                dense[row] = new[row]
            else:
                model.replace_labels(old, label, y_new[one])
                y[row] = y_new[row]
    assert_refit(model, twin, as_given(dense[inside][:, columns]), y[inside])
    # and nothing else is left: not even rounding
    again = clone(model).fit(as_given(dense[inside]), y[inside])
    gone = np.setdiff1d(np.arange(N_COLUMNS), columns)
    if gone.size:
        again.forget_features(gone.tolist())
    equal(model._fitted.statistics, again._fitted.statistics)


def test_labels_of_any_kind_come_and_go():
    X, y = rows(f_classif)
    X[:, 2] = X[:, 0] ** 2
    names = np.array(["a", "bb", "long name"], dtype=object)[y]
    model = su.UnlearnableSelectKBest(k=2).fit(X, names)
    assert_refit(model, SelectKBest(k=2), X, names)
    model.partial_unfit(X[y == 1], names[y == 1])
    assert_refit(model, SelectKBest(k=2), X[y != 1], names[y != 1])
    later = np.full(3, "never seen before")
    model.partial_fit(X[:3] + 1.0, later)
    both = np.vstack([X[y != 1], X[:3] + 1.0]), np.append(names[y != 1], later)
    assert_refit(model, SelectKBest(k=2), *both)


def test_refusals_change_nothing():
    X, y = rows(f_classif)
    model = su.UnlearnableSelectKBest(k=2).fit(X, y)
    before = pickle.dumps(model)
    for X_out, y_out, words in (
        (X[:1], [7], "y holds 7"),
        (X[:2], y[:1], "y has 1 rows, expected 2"),
        (X, y, "no rows"),
        (X[:1] + 1e6, y[:1], "variance"),
        (X[:1], [np.nan], "NaN"),
        (X[:1], None, "y must be given"),
    ):
        with pytest.raises(UnlearningError, match=words):
            model.partial_unfit(X_out, y_out)
    with pytest.raises(UnlearningError, match="y_new"):
        model.replace_labels(X[:1], y[:1], [1, 2])
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="requires y"):
        su.UnlearnableSelectKBest().fit(X)
    with pytest.raises(ValueError, match="score_func must be one of f_classif"):
        su.UnlearnableSelectKBest(mutual_info_classif).fit(X, y)
    with pytest.raises(ValueError, match="Negative values"):
        su.UnlearnableSelectKBest(chi2).fit(-X, y)
    with pytest.raises(ValueError, match="k"):
        su.UnlearnableSelectKBest(k=-1).fit(X, y)


@pytest.mark.parametrize("score", [f_classif, f_regression, chi2])
def test_one_label_and_perfect_scores_are_the_twins(score):
    X = np.array([[1.0, 0.0, 3.0], [1.0, 1.0, 3.0], [2.0, 1.0, 5.0], [2.0, 4.0, 5.0]])
    for y in ([0, 0, 1, 1], [1, 1, 1, 1]):
        with np.errstate(all="ignore"):
            twin = SelectKBest(score, k=2).fit(X, y)
        model = su.UnlearnableSelectKBest(score, k=2).fit(X, y)
        np.testing.assert_array_equal(model.get_support(), twin.get_support())


@pytest.mark.parametrize("retain_data", [False, True])
def test_before_a_model(retain_data):
    X, y = rows(f_classif)
    last = su.UnlearnableLogisticRegression(retain_data=retain_data, tol=1e-9)
    front = su.UnlearnableStandardScaler(), su.UnlearnableSelectKBest(k=2)
    front = front if retain_data else front[1:]
    model = su.make_unlearnable_pipeline(*front, last).fit(X, y)
    if not retain_data:
        model.partial_unfit(X[:1], y[:1])
        refit = clone(model).fit(X[1:], y[1:])
        np.testing.assert_allclose(
            model.predict_proba(X), refit.predict_proba(X), atol=1e-3
        )
        with pytest.raises(UnlearningError, match="retain_data"):
            model.forget_features(3)
        return
    y_new = (y + 1) % 3
    model.partial_unfit(X[:5], y[:5])
    model.replace_labels(X[5:40], y[5:40], y_new[5:40])
    model.forget_features(3)
    y = np.concatenate([y_new[5:40], y[40:]])
    rest = np.delete(X, 3, axis=1)
    refit = clone(model).fit(rest[5:], y)
    assert not np.array_equal(model[1].get_support(), [0, 1, 0, 1, 0, 0])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(rest), rtol=1e-6
    )


def test_labels_corrected_by_name_move_the_columns_of_a_model():
    X, y = rows(f_regression)
    front = su.UnlearnableSelectKBest(f_regression, k=2)
    last = su.UnlearnableRidge(retain_data=True)
    model = su.make_unlearnable_pipeline(front, last)
    model.fit(X, y, row_ids=np.arange(N_ROWS))
    y_new = X[:, 0] * 9.0
    model.replace_labels(row_ids=np.arange(50), y_new=y_new[:50])
    y = np.concatenate([y_new[:50], y[50:]])
    refit = clone(model).fit(X, y)
    assert model[0].get_support()[0]
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    "last", [su.UnlearnableGaussianNB, su.UnlearnableKNeighborsClassifier]
)
def test_before_models_of_other_kinds(last):
    X, y = rows(f_classif)
    params = {"retain_data": True} if last is su.UnlearnableGaussianNB else {}
    front = su.make_unlearnable_column_transformer(
        (su.UnlearnableSelectKBest(k=2), [0, 1, 3, 5]), remainder="passthrough"
    )
    model = su.make_unlearnable_pipeline(front, last(**params)).fit(X, y)
    model.replace_labels(X[:30], y[:30], (y[:30] + 1) % 3)
    y[:30] = (y[:30] + 1) % 3
    model.partial_unfit(X[:9], y[:9])
    refit = clone(model).fit(X[9:], y[9:])
    np.testing.assert_allclose(model.predict_proba(X), refit.predict_proba(X))


def test_a_column_transformer_of_its_own_is_told_targets():
    X, y = rows(f_classif)
    front = su.make_unlearnable_column_transformer(
        (su.UnlearnableSelectKBest(k=1), [0, 1, 3]),
        (su.UnlearnableStandardScaler(), [4, 5]),
    ).fit(X, y)
    front.partial_unfit(X[:20], y[:20])
    with pytest.raises(UnlearningError, match="y must be given"):
        front.partial_unfit(X[20:21])
    refit = clone(front).fit(X[20:], y[20:])
    np.testing.assert_allclose(front.transform(X), refit.transform(X))


def test_unlearnable_takes_what_sums_tell_and_retrains_the_rest():
    X, y = rows(f_classif)
    X[:, 2] = X[:, 0] ** 2
    for score, kept in ((f_classif, su.UnlearnableSelectKBest), (other, SelectKBest)):
        theirs = make_pipeline(SelectKBest(score, k=2), LogisticRegression(tol=1e-9))
        for each in (theirs, clone(theirs).fit(X, y)):
            model = su.unlearnable(each, X, y)
            assert type(model[0]) is kept
            model.partial_unfit(X[:9], y[:9])
            refit = clone(theirs).fit(X[9:], y[9:])
            np.testing.assert_allclose(
                model.predict_proba(X), refit.predict_proba(X), rtol=1e-4
            )


@pytest.mark.filterwarnings("ignore:Features .* are constant:UserWarning")
def test_scores_of_constants_are_no_other_data():
    X, y = rows(f_classif)
    X[:, 2] = 0.7  # whose variance is a rounding error for the twin
    theirs = SelectKBest(k=2).fit(X, y)
    model = su.unlearnable(theirs, X, y)
    assert np.isnan(model.scores_[2])
    with pytest.warns(DataMismatchWarning, match="another"):
        su.unlearnable(theirs, X**3, y)


def other(X, y):
    """A score that is no function of the sums."""
    return np.abs(np.median(X, axis=0))


def test_other_parameters_that_are_refused_are_retrained_too():
    X, y = rows(f_classif)
    theirs = make_pipeline(PCA("mle"), LogisticRegression(tol=1e-9)).fit(X, y)
    model = su.unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    refit = clone(theirs).fit(X[9:], y[9:])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(X), rtol=1e-4
    )


@pytest.mark.parametrize("scaled", [False, True])
def test_inside_a_model_of_other_targets(scaled):
    X, _ = rows(f_regression)
    X[:, 2] = X[:, 0] ** 2
    y = np.exp(X @ [1.0, 0.5, 0.0, 0.0, 0.2, 0.0])
    inner = make_pipeline(SelectKBest(f_regression, k=2), Ridge())
    theirs = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    theirs = make_pipeline(StandardScaler(), theirs) if scaled else theirs
    theirs.fit(X, y)
    model = su.unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    X_new = X[9:12, ::-1].copy()
    model.replace_features(X[9:12], y[9:12], X_new)
    X, y = np.vstack([X_new, X[12:]]), y[9:]
    refit = clone(theirs).fit(X, y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)
    y_new = np.exp(X[:, 4] * 5.0)
    model.replace_labels(X[:30], y[:30], y_new[:30])
    y = np.concatenate([y_new[:30], y[30:]])
    refit = clone(theirs).fit(X, y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)


def test_before_a_model_of_other_targets_it_does_not_know_its_own():
    X, y = rows(f_regression)
    X[:, 2] = X[:, 0] ** 2
    last = TransformedTargetRegressor(Ridge(), func=np.exp, inverse_func=np.log)
    theirs = make_pipeline(SelectKBest(f_regression, k=2), last).fit(X, y)
    ids = np.arange(len(y))
    model = su.UnlearnablePipeline.from_sklearn(
        theirs, X, y, row_ids=ids, retain_data=True
    )
    with pytest.raises(UnlearningError, match="are not kept"):
        model.partial_unfit(row_ids=ids[:9])  # which does not say what they were


def test_rows_that_were_never_in_are_refused():
    for score, edit, words in (
        (
            f_classif,
            lambda X, y: (np.repeat(X[:1], 50, 0), np.repeat(y[:1], 50)),
            "a label",
        ),
        (f_regression, lambda X, y: (np.repeat(X, 2, 0), np.repeat(y, 2)), "More rows"),
        (f_regression, lambda X, y: (X[:1], y[:1] + 1e3), "variance"),
        (f_regression, lambda X, y: (X[:40], y[:40][::-1]), "more than correlated"),
        (chi2, lambda X, y: (X[:1] + 1e4, y[:1]), "negative sum"),
    ):
        X, y = rows(score)
        if words == "more than correlated":
            y = X[:, 0] + 1e-9 * y
        model = su.UnlearnableSelectKBest(score, k=2).fit(X, y)
        before = pickle.dumps(model)
        with pytest.raises(UnlearningError, match=words):
            model.partial_unfit(*edit(X, y))
        assert pickle.dumps(model) == before
