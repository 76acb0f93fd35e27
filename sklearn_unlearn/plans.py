"""Plans of requests: what they would do, found out without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_unlearn.utils.frames import FrameMixin

__all__ = ["PlannedStep", "RequestPlan"]


@dataclass(frozen=True)
class PlannedStep:
    """What requests would do to one estimator.

    Attributes
    ----------
    name : str
        Of the step; of an estimator alone its class.
    estimator : str
        Its class.
    how : str
        "exact", "refined", "one step" or "empirical" as of `RequestRecord`; "fitted
        again"; "frozen", where it keeps what it knows of the rows; "untouched".
    vanishing : tuple of str
        Names of outputs, as of categories and words, that would be gone.
    emptied : tuple
        Classes that would have no row.
    """

    name: str
    estimator: str
    how: str
    vanishing: tuple[str, ...]
    emptied: tuple[Any, ...]


@dataclass(frozen=True)
class RequestPlan(FrameMixin):
    """What requests would do to a model, which is as it was.

    It may name categories and words: for the operator, not for publication.

    Attributes
    ----------
    verbs : tuple of str
        One for each request.
    n_rows_out, n_rows_in : int
        As of `RequestRecord`, of all requests together.
    columns : tuple of str or int
        To forget.
    steps : tuple of PlannedStep
        None of a request that would be refused.
    refused : str or None
        Why the requests would be refused; None if they would not be.
    seconds : float
        What it took to find out, which is what the requests would take.
    largest_change, mean_change : float or None
        How far the answers for ``X_watch`` would move: probabilities, decisions,
        predicted numbers or outputs. NaN if there would be others.
    """

    verbs: tuple[str, ...]
    n_rows_out: int
    n_rows_in: int
    columns: tuple[Any, ...]
    steps: tuple[PlannedStep, ...]
    refused: str | None
    seconds: float
    largest_change: float | None
    mean_change: float | None

    def __repr__(self):
        counts = f"{self.n_rows_out} rows out, {self.n_rows_in} rows in"
        lines = [f"RequestPlan of {len(self.verbs)} requests: {counts}"]
        if self.columns:
            lines[0] += f", columns {', '.join(map(str, self.columns))}"
        if self.refused is not None:
            return "\n".join([*lines, f"refused: {self.refused}"])
        cells = [("step", "how", "vanishing", "emptied")]
        for step in self.steps:
            gone = str(len(step.vanishing) or "-"), str(len(step.emptied) or "-")
            cells.append((step.name, step.how, *gone))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (c.ljust(width) for c, width in zip(row, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
        lines.append(f"seconds: {self.seconds:.2g}")
        if self.largest_change is not None:
            change = (
                f"{self.largest_change:.2g} at most, {self.mean_change:.2g} on average"
            )
            lines.append(f"change of what is watched: {change}")
        return "\n".join(lines)

    def _table(self):
        names = PlannedStep.__dataclass_fields__
        return {name: [getattr(s, name) for s in self.steps] for name in names}
