"""Plans of every kind of estimator: what they say is what the record says then."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
)
from sklearn.tree import DecisionTreeClassifier

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.records import use_record_key
from sklearn_unlearn.utils.tags import REQUEST_VERBS
from tests.families import X, y

MODELS = {
    "ridge classifier": su.UnlearnableRidgeClassifier(),
    "support vectors": su.UnlearnableLinearSVC(retain_data=True),
    "sums": su.UnlearnableLinearRegression(),
    "neighbours": su.UnlearnableKNeighborsClassifier(3),
    "kernel": su.UnlearnableKernelRidge(kernel="rbf", gamma=0.1),
    "process": su.UnlearnableGaussianProcessRegressor(alpha=0.5, optimizer=None),
    "tree": su.UnlearnableDecisionTreeClassifier(max_depth=3, random_state=0),
    "forest": su.UnlearnableExtraTreesClassifier(2, max_depth=3, random_state=0),
    "shards": su.ShardedClassifier(LogisticRegression(), n_shards=2, random_state=0),
    "trained again": su.RetrainedClassifier(DecisionTreeClassifier(random_state=0)),
    "fitted again": su.RetrainedTransformer(PowerTransformer()),
    "network": su.UnlearnableMLPClassifier(
        (3,), alpha=1.0, max_iter=20, retain_data=True, random_state=0
    ),
    "quantiles": su.UnlearnableQuantileTransformer(n_quantiles=10),
    "targets": su.UnlearnableTargetEncoder(),
    "components": su.UnlearnablePCA(2),
    "imputer": su.UnlearnableSimpleImputer(),
    "search": su.UnlearnableGridSearchCV(su.UnlearnableGaussianNB(), {}, cv=2),
    "search, refined": su.UnlearnableGridSearchCV(
        su.UnlearnableLogisticRegression(retain_data=True), {"C": [0.1, 1.0]}, cv=2
    ),
    "calibrated": su.UnlearnableCalibratedClassifierCV(
        su.UnlearnableGaussianNB(), cv=2
    ),
    "stack": su.UnlearnableStackingClassifier(
        [("one", su.UnlearnableGaussianNB()), ("two", su.UnlearnableRidgeClassifier())],
        cv=2,
    ),
    "vote": su.UnlearnableVotingClassifier([("one", su.UnlearnableGaussianNB())]),
    "columns": su.make_unlearnable_column_transformer(
        (su.UnlearnableStandardScaler(), [0, 1]), (su.UnlearnableMinMaxScaler(), [2, 3])
    ),
    "pipeline": su.make_unlearnable_pipeline(
        su.make_unlearnable_column_transformer(
            (su.UnlearnableStandardScaler(), [0, 1]), ("passthrough", [2, 3])
        ),
        FunctionTransformer(),
        su.UnlearnableLogisticRegression(retain_data=True),
    ),
    "pipeline of sums": su.make_unlearnable_pipeline(
        su.UnlearnableMaxAbsScaler(), su.UnlearnableLogisticRegression(C=0.01)
    ),
}


def requested(model, verb):
    """Keyword arguments of a verb for a few rows."""
    labels = {"y": y[:2]} if "y" in model._accepts else {}
    if verb == "forget_features":
        return {"columns": [1]}
    if verb == "partial_fit":
        return {"X": X[2:4] + 0.1, **dict.fromkeys(labels, y[2:4])}
    new = {"replace_features": {"X_new": X[:2] + 0.1}}
    new["replace_labels"] = {"y_new": 1 - y[:2]}
    return {"X": X[:2], **labels, **new.get(verb, {})}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("name", MODELS)
def test_a_plan_says_what_the_record_says_then(name):
    begun = pickle.dumps(MODELS[name].fit(X, y))
    asked = 0
    for verb in REQUEST_VERBS:
        model = pickle.loads(begun)
        if not hasattr(model, verb):
            continue
        before, keywords = pickle.dumps(model), requested(model, verb)
        plan = model.plan((verb, keywords))
        assert pickle.dumps(model) == before
        assert not hasattr(model, "request_record_")
        if plan.refused is not None:
            with pytest.raises(UnlearningError) as refusal:
                getattr(model, verb)(**keywords)
            assert plan.refused == str(refusal.value)
            continue
        asked += 1
        record = getattr(model, verb)(**keywords).request_record_
        assert plan.verbs == (record.verb,)
        counted = plan.n_rows_out, plan.n_rows_in, plan.columns
        assert counted == (record.n_rows_out, record.n_rows_in, record.columns)
        touched = [s for s in plan.steps if s.how not in ("untouched", "frozen")]
        names = record.steps or (type(model).__name__,)
        assert tuple(step.name for step in touched) == names
        for step in touched:
            rows = step.n_rows_out, step.n_rows_in
            assert rows == (record.n_rows_out, record.n_rows_in)
        again = touched[-1].costs.startswith("a fit")
        assert touched[-1].how == ("fitted again" if again else record.method)
        assert plan.budget is None
    assert asked >= 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("name", MODELS)
def test_the_same_rows_and_requests_have_the_same_digests(name):
    digests = []
    for _ in range(2):
        model = clone(MODELS[name]).fit(X, y)
        use_record_key(model, bytes(32))
        rows = requested(model, "partial_unfit")
        record = model.partial_unfit(**rows).request_record_
        digests.append((record.state_before, record.state_after))
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 2


def test_columns_that_a_step_forgets_are_named():
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableRidge(retain_data=True)
    ).fit(X, y)
    plan = model.plan(("forget_features", {"columns": [2]}))
    assert plan.steps[0].columns == (2,)


def test_passes_are_counted():
    sums = su.UnlearnableRidge().fit(X, y)
    rows = {"X": X[:2], "y": y[:2]}
    assert sums.plan(("partial_unfit", rows)).passes == 0
    kept = su.UnlearnableLogisticRegression(retain_data=True).fit(X, y)
    one = kept.plan(("partial_unfit", rows)).passes
    assert one >= 2  # the gradient before and after at least one step
    two = kept.plan([("partial_unfit", rows), ("forget_features", {"columns": 1})])
    assert two.passes >= 2
    tree = su.UnlearnableDecisionTreeClassifier(random_state=0).fit(X, y)
    assert tree.plan(("partial_unfit", rows)).passes == 0
    refused = ("partial_unfit", {"X": X[:1] + 9.0, "y": y[:1]})
    assert kept.plan(refused).passes is kept.plan(refused).fits is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize(
    ("name", "passes", "fits"),
    [
        ("sums", 0, 0),
        ("neighbours", 0, 0),
        ("kernel", 1, 0),
        ("process", 1, 0),
        ("support vectors", (2, 9), 0),
        ("network", (1, 99), 0),
        ("search", 0, 0),
        ("search, refined", (10, 99), 0),  # five models
        ("vote", 0, 0),
        ("stack", 0, 1),  # what decides by the answers of the others
        ("calibrated", 0, 1),
        ("shards", 0, (1, 2)),
        ("trained again", 0, 1),
        ("fitted again", 0, 1),
        ("pipeline", (2, 20), 0),
        ("pipeline of sums", 0, 0),
    ],
)
def test_passes_and_fits_are_counted_of_all(name, passes, fits):
    model = clone(MODELS[name]).fit(X, y)
    plan = model.plan(("partial_unfit", requested(model, "partial_unfit")))
    for found, expected in ((plan.passes, passes), (plan.fits, fits)):
        low, high = expected if isinstance(expected, tuple) else (expected, expected)
        assert low <= found <= high
    said = f"{plan.passes} pass{'' if plan.passes == 1 else 'es'}, {plan.fits} fit"
    assert said in repr(plan)


def test_steps_without_state_are_untouched():
    rows = {"X": X[:2], "y": y[:2]}
    last = su.UnlearnableRidge(retain_data=True)
    for step in (Normalizer(), FunctionTransformer(), PolynomialFeatures(2)):
        model = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), step, last)
        model.fit(X, y)
        plan = model.plan(("partial_unfit", rows))
        assert [each.how for each in plan.steps] == ["exact", "untouched", "refined"]
        before = model[1]
        record = model.partial_unfit(**rows).request_record_
        assert model[1] is before
        assert len(record.steps) == 2
    words = np.array([[value] for value in "aab" * 30], dtype=object)
    words[0] = "rare"  # whose column goes
    model = su.make_unlearnable_pipeline(
        su.UnlearnableOneHotEncoder(), Normalizer(), last
    )
    model.fit(words, y).partial_unfit(words[:1], y[:1])
    assert model[1].n_features_in_ == 2
    refit = clone(model).fit(words[1:], y[1:])
    np.testing.assert_allclose(model.predict(words[1:]), refit.predict(words[1:]))


def test_steps_and_members_that_are_fitted_anew_are_counted():
    again = su.RetrainedClassifier(DecisionTreeClassifier(random_state=0))
    model = su.UnlearnableGridSearchCV(again, {}, cv=2).fit(X, y)
    plan = model.plan(("partial_unfit", {"X": X[:1], "y": y[:1]}))
    assert plan.fits == 1 + 1  # without the fold of the row, and of all rows
    steps = su.make_unlearnable_pipeline(
        PowerTransformer(), su.UnlearnableRidge(retain_data=True)
    ).fit(X, y)
    plan = steps.plan(("partial_unfit", {"X": X[:1], "y": y[:1]}))
    assert plan.fits == 1
    assert plan.passes > 0


def test_steps_that_stay_are_frozen_in_a_plan():
    model = su.make_unlearnable_pipeline(
        PowerTransformer(), su.UnlearnableRidge(retain_data=True), on_stateful="freeze"
    ).fit(X, y)
    with pytest.warns(UserWarning, match="powertransformer"):
        plan = model.plan(("partial_unfit", {"X": X[:1], "y": y[:1]}))
    assert [step.how for step in plan.steps] == ["frozen", "refined"]
    assert plan.steps[0].n_rows_out == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = model.partial_unfit(X[:1], y[:1]).request_record_
    assert record.frozen == ("powertransformer",)


def test_subjects_count_as_their_rows_in_plans_too():
    model = su.UnlearnableKNeighborsClassifier(3).fit(X, y, row_ids=np.arange(90) // 3)
    plan = model.plan(("partial_unfit", {"row_ids": [4, 7]}))
    record = model.partial_unfit(row_ids=[4, 7]).request_record_
    assert plan.n_rows_out == record.n_rows_out == 6


@pytest.mark.parametrize("kind", ["search", "stack", "shards", "trained again"])
def test_categories_that_vanish_inside_a_model_are_named(kind):
    rows = np.array(["rare", *("a", "b", "c") * 30], dtype=object)[:90, None]
    unlearns = su.make_unlearnable_pipeline(
        su.make_unlearnable_column_transformer(
            (su.UnlearnableOneHotEncoder(handle_unknown="ignore"), [0])
        ),
        su.UnlearnableLogisticRegression(retain_data=True),
    )
    plain = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model = {
        "search": su.UnlearnableGridSearchCV(
            unlearns, {"unlearnablelogisticregression__C": [0.1, 1.0]}, cv=2
        ),
        "stack": su.UnlearnableStackingClassifier([("one", unlearns)], cv=2),
        "shards": su.ShardedClassifier(plain, n_shards=2, random_state=0),
        "trained again": su.RetrainedClassifier(plain),
    }[kind].fit(rows, y)
    plan = model.plan(("partial_unfit", {"X": rows[:1], "y": y[:1]}))
    assert [step.vanishing for step in plan.steps] == [("0: rare",)]
    plan = model.plan(("partial_unfit", {"X": rows[1:2], "y": y[1:2]}))
    assert [step.vanishing for step in plan.steps] == [()]


def wrapped():
    """Estimators of scikit-learn around some that unlearn, and targets for them."""
    logistic = su.UnlearnableLogisticRegression(retain_data=True)
    positive = np.exp(X[:, 0])
    yield GridSearchCV(logistic, {"C": [0.1, 1.0]}, cv=3), y
    yield (
        TransformedTargetRegressor(
            su.UnlearnableRidge(retain_data=True), func=np.log, inverse_func=np.exp
        ),
        positive,
    )
    yield (
        VotingClassifier([("one", logistic), ("other", su.UnlearnableGaussianNB())]),
        y,
    )


def test_plans_reach_what_would_change_in_wrappers():
    for model, targets in wrapped():
        with pytest.raises(NotFittedError):
            su.plan(model, ("partial_unfit", {"X": X[:2], "y": targets[:2]}))
        model.fit(X, targets)
        before = model.predict(X)
        asked = ("partial_unfit", {"X": X[:2], "y": targets[:2]})
        plan = su.plan(model, asked, X_watch=X)
        assert su.plan(model, [asked]).n_rows_out == plan.n_rows_out == 2
        assert np.array_equal(model.predict(X), before)
        several = isinstance(model, VotingClassifier)
        assert len(plan.steps) == 1 + several
        assert plan.steps[-1].name.startswith("1__") == several
        assert plan.refused is None
        if several:
            reached = model.estimators_
            answers = [each.predict_proba(X) for each in reached]
        elif isinstance(model, GridSearchCV):
            reached = [model.best_estimator_]
            answers = [reached[0].predict_proba(X)]
        else:
            reached = [model.regressor_]
            answers = [reached[0].predict(X)]
        su.partial_unfit(model, X[:2], targets[:2])
        if isinstance(model, GridSearchCV):
            after = [model.best_estimator_.predict_proba(X)]
        elif several:
            after = [each.predict_proba(X) for each in model.estimators_]
        else:
            after = [model.regressor_.predict(X)]
        moved = [np.abs(a - b) for a, b in zip(after, answers, strict=True)]
        largest = max(each.max() for each in moved)
        assert plan.largest_change == pytest.approx(largest, rel=1e-6)
        mean = np.mean([each.mean() for each in moved])
        assert plan.mean_change == pytest.approx(mean, rel=1e-6)
        unknown = ("partial_unfit", {"X": X[:1] + 7.0, "y": targets[:1]})
        assert "Row 0 of X" in su.plan(model, unknown).refused
        for wrong in (3, [3], "partial_unfit"):
            with pytest.raises(UnlearningError, match="pair"):
                su.plan(model, wrong)
    with pytest.raises(UnlearningError, match="LogisticRegression"):
        su.plan(LogisticRegression().fit(X, y), asked)


def test_a_class_that_members_of_a_vote_would_lose():
    labels = np.append([2, 2], y[2:])
    naive = [(name, su.UnlearnableGaussianNB()) for name in ("one", "other")]
    model = VotingClassifier(naive).fit(X, labels)
    asked = {"X": X[:2], "y": labels[:2]}
    plan = su.plan(model, ("partial_unfit", asked), X_watch=X)
    with pytest.raises(UnlearningError) as refusal:
        su.partial_unfit(model, **asked)
    assert plan.refused == str(refusal.value)
    assert plan.largest_change is None
    assert not plan.steps


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("kind", ["pipeline", "columns", "trained again"])
def test_only_categories_of_forgotten_columns_vanish(kind, framed):
    rows = np.array([["a", "n"], ["b", "s"], ["a", "w"]] * 30, dtype=object)[:90]
    last = su.UnlearnableLogisticRegression(retain_data=True)
    encoder = su.UnlearnableOneHotEncoder(handle_unknown="ignore")
    plain = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model = {
        "pipeline": su.make_unlearnable_pipeline(encoder, last),
        "columns": su.make_unlearnable_pipeline(
            su.make_unlearnable_column_transformer((encoder, [0, 1])), last
        ),
        "trained again": su.RetrainedClassifier(plain),
    }[kind]
    first, second = 0, 1
    if framed:
        first, second = "plan", "region"
        rows = pytest.importorskip("pandas").DataFrame(rows, columns=[first, second])
    plan = model.fit(rows, y).plan(("forget_features", {"columns": [first]}))
    assert plan.steps[0].vanishing == (f"{first}: a", f"{first}: b")
    model.forget_features([first])
    there = (rows[second] == "s").to_numpy() if framed else rows[:, 1] == "s"
    gone = {"X": rows[there], "y": y[there]}
    plan = model.plan(("partial_unfit", gone))
    assert plan.steps[0].vanishing == (f"{second}: s",)
