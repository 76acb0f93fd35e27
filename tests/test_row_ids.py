"""Names of rows: a request about one of two equal people reaches the one it names."""

import uuid

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import Normalizer
from sklearn.tree import DecisionTreeClassifier

import sklearn_unlearn as su
from sklearn_unlearn.baselines import FineTuned
from sklearn_unlearn.exceptions import (
    AmbiguousRowError,
    RowNotFoundError,
    UnlearningError,
)
from tests.cases import changed_targets, coefficients, data, make
from tests.pipeline.data import encoded, people

N = 60
ONE, OTHER = 7, 23  # equal people
IDS = np.arange(N) + 1000
CERTIFICATION = su.GaussianCertification(
    epsilon=1.0, delta=1e-3, sigma=1.0, random_state=0
)


def logistic(**params):
    return make("logistic", retain_data=True, **params)


def pipeline(*front, last=None):
    return su.make_unlearnable_pipeline(*front, logistic() if last is None else last)


MODELS = {
    "linear": logistic,
    "regression": lambda: make("ridge", retain_data=True),
    "certified": lambda: logistic(certification=CERTIFICATION),
    "balanced": lambda: logistic(class_weight="balanced"),
    "pipeline": lambda: pipeline(su.UnlearnableStandardScaler()),
    "certified_pipeline": lambda: pipeline(
        su.UnlearnableStandardScaler(), last=logistic(certification=CERTIFICATION)
    ),
    "nested": lambda: pipeline(
        pipeline(su.UnlearnableMinMaxScaler(), last=Normalizer())
    ),
    "search": lambda: GridSearchCV(logistic(), {"C": [0.3]}, cv=2),
    "search_in_pipeline": lambda: pipeline(
        su.UnlearnableStandardScaler(),
        last=GridSearchCV(logistic(), {"C": [0.3]}, cv=2),
    ),
    "transformed": lambda: TransformedTargetRegressor(
        make("ridge", retain_data=True), func=np.arcsinh, inverse_func=np.sinh
    ),
    "sharded": lambda: su.ShardedClassifier(
        DecisionTreeClassifier(random_state=0),
        n_shards=3,
        random_state=0,
    ),
    "sharded_pipeline": lambda: pipeline(
        Normalizer(),
        last=su.ShardedClassifier(LogisticRegression(), n_shards=3, random_state=0),
    ),
}
REGRESSIONS = {"regression", "transformed"}


def problem(name):
    """Data in which two people are equal, and other values and another target."""
    X, y = data("ridge" if name in REGRESSIONS else "logistic", N, seed=3)
    X[OTHER], y[OTHER] = X[ONE], y[ONE]
    return X, y, 0.5 * X[[ONE]] + 0.25, changed_targets(y)[[ONE]]


def predictions(model, X):
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return (
        model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    )


def secret(model):
    """Coefficients without noise."""
    last = model[-1] if hasattr(model, "steps") else model
    return last._fitted.model.state.theta


def assert_same(model, refit, X):
    if CERTIFICATION in model.get_params().values():
        np.testing.assert_allclose(secret(model), secret(refit), atol=1e-7)
    else:
        np.testing.assert_allclose(
            predictions(model, X), predictions(refit, X), atol=1e-6
        )


@pytest.mark.parametrize(
    ("verb", "both"),
    [("replace_features", True), ("replace_labels", False), ("both", True)],
)
@pytest.mark.parametrize("name", MODELS)
def test_the_named_one_of_two_equal_people_changes(name, verb, both):
    X, y, X_new, y_new = problem(name)
    model = MODELS[name]().fit(X, y, row_ids=IDS)
    edited, targets = X.copy(), y.copy()
    row_ids = IDS[[OTHER]]
    if verb != "replace_labels":
        given = (X[[OTHER]], y[[OTHER]]) if both else ()
        su.replace_features(model, *given, X_new=X_new, row_ids=row_ids)
        edited[OTHER] = X_new
    if verb != "replace_features":
        given = (edited[[OTHER]], y[[OTHER]]) if both else ()
        su.replace_labels(model, *given, y_new=y_new, row_ids=row_ids)
        targets[OTHER] = y_new[0]
    refit = clone(MODELS[name]()).fit(edited, targets, row_ids=IDS)
    assert_same(model, refit, X)
    # the name of the one who did not change, and of the one who did
    for gone in (ONE, OTHER):
        su.partial_unfit(model, row_ids=IDS[[gone]])
    left = np.delete(np.arange(N), [ONE, OTHER])
    refit = clone(MODELS[name]()).fit(X[left], y[left], row_ids=IDS[left])
    assert_same(model, refit, X)


