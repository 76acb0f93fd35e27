"""Errors say what differs: what became of a name, which column, and its type."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import Normalizer

import sklearn_unlearn as su
from sklearn_unlearn.baselines import FineTuned
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows import retained as retained_module
from sklearn_unlearn.core.training_rows.departed import Departed
from sklearn_unlearn.core.training_rows.nearest import least_difference
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import RowNotFoundError
from sklearn_unlearn.utils.traces import leaves, traces
from tests.cases import make

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(60, 4)), np.repeat(["a", "b", "c"], 20)
NAMES = np.array([f"person {i:03}" for i in range(60)])


#: Of two classes, for what knows no more.
TWO = np.where(Y == "c", "b", Y)


def targets(name):
    return TWO if name == "fine-tuned" else Y


def logistic(**params):
    return make("logistic", retain_data=True, **params)


def pipeline(*front, last=None):
    return su.make_unlearnable_pipeline(*front, logistic() if last is None else last)


SHARDED = su.ShardedClassifier(
    LogisticRegression(max_iter=1000), n_shards=2, random_state=0
)
MODELS = {
    "linear": logistic(),
    "balanced": logistic(class_weight="balanced"),
    "pipeline": pipeline(su.UnlearnableStandardScaler()),
    "nested": pipeline(pipeline(su.UnlearnableMinMaxScaler(), last=Normalizer())),
    "sharded": SHARDED,
    "one shard": clone(SHARDED).set_params(n_shards=1),
    "sharded pipeline": pipeline(Normalizer(), last=SHARDED),
    "neighbours": su.UnlearnableKNeighborsClassifier(),
    "support vectors": su.UnlearnableSVC(gamma=0.3),
    "neighbours pipeline": pipeline(
        su.UnlearnableStandardScaler(), last=su.UnlearnableKNeighborsClassifier()
    ),
    "forest": su.UnlearnableRandomForestClassifier(n_estimators=2, random_state=0),
    "fine-tuned": FineTuned(LogisticRegression(max_iter=1000), random_state=0),
    "network": su.UnlearnableMLPClassifier(
        (2,), solver="lbfgs", alpha=1.0, max_iter=5000, retain_data=True, random_state=0
    ),
}
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


def refusal(model, *rows, **named):
    """What a model says of rows that it does not find."""
    with pytest.raises(RowNotFoundError) as caught:
        model.partial_unfit(*rows, **named)
    return str(caught.value)


def changed(rows, place, by=1.0):
    """Rows with another value in a column."""
    rows = rows.copy()
    rows[:, place] += by
    return rows


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["text", "number"])
def test_what_became_of_a_name(name, kind):
    names = NAMES if kind == "text" else np.arange(60) + 123456000
    unknown = np.array(["nobody"]) if kind == "text" else names[:1] - 1
    y = targets(name)
    model = clone(MODELS[name]).fit(X, y, row_ids=names)
    assert "row_ids[1] is" in refusal(model, row_ids=[names[2], unknown[0]])
    assert "no row that was ever in the model" in refusal(model, row_ids=unknown)
    model.partial_unfit(row_ids=names[[7, 30]])
    model.replace_labels(y_new=["b"], row_ids=names[[8]])
    model.replace_features(X_new=X[[9]] + 1.0, row_ids=names[[9]])
    loaded = pickle.loads(pickle.dumps(model))
    again = pickle.loads(pickle.dumps(loaded))
    for each in (model, loaded, again):
        assert "a row that has left the model" in refusal(each, row_ids=names[[7]])
        assert "was ever in" in refusal(each, row_ids=unknown)
    assert not traces(again, {"gone": names[7].item()})  # in clear
    again.partial_unfit(row_ids=names[[8, 9]])
    assert "has left" in refusal(again, row_ids=names[[9]])
    again.partial_fit(X[[7]], y[[7]], row_ids=names[[7]])
    again.partial_unfit(row_ids=names[[7]])
    assert "has left" in refusal(again, row_ids=names[[7]])


@pytest.mark.parametrize("name", ["linear", "pipeline", "sharded", "forest"])
def test_names_are_known_after_a_class_or_a_column_left(name):
    model = clone(MODELS[name]).fit(X, Y, row_ids=NAMES)
    model.partial_unfit(row_ids=NAMES[:20])  # of one class, a refit
    assert model.classes_.tolist() == ["b", "c"]
    model.forget_features([0])
    model = pickle.loads(pickle.dumps(model))
    assert "has left" in refusal(model, row_ids=NAMES[[5]])
    assert "was ever in" in refusal(model, row_ids=["nobody"])


def test_names_are_known_where_weights_are_written_afresh(monkeypatch):
    monkeypatch.setattr(retained_module, "_MAX_CHANGED", 2)
    weight = np.where(np.arange(60) == 11, 0.0, 1.0)
    model = logistic().fit(X, Y, sample_weight=weight, row_ids=NAMES)
    assert "was ever in" in refusal(model, row_ids=NAMES[[11]])  # weight zero is none
    model.partial_unfit(row_ids=NAMES[:5])
    assert not model._fitted.model.retained.changed
    assert "has left" in refusal(model, row_ids=NAMES[[4]])
    assert "was ever in" in refusal(model, row_ids=NAMES[[11]])


def test_names_that_left_are_hashed_under_a_key_of_the_model():
    one, other = (Departed().plus(NAMES[:3]) for _ in range(2))
    assert NAMES[1] in one
    assert NAMES[4] not in one
    assert not np.intersect1d(one.codes, other.codes).size
    assert str(one.hashed.key) not in repr(one)
    assert str(one.codes[0]) not in repr(one)
    assert one.plus(NAMES[:0]) is one
    numbers = one.plus(np.array([5], dtype=np.uint64))
    assert 5 in numbers
    assert NAMES[2] in numbers
    plain = logistic().fit(X, Y)
    assert plain._fitted.model.retained.departed is None
    named = logistic().fit(X, Y, row_ids=NAMES).partial_unfit(row_ids=NAMES[:1])
    assert pickle.dumps(named) == pickle.dumps(named)
    kept = [leaf for _, leaf in leaves(named) if isinstance(leaf, np.ndarray)]
    assert all(
        "person 000" not in leaf.astype(str) for leaf in kept if leaf.dtype.kind == "U"
    )


# shards behind a step know what that makes of rows: all columns change with one
@pytest.mark.parametrize(
    "name", [name for name in MODELS if name != "sharded pipeline"]
)
def test_the_column_in_which_the_closest_row_differs(name):
    y = targets(name)
    model = clone(MODELS[name]).fit(X, y, row_ids=NAMES)
    told = refusal(model, np.vstack([X[:1], changed(X[[3]], 2)]), y[[0, 3]])
    assert told.startswith("Row 1 of X, with its y, is not")
    assert told.endswith("The closest one differs in column 2 (float64) alone.")
    assert refusal(model, X[:1], np.setdiff1d(y, y[:1])[:1]).endswith(
        "differs in y alone."
    )
    told = refusal(model, changed(changed(X[:1], 1), 3), y[:1])
    assert told.endswith("differs in the columns 1 (float64) and 3 (float64).")
    assert "closest" not in refusal(model, X[:1] + 1.0, y[:1])  # nobody in particular
    told = refusal(model, changed(X[[3]], 2), y[[3]], row_ids=NAMES[[4]])
    assert "The one of row_ids[0] differs in the columns 0 (float64), " in told
    assert told.endswith(" and 1 more.")
    value = repr(float(X[3, 2]))
    assert value not in told
    if name != "fine-tuned":
        model.forget_features([1])
        told = refusal(model, changed(X[[3]], 2), y[[3]])
        assert told.endswith("differs in column 2 (float64) alone.")


@pytest.mark.parametrize("name", MODELS)
def test_rounding_is_told_with_both_dtypes(name):
    y = targets(name)
    model = clone(MODELS[name]).fit(X.astype(np.float32), y)
    told = refusal(model, X[:1], y[:1])
    assert "0 (float64 in X, float32 in the model)" in told
    assert told.endswith("1 more, by rounding: pass values with all their digits.")
    model = clone(MODELS[name]).fit(X, y)
    told = refusal(model, X[:1].round(7).tolist(), y[:1])
    assert "differs in the columns 0 (float64), 1 (float64), 2 (float64)" in told
    assert "by rounding" in told


@pytest.mark.parametrize(
    "model", [logistic(), pipeline(su.UnlearnableMaxAbsScaler())], ids=["one", "steps"]
)
def test_of_sparse_rows(model):
    sparse = np.where(X > 0.5, X, 0.0)
    model = clone(model).fit(sp.csr_array(sparse), Y)
    told = refusal(model, sp.csr_array(changed(sparse[[3]], 2)), Y[[3]])
    assert told.endswith("differs in column 2 (float64) alone.")
    full = clone(model).fit(sp.csr_array(X), Y)
    told = refusal(full, sp.csr_array(X[:1] * (1.0 + 1e-7)), Y[:1])
    assert told.endswith("1 more, by rounding: pass values with all their digits.")
    model.forget_features([2])
    told = refusal(model, sp.csr_array(changed(sparse[[3]], 3)), Y[[3]])
    assert told.endswith("differs in column 3 (float64) alone.")


@pytest.mark.parametrize("name", ["linear", "pipeline", "sharded", "forest", "network"])
def test_columns_of_frames_are_named(name):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["age", "income", "size", "debt"])
    frame["age"] = np.arange(60)
    model = clone(MODELS[name]).fit(frame, Y)
    other = frame.iloc[[3]].assign(age=77)
    assert "differs in column 'age' (" in refusal(model, other, Y[[3]])
    assert "int64" in refusal(model, other, Y[[3]])
    model.forget_features(["income"])
    other = frame.iloc[[3]].assign(debt=0.5)
    told = refusal(model, other, Y[[3]])
    assert told.endswith("differs in column 'debt' (float64) alone.")
    assert "0.5" not in told


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_categories(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame({"city": ["Oslo", "Rome"] * 30, "size": X[:, 0]})
    other = module.DataFrame({"city": ["Rome"], "size": X[:1, 0]})
    columns = su.make_unlearnable_column_transformer(
        (su.UnlearnableOneHotEncoder(), ["city"]),
        (su.UnlearnableStandardScaler(), ["size"]),
    )
    told = refusal(pipeline(columns).fit(frame, Y), other, Y[:1])
    assert "differs in column 'city' (" in told
    assert told.endswith(" alone.")
    assert "Rome" not in told


def test_texts_have_no_columns():
    texts = ["one two", "two three", "three four"] * 20
    model = pipeline(su.UnlearnableTfidfVectorizer()).fit(texts, Y)
    told = refusal(model, ["one three"], ["a"])
    assert told.endswith("in the retained training data.")


def test_rows_asked_for_too_often():
    model = logistic().fit(X, Y)
    told = refusal(model, X[[0, 5, 0]], Y[[0, 5, 0]])
    assert told.startswith("Row 2 of X, with its y, is asked for more often than it is")


def test_nothing_is_close_to_no_row():
    rows = Rows(X, np.zeros((60, 1)), np.ones(60))
    kept = RetainedRows.of(rows, None, np.zeros(4, dtype=bool))
    none = np.zeros(0, dtype=np.intp)
    assert least_difference(kept, rows.take(np.array([0])), None, none) is None
    every = least_difference(kept, rows.take(np.array([5])), None, np.arange(60))
    assert (every.position, every.size) == (5, 0)
