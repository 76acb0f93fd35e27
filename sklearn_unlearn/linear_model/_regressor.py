"""The base of linear regressors: targets, predictions, the range of a loss."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.base import RegressorMixin

from sklearn_unlearn.linear_model._base import LinearUnlearner
from sklearn_unlearn.utils.targets import Targets


class LinearRegressor(RegressorMixin, LinearUnlearner):
    """A `LinearUnlearner` whose targets are numbers.

    Its loss may have a method ``in_range(targets)``, which says which targets it is
    defined for, and a method ``inverse_link(raw)``, which gives predictions.
    """

    def predict(self, X: Any) -> Any:
        """Predicted targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        fitted, raw = self._raw_prediction(X)
        loss = fitted.model.state.objective.loss
        if hasattr(loss, "inverse_link"):
            raw = loss.inverse_link(raw)
        return raw[:, 0] if fitted.encoding.is_flat else raw

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"y_numeric": True}
    #: Whether the twin predicts a vector for a single column of targets.
    _flattens = False

    def _encoding(self, y, sample_weight):
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        return Targets(n_outputs, y.ndim == 1, self._loss(None), self._flattens)

    def _targets_in_short(self, y, sample_weight):
        """One target and the summed weight: all say what one says."""
        return y[:1].copy(), sample_weight.sum(keepdims=True)

    def _any_encoding(self):
        return None

    def _n_raw(self, encoding):
        return encoding.n_outputs

    def _shaped_coef(self, coef, encoding):
        return coef[0] if encoding.is_flat else coef

    def _shaped_intercept(self, intercept, encoding):
        if intercept is None:
            return 0.0
        return intercept[0] if encoding.is_vector else intercept

    def _without_classes(self, fitted, request, error):
        raise error
