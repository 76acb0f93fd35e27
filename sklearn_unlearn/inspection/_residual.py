"""Gradient residuals of methods, beside one another."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from sklearn_unlearn.inspection._display import (
    Display,
    answers,
    line_style,
    refitted,
    remaining,
)
from sklearn_unlearn.metrics import gradient_residual_norm


class ResidualDisplay(Display):
    """Gradient residuals of methods on a logarithmic axis.

    Make one with `from_estimator` or `from_results`. A residual below its rounding
    error cannot be told from zero, and is drawn there.

    Parameters
    ----------
    results : dict of str to tuple of float
        Name of a method to its residuals, one a request, as from
        :func:`~sklearn_unlearn.metrics.gradient_residual_norm`.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The residuals of each method.
    medians_ : list of matplotlib Line2D
        Their medians.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_unlearn.inspection import ResidualDisplay
    >>> display = ResidualDisplay.from_results(
    ...     {"no update": [3.0, 8.0], "second order": [0.02, 0.1]}
    ... )
    >>> display.ax_.get_ylabel()
    'gradient residual'
    """

    _kind = Real

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        requests: Any,
        *,
        ax: Any = None,
        **kwargs: Any,
    ) -> ResidualDisplay:
        """Draw what is left without an update, by unlearning and by a refit.

        Parameters
        ----------
        estimator : estimator
            An unlearner fitted on X and y; it is not changed. If it has forgotten
            columns, a refit does without them too.
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        requests : iterable of array-like of int
            Rows to forget; each request begins with the estimator as it is.
        ax : matplotlib Axes, default=None
        **kwargs : dict
            For `plot`.

        Returns
        -------
        display : ResidualDisplay
        """
        results: dict[str, list[float]] = {
            "no update": [],
            "unlearned": [],
            "refit": [],
        }
        for unlearned, X_rest, y_rest in answers(estimator, X, y, requests):
            models = estimator, unlearned, refitted(estimator, X_rest, y_rest)
            X_rest = remaining(estimator, X_rest)
            for found, model in zip(results.values(), models, strict=True):
                found.append(gradient_residual_norm(model, X_rest, y_rest))
        return cls.from_results(results, ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> ResidualDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default those of a new figure.
        **kwargs : dict
            For the ``ax.plot`` of the residuals.

        Returns
        -------
        display : ResidualDisplay
        """
        ax = self._on(ax)
        style = line_style({"marker": "o", "linestyle": "", "alpha": 0.6}, kwargs)
        self.lines_, self.medians_ = [], []
        for place, residuals in enumerate(self.results.values()):
            shown = [max(self._cells(each).values()) for each in residuals]
            self.lines_ += ax.plot(np.full(len(shown), place), shown, **style)
            ends, median = [place - 0.25, place + 0.25], np.median(shown)
            colour = self.lines_[-1].get_color()
            self.medians_ += ax.plot(ends, [median, median], color=colour)
        ax.set_yscale("log")
        ax.set_xticks(range(len(self.results)), labels=list(self.results))
        ax.set_ylabel("gradient residual")
        return self

    @staticmethod
    def _cells(result):
        error = getattr(result, "rounding_error", 0.0)
        return {"residual": float(result), "rounding_error": error}
