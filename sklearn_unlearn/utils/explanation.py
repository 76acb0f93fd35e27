"""`Explanation`: how each step of an estimator unlearns, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple


class Explained(NamedTuple):
    """How one step unlearns.

    Attributes
    ----------
    step : str
        Its name; empty of an estimator by itself.
    estimator : str
        Its class.
    how : str
        How it unlearns, and how exactly.
    keeps : str
        What it keeps of the training data.
    costs : str
        What a request about few rows costs: the rows themselves, passes over all rows,
        a fit.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> step = UnlearnableRidge().explain()[0]
    >>> step.estimator, step.how
    ('UnlearnableRidge', 'exact, one step')
    """

    step: str
    estimator: str
    how: str
    keeps: str
    costs: str


class Explanation:
    """How the steps of an estimator unlearn; printed, it is a table.

    Parameters
    ----------
    steps : list of Explained

    Attributes
    ----------
    steps : tuple of Explained

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_unlearn import unlearnable
    >>> unlearnable(StandardScaler()).explain()
    estimator                  how               keeps  costs
    UnlearnableStandardScaler  exact, from sums  sums   its rows
    """

    def __init__(self, steps: Any) -> None:
        self.steps = tuple(steps)

    def __iter__(self) -> Iterator[Explained]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, place: Any) -> Any:
        return self.steps[place]

    def _table(self):
        """The header and the lines, without a column of names if there are none."""
        named = any(each.step for each in self.steps)
        table = [Explained._fields, *self.steps]
        return [line if named else line[1:] for line in table]

    def __repr__(self) -> str:
        table = self._table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) for cell, width in zip(line, widths, strict=True)
            )
            for line in table
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        header, *lines = self._table()
        cells = ["".join(f"<td>{escape(each)}</td>" for each in line) for line in lines]
        head = "".join(f"<th>{escape(each)}</th>" for each in header)
        body = "".join(f"<tr>{line}</tr>" for line in cells)
        return f"<table><tr>{head}</tr>{body}</table>"
