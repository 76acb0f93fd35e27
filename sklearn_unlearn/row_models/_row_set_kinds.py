"""Classifiers and regressors that are a function of the rows that they keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.row_models._raw_rows import present_classes
from sklearn_unlearn.row_models._row_sets import RowSetModel
from sklearn_unlearn.utils.targets import Labels, Targets, as_vector, check_labels


class RowSetClassifier(ClassifierMixin, RowSetModel):
    """A classifier that is a function of the rows that it keeps."""

    @property
    def classes_(self) -> Any:
        """Class labels that have rows, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        one_label = {"multi_output": False, "single_output": True}
        tags.target_tags = replace(tags.target_tags, **one_label)
        return tags

    # Hooks ----------------------------------------------------------------------------

    def _encoding(self, y):
        y = as_vector(y)
        check_classification_targets(y)
        classes = np.unique(y)
        return Labels(classes, signed=False, class_weight=np.ones(classes.size))

    def _left(self, encoding, retained):
        return present_classes(encoding, retained, fewest=2)

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)


class RowSetRegressor(RegressorMixin, RowSetModel):
    """A regressor that is a function of the rows that it keeps."""

    _target_checks: ClassVar[dict[str, object]] = {
        "multi_output": True,
        "y_numeric": True,
    }

    # Hooks ----------------------------------------------------------------------------

    def _encoding(self, y):
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        return Targets(n_outputs, y.ndim == 1, None)
