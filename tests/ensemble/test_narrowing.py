"""Columns that are forgotten, and what parameters of any estimator say of columns."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import ShardedClassifier
from sklearn_unlearn.exceptions import UnlearningError

SCALER, RANGE = StandardScaler(), MinMaxScaler()
VALUES = [np.arange(float(n)) for n in (3, 4, 5, 6)]


def columns(*transformers, remainder="drop"):
    """A transformer whose steps are its own: `set_output` reaches into them."""
    named = [(f"t{place}", *each) for place, each in enumerate(transformers)]
    return clone(ColumnTransformer(named, remainder=remainder))


def logistic(*steps):
    return make_pipeline(*steps, LogisticRegression())


def boosting(**params):
    params = {"max_iter": 4, "min_samples_leaf": 5, "random_state": 0, **params}
    return HistGradientBoostingClassifier(**params)


def votes(one):
    return VotingClassifier([("one", one), ("two", logistic(SCALER))], voting="soft")


def stacked(one):
    of_predictions = logistic(columns((SCALER, [1])))
    return StackingClassifier([("one", one), ("two", logistic(RANGE))], of_predictions)


def search(one):
    return GridSearchCV(one, {"logisticregression__C": [0.1, 1.0]}, cv=2)


def union(one, step):
    return logistic(FeatureUnion([("one", one), ("two", step)]))


NESTED = columns((SCALER, [0]), (RANGE, [2]))
FEW = columns((SCALER, [3, 1]), (RANGE, [0])), columns((SCALER, [2]), (RANGE, [0]))
#: Estimators of four columns, and of the first, third and fourth of them.
ARRAYS = {
    "places": tuple(map(logistic, FEW)),
    "places from the end": (
        logistic(columns((SCALER, [-1, -3]), (RANGE, [-4]))),
        logistic(columns((SCALER, [2]), (RANGE, [0]))),
    ),
    "slice": (
        logistic(columns((SCALER, slice(0, 3)), remainder=RANGE)),
        logistic(columns((SCALER, [0, 1]), remainder=RANGE)),
    ),
    "mask": (
        logistic(columns((SCALER, [True, True, False, True]))),
        logistic(columns((SCALER, [True, False, True]))),
    ),
    "function": (
        logistic(columns((SCALER, lambda X: [0]), remainder="passthrough")),
        logistic(columns((SCALER, [0]), remainder="passthrough")),
    ),
    "nothing is left": (
        logistic(columns((SCALER, [1]), (RANGE, [2, 0]))),
        logistic(columns((RANGE, [1, 0]))),
    ),
    "within": (
        logistic(columns((NESTED, [3, 1, 0]))),
        logistic(columns((columns((SCALER, [0]), (RANGE, [1])), [2, 0]))),
    ),
    "within the remainder": (
        logistic(columns((SCALER, [0]), remainder=NESTED)),
        logistic(columns((SCALER, [0]), remainder=columns((RANGE, [1])))),
    ),
    "behind a scaler": tuple(logistic(RANGE, "passthrough", each) for each in FEW),
    "behind an encoder of some": (
        make_pipeline(
            columns((OrdinalEncoder(), [2, 1]), ("drop", [3]), remainder="passthrough"),
            boosting(categorical_features=[0, 1]),
        ),
        make_pipeline(
            columns((OrdinalEncoder(), [1]), ("drop", [2]), remainder="passthrough"),
            boosting(categorical_features=[0]),
        ),
    ),
    "behind what makes others": (
        logistic(columns((RANGE, [0, 1])), PolynomialFeatures(), SCALER),
        logistic(columns((RANGE, [0])), PolynomialFeatures(), SCALER),
    ),
    "in boosting": (
        boosting(
            categorical_features=[False, True, True, False],
            interaction_cst=[{0, 1}, {1}, {1, 3}],
            monotonic_cst=[1, 0, 0, -1],
        ),
        boosting(
            categorical_features=[1],
            interaction_cst=[{0}, {2}],
            monotonic_cst=np.array([1, 0, -1]),
        ),
    ),
    "in a tree": (
        DecisionTreeClassifier(monotonic_cst=[1, -1, 0, 1], random_state=0),
        DecisionTreeClassifier(monotonic_cst=[1, 0, 1], random_state=0),
    ),
    "categories": (
        logistic(OneHotEncoder(categories=VALUES, drop=[1.0, 2.0, 3.0, 4.0])),
        logistic(
            OneHotEncoder(categories=[VALUES[i] for i in (0, 2, 3)], drop=[1, 3, 4])
        ),
    ),
    "bins": (
        logistic(KBinsDiscretizer([2, 3, 4, 5], strategy="uniform")),
        logistic(KBinsDiscretizer(np.array([2, 4, 5]), strategy="uniform")),
    ),
    "union": (union(FEW[0], SCALER), union(FEW[1], SCALER)),
    "search": tuple(search(logistic(each)) for each in FEW),
    "votes": tuple(votes(logistic(each)) for each in FEW),
    "stack": tuple(stacked(logistic(each)) for each in FEW),
}
#: The same of frames with columns a, b, c and d.
FRAMES = {
    "names": (
        logistic(columns((SCALER, ["d", "b"]), (RANGE, ["a"]))),
        logistic(columns((SCALER, ["d"]), (RANGE, ["a"]))),
    ),
    "names of an index": (
        logistic(columns((SCALER, np.array(["b", "c"])), remainder=RANGE)),
        logistic(columns((SCALER, ["c"]), remainder=RANGE)),
    ),
    "slices of names": (
        logistic(columns((SCALER, slice("b", "c")), (RANGE, slice(None, "a")))),
        logistic(columns((SCALER, ["c"]), (RANGE, ["a"]))),
    ),
    "places": tuple(map(logistic, FEW)),
    "dtypes": (
        logistic(columns((SCALER, make_column_selector(dtype_include="float")))),
    )
    * 2,
    "behind names": tuple(
        logistic(
            columns((RANGE, first), remainder="passthrough").set_output(
                transform="pandas"
            ),
            columns((SCALER, ["remainder__d"])),
        )
        for first in (["a", "b"], ["a"])
    ),
    "in boosting": (
        boosting(
            categorical_features=["b", "c"], monotonic_cst={"a": 1, "b": 0, "d": -1}
        ),
        boosting(categorical_features=["c"], monotonic_cst={"a": 1, "d": -1}),
    ),
}


def rows():
    """Four columns of small whole numbers."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, [3, 4, 5, 6], size=(80, 4)).astype(float)
    X[:6] = np.arange(6.0)[:, None] % [3, 4, 5, 6]
    return X, (X @ [1.0, -2.0, 0.5, 1.0] + rng.normal(size=80) > 1.5).astype(int)


