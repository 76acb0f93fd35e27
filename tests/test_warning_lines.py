"""Warnings point to the line of the caller, whatever lies between."""

import warnings
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    LargeStepWarning,
    NotForgottenWarning,
    PrecisionLossWarning,
    UnseenRowsWarning,
)
from tests.cases import data, make
from tests.pipeline.data import mails

X, Y = data("logistic", 60)


@contextmanager
def points_here(category):
    """That something warns so, and all its warnings are said to come from this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert category in {each.category for each in caught}
    assert {each.filename for each in caught} == {__file__}


def scaled(last, **params):
    return su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), last, **params)


def fitted(model, X=X, y=Y):
    """Fitted, without what fit warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def logistic(**params):
    return make("logistic", **params)


FITS = {
    "linear": lambda: logistic(max_iter=1),
    "pipeline": lambda: scaled(logistic(max_iter=1)),
    "nested": lambda: scaled(scaled(logistic(max_iter=1))),
    "search": lambda: GridSearchCV(logistic(max_iter=1), {"C": [1.0]}, cv=2),
    "search of pipelines": lambda: GridSearchCV(scaled(logistic(max_iter=1)), {}, cv=2),
    "shards": lambda: su.ShardedClassifier(logistic(max_iter=1), n_shards=2),
    "transformed": lambda: TransformedTargetRegressor(
        make("poisson", max_iter=1), func=np.exp, inverse_func=np.log
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_fits_that_do_not_converge(name):
    model = FITS[name]()
    y = Y if name != "transformed" else (Y == "yes").astype(float)
    with points_here(ConvergenceWarning):
        model.fit(X, y)


def test_requests_that_do_not_converge():
    def stopped(model):
        model = fitted(model)
        last = model
        while hasattr(last, "steps") or hasattr(last, "best_estimator_"):
            last = last[-1] if hasattr(last, "steps") else last.best_estimator_
        last.set_params(max_iter=1, tol=1e-13)
        return model

    rows, others = X[:20], Y[::-1][:20]
    calls = [
        lambda m: m.partial_unfit(rows, Y[:20]),
        lambda m: m.replace_features(rows, Y[:20], rows[::-1]),
        lambda m: m.replace_labels(rows, Y[:20], others),
        lambda m: m.partial_fit(3.0 * rows, Y[:20]),
        lambda m: m.forget_features([0, 1]),
        lambda m: su.partial_unfit(m, rows, Y[:20]),
    ]
    for model in (
        logistic(retain_data=True),
        scaled(logistic(retain_data=True)),
        scaled(scaled(logistic(retain_data=True))),
    ):
        for call in calls:
            after = stopped(clone(model))
            with points_here(ConvergenceWarning):
                call(after)
    search = stopped(GridSearchCV(logistic(retain_data=True), {}, cv=2))
    with points_here(ConvergenceWarning):
        su.replace_labels(search, rows, Y[:20], others)
    model = fitted(logistic(C=1e6))
    model.set_params(max_iter=1, tol=1e-13)
    model.partial_unfit(X[:1], Y[:1])
    with points_here(ConvergenceWarning):
        model.refine(X[1:], Y[1:])


def test_steps_that_are_too_long_or_cost_digits():
    some = np.flatnonzero(Y == "yes")[:8]
    for model in (logistic(C=10.0), scaled(logistic(C=10.0))):
        fitted(model)
        with points_here(LargeStepWarning):
            model.partial_unfit(X[some], Y[some])
        fitted(model)
        with points_here(LargeStepWarning):
            su.partial_unfit(model, X[some], Y[some])
    rows, y = data("huber", 60)
    rows[0, 0] = 1e5
    model = fitted(make("huber"), rows, y)
    with points_here(PrecisionLossWarning):
        model.partial_unfit(rows[:1], y[:1])


def test_networks():
    net = su.UnlearnableMLPClassifier(
        (4,), solver="lbfgs", alpha=1e-3, max_iter=2000, max_steps=1, random_state=0
    )
    for model in (net, scaled(clone(net))):
        fitted(model)
        certain = np.argsort(-model.predict_proba(X).max(axis=1))
        known = certain[model.predict(X[certain]) == Y[certain]]
        one, two = known[:1], known[1:2]
        with points_here(NotForgottenWarning):
            model.partial_unfit(X[one], Y[one])
        with points_here(NotForgottenWarning):
            su.partial_unfit(model, X[two], Y[two])
    update = fitted(clone(net).set_params(method="first_order", unlearning_rate=10.0))
    with points_here(LargeStepWarning):
        update.partial_unfit(X[:9], Y[:9])


def test_rows_that_cannot_be_followed():
    texts, y = mails()
    for last in (logistic(), su.make_unlearnable_pipeline("passthrough", logistic())):
        model = su.make_unlearnable_pipeline(su.UnlearnableTfidfVectorizer(), last)
        fitted(model, texts, y)
        with points_here(UnseenRowsWarning):
            model.partial_unfit(texts[5:6], y[5:6])
        fitted(model, texts, y)
        with points_here(UnseenRowsWarning):
            su.partial_unfit(model, texts[5:6], y[5:6])


def test_frozen_steps():
    front = QuantileTransformer(n_quantiles=5)
    model = su.make_unlearnable_pipeline(
        front, logistic(retain_data=True), on_stateful="freeze"
    )
    fitted(model)
    with points_here(NotForgottenWarning):
        model.partial_unfit(X[:1], Y[:1])
    with points_here(NotForgottenWarning):
        su.partial_unfit(model, X[1:2], Y[1:2])
    with points_here(NotForgottenWarning):
        model.to_sklearn()
    if find_spec("pandas") is None:
        return
    columns = su.make_unlearnable_column_transformer(
        (clone(front), [0, 1]), on_stateful="freeze"
    )
    fitted(columns)
    with points_here(NotForgottenWarning):
        columns.partial_unfit(X[:1])
    with points_here(NotForgottenWarning):
        columns.to_sklearn()


def test_adoption():
    plain = LogisticRegression(C=0.3).fit(X, Y)
    bayes, scaler = GaussianNB().fit(X, Y), make_pipeline(StandardScaler(), plain)
    scaler.fit(X, Y)
    others = X[::-1] * [1.0, 2.0, 3.0, -1.0, 0.5]
    for cls, model in (
        (su.UnlearnableLogisticRegression, plain),
        (su.UnlearnableGaussianNB, bayes),
        (su.UnlearnablePipeline, scaler),
    ):
        with points_here(DataMismatchWarning):
            cls.from_sklearn(model, others, Y)


def test_centroids_without_deviation():
    rows = np.column_stack([np.repeat([0.0, 1.0], 5), np.arange(10.0)])
    y = np.repeat([0, 1], 5)
    for model in (
        su.UnlearnableNearestCentroid(),
        su.make_unlearnable_pipeline("passthrough", su.UnlearnableNearestCentroid()),
    ):
        with points_here(UserWarning):
            model.fit(rows, y)
        with points_here(UserWarning):
            model.partial_unfit(rows[:1], y[:1])


def test_targets_in_a_column():
    column = Y[:, None]
    for model in (
        logistic(),
        scaled(logistic()),
        su.ShardedClassifier(LogisticRegression(), n_shards=2),
    ):
        fitted(model)
        with points_here(DataConversionWarning):
            model.partial_unfit(X[:2], column[:2])
    model = su.ShardedClassifier(LogisticRegression(), n_shards=2)
    with points_here(DataConversionWarning):
        model.fit(X, column)