@pytest.mark.parametrize("name", MODELS)
def test_values_that_fit_several_names_are_refused(name):
    X, y, X_new, y_new = problem(name)
    model = MODELS[name]().fit(X, y, row_ids=IDS)
    before = predictions(model, X)
    row = X[[ONE]], y[[ONE]]
    with pytest.raises(AmbiguousRowError, match=r"equals 2 rows .* say by row_ids"):
        su.partial_unfit(model, *row)
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):
        su.replace_features(model, *row, X_new)
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):
        su.replace_labels(model, *row, y_new)
    pair = [ONE, OTHER]
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):  # who becomes which?
        su.replace_labels(model, X[pair], y[pair], np.append(y_new, y[OTHER]))
    np.testing.assert_array_equal(predictions(model, X), before)
    su.partial_unfit(model, X[pair], y[pair])  # both
    left = np.delete(np.arange(N), pair)
    refit = clone(MODELS[name]()).fit(X[left], y[left], row_ids=IDS[left])
    assert_same(model, refit, X)


def test_the_one_who_is_left_is_known_by_values_again():
    X, y, _, y_new = problem("linear")
    model = logistic().fit(X, y, row_ids=IDS).partial_unfit(row_ids=IDS[[ONE]])
    model.replace_labels(X[[OTHER]], y[[OTHER]], y_new)
    left = np.delete(np.arange(N), ONE)
    targets = y.copy()
    targets[OTHER] = y_new[0]
    assert model.gradient_residual(X[left], targets[left]) < 1e-7
    model.partial_unfit(row_ids=IDS[[OTHER]])
    rest = np.delete(np.arange(N), [ONE, OTHER])
    assert model.gradient_residual(X[rest], y[rest]) < 1e-7


@pytest.mark.parametrize("name", ["linear", "pipeline", "sharded"])
def test_weights_of_equal_people(name):
    X, y, *_ = problem(name)
    weight = np.ones(N)
    weight[[ONE, OTHER]] = 2.0, 3.0
    pair = [ONE, OTHER]

    def fitted(weight):
        model = (
            clone(MODELS[name]())
            if name != "sharded"
            else su.ShardedClassifier(LogisticRegression(), n_shards=2, random_state=0)
        )
        if name == "pipeline":
            model = pipeline(Normalizer())
        return model.fit(X, y, sample_weight=weight, row_ids=IDS)

    for leaving in ([1.0, 1.0], [2.0, 3.0], [3.0, 2.0]):  # whose does not matter
        model = fitted(weight)
        model.partial_unfit(X[pair], y[pair], sample_weight=leaving)
        left = weight.copy()
        left[pair] -= np.sort(leaving)
        assert_same(model, fitted(left), X)
    model = fitted(weight)
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):
        model.partial_unfit(X[pair], y[pair], sample_weight=[1.0, 2.0])
    model.partial_unfit(row_ids=IDS[pair], sample_weight=[1.0, 2.0])
    left = weight.copy()
    left[pair] = 1.0
    assert_same(model, fitted(left), X)


def test_equal_rows_with_one_name_are_not_ambiguous():
    X, y, *_ = problem("linear")
    model = logistic().fit(X, y, sample_weight=2.0, row_ids=IDS)
    model.replace_features(X[[3]], y[[3]], X[[3]] + 1.0, sample_weight=1.0)
    model.replace_features(X[[3]], y[[3]], X[[3]] + 1.0, sample_weight=1.0)
    model.replace_features(X[[3]] + 1.0, y[[3]], X[[3]], sample_weight=1.0)
    weight = np.full(N, 2.0)
    rows, targets = np.vstack([X, X[[3]] + 1.0]), np.append(y, y[3])
    weight[3] = 1.0
    assert model.gradient_residual(rows, targets, np.append(weight, 1.0)) < 1e-7