def assert_same(ours, theirs):
    """Equal but for last digits: sums over the columns of frames have another order."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def check(before, after, X, y, rest):
    model = ShardedClassifier(before, n_shards=1).fit(X, y)
    model.forget_features([1])
    twin = clone(after).fit(rest, y)
    expected = twin.predict_proba(rest)
    assert_same(model.predict_proba(rest), expected)
    assert_same(model.predict_proba(X), expected)
    assert repr(model.estimator) == repr(before)
    # and none of the parameters speaks of it, for requests that come
    model.partial_unfit(X[:2], y[:2])
    twin.fit(rest[2:], y[2:])
    assert_same(model.predict_proba(rest), twin.predict_proba(rest))


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    X, y = rows()
    check(*ARRAYS[name], X, y, np.delete(X, 1, axis=1))


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name):
    pd = pytest.importorskip("pandas")
    X, y = rows()
    frame = pd.DataFrame(X, columns=list("abcd"))
    check(*FRAMES[name], frame, y, frame[["a", "c", "d"]])


def test_a_column_of_texts():
    pd = pytest.importorskip("pandas")
    X, y = rows()
    words = np.array(["red", "green", "blue", "grey", "pink", "black"])
    frame = pd.DataFrame({"a": X[:, 0], "b": words[X[:, 3].astype(int)], "c": X[:, 2]})
    words = CountVectorizer()
    before = logistic(columns((words, "b"), (SCALER, ["a", "c"])))
    check(before, logistic(SCALER), frame, y, frame[["a", "c"]])
    frame = frame[["a", "c", "b"]]
    after = logistic(columns((words, 1), (SCALER, [0])))
    before = logistic(columns((words, 2), (SCALER, [0, 1])))
    check(before, after, frame, y, frame[["a", "b"]])


def test_one_column_after_another():
    X, y = rows()
    model = ShardedClassifier(ARRAYS["places"][0], n_shards=1).fit(X, y)
    model.forget_features([0]).forget_features([1]).forget_features([0, 1])
    twin = logistic(columns((SCALER, [1]))).fit(X[:, 2:], y)
    found = model.predict_proba(X)
    np.testing.assert_array_equal(found, twin.predict_proba(X[:, 2:]))


@pytest.mark.parametrize(
    "estimator",
    [
        logistic(PolynomialFeatures(), columns((SCALER, [0]))),
        logistic(union(SCALER, RANGE)[0], columns((SCALER, slice(0, 2)))),
        logistic(columns((PolynomialFeatures(), [0, 1])), columns((SCALER, [0]))),
        make_pipeline(TargetEncoder(cv=2), boosting(categorical_features=[0])),
        make_pipeline(PolynomialFeatures(), boosting(interaction_cst=[{0, 1}])),
    ],
)
def test_numbers_of_columns_that_nobody_knows(estimator):
    X, y = rows()
    model = ShardedClassifier(estimator, n_shards=1).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(UnlearningError, match="refers to columns by number"):
        model.forget_features([1])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.partial_unfit(X[:2], y[:2])
