"""`StatisticalClassifier`: a function of sums over the rows of each class."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.sufficient_statistics._model import StatisticalModel
from sklearn_unlearn.utils.asked import ProbabilityMixin
from sklearn_unlearn.utils.learned import Learned
from sklearn_unlearn.utils.targets import label_positions


class StatisticalClassifier(ProbabilityMixin, ClassifierMixin, StatisticalModel):
    """A classifier that is a function of sums over the rows of each class.

    A class that loses all rows disappears, if at least two are left. A subclass gives
    the constructor, the twin's class, and the hooks `_encode`, `_example` and `_fill`.
    """

    _accepts: ClassVar[frozenset[str]] = frozenset(
        {"out", "into", "columns", "y", "row_ids"}
    )

    classes_ = Learned()

    def fit(self, X: Any, y: Any = None, *, row_ids: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or DataBlocks
            Blocks have y in them.
        y : array-like of shape (n_samples,)
            Labels.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, row_ids=row_ids)

    def _first_fit(self, batch, classes):
        # all labels that may ever come; each is in classes_ while it has rows
        self._fit(batch.X, batch.y, batch.sample_weight, classes, batch.row_ids)

    # Hooks --------------------------------------------------------------------------

    def _labels(self, y, classes):
        check_classification_targets(y)
        return np.unique(y if classes is None else classes)

    def _labels_in_short(self, y):
        check_classification_targets(y)
        return np.unique(y)

    def _check_classes(self, classes, known, y=None):
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(
                f"classes={classes!r} is not the same as on the first call: "
                f"{known.tolist()!r}"
            )

    def _targets(self, y, labels):
        return label_positions(labels, y)

    def _positions(self, targets):
        return targets

    def _from_columns(self, fitted, y):
        return y[:, 0].astype(np.intp)

    def _decoded(self, fitted, y):
        return fitted.labels[self._from_columns(fitted, y)]
