"""Models that may keep their training rows, and find those of a request in them.

A `RowModel` reads rows as arrays; a `RawRowModel` keeps them as the caller has them:
frames, sparse rows, texts. A `FinalRowModel` knows the raw rows of those that it keeps
as the last step of a pipeline. A `RowSetModel` is a function of its rows, which
scikit-learn's estimator computes.
"""

from sklearn_unlearn.row_models._array_rows import RowModel, relabelled
from sklearn_unlearn.row_models._factored import FactoredModel
from sklearn_unlearn.row_models._final_requests import (
    FinalResidualMixin,
    FinalRowModel,
)
from sklearn_unlearn.row_models._fitted import Fitted
from sklearn_unlearn.row_models._names import NamedRowsMixin
from sklearn_unlearn.row_models._raw_rows import RawRowModel, present_classes
from sklearn_unlearn.row_models._row_set_kinds import (
    RowSetClassifier,
    RowSetRegressor,
)
from sklearn_unlearn.row_models._row_sets import RowSet, RowSetModel

__all__ = [
    "FactoredModel",
    "FinalResidualMixin",
    "FinalRowModel",
    "Fitted",
    "NamedRowsMixin",
    "RawRowModel",
    "RowModel",
    "RowSet",
    "RowSetClassifier",
    "RowSetModel",
    "RowSetRegressor",
    "present_classes",
    "relabelled",
]
