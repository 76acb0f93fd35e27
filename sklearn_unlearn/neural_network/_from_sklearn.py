"""Taking over a perceptron that scikit-learn has trained."""

from __future__ import annotations

from typing import Any, Self

from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import (
    adopted_params,
    check_same_classes,
    check_same_columns,
)
from sklearn_unlearn.utils.messages import refusing


class AdoptionMixin:
    """Adds ``from_sklearn`` to a perceptron."""

    _exclusive: Any
    _read_training: Any
    _encoding: Any
    _made: Any
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
        """A network that was trained elsewhere, taken over so that it unlearns.

        Its weights stay what they are; nothing is trained.

        Parameters
        ----------
        fitted : estimator
            The fitted scikit-learn model; it is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data that it was trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the model was trained with.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        **params : dict
            Parameters that the fitted model does not have.

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
        """
        taken = adopted_params(cls, fitted, params)
        if "warm_start" in taken:  # no weights but these are carried on
            taken["warm_start"] = False
        model = configured_like(cls(**taken), fitted)
        with model._exclusive():
            data = model._read_training(X, y, sample_weight, row_ids)
            _, y, _, columns, _ = data
            check_same_columns(fitted, columns)
            encoding = model._encoding(y)
            if encoding.classes is not None:
                check_same_classes(fitted, encoding.classes)
            model._fitted = model._made(fitted, *data)
        return model
