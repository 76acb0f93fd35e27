"""What a classifier that unlearns from sums keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.statistics import Statistics
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is kept of rows.

    Attributes
    ----------
    classes : Statistics
        Weighted sums of each class.
    rows : Statistics or None
        Sums over all rows, whatever their weight, where a model needs them.
    """

    classes: Statistics
    rows: Statistics | None


@dataclass(frozen=True, eq=False)
class Fitted:
    """Everything a statistical classifier learned, in one immutable value.

    Attributes
    ----------
    evidence : Evidence
        Of all ``labels``, in the columns that are not forgotten.
    labels : ndarray of shape (n_labels,)
        Those that rows may have, sorted; not all need to have rows.
    columns : Columns
        Number and names of the columns of X.
    forgotten : ndarray of bool of shape (n_features,)
    params : dict
        Parameters of the estimator at fit.
    twin : estimator
        scikit-learn's estimator of the columns that are not forgotten.
    """

    evidence: Evidence
    labels: np.ndarray
    columns: Columns
    forgotten: np.ndarray
    params: dict
    twin: Any
