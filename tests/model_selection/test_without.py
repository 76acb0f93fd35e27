"""What requests would do, against fits without their rows."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnableStackingClassifier,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.model_selection import cross_validate_without
from tests.model_selection.searches import classes, folds_of, fresh, without

GROUPS = [np.arange(start, 90, 9) for start in range(5)]
LOGISTIC = UnlearnableLogisticRegression(retain_data=True, tol=1e-11)


def test_each_request_gives_what_a_fit_without_its_rows_gives():
    X, y = classes()
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), LOGISTIC).fit(X, y)
    before = model.predict_proba(X)
    report = cross_validate_without(model, X, y, GROUPS, n_refits=None)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not hasattr(model, "request_record_")
    assert report.score == model.score(X, y)
    assert report.largest_error < 1e-9
    for out, found in zip(GROUPS, report.requests, strict=True):
        rest = np.delete(np.arange(90), out)
        refit = clone(model).fit(X[rest], y[rest])
        assert found.left_out_score == pytest.approx(refit.score(X[out], y[out]))
        assert found.score == pytest.approx(refit.score(X[rest], y[rest]))
        assert np.isnan(found.gap)


def test_other_rows_to_judge_by_and_groups_of_people():
    X, y = classes(n_rows=150, n_classes=2)
    X_test, y_test, people = X[90:], y[90:], np.arange(60) % 3
    X, y = X[:90], y[:90]
    model = clone(LOGISTIC).fit(X, y)
    report = cross_validate_without(
        model,
        X,
        y,
        [[1, 2, 3], 5],
        scoring="roc_auc",
        X_test=X_test,
        y_test=y_test,
        groups=people,
    )
    refit = LogisticRegression(tol=1e-10).fit(
        X[[0, *range(4, 90)]], y[[0, *range(4, 90)]]
    )
    areas = [
        roc_auc_score(y_test[rows], refit.decision_function(X_test[rows]))
        for rows in (people == 0, people == 1, people == 2)
    ]
    first, second = report.requests
    assert first.gap == pytest.approx(max(areas) - min(areas), abs=1e-6)
    assert np.isnan(second.left_out_score)  # one class has no such area
    assert report.largest_error < 1e-6
    assert [each.n_rows for each in report.requests] == [3, 1]


def test_of_a_search_the_choice_is_told_that_a_search_in_the_same_folds_makes():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 8))
    y = (X[:, 0] + 0.5 * rng.standard_normal(90) > 0.0).astype(int)
    turned = np.arange(0, 90, 3)
    y[turned] = 1 - y[turned]
    search = UnlearnableGridSearchCV(
        LOGISTIC, {"C": [1e-4, 1e-2, 1.0]}, cv=3, scoring="neg_log_loss"
    )
    folds = folds_of(search, X, y)
    search.fit(X, y)
    report = cross_validate_without(search, X, y, [turned, 1], n_refits=None)
    assert report.choice == search.best_params_
    assert [each.choice_changed for each in report.requests] == [True, False]
    assert report.n_other_choices == 0
    assert report.largest_error < 1e-8
    rest = np.delete(np.arange(90), turned)
    twin = fresh(search, X[rest], y[rest], without(folds, turned, 90))
    assert report.requests[0].choice == twin.best_params_
    stack = UnlearnableStackingClassifier(
        [("bayes", UnlearnableGaussianNB())], LogisticRegression(), cv=3
    )
    report = cross_validate_without(stack.fit(X, y), X, y, [turned], n_refits=1)
    assert report.largest_error < 1e-12


def test_a_request_that_would_be_refused_says_why():
    X, y = classes(n_classes=2)
    model = clone(LOGISTIC).fit(X, y)
    report = cross_validate_without(model, X, y, [y == "a", 1], n_refits=0)
    refused, fine = report.requests
    assert "'a'" in refused.refused
    assert np.isnan(refused.score)
    assert fine.refused is None
    assert np.isnan(report.largest_error)


def test_what_is_wrong_is_said_before_any_request():
    X, y = classes()
    model = clone(LOGISTIC).fit(X, y)
    with pytest.raises(TypeError, match="no partial_unfit"):
        cross_validate_without(LogisticRegression().fit(X, y), X, y, [1])
    with pytest.raises(ValueError, match="at least one row"):
        cross_validate_without(model, X, y, [[]])
    with pytest.raises(ValueError, match="both of X_test"):
        cross_validate_without(model, X, y, [1], X_test=X)
    with pytest.raises(ValueError, match="inconsistent"):
        cross_validate_without(model, X, y, [1], groups=[1, 2])


def test_frame():
    pytest.importorskip("pandas")
    X, y = classes()
    model = clone(LOGISTIC).fit(X, y)
    frame = cross_validate_without(model, X, y, [1, 2], n_refits=1).frame()
    assert frame["n_rows"].tolist() == [1, 1]
    assert frame["error"].notna().tolist() == [True, False]
