"""`StepMixin`: an unlearner as a step of a pipeline.

What is here holds for any estimator that has the verbs. A family that can do better,
because it keeps rows or follows an `InputChange`, overrides it in its own files.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.input_change import InputChange, as_given
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.tags import unlearning_tags


@dataclass(frozen=True, eq=False)
class FinalRequest:
    """A request to the last step of a pipeline.

    Attributes
    ----------
    name : str
        Of the step, for messages.
    request : Request
        Its ``inputs`` are those of the first step, and then those of the last.
    """

    name: str
    request: Any

    @property
    def rows(self) -> Any:
        """Rows that leave, if they were found."""
        return None

    @property
    def retained(self) -> Any:
        """Retained rows, None if nothing is kept."""
        return None

    @property
    def stays_in_part(self) -> bool:
        """Whether some of the weight of a row that leaves is known to stay."""
        return False

    @property
    def inputs(self) -> InputChange:
        """What the request changes in the inputs of a step."""
        return self.request.inputs

    def with_inputs(self, inputs):
        """The same for other inputs."""
        return replace(self, request=replace(self.request, inputs=inputs))

    def value_of(self, batch, field):
        """What the request says of the rows that leave ("out") or come ("into")."""
        rows = getattr(self.request, batch)
        return None if rows is None else getattr(rows, field)


class StepMixin:
    """How an unlearner answers as a step: here by its verbs alone."""

    #: Whether ``from_sklearn`` takes over what was learned without a look at the rows.
    _adopts_unseen: ClassVar[bool] = False

    # The last step --------------------------------------------------------------------

    def _prepare_final(self, name, request):
        """What the estimator knows of the rows of a request, as the last step.

        Parameters
        ----------
        name : str
            Of the step, for messages.
        request : Request
            In raw rows, with the targets that the step learned from.

        Returns
        -------
        FinalRequest
            With the inputs of the first step.
        """
        promised, asked = unlearning_tags(self), FinalRequest(name, request)
        if promised is not None and promised.partial_unfit == "empirical":
            raise UnlearningError(
                f"Step {name!r}, {kind_of(self)}, cannot follow what the steps "
                "before it unlearn. Transform the rows, and call the verb of the step "
                "itself: the other steps then keep what they learned from the rows."
            )
        X, ids = (asked.value_of("out", field) for field in ("X", "row_ids"))
        named = ids is not None or asked.value_of("into", "row_ids") is not None
        if named and not (promised and promised.row_ids):
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")

        def known_by_name():
            raise UnlearningError(
                f"Step {name!r} finds rows by row_ids, but steps before it have to "
                "be told their values: pass X and y of the rows."
            )

        out = known_by_name if X is None and ids is not None else as_given(X)
        into, weight = as_given(asked.value_of("into", "X")), request.weight
        inputs = InputChange(out, into, weight, weight, request.columns)
        return asked.with_inputs(inputs)

    def _answer_final(self, asked, names, front=None):
        """The estimator as the last step after a request.

        Parameters
        ----------
        asked : FinalRequest
            As `_prepare_final` gave it, with the inputs of this step.
        names : callable
            Gives names of these inputs before and after.
        front : callable, optional
            Gives the inputs that the other steps make of rows after the request.

        Returns
        -------
        estimator
            A copy.
        """
        request, inputs, kept = asked.request, asked.inputs, asked.inputs.kept
        if kept is None or inputs.unseen is not None:
            where = inputs.lost or inputs.unseen or inputs.moved
            raise UnlearningError(
                f"Step {asked.name!r} keeps sums or models of its inputs, which the "
                f"request changes for all rows in step {where!r}: there is nothing to "
                "compute them from. Fit again, or take a linear model with "
                "retain_data=True as the last step; a sharded model takes the "
                "pipeline as its estimator."
            )
        after: Any = copy.copy(self)
        weight = {}
        if request.weight is not None and has_fit_parameter(self, "sample_weight"):
            weight = {"sample_weight": request.weight}
        y, ids = (asked.value_of("out", field) for field in ("y", "row_ids"))
        rows = weight | ({} if ids is None else {"row_ids": ids})
        if request.out is not None:
            out = None if request.out.X is None else inputs.out()
            if request.relabels:
                return after.replace_labels(out, y, request.into.y, **rows)
            if inputs.map is None and inputs.into is not None:
                return after.replace_features(out, y, inputs.into(), **rows)
            after.partial_unfit(out, y, **rows)
        if inputs.map is not None:
            after.forget_features(np.delete(_columns_left(after, inputs.map), kept))
        elif inputs.forgotten is not None:
            after.forget_features(inputs.forgotten)
        if inputs.into is not None:
            if request.out is None:
                y, ids = request.into.y, request.into.row_ids
                rows = weight | ({} if ids is None else {"row_ids": ids})
            after.partial_fit(inputs.into(), y, request.classes, **rows)
        return after

    def _keep_raw(self, raw):
        """Take note of the raw rows that retained data were made of, after ``fit``."""


def _columns_left(step, change):
    """Positions of the columns at fit that a step still has."""
    forgotten = getattr(getattr(step, "_fitted", None), "forgotten", None)
    if forgotten is None:
        return np.arange(change.linear.shape[1])
    return np.flatnonzero(~forgotten)


def hook(step, name):
    """A method of `StepMixin`, which an unlearner of somebody else has as well."""
    return getattr(step, name, None) or partial(getattr(StepMixin, name), step)