@pytest.mark.parametrize("name", ["linear", "pipeline"])
def test_a_row_in_parts_is_corrected_as_a_whole(name):
    X, y, X_new, _ = problem(name)
    front = [] if name == "linear" else [Normalizer()]
    model = pipeline(*front) if front else logistic()
    model.fit(X, y, sample_weight=2.0, row_ids=IDS)
    model.replace_features(X[[3]], y[[3]], X[[3]] + 1.0, sample_weight=0.5)
    new = X[[5]] + 0.5
    model.replace_features(X_new=np.vstack([X_new, new]), row_ids=IDS[[3, 5]])
    model.replace_labels(y_new=changed_targets(y)[[3]], row_ids=IDS[[3]])
    edited, targets = X.copy(), y.copy()
    edited[3], edited[5], targets[3] = X_new[0], new[0], changed_targets(y)[3]
    assert model.gradient_residual(edited, targets, np.full(N, 2.0)) < 1e-7
    with pytest.raises(UnlearningError, match="replaced in part"):
        (model[-1] if front else model).influence(row_ids=IDS[[3]])


def test_names_and_values_that_disagree_are_refused():
    X, y, X_new, _ = problem("linear")
    for model in (logistic(), MODELS["pipeline"](), MODELS["sharded"]()):
        model.fit(X, y, row_ids=IDS)
        with pytest.raises(RowNotFoundError, match="Row 0 of X"):
            model.partial_unfit(X[[3]], y[[3]], row_ids=IDS[[4]])
        with pytest.raises(ValueError, match="1 identifiers, expected 2"):
            model.partial_unfit(X[:2], y[:2], row_ids=IDS[[0]])
        with pytest.raises(ValueError, match="both of X and y, or neither"):
            model.partial_unfit(X[:2], row_ids=IDS[:2])
        with pytest.raises(ValueError, match="X_new"):
            model.replace_features(X_new=X_new, row_ids=IDS[:2])
        with pytest.raises(ValueError, match="y_new"):
            model.replace_labels(y_new=y[:1], row_ids=IDS[:2])
        with pytest.raises(ValueError, match="X_new must be given"):
            model.replace_features(row_ids=IDS[:2])
        with pytest.raises(ValueError, match="To name rows write row_ids="):
            model.replace_features(X_new=X_new)
        model.partial_unfit(X[[3]], y[[3]], row_ids=IDS[[3]])


def test_messages_say_which_name_it_is():
    X, y, *_ = problem("linear")
    model = logistic().fit(X, y, row_ids=IDS)
    with pytest.raises(RowNotFoundError, match=r"\[2\] is 1003, which was named"):
        model.partial_unfit(row_ids=[1001, 1003, 1003])
    with pytest.raises(RowNotFoundError, match=r"row_ids\[1\] is 7, which"):
        model.partial_unfit(row_ids=[1001, 7])


def test_questions_about_named_rows():
    X, y, *_ = problem("linear")
    model = logistic(certification=CERTIFICATION).fit(X, y, row_ids=IDS)
    rows = [3, 5]
    cost = model.removal_cost(row_ids=IDS[rows])
    expected = model.removal_cost(X[rows], y[rows])
    np.testing.assert_array_equal(cost.leverage, expected.leverage)
    assert cost.distance == expected.distance
    assert model.capacity(row_ids=IDS[rows], limit=5) == 5
    np.testing.assert_array_equal(
        model.influence(row_ids=IDS[rows]).coef, model.influence(X[rows], y[rows]).coef
    )
    with pytest.raises(AmbiguousRowError):
        model.influence(X[[ONE]], y[[ONE]])


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_networks_know_whom_they_changed():
    X, y, X_new, y_new = problem("linear")
    model = su.UnlearnableMLPClassifier(
        (4,), retain_data=True, alpha=1.0, solver="lbfgs", random_state=0, max_iter=500
    ).fit(X, y, row_ids=IDS)
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):
        model.partial_unfit(X[[ONE]], y[[ONE]])
    model.replace_features(X_new=X_new, row_ids=IDS[[OTHER]])
    model.replace_labels(y_new=y_new, row_ids=IDS[[OTHER]])
    model.partial_unfit(row_ids=IDS[[ONE]])
    edited, targets = X.copy(), y.copy()
    edited[OTHER], targets[OTHER] = X_new[0], y_new[0]
    left = np.delete(np.arange(N), ONE)
    model.refine(edited[left], targets[left])  # which refuses any other rows


