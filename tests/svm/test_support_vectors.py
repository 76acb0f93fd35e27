"""Support vector machines against the twin, solved for the rows as they should be."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import SVC

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import DataMismatchWarning, EmptyClassError
from tests.pairwise import pairwise

N = 90
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 4))
X_NEW = rng.normal(size=(3, 4))
SCORES = X @ rng.normal(size=(4, 3)) + 0.3 * rng.normal(size=(N, 3))
THREE = np.array(["a", "b", "c"])[SCORES.argmax(axis=1)]
TWO = np.where(SCORES[:, 0] > 0.3, "yes", "no")
NUMBERS = np.sin(X[:, 0]) + X[:, 1] + 0.05 * rng.normal(size=N)
WEIGHT = rng.integers(1, 4, N) / 2.0
ROWS = np.array([40, 3, 17])

#: Solutions are compared where the solver has gone as far as it goes.
TIGHT = {"tol": 1e-9, "cache_size": 10}
KINDS = {
    "binary": (su.UnlearnableSVC, {"gamma": 0.3}, TWO),
    "multiclass": (su.UnlearnableSVC, {"gamma": 0.3, "C": 3.0}, THREE),
    "scaled": (su.UnlearnableSVC, {}, THREE),
    "linear": (su.UnlearnableSVC, {"kernel": "linear"}, THREE),
    "balanced": (su.UnlearnableSVC, {"gamma": 0.3, "class_weight": "balanced"}, TWO),
    "nu": (su.UnlearnableNuSVC, {"nu": 0.2}, TWO),
    "regression": (su.UnlearnableSVR, {"gamma": 0.1, "epsilon": 0.2}, NUMBERS),
    "scaled regression": (su.UnlearnableSVR, {}, NUMBERS),
    "nu regression": (su.UnlearnableNuSVR, {"gamma": 0.3}, NUMBERS),
}
LOCAL = ["binary", "multiclass", "linear", "regression"]
VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]


def fitted(kind, rows=X, weight=None):
    cls, params, y = KINDS[kind]
    return cls(**params, **TIGHT).fit(rows, y, weight)


def scores(model, rows):
    ask = "decision_function" if hasattr(model, "decision_function") else "predict"
    return getattr(model, ask)(rows)


def assert_solves(model, rows, y, weight=None):
    """The model is as good a solution for these rows as a refit."""
    left = ~model._fitted.forgotten
    twin = model._fitted.twin
    refit = clone(twin).fit(rows[:, left], y, weight)
    queries = sp.csr_array(X) if sp.issparse(rows) else X
    np.testing.assert_allclose(
        scores(model, queries), scores(refit, queries[:, left]), atol=2e-6
    )
    assert model.shape_fit_ == (rows.shape[0], left.sum())
    vectors, ours = rows[:, left][model.support_], model.support_vectors_
    assert abs(vectors - ours).max() == 0.0
    if hasattr(model, "optimality_violation"):
        assert model.optimality_violation() < 1e-5


@pytest.mark.parametrize(
    ("kind", "verb", "weighted", "sparse"),
    pairwise(KINDS, VERBS, [False, True], [False, True]),
)
def test_a_request_gives_a_solution_of_what_is_left(kind, verb, weighted, sparse):
    y = KINDS[kind][2]
    weight = WEIGHT if weighted and "nu" not in kind else None
    form = sp.csr_array if sparse else np.array
    model = fitted(kind, form(X), weight)
    rows, targets, weights = X.copy(), y.copy(), weight
    if verb == "partial_unfit":
        model.partial_unfit(form(X[ROWS]), y[ROWS])
        rows, targets = np.delete(X, ROWS, axis=0), np.delete(y, ROWS)
        weights = None if weight is None else np.delete(weight, ROWS)
    elif verb == "replace_features":
        model.replace_features(form(X[ROWS]), y[ROWS], form(X_NEW))
        rows[ROWS] = X_NEW
    elif verb == "replace_labels":
        targets[ROWS] = y[[0, 1, 2]]
        model.replace_labels(form(X[ROWS]), y[ROWS], targets[ROWS])
    elif verb == "partial_fit":
        more = None if weight is None else np.ones(3)
        model.partial_fit(form(X_NEW), y[:3], sample_weight=more)
        rows, targets = np.vstack([X, X_NEW]), np.append(y, y[:3])
        weights = None if weight is None else np.append(weight, np.ones(3))
    else:
        model.forget_features([1])
    assert_solves(model, form(rows), targets, weights)
    assert_solves(pickle.loads(pickle.dumps(model)), form(rows), targets, weights)


@pytest.mark.parametrize("kind", LOCAL)
def test_rows_that_support_nothing_leave_without_another_solution(kind, monkeypatch):
    model, y = fitted(kind, weight=WEIGHT), KINDS[kind][2]
    idle = np.setdiff1d(np.arange(N), model.support_)
    assert idle.size > 6
    before = copy.deepcopy(scores(model, X))
    assert not model.solution_kept_
    with monkeypatch.context() as patch:
        patch.setattr(model._twin_class, "fit", None)  # nothing may solve
        model.partial_unfit(X[idle[:2]], y[idle[:2]])
        model = pickle.loads(pickle.dumps(model))
        # in part: it supports nothing with less weight either
        model.partial_unfit(X[idle[2:3]], y[idle[2:3]], 0.25)
        model.partial_unfit(X[idle[3:6]], y[idle[3:6]])
        assert model.solution_kept_
    np.testing.assert_array_equal(scores(model, X), before)
    weight = WEIGHT.copy()
    weight[idle[2]] -= 0.25
    left = np.setdiff1d(np.arange(N), idle[[0, 1, 3, 4, 5]])
    assert_solves(model, X[left], y[left], weight[left])
    here = left[model.support_[:1]]
    model.partial_unfit(X[here], y[here])
    assert not model.solution_kept_
    left = np.setdiff1d(left, here)
    assert_solves(model, X[left], y[left], weight[left])


def test_what_is_determined_by_all_rows_is_solved_again():
    for kind, params in {
        "sigmoid": {"kernel": "sigmoid", "gamma": 0.01},
        "function": {"kernel": _kernel},
        "scale": {},
        "balanced": {"class_weight": "balanced", "gamma": 0.3},
    }.items():
        other = su.UnlearnableSVC(**params).fit(X, TWO)
        idle = np.setdiff1d(np.arange(N), other.support_)[:1]
        other.partial_unfit(X[idle], TWO[idle])
        assert not other.solution_kept_, kind
        left = np.delete(np.arange(N), idle)
        refit = SVC(**params).fit(X[left], TWO[left])
        np.testing.assert_array_equal(scores(other, X), scores(refit, X))


def _kernel(one, other):
    return rbf_kernel(one, other, gamma=0.3)


def test_an_intercept_that_idle_rows_bound_follows_them():
    # those at +-1 are held at C, and the intercept lies where the next ones allow
    rows = np.array([[-1.0], [1.0], [-1.5], [1.2]])
    y = np.array([0, 1, 0, 1])
    model = su.UnlearnableSVC(kernel="linear", C=0.4, tol=1e-9).fit(rows, y)
    assert set(model.support_) == {0, 1}
    before = model.intercept_[0]
    model.partial_unfit(rows[3:], y[3:])
    assert not model.solution_kept_
    refit = SVC(kernel="linear", C=0.4, tol=1e-9).fit(rows[:3], y[:3])
    assert abs(refit.intercept_) < 1e-9 < before
    np.testing.assert_allclose(scores(model, rows), scores(refit, rows), atol=1e-9)


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_probabilities_follow_all_rows():
    params = {"gamma": 0.3, "probability": True, "random_state": 0}
    model = su.UnlearnableSVC(**params).fit(X, TWO)
    idle = np.setdiff1d(np.arange(N), model.support_)[:1]
    model.partial_unfit(X[idle], TWO[idle])
    left = np.delete(np.arange(N), idle)
    refit = SVC(**params).fit(X[left], TWO[left])
    np.testing.assert_array_equal(model.predict_proba(X), refit.predict_proba(X))
    assert not hasattr(su.UnlearnableSVC(), "predict_proba")


def test_weights_are_repetitions_of_a_kernel_that_is_fixed():
    model = su.UnlearnableSVC(gamma=0.3, **TIGHT).fit(X, TWO, np.full(N, 2.0))
    twice = SVC(gamma=0.3, **TIGHT).fit(np.repeat(X, 2, axis=0), np.repeat(TWO, 2))
    np.testing.assert_allclose(scores(model, X), scores(twice, X), atol=1e-6)
    half = model.partial_unfit(X, TWO, 1.0)
    once = SVC(gamma=0.3, **TIGHT).fit(X, TWO)
    np.testing.assert_allclose(scores(half, X), scores(once, X), atol=1e-6)


def test_the_violation_is_that_of_the_dual():
    """Against the conditions written out for the dual of two classes."""
    model = su.UnlearnableSVC(gamma=0.3, tol=0.1).fit(X, TWO)
    sign = np.where(TWO == "yes", 1.0, -1.0)
    alpha = np.zeros(N)
    alpha[model.support_] = np.abs(model.dual_coef_[0])
    gradient = sign * (rbf_kernel(X, gamma=0.3) @ (alpha * sign)) - 1.0
    grows = ((sign > 0) & (alpha < 1.0)) | ((sign < 0) & (alpha > 0.0))
    shrinks = ((sign > 0) & (alpha > 0.0)) | ((sign < 0) & (alpha < 1.0))
    gap = (-sign * gradient)[grows].max() - (-sign * gradient)[shrinks].min()
    assert 1e-3 < gap < 0.1
    np.testing.assert_allclose(model.optimality_violation(), gap, rtol=1e-6)
    one = su.UnlearnableSVR(gamma=0.3, tol=0.1).fit(X, NUMBERS)
    assert 1e-3 < one.optimality_violation() < 0.1
    one._fitted.solved.intercept_ += 3.0  # which moves all errors alike
    assert one.optimality_violation() < 0.1
    one._fitted.solved._dual_coef_ *= 0.5
    assert one.optimality_violation() > 0.1


@pytest.mark.parametrize("front", [Normalizer, su.UnlearnableStandardScaler])
@pytest.mark.parametrize("verb", VERBS[:4])
def test_behind_steps(front, verb):
    pipeline = su.make_unlearnable_pipeline(
        front(), su.UnlearnableSVC(gamma=0.5, **TIGHT)
    )
    weight = WEIGHT if front is su.UnlearnableStandardScaler else None
    pipeline.fit(X, THREE, sample_weight=weight)
    rows, y = X.copy(), THREE.copy()
    if verb == "partial_unfit":
        pipeline.partial_unfit(X[ROWS], THREE[ROWS])
        rows, y = np.delete(X, ROWS, axis=0), np.delete(y, ROWS)
        weight = None if weight is None else np.delete(weight, ROWS)
    elif verb == "replace_features":
        pipeline.replace_features(X[ROWS], y[ROWS], X_NEW)
        rows[ROWS] = X_NEW
    elif verb == "replace_labels":
        y[ROWS] = np.roll(y[ROWS], 1)
        pipeline.replace_labels(X[ROWS], THREE[ROWS], y[ROWS])
    else:
        more = None if weight is None else np.ones(3)
        pipeline.partial_fit(X_NEW, y[:3], sample_weight=more)
        rows, y = np.vstack([X, X_NEW]), np.append(y, y[:3])
        weight = None if weight is None else np.append(weight, more)
    refit = clone(pipeline).fit(rows, y, sample_weight=weight)
    np.testing.assert_allclose(scores(pipeline, X), scores(refit, X), atol=2e-6)


def test_an_idle_row_leaves_a_pipeline_whose_steps_stay():
    pipeline = su.make_unlearnable_pipeline(
        Normalizer(), su.UnlearnableSVC(gamma=0.5)
    ).fit(X, TWO)
    idle = np.setdiff1d(np.arange(N), pipeline[-1].support_)[:2]
    pipeline.partial_unfit(X[idle], TWO[idle])
    assert pipeline[-1].solution_kept_


@pytest.mark.parametrize("kind", ["multiclass", "scaled", "regression"])
@pytest.mark.parametrize("sparse", [False, True])
def test_adopted_as_it_is(kind, sparse, monkeypatch):
    cls, params, y = KINDS[kind]
    rows = sp.csr_array(X) if sparse else X
    deployed = cls._twin_class(**params).fit(rows, y, WEIGHT)
    expected = scores(deployed, rows)
    with monkeypatch.context() as patch:
        patch.setattr(cls._twin_class, "fit", None)
        model = cls.from_sklearn(deployed, rows, y, WEIGHT, row_ids=np.arange(N))
    np.testing.assert_array_equal(scores(model, rows), expected)
    assert model.get_params() == deployed.get_params()
    assert model.optimality_violation() < 2e-3
    model.partial_unfit(row_ids=[4])
    twin = clone(deployed).fit(rows[5:], y[5:], WEIGHT[5:])
    model.partial_unfit(row_ids=[0, 1, 2, 3])
    np.testing.assert_allclose(scores(model, rows), scores(twin, rows), atol=5e-3)


def test_adopted_with_other_data():
    deployed = SVC(gamma=0.3).fit(X, TWO)
    for rows, y in ((X + 0.5, TWO), (X, TWO[::-1])):
        with pytest.warns(DataMismatchWarning, match="another solution"):
            model = su.UnlearnableSVC.from_sklearn(deployed, rows, y)
        refit = SVC(gamma=0.3).fit(rows, y)
        np.testing.assert_array_equal(scores(model, X), scores(refit, X))
    idle = np.setdiff1d(np.arange(N), deployed.support_)[0]
    y = TWO.copy()
    y[idle] = "no" if y[idle] == "yes" else "yes"
    with pytest.warns(DataMismatchWarning, match="another solution"):
        su.UnlearnableSVC.from_sklearn(deployed, X, y)


def test_an_adopted_pipeline():
    deployed = make_pipeline(StandardScaler(), SVC(**TIGHT)).fit(X, THREE)
    model = su.UnlearnablePipeline.from_sklearn(deployed, X, THREE)
    model.partial_unfit(X[:3], THREE[:3])
    deployed.fit(X[3:], THREE[3:])
    np.testing.assert_allclose(scores(model, X), scores(deployed, X), atol=2e-6)


def test_exported_and_searched():
    model = su.UnlearnableSVC(gamma=0.3).fit(X, TWO)
    idle = np.setdiff1d(np.arange(N), model.support_)[:2]
    model.partial_unfit(X[idle], TWO[idle])
    plain = model.to_sklearn()
    assert type(plain) is SVC
    np.testing.assert_array_equal(plain.support_, model.support_)
    assert plain.shape_fit_ == (N - 2, 4)
    np.testing.assert_array_equal(scores(plain, X), scores(model, X))
    search = GridSearchCV(su.UnlearnableSVC(), {"gamma": [0.1, 0.3]}, cv=2)
    su.partial_unfit(search.fit(X, TWO), X[:2], TWO[:2])
    best = clone(search.best_estimator_).fit(X[2:], TWO[2:])
    np.testing.assert_allclose(scores(search, X), scores(best, X), atol=5e-3)


def test_nothing_that_left_is_in_the_file():
    for kind in LOCAL:
        model, y = fitted(kind), KINDS[kind][2]
        idle = np.setdiff1d(np.arange(N), model.support_)[0]
        for row in (idle, int(model.support_[0])):
            model = fitted(kind).partial_unfit(X[[row]], y[[row]])
            for each in (model, model.to_sklearn()):
                stored = pickle.dumps(each)
                assert not any(value.tobytes() in stored for value in X[row])


def test_a_linear_kernel_does_not_keep_the_scale_of_rows():
    model = su.UnlearnableSVC(kernel="linear").fit(X, TWO)
    assert model.gamma == model.to_sklearn().gamma == "scale"
    scale = np.float64(1.0 / (4 * X.var())).tobytes()
    assert scale not in pickle.dumps(model)
    assert np.float64(0.25).tobytes()[::-1] in pickle.dumps(model)


def test_refusals():
    with pytest.raises(ValueError, match="kernel='precomputed' is refused"):
        su.UnlearnableSVC(kernel="precomputed").fit(X, TWO)
    model = su.UnlearnableSVC(gamma=0.3).fit(X, TWO)
    before, gone = model._fitted, TWO == "no"
    with pytest.raises(EmptyClassError, match="'no'"):
        model.partial_unfit(X[gone], TWO[gone])
    assert model._fitted is before
    three = su.UnlearnableSVC(gamma=0.3, **TIGHT).fit(X, THREE)
    gone = THREE == "b"
    three.partial_unfit(X[gone], THREE[gone])
    assert_solves(three, X[~gone], THREE[~gone])


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_how_it_unlearns(kind):
    assert ("its rows" in str(fitted(kind).explain())) == (kind in LOCAL)


def test_forgotten_columns_have_no_weight():
    model = su.UnlearnableSVC(kernel="linear").fit(X, TWO).forget_features([2])
    refit = SVC(kernel="linear").fit(X[:, [0, 1, 3]], TWO)
    np.testing.assert_array_equal(model.coef_[:, [0, 1, 3]], refit.coef_)
    assert model.coef_[0, 2] == 0.0
    assert not hasattr(su.UnlearnableSVC().fit(X, TWO), "coef_")
