"""Checks of forgetting columns: the right one, exactly, for good."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from sklearn_unlearn.utils._checks.assertions import (
    assert_same,
    configured,
    empirical,
    where,
)
from sklearn_unlearn.utils._checks.data import (
    SECOND,
    ColumnRequest,
    make_cases,
    row_requests,
)
from sklearn_unlearn.utils._checks.oracles import EXACT, distance, refit, scores


def check_forgotten_column(estimator):
    """The right column, exactly zero and ignored, for good."""
    is_near_refit = not empirical(estimator, "forget_features")
    estimator = configured(estimator)
    for case in make_cases(estimator):
        request, column = ColumnRequest(case.column), case.column
        model = case.fit(estimator)
        request.send(model)
        message = where(model, case, f"forget_features([{column}])")
        _check_zero(model, column, message)
        _check_ignored(model, case, message)
        if is_near_refit:
            _check_which(estimator, model, case, message)
        forms = {
            f"{column}": column,
            "a mask": np.arange(case.X.shape[1]) == column,
            "the same column again": [column, column],
        }
        found = scores(model, case.X_test)
        for form, columns in forms.items():
            other = case.fit(estimator).forget_features(columns)
            assert_same(
                scores(other, case.X_test),
                found,
                f"{message} a request that names it by {form} gives another model",
            )
        for later in row_requests(estimator, case, SECOND):
            model = case.fit(estimator)
            request.send(model)
            later.send(model)
            after = f"{message} after a later {later.verb}"
            _check_zero(model, column, after)
            _check_ignored(model, case, after)


def _check_zero(model, column, message):
    if not hasattr(model, "coef_"):
        return
    left = np.abs(model.coef_[..., column]).max()
    assert left == 0.0, f"{message} its coefficient is {left:.2g}, not zero."


def _check_ignored(model, case, message):
    found = scores(model, case.X_test)
    values = {"NaN": np.nan, "another value": 1e3}
    for what, value in values.items():
        X = case.X_test.copy()
        X[:, case.column] = value
        assert_same(scores(model, X), found, f"{message} {what} in it is not ignored")
    X = np.delete(case.X_test, case.column, axis=1)
    assert_same(
        scores(model, X), found, f"{message} X without it is predicted otherwise"
    )


def _check_which(estimator, model, case, message):
    found = scores(model, case.X_test)
    errors = []
    for column in range(case.X.shape[1]):
        edited = ColumnRequest(column).edit(case)
        errors.append(distance(found, scores(refit(model, edited), edited.X_test)))
    nearest, error = int(np.argmin(errors)), errors[case.column]
    assert error <= errors[nearest] + EXACT, (
        f"{message} the model is that without column {nearest}: at distance "
        f"{errors[nearest]:.2g} from its refit, {error:.2g} from the right one."
    )


def check_forgotten_name(estimator):
    """A column by name is the column by index, for frames that lack it too."""
    frame = import_module("pandas").DataFrame
    estimator = configured(estimator)
    for case in make_cases(estimator):
        names = [f"x{column}" for column in range(case.X.shape[1])]
        framed = case.mapped(lambda X, names=names: frame(X, columns=names))
        name = names[case.column]
        model = framed.fit(estimator).forget_features(name)
        other = framed.fit(estimator).forget_features(case.column)
        message = where(model, case, f"forget_features({name!r})")
        found = scores(model, framed.X_test)
        assert_same(
            found,
            scores(other, framed.X_test),
            f"{message} is not the column of index {case.column}",
        )
        lacking = framed.X_test.drop(columns=name)
        assert_same(
            scores(model, lacking),
            found,
            f"{message} a frame without it is predicted otherwise",
        )
