"""``from_sklearn`` of models that are their rows: read from the data, and compared."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import (
    adopted_params,
    check_same_classes,
    check_same_columns,
    difference,
    with_amount,
)
from sklearn_unlearn.utils.messages import refusing, warn
from sklearn_unlearn.utils.raw_rows import taken

#: Rows whose answers are compared.
_FEW = 100
#: Relative difference of answers that rounding cannot explain.
_FAR = 1e-6


class AdoptedRowSet:
    """Adds ``from_sklearn`` to a model that keeps its rows."""

    _twin_class: ClassVar[Any]
    _exclusive: Any
    _fit: Any
    _fitted: Any
    #: Methods of the twin whose answers tell models apart.
    _telling: ClassVar[tuple[str, ...]] = ("decision_function", "predict")
    #: Attributes that another fit to the same rows may have otherwise.
    _free: ClassVar[frozenset[str]] = frozenset()

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

        Parameters
        ----------
        fitted : estimator
            The fitted scikit-learn model; it is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data that it was fitted on: a `DataMismatchWarning` says if they give
            another model.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), optional
            As the model was fitted with, if its ``fit`` takes weights.
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
            If X and y have other columns or labels, or a parameter is refused.
        """
        adopted = adopted_params(cls, fitted, params)
        if sample_weight is not None and not has_fit_parameter(cls, "sample_weight"):
            raise ValueError(f"sample_weight must be None: {cls.__name__} takes none.")
        model: Any = configured_like(cls(**adopted), fitted)
        model._adopt(fitted, X, y, sample_weight, row_ids)
        return model

    def _adopt(self, fitted, X, y, sample_weight, row_ids):
        """Become what the data give, and say where a fitted model is another."""
        self._fit(X, y, sample_weight, row_ids)
        self._check_same_data(fitted, self._fitted)
        some = np.linspace(0, len(y) - 1, min(len(y), _FEW)).astype(np.intp)
        different = self._difference(fitted, taken(X, some))
        if different is not None:
            self._say_different(different)

    def _check_same_data(self, fitted, value):
        """Refuse data of other columns or labels than a fitted model has."""
        check_same_columns(fitted, value.columns)
        if is_classifier(self):
            check_same_classes(fitted, value.encoding.classes)

    def _difference(self, fitted, X):
        """What differs from a fitted model: an attribute, or an answer."""
        different = difference(fitted, self._fitted.sklearn_estimator, self._free)
        if different is not None:
            return with_amount(different, fitted, self._fitted.sklearn_estimator)
        for method in self._telling:
            if hasattr(fitted, method):
                theirs, ours = (
                    np.asarray(getattr(each, method)(X)) for each in (fitted, self)
                )
                size = np.abs(ours).max(initial=0.0) if ours.dtype.kind == "f" else 0.0
                same = theirs.shape == ours.shape
                if same and ours.dtype.kind == "f":
                    same = np.allclose(theirs, ours, rtol=_FAR, atol=_FAR * size)
                elif same:
                    same = np.array_equal(theirs, ours)
                if same:
                    continue
                share = theirs != ours if theirs.shape == ours.shape else True
                return f"answer of {method} (for {np.mean(share):.0%} of some rows)"
        return None

    def _say_different(self, what):
        warn(
            f"X, y and sample_weight give another {what} than that of the fitted "
            "model. It has been fitted to them. Are they what it was trained on, "
            "preprocessed in the same way?",
            DataMismatchWarning,
        )
