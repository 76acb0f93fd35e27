"""Models of the folds of the same rows, which a request changes all together.

Each row has its folds for good: it keeps them whatever happens to others. What several
models of rows say of rows that they have not seen decides on something more, such as a
choice, a threshold or a model of their answers; that is decided anew after each
request.
"""

from sklearn_unlearn.folds._changes import RowChange
from sklearn_unlearn.folds._estimator import FoldedFit, FoldedModel
from sklearn_unlearn.folds._export import numbered
from sklearn_unlearn.folds._members import Member, Members, unlearns
from sklearn_unlearn.folds._meta import FoldedMeta
from sklearn_unlearn.folds._played import PlayedLast
from sklearn_unlearn.folds._rows import FoldRows, Part
from sklearn_unlearn.folds._several import Column, IsLabel, SeveralModels

__all__ = [
    "Column",
    "FoldRows",
    "FoldedFit",
    "FoldedMeta",
    "FoldedModel",
    "IsLabel",
    "Member",
    "Members",
    "Part",
    "PlayedLast",
    "RowChange",
    "SeveralModels",
    "numbered",
    "unlearns",
]
