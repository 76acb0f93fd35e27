"""Shards of an estimator that was fitted elsewhere."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import clone, is_classifier
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.ensemble._sharded import ShardedModel
from sklearn_unlearn.utils.from_sklearn import check_same_classes, check_same_columns
from sklearn_unlearn.utils.validation import check_names


class AdoptedShards(ShardedModel):
    """A sharded model that trains the shards of somebody else's estimator."""

    @classmethod
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        **params: Any,
    ) -> Self:
        """Shards of the estimator that was fitted elsewhere, trained on its data.

        What it learned is of all rows at once and cannot be divided: each shard trains
        a clone of it.

        Parameters
        ----------
        fitted : estimator
            Of any library with scikit-learn's interface; it is not changed. A search
            gives the estimator that it chose.
        X : array-like, DataFrame, sparse matrix or list of str
            The data that it was fitted on.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As it was fitted with.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        **params : dict
            Parameters of the shards: ``n_shards``, ``random_state``.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        NotFittedError
        TypeError
            If X is missing.
        ValueError
            If X has other columns or y other labels, a parameter is refused, or the
            estimator refuses a shard.
        """
        if X is None:
            raise TypeError(
                f"{cls.__name__}.from_sklearn trains its shards on the data that the "
                "model was fitted on: pass them as X, and y."
            )
        fitted = getattr(fitted, "best_estimator_", fitted)
        check_is_fitted(fitted)
        made: Any = cls
        model = made(clone(fitted), **params)
        if hasattr(fitted, "n_features_in_"):
            check_same_columns(fitted, check_names(model, X))
        model.fit(X, y, sample_weight, row_ids=row_ids)
        if is_classifier(model) and hasattr(fitted, "classes_"):
            check_same_classes(fitted, model.classes_)
        return model
