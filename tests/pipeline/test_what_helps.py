"""Refusals of what cannot be taken over, or cannot unlearn, name what helps."""

import numpy as np
import pytest
from sklearn.base import is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    Ridge,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Normalizer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC

import sklearn_unlearn
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from tests.pipeline.data import raw

DATA = raw("ridge")[0]
LABELS = np.arange(DATA.shape[0]) % 2
#: What is said, by the last step.
HELP = {
    RandomForestClassifier(3): r"Fit an UnlearnableRandomForestClassifier to the data",
    SGDClassifier(): r"ShardedClassifier\(SGDClassifier\(...\)\), fitted to",
    HistGradientBoostingRegressor(max_iter=3): r"ShardedRegressor\(HistGradient",
    RidgeClassifierCV(): r"Fit an UnlearnableRidgeClassifier with the parameters",
    LinearSVC(loss="hinge"): r"another objective.*ShardedClassifier\(LinearSVC",
    CalibratedClassifierCV(
        LogisticRegression(), cv=2
    ): r"ShardedClassifier\(Calibrated",
    FrozenEstimator(Ridge().fit(DATA, LABELS)): "estimator that it holds",
    SplineTransformer(): "has no counterpart in sklearn_unlearn.$",
}


@pytest.mark.parametrize("last", HELP, ids=lambda last: type(last).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_adoptions_that_are_refused_name_what_helps(last):
    y = LABELS.astype(float) if is_regressor(last) else LABELS
    theirs = make_pipeline(StandardScaler(), last).fit(DATA, y)
    with pytest.raises(UnlearningError, match=HELP[last]):
        UnlearnablePipeline.from_sklearn(theirs, DATA, y, on_stateful="raise")


def test_other_refusals_that_name_what_helps():
    steps = make_pipeline(SplineTransformer(), Ridge()).fit(DATA, LABELS)
    with pytest.raises(
        UnlearningError, match=r"\"freeze\".* RetrainedClassifier, Retrained"
    ):
        UnlearnablePipeline.from_sklearn(steps, DATA, LABELS, on_stateful="raise")
    with pytest.raises(UnlearningError, match=r"UnlearnableRidge\.from_sklearn takes"):
        UnlearnableLogisticRegression.from_sklearn(steps[-1], DATA, LABELS)
    with pytest.raises(UnlearningError, match=r"UnlearnableRidge\.from_sklearn takes"):
        UnlearnablePipeline.from_sklearn(steps[-1], DATA, LABELS, on_stateful="raise")
    forest = RandomForestClassifier(3).fit(DATA, LABELS)
    with pytest.raises(UnlearningError, match="Fit an UnlearnableRandomForestClass"):
        sklearn_unlearn.partial_unfit(forest, DATA[:1], LABELS[:1])
    unlearns_not = make_unlearnable_pipeline(Normalizer(), forest).fit(DATA, LABELS)
    with pytest.raises(UnlearningError, match="Fit an UnlearnableRandomForestClass"):
        unlearns_not.partial_unfit(DATA[:1], LABELS[:1])
    frozen = FrozenEstimator(forest)
    with pytest.raises(UnlearningError, match="ask the estimator that it holds"):
        sklearn_unlearn.partial_unfit(frozen, DATA[:1], LABELS[:1])
