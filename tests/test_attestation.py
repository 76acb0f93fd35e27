"""Attestation: a model is recomputed from the rows that it should be of."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import Normalizer
from sklearn.tree import DecisionTreeClassifier

import sklearn_unlearn as su
from sklearn_unlearn.row_blocks import DataBlocks
from tests.cases import make

rng = np.random.default_rng(1)
X = rng.normal(size=(80, 4))
Y = (X @ [1.0, -1.0, 0.5, 0.0] + rng.normal(size=80) > 0).astype(int)
OUT, COLUMN = np.array([2, 11, 40]), 1
LEFT = np.delete(np.arange(80), OUT)

#: All of whose state is a function of the rows.
FUNCTIONS = {
    "sums": su.UnlearnableGaussianNB(),
    "least squares": su.UnlearnableLinearRegression(),
    "discriminants": su.UnlearnableLinearDiscriminantAnalysis(),
    "scaler": su.UnlearnableStandardScaler(),
    "extremes": su.UnlearnableMinMaxScaler(),
    "components": su.UnlearnablePCA(2),
    "imputer": su.UnlearnableSimpleImputer(strategy="median"),
    "tree": su.UnlearnableDecisionTreeClassifier(random_state=0),
    "forest": su.UnlearnableRandomForestClassifier(n_estimators=3, random_state=0),
    "neighbours": su.UnlearnableKNeighborsClassifier(3),
    "shards": su.ShardedClassifier(DecisionTreeClassifier(), random_state=0),
    "trained again": su.RetrainedClassifier(LogisticRegression()),
    "pipeline": su.make_unlearnable_pipeline(
        su.UnlearnableSimpleImputer(), su.UnlearnableGaussianNB(retain_data=True)
    ),
}
functions = pytest.mark.parametrize("name", FUNCTIONS)


def fitted(name, rows, **weights):
    return clone(FUNCTIONS[name]).fit(X[rows], Y[rows], **weights)


@functions
def test_a_function_of_rows_is_recomputed(name):
    model = fitted(name, np.arange(80))
    assert not su.attest(model, X[LEFT], Y[LEFT])
    before = su.state_digest(model)
    model = su.partial_unfit(model, X[OUT], Y[OUT])
    for each in (model, pickle.loads(pickle.dumps(model))):
        found = su.attest(each, X[LEFT], Y[LEFT])
        assert found
        assert found.differing == found.measured == ()
        assert su.state_digest(each) == su.state_digest(fitted(name, LEFT)) != before
    # one row more, one less, or one of another value is seen
    for rows in (np.append(LEFT, OUT[0]), LEFT[1:]):
        assert not su.attest(model, X[rows], Y[rows])
    other = X[LEFT].copy()
    other[5] += 0.5
    assert not su.attest(model, other, Y[LEFT])


@functions
def test_forgotten_columns_are_attested_too(name):
    model = su.forget_features(fitted(name, np.arange(80)), COLUMN)
    assert su.attest(model, X, Y, forgotten_features=COLUMN)
    assert not su.attest(model, X, Y)
    other = X.copy()
    other[:, COLUMN] = 0.0
    assert su.attest(model, other, Y, forgotten_features=COLUMN)


def test_weights_are_attested():
    weight = rng.uniform(0.5, 2.0, size=80)
    model = fitted("sums", np.arange(80), sample_weight=weight)
    assert su.attest(model, X, Y, weight)
    assert not su.attest(model, X, Y)


def test_the_residual_of_a_linear_model_is_measured():
    model = make("logistic", retain_data=True).fit(X, Y).partial_unfit(X[OUT], Y[OUT])
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert found.measured == ("UnlearnableLogisticRegression",)
    assert found.residual == model.gradient_residual(X[LEFT], Y[LEFT])
    assert found.residual < 1e-6
    assert su.attest(model, X, Y).residual > 0.1
    assert "residual" in str(found)
    assert "same" not in str(found)
    assert not found  # of a model of which nothing is proved
    assert 0.0 < found.largest_difference < 1e-6
    assert su.attest(model, X, Y).largest_difference > 1e-3
    with pytest.raises(TypeError, match="attest"):
        su.state_digest(model)


def test_steps_of_a_pipeline_are_attested_one_by_one():
    pipeline = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), make("logistic", retain_data=True)
    ).fit(X, Y)
    pipeline.partial_unfit(X[OUT], Y[OUT])
    found = su.attest(pipeline, X[LEFT], Y[LEFT])
    assert found.same
    assert not found
    assert found.measured == ("step 'unlearnablelogisticregression'",)
    assert found.residual < 1e-6
    wrong = su.attest(pipeline, X, Y)
    assert wrong.differing == ("step 'unlearnablestandardscaler'",)
    assert "unlearnablestandardscaler" in str(wrong)


MEASURED = {
    "kernel": su.UnlearnableKernelRidge(kernel="rbf", gamma=0.1),
    "process": su.UnlearnableGaussianProcessRegressor(alpha=0.5, optimizer=None),
    "network": su.UnlearnableMLPClassifier(
        (3,), alpha=1.0, solver="lbfgs", max_iter=500, random_state=0, retain_data=True
    ),
    "search": su.UnlearnableGridSearchCV(su.UnlearnableGaussianNB(), {}, cv=2),
    "calibrated": su.UnlearnableCalibratedClassifierCV(
        su.UnlearnableGaussianNB(), cv=2
    ),
    "stack": su.UnlearnableStackingClassifier([("one", su.UnlearnableGaussianNB())]),
    "vote": su.UnlearnableVotingClassifier([("one", su.UnlearnableGaussianNB())]),
    "threshold": su.UnlearnableTunedThresholdClassifierCV(su.UnlearnableGaussianNB()),
}


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("name", MEASURED)
def test_of_what_is_no_function_of_rows_answers_are_measured(name):
    model = clone(MEASURED[name]).fit(X, Y)
    model = su.partial_unfit(model, X[OUT], Y[OUT])
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert not found
    assert found.measured == (type(model).__name__,)
    assert found.n_functions == 0
    other = Y.copy()
    other[::3] = 1 - other[::3]
    wrong = su.attest(model, X, other)
    assert not wrong
    if name != "network":  # whose steps leave more than a refit
        assert found.largest_difference < 0.1
    if name != "threshold":  # whose labels differ by one or not at all
        assert wrong.largest_difference > 2.0 * found.largest_difference
    assert "Measured" in str(found)
    assert "same" not in str(found)
    with pytest.raises(TypeError, match="attest"):
        su.state_digest(model)


def logistic():
    return make("logistic", retain_data=True)


FOLDED = {
    "search": su.UnlearnableGridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3),
    "search of sums": su.UnlearnableGridSearchCV(
        su.UnlearnableGaussianNB(), {"var_smoothing": [1e-9, 1e-2]}, cv=3
    ),
    "search of pipelines": su.UnlearnableGridSearchCV(
        su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), logistic()),
        {"unlearnablelogisticregression__C": [0.1, 1.0]},
        cv=3,
    ),
    "calibrated": su.UnlearnableCalibratedClassifierCV(
        su.UnlearnableGaussianNB(), cv=3
    ),
    "threshold": su.UnlearnableTunedThresholdClassifierCV(logistic(), cv=3),
    "stack": su.UnlearnableStackingClassifier(
        [("one", logistic()), ("two", su.UnlearnableGaussianNB())],
        final_estimator=logistic(),
        cv=3,
    ),
    "behind a step": su.make_unlearnable_pipeline(
        Normalizer(), su.UnlearnableGridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3)
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_models_of_folds_are_compared_in_the_folds_that_rows_keep(name):
    model = clone(FOLDED[name]).fit(X, Y)
    model.partial_unfit(X[OUT], Y[OUT])
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert found.largest_difference < 1e-6
    assert found.same
    wrong = su.attest(model, X, Y)
    assert wrong.largest_difference > 1e-4 or name == "threshold"


def test_a_penalty_chosen_in_folds_is_compared_in_these():
    alphas = (1e-3, 1.0, 30.0)
    model = su.UnlearnableRidgeCV(alphas, cv=KFold(3, shuffle=True, random_state=0))
    model.fit(X, Y).partial_unfit(X[OUT], Y[OUT])
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert found.same
    assert found.measured == ("UnlearnableRidgeCV",)
    assert found.largest_difference < 1e-10
    assert su.attest(model, X, Y).largest_difference > 1e-4
    with pytest.raises(TypeError, match="RidgeCV"):
        su.state_digest(model)


def test_sums_that_were_mapped_are_measured():
    model = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableGaussianNB()
    ).fit(X, Y)
    assert su.attest(model, X, Y)
    model.partial_unfit(X[OUT], Y[OUT])
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert found.same
    assert found.measured == ("step 'unlearnablegaussiannb'",)
    assert found.largest_difference < 1e-12
    assert not su.attest(model, X, Y).same
    with pytest.raises(TypeError, match="gaussiannb"):
        su.state_digest(model)


def test_rows_are_attested_as_blocks_too():
    model = su.UnlearnableGaussianNB().fit(X, Y).partial_unfit(X[OUT], Y[OUT])
    assert su.attest(model, DataBlocks([(X[LEFT], Y[LEFT])]))
    assert not su.attest(model, DataBlocks([(X, Y)]))


def test_several_targets_are_attested_and_planned():
    targets = np.column_stack([Y, X[:, 1] > 0.0]).astype(int)
    model = su.UnlearnableMultiOutputClassifier(logistic()).fit(X, targets)
    asked = ("partial_unfit", {"X": X[OUT], "y": targets[OUT]})
    plan = model.plan(asked, X_watch=X)
    before = np.hstack(model.predict_proba(X))
    model.partial_unfit(**asked[1])
    moved = np.abs(np.hstack(model.predict_proba(X)) - before)
    assert plan.largest_change == pytest.approx(moved.max(), rel=1e-6)
    assert plan.mean_change == pytest.approx(moved.mean(), rel=1e-6)
    found = su.attest(model, X[LEFT], targets[LEFT])
    assert found.largest_difference < 1e-6
    assert su.attest(model, X, targets).largest_difference > 1e-4


def test_rows_are_drawn_by_their_names():
    names = np.arange(80) + 500
    for name in ("forest", "shards"):
        model = clone(FUNCTIONS[name]).fit(X, Y, row_ids=names)
        model.partial_unfit(row_ids=names[OUT])
        assert su.attest(model, X[LEFT], Y[LEFT], row_ids=names[LEFT])
        assert not su.attest(model, X[LEFT], Y[LEFT], row_ids=names[LEFT][::-1])


def test_certification_draws_no_noise_for_an_attestation(monkeypatch):
    terms = su.GaussianCertification(epsilon=1.0, delta=1e-5, sigma=10.0)
    model = su.UnlearnableRidge(certification=terms, retain_data=True).fit(X, Y)
    model.partial_unfit(X[OUT], Y[OUT])

    def drawn(*_):
        raise AssertionError("noise")

    monkeypatch.setattr("sklearn_unlearn.certification.lineage.noisy", drawn)
    found = su.attest(model, X[LEFT], Y[LEFT])
    assert found.largest_difference < 1e-9


@pytest.mark.parametrize("signs", [(-0.0, 0.0), (0.0, -0.0)], ids=str)
@pytest.mark.parametrize(
    "model",
    [
        su.UnlearnableOneHotEncoder(),
        su.UnlearnableOrdinalEncoder(),
        su.UnlearnableTargetEncoder(),
        su.UnlearnableSimpleImputer(strategy="most_frequent"),
        su.UnlearnableKBinsDiscretizer(2, strategy="uniform"),
        su.UnlearnableMinMaxScaler(),
        su.UnlearnableQuantileTransformer(n_quantiles=4),
        su.UnlearnableDecisionTreeClassifier(random_state=0),
        su.UnlearnableCategoricalNB(),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("kind", [float, object])
def test_no_sign_of_zero_is_left_of_a_row(model, signs, kind):
    first, second = signs
    rows = np.array([[first], [second], [0.5], [1], [2], [1], [2], [second]], kind)
    model = clone(model).fit(rows, Y[:8])
    model = su.partial_unfit(model, rows[:1], Y[:1])
    assert su.attest(model, rows[1:], Y[1:8])


def test_attesting_changes_nothing():
    model = fitted("forest", np.arange(80))
    before = pickle.dumps(model.predict_proba(X))
    su.attest(model, X[LEFT], Y[LEFT])
    su.state_digest(model)
    assert pickle.dumps(model.predict_proba(X)) == before


def test_what_cannot_be_attested():
    with pytest.raises(TypeError, match="must be an unlearner"):
        su.attest(LogisticRegression().fit(X, Y), X, Y)
    for ask in (lambda m: su.attest(m, X, Y), su.state_digest):
        with pytest.raises(NotFittedError):
            ask(su.UnlearnableGaussianNB())
