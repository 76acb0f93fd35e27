"""`InputChange`: what a request did to the inputs of an estimator, in all its rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.linear.steps import LARGE_LOSS
from sklearn_unlearn.exceptions import PrecisionLossWarning
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.rows import protected

#: What requests do about steps that learned from rows and cannot unlearn.
ON_STATEFUL = ("freeze", "raise", "refit")


def check_on_stateful(on_stateful):
    """Refuse what is none of these.

    Raises
    ------
    ValueError
    """
    if on_stateful not in ON_STATEFUL:
        raise ValueError(
            f"on_stateful must be 'refit', 'raise' or 'freeze'; got {on_stateful!r}"
        )


@dataclass(frozen=True, eq=False)
class Imputed:
    """Rows in which imputed values change, for sums over single columns.

    Attributes
    ----------
    before, after : ndarray of shape (1, n_columns)
        In columns whose imputed value changes, what it was and is; in the others the
        same in both.
    n_rows : int
        How many other rows lack a value in these columns.
    """

    before: np.ndarray
    after: np.ndarray
    n_rows: int

    def through(self, before, after):
        """The same in the outputs of a step, before and after the request."""
        rows = before.transform(self.before), after.transform(self.after)
        return Imputed(*rows, self.n_rows)


@dataclass(frozen=True, eq=False)
class InputChange:
    """What a request did to the inputs of a step.

    Attributes
    ----------
    out, into : callable or None
        Give rows that leave, as the step got them, and rows that come, as it will get
        them.
    weight_out, weight_in : array-like, float or None
        Their weights, where the step was fitted with weights.
    forgotten : ndarray of bool of shape (n_columns,) or None
        Columns of the raw input that are to be forgotten. They may still be there.
    map : AffineMap or None
        How all other rows change; None if they do not.
    moved : str or None
        The step after which other rows are more than some of their columns.
    lost : str or None
        The step after which some columns of other rows are no function of what they
        were, so that they have to be computed from the rows themselves.
    unseen : str or None
        The step whose outputs change in some rows by more than ``map``, or by less.
    then : callable or None
        What is done with all rows after ``map``, if that makes it exact.
    imputed : tuple of Imputed
        Those changes, as long as steps can follow them without the rows.
    rest : callable or None
        Gives all rows after the request, as the step will get them; None where no data
        are retained.
    some : tuple of callable or None
        Where it is known that only some columns of the other rows have changed: that
        ``rest`` of which this is so, and what gives these columns and their values in
        all rows after the request, or None.
    weight_rest : callable or None
        Gives their weights.
    targets : callable or None
        Gives their targets, as ``fit`` was given them.
    targets_out, targets_in : callable or None
        Give those of rows that leave and of rows that come.
    coming : ndarray of int or None
        Which of all rows are those that come; None where no rows are kept.
    on_stateful : {"refit", "raise", "freeze"}
        What happens to steps that learned and cannot unlearn: they are fitted to all
        rows again, are refused or stay as they are.
    remembered : tuple of str
        The steps so far that stay as they are and know rows that leave.
    """

    out: Callable[[], Any] | None = None
    into: Callable[[], Any] | None = None
    weight_out: Any = None
    weight_in: Any = None
    forgotten: np.ndarray | None = None
    map: AffineMap | None = None
    moved: str | None = None
    lost: str | None = None
    unseen: str | None = None
    then: Callable[[Any], Any] | None = None
    imputed: tuple[Imputed, ...] = ()
    rest: Callable[[], Any] | None = None
    some: tuple[Any, Callable[[], tuple[np.ndarray, np.ndarray] | None]] | None = None
    weight_rest: Callable[[], Any] | None = None
    targets: Callable[[], Any] | None = None
    targets_out: Callable[[], Any] | None = None
    targets_in: Callable[[], Any] | None = None
    coming: np.ndarray | None = None
    on_stateful: str = "raise"
    remembered: tuple[str, ...] = ()

    @property
    def nothing(self):
        """Whether the step sees no change at all."""
        parts = (self.out, self.into, self.forgotten, self.map, self.lost, self.unseen)
        return all(part is None for part in parts)

    @property
    def kept(self):
        """Columns of the input that are left, if all that happens is that others go.

        None if more happens to them.
        """
        if self.lost is not None:
            return None
        return slice(None) if self.map is None else self.map.kept

    @property
    def n_columns(self):
        """Number of columns of the input after the request, None if that is unknown."""
        if self.map is not None:
            return self.map.n_new
        return None if self.rest is None else self.rest().shape[1]

    @property
    def changed_columns(self):
        """Columns of other rows that have changed, and their values in all rows.

        None if that is not known.
        """
        if self.some is None or self.some[0] is not self.rest:
            return None  # of the outputs of a step before this one
        return self.some[1]()

    def told(self, on_stateful):
        """The same for what is in a step that is to do this about what cannot unlearn.

        Of two wishes that to leave things as they are is the stronger, then to refuse.
        """
        wishes = self.on_stateful, on_stateful
        return replace(self, on_stateful=min(wishes, key=ON_STATEFUL.index))

    def unweighted(self):
        """The same for a step that was fitted without weights."""
        return replace(self, weight_out=None, weight_in=None, weight_rest=None)

    def through(self, before, after, *, name, change=None, known=True):
        """The change of the outputs of a step.

        Parameters
        ----------
        before, after : transformer
            The step before and after the request.
        name : str
            Of the step.
        change : AffineMap, optional
            How its outputs change for rows whose inputs do not.
        known : bool, default=True
            Whether its outputs are a function of those before.
        """
        map_, moved, lost = self.map, self.moved, self.lost
        if not known:
            map_, lost = None, lost or name
        elif change is not None and not change.identity:
            map_ = change if map_ is None else map_.then(change)
            lost = lost if map_.complete else lost or name
            moved = moved or (name if map_.kept is None else None)
        return replace(
            self,
            out=_through(self.out, before, name),
            into=_through(self.into, after, name),
            forgotten=None,
            map=map_,
            moved=moved,
            lost=lost,
            then=None,
            imputed=tuple(one.through(before, after) for one in self.imputed if known),
            rest=_through(self.rest, after, name),
        )


def say_magnified(map_, magnified=None):
    """Warn where a map brings to light what rounding took from rows as they were.

    Parameters
    ----------
    map_ : AffineMap
    magnified : float, optional
        By how much it and those before have magnified errors; it alone by default.
    """
    magnified = map_.magnification if magnified is None else magnified
    error = float(np.finfo(np.float64).eps) * magnified
    if error > LARGE_LOSS:
        warn(
            f"An input of the last step is {magnified:.1g} times as large as "
            "before: what was scaled then has lost digits, and coefficients have a "
            f"relative error of {error:.1g} or more. Fit with retain_data=True, or "
            "call refine with the remaining data.",
            PrecisionLossWarning,
        )


def as_given(X):
    """What gives rows that are there, None if they are not."""
    return None if X is None else lambda: X


def _through(rows, step, name):
    """What a step makes of rows, once they are asked for."""

    @cache
    def outputs():
        X = rows()
        with of_step(name):
            return step.transform(protected(X))

    return None if rows is None else outputs


@contextmanager
def of_step(name):
    """Say which step refused, where the message does not."""
    try:
        yield
    except ValueError as error:
        message = str(error)
        # not where the message is made of more than that
        if error.args[:1] == (message,) and not message.startswith("Step '"):
            error.args = (f"Step {name!r}: {message}", *error.args[1:])
        raise
