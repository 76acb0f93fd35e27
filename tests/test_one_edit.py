"""A list of requests of all kinds is one edit of each model, and one solve."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import Normalizer
from sklearn.tree import DecisionTreeClassifier

import sklearn_unlearn as su
from sklearn_unlearn import newton
from sklearn_unlearn.ensemble._sharded import ShardedModel
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds import FoldedModel
from sklearn_unlearn.neural_network._requests import RequestsMixin
from sklearn_unlearn.row_models._row_sets import RowSetModel
from sklearn_unlearn.sufficient_statistics._base import StatisticsUnlearner
from sklearn_unlearn.tree.model import TreeModel
from tests.cases import make

N = 80
rng = np.random.default_rng(11)
X = np.round(rng.normal(size=(N, 4)), 3)
Y = (X @ [1.0, -1.0, 0.5, 0.0] + rng.normal(size=N) > 0).astype(int)
NAMES = np.arange(N) + 1000
NEW = np.round(rng.normal(size=(8, 4)), 3)

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
    ),
    pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning"),
]
pipeline = su.make_unlearnable_pipeline


def logistic(**params):
    return make("logistic", retain_data=True, **params)


MODELS = {
    "ridge": su.UnlearnableRidge(),
    "ridge retained": su.UnlearnableRidge(retain_data=True),
    "logistic": logistic(),
    "balanced": logistic(class_weight="balanced"),
    "iterative": logistic(curvature="iterative"),
    "certified": logistic(
        certification=su.GaussianCertification(
            epsilon=1.0, delta=1e-3, sigma=1.0, random_state=0
        )
    ),
    "naive Bayes": su.UnlearnableGaussianNB(),
    "naive Bayes retained": su.UnlearnableGaussianNB(retain_data=True),
    "discriminant": su.UnlearnableLinearDiscriminantAnalysis(),
    "scaler": su.UnlearnableStandardScaler(),
    "extremes": su.UnlearnableMinMaxScaler(),
    "quantiles": su.UnlearnableQuantileTransformer(n_quantiles=10),
    "columns": su.make_unlearnable_column_transformer(
        (su.UnlearnableStandardScaler(), [0, 1]), ("passthrough", [2, 3])
    ),
    "tree": su.UnlearnableDecisionTreeClassifier(random_state=0, max_depth=4),
    "forest": su.UnlearnableRandomForestClassifier(n_estimators=4, random_state=0),
    "neighbours": su.UnlearnableKNeighborsClassifier(3, weights="distance"),
    "support vectors": su.UnlearnableSVC(gamma=0.3, tol=1e-10),
    "kernel": su.UnlearnableKernelRidge(kernel="rbf", gamma=0.3),
    "shards": su.ShardedClassifier(LogisticRegression(), n_shards=3, random_state=0),
    "retrained": su.RetrainedClassifier(DecisionTreeClassifier(random_state=0)),
    "transformers": pipeline(Normalizer(), su.UnlearnableStandardScaler()),
    "sums pipeline": pipeline(Normalizer(), su.UnlearnableGaussianNB()),
    "mapped sums": pipeline(su.UnlearnableStandardScaler(), su.UnlearnableGaussianNB()),
    "pipeline": pipeline(su.UnlearnableStandardScaler(), logistic()),
    "lossy pipeline": pipeline(su.UnlearnableMinMaxScaler(), Normalizer(), logistic()),
    "retained sums pipeline": pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableGaussianNB(retain_data=True)
    ),
    "neighbours pipeline": pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableKNeighborsClassifier(3)
    ),
    "nested": pipeline(
        su.UnlearnableStandardScaler(),
        pipeline(su.UnlearnableMinMaxScaler(), logistic()),
    ),
    "search": su.UnlearnableGridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3),
    "shards behind a step": pipeline(
        Normalizer(),
        su.ShardedClassifier(LogisticRegression(), n_shards=3, random_state=0),
    ),
    "forest behind a step": pipeline(
        Normalizer(),
        su.UnlearnableRandomForestClassifier(n_estimators=4, random_state=0),
    ),
    "trained again behind a step": pipeline(
        Normalizer(), su.RetrainedClassifier(DecisionTreeClassifier(random_state=0))
    ),
    "search behind a step": pipeline(
        Normalizer(),
        su.UnlearnableGridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3),
    ),
    "stacking": su.UnlearnableStackingClassifier(
        [("one", logistic()), ("two", su.UnlearnableGaussianNB())],
        final_estimator=logistic(),
        cv=3,
    ),
}
NETWORK = su.UnlearnableMLPClassifier(
    (3,), solver="lbfgs", alpha=1.0, max_iter=500, retain_data=True, random_state=0
)
NAMED = [
    name
    for name in MODELS
    if name
    not in (
        "ridge",
        "naive Bayes",
        "discriminant",
        "scaler",
        "extremes",
        "quantiles",
        "columns",
        "transformers",
        "sums pipeline",
        "mapped sums",
    )
]


def fitted(name, named=False):
    model = clone(MODELS.get(name, NETWORK))
    keywords = {"row_ids": NAMES} if named else {}
    return model.fit(X, Y, **keywords)


def given(model, rows, named=False):
    """How a request names rows."""
    if named:
        return {"row_ids": NAMES[rows]}
    takes = {"X": X[rows]}
    return takes | ({"y": Y[rows]} if "y" in model._accepts else {})


def mixed(model, named=False, columns=False):
    """Requests of all kinds, about different rows; those of one row among them."""
    requests = [
        ("partial_unfit", given(model, [3, 4], named)),
        ("replace_features", given(model, [10, 40], named) | {"X_new": NEW[:2]}),
        (
            "partial_fit",
            {"X": NEW[2:4]}
            | ({"y": np.array([0, 1])} if "y" in model._accepts else {})
            | ({"row_ids": [2000, 2001]} if named else {}),
        ),
        ("partial_unfit", given(model, [50], named)),
    ]
    if "y" in model._accepts:
        requests += [
            ("replace_labels", given(model, [5, 60], named) | {"y_new": 1 - Y[[5, 60]]})
        ]
    if columns:
        requests += [("forget_features", {"columns": [3]})]
    return requests


def answers(model):
    for method in ("predict_proba", "decision_function", "predict", "transform"):
        if method == "predict_proba" and hasattr(model, "secret_"):
            continue
        if hasattr(model, method):
            return np.asarray(getattr(model, method)(X))
    raise AssertionError(model)


def state(name, model):
    if name == "certified":  # without noise
        return model._fitted.model.state.theta
    return answers(model)


def has_columns_to_forget(name, model):
    # what Normalizer makes of a row without a column nobody can follow
    return hasattr(model, "forget_features") and not (
        name in ("transformers", "sums pipeline") or name.endswith("behind a step")
    )


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_all_kinds_at_once_lead_where_one_after_another_leads(name, columns):
    together, alone = fitted(name), fitted(name)
    if columns and not has_columns_to_forget(name, together):
        return
    requests = mixed(together, columns=columns)
    records = together.carry_out(requests)
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    assert [each.verb for each in records] == [verb for verb, _ in requests]
    np.testing.assert_allclose(
        state(name, together), state(name, alone), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("name", NAMED)
def test_names_and_places_are_those_of_one_after_another(name):
    together, alone = fitted(name, named=True), fitted(name, named=True)
    requests = mixed(together, named=True)
    together.carry_out(requests)
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    np.testing.assert_array_equal(together.remaining_ids(), alone.remaining_ids())
    np.testing.assert_allclose(
        state(name, together), state(name, alone), atol=1e-6, rtol=0
    )
    # a second list finds the rows by their names and by their new values
    for model in (together, alone):
        model.carry_out(
            [
                ("partial_unfit", {"row_ids": [1010, 2000]}),
                ("replace_labels", {"X": NEW[[1]], "y": Y[[40]], "y_new": 1 - Y[[40]]}),
            ]
        )
    np.testing.assert_allclose(
        state(name, together), state(name, alone), atol=1e-6, rtol=0
    )


#: What a solve is: a step or a minimisation, an estimator made of sums, trees edited or
#: grown, shards trained, an estimator fitted to rows.
SOLVES = {
    "ridge": (newton, "apply"),
    "ridge retained": (newton, "apply"),
    "logistic": (newton, "apply"),
    "certified": (newton, "apply"),
    "pipeline": (newton, "apply"),
    "lossy pipeline": (newton, "apply"),
    "nested": (newton, "apply"),
    "naive Bayes": (StatisticsUnlearner, "_complete"),
    "naive Bayes retained": (StatisticsUnlearner, "_complete"),
    "scaler": (StatisticsUnlearner, "_complete"),
    "sums pipeline": (StatisticsUnlearner, "_complete"),
    "tree": (TreeModel, "_edited", "_grown"),
    "forest": (TreeModel, "_edited", "_grown"),
    "shards": (ShardedModel, "_trained"),
    "retrained": (ShardedModel, "_trained"),
    "neighbours": (RowSetModel, "_carried"),
    "support vectors": (RowSetModel, "_carried"),
    "kernel": (RowSetModel, "_carried"),
    "neighbours pipeline": (RowSetModel, "_carried"),
    "network": (RequestsMixin, "_answered"),
    "shards behind a step": (ShardedModel, "_trained"),
    "forest behind a step": (TreeModel, "_edited", "_grown"),
    "trained again behind a step": (ShardedModel, "_trained"),
    "search behind a step": (FoldedModel, "_carried"),
    "search": (FoldedModel, "_carried"),
    "stacking": (FoldedModel, "_carried"),
    "balanced": (newton, "apply"),
    "iterative": (newton, "apply"),
    "discriminant": (StatisticsUnlearner, "_complete"),
    "extremes": (StatisticsUnlearner, "_complete"),
    "quantiles": (StatisticsUnlearner, "_complete"),
    "columns": (StatisticsUnlearner, "_complete"),
    "transformers": (StatisticsUnlearner, "_complete"),
}


def counted_calls(monkeypatch, owner, *methods):
    """A list that has an entry for each call from now on."""
    calls = []

    def counting(method):
        def counted(*arguments, **keywords):
            calls.append(arguments)
            return method(*arguments, **keywords)

        return counted

    for method in methods:
        monkeypatch.setattr(owner, method, counting(getattr(owner, method)))
    return calls


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("name", SOLVES)
def test_one_solve(name, columns, monkeypatch):
    model = fitted(name)
    if columns and not has_columns_to_forget(name, model):
        return
    solves = counted_calls(monkeypatch, *SOLVES[name])
    records = model.carry_out(mixed(model, columns=columns))
    assert len(solves) == 1
    assert len(records) == len(mixed(model, columns=columns))
    assert len({each.identity for each in records}) == len(records)


@pytest.mark.parametrize("name", ["search", "search behind a step"])
def test_each_model_of_a_search_is_solved_once(name, monkeypatch):
    search = su.UnlearnableGridSearchCV(logistic(), {"C": [0.3]}, cv=3)
    model = search if name == "search" else pipeline(Normalizer(), search)
    model.fit(X, Y)
    solves = counted_calls(monkeypatch, newton, "apply")
    model.carry_out(mixed(model))
    assert len(solves) == 4  # in three folds, and of all rows


@pytest.mark.parametrize("name", [name for name in SOLVES if name in NAMED])
def test_rows_that_are_named_in_two_ways_are_one_edit(name, monkeypatch):
    together, alone = fitted(name, named=True), fitted(name, named=True)
    with_y = su.UnlearnableRidge()
    requests = [
        *mixed(together, named=True),
        ("partial_unfit", given(with_y, [20])),
        ("replace_features", given(with_y, [21, 22]) | {"X_new": NEW[4:6]}),
        ("replace_labels", given(with_y, [23]) | {"y_new": 1 - Y[[23]]}),
    ]
    solves = counted_calls(monkeypatch, *SOLVES[name])
    together.carry_out(requests)
    assert len(solves) == 1
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    np.testing.assert_allclose(
        state(name, together), state(name, alone), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("name", ["logistic", "forest", "pipeline", "neighbours"])
def test_names_are_followed_after_columns_were_forgotten(name, monkeypatch):
    together, alone = fitted(name, named=True), fitted(name, named=True)
    requests = [
        ("replace_features", {"row_ids": NAMES[[10]], "X_new": NEW[:1]}),
        ("forget_features", {"columns": [3]}),
        ("partial_unfit", {"row_ids": NAMES[[3, 4]]}),
        ("replace_labels", {"row_ids": NAMES[[10]], "y_new": 1 - Y[[10]]}),
        ("forget_features", {"columns": [1]}),
        ("partial_unfit", {"row_ids": NAMES[[5]]}),
    ]
    solves = counted_calls(monkeypatch, *SOLVES[name])
    together.carry_out(requests)
    assert len(solves) == 1
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    np.testing.assert_allclose(
        state(name, together), state(name, alone), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("last", ["shards", "retrained"])
def test_rows_that_are_named_in_two_ways_and_a_column_are_one_edit(last, monkeypatch):
    front = su.make_unlearnable_column_transformer(
        (Normalizer(), [0, 1]), ("passthrough", [2, 3])
    )
    together, alone = (
        pipeline(front, clone(MODELS[last])).fit(X, Y, row_ids=NAMES) for _ in range(2)
    )
    requests = [
        ("partial_unfit", {"row_ids": NAMES[[3, 4]]}),
        ("replace_features", given(together, [10]) | {"X_new": NEW[:1]}),
        ("forget_features", {"columns": [3]}),
    ]
    solves = counted_calls(monkeypatch, *SOLVES[last])
    together.carry_out(requests)
    assert len(solves) == 1
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    np.testing.assert_allclose(answers(together), answers(alone), atol=1e-6, rtol=0)


def test_targets_of_rows_whose_names_a_step_is_told_alone_are_refused():
    model = pipeline(su.UnlearnableSelectKBest(k=2), clone(MODELS["shards"]))
    before = answers(model.fit(X, Y, row_ids=NAMES))
    requests = [
        ("replace_labels", {"row_ids": NAMES[[3]], "y_new": 1 - Y[[3]]}),
        ("partial_fit", {"X": X[:1], "y": Y[:1], "row_ids": [1]}),
    ]
    column = ("forget_features", {"columns": [0]})
    for asked in (requests, requests[::-1], [requests[0], column]):
        with pytest.raises(UnlearningError, match="have to be told their values"):
            model.carry_out(asked)
    np.testing.assert_array_equal(answers(model), before)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("last", ["tree", "forest", "shards", "retrained"])
@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_columns_that_vanish_before_a_step_are_in_its_edit(
    last, output, named, monkeypatch
):
    if output != "default":
        pytest.importorskip(output)
        if last in ("tree", "forest"):
            return  # they take arrays
    kinds = np.append([7.0, 7.0, 8.0], np.arange(N - 3) % 3)
    rows = np.column_stack([kinds, X[:, 0]])
    front = su.make_unlearnable_column_transformer(
        (
            su.UnlearnableOneHotEncoder(handle_unknown="ignore", sparse_output=False),
            [0],
        ),
        ("passthrough", [1]),
    ).set_output(transform=output)
    model = pipeline(front, clone(MODELS[last]))
    model = model.fit(rows, Y, row_ids=NAMES if named else None)
    before = copy.deepcopy(model)
    solves = counted_calls(monkeypatch, *SOLVES[last])
    new = np.array([[1.0, 0.25]])
    ids = {"row_ids": NAMES[[2]]} if named else {}
    # the last row of a category goes, or is corrected
    for requests in (
        [("replace_features", {"X": rows[[2]], "y": Y[[2]], "X_new": new} | ids)],
        [
            ("partial_unfit", {"X": rows[:2], "y": Y[:2]}),
            ("replace_features", {"X": rows[[2]], "y": Y[[2]], "X_new": new}),
            ("replace_labels", {"X": rows[[9]], "y": Y[[9]], "y_new": 1 - Y[[9]]}),
            (
                "partial_fit",
                {"X": rows[[9]], "y": Y[[9]]} | ({"row_ids": [1]} if named else {}),
            ),
        ],
    ):
        model, edited, targets = copy.deepcopy(before), rows.copy(), Y.copy()
        del solves[:]
        records = model.carry_out(requests)
        assert len(solves) == 1
        edited[2], left, names = new, np.arange(N), NAMES
        if len(records) > 1:
            targets[9], left = 1 - Y[9], np.arange(2, N)
            edited, targets = np.vstack([edited[left], rows[9]]), targets[left]
            targets, names = np.append(targets, Y[9]), np.append(NAMES[left], 1)
        refit = clone(model).fit(edited, targets, row_ids=names if named else None)
        assert model[:-1].transform(rows).shape[1] == 5 - len(records[1:][:1])
        found, expected = (each.predict_proba(rows) for each in (model, refit))
        np.testing.assert_allclose(found, expected)


def test_lists_reach_what_must_change_in_wrappers():
    voting = VotingClassifier([("one", logistic()), ("two", logistic(C=0.1))])
    searched = GridSearchCV(logistic(), {"C": [0.3]}, cv=2)
    transformed = TransformedTargetRegressor(
        su.UnlearnableRidge(retain_data=True), func=np.exp, inverse_func=np.log
    )
    for wrapper in (voting, searched, transformed):
        together, alone = (clone(wrapper).fit(X, Y) for _ in range(2))
        requests = mixed(su.UnlearnableRidge())
        assert su.carry_out(together, requests) is together
        for verb, keywords in requests:
            if verb == "partial_fit":
                continue
            getattr(su, verb)(alone, **keywords)
        new = [given for verb, given in requests if verb == "partial_fit"]
        if wrapper is voting:
            reached = alone.estimators_
        else:
            reached = [getattr(alone, "best_estimator_", None) or alone.regressor_]
        for model in reached:
            y_new = new[0]["y"]
            y_new = np.exp(y_new) if wrapper is transformed else y_new
            model.partial_fit(new[0]["X"], y_new)
        np.testing.assert_allclose(together.predict(X), alone.predict(X), atol=1e-7)
    for wrong in ("partial_unfit", [3], [("partial_unfit", 3)]):
        with pytest.raises(UnlearningError, match="pair"):
            su.carry_out(voting.fit(X, Y), wrong)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith("a step")])
def test_values_and_targets_change_behind_a_step(name, named):
    together, alone = fitted(name, named=True), fitted(name, named=True)
    ids = {"row_ids": NAMES[[7]]} if named else {}
    row = given(su.UnlearnableRidge(), [7])
    requests = [
        ("replace_features", row | ids | {"X_new": NEW[[0]]}),
        ("replace_labels", {**row, **ids, "X": NEW[[0]], "y_new": 1 - Y[[7]]}),
        ("replace_labels", given(su.UnlearnableRidge(), [30]) | {"y_new": [1 - Y[30]]}),
        ("partial_unfit", {"row_ids": NAMES[[4, 5]]}),  # in another way
    ]
    together.carry_out(requests)
    for verb, keywords in requests:
        getattr(alone, verb)(**keywords)
    np.testing.assert_allclose(answers(together), answers(alone), atol=1e-6, rtol=0)


def test_rows_come_and_go_in_a_network_behind_a_step():
    """More rows leave than come, all of them preprocessed anew."""
    model = pipeline(su.UnlearnableStandardScaler(), clone(NETWORK)).fit(X, Y)
    model.carry_out(mixed(model))
    left = np.delete(np.arange(N), [3, 4, 50])
    edited, targets = X.copy(), Y.copy()
    edited[[10, 40]], targets[[5, 60]] = NEW[:2], 1 - Y[[5, 60]]
    edited, targets = (
        np.vstack([edited[left], NEW[2:4]]),
        np.append(targets[left], [0, 1]),
    )
    refit = clone(model).fit(edited, targets)
    np.testing.assert_allclose(model[0].mean_, refit[0].mean_)
    unlike = pipeline(su.UnlearnableStandardScaler(), clone(NETWORK)).fit(X, Y)
    found, before = (
        each.gradient_residual(edited, targets) for each in (model, unlike)
    )
    assert found < before


def test_values_and_targets_of_a_row_change_at_once():
    for name in ("ridge", "logistic", "naive Bayes", "pipeline", "forest", "search"):
        together, alone = fitted(name), fitted(name)
        requests = [
            ("replace_features", given(alone, [7]) | {"X_new": NEW[[0]]}),
            ("replace_labels", {"X": NEW[[0]], "y": Y[[7]], "y_new": 1 - Y[[7]]}),
            ("replace_features", {"X": NEW[[0]], "y": 1 - Y[[7]], "X_new": NEW[[1]]}),
        ]
        together.carry_out(requests)
        for verb, keywords in requests:
            getattr(alone, verb)(**keywords)
        np.testing.assert_allclose(answers(together), answers(alone), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["logistic", "forest", "pipeline", "naive Bayes"])
def test_equal_rows_are_different_ones(name):
    twins, targets = X.copy(), Y.copy()
    twins[[5, 6, 7]], targets[[5, 6, 7]] = X[4], Y[4]
    model = clone(MODELS[name]).fit(twins, targets)
    row = {"X": X[[4]], "y": Y[[4]]}
    model.carry_out(
        [
            ("partial_unfit", row),
            ("replace_labels", row | {"y_new": 1 - Y[[4]]}),
            ("partial_fit", row),
            ("partial_unfit", {"X": X[[9]], "y": Y[[9]]}),
        ]
    )
    left = np.delete(np.arange(N), [4, 9])
    edited = targets.copy()
    edited[5] = 1 - Y[4]
    refit = clone(MODELS[name]).fit(
        np.vstack([twins[left], X[[4]]]), np.append(edited[left], Y[4])
    )
    np.testing.assert_allclose(answers(model), answers(refit), atol=1e-6, rtol=0)


def test_weights_of_several_kinds():
    weight = 1.0 + np.arange(N) % 3
    for front in ([], [su.UnlearnableStandardScaler()]):
        model = pipeline(*front, logistic()) if front else logistic()
        model.fit(X, Y, sample_weight=weight)
        model.carry_out(
            [
                ("partial_unfit", {"X": X[[1]], "y": Y[[1]]}),
                ("partial_unfit", {"X": X[[3]], "y": Y[[3]], "sample_weight": 1.0}),
                ("replace_features", {"X": X[[5]], "y": Y[[5]], "X_new": NEW[[0]]}),
                ("partial_fit", {"X": NEW[[1]], "y": [1], "sample_weight": 2.0}),
            ]
        )
        edited = np.vstack([X, NEW[[1]]])
        edited[5] = NEW[0]
        left = np.append(weight, 2.0)
        left[1] = left[3] = 0.0
        refit = clone(model).fit(edited, np.append(Y, 1), sample_weight=left)
        np.testing.assert_allclose(answers(model), answers(refit), atol=1e-6, rtol=0)


def test_sparse_rows_and_counts():
    rows = sp.csr_array(np.where(np.abs(X) > 0.5, np.abs(X), 0.0))
    for model in (
        logistic(),
        su.UnlearnableMultinomialNB(),
        pipeline(su.UnlearnableMaxAbsScaler(), logistic()),
    ):
        model = clone(model).fit(rows, Y)
        model.carry_out(
            [
                ("partial_unfit", {"X": rows[[1]], "y": Y[[1]]}),
                ("replace_features", {"X": rows[[2]], "y": Y[[2]], "X_new": rows[[9]]}),
                ("replace_labels", {"X": rows[[3]], "y": Y[[3]], "y_new": 1 - Y[[3]]}),
                ("partial_fit", {"X": rows[[1]], "y": [1]}),
            ]
        )
        edited, targets = rows.toarray(), Y.copy()
        edited[2], targets[3] = edited[9], 1 - Y[3]
        left = np.append(np.delete(np.arange(N), 1), 1)
        targets = np.append(np.delete(targets, 1), 1)
        refit = clone(model).fit(sp.csr_array(edited[left]), targets)
        np.testing.assert_allclose(
            model.predict_proba(rows), refit.predict_proba(rows), atol=1e-6, rtol=0
        )


def test_frames_with_categories():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = pd.Categorical(np.array(["x", "y", "z"])[np.arange(N) % 3])
    model = pipeline(
        su.make_unlearnable_column_transformer(
            (su.UnlearnableOneHotEncoder(handle_unknown="ignore"), ["kind"]),
            (su.UnlearnableStandardScaler(), list("abcd")),
        ),
        logistic(),
    ).fit(frame, Y)
    changed = frame[2:3].assign(a=9.0, kind="z")
    model.carry_out(
        [
            ("partial_unfit", {"X": frame[1:2], "y": Y[1:2]}),
            ("replace_features", {"X": frame[2:3], "y": Y[2:3], "X_new": changed}),
            ("replace_labels", {"X": frame[3:4], "y": Y[3:4], "y_new": 1 - Y[3:4]}),
            ("partial_fit", {"X": frame[1:2].assign(b=3.0), "y": [1]}),
        ]
    )
    edited, targets = frame.astype({"kind": object}), Y.copy()
    edited.loc[2, ["a", "kind"]] = [9.0, "z"]
    targets[3] = 1 - Y[3]
    edited = pd.concat([edited.drop(index=1), edited[1:2].assign(b=3.0)])
    refit = clone(model).fit(edited, np.append(np.delete(targets, 1), 1))
    np.testing.assert_allclose(
        model.predict_proba(frame), refit.predict_proba(frame), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        su.UnlearnableRidge(retain_data=True),
        su.UnlearnableRidgeCV(),
        su.UnlearnableKNeighborsRegressor(3),
    ],
)
def test_rows_that_leave_and_a_column_behind_a_step(model, named):
    model = pipeline(su.UnlearnableStandardScaler(), model)
    target = X @ [1.0, -1.0, 0.5, 0.0]
    keys = np.column_stack([np.arange(N) // 2, np.arange(N)])
    model.fit(X, target, row_ids=keys if named else None)
    asked = [{"X": X[[6, 7]], "y": target[[6, 7]]}, {"X": X[16:17], "y": target[16:17]}]
    if named:
        asked = [{"row_ids": [3]}, {"row_ids": keys[16:17]}]
    requests = [("partial_unfit", given) for given in asked]
    model.carry_out([*requests, ("forget_features", {"columns": [1]})])
    left = np.delete(np.arange(N), [6, 7, 16])
    refit = clone(model).fit(X[left], target[left]).forget_features([1])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)
