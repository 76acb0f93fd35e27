"""A request to an unlearner, and what comes of it, as immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_unlearn.utils.input_change import InputChange


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows, as the caller gives them.

    Attributes
    ----------
    X : array-like, DataFrame, sparse matrix, list of str or None
    y : array-like or None
    sample_weight : array-like, float or None
    row_ids : array-like or None
        Their names, instead of X and y or beside them.
    on_unknown : {"raise", "skip"}
        What to do about names that no row has.
    numbers : ndarray of int or None
        Of rows that come back, those that they had.
    whole : bool
        Whether rows beside ``row_ids`` have to be all of these, where they leave.
    """

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    row_ids: Any = None
    on_unknown: str = "raise"
    numbers: Any = None
    whole: bool = True


@dataclass(frozen=True, eq=False)
class Request:
    """One request, as the caller states it.

    Attributes
    ----------
    out : Batch or None
        Rows that leave.
    into : Batch or None
        Rows that come. Beside rows that leave it holds what changes in them: values,
        targets, or both.
    columns : int, str, list or bool mask, or None
        Columns to forget.
    classes : array-like or None
        Labels that the caller expects.
    inputs : InputChange or None
        Of an estimator behind others, what it gets of these rows, and what the request
        did to what it gets of all others.
    parts : tuple of Request
        Requests about different rows that are carried out at once, instead of ``out``
        and ``into``.
    paired : bool
        Whether rows that come are in the place of those that leave, one by one; all
        that is known of them is given otherwise.
    """

    out: Batch | None = None
    into: Batch | None = None
    columns: Any = None
    classes: Any = None
    inputs: InputChange | None = None
    parts: tuple[Request, ...] = ()
    paired: bool = True

    @property
    def verb(self) -> str:
        """The verb that asks for this."""
        if self.parts:
            return "carry_out"
        if self.columns is not None:
            return "forget_features"
        if self.out is None:
            return "partial_fit" if self.into is not None else "refine"
        if self.into is None:
            return "partial_unfit"
        return "replace_labels" if self.relabels else "replace_features"

    @property
    def weight(self) -> Any:
        """Weights of the rows that leave or, if none do, that come."""
        rows = self.into if self.out is None else self.out
        return None if rows is None else rows.sample_weight

    @property
    def relabels(self) -> bool:
        """Whether rows stay, with other targets."""
        out, into = self.out, self.into
        return out is not None and into is not None and into.X is None

    @property
    def corrects_both(self) -> bool:
        """Whether rows stay, with other values and other targets."""
        out, into = self.out, self.into
        if out is None or into is None:
            return False
        return into.X is not None and into.y is not None


@dataclass(frozen=True, eq=False)
class Answer:
    """What comes of a request.

    Attributes
    ----------
    fitted : object
        The new fitted value.
    outputs : AffineMap or None
        Of a transformer, how its outputs change for rows that stay; None where that
        is not known.
    """

    fitted: Any
    outputs: Any = None
