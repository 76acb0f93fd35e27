"""Rows with two keys: requests name a subject, all its rows, or some of them."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import RowIdKindError, RowNotFoundError, UnlearningError
from sklearn_unlearn.records import hashes_of, record_key
from tests.cases import make
from tests.test_subjects import EXACT, IDS, MODELS, OTHERS, X_NEW, Y_NEW, N, X, Y
from tests.test_subjects import assert_refit as assert_same_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)
#: Three rows of each subject, of which the middle one has the number 0.
PAIRS = np.column_stack([IDS, np.array([5, 0, 7])[np.arange(N) // 24]])
MORE = {
    "kernel": su.UnlearnableKernelRidge(kernel="rbf", gamma=0.3),
    "process": su.UnlearnableGaussianProcessRegressor(alpha=0.1, optimizer=None),
    "retrained": su.RetrainedClassifier(DecisionTreeClassifier(random_state=0)),
    "grid": su.UnlearnableGridSearchCV(
        make("logistic", retain_data=True), {"C": [0.1, 1.0]}, cv=3
    ),
    "stacking": su.UnlearnableStackingClassifier(
        [("one", make("logistic", retain_data=True))],
        final_estimator=make("logistic", retain_data=True),
        cv=3,
    ),
}
FAMILIES = MODELS | OTHERS | {"retrained": MORE["retrained"]}
everywhere = pytest.mark.parametrize("name", FAMILIES)


def fitted(name, X=X, y=Y, ids=PAIRS):
    return clone((FAMILIES | MORE)[name]).fit(X, y, row_ids=ids)


def assert_refit(name, model, X, y, ids):
    """As in the tests of subjects, with pairs for names."""
    assert model.remaining_ids().tolist() == ids.tolist()
    pairs = np.array([*map(tuple, ids.tolist())], dtype="i8,i8")
    pairs.dtype.names = "subject", "row"
    if name in MODELS:
        assert_same_rows(name, model, X, y, pairs)


@everywhere
def test_rows_and_subjects_leave(name):
    model = fitted(name)
    model.partial_unfit(row_ids=[(103, 0), (104, 5)])
    left = np.delete(np.arange(N), [27, 4])
    assert_refit(name, model, X[left], Y[left], PAIRS[left])
    assert model.has([(103, 0), (103, 5)]).tolist() == [False, True]
    model = pickle.loads(pickle.dumps(model.partial_unfit(row_ids=103)))
    left = np.setdiff1d(left, [3, 51])
    assert_refit(name, model, X[left], Y[left], PAIRS[left])
    for ids, said in (
        ([(105, 0), (103, 0)], r"\[1\] is \(103, 0\), which names a row that has left"),
        ([(104, 0), (104, 5)], r"\[1\] is \(104, 5\), which names a row that has left"),
        ([103], r"\[0\] is 103, which names a row that has left"),
        ([(104, 6)], r"\[0\] is \(104, 6\), which names no row that was ever"),
        ([7], r"\[0\] is 7, which names no row that was ever"),
        ([(104, 0), (105, 0), (104, 0)], r"\[2\] is \(104, 0\), which was named bef"),
    ):
        with pytest.raises(RowNotFoundError, match=said):
            model.partial_unfit(row_ids=ids)
    for ids, said in (
        ([("104", 0)], r"row_ids\[:, 0\] must be int64 as at fit"),
        ([(104, "0")], r"row_ids\[:, 1\] must be int64 as at fit"),
        (["104"], "row_ids must be int64 as at fit"),
        ((104, "0"), r"got both. One row of a subject is \[\(subject, row\)\]"),
    ):
        with pytest.raises(RowIdKindError, match=said):
            model.partial_unfit(row_ids=ids)
    with pytest.raises(UnlearningError, match="shape"):
        model.partial_unfit(row_ids=[[104, 0, 1]])
    assert_refit(name, model, X[left], Y[left], PAIRS[left])
    model.partial_unfit(row_ids=[(104, 0), (9, 9), (103, 0)], on_unknown="skip")
    left = np.setdiff1d(left, [28])
    assert_refit(name, model, X[left], Y[left], PAIRS[left])


@everywhere
def test_single_rows_are_corrected(name):
    model, edited, targets = fitted(name), X.copy(), Y.copy()
    rows = [33, 4, 57]
    named = [tuple(pair) for pair in PAIRS[rows].tolist()]
    model.replace_features(X_new=X_NEW[:3], row_ids=named)
    edited[rows] = X_NEW[:3]
    assert_refit(name, model, edited, targets, PAIRS)
    model.replace_labels(y_new=Y_NEW[:2], row_ids=named[1:])
    targets[rows[1:]] = Y_NEW[:2]
    assert_refit(name, model, edited, targets, PAIRS)
    # and those of a subject, in the order in which they came
    model.replace_features(X_new=X_NEW[:3], row_ids=105)
    edited[[5, 29, 53]] = X_NEW[:3]
    assert_refit(name, model, edited, targets, PAIRS)
    assert model.rows_of([(105, 0), (104, 7)]).tolist() == [29, 52]


@everywhere
def test_rows_that_come_have_names_of_their_own(name):
    model = fitted(name, X[:70], Y[:70], PAIRS[:70])
    before = model.remaining_ids()
    for ids, said in (
        ([(122, 7), (122, 5)], r"\[1\] is \(122, 5\), which names a row that is in"),
        ([(500, 1), (500, 1)], r"\[1\] is \(500, 1\), which names another row too"),
        ([122, 500], "pass both of rows that come"),
        (122, "pass both of rows that come"),
    ):
        with pytest.raises(UnlearningError, match=said):
            model.partial_fit(X[70:], Y[70:], row_ids=ids)
    np.testing.assert_array_equal(model.remaining_ids(), before)
    model.partial_fit(X[70:], Y[70:], row_ids=PAIRS[70:])
    assert_refit(name, model, X, Y, PAIRS)
    with pytest.raises(ValueError, match="which names another row too"):
        fitted(name, ids=np.column_stack([IDS, IDS]))


@everywhere
def test_equal_rows_are_told_apart(name):
    twins, targets = X.copy(), Y.copy()
    twins[[5, 29]], targets[[5, 29]] = X[6], Y[6]
    model = fitted(name, twins, targets)
    row = twins[[6]], targets[[6]]
    with pytest.raises(UnlearningError, match="different names"):
        model.partial_unfit(*row)
    model.partial_unfit(*row, row_ids=[(105, 0)])
    left = np.delete(np.arange(N), 29)
    assert_refit(name, model, twins[left], targets[left], PAIRS[left])
    with pytest.raises(RowNotFoundError, match="Row 0 of X"):
        model.partial_unfit(*row, row_ids=[(105, 7)])


@pytest.mark.parametrize("name", MORE)
def test_models_of_models_and_of_kernels(name):
    model = fitted(name)
    model.partial_unfit(row_ids=[(103, 0)]).partial_unfit(row_ids=[101, 107])
    left = np.delete(np.arange(N), [27, 1, 25, 49, 7, 31, 55])
    assert model.remaining_ids().tolist() == PAIRS[left].tolist()
    with pytest.raises(RowNotFoundError, match=r"\(103, 0\), .* has left"):
        model.partial_unfit(row_ids=[(103, 0)])
    if name in ("grid", "stacking"):  # the folds of a refit are others
        return
    refit = fitted(name, X[left], Y[left], PAIRS[left])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "tree", "sharded", "pipeline"])
def test_keys_of_any_kind_in_any_container(name):
    subjects, rows = [f"p{each}" for each in IDS], PAIRS[:, 1]
    pairs = list(zip(subjects, rows.tolist(), strict=True))
    given = [
        pairs,
        np.array(pairs, dtype=object),
        np.array(pairs, dtype=[("a", "U9"), ("b", int)]),
    ]
    expected = fitted(name, ids=pairs).partial_unfit(row_ids=[("p103", 0)])
    for ids in given:
        model = fitted(name, ids=ids).partial_unfit(row_ids=ids[27:28])
        np.testing.assert_array_equal(model.remaining_ids(), expected.remaining_ids())
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.remaining_ids()[0].tolist() == ["p100", 5]
    again = fitted(name, np.delete(X, 27, 0), np.delete(Y, 27), model.remaining_ids())
    again.partial_unfit(row_ids="p104")
    assert not again.has(["p104"]).any()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_keys(library):
    frames = pytest.importorskip(library)
    subjects = [f"p{each}" for each in IDS]
    ids = frames.DataFrame({"who": subjects, "visit": PAIRS[:, 1]})
    given = [ids]
    if library == "pandas":
        given.append(frames.MultiIndex.from_frame(ids))
    for names in given:
        model = fitted("linear", ids=names)
        model.partial_unfit(row_ids=names[27:28]).partial_unfit(row_ids=names[1:3])
        left = np.delete(np.arange(N), [27, 1, 2])
        assert model.remaining_ids()[:, 1].tolist() == PAIRS[left, 1].tolist()


def test_one_key_at_fit_takes_no_two():
    model = fitted("linear", ids=IDS)
    with pytest.raises(RowIdKindError, match=r"two columns.* had one at fit"):
        model.partial_unfit(row_ids=[(103, 0)])


def test_records_hash_names_of_rows():
    model = fitted("linear")
    record = model.partial_unfit(row_ids=[(103, 0), (104, 0)]).request_record_
    assert record.row_ids == hashes_of([(103, 0), (104, 0)], record_key(model))
    assert record.n_rows_out == 2
    model.carry_out(
        [
            ("partial_unfit", {"row_ids": [(105, 0)]}),
            ("replace_labels", {"row_ids": [(105, 5)], "y_new": [1]}),
            ("partial_unfit", {"row_ids": [(105, 5)]}),
        ]
    )
    assert model.has([(105, 0), (105, 5), (105, 7)]).tolist() == [False, False, True]


def test_what_is_drawn_of_a_row_is_drawn_of_its_name():
    # corrected rows stay in their shard, and in their trees: those of a refit
    for name in ("sharded", "forest"):
        assert name in EXACT
        model = fitted(name).replace_features(X_new=X_NEW[:1], row_ids=[(103, 0)])
        edited = X.copy()
        edited[27] = X_NEW[0]
        refit = fitted(name, edited[::-1], Y[::-1], PAIRS[::-1])
        np.testing.assert_array_equal(model.predict_proba(X), refit.predict_proba(X))
    before = fitted("sharded")
    shards = before.estimators_
    before.partial_unfit(row_ids=111)
    same = [a is b for a, b in zip(shards, before.estimators_, strict=True)]
    assert sum(same) == len(same) - 1


def test_both_keys_are_routed():
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), make("logistic", retain_data=True)
    )
    from sklearn.model_selection import GridSearchCV

    with config_context(enable_metadata_routing=True):
        model = model.set_fit_request(row_ids=True)
        grid = {"unlearnablelogisticregression__C": [0.1, 1.0]}
        search = GridSearchCV(model, grid, cv=2).fit(X, Y, row_ids=PAIRS)
        best = search.best_estimator_.partial_unfit(row_ids=[(103, 0)])
    assert not best.has([(103, 0)]).any()


def test_shards_of_plain_models():
    model = su.ShardedClassifier(LogisticRegression(), n_shards=2, random_state=1)
    model.fit(X, Y, row_ids=PAIRS).forget_features([1])
    model.partial_unfit(row_ids=[(103, 0)]).partial_unfit(row_ids=104)
    assert model.has([103, 104]).tolist() == [True, False]
