"""Occlusion: columns that a model no longer sees, and still knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.base import Answer, UnlearnerMixin
from sklearn_unlearn.baselines._wrapped import WrappedModel
from sklearn_unlearn.utils.validation import (
    Columns,
    check_columns,
    check_remaining_rows,
    check_training_data,
)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """All that was learned, and the columns that are hidden (a bool mask)."""

    estimator: Any
    columns: Columns
    hidden: np.ndarray


class Occluded(UnlearnerMixin, WrappedModel):
    """Occlusion: forgotten columns are zero at prediction, the model stays as it is.

    The baseline for the removal of features of Warnecke et al. (2023). What the model
    learned from the columns remains in the coefficients of those that are correlated
    with them. Its one verb is ``forget_features``: it has none for rows or labels.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor on numbers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        If the estimator is a classifier.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    References
    ----------
    Alexander Warnecke, Lukas Pirch, Christian Wressnegger, Konrad Rieck. Machine
    Unlearning of Features and Labels. NDSS 2023. arXiv 2108.11577.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_unlearn.baselines import Occluded
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Occluded(Ridge()).fit(X, y).forget_features([2])
    >>> X[:, 2] = 0.0
    >>> bool((model.predict(X) == model.to_sklearn().predict(X)).all())
    True
    """

    _accepts: ClassVar[frozenset[str]] = frozenset({"columns"})

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the estimator; no column is hidden.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)

        Returns
        -------
        self : object
        """
        with self._exclusive():
            multi_output = self.__sklearn_tags__().target_tags.multi_output
            X, y, columns = check_training_data(self, X, y, multi_output=multi_output)
            estimator = clone(self.estimator).fit(X, y)
            hidden = np.zeros(columns.n_features, dtype=bool)
            self._fitted = _Fitted(estimator, columns, hidden)
        return self

    def _apply(self, fitted, request):
        known = fitted.columns
        mask = check_columns(request.columns, known.n_features, known.names)
        return Answer(replace(fitted, hidden=fitted.hidden | mask))

    def _shown(self, fitted, X):
        hidden = fitted.hidden
        return check_remaining_rows(self, X, fitted.columns, hidden)
