"""Targets, weights, identifiers and rows that come may be edited by who gave them."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sklearn_unlearn import (
    ShardedRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVR,
    UnlearnableMLPRegressor,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.baselines import FineTuned

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(80, 3)) + 1.0
TARGET = np.exp(ROWS @ [0.3, -0.2, 0.1]) + RNG.gamma(1.0, size=80)
WEIGHT = RNG.uniform(0.5, 2.0, 80)
NAMES = np.arange(80) + 1000
MORE = RNG.normal(size=(10, 3)) + 1.0

MODELS = [
    UnlearnableRidge(retain_data=True),
    UnlearnableHuberRegressor(retain_data=True),
    UnlearnableLinearSVR(retain_data=True),
    UnlearnablePoissonRegressor(retain_data=True),
    UnlearnableMLPRegressor(
        hidden_layer_sizes=(3,), solver="lbfgs", random_state=0, alpha=1.0
    ),
    make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    ),
    ShardedRegressor(Ridge(), n_shards=2, random_state=0),
    FineTuned(Ridge(copy_X=False), random_state=0),
]


def after_requests(model, edited):
    """What a model predicts that forgets what its caller may have edited since."""
    vectors = TARGET.copy(), WEIGHT.copy()
    if "mlp" in type(model).__name__.lower():
        vectors = vectors[:1]  # which takes weights with scikit-learn 1.7
    given, names = [ROWS.copy(), *vectors], NAMES.copy()
    model.fit(*given, row_ids=names)
    np.testing.assert_array_equal(given[0], ROWS)
    more = [
        MORE.copy(),
        TARGET[:10].copy(),
        None,
        *(v[:10].copy() for v in vectors[1:]),
    ]
    later = NAMES[:10] + 5000
    model.partial_fit(*more, row_ids=later)
    if edited:
        for vector in (*given[1:], names, more[0], more[1], *more[3:], later):
            vector[:] = vector[::-1].copy()
    model.partial_unfit(row_ids=[1002, 1003, 6001])
    return model.predict(ROWS)


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_an_edit_of_what_was_given_changes_no_model(model):
    np.testing.assert_array_equal(
        after_requests(model, edited=True), after_requests(model, edited=False)
    )
