"""Scalers of extremes in pipelines, against refits of the whole pipeline."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from sklearn_unlearn import (
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableRidge,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import ExtremesExhaustedError, RowNotFoundError

SCALERS = [
    (MinMaxScaler, UnlearnableMinMaxScaler),
    (MaxAbsScaler, UnlearnableMaxAbsScaler),
]


@pytest.mark.parametrize("scalers", SCALERS)
@pytest.mark.parametrize("retain_data", [False, True])
def test_extremes_that_stay_in_a_row_that_changes(scalers, retain_data):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=500)
    plain, ours = scalers
    model = make_unlearnable_pipeline(ours(), UnlearnableRidge(retain_data=retain_data))
    model.fit(X, y)
    largest = np.argsort(-np.abs(X[:, 1]))[:200]
    changed = X.copy()
    changed[largest[1:], 0] /= 2.0
    changed[largest[0]] *= 2.0
    model.replace_features(X[largest], y[largest], changed[largest])
    refit = make_pipeline(plain(), Ridge()).fit(changed, y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-9)


@pytest.mark.parametrize("scalers", SCALERS)
def test_extremes_that_have_all_left(scalers):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [1.0, 2.0, 0.0] + rng.normal(size=300)
    plain, ours = scalers
    model = make_unlearnable_pipeline(ours(n_extremes=2), UnlearnableRidge())
    gone = np.argsort(-np.abs(X[:, 1]))[:7]
    with pytest.raises(ExtremesExhaustedError, match="larger n_extremes"):
        model.fit(X, y).partial_unfit(X[gone], y[gone])
    model.set_params(unlearnableridge__retain_data=True)
    model.fit(X, y).forget_features([2]).partial_unfit(X[gone], y[gone])
    kept = np.setdiff1d(np.arange(300), gone)
    refit = make_pipeline(plain(), Ridge()).fit(X[kept, :2], y[kept])
    for rows in (X, X[:, :2]):
        expected = refit.predict(X[:, :2])
        np.testing.assert_allclose(model.predict(rows), expected, atol=1e-9)


@pytest.mark.parametrize("scaler", [UnlearnableMinMaxScaler, UnlearnableMaxAbsScaler])
def test_a_row_that_never_was_in_cannot_be_replaced_by_itself(scaler):
    model = scaler().fit([[1.0], [2.0], [3.0]])
    with pytest.raises(RowNotFoundError):
        model.replace_features([[7.0]], None, [[7.0]])
