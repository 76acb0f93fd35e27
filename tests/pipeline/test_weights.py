"""Weights of rows, behind steps that know rows as a whole."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableGaussianNB,
    UnlearnableMinMaxScaler,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

#: Steps that are fitted without weights, wherever they are.
WHOLE = {
    "step": UnlearnableMinMaxScaler(),
    "columns": UnlearnableColumnTransformer(
        [("part", UnlearnableStandardScaler(), [0, 1])]
    ),
    "nested": make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableStandardScaler()
    ),
}


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) + 3.0
    return X, X @ [1.0, 2.0] + rng.normal(size=60)


@pytest.mark.parametrize("name", WHOLE)
def test_parts_of_rows_are_refused(name):
    X, y = data()
    weight = np.full(60, 2.0)
    for retain_data, reason in [(False, "Without retained"), (True, "leaves part of")]:
        last = UnlearnableRidge(retain_data=retain_data)
        model = make_unlearnable_pipeline(WHOLE[name], last).fit(X, y, weight)
        before = model.predict(X)
        with pytest.raises(UnlearningError, match=reason):
            model.partial_unfit(X[:3], y[:3], 1.0)
        np.testing.assert_array_equal(model.predict(X), before)
    model.partial_unfit(X[:3], y[:3], 2.0)
    refit = make_unlearnable_pipeline(WHOLE[name], UnlearnableRidge())
    refit.fit(X[3:], y[3:], weight[3:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-9)


@pytest.mark.parametrize("name", WHOLE)
def test_weights_that_nobody_knows_are_refused(name):
    X, y = data()
    labels = (y > y.mean()).astype(int)
    weight = np.full(60, 2.0)
    model = make_unlearnable_pipeline(WHOLE[name], UnlearnableGaussianNB())
    model.fit(X, labels, weight)
    for given in ([], [2.0]):
        with pytest.raises(UnlearningError, match="knows rows as a whole"):
            model.partial_unfit(X[:3], labels[:3], *given)
    rows = make_unlearnable_pipeline(UnlearnableStandardScaler(), WHOLE[name])
    rows.fit(X, None, weight)
    with pytest.raises(UnlearningError, match="knows rows as a whole"):
        rows.partial_unfit(X[:3], None, 1.0)


def test_without_data_weights_leave_in_part_where_all_steps_have_them():
    X, y = data()
    weight = np.full(60, 2.0)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), UnlearnableRidge())
    model.fit(X, y, weight)
    for _ in range(2):
        model.partial_unfit(X[:3], y[:3], 1.0)
    refit = make_pipeline(StandardScaler(), Ridge())
    names = ["standardscaler__sample_weight", "ridge__sample_weight"]
    refit.fit(X[3:], y[3:], **dict.fromkeys(names, weight[3:]))
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-8)
