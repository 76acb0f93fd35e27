"""What somebody writes who has the package installed; its types have to hold."""

import pickle
import sys

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import UnlearnableLogisticRegression, unlearnable
from sklearn_unlearn.exceptions import UnlearningError

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
