"""Models that may keep their training rows, and find those of a request in them.

A `RowModel` reads rows as arrays; a `RawRowModel` keeps them as the caller has them:
frames, sparse rows, texts.
"""

from sklearn_unlearn.row_models._array_rows import RowModel, relabelled
from sklearn_unlearn.row_models._raw_rows import RawRowModel, without_classes

__all__ = ["RawRowModel", "RowModel", "relabelled", "without_classes"]
