"""What somebody writes who has the package installed; its types have to hold."""

import pickle
import sys

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    attest,
    linear_model,
    partial_unfit,
    plan,
    unlearnable,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.inspection import scan
from sklearn_unlearn.metrics import fidelity
from sklearn_unlearn.plans import RequestPlan
from sklearn_unlearn.records import RequestRecord
from sklearn_unlearn.utils.discovery import all_estimators

X, y = load_breast_cancer(return_X_y=True)
Z = StandardScaler().fit_transform(X)

model: UnlearnableLogisticRegression = UnlearnableLogisticRegression(C=0.1).fit(Z, y)
before: float = float(model.gradient_residual(Z[2:], y[2:]))
model = model.partial_unfit(Z[:2], y[:2])
assert float(model.gradient_residual(Z[2:], y[2:])) < before
model = model.forget_features([4])
again = pickle.loads(pickle.dumps(model))
assert np.array_equal(again.predict(Z), model.predict(Z))
assert isinstance(model.to_sklearn(), LogisticRegression)

deployed = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
adopted = unlearnable(deployed, X, y).partial_unfit(X[:2], y[:2])
assert adopted.predict(X).shape == y.shape
try:
    adopted.partial_unfit(X[:2], y[:2])
except UnlearningError:
    pass
else:
    raise AssertionError("two rows left twice")


def answered(names: list[str]) -> RequestRecord:
    """A request by name in a model that keeps its rows, undone and asked for again."""
    kept = UnlearnableLogisticRegression(retain_data=True).fit(Z, y, row_ids=range(569))
    planned: RequestPlan = kept.plan([("partial_unfit", {"row_ids": [3]})], X_watch=Z)
    assert (
        planned.n_rows_out == plan(kept, ("partial_unfit", {"row_ids": [3]})).n_rows_out
    )
    record: RequestRecord = kept.partial_unfit(row_ids=[3]).request_record_
    again: UnlearnableLogisticRegression = record.undo(
        kept, Z[[3]], y[[3]], row_ids=[3]
    )
    corrected = again.replace_labels(y_new=[0], row_ids=[5])
    corrected = corrected.replace_features(X_new=Z[[7]], row_ids=[5])
    corrected = corrected.refine(Z, y) if "refine" in names else corrected
    scores: np.ndarray = corrected.predict_proba(Z)
    assert scores.shape == (569, 2)
    assert str(corrected.explain())
    return corrected.request_record_


record = answered(["partial_unfit"])
assert record.to_json()

ridge: UnlearnableRidge = linear_model.UnlearnableRidge(alpha=0.5).fit(Z, y)
assert partial_unfit(ridge, Z[:1], y[:1]) is ridge
assert fidelity(ridge, ridge.to_sklearn(), Z, y)
forest = UnlearnableRandomForestClassifier(n_estimators=3, random_state=0).fit(Z, y)
assert bool(attest(forest, Z, y))
steps = [("scale", UnlearnableStandardScaler()), ("model", forest)]
pipeline: UnlearnablePipeline = UnlearnablePipeline(steps).fit(X, y)
assert pipeline.partial_unfit(X[:1], y[:1]).predict(X).shape == y.shape
search = UnlearnableGridSearchCV(UnlearnableRidge(), {"alpha": [0.1, 1.0]}, cv=2)
assert search.fit(Z, y).partial_unfit(Z[:1], y[:1]).best_params_
certification = GaussianCertification(epsilon=1.0, delta=1e-4, sigma=1.0)
certified = UnlearnableLogisticRegression(C=0.01, certification=certification)
published, certificate = certified.fit(Z, y).release()
assert certificate.epsilon == 1.0
assert not scan(published, Z[:2], y[:2]).found
assert dict(all_estimators("regressor"))["UnlearnableRidge"] is UnlearnableRidge

optional = {
    "cryptography",
    "dask",
    "imblearn",
    "matplotlib",
    "numba",
    "pandas",
    "polars",
}
optional |= {"pyarrow", "rich", "skorch", "torch"}
assert not optional & set(sys.modules), optional & set(sys.modules)
