"""A row of weight zero in a request is none, whatever the model."""

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import Normalizer

import sklearn_unlearn as su
from sklearn_unlearn.baselines import FineTuned
from sklearn_unlearn.utils.tags import accepts
from tests.cases import changed_targets, data, make

CERTIFICATION = su.GaussianCertification(
    epsilon=1.0, delta=1e-3, sigma=1.0, random_state=0
)


def sharded():
    return su.ShardedClassifier(LogisticRegression(), n_shards=2, random_state=0)


def pipeline(last, first=None):
    first = su.UnlearnableStandardScaler() if first is None else first
    return su.make_unlearnable_pipeline(first, last)


MODELS = {
    "linear": lambda: make("logistic"),
    "linear with data": lambda: make("logistic", retain_data=True),
    "first order": lambda: make("ridge", method="first_order"),
    "averaged": lambda: make("normal", retain_data=True),
    "balanced": lambda: make("logistic", class_weight="balanced"),
    "certified": lambda: make("logistic", certification=CERTIFICATION),
    "certified with data": lambda: make(
        "logistic", retain_data=True, certification=CERTIFICATION
    ),
    "search": lambda: GridSearchCV(
        make("logistic", retain_data=True), {"C": [0.3]}, cv=2
    ),
    "sums of classes": su.UnlearnableGaussianNB,
    "least squares": su.UnlearnableLinearRegression,
    "sharded": sharded,
    "fine-tuned": lambda: FineTuned(LogisticRegression(), random_state=0),
    "pipeline": lambda: pipeline(make("ridge")),
    "pipeline with data": lambda: pipeline(make("logistic", retain_data=True)),
    "pipeline of shards": lambda: pipeline(sharded(), Normalizer()),
    "pipeline of sums": lambda: pipeline(su.UnlearnableGaussianNB(), Normalizer()),
    "scaler": su.UnlearnableStandardScaler,
    "scalers": lambda: su.make_unlearnable_pipeline(su.UnlearnableStandardScaler()),
}
NETWORKS = {
    "network": lambda: su.UnlearnableMLPClassifier(
        (3,), retain_data=True, alpha=1.0, solver="lbfgs", random_state=0
    ),
    "network without data": lambda: su.UnlearnableMLPClassifier(
        (3,), method="first_order", alpha=1.0, solver="lbfgs", random_state=0
    ),
}
if accepts(MLPClassifier.fit, "sample_weight"):  # since scikit-learn 1.7
    MODELS |= NETWORKS
REGRESSIONS = {"first order", "averaged", "least squares", "pipeline"}
VERBS = ["partial_unfit", "replace_features", "replace_labels", "partial_fit"]
LACKING = {
    ("search", "partial_fit"),
    ("scaler", "replace_labels"),
    ("scalers", "replace_labels"),
}


def state(model, X):
    """What a model says, to the last bit."""
    for method in ("decision_function", "predict_proba", "transform", "predict"):
        if hasattr(model, method):
            return getattr(model, method)(X)
    raise AssertionError(model)


def ask(model, verb, X, y, rows, weight):
    """A verb about some rows, none of which is in the model but for the first."""
    old, target = X[rows] + np.arange(len(rows))[:, None], y[rows]
    if verb == "replace_features":
        arguments = (old, target, old + 0.1)
    elif verb == "replace_labels":
        arguments = (old, target, changed_targets(y)[rows])
    else:
        arguments = (old, target)
    function = getattr(su, verb, None)
    if function is not None:
        function(model, *arguments, sample_weight=weight)
    else:
        getattr(model, verb)(*arguments, sample_weight=weight)


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize(
    ("name", "verb"),
    [pair for pair in product(MODELS, VERBS) if pair not in LACKING],
)
def test_rows_of_weight_zero_are_none(name, verb):
    X, y = data("ridge" if name in REGRESSIONS else "logistic", 60, 3, seed=2)
    model = MODELS[name]().fit(X, y, sample_weight=np.ones(60))
    before = state(model, X)
    ask(model, verb, X, y, [4, 5], [0.0, 0.0])
    np.testing.assert_array_equal(state(model, X), before)
    ask(model, verb, X, y, [4], 0.0)
    np.testing.assert_array_equal(state(model, X), before)
    ask(model, verb, X, y, [4, 5, 6], [1.0, 0.0, 0.0])
    other = MODELS[name]().fit(X, y, sample_weight=np.ones(60))
    ask(other, verb, X, y, [4], [1.0])
    np.testing.assert_array_equal(state(model, X), state(other, X))
    if name != "network":  # which may find no better weights
        assert not np.array_equal(state(model, X), before)


@pytest.mark.parametrize("name", ["linear with data", "pipeline with data", "sharded"])
def test_names_of_weight_zero_are_none(name):
    X, y = data("logistic", 60, 3, seed=2)
    model, other = (MODELS[name]().fit(X, y, row_ids=np.arange(60)) for _ in range(2))
    before = state(model, X)
    model.partial_unfit(row_ids=[3, 99], sample_weight=0.0)
    np.testing.assert_array_equal(state(model, X), before)
    model.replace_features(X_new=X[:2], row_ids=[3, 99], sample_weight=[1.0, 0.0])
    other.replace_features(X_new=X[:1], row_ids=[3])
    np.testing.assert_array_equal(state(model, X), state(other, X))
    model.partial_fit(X[:2], y[:2], sample_weight=[1.0, 0.0], row_ids=[98, 97])
    other.partial_fit(X[:1], y[:1], row_ids=[98])
    np.testing.assert_array_equal(state(model, X), state(other, X))
    model.partial_fit(X[:1], y[:1], row_ids=[97])  # which it has not got yet


def test_what_questions_say_of_weight_zero():
    X, y = data("logistic", 60, 3, seed=2)
    for retain_data in (False, True):
        model = make("logistic", retain_data=retain_data).fit(X, y)
        rows = np.array(X[:3]), y[:3], [1.0, 0.0, 0.5]
        rows[0][1] += 1.0
        influence, cost = model.influence(*rows), model.removal_cost(*rows)
        alone = model.influence(rows[0][::2], rows[1][::2], rows[2][::2])
        np.testing.assert_array_equal(influence.coef[::2], alone.coef)
        assert not influence.norm[1]
        assert cost.leverage[1] == cost.prediction_change[1] == 0.0
        assert cost.leverage[0] > 0.0
        nothing = model.removal_cost(X[:1], y[:1], 0.0)
        assert nothing.coefficient_change < 1e-9


def test_labels_are_nothing_to_transformers():
    X, y = data("logistic", 60, 3, seed=2)
    model = MODELS["scalers"]().fit(X)
    before = model.transform(X)
    with pytest.raises(AttributeError, match="replace_labels"):
        model.replace_labels(X[:2], y[:2], y[:2])
    with pytest.raises(su.exceptions.UnlearningError, match="replace_labels"):
        su.replace_labels(model, X[:2], y[:2], y[:2])
    np.testing.assert_array_equal(model.transform(X), before)
