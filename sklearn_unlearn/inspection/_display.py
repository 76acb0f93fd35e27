"""The base of the displays: results by method, axes, and the requests they send."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.certification.counter import rehearsal
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.learned import learned_by
from sklearn_unlearn.utils.optional import import_optional
from sklearn_unlearn.utils.rows import split, take
from sklearn_unlearn.utils.validation import remaining_columns


class Display(FrameMixin):
    """Results of methods, drawn by ``plot``.

    Parameters
    ----------
    results : dict of str to tuple
        Name of a method to its results, one a request.
    """

    #: Class of a result.
    _kind: type
    plot: Any

    def __init__(self, results: Any) -> None:
        self.results = results

    @classmethod
    def from_results(cls, results: Any, *, ax: Any = None, **kwargs: Any) -> Any:
        """Draw results that are there.

        Parameters
        ----------
        results : dict of str to result or sequence of results
            Name of a method to what was measured, once or at each of many requests.
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.
        **kwargs : dict
            For ``plot``.

        Returns
        -------
        display

        Raises
        ------
        TypeError
            If they are no such results.
        ValueError
            If there are none.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(results, Mapping):
            raise TypeError(
                "results must be a dict of names of methods to results; got "
                f"{type(results).__name__}."
            )
        by_method = {name: cls._several(each) for name, each in results.items()}
        if not all(by_method.values()) or not by_method:
            raise ValueError("results holds none, or a method without any.")
        return cls(by_method).plot(ax, **kwargs)

    @classmethod
    def _several(cls, results):
        """One result or an iterable of results, as a tuple."""
        if isinstance(results, cls._kind) or not isinstance(results, Iterable):
            results = [results]
        results = tuple(results)
        for each in results:
            if not isinstance(each, cls._kind):
                raise TypeError(
                    f"{cls.__name__} takes results of class {cls._kind.__name__}; got "
                    f"{type(each).__name__}."
                )
        return results

    def _on(self, ax):
        """Axes to draw on, remembered with their figure."""
        if ax is None:
            purpose = f"{type(self).__name__}.plot"
            plt = import_optional("matplotlib.pyplot", purpose, "plot")
            _, ax = plt.subplots()
        self.ax_, self.figure_ = ax, ax.figure
        return ax

    def _table(self):
        """Columns for ``frame``: method, request, and what the results hold."""
        rows = [
            {"method": name, "request": number, **self._cells(result)}
            for name, results in self.results.items()
            for number, result in enumerate(results)
        ]
        return {column: [row[column] for row in rows] for column in rows[0]}

    @staticmethod
    def _cells(result):
        """One result by column."""
        return asdict(result)


def line_style(defaults, given):
    """Arguments of ``ax.plot`` over defaults, whichever of its aliases they use."""
    cbook, lines = import_module("matplotlib.cbook"), import_module("matplotlib.lines")
    return {**defaults, **cbook.normalize_kwargs(given, lines.Line2D)}


def answers(estimator, X, y, requests):
    """For each request an unlearned copy, the rows, and what remains.

    Parameters
    ----------
    estimator : estimator
        Fitted on X and y; it is not changed.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    requests : iterable of int, of array-like of int, or of masks
        Rows to forget at each request, which begins with the estimator as it is.

    Yields
    ------
    unlearned : estimator
    X_rest, y_rest
    """
    for rows in requests:
        out, rest = split(np.shape(y)[0], rows, "requests")
        unlearned = copy.deepcopy(estimator)
        with rehearsal():
            unlearned.partial_unfit(take(X, out), take(y, out))
        yield unlearned, take(X, rest), take(y, rest)


def refitted(estimator, X, y):
    """A fit from scratch on the columns that the estimator still has."""
    return clone(estimator).fit(remaining(estimator, X), y)


def remaining(estimator, X):
    """X without the columns that an estimator has forgotten.

    Raises
    ------
    ValueError
        If it is a pipeline that has forgotten any: its steps may name them.
    """
    for name, step in getattr(estimator, "steps", ()):
        forgotten = _forgotten(step)
        if forgotten is not None and forgotten.any():
            raise ValueError(
                f"Step {name!r} has forgotten columns, and a pipeline cannot be fitted "
                "without them as it is: measure with refits of your own, and pass "
                "from_results what was found."
            )
    forgotten = _forgotten(estimator)
    if forgotten is None:
        return X
    return remaining_columns(X, learned_by(estimator).columns, forgotten)[0]


def _forgotten(estimator):
    """Mask of the columns that were forgotten; None of an estimator without any."""
    fitted = learned_by(estimator)
    return getattr(getattr(fitted, "model", fitted), "forgotten", None)
