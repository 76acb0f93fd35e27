"""Pipelines in front of a model whose outputs use different columns: Huber's scale."""

import copy

import numpy as np
import pytest

from sklearn_unlearn import (
    UnlearnableHuberRegressor,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from tests.cases import LARGE_STEPS
from tests.pipeline.scripts import Story, answers


def story(retain_data, fit_intercept=True, n_rows=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4)) * [1.0, 1e3, 1e-2, 5.0] + [0.0, 1e4, 1.0, -3.0]
    X[:4] *= 1.1
    X[:, 3] = rng.integers(0, 4, n_rows)
    X[5, 3] = 9.0  # the only row of its category
    y = X[:, 0] - 1e-3 * X[:, 1] + 0.5 * X[:, 3] + 0.3 * rng.standard_t(2, n_rows)
    columns = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), [0, 1, 2]),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), [3]),
    )
    last = UnlearnableHuberRegressor(
        alpha=0.1, retain_data=retain_data, fit_intercept=fit_intercept
    )
    return Story(make_unlearnable_pipeline(columns, last), X, y)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_with_data_requests_are_refits(fit_intercept):
    following = story(True, fit_intercept)
    following.partial_unfit([0, 5, 9])
    following.partial_fit()
    following.replace_labels([2, 3])
    following.replace_features([1], following.X[[7]])
    refit = following.refit()
    for found, expected in zip(
        (answers(following.pipeline, following.X), following.pipeline[-1].scale_),
        (answers(refit, following.X), refit[-1].scale_),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-7)
    following.pipeline.forget_features([1])
    assert following.pipeline[-1].scale_ > 2.0 * refit[-1].scale_


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_without_data_requests_come_near_refits():
    following = story(False)
    idle = copy.deepcopy(following.pipeline)
    following.partial_unfit([0, 1, 2, 3])
    refit = following.refit()
    truth, scale = answers(refit, following.X), refit[-1].scale_
    error = np.abs(answers(following.pipeline, following.X) - truth).max()
    assert 10.0 * error < np.abs(answers(idle, following.X) - truth).max()
    error = abs(following.pipeline[-1].scale_ - scale)
    assert 10.0 * error < abs(idle[-1].scale_ - scale)


def test_without_an_intercept_no_map_takes_up_a_shift():
    following = story(False, fit_intercept=False)
    with pytest.raises(UnlearningError, match="no intercept to take that up"):
        following.partial_unfit([0, 9])
