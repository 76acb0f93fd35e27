"""Searches around pipelines, in pipelines, taken over, and held to what is promised."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnablePipeline,
    UnlearnableRandomizedSearchCV,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
    partial_unfit,
    unlearnable,
)
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from tests.model_selection.searches import (
    assert_same_search,
    classes,
    folds_of,
    fresh,
    numbers,
    without,
)

#: One candidate: the folds of a refit are others, and might choose another one.
BAYES = UnlearnableGridSearchCV(
    UnlearnableGaussianNB(), {"var_smoothing": [1e-9]}, cv=2
)
LOGISTIC = UnlearnableGridSearchCV(UnlearnableLogisticRegression(), {"C": [0.1]}, cv=2)
RIDGE = UnlearnableGridSearchCV(UnlearnableRidge(), {"alpha": [1.0]}, cv=2)


@parametrize_with_unlearner_checks([BAYES])
def test_unlearner_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@parametrize_with_checks([LOGISTIC, RIDGE])
def test_sklearn_check(estimator, check):
    check(estimator)


def test_tags_are_those_of_the_model_inside():
    model = UnlearnableLogisticRegression()
    pipeline = make_unlearnable_pipeline(UnlearnableStandardScaler(), model)
    grid = {"unlearnablelogisticregression__C": [1.0]}
    for retain, worth in ((False, "approximate"), (True, "exact")):
        model.set_params(retain_data=retain)
        search = UnlearnableGridSearchCV(pipeline, grid)
        assert get_tags(search).unlearning.partial_unfit == worth
        frozen = search.set_params(keep="best")
        assert get_tags(frozen).unlearning.partial_unfit == "approximate"
    tree = UnlearnableGridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]})
    assert get_tags(tree).unlearning.replace_labels == "exact"


def test_frames_with_columns_by_name():
    pd = pytest.importorskip("pandas")
    X, y = classes()
    kind = np.array(["x", "y", "z"])[np.arange(len(y)) % 7 % 3]
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=kind)
    columns = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), ["a", "b", "d"]),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), ["kind"]),
    )
    model = UnlearnableLogisticRegression(retain_data=True, tol=1e-11)
    pipeline = make_unlearnable_pipeline(columns, model)
    grid = {"unlearnablelogisticregression__C": [0.01, 1.0]}
    search = UnlearnableGridSearchCV(pipeline, grid, cv=3)
    folds = folds_of(search, frame, y)
    gone = np.array([1, 40])
    search.fit(frame, y).partial_unfit(frame.iloc[gone], y[gone])
    left = np.delete(np.arange(len(y)), gone)
    folds = without(folds, gone, len(y))
    twin = fresh(search, frame.iloc[left], y[left], folds)
    assert_same_search(search, twin, frame)
    search.forget_features("a")
    fewer = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), ["b", "d"]),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), ["kind"]),
    )
    search.estimator = make_unlearnable_pipeline(fewer, model)
    narrow = frame.drop(columns="a")
    twin = fresh(search, narrow.iloc[left], y[left], folds)
    assert_same_search(search, twin, narrow)


def test_a_search_is_the_last_step_behind_what_learns_nothing():
    X, y = numbers()
    search = UnlearnableGridSearchCV(
        UnlearnableRidge(retain_data=True, tol=1e-12), {"alpha": [0.1, 10.0]}, cv=3
    )
    model = make_unlearnable_pipeline(FunctionTransformer(np.cbrt), search)
    folds = without(folds_of(search, X, y), [3], 60)
    model.fit(X, y).partial_unfit(X[[3]], y[[3]])
    left = np.delete(np.arange(60), 3)
    twin = fresh(search, np.cbrt(X[left]), y[left], folds)
    assert_same_search(model[-1], twin, np.cbrt(X))
    partial_unfit(model, X[[4]], y[[4]])
    assert model[-1].request_report_.n_unlearned == 2 * 2 + 2
    behind = make_unlearnable_pipeline(UnlearnableStandardScaler(), search).fit(X, y)
    with pytest.raises(UnlearningError, match="put the pipeline into it"):
        behind.partial_unfit(X[[3]], y[[3]])


@pytest.mark.parametrize("alone", [True, False])
def test_a_search_that_is_taken_over(alone):
    X, y = classes()
    model = LogisticRegression(tol=1e-11, max_iter=10_000)
    grid = {"C": [0.01, 1.0]}
    if not alone:
        model = make_pipeline(StandardScaler(), model)
        grid = {f"logisticregression__{name}": v for name, v in grid.items()}
    theirs = GridSearchCV(model, grid, cv=3).fit(X, y)
    ours = UnlearnableGridSearchCV.from_sklearn(theirs, X, y, retain_data=True)
    assert isinstance(ours.estimator, UnlearnablePipeline) is not alone
    assert_same_search(ours, theirs, X, tolerance=1e-6)
    ours.partial_unfit(X[:1], y[:1])
    report = ours.request_report_
    assert report.n_refitted == 0  # also where the next candidate is preferred now
    with pytest.warns(DataMismatchWarning, match="Scores differ"):
        UnlearnableGridSearchCV.from_sklearn(theirs, X[::-1], y[::-1])


@pytest.mark.parametrize("foreign", [False, True])
def test_of_a_search_that_is_taken_over_the_best_model_alone_is_kept(foreign):
    X, y = classes()
    model, grid = LogisticRegression(tol=1e-11, max_iter=10_000), {"C": [0.01, 1.0]}
    if foreign:
        model, grid = DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}
    theirs = GridSearchCV(model, grid, cv=3).fit(X, y)
    params = {} if foreign else {"retain_data": True, "tol": 1e-11}
    keep = {"keep": "best", **params}
    ours = UnlearnableGridSearchCV.from_sklearn(theirs, X, y, **keep)
    assert ours.cv_results_ == theirs.cv_results_
    assert ours.n_splits_ == 3
    assert ours.choice_frozen_
    assert_same_search(ours, theirs, X, tolerance=1e-6)
    with pytest.warns(NotForgottenWarning, match="the choice"):
        ours.partial_unfit(X[:5], y[:5])
    assert ours.request_report_.choice_frozen
    refit = clone(theirs.best_estimator_).fit(X[5:], y[5:])
    answers = (each.predict_proba(X) for each in (ours, refit))
    np.testing.assert_allclose(*answers, atol=1e-7)
    assert ours.best_params_ == theirs.best_params_


def test_what_models_will_take_is_said_before_they_are_fitted(caplog):
    X, y = numbers()
    with caplog.at_level("INFO", logger="sklearn_unlearn.searches"):
        search = clone(RIDGE).fit(X, y)
    (line,) = caplog.messages
    assert line == f"3 models will take {search.n_bytes_} bytes"


def test_the_one_door_leaves_a_search_that_unlearns_as_it_is():
    X, y = classes()
    assert unlearnable(BAYES) is BAYES
    search = clone(BAYES).fit(X, y)
    assert unlearnable(search) is search


def test_a_random_search_is_taken_over_with_its_draws():
    X, y = numbers()
    distribution = {"alpha": loguniform(1e-2, 1e2)}
    theirs = RandomizedSearchCV(Ridge(), distribution, n_iter=3, cv=3).fit(X, y)
    ours = UnlearnableRandomizedSearchCV.from_sklearn(theirs, X, y)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    with pytest.raises(TypeError, match="takes a fitted RandomizedSearchCV"):
        UnlearnableRandomizedSearchCV.from_sklearn(ours, X, y)
    tree = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]})
    X, y = classes()
    assert not UnlearnableGridSearchCV.from_sklearn(tree.fit(X, y), X, y).unlearns_
    unfinished = tree.set_params(refit=False).fit(X, y)
    del unfinished.best_estimator_
    with pytest.raises(UnlearningError, match="refit=False"):
        UnlearnableGridSearchCV.from_sklearn(unfinished, X, y)


def test_candidates_with_equal_first_steps_share_them():
    X, y = classes()
    pipeline = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression()
    )
    grid = {
        "unlearnablelogisticregression__C": [0.1, 1.0],
        "unlearnablestandardscaler__with_mean": [True, False],
    }
    search = UnlearnableGridSearchCV(pipeline, grid, cv=3).fit(X, y)
    for _ in range(2):
        members = search._fitted.members.fitted
        scalers = [members[number, 0].estimator[0] for number in range(4)]
        assert scalers[0] is scalers[2]
        assert scalers[1] is scalers[3]
        assert scalers[0] is not scalers[1]
        assert members[0, 1].estimator[0] is not scalers[0]
        search.partial_unfit(X[:1], y[:1])
        X, y = X[1:], y[1:]
