"""The base of linear classifiers: labels, decisions, a class that vanishes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.exceptions import EmptyClassError
from sklearn_unlearn.linear_model._base import LinearUnlearner
from sklearn_unlearn.utils.targets import (
    Labels,
    as_vector,
    check_labels,
    given_weights,
)


class LinearClassifier(ClassifierMixin, LinearUnlearner):
    """A `LinearUnlearner` whose targets are labels."""

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    def current_class_weight(self) -> dict[str, Any]:
        """Weight of each class in the objective as it is now.

        "balanced" weights follow the data through every request; with certification
        they are those of the last fit, since a lineage is of one loss. They are counts
        of the training data: a secret, hence no attribute.

        Returns
        -------
        dict
            Weights by label.
        """
        fitted = self._checked()
        encoding, loss = fitted.encoding, fitted.model.state.objective.loss
        weights = encoding.class_weight
        if encoding.balanced:
            weights = loss.weights[: encoding.n_groups]
        return dict(zip(encoding.classes.tolist(), weights.tolist(), strict=True))

    def decision_function(self, X: Any) -> Any:
        """Signed confidence scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        _, raw = self._raw_prediction(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def predict(self, X: Any) -> np.ndarray:
        """Class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        fitted, raw = self._raw_prediction(X)
        if raw.shape[1] == 1:
            return fitted.encoding.classes[(raw[:, 0] > 0.0).astype(np.intp)]
        return fitted.encoding.classes[raw.argmax(axis=1)]

    def _labels(self, y, sample_weight, *, signed, balance_rows=False):
        """Labels and what is said of the weights of their classes.

        Parameters
        ----------
        signed, balance_rows : bool
            As in `Labels`.
        """
        y = as_vector(y)
        check_classification_targets(y)
        classes, positions = np.unique(y, return_inverse=True)
        if classes.size < 2:
            raise ValueError(
                "At least 2 classes are needed, but y contains only one class: "
                f"{classes.tolist()[0]!r}"
            )
        weights = given_weights(self.class_weight, classes)
        empty = np.bincount(positions, sample_weight, classes.size) == 0.0
        if weights is not None:
            empty |= weights == 0.0
        for group in np.flatnonzero(empty):
            raise ValueError(
                f"sample_weight and class_weight leave class "
                f"{classes.tolist()[group]!r} without weight: every class needs some."
            )
        return Labels(classes, signed, weights, balance_rows)

    def _targets_in_short(self, y, sample_weight):
        """The labels that are there, and the summed weight of each."""
        y = as_vector(y)
        check_classification_targets(y)
        labels, positions = np.unique(y, return_inverse=True)
        return labels, np.bincount(positions, sample_weight, labels.size)

    def _any_encoding(self):
        return Labels(np.arange(2), signed=True, class_weight=np.ones(2))

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)

    def _without_classes(self, fitted, request, error):
        """With retained data and two classes left, a refit without the others."""
        encoding, model = fitted.encoding, fitted.model
        groups = np.array(error.groups)
        names = ", ".join(repr(encoding.classes.tolist()[group]) for group in groups)
        left = encoding.n_groups - groups.size
        private = fitted.lineage is not None and fitted.lineage.terms.private
        if model.retained is None or left < 2 or private:
            remedy = (
                "A model of fewer than two classes does not exist."
                if left < 2
                else 'In mode="private" classes are public and stay.'
                if private
                else "Fit again without it, or fit with retain_data=True, which does "
                "so by itself."
            )
            raise EmptyClassError(
                f"The request would leave no row of class {names}. {remedy}",
                error.groups,
            ) from None
        retained = edited_rows(model, request).compacted()
        kept = retained.chunks[0].rows
        position = encoding.groups(kept.y)
        if np.isin(position, groups).any():  # a remainder of weight within rounding
            raise EmptyClassError(
                f"The request would leave class {names} with next to no weight.",
                error.groups,
            ) from None
        position -= np.searchsorted(groups, position)
        fewer = encoding.without(groups)
        rows = replace(kept, y=fewer.encode(position))
        edited = replace(fitted, model=replace(model, retained=retained))
        return self._refit(edited, fewer, rows)
