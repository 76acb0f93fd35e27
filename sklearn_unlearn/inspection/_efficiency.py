"""A display of the cost of requests, beside that of refits."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.inspection._display import Display, refitted
from sklearn_unlearn.metrics import Efficiency, efficiency
from sklearn_unlearn.utils.rows import split, take


class EfficiencyDisplay(Display):
    """How many times cheaper than a refit methods are: bars on a logarithmic axis.

    Make one with `from_estimator` or `from_results`. The line at one is the refit; bars
    that stay below it cost more.

    Parameters
    ----------
    results : dict of str to tuple of Efficiency
        Name of a method to its results, one a request.

    Attributes
    ----------
    bars_ : matplotlib BarContainer
        The median over the requests of each method.
    line_ : matplotlib Line2D
        The refit.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_unlearn.inspection import EfficiencyDisplay
    >>> from sklearn_unlearn.metrics import Efficiency
    >>> display = EfficiencyDisplay.from_results(
    ...     {"second order": Efficiency(0.002, 1.0), "SISA": Efficiency(0.2, 1.0)}
    ... )
    >>> len(display.bars_)
    2
    """

    _kind = Efficiency

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        requests: Any,
        *,
        repeats: int = 3,
        ax: Any = None,
        **kwargs: Any,
    ) -> EfficiencyDisplay:
        """Measure and draw the speed-up of requests of growing size, or of any.

        Parameters
        ----------
        estimator : estimator
            An unlearner fitted on X and y; it is not changed. If it has forgotten
            columns, a refit does without them too.
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        requests : iterable of array-like of int
            Rows to forget; each request begins with the estimator as it is. Those of
            the same number of rows share a bar.
        repeats : int, default=3
            As for :func:`~sklearn_unlearn.metrics.efficiency`.
        ax : matplotlib Axes, default=None
        **kwargs : dict
            For `plot`.

        Returns
        -------
        display : EfficiencyDisplay
        """
        found: dict[str, list[Any]] = {}
        for rows in requests:
            out, rest = split(np.shape(y)[0], rows, "requests")
            X_out, y_out = take(X, out), take(y, out)
            X_rest, y_rest = take(X, rest), take(y, rest)
            result = efficiency(
                estimator,
                lambda model, X=X_out, y=y_out: model.partial_unfit(X, y),
                lambda X=X_rest, y=y_rest: refitted(estimator, X, y),
                repeats=repeats,
            )
            name = f"{out.size} row" + "s" * (out.size > 1)
            found.setdefault(name, []).append(result)
        return cls.from_results(found, ax=ax, **kwargs)

    def plot(
        self, ax: Any = None, *, measure: str = "seconds", **kwargs: Any
    ) -> EfficiencyDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default those of a new figure.
        measure : {"seconds", "gradients"}, default="seconds"
            Which cost.
        **kwargs : dict
            For ``ax.bar``.

        Returns
        -------
        display : EfficiencyDisplay

        Raises
        ------
        ValueError
            If there is no such measure, or results do not tell their gradients.
        """
        if measure not in ("seconds", "gradients"):
            raise ValueError(
                f"measure must be 'seconds' or 'gradients'; got {measure!r}."
            )
        name = "speed_up" if measure == "seconds" else "gradient_ratio"
        ratios = [
            [getattr(each, name) for each in results]
            for results in self.results.values()
        ]
        if any(ratio is None for each in ratios for ratio in each):
            raise ValueError("Some results do not tell how many gradients they took.")
        ax = self._on(ax)
        places = np.arange(len(ratios))
        # from one, the refit, up or down
        heights = [np.median(each) - 1.0 for each in ratios]
        self.bars_ = ax.bar(places, heights, **{"bottom": 1.0, **kwargs})
        self.line_ = ax.axhline(1.0, color="grey", linestyle="--")
        ax.set_yscale("log")
        ax.set_xticks(places, labels=list(self.results))
        ax.set_ylabel(f"{measure} of a refit / of the request")
        return self
