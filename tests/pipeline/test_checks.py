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


#: Transformers whose twins take no weights: they know rows as a whole, and say so.
WHOLE_ROWS = ("check_halved_weight", "check_sample_weight")
TRANSFORMERS = {
    "robust": (UnlearnableRobustScaler(), UnlearnableRidge()),
    "quantiles": (UnlearnableQuantileTransformer(n_quantiles=20), UnlearnableRidge()),
    "bins": (UnlearnableKBinsDiscretizer(3, encode="ordinal"), UnlearnableRidge()),
    "powers": (UnlearnablePowerTransformer(), UnlearnableRidge()),
    "variances": (UnlearnableVarianceThreshold(), UnlearnableRidge()),
    "components": (UnlearnableTruncatedSVD(2, algorithm="arpack"), UnlearnableRidge()),
    "scores": (UnlearnableSelectKBest(k=1), UnlearnableRidgeClassifier()),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_checks_of_unlearners_behind_each_transformer(name):
    front, last = TRANSFORMERS[name]
    last = clone(last).set_params(retain_data=True)
    pipeline = make_unlearnable_pipeline(front, last)
    but = {*WHOLE_ROWS, "check_sparse"} if name == "quantiles" else {*WHOLE_ROWS}
    asked = dict(unlearner_checks(pipeline))
    assert asked.keys() > but
    for each in asked.keys() - but:
        asked[each](pipeline)


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
