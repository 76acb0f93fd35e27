"""The checks of unlearners, run on pipelines, and many requests in a row."""

import numpy as np
import pytest
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
from sklearn_unlearn.utils.estimator_checks import unlearner_checks
from tests.pipeline.data import raw, scaled
from tests.pipeline.scripts import answers

PIPELINES = {
    "plain": ("passthrough", UnlearnableLogisticRegression(C=0.5)),
    "scaled": (UnlearnableStandardScaler(), UnlearnableLogisticRegression(C=0.5)),
    "sparse": (UnlearnableStandardScaler(with_mean=False), UnlearnableRidge()),
    "counts": (UnlearnableStandardScaler(), UnlearnablePoissonRegressor(alpha=0.5)),
}


@pytest.mark.parametrize(
    ("name", "retain_data"),
    [
        ("plain", False),
        ("scaled", False),
        ("sparse", True),
        ("counts", False),
    ],
)
def test_checks_of_unlearners(name, retain_data):
    front, last = PIPELINES[name]
    last = clone(last).set_params(retain_data=retain_data)
    pipeline = make_unlearnable_pipeline(front, last)
    for _, check in unlearner_checks(pipeline):
        check(pipeline)


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
