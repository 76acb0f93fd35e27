"""Losses of unlearned models against those of refits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklearn_unlearn.inspection._display import (
    Display,
    answers,
    line_style,
    refitted,
    remaining,
)
from sklearn_unlearn.metrics import Fidelity, fidelity


class FidelityDisplay(Display):
    """Change of the test loss by unlearning against that by a refit.

    Make one with `from_estimator` or `from_results`. An exact method has all its points
    on the identity line. Results without the loss of the original model show losses in
    the place of changes.

    Parameters
    ----------
    results : dict of str to tuple of Fidelity
        Name of a method to its results, one a request.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The points of each method.
    identity_line_ : matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.inspection import FidelityDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> model = UnlearnableLogisticRegression().fit(X[:400], y[:400])
    >>> display = FidelityDisplay.from_estimator(
    ...     model, X[:400], y[:400], [[0], [1, 2], [3]], X[400:], y[400:]
    ... )
    >>> len(display.results["UnlearnableLogisticRegression"])
    3
    """

    _kind = Fidelity

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        requests: Any,
        X_test: Any,
        y_test: Any,
        *,
        loss: Callable[..., Any] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> FidelityDisplay:
        """Draw what requests to an unlearner do to its loss on test data.

        Parameters
        ----------
        estimator : estimator
            An unlearner fitted on X and y; it is not changed. If it has forgotten
            columns, a refit does without them too.
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        requests : iterable of array-like of int
            Rows to forget; each request begins with the estimator as it is.
        X_test, y_test : array-like
        loss : callable, default=None
            As for :func:`~sklearn_unlearn.metrics.fidelity`.
        ax : matplotlib Axes, default=None
        **kwargs : dict
            For `plot`.

        Returns
        -------
        display : FidelityDisplay
        """
        X_test = remaining(estimator, X_test)
        found = [
            fidelity(
                unlearned,
                refitted(estimator, X_rest, y_rest),
                X_test,
                y_test,
                original=estimator,
                loss=loss,
            )
            for unlearned, X_rest, y_rest in answers(estimator, X, y, requests)
        ]
        return cls.from_results({type(estimator).__name__: found}, ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> FidelityDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default those of a new figure.
        **kwargs : dict
            For the ``ax.plot`` of the points.

        Returns
        -------
        display : FidelityDisplay
        """
        ax = self._on(ax)
        style = line_style({"marker": "o", "linestyle": "", "alpha": 0.6}, kwargs)
        self.lines_ = []
        for name, results in self.results.items():
            changes = np.array([each.loss_changes for each in results])
            self.lines_ += ax.plot(*changes.T, **{"label": name, **style})
        found = [each for results in self.results.values() for each in results]
        changes = np.array([each.loss_changes for each in found])
        ends = [changes.min(), changes.max()]
        (self.identity_line_,) = ax.plot(
            ends, ends, color="grey", linestyle="--", label="identity"
        )
        known = all(each.original_loss is not None for each in found)
        what = "change of the loss" if known else "loss"
        ax.set_xlabel(f"{what}, refit")
        ax.set_ylabel(f"{what}, unlearned")
        ax.legend()
        return self
