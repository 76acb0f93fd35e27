"""Pipelines that unlearn as pipelines of scikit-learn."""

import threading

import numpy as np
import pytest
from sklearn import set_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    EmptyClassError,
)
from tests.cases import coefficients
from tests.pipeline.data import raw, scaled
from tests.pipeline.scripts import answers


def test_searches_and_frames_work_as_with_any_pipeline():
    pd = pytest.importorskip("pandas")
    X, y = raw("logistic")
    grid = {"unlearnablelogisticregression__C": [0.01, 1.0]}
    search = GridSearchCV(scaled("logistic"), grid, n_jobs=2).fit(X, y)
    search.best_estimator_.partial_unfit(X[5:6], y[5:6])
    assert cross_validate(scaled("logistic"), X, y)["test_score"].mean() > 0.6
    model = scaled("logistic", retain_data=True).set_output(transform="pandas")
    frame = pd.DataFrame(X, columns=list("abcde"))
    model.fit(frame, y).partial_unfit(frame[:2], y[:2]).forget_features(["b"])
    assert model[-1].feature_names_in_.tolist() == list("acde")
    assert model[:-1].transform(frame).columns.tolist() == list("acde")
    assert model[:1].on_stateful == "refit"
    assert "UnlearnableStandardScaler" in model._repr_html_()
    assert model.score(frame, y) > 0.6
    np.testing.assert_allclose(
        model.predict_log_proba(frame), np.log(model.predict_proba(frame))
    )


def test_metadata_routing_does_not_matter():
    X, y = raw("ridge")
    set_config(enable_metadata_routing=True)
    try:
        model = scaled("ridge").fit(X, y, np.ones(y.size))
        model.partial_unfit(X[:1], y[:1], 1.0)
    finally:
        set_config(enable_metadata_routing=False)
    refit = scaled("ridge").fit(X[1:], y[1:])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))


def test_a_thread_that_predicts_sees_one_version():
    X, y = raw("logistic")
    X[:, 0] *= 1e3
    model = scaled("logistic", retain_data=True).fit(X, y)
    allowed, seen, done = [answers(model, X)], [], threading.Event()

    def watch():
        while not done.is_set():
            seen.append(answers(model, X))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for row in range(10):
        model.partial_unfit(X[[row]], y[[row]])
        allowed.append(answers(model, X))
    done.set()
    watcher.join()
    assert all(any(np.array_equal(one, each) for each in allowed) for one in seen)


def test_transformers_alone():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline("passthrough", UnlearnableStandardScaler())
    outputs = model.fit_transform(X)
    np.testing.assert_array_equal(outputs, model.transform(X))
    model.partial_unfit(X[:3]).replace_features(X[3:4], X_new=X[:1]).partial_fit(X[1:2])
    rows = [*range(4, y.size), 0, 1]
    np.testing.assert_allclose(
        model.transform(X), StandardScaler().fit(X[rows]).transform(X)
    )
    nested = make_unlearnable_pipeline(model, UnlearnableRidge(retain_data=True))
    nested.fit(X, y, np.ones(y.size)).partial_unfit(X[:3], y[:3])
    refit = clone(nested).fit(X[3:], y[3:])
    np.testing.assert_allclose(answers(nested, X), answers(refit, X), rtol=1e-8)
    assert not hasattr(model, "refine")
    assert not hasattr(nested, "fit_transform")


def test_the_first_rows_of_partial_fit():
    X, y = raw("logistic")
    model = scaled("logistic")
    with pytest.raises(EmptyClassError, match="every class"):
        model.partial_fit(X, y, classes=["yes", "no", "maybe"])
    model.partial_fit(X, y, classes=["yes", "no"])
    with pytest.raises(ValueError, match="not the same as at fit"):
        model.partial_fit(X[:1], y[:1], classes=["yes"])
