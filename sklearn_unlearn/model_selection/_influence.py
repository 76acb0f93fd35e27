"""The rows that the choice of a search hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.inspection._display import Display, line_style
from sklearn_unlearn.model_selection._results import standing
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.notes import TakingNotes
from sklearn_unlearn.utils.rows import split


@dataclass(frozen=True, eq=False)
class ChoiceInfluence(FrameMixin):
    """What the best candidate would lead by without some rows.

    Attributes
    ----------
    lead : float
        As it is, over the next candidate.
    n_rows : ndarray of int of shape (n_asked,)
        That would leave.
    leads : ndarray of shape (n_asked,)
        Of the candidate that is the best now; negative if another one would be, NaN if
        the request would be refused.
    chosen : ndarray of int of shape (n_asked,)
        The number of the candidate that would be chosen; of equal ones the first. That
        of the best now where the request would be refused.
    best : int
        The number of the candidate that is chosen now.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> grid = {"alpha": [0.1, 10.0]}
    >>> search = UnlearnableGridSearchCV(UnlearnableRidgeClassifier(), grid).fit(X, y)
    >>> found = search.choice_influence([[0], [1, 2], [3]])
    >>> found.leads.shape, found.decisive.size
    ((3,), 0)
    """

    lead: float
    n_rows: Any
    leads: Any
    chosen: Any
    best: int

    @property
    def changes(self) -> Any:
        """By how much the lead would grow."""
        return self.leads - self.lead

    @property
    def decisive(self) -> Any:
        """Which of the requests would change the choice; positions, ascending."""
        return np.flatnonzero(self.chosen != self.best)

    @property
    def order(self) -> Any:
        """Positions of the requests, that which leaves the smallest lead first."""
        return np.argsort(self.leads, kind="stable")

    def _table(self):
        numbers = {"lead": self.leads, "change": self.changes}
        return {"n_rows": self.n_rows, **numbers, "chosen": self.chosen}


class InfluenceOnChoice:
    """Adds ``choice_influence`` to searches."""

    refit: Any
    _checked: Any
    _carried: Any
    _exclusive: Any

    def choice_influence(self, rows: Any = None) -> ChoiceInfluence:
        """Which rows the choice hangs on: what the best would lead by without them.

        Each is a request that is computed and not put in place, and takes as long.

        Parameters
        ----------
        rows : iterable of int, of array-like of int, or of masks, default=None
            What would leave each time, by numbers among the rows that are in the
            search, in their order. By default each row once.

        Returns
        -------
        ChoiceInfluence

        Raises
        ------
        UnlearningError
            If the choice is frozen, or there is nothing to choose by a score.
        """
        with self._exclusive():
            fitted = self._checked()
            lead, _ = standing(fitted.outcome.results, self.refit, fitted.outcome.best)
            if not fitted.outcome.scores:
                raise UnlearningError(
                    'The choice is frozen by keep="best": no row changes it.'
                )
            if lead is None:
                raise UnlearningError(
                    "There is no lead: refit chooses by a function, or there is one "
                    "candidate."
                )
            living = fitted.model.living()
            n_rows = living.positions.size
            rows = range(n_rows) if rows is None else rows
            asked = [split(n_rows, some)[0] for some in rows]
            with TakingNotes():
                found = [self._lead_without(fitted, living, some) for some in asked]
        return ChoiceInfluence(
            lead,
            np.array([some.size for some in asked], dtype=np.intp),
            np.array([lead for lead, _ in found], dtype=np.float64),
            np.array([chosen for _, chosen in found], dtype=np.intp),
            int(fitted.outcome.best),
        )

    def _lead_without(self, fitted, living, some):
        """What the best would lead by without some rows, and what would be chosen."""
        positions = living.positions[some]
        out = fitted.model.retained.take(positions)
        try:
            with refusing():
                after = self._carried(fitted, ModelChange(Edit(out), positions))
        except UnlearningError:
            return np.nan, fitted.outcome.best
        after = after.outcome
        return standing(after.results, self.refit, fitted.outcome.best)[0], after.best


class ChoiceInfluenceDisplay(Display):
    """What the best candidate of a search would lead by without rows, in order.

    Make one with `from_estimator` or `from_results`. Below the line at zero another
    candidate would be chosen.

    Parameters
    ----------
    results : dict of str to tuple of ChoiceInfluence
        Name of a search to what was found.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Leads without rows, of each search.
    lead_lines_ : list of matplotlib Line2D
        The lead as it is, of each search.
    zero_line_ : matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidge
    >>> from sklearn_unlearn.model_selection import ChoiceInfluenceDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> grid = {"alpha": [0.1, 1.0, 10.0]}
    >>> search = UnlearnableGridSearchCV(UnlearnableRidge(), grid, cv=3).fit(X, y)
    >>> display = ChoiceInfluenceDisplay.from_estimator(search, rows=range(5))
    >>> display.results["UnlearnableGridSearchCV"][0].decisive.size
    0
    """

    _kind = ChoiceInfluence

    @classmethod
    def from_estimator(
        cls, search: Any, rows: Any = None, *, ax: Any = None, **kwargs: Any
    ) -> ChoiceInfluenceDisplay:
        """Draw what requests would do to the lead.

        Parameters
        ----------
        search : UnlearnableGridSearchCV or another search that unlearns
            Fitted; it is not changed.
        rows : iterable, default=None
            As for ``choice_influence``.
        ax : matplotlib Axes, default=None
        **kwargs : dict
            For `plot`.

        Returns
        -------
        display : ChoiceInfluenceDisplay
        """
        found = search.choice_influence(rows)
        return cls.from_results({type(search).__name__: found}, ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> ChoiceInfluenceDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default those of a new figure.
        **kwargs : dict
            For the ``ax.plot`` of the leads.

        Returns
        -------
        display : ChoiceInfluenceDisplay
        """
        ax = self._on(ax)
        style = line_style({"marker": ".", "linestyle": "none"}, kwargs)
        self.lines_, self.lead_lines_ = [], []
        for name, (found, *_) in self.results.items():
            leads = found.leads[found.order]
            lines = ax.plot(range(leads.size), leads, **{"label": name, **style})
            self.lines_ += lines
            color = lines[0].get_color()
            self.lead_lines_.append(ax.axhline(found.lead, color=color, linestyle=":"))
        self.zero_line_ = ax.axhline(0.0, color="grey", linestyle="--")
        ax.set_xlabel("requests, that which leaves the smallest lead first")
        ax.set_ylabel("lead of the best candidate")
        ax.legend()
        return self

    def _table(self):
        columns: dict[str, list[Any]] = {"method": [], "request": []}
        for name, results in self.results.items():
            for number, found in enumerate(results):
                for column, values in found._table().items():
                    columns.setdefault(column, []).extend(values.tolist())
                columns["method"] += [name] * found.leads.size
                columns["request"] += [number] * found.leads.size
        return columns
