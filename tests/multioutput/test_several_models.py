"""One model a class, or a target, against scikit-learn's of the edited data."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import EmptyClassError, UnlearningError
from sklearn_unlearn.folds import SeveralModels
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from tests.pairwise import pairwise

N = 90
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
SCORES = X @ RNG.normal(size=(4, 3)) + 0.5 * RNG.normal(size=(N, 3))
THREE = np.array(["a", "b", "c"])[SCORES.argmax(axis=1)]
TWO = np.where(SCORES[:, 0] > 0.2, "yes", "no")
SEVERAL = (SCORES > 0.3).astype(int)
COLUMNS = np.column_stack([THREE, np.where(SCORES[:, 2] > 0.0, "up", "down")])
ROWS = np.array([4, 0, 31])
WEIGHT = RNG.integers(1, 4, N) / 2.0

LOGISTIC = su.UnlearnableLogisticRegression(retain_data=True, tol=1e-11)
TIGHT = {"tol": 1e-12, "max_iter": 10_000, "solver": "newton-cholesky"}
PLAIN = LogisticRegression(**TIGHT)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
#: Ours, the estimator inside of scikit-learn's, and targets.
KINDS = {
    "three": (su.UnlearnableOneVsRestClassifier(LOGISTIC), PLAIN, THREE),
    "two": (su.UnlearnableOneVsRestClassifier(LOGISTIC), PLAIN, TWO),
    "several": (su.UnlearnableOneVsRestClassifier(LOGISTIC), PLAIN, SEVERAL),
    "trees": (su.UnlearnableOneVsRestClassifier(TREE), TREE, THREE),
    "columns": (su.UnlearnableMultiOutputClassifier(LOGISTIC), PLAIN, COLUMNS),
    "numbers": (
        su.UnlearnableMultiOutputRegressor(su.UnlearnableLasso(alpha=0.01)),
        su.UnlearnableLasso(alpha=0.01),
        SCORES,
    ),
}
TWINS = {
    su.UnlearnableOneVsRestClassifier: OneVsRestClassifier,
    su.UnlearnableMultiOutputClassifier: MultiOutputClassifier,
    su.UnlearnableMultiOutputRegressor: MultiOutputRegressor,
}
VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]
CHECKED = [
    su.UnlearnableOneVsRestClassifier(LOGISTIC),
    su.UnlearnableMultiOutputRegressor(su.UnlearnableRidge(retain_data=True)),
]


@parametrize_with_checks(CHECKED)
def test_sklearn_check(estimator, check):
    check(estimator)


# of a model that is quick to fit: nothing here depends on which it is
@parametrize_with_unlearner_checks(
    [su.UnlearnableOneVsRestClassifier(su.UnlearnableGaussianNB())]
)
def test_unlearner_check(estimator, check):
    check(estimator)


def answers(model, rows):
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(model, name):
            found = getattr(model, name)(rows)
            return np.hstack(found) if isinstance(found, list) else found
    raise AssertionError(model)


def fresh(model, plain, rows, y, weight):
    """scikit-learn's, fitted to the rows."""
    plain = clone(plain)
    if weight is None:
        return TWINS[type(model)](plain).fit(rows, y)
    with config_context(enable_metadata_routing=True):
        plain.set_fit_request(sample_weight=True)
        return TWINS[type(model)](plain).fit(rows, y, sample_weight=weight)


def assert_same(model, plain, rows, y, weight, asked):
    twin = fresh(model, plain, rows, y, weight)
    np.testing.assert_allclose(answers(model, asked), answers(twin, asked), atol=1e-7)
    found, expected = model.predict(asked), twin.predict(asked)
    if is_classifier(model):
        np.testing.assert_array_equal(found, expected)
        labels = [np.hstack(each).tolist() for each in (model.classes_, twin.classes_)]
        assert labels[0] == labels[1]
        assert found.dtype == expected.dtype
    assert len(model.estimators_) == len(twin.estimators_)


