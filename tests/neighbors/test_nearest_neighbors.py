"""Nearest neighbours against the twin, fitted to the rows as they should have been."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    EmptyClassError,
    UnlearningError,
)
from tests.pairwise import pairwise

N = 60
rng = np.random.default_rng(0)
#: Whole numbers: many distances are equal, so that the order of rows decides.
X = rng.integers(0, 3, (N, 4)).astype(float)
X_NEW = rng.integers(0, 3, (3, 4)).astype(float)
LABELS = np.array(["a", "b", "c"])[rng.integers(3, size=N)]
NUMBERS = rng.normal(size=(N, 2))
IDS = np.arange(N) // 2
ROWS = np.array([40, 3, 17])

KINDS = {
    "binary": (su.UnlearnableKNeighborsClassifier, np.where(LABELS == "a", 1, 0)),
    # scikit-learn 1.6 takes no names beside sparse rows and other metrics
    "multiclass": (su.UnlearnableKNeighborsClassifier, rng.integers(3, size=N)),
    "numbers": (su.UnlearnableKNeighborsRegressor, NUMBERS[:, 0]),
    "pairs": (su.UnlearnableKNeighborsRegressor, NUMBERS),
}
OPTIONS = {
    "plain": {},
    "distance": {"weights": "distance", "n_neighbors": 3},
    "manhattan": {"metric": "manhattan", "algorithm": "brute"},
}
VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]


def asked(model, verb, rows, y, into):
    """A model after a request about some rows, and the data as they are then."""
    left, targets = rows.copy(), y.copy()
    if verb == "partial_unfit":
        model.partial_unfit(rows[ROWS], y[ROWS])
        return np.delete(rows, ROWS, axis=0), np.delete(y, ROWS, axis=0)
    if verb == "replace_features":
        model.replace_features(rows[ROWS], y[ROWS], into)
        left[ROWS] = into
    elif verb == "replace_labels":
        targets[ROWS] = y[[0, 1, 2]]
        model.replace_labels(rows[ROWS], y[ROWS], targets[ROWS])
    elif verb == "partial_fit":
        model.partial_fit(into, y[:3])
        return np.vstack([rows, into]), np.concatenate([y, y[:3]])
    else:
        model.forget_features([1])
        left = np.delete(rows, 1, axis=1)
    return left, targets


@pytest.mark.parametrize(
    ("kind", "option", "verb", "sparse"),
    pairwise(KINDS, OPTIONS, VERBS, [False, True]),
)
def test_a_request_gives_the_twin_of_what_is_left(kind, option, verb, sparse):
    cls, y = KINDS[kind]
    # rows that no other equals, since of two equal ones either may be meant
    rows = X + np.arange(N)[:, None] * [0.0, 0.0, 0.0, 3.0]
    into = X_NEW + np.array([0.0, 0.0, 0.0, 3000.0])
    model = cls(**OPTIONS[option])
    if sparse:
        model.fit(sp.csr_array(rows), y)
        left, targets = _asked_sparse(model, verb, rows, y, into)
        left, queries = sp.csr_array(left), sp.csr_array(X)
    else:
        model.fit(rows.copy(), y)
        left, targets = asked(model, verb, rows, y, into)
        queries = X
    twin = model._twin_class(**OPTIONS[option]).fit(left, targets)
    if verb == "forget_features":
        queries = queries[:, [0, 2, 3]]
    np.testing.assert_array_equal(model.predict(queries), twin.predict(queries))
    for ours, theirs in zip(
        model.kneighbors(queries), twin.kneighbors(queries), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert model.n_samples_fit_ == left.shape[0]
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(queries), twin.predict(queries))
    np.testing.assert_array_equal(
        loaded.kneighbors(queries)[1], twin.kneighbors(queries)[1]
    )


def _asked_sparse(model, verb, rows, y, into):
    """The same with requests in sparse rows."""

    class Sparse:
        def __getattr__(self, name):
            def send(*arguments):
                arguments = [
                    sp.csr_array(each) if np.shape(each)[1:] == (4,) else each
                    for each in arguments
                ]
                return getattr(model, name)(*arguments)

            return send

    return asked(Sparse(), verb, rows, y, into)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
def test_ties_are_broken_by_the_order_of_rows_through_many_requests(algorithm):
    y = np.arange(float(N))  # so that it shows which of equal rows is near
    rows, ids = X.copy(), np.arange(N)
    model = su.UnlearnableKNeighborsRegressor(3, algorithm=algorithm)
    model.fit(rows.copy(), y, row_ids=ids)
    twin = KNeighborsRegressor(3, algorithm=algorithm)
    for step in range(8):
        gone = ids[[2 * step, 5]]
        model.partial_unfit(row_ids=gone)
        keep = ~np.isin(ids, gone)
        rows, y, ids = rows[keep], y[keep], ids[keep]
        if step % 2:
            model = pickle.loads(pickle.dumps(model))
        model.replace_features(row_ids=ids[[7, 1]], X_new=X_NEW[:2])
        rows[[7, 1]] = X_NEW[:2]
        model.partial_fit(X_NEW[2:], [step / 3.0], row_ids=[100 + step])
        rows, y = np.vstack([rows, X_NEW[2:]]), np.append(y, step / 3.0)
        ids = np.append(ids, 100 + step)
        twin.fit(rows, y)
        np.testing.assert_array_equal(model.remaining_ids(), ids)
        np.testing.assert_array_equal(model.rows_of(ids[[9, 3]]), [9, 3])
        np.testing.assert_array_equal(model.kneighbors(X)[1], twin.kneighbors(X)[1])
        np.testing.assert_array_equal(model.predict(X), twin.predict(X))


def test_names_of_several_rows():
    model = su.UnlearnableKNeighborsClassifier().fit(X, LABELS, row_ids=IDS)
    model.partial_unfit(row_ids=[4, 9])
    left = ~np.isin(IDS, [4, 9])
    assert model.has([4, 5]).tolist() == [False, True]
    np.testing.assert_array_equal(model.remaining_ids(), IDS[left])
    twin = KNeighborsClassifier().fit(X[left], LABELS[left])
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))
    model.partial_unfit(row_ids=[4, 5], on_unknown="skip")
    assert not model.has([5]).any()


FRONTS = {
    "stays": lambda: [Normalizer()],
    "moves": lambda: [su.UnlearnableStandardScaler()],
    "both": lambda: [su.UnlearnableStandardScaler(), Normalizer()],
    "imputes": lambda: [su.UnlearnableSimpleImputer(), su.UnlearnableMinMaxScaler()],
}


@pytest.mark.parametrize(
    ("front", "verb"),
    # a normaliser cannot do without columns
    [*pairwise(FRONTS, VERBS[:4]), ("moves", VERBS[4]), ("imputes", VERBS[4])],
)
def test_behind_steps_that_stay_and_that_move(front, verb):
    rows, into = rng.normal(size=(N, 4)), rng.normal(size=(3, 4))
    pipeline = su.make_unlearnable_pipeline(
        *FRONTS[front](), su.UnlearnableKNeighborsClassifier(3)
    )
    pipeline.fit(rows, LABELS)
    left, targets = asked(pipeline, verb, rows, LABELS, into)
    refit = clone(pipeline).fit(left, targets)
    queries = rng.normal(size=(30, left.shape[1]))
    np.testing.assert_array_equal(
        pipeline.predict_proba(queries), refit.predict_proba(queries)
    )
    inner, outer = (each[:-1].transform(queries) for each in (pipeline, refit))
    for ours, theirs in zip(
        pipeline[-1].kneighbors(inner), refit[-1].kneighbors(outer), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_several_requests_to_a_pipeline():
    rows = rng.normal(size=(N, 4))
    pipeline = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableKNeighborsRegressor(3)
    )
    targets, ids = NUMBERS[:, 0].copy(), np.arange(N)
    pipeline.fit(rows, targets, row_ids=ids)
    pipeline.replace_features(row_ids=ids[[8, 2]], X_new=X_NEW[:2])
    pipeline.partial_unfit(row_ids=ids[:2])
    pipeline.replace_labels(row_ids=ids[[5]], y_new=[7.0])
    pipeline.partial_fit(X_NEW[2:], [1.0], row_ids=[77])
    rows[[8, 2]], targets[5] = X_NEW[:2], 7.0
    rows = np.vstack([rows[2:], X_NEW[2:]])
    refit = clone(pipeline).fit(rows, np.append(targets[2:], 1.0))
    np.testing.assert_array_equal(pipeline.predict(X), refit.predict(X))
    np.testing.assert_array_equal(pipeline.remaining_ids(), [*ids[2:], 77])


def test_steps_with_weights_before_a_model_without():
    rows, weight = rng.normal(size=(N, 4)), rng.integers(1, 4, N) / 2.0
    pipeline = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableKNeighborsClassifier(3)
    )
    pipeline.fit(rows, LABELS, sample_weight=weight)
    pipeline.partial_unfit(rows[:3], LABELS[:3], sample_weight=weight[:3])
    refit = clone(pipeline).fit(rows[3:], LABELS[3:], sample_weight=weight[3:])
    np.testing.assert_allclose(pipeline[0].mean_, refit[0].mean_, rtol=1e-14)
    np.testing.assert_array_equal(pipeline.predict_proba(X), refit.predict_proba(X))
    plain = clone(pipeline).fit(rows, LABELS)
    with pytest.raises(UnlearningError, match="knows rows as a whole"):
        plain.partial_unfit(rows[:3], LABELS[:3], sample_weight=0.5)


def test_a_class_without_rows_leaves():
    model = su.UnlearnableKNeighborsClassifier().fit(X, LABELS)
    gone = LABELS == "b"
    model.partial_unfit(X[gone], LABELS[gone])
    twin = KNeighborsClassifier().fit(X[~gone], LABELS[~gone])
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))
    assert model.classes_.tolist() == ["a", "c"]
    fitted, gone = model._fitted, LABELS == "a"
    with pytest.raises(EmptyClassError, match="'a'"):
        model.partial_unfit(X[gone], LABELS[gone])
    assert model._fitted is fitted


def test_nothing_that_left_is_in_a_tree_of_the_file():
    rows = rng.normal(size=(N, 4))
    model = su.UnlearnableKNeighborsClassifier(algorithm="kd_tree").fit(rows, LABELS)
    model.predict(rows)  # which has built the tree
    model.partial_unfit(rows[:1], LABELS[:1])
    for kind in (model, model.to_sklearn()):
        assert rows[0].tobytes() not in pickle.dumps(kind)
        assert rows[0, :1].tobytes() not in pickle.dumps(kind)
        assert rows[1].tobytes() in pickle.dumps(kind)


@pytest.mark.parametrize("kind", ["multiclass", "pairs"])
def test_adopted_and_exported(kind):
    cls, y = KINDS[kind]
    deployed = cls._twin_class(3, weights="distance").fit(X, y)
    model = cls.from_sklearn(deployed, X, y, row_ids=IDS)
    np.testing.assert_array_equal(model.predict(X), deployed.predict(X))
    assert model.get_params() == deployed.get_params()
    model.partial_unfit(row_ids=[0]).forget_features([2])
    twin = clone(deployed).fit(X[2:][:, [0, 1, 3]], y[2:])
    plain = model.to_sklearn(drop_forgotten=True)
    assert type(plain) is cls._twin_class
    np.testing.assert_array_equal(
        plain.predict(X[:, [0, 1, 3]]), twin.predict(X[:, [0, 1, 3]])
    )
    np.testing.assert_array_equal(model.to_sklearn().predict(X), model.predict(X))
    with pytest.warns(DataMismatchWarning, match="kneighbors"):
        cls.from_sklearn(deployed, X + 0.01 * np.arange(N)[:, None], y)
    with pytest.raises(ValueError, match="sample_weight must be None"):
        cls.from_sklearn(deployed, X, y, np.ones(N))
    with pytest.raises(TypeError, match="takes a fitted"):
        cls.from_sklearn(Normalizer().fit(X), X, y)


def test_an_adopted_pipeline():
    rows = rng.normal(size=(N, 4))
    deployed = make_pipeline(Normalizer(), KNeighborsClassifier(3)).fit(rows, LABELS)
    model = su.UnlearnablePipeline.from_sklearn(deployed, rows, LABELS)
    model.partial_unfit(rows[:2], LABELS[:2])
    deployed.fit(rows[2:], LABELS[2:])
    np.testing.assert_array_equal(
        model.predict_proba(rows), deployed.predict_proba(rows)
    )


def test_in_a_search():
    search = GridSearchCV(
        su.UnlearnableKNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2
    )
    su.partial_unfit(search.fit(X, LABELS), X[:2], LABELS[:2])
    best = clone(search.best_estimator_).fit(X[2:], LABELS[2:])
    np.testing.assert_array_equal(search.predict(X), best.predict(X))


def test_a_row_is_taken_back_to_its_place():
    first, label = X[:1] + 0.25, LABELS[:1]  # which no other equals
    model = su.UnlearnableKNeighborsClassifier(3).fit(X, LABELS)
    before = model._fitted
    record = model.partial_fit(first, label).request_record_
    assert record.state_after != record.state_before
    record.undo(model, first, label)
    np.testing.assert_array_equal(model.kneighbors(X)[1], _asked(before, X))
    model.fit(np.vstack([first, X]), np.append(label, LABELS))
    before = model._fitted
    record = model.partial_unfit(first, label).request_record_
    record.undo(model, first, label)
    np.testing.assert_array_equal(model.kneighbors(X)[1], _asked(before, X))


def _asked(fitted, rows):
    return fitted.sklearn_estimator.kneighbors(rows)[1]


def test_targets_in_single_precision_are_answered_in_it():
    y = NUMBERS.astype(np.float32)
    model = su.UnlearnableKNeighborsRegressor(3).fit(X, y).partial_unfit(X[:2], y[:2])
    twin = KNeighborsRegressor(3).fit(X[2:], y[2:])
    assert model.predict(X).dtype == twin.predict(X).dtype == np.float32
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))
    model.replace_labels(X[2:3], y[2:3], [[0.1, 0.2]])
    targets = y.astype(float)
    targets[2] = 0.1, 0.2
    twin.fit(X[2:], targets[2:])
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))


def test_neighbours_of_the_rows_themselves():
    rows = rng.normal(size=(N, 4))
    model = su.UnlearnableKNeighborsClassifier(3).fit(rows, LABELS)
    model.partial_unfit(rows[:2], LABELS[:2])
    twin = KNeighborsClassifier(3).fit(rows[2:], LABELS[2:])
    for ours, theirs in zip(model.kneighbors(), twin.kneighbors(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    graph = model.kneighbors_graph(rows[:5], mode="distance")
    assert abs(graph - twin.kneighbors_graph(rows[:5], mode="distance")).max() == 0.0


@pytest.mark.parametrize("metric", ["precomputed", "nan_euclidean"])
def test_metrics_that_no_row_can_leave(metric):
    with pytest.raises(ValueError, match=f"metric='{metric}' is refused"):
        su.UnlearnableKNeighborsClassifier(metric=metric).fit(X, LABELS)