def test_fine_tuning_knows_whom_it_changed():
    X, y, X_new, _ = problem("linear")
    model = FineTuned(LogisticRegression(C=0.3), random_state=0)
    model.fit(X, y, row_ids=IDS).replace_features(X_new=X_new, row_ids=IDS[[OTHER]])
    model.partial_unfit(row_ids=IDS[[ONE]])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[[ONE]], y[[ONE]])
    model.partial_unfit(X_new, y[[ONE]])


def test_equal_people_in_a_frame():
    pd = pytest.importorskip("pandas")
    frame, y = people()
    frame = pd.concat([frame, frame.iloc[[4]]], ignore_index=True)
    y, names = np.append(y, y[4]), [f"person {i}" for i in range(201)]
    model = encoded().fit(frame, y, row_ids=names)
    with pytest.raises(AmbiguousRowError, match="equals 2 rows"):
        model.replace_features(frame.iloc[[4]], y[[4]], frame.iloc[[5]])
    new = frame.iloc[[4]].assign(city="Oslo" if frame.city[4] != "Oslo" else "Rome")
    model.replace_features(X_new=new, row_ids=["person 200"])
    model.partial_unfit(row_ids=["person 4"])
    edited = pd.concat([frame.iloc[:200], new], ignore_index=True).drop(index=4)
    refit = clone(model).fit(edited, np.delete(y, 4))
    np.testing.assert_allclose(
        coefficients(model[-1]), coefficients(refit[-1]), rtol=1e-6, atol=1e-9
    )


def test_transformers_know_no_names():
    X, _ = data("logistic", 30)
    model = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler()).fit(X)
    with pytest.raises(ValueError, match="row_ids"):
        model.partial_unfit(row_ids=[1])


def test_names_of_another_kind_are_refused_in_words():
    X, y = data("logistic")
    names = np.array([f"C{each}" for each in range(len(y))])
    model = logistic().fit(X, y, row_ids=names)
    with pytest.raises(UnlearningError, match="must be strings as at fit; got int64"):
        model.partial_unfit(row_ids=7)
    some_missing = names.astype(object)
    some_missing[3] = None
    with pytest.raises(ValueError, match=r"\[3\] of type NoneType: give each row"):
        logistic().fit(X, y, row_ids=some_missing)


@pytest.mark.parametrize("name", ["customer", 5, np.int64(5)])
def test_one_name_for_all_rows_is_refused_at_fit(name):
    X, y = (each[:N] for each in data("logistic"))
    with pytest.raises(ValueError, match="one name for 60 rows: pass the column"):
        logistic().fit(X, y, row_ids=name)
    plain = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="one name for 60 rows: pass the column"):
        su.unlearnable(plain, X, y, row_ids=name)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({1003}, "row_ids is a set: pass a list"),
        ((name for name in [1003]), "row_ids is a generator: pass a list"),
        ({1003: 1}, "row_ids is a dict: pass a list"),
        ([1.5], r"row_ids must be int64 as at fit; got row_ids\[0\] of type float"),
        ([1003, None], r"row_ids\[1\] of type NoneType"),
    ],
)
def test_what_are_no_names_is_said_with_its_type(names, message):
    X, y = (each[:N] for each in data("logistic"))
    model = logistic().fit(X, y, row_ids=IDS)
    with pytest.raises(ValueError, match=message):
        model.partial_unfit(row_ids=names)


@pytest.mark.parametrize(
    "names",
    [
        [uuid.UUID(int=number) for number in range(N)],
        np.arange(N) + 0.5,
        np.arange(N).astype("datetime64[D]"),
    ],
    ids=["uuid", "float", "date"],
)
def test_names_of_other_kinds_are_to_be_converted(names):
    X, y = (each[:N] for each in data("logistic"))
    with pytest.raises(ValueError, match=r"convert them, e\.g\. by \.astype\(str\)"):
        logistic().fit(X, y, row_ids=names)
