"""Several labels of each row, a column of labels for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.utils.targets import Labels


@dataclass(frozen=True, eq=False)
class LabelColumns:
    """Labels of each of several outputs, as their positions among those it may have.

    Attributes
    ----------
    outputs : tuple of Labels
    dtype : numpy.dtype
        Of the targets at fit.
    """

    outputs: tuple[Labels, ...]
    dtype: np.dtype

    classes = None
    n_groups = 1
    is_vector = False

    @staticmethod
    def of(y, classes=None):
        """Those of a matrix of targets.

        Parameters
        ----------
        y : array-like of shape (n_rows, n_outputs)
        classes : ndarray, optional
            Labels that each output may have; those that it has, by default.

        Raises
        ------
        ValueError
            If there is no axis of outputs, or these are no labels.
        """
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_classification_targets(y)
        if y.ndim != 2:
            raise ValueError("y must have two dimensions, a column for each output.")
        known = [np.unique(column) if classes is None else classes for column in y.T]
        return LabelColumns(
            tuple(Labels(each, False, np.ones(each.size)) for each in known), y.dtype
        )

    @property
    def n_outputs(self):
        """Number of columns."""
        return len(self.outputs)

    def read(self, y):
        """Encoded targets.

        Raises
        ------
        ValueError
            Naming an unknown label, or if the number of outputs differs from fit's.
        """
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        if y.ndim != 2 or y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y has shape {y.shape}, but the model was fitted with "
                f"{self.n_outputs} output(s)."
            )
        pairs = zip(self.outputs, y.T, strict=True)
        return np.hstack([labels.read(column) for labels, column in pairs])

    def decoded(self, encoded):
        """Labels as ``fit`` was given them."""
        y = np.empty(encoded.shape, dtype=self.dtype)
        for place, labels in enumerate(self.outputs):
            y[:, place] = labels.decoded(encoded[:, [place]])
        return y

    def marks(self, encoded):
        """All rows are of one group; their labels mark them too."""
        return np.column_stack([np.ones(encoded.shape[0]), encoded])
