"""Plans of requests: what they would do, found out without doing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.messages import numbered

__all__ = ["PlannedBudget", "PlannedStep", "RequestPlan"]

#: What is said where several models would know different classes.
EMPTIED = "The request would leave a class without rows: fit again."


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
        again", in whole or in parts; "frozen", where it keeps what it knows of the
        rows; "untouched".
    costs : str
        What it reads, as of ``explain``: the rows of the request, passes over all rows,
        a fit.
    n_rows_out, n_rows_in : int
        Rows that it would forget and learn.
    columns : tuple of str or int
        Of its inputs, those that it would forget.
    vanishing : tuple of str
        Names of outputs, as of categories and words, that would be gone.
    emptied : tuple
        Classes that would have no row.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidge().fit(X, y)
    >>> step = model.plan(("partial_unfit", {"X": X[:2], "y": y[:2]})).steps[0]
    >>> step.name, step.how, step.n_rows_out
    ('UnlearnableRidge', 'exact', 2)
    """

    name: str
    estimator: str
    how: str
    costs: str
    n_rows_out: int
    n_rows_in: int
    columns: tuple[Any, ...]
    vanishing: tuple[str, ...]
    emptied: tuple[Any, ...]


@dataclass(frozen=True)
class PlannedBudget:
    """What requests would spend of a certificate's budget: for the operator alone.

    Attributes
    ----------
    budget : float
        Of all publications since ``fit``.
    remaining, remaining_after : float
        What one more publication may spend, now and after the requests.
    spends : tuple of float
        What each publication would spend; distances add up in squares.
    publications, publications_left : int or None
        How many there were so far, and how many there may be after the requests; None
        where what is spent decides alone.
    """

    budget: float
    remaining: float
    remaining_after: float
    spends: tuple[float, ...]
    publications: int
    publications_left: int | None


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
        Measured: what the plan took to compute what the requests would compute.
    passes : int or None
        How often models would read all rows that they keep, those of folds each its
        own: zero where the rows of the requests are enough, or the nodes of trees that
        have them. None of requests that would be refused.
    fits : int or None
        How many estimators would be fitted anew, whose passes are their own.
    budget : PlannedBudget or None
        With certification; of several such models, that of which least would remain.
    largest_change, mean_change : float or None
        How far the answers for ``X_watch`` would move: probabilities, decisions,
        predicted numbers or outputs. NaN if there would be others. With certification
        those of coefficients without noise, of which a plan draws none.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidge().fit(X, y)
    >>> found = model.plan(("partial_unfit", {"X": X[:2], "y": y[:2]}), X_watch=X)
    >>> found.n_rows_out, found.refused is None, found.largest_change > 0.0
    (2, True, True)
    """

    verbs: tuple[str, ...]
    n_rows_out: int
    n_rows_in: int
    columns: tuple[Any, ...]
    seconds: float
    steps: tuple[PlannedStep, ...] = ()
    refused: str | None = None
    passes: int | None = None
    fits: int | None = None
    budget: PlannedBudget | None = None
    largest_change: float | None = None
    mean_change: float | None = None

    def __repr__(self):
        pairs = (self.n_rows_out, "row", " out"), (self.n_rows_in, "row", " in")
        counts = ", ".join(f"{numbered(n, noun)}{way}" for n, noun, way in pairs)
        asked = numbered(len(self.verbs), "request")
        lines = [f"RequestPlan of {asked}: {counts}"]
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
        costs = f"{self.seconds:.2g} s, as measured now"
        if self.passes is not None:
            costs += f"; {numbered(self.passes, 'pass')}, {numbered(self.fits, 'fit')}"
        lines.append(f"costs: {costs}")
        if self.budget is not None:
            spends = (
                ", ".join(f"{each:.2g}" for each in self.budget.spends) or "nothing"
            )
            after = self.budget.remaining_after
            lines.append(f"budget: spends {spends}, {after:.2g} remain")
        if self.largest_change is not None:
            change = (
                f"{self.largest_change:.2g} at most, {self.mean_change:.2g} on average"
            )
            lines.append(f"change of what is watched: {change}")
        return "\n".join(lines)

    def _table(self):
        names = PlannedStep.__dataclass_fields__
        return {name: [getattr(s, name) for s in self.steps] for name in names}


def joint_plan(plans):
    """The plan of requests to several models, of which all answer, or none.

    Parameters
    ----------
    plans : list of RequestPlan
        Of each, for the same requests.

    Returns
    -------
    RequestPlan
    """
    first, numbered = plans[0], list(enumerate(plans))
    steps = tuple(
        replace(step, name=f"{number}__{step.name}")
        for number, one in numbered
        for step in one.steps
    )
    refused = next((one.refused for one in plans if one.refused is not None), None)
    if refused is None and any(step.emptied for step in steps):
        refused = EMPTIED
    budgets = [one.budget for one in plans if one.budget is not None]
    found = {
        "seconds": sum(one.seconds for one in plans),
        "budget": min(budgets, key=lambda one: one.remaining_after, default=None),
    }
    if refused is not None:
        return replace(
            first,
            **found,
            refused=refused,
            steps=(),
            passes=None,
            fits=None,
            largest_change=None,
            mean_change=None,
        )
    if first.largest_change is not None:
        found["largest_change"] = max(one.largest_change for one in plans)
        found["mean_change"] = sum(one.mean_change for one in plans) / len(plans)
    for name in ("passes", "fits"):
        found[name] = sum(getattr(one, name) for one in plans)
    return replace(first, **found, steps=steps)
