"""The checks of unlearners, run on pipelines, and many requests in a row."""

import numpy as np
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableKBinsDiscretizer,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnablePowerTransformer,
    UnlearnableQuantileTransformer,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableRobustScaler,
    UnlearnableSelectKBest,
    UnlearnableStandardScaler,
    UnlearnableTruncatedSVD,
    UnlearnableVarianceThreshold,
    make_unlearnable_pipeline,
)
from tests.pipeline.data import raw, scaled
from tests.pipeline.scripts import answers
from tests.turns import parametrize_with_checks_in_turns

BEHIND_SCALERS = [
    make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression(C=0.5)
    ),
    make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnablePoissonRegressor(alpha=0.5)
    ),
]
OTHERS = [
    make_unlearnable_pipeline("passthrough", UnlearnableLogisticRegression(C=0.5)),
    make_unlearnable_pipeline(
        UnlearnableStandardScaler(with_mean=False), UnlearnableRidge(retain_data=True)
    ),
]


@parametrize_with_checks_in_turns(BEHIND_SCALERS)
def test_behind_scalers(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(OTHERS)
def test_behind_nothing_and_with_data(estimator, check):
    check(estimator)


BEHIND_TRANSFORMERS = [
    make_unlearnable_pipeline(transformer, last.set_params(retain_data=True))
    for transformer, last in (
        (UnlearnableRobustScaler(), UnlearnableRidge()),
        (UnlearnableQuantileTransformer(n_quantiles=20), UnlearnableRidge()),
        (UnlearnableKBinsDiscretizer(3, encode="ordinal"), UnlearnableRidge()),
        (UnlearnablePowerTransformer(), UnlearnableRidge()),
        (UnlearnableVarianceThreshold(), UnlearnableRidge()),
        (UnlearnableTruncatedSVD(2, algorithm="arpack"), UnlearnableRidge()),
        (UnlearnableSelectKBest(k=1), UnlearnableRidgeClassifier()),
    )
]


def is_not_asked(pipeline, check):
    """Their twins take no weights: they know rows as a whole, and say so."""
    quantiles = isinstance(pipeline[0], UnlearnableQuantileTransformer)
    whole = ("check_halved_weight", "check_sample_weight")
    return check in whole or (quantiles and check == "check_sparse")


@parametrize_with_checks_in_turns(BEHIND_TRANSFORMERS, n_each=2, but=is_not_asked)
def test_behind_each_transformer(estimator, check):
    check(estimator)


def test_rows_that_come_one_by_one():
    X, y = raw("logistic")
    model = scaled("logistic", retain_data=True).fit(X[:100], y[:100])
    for row in range(100, 150):
        model.partial_fit(X[[row]], y[[row]])
    for row in range(90, 130):
        model.partial_unfit(X[[row]], y[[row]])
    kept = np.r_[:90, 130:150]
    refit = clone(model).fit(X[kept], y[kept])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
