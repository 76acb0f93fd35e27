"""Fitted attributes that are read from the fitted value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


def learned_by(estimator: Any) -> Any:
    """The fitted value of an estimator that keeps one; None of others."""
    return getattr(estimator, "__dict__", {}).get("_fitted")


class Learned:
    """An attribute that the fitted twin has, read-only."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self
        return getattr(estimator._learned.sklearn_estimator, self.name)


class LearnedColumns:
    """Number and names of the columns of X, from ``columns`` of the fitted value."""

    if TYPE_CHECKING:

        @property
        def _learned(self) -> Any:
            """The fitted value."""

    @property
    def n_features_in_(self) -> Any:
        """Number of columns of X at fit, forgotten ones included."""
        columns = self._learned.columns
        if columns is None:
            raise AttributeError("X had no columns at fit.")
        return columns.n_features

    @property
    def feature_names_in_(self) -> Any:
        """Names of the columns of X at fit, if they were all strings."""
        columns = self._learned.columns
        if columns is None or columns.names is None:
            raise AttributeError("X had no feature names at fit.")
        return columns.names
