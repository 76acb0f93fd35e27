"""Estimators of Dask arrays and frames, with the extra ``dask``.

Rows stay on the workers, which sum gradients, Hessians and counts; what a model keeps,
and the requests to it, are here. Each is the estimator of the package of the same name,
and gives what that gives of the same rows in memory.
"""

from sklearn_unlearn.dask._estimators import (
    LogisticRegression,
    OneHotEncoder,
    Pipeline,
    PoissonRegressor,
    Ridge,
    StandardScaler,
    make_pipeline,
)

__all__ = [
    "LogisticRegression",
    "OneHotEncoder",
    "Pipeline",
    "PoissonRegressor",
    "Ridge",
    "StandardScaler",
    "make_pipeline",
]