@pytest.mark.parametrize(
    ("kind", "verb", "sparse", "weighted"),
    pairwise(KINDS, VERBS, [False, True], [False, True]),
)
def test_requests_give_the_fit_to_what_is_edited(kind, verb, sparse, weighted):
    model, plain, y = KINDS[kind]
    form = sp.csr_array if sparse else np.asarray
    weight = WEIGHT if weighted else None
    model = clone(model).fit(form(X), y, weight)
    assert_same(model, plain, form(X), y, weight, form(X))
    rows, targets, weights = X.copy(), y.copy(), weight
    if verb == "partial_unfit":
        model.partial_unfit(form(X[ROWS]), y[ROWS])
        rows, targets = np.delete(X, ROWS, axis=0), np.delete(y, ROWS, axis=0)
        weights = None if weight is None else np.delete(weight, ROWS)
    elif verb == "replace_features":
        rows[ROWS] = X[ROWS] + 0.5
        model.replace_features(form(X[ROWS]), y[ROWS], form(rows[ROWS]))
    elif verb == "replace_labels":
        targets[ROWS] = y[[10, 11, 12]]
        model.replace_labels(form(X[ROWS]), y[ROWS], targets[ROWS])
    elif verb == "partial_fit":
        more = None if weight is None else np.ones(3)
        model.partial_fit(form(X[:3] - 1.0), y[:3], sample_weight=more)
        rows, targets = np.vstack([X, X[:3] - 1.0]), np.concatenate([y, y[:3]])
        weights = None if weight is None else np.append(weight, np.ones(3))
    else:
        model.forget_features([2])
        rows = np.delete(X, 2, axis=1)
    asked = rows[:50]
    assert_same(model, plain, form(rows), targets, weights, form(asked))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        answers(again, form(asked)), answers(model, form(asked))
    )


def test_a_corrected_label_concerns_two_models():
    model = clone(KINDS["three"][0]).fit(X, THREE)
    before = model.estimators_
    row = np.flatnonzero(THREE == "a")[:1]
    model.replace_labels(X[row], THREE[row], ["c"])
    same = [one is other for one, other in zip(before, model.estimators_, strict=True)]
    assert same == [False, True, False]
    several = clone(KINDS["columns"][0]).fit(X, COLUMNS)
    before, after = several.estimators_, COLUMNS[[5]].copy()
    after[0, 1] = "up" if after[0, 1] == "down" else "down"
    several.replace_labels(X[[5]], COLUMNS[[5]], after)
    assert several.estimators_[0] is before[0]
    assert several.estimators_[1] is not before[1]


def test_a_class_that_loses_its_rows_has_no_model():
    y = THREE.copy()
    gone = np.flatnonzero(y == "b")
    for left in (0, 3):  # then another class, and two are too few
        model = clone(KINDS["three"][0]).fit(X, y)
        rest = np.delete(np.arange(N), gone)
        model.partial_unfit(X[gone], y[gone])
        assert_same(model, PLAIN, X[rest], y[rest], None, X)
        assert model.classes_.tolist() == ["a", "c"]
        assert len(model._fitted.members.fitted) == 1
        more = rest[y[rest] == "c"]
        if not left:
            with pytest.raises(EmptyClassError):
                model.partial_unfit(X[more], y[more])
        with pytest.raises(ValueError, match="'b'"):
            model.partial_fit(X[:1], ["b"])


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_labels_of_all_rows_or_none_come_and_go():
    y = SEVERAL.copy()
    y[:, 1] = 0
    y[[3, 8], 1] = 1
    model = clone(KINDS["several"][0]).fit(X, y)
    model.partial_unfit(X[[3, 8]], y[[3, 8]])
    left = np.delete(np.arange(N), [3, 8])
    assert_same(model, PLAIN, X[left], y[left], None, X)
    assert not model.predict(X)[:, 1].any()
    changed = y[left].copy()
    changed[:5, 1] = 1
    model.replace_labels(X[left[:5]], y[left[:5]], changed[:5])
    assert_same(model, PLAIN, X[left], changed, None, X)


