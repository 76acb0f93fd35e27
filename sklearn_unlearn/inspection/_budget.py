"""The privacy budget that requests have spent."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from sklearn_unlearn.certification import PrivateRecord
from sklearn_unlearn.certification.counter import rehearsal
from sklearn_unlearn.exceptions import BudgetExceededError, NoBoundError
from sklearn_unlearn.inspection._display import Display, line_style
from sklearn_unlearn.utils.rows import split, take


class BudgetDisplay(Display):
    """Share of the budget that is spent after the fit and after each request.

    Make one with `from_estimator` or `from_results`. The line at one is the budget. The
    numbers are computed from secrets: for the operator, not for publication.

    Parameters
    ----------
    results : dict of str to tuple of PrivateRecord
        Name of an estimator to its records, after the fit and after each request.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The share spent, of each estimator.
    budget_line_ : matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
    >>> from sklearn_unlearn.inspection import BudgetDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1e-3)
    >>> model = UnlearnableLogisticRegression(
    ...     C=0.1, certification=certification, retain_data=True
    ... ).fit(X, y)
    >>> display = BudgetDisplay.from_estimator(model, X, y, [[0], [1], [2]])
    >>> len(display.results["UnlearnableLogisticRegression"])  # after fit and requests
    4
    """

    _kind = PrivateRecord

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
    ) -> BudgetDisplay:
        """Draw what requests that follow one another would spend.

        Parameters
        ----------
        estimator : estimator
            Fitted on X and y with ``certification``; it is not changed, and nothing is
            published.
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        requests : iterable of array-like of int
            Rows to forget, one request after the other. The line ends where one is
            refused for want of budget or of a bound.
        ax : matplotlib Axes, default=None
        **kwargs : dict
            For `plot`.

        Returns
        -------
        display : BudgetDisplay

        Raises
        ------
        CertificationError
            If the estimator was fitted without certification.
        """
        model = copy.deepcopy(estimator)
        records = [model.private_record()]
        for rows in requests:
            out, _ = split(np.shape(y)[0], rows, "requests")
            try:
                with rehearsal():
                    model.partial_unfit(take(X, out), take(y, out))
            except (BudgetExceededError, NoBoundError):
                break
            records.append(model.private_record())
        return cls.from_results({type(estimator).__name__: records}, ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> BudgetDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default those of a new figure.
        **kwargs : dict
            For the ``ax.plot`` of the shares.

        Returns
        -------
        display : BudgetDisplay
        """
        ax = self._on(ax)
        style = line_style({"marker": ".", "drawstyle": "steps-post"}, kwargs)
        self.lines_ = []
        for name, records in self.results.items():
            shares = [each.spent / each.budget for each in records]
            named = {"label": name, **style}
            self.lines_ += ax.plot(range(len(shares)), shares, **named)
        style = {"color": "grey", "linestyle": "--"}
        self.budget_line_ = ax.axhline(1.0, label="budget", **style)
        ax.set_yscale("log")
        ax.set_xlabel("requests")
        ax.set_ylabel("share of the budget spent")
        ax.legend()
        return self
