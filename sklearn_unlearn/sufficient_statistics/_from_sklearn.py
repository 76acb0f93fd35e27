"""``from_sklearn`` of models of sums: a fitted model is taken over, to unlearn."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import is_classifier
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.sufficient_statistics._base import StatisticsUnlearner
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import (
    adopted_params,
    check_same_classes,
    check_same_columns,
    difference,
    with_amount,
)
from sklearn_unlearn.utils.messages import refusing, warn

#: Attributes that may differ: signs and rotations, steps, means that are rounding
#: errors in centred columns, and shares of variances that count rows of weight zero.
_FREE = {"scalings_", "rotations_", "n_iter_", "xbar_", "X_offset_", "epsilon_"}


class FromSklearnMixin(StatisticsUnlearner):
    """Adds ``from_sklearn`` to a model of sums."""

    _fitted: Any

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        **params: Any,
    ) -> Self:
        """A model that was fitted elsewhere, taken over so that it unlearns.

        The sums are computed from the data: that is as long as ``fit`` takes. The
        model is then the one that the sums give.

        Parameters
        ----------
        fitted : estimator
            The fitted scikit-learn model; it is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data that it was fitted on: a `DataMismatchWarning` says if they give
            another model.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
            As the model was fitted with, if its ``fit`` takes weights.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        **params : dict
            Parameters that the fitted model does not have: ``retain_data``.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        TypeError
            If the model is not the twin of this estimator.
        ValueError
            If X and y have other columns or labels.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from sklearn_unlearn import UnlearnableGaussianNB
        >>> X, y = load_iris(return_X_y=True)
        >>> deployed = GaussianNB().fit(X, y)
        >>> model = UnlearnableGaussianNB.from_sklearn(deployed, X, y)
        >>> model = model.partial_unfit(X[:2], y[:2])
        >>> bool(
        ...     abs(model.theta_ - GaussianNB().fit(X[2:], y[2:]).theta_).max() < 1e-14
        ... )
        True
        """
        taken = adopted_params(cls, fitted, params)
        further = {} if sample_weight is None else {"sample_weight": sample_weight}
        if further and not has_fit_parameter(cls, "sample_weight"):
            raise ValueError(f"sample_weight must be None: {cls.__name__} takes none.")
        if row_ids is not None:
            further["row_ids"] = row_ids
        model = configured_like(cls(**taken), fitted).fit(X, y, **further)
        check_same_columns(fitted, model._fitted.columns)
        if is_classifier(model):
            check_same_classes(fitted, model.classes_)
        different = model._difference(fitted)
        if different is not None:
            twin = model._fitted.sklearn_estimator
            different = with_amount(different, fitted, twin)
            warn(
                f"X, y and sample_weight give another {different} than that of the "
                "fitted model. It has been fitted to them. Are they what it was "
                "trained on, preprocessed in the same way?",
                DataMismatchWarning,
            )
        return model

    def _difference(self, fitted):
        """An attribute of which the data do not give that of the fitted model."""
        return difference(fitted, self._fitted.sklearn_estimator, _FREE)