def test_what_is_refused_changes_nothing():
    model = clone(KINDS["columns"][0]).fit(X, COLUMNS)
    before = model._fitted
    gone = np.flatnonzero(COLUMNS[:, 1] == "up")
    with pytest.raises((UnlearningError, ValueError)):
        model.partial_unfit(X[gone], COLUMNS[gone])
    with pytest.raises(ValueError, match="2 output"):
        model.partial_unfit(X[:2], THREE[:2])
    with pytest.raises(ValueError, match="'d'"):
        model.replace_labels(X[:1], COLUMNS[:1], [["d", "up"]])
    with pytest.raises(ValueError, match="classes must be None"):
        model.partial_fit(X[:1], COLUMNS[:1], classes=["a"])
    assert model._fitted is before
    with pytest.raises(ValueError, match="two dimensions"):
        clone(model).fit(X, THREE)
    with pytest.raises(ValueError, match="two dimensions"):
        clone(KINDS["numbers"][0]).fit(X, SCORES[:, 0])


def test_the_door_takes_them():
    inner = make_pipeline(StandardScaler(), PLAIN)
    for plain, y in (
        (OneVsRestClassifier(inner), THREE),
        (OneVsRestClassifier(TREE), THREE),
        (MultiOutputClassifier(inner), COLUMNS),
    ):
        model = su.unlearnable(plain)
        assert isinstance(model, SeveralModels)
        model.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
        left = np.delete(np.arange(N), ROWS)
        twin = clone(plain).fit(X[left], y[left])
        np.testing.assert_allclose(answers(model, X), answers(twin, X), atol=1e-6)


def test_pipelines_inside_and_rows_with_names():
    inner = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), LOGISTIC)
    model = su.UnlearnableOneVsRestClassifier(inner)
    model.fit(X, THREE, row_ids=np.arange(N)).partial_unfit(row_ids=ROWS)
    left = np.delete(np.arange(N), ROWS)
    twin = OneVsRestClassifier(make_pipeline(StandardScaler(), PLAIN))
    twin.fit(X[left], THREE[left])
    np.testing.assert_allclose(
        model.decision_function(X), twin.decision_function(X), atol=1e-7
    )


def test_nothing_erased_is_in_the_pickle():
    rows = X.copy()
    rows[7, 2] = marked = 1234.56789
    for kind in ("three", "columns"):
        model, _, y = KINDS[kind]
        model = clone(model).fit(rows, y)
        assert np.float64(marked).tobytes() in pickle.dumps(model)
        model.partial_unfit(rows[[7]], y[[7]])
        assert np.float64(marked).tobytes() not in pickle.dumps(model)


@pytest.mark.parametrize("named", [False, True])
def test_a_list_of_all_kinds_is_carried_out_by_each_model(named):
    rng = np.random.default_rng(0)
    X, ids = rng.standard_normal((60, 3)), np.arange(60) + 100
    Y = np.column_stack([X @ [1.0, 2.0, 3.0], X[:, 0]]) + rng.standard_normal((60, 2))
    model = su.UnlearnableMultiOutputRegressor(su.UnlearnableRidge())
    model.fit(X, Y, row_ids=ids if named else None)
    changed = Y[[5]] + [[1.0, 0.0]]  # of the first target alone

    def asked(rows, **new):
        given = {"row_ids": ids[rows]} if named else {"X": X[rows], "y": Y[rows]}
        return given | new

    model.carry_out(
        [
            ("partial_unfit", asked([3])),
            ("replace_labels", asked([5], y_new=changed)),
            ("replace_features", asked([7], X_new=X[[8]])),
        ]
    )
    X[7], Y[5] = X[8], changed
    X, Y = np.delete(X, 3, axis=0), np.delete(Y, 3, axis=0)
    refit = su.UnlearnableMultiOutputRegressor(su.UnlearnableRidge()).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)


def test_plans_where_targets_have_other_numbers_of_classes():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    Y = np.column_stack([np.arange(60) % 2, np.arange(60) % 3])
    model = su.UnlearnableMultiOutputClassifier(su.UnlearnableRidgeClassifier()).fit(
        X, Y
    )
    plan = model.plan(("partial_unfit", {"X": X[:1], "y": Y[:1]}))
    assert plan.steps[0].n_rows_out == 1
    assert plan.steps[0].emptied == ()
