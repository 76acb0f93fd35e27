"""Subjects: several rows of one identifier, which leave, change and come together."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.preprocessing import Normalizer

import sklearn_unlearn as su
from sklearn_unlearn.baselines import FineTuned
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import (
    IncompleteSubjectError,
    RowNotFoundError,
    UnlearningError,
)
from tests.cases import make

N = 72
rng = np.random.default_rng(5)
X = rng.normal(size=(N, 4))
Y = (X @ [1.0, -1.0, 0.5, 0.0] + rng.normal(size=N) > 0).astype(int)
#: 24 subjects of three rows each, none of which follow one another.
IDS = np.arange(N) % 24 + 100
X_NEW, Y_NEW = rng.normal(size=(6, 4)), np.array([0, 1, 1, 0, 1, 0])

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


def logistic(**params):
    return make("logistic", retain_data=True, **params)


def sharded(estimator, **params):
    return su.ShardedClassifier(estimator, random_state=0, **params)


SGD = SGDClassifier(loss="log_loss", random_state=0)
MODELS = {
    "linear": logistic(),
    "balanced": logistic(class_weight="balanced"),
    "certified": logistic(
        certification=su.GaussianCertification(
            epsilon=1.0, delta=1e-3, sigma=1.0, random_state=0
        )
    ),
    "pipeline": su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), logistic()
    ),
    "lossy pipeline": su.make_unlearnable_pipeline(
        su.UnlearnableMinMaxScaler(), Normalizer(), logistic()
    ),
    "sums": su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableGaussianNB(retain_data=True)
    ),
    "tree": su.UnlearnableDecisionTreeClassifier(random_state=0, max_depth=4),
    "neighbours": su.UnlearnableKNeighborsClassifier(3, weights="distance"),
    "support vectors": su.UnlearnableSVC(gamma=0.3, tol=1e-10),
    "neighbours pipeline": su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableKNeighborsClassifier(3)
    ),
    "forest": su.UnlearnableRandomForestClassifier(n_estimators=4, random_state=0),
    "sharded": sharded(LogisticRegression(), n_shards=3),
    "sliced": sharded(SGD, n_shards=2, n_slices=2),
    "one shard": sharded(LogisticRegression(), n_shards=1),
    "sharded pipeline": su.make_unlearnable_pipeline(
        Normalizer(), sharded(LogisticRegression(), n_shards=3)
    ),
}
#: Those that become what a fit gives them, to the last bit.
EXACT = {
    "neighbours",
    "tree",
    "forest",
    "sharded",
    "sliced",
    "one shard",
    "sharded pipeline",
}
EXACT |= {"neighbours", "neighbours pipeline"}
#: Those that become something else than a refit, and know whom they changed.
OTHERS = {
    "network": su.UnlearnableMLPClassifier(
        (3,), solver="lbfgs", alpha=1.0, max_iter=500, retain_data=True, random_state=0
    ),
    "fine-tuned": FineTuned(LogisticRegression(), random_state=0),
}
everywhere = pytest.mark.parametrize("name", MODELS | OTHERS)


def fitted(name, X=X, y=Y, ids=IDS):
    return clone((MODELS | OTHERS)[name]).fit(X, y, row_ids=ids)


def last_of(model):
    return model[-1] if hasattr(model, "steps") else model


def outcome(name, model):
    if name == "certified":  # without noise
        return model._fitted.model.state.theta
    if not hasattr(model, "predict_proba"):
        return model.decision_function(X)
    return model.predict_proba(X)


def assert_refit(name, model, X, y, ids):
    """The model is that of these rows, or at least knows these and no others."""
    kept = last_of(model)._fitted.model.retained
    alive = kept.alive
    assert sorted(kept.ids_at(alive).tolist()) == sorted(ids.tolist())
    if name in MODELS:
        refit = fitted(name, X, y, ids)
        compare = (
            np.testing.assert_array_equal
            if name in EXACT
            else lambda *each: np.testing.assert_allclose(*each, atol=1e-6)
        )
        compare(outcome(name, model), outcome(name, refit))


@everywhere
def test_all_rows_of_a_subject_leave(name):
    model = fitted(name)
    if name in EXACT:  # in any order
        shuffled = rng.permutation(N)
        if name != "one shard":
            other = fitted(name, X[shuffled], Y[shuffled], IDS[shuffled])
            np.testing.assert_array_equal(outcome(name, model), outcome(name, other))
    model = pickle.loads(pickle.dumps(model.partial_unfit(row_ids=[107, 101])))
    left = ~np.isin(IDS, [107, 101])
    assert_refit(name, model, X[left], Y[left], IDS[left])
    with pytest.raises(RowNotFoundError, match=r"\[1\] is 101, .* left the model"):
        model.partial_unfit(row_ids=[103, 101])
    with pytest.raises(RowNotFoundError, match=r"\[0\] is 7, .* ever in the model"):
        model.partial_unfit(row_ids=7)
    with pytest.raises(RowNotFoundError, match=r"\[1\] is 103, which was named before"):
        model.partial_unfit(row_ids=[103, 103])
    with pytest.raises(ValueError, match="row_ids must be int64 as at fit"):
        model.partial_unfit(row_ids="103")
    assert_refit(name, model, X[left], Y[left], IDS[left])
    model.partial_unfit(row_ids=103)  # a single one
    left = ~np.isin(IDS, [107, 101, 103])
    assert_refit(name, model, X[left], Y[left], IDS[left])


@everywhere
def test_rows_are_looked_for_among_those_of_their_subject(name):
    twins = X.copy()
    twins[[5, 29]], targets = X[[6, 6]], Y.copy()
    targets[[5, 29]] = Y[6]
    model = fitted(name, twins, targets)
    with pytest.raises(UnlearningError, match="different names"):
        model.partial_unfit(twins[[6]], targets[[6]])
    new = X_NEW[:1], Y_NEW[:1]
    model.replace_features(twins[[6]], targets[[6]], new[0], row_ids=105)  # one of two
    twins[5] = new[0]
    assert_refit(name, model, twins, targets, IDS)
    with pytest.raises(RowNotFoundError, match="more often than it is"):
        model.replace_labels(twins[[6, 6]], targets[[6, 6]], [0, 1], row_ids=105)
    with pytest.raises(RowNotFoundError, match="Row 1 of X"):
        model.partial_unfit(X[[7, 8]], Y[[7, 8]], row_ids=[107, 107])
    rows, left = [29, 53, 5], np.arange(N)
    # a subject does not stay by half
    for some, ids, said in (
        (rows[:1], 105, "names 105, of which the model has 3 rows: 2 of them are mis"),
        (rows[:2], [105, 105], "names 105, of which the model has 3 rows: 1 of them"),
        ([*rows, 6], [105] * 3 + [106], "names 106, .* 3 rows: 2 of them are missing"),
    ):
        with pytest.raises(IncompleteSubjectError, match=said):
            model.partial_unfit(twins[some], targets[some], row_ids=ids)
    assert_refit(name, model, twins, targets, IDS)
    model.partial_unfit(twins[rows], targets[rows], row_ids=IDS[rows])
    left = np.setdiff1d(left, rows)
    assert_refit(name, model, twins[left], targets[left], IDS[left])
    with pytest.raises(RowNotFoundError, match="105, which names a row that has left"):
        model.partial_unfit(row_ids=105)
    model.partial_unfit(twins[[54]], targets[[54]]).partial_unfit(row_ids=106)
    left = np.setdiff1d(left, [6, 30, 54])
    assert_refit(name, model, twins[left], targets[left], IDS[left])


@everywhere
def test_rows_of_subjects_are_corrected_in_the_order_in_which_they_came(name):
    model = fitted(name)
    # the second row of the first one, which keeps its place
    model.replace_features(X[[33]], Y[[33]], X_NEW[[0]], row_ids=109)
    model = pickle.loads(pickle.dumps(model))
    edited, targets = X.copy(), Y.copy()
    rows = [9, 33, 57, 4, 28, 52]
    for said, verb, asked in (
        (
            "X_new has 2 rows, expected 6: .* so that 4 are missing",
            "replace_features",
            {"X_new": X_NEW[:2], "row_ids": [109, 104]},
        ),
        (
            "y_new has 1 rows, expected 3: .* so that 2 are missing",
            "replace_labels",
            {"y_new": [1], "row_ids": [109]},
        ),
    ):
        with pytest.raises(IncompleteSubjectError, match=said):
            getattr(model, verb)(**asked)
    with pytest.raises(ValueError, match="X_new has 4 rows, expected 3: one for each"):
        model.replace_features(X_new=X_NEW[:4], row_ids=[109])
    model.replace_labels(y_new=Y_NEW, row_ids=[109, 104])
    targets[rows] = Y_NEW
    edited[33] = X_NEW[0]
    assert_refit(name, model, edited, targets, IDS)
    model.replace_features(X_new=X_NEW, row_ids=[109, 104])
    edited[rows] = X_NEW
    assert_refit(name, model, edited, targets, IDS)
    model.partial_unfit(row_ids=[104])
    left = np.setdiff1d(np.arange(N), rows[3:])
    assert_refit(name, model, edited[left], targets[left], IDS[left])


@everywhere
def test_a_subject_gets_further_rows(name):
    model = fitted(name, X[:70], Y[:70], IDS[:70])
    model.partial_fit(X[70:71], Y[70:71], row_ids=IDS[70:71])
    model.partial_fit(X[71:], Y[71:], row_ids=int(IDS[71]))
    assert_refit(name, model, X, Y, IDS)
    new = np.append(IDS, [500, 500])  # one of its own
    more, targets = np.vstack([X, X_NEW[:2]]), np.append(Y, Y_NEW[:2])
    model.partial_fit(X_NEW[:2], Y_NEW[:2], row_ids=500)
    assert_refit(name, model, more, targets, new)
    model.partial_unfit(X_NEW[:1], Y_NEW[:1])
    left = np.delete(np.arange(N + 2), N)
    assert_refit(name, model, more[left], targets[left], new[left])
    model.partial_unfit(row_ids=IDS[70:])
    left = np.setdiff1d(left, np.flatnonzero(np.isin(new, IDS[70:])))
    assert_refit(name, model, more[left], targets[left], new[left])


@pytest.mark.parametrize("name", ["linear", "pipeline", "forest", "sliced", "network"])
def test_subjects_with_texts_for_names_after_a_column_left(name):
    names = np.array([f"subject {each}" for each in IDS])
    model = fitted(name, ids=names).partial_unfit(row_ids="subject 102")
    model.forget_features([1]).partial_unfit(row_ids=["subject 100"])
    kept = last_of(model)._fitted.model.retained
    left = ~np.isin(IDS, [100, 102])
    assert kept.ids_at(kept.alive).tolist() == names[left].tolist()
    if name in MODELS:
        refit = fitted(name, X[left], Y[left], names[left]).forget_features([1])
        np.testing.assert_allclose(
            model.predict_proba(X), refit.predict_proba(X), atol=1e-6
        )


@everywhere
def test_which_names_are_there_and_which_rows_have_them(name):
    model = fitted(name)
    assert model.has([101, 7, 101]).tolist() == [True, False, True]
    np.testing.assert_array_equal(model.remaining_ids(), IDS)
    assert model.rows_of([105, 101]).tolist() == [5, 29, 53, 1, 25, 49]
    model.replace_features(X[[29]], Y[[29]], X_NEW[[0]], row_ids=105)
    model.partial_unfit(X[[53]], Y[[53]]).partial_unfit(row_ids=101)
    model.partial_fit(X_NEW[1:3], Y_NEW[1:3], row_ids=[105, 7])
    left = np.append(np.delete(IDS, [1, 25, 49, 53]), [105, 7])
    for each in (model, pickle.loads(pickle.dumps(model))):
        assert each.has([101, 7, 105]).tolist() == [False, True, True]
        np.testing.assert_array_equal(each.remaining_ids(), left)
        assert each.rows_of(105).tolist() == np.flatnonzero(left == 105).tolist()
        with pytest.raises(RowNotFoundError, match=r"101, .* left the model"):
            each.rows_of([105, 101])
        with pytest.raises(RowNotFoundError, match="named before"):
            each.rows_of([105, 105])
        with pytest.raises(ValueError, match="row_ids must be int64 as at fit"):
            each.has(["105"])


def test_questions_about_names_where_there_are_none():
    for model, said in [
        (clone(MODELS["linear"]).fit(X, Y), "fitted with row_ids"),
        (make("logistic").fit(X, Y), "needs retain_data=True"),
        (
            su.make_unlearnable_pipeline(su.UnlearnableGaussianNB()).fit(X, Y),
            "needs retain_data=True",
        ),
    ]:
        for ask in (lambda m: m.has(1), lambda m: m.rows_of(1)):
            with pytest.raises(UnlearningError, match=said):
                ask(model)
        with pytest.raises(UnlearningError, match=said):
            model.remaining_ids()
    assert not hasattr(su.UnlearnableStandardScaler(), "has")
    with pytest.raises(NotFittedError):
        logistic().has(1)


def test_rows_of_a_row_in_parts_are_one():
    ids = np.arange(N)
    model = logistic().fit(X, Y, sample_weight=2.0, row_ids=ids)
    model.replace_features(X[[3]], Y[[3]], X_NEW[:1], sample_weight=0.5, row_ids=3)
    np.testing.assert_array_equal(model.remaining_ids(), ids)
    assert model.rows_of([4, 3]).tolist() == [4, 3]


@everywhere
def test_unknown_names_are_skipped(name):
    model = fitted(name).partial_unfit(row_ids=103)
    left = IDS != 103
    before = outcome(name, model)
    for row_ids in (103, [103, 7]):
        model.partial_unfit(row_ids=row_ids, on_unknown="skip")
        model.partial_unfit(X[:2], Y[:2], row_ids=[103, 7], on_unknown="skip")
    np.testing.assert_array_equal(outcome(name, model), before)  # nothing happened
    for bad, said in [({"on_unknown": "ignore"}, "'raise' or 'skip'"), ({}, "103, ")]:
        with pytest.raises(UnlearningError, match=said):
            model.partial_unfit(row_ids=[103, 104], **bad)
    with pytest.raises(RowNotFoundError, match=r"\[2\] is 104, which was named before"):
        model.partial_unfit(row_ids=[104, 103, 104], on_unknown="skip")
    with pytest.raises(RowNotFoundError, match="Row 0 of X"):
        model.partial_unfit(X[:2], Y[:2], row_ids=[108, 103], on_unknown="skip")
    with pytest.raises(ValueError, match="pass row_ids"):
        model.partial_unfit(X[:2], Y[:2], on_unknown="skip")
    np.testing.assert_array_equal(outcome(name, model), before)
    model.partial_unfit(row_ids=[7, 104, 103], on_unknown="skip")
    rows = [3, 5, 29, 53]
    su.partial_unfit(model, X[rows], Y[rows], row_ids=IDS[rows], on_unknown="skip")
    left = np.setdiff1d(np.flatnonzero(left & (IDS != 104)), rows)
    assert_refit(name, model, X[left], Y[left], IDS[left])


@everywhere
def test_corrections_of_unknown_names_are_skipped(name):
    model = fitted(name).partial_unfit(row_ids=103)
    rows = np.flatnonzero(IDS == 107)
    new, wrong = X_NEW[:3], np.full((1, 4), 9.0)
    with pytest.raises(RowNotFoundError, match=r"row_ids\[1\] is 103"):
        model.replace_labels(y_new=[0, 1, 1, 0], row_ids=[107, 103])
    # one row stands for each name that is skipped
    asked = {"row_ids": [7, 107, 103], "on_unknown": "skip"}
    model.replace_features(X_new=np.vstack([wrong, new, wrong]), **asked)
    model.replace_labels(y_new=[0, *(1 - Y[rows]), 1], **asked)
    # and of several with their values, those of its own
    asked = {"row_ids": [103, 107, 7], "on_unknown": "skip"}
    three = np.vstack([wrong, new[:1], wrong])
    labels = np.array([0, 1 - Y[rows[0]], 0])
    model.replace_features(
        three, labels, np.vstack([wrong, X[rows[:1]], wrong]), **asked
    )
    edited, y = X.copy(), Y.copy()
    edited[rows[1:]], y[rows] = new[1:], 1 - Y[rows]
    left = IDS != 103
    assert_refit(name, model, edited[left], y[left], IDS[left])


def test_messages_count_rows_as_the_request_does():
    model = fitted("linear").partial_unfit(row_ids=103)
    ids, rows = [103, 104, 105], [0, 4, 4]
    with pytest.raises(RowNotFoundError, match=r"Row 2 of X.*row_ids\[2\]"):
        model.partial_unfit(X[rows], Y[rows], row_ids=ids, on_unknown="skip")
    with pytest.raises(RowNotFoundError, match="Row 1 of X"):
        model.partial_unfit(X_NEW[:2], Y_NEW[:2], sample_weight=[0.0, 1.0])
    with pytest.raises(RowNotFoundError, match=r"row_ids\[1\] is 103"):
        model.partial_unfit(row_ids=[104, 103], sample_weight=[0.0, 1.0])


def test_what_knows_no_names_skips_none():
    scaler = su.UnlearnableStandardScaler().fit(X)
    with pytest.raises(TypeError, match="takes no on_unknown"):
        scaler.partial_unfit(X[:1], on_unknown="skip")
    scaler.partial_unfit(X[:1], on_unknown="raise")


def test_weights_are_those_of_all_rows_of_a_subject():
    weight = np.where(np.arange(N) % 24 == 3, [2.0, 3.0, 4.0] @ np.eye(3, N), 1.0)
    weight[[3, 27, 51]] = 2.0, 3.0, 4.0
    for front in ([], [Normalizer()]):
        model = (
            su.make_unlearnable_pipeline(*front, logistic()) if front else logistic()
        )
        model.fit(X, Y, sample_weight=weight, row_ids=IDS)
        model.partial_unfit(row_ids=103, sample_weight=[1.0, 0.0, 4.0])
        left = weight.copy()
        left[[3, 51]] = 1.0, 0.0
        assert model.gradient_residual(X, Y, left) < 1e-7
        model.partial_unfit(row_ids=103, sample_weight=0.0)
        assert model.gradient_residual(X, Y, left) < 1e-7
        with pytest.raises(ValueError, match="sample_weight"):
            model.partial_unfit(row_ids=103, sample_weight=[1.0, 0.0, 4.0])


def test_questions_about_a_subject_are_about_each_of_its_rows():
    model = fitted("certified")
    rows = [8, 32, 56]
    cost = model.removal_cost(row_ids=108)
    expected = model.removal_cost(X[rows], Y[rows])
    np.testing.assert_array_equal(cost.leverage, expected.leverage)
    assert cost.distance == expected.distance
    np.testing.assert_array_equal(
        model.influence(row_ids=[108]).coef, model.influence(X[rows], Y[rows]).coef
    )


@pytest.mark.parametrize("name", ["tree", "forest", "sharded", "linear"])
def test_a_row_that_changed_in_part_is_one_of_its_subject(name):
    weight = np.full(N, 2.0)
    model = clone(MODELS[name]).fit(X, Y, sample_weight=weight, row_ids=np.arange(N))
    model.replace_features(X[[4]], Y[[4]], X_NEW[:1], sample_weight=0.5)
    model.partial_unfit(X[[4]], Y[[4]], row_ids=[4])
    edited, weight[4] = X.copy(), 0.5
    edited[4] = X_NEW[0]
    refit = clone(MODELS[name]).fit(
        edited, Y, sample_weight=weight, row_ids=np.arange(N)
    )
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(X), atol=1e-6
    )


def test_a_subject_is_in_one_shard():
    model = fitted("sharded")
    before = model.estimators_
    model.partial_unfit(row_ids=[111])
    changed = sum(a is not b for a, b in zip(before, model.estimators_, strict=True))
    assert changed == 1


# Bookkeeping ------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_rows_of_each_name_after_any_requests(data):
    """Against lists of names and values, in the order in which rows came."""
    names = st.integers(0, 3)
    ids = data.draw(st.lists(names, min_size=1, max_size=6))
    table = [(name, float(row)) for row, name in enumerate(ids)]
    gone, fresh = set(), len(ids)

    def rows_of(values):
        values = np.array(values)
        return Rows(values[:, None], np.zeros((values.size, 1)), np.ones(values.size))

    first = rows_of([value for _, value in table])
    kept = RetainedRows.of(first, np.array(ids), np.zeros(1, dtype=bool))
    for _ in range(data.draw(st.integers(0, 6))):
        kind = data.draw(st.sampled_from(["out", "into", "change", "pickle"]))
        name = data.draw(names)
        mine = [at for at, (each, _) in enumerate(table) if each == name]
        if kind == "into":
            kept = kept.with_rows(rows_of([float(fresh)]), np.array([name]))
            table.append((name, float(fresh)))
            fresh += 1
        elif kind == "pickle" and table:
            kept = pickle.loads(pickle.dumps(kept))
        elif kind in ("out", "change") and not mine:
            which = "has left" if name in gone else "ever in"
            with pytest.raises(RowNotFoundError, match=which):
                kept.locate_ids(np.array([name]))
        elif kind == "out":
            _, positions = kept.locate_ids(np.array([name]))
            held = kept.take(positions)
            assert held.X[:, 0].tolist() == [table[at][1] for at in mine]
            kept = kept.without(positions, held.weight)
            gone.add(name)
            table = [row for row in table if row[0] != name]
        elif kind == "change":
            at = data.draw(st.sampled_from(mine))
            asked = rows_of([table[at][1]])
            positions = kept.locate(asked, ids=np.array([name]))
            own = kept.ids_at(positions), None, kept.numbers_at(positions)
            kept = kept.without(positions, np.ones(1))
            kept = kept.with_rows(rows_of([float(fresh)]), *own)
            table[at] = (name, float(fresh))
            fresh += 1
        assert kept.holds(np.arange(4)).tolist() == [
            any(each == name for each, _ in table) for name in range(4)
        ]
        if table:
            known = np.unique([each for each, _ in table])
            owner, positions = kept.locate_ids(known)
            held = [*zip(known[owner], kept.take(positions).X[:, 0], strict=True)]
            assert held == sorted(table, key=lambda row: row[0])
