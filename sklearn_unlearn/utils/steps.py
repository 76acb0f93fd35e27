"""`StepMixin`: an unlearner as a step of a pipeline.

What is here holds for any estimator that has the verbs. A family that can do better,
because it keeps rows or follows an `InputChange`, overrides it in its own files.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.explanation import Explained
from sklearn_unlearn.utils.final_parts import (
    LocatedRows,
    columns_left,
    inputs_of_parts,
    listed,
    raw_inputs,
    request_of_step,
)
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.tags import unlearning_tags


class StepMixin:
    """How an unlearner answers as a step: here by its verbs alone."""

    #: Whether ``from_sklearn`` takes over what was learned without a look at the rows.
    _adopts_unseen: ClassVar[bool] = False
    #: Whether it answers several requests at once, as the last step; and whether of
    #: these some may name rows alone and others give their values.
    _ends_at_once: ClassVar[bool] = False
    _ends_named_and_given: ClassVar[bool] = False
    #: Whether the map of a request holds of rows as well that it has not learned from,
    #: as long as the number of outputs stays.
    _maps_all_rows: Any = False

    # A transformer before other steps -------------------------------------------------

    def _follow(self, name, inputs):
        """The estimator after a request, and what the request changes in its outputs.

        Parameters
        ----------
        name : str
            Of the step, for messages.
        inputs : InputChange
            More than nothing.

        Returns
        -------
        after : estimator
            A copy.
        outputs : InputChange
            Of the next step.
        """
        changed = (inputs.map, inputs.lost, inputs.unseen)
        if any(each is not None for each in changed):
            after = self._fit_again(name, inputs)
            return after, inputs.through(self, after, name=name, known=False)
        request = request_for(inputs, targets="y" in self._accepts)
        answer = self._apply(self._checked(), request)
        after = self._copy_with(answer.fitted)
        outputs, known = answer.outputs, answer.outputs is not None
        through = inputs.through(self, after, name=name, change=outputs, known=known)
        return after, through

    def _fit_again(self, name, inputs):
        """A copy that is fitted to all its inputs, which change for all rows."""
        if inputs.rest is None:
            cause = "" if inputs.lost is None else f" after step {inputs.lost!r}"
            raise UnlearningError(
                f"Step {name!r} was fitted on what comes{cause} before it, which the "
                "request changes for all rows: it has to be fitted anew. Put it before "
                "the step that changes, or fit with retain_data=True in the last step."
            )
        weights = inputs.weight_rest
        keywords = {} if weights is None else {"sample_weight": weights()}
        if "y" in self._accepts and inputs.targets is not None:
            keywords["y"] = inputs.targets()
        X = inputs.rest()
        with fitting():
            again = self._fit_unfitted(X, **keywords)
        # with parameters as they were set, perhaps for later
        return self._copy_with(again)

    def _unfitted(self) -> Any:
        """What is fitted again, with the parameters that ``fit`` saw."""
        return clone(self)

    # What an unlearner provides, of which all answers are made.
    _accepts: ClassVar[Any]
    _apply: Any
    _check_accepted: Any
    _checked: Any
    _copy_with: Any
    _fit_unfitted: Any

    def _find_foreign(self, name):
        """Transformers inside that learned from rows and cannot unlearn, by name."""
        return {}

    def _find_cross_fitted(self, name):
        """Names of parts that made something else of the rows at fit than now."""
        return set()

    def _find_differences(self, fitted, name, X):
        """Where a transformer of others learned something else from the same rows.

        Parameters
        ----------
        fitted : transformer
            One that this should be the counterpart of.
        name : str
            Of the step.
        X : a few rows, as both get them

        Yields
        ------
        name : str
        what : str
        """
        yield from ()

    def _check_whole_rows(self, name, weighted, because):
        """Refuse a request about parts of rows if the step knows them as a whole.

        Parameters
        ----------
        name : str
            Of the step, for messages.
        weighted : bool
            Whether it was fitted with weights.
        because : str
            Why rows may not leave as a whole.
        """
        if not weighted:
            raise UnlearningError(
                f"{because}, but step {name!r} was fitted without weights and knows "
                "rows as a whole."
            )

    def _is_function_of_rows(self) -> bool:
        """Whether what was learned is a function of the rows, to the last bit."""
        return not hasattr(self, "gradient_residual")

    def _models_inside(self) -> list[Any]:
        """Estimators that a model is made of, beside steps, as plans look at them."""
        return []

    def _like_at_fit(self, X: Any) -> Any:
        """What is fitted to these rows, to compare with the estimator."""
        return clone(self)

    def _keeps_places_of_one(self) -> bool:
        """Whether rows that left in a list do not come back to where they were.

        It matters beside their order, and is remembered of single requests alone.
        """
        return False

    def _order_counts(self) -> bool:
        """Whether the same rows in another order give another model."""
        return False

    def _shows_rounding(self) -> bool:
        """Whether a digest of what was learned tells in which way it was rounded.

        Of an exact model, whose rows come back.
        """
        return not hook(self, "_is_function_of_rows")()

    # Explaining -----------------------------------------------------------------------

    def _explained(self, name):
        """How the estimator, as a step of this name, unlearns: some `Explained`."""
        return [Explained(name, type(self).__name__, *self._way())]

    def _way(self):
        """How it unlearns, what it keeps, and what a request costs, in words."""
        promised = unlearning_tags(self)
        worth = None if promised is None else promised.partial_unfit
        return worth or "by its verbs", "what it says", "what it says"

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
        LocatedRows
            With the inputs of the first step.
        """
        promised, asked = unlearning_tags(self), LocatedRows(name, request)
        if promised is not None and promised.partial_unfit == "empirical":
            raise UnlearningError(
                f"Step {name!r}, {kind_of(self)}, cannot follow what the steps "
                "before it unlearn. Transform the rows, and call the verb of the step "
                "itself: the other steps then keep what they learned from the rows."
            )
        batches = [
            batch
            for part in request.parts or (request,)
            for batch in (part.out, part.into)
            if batch is not None
        ]
        named = any(batch.row_ids is not None for batch in batches)
        if named and not (promised and promised.row_ids):
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")

        def known_by_name():
            raise UnlearningError(
                f"Step {name!r} finds rows by row_ids, but steps before it have to "
                "be told their values: pass X and y of the rows."
            )

        if request.parts:
            return asked.with_inputs(inputs_of_parts(request, known_by_name))
        X, ids = (asked.value_of("out", field) for field in ("X", "row_ids"))
        inputs = raw_inputs(request, X, request.weight)
        if X is None and ids is not None:
            into = known_by_name if request.relabels else inputs.into
            inputs = replace(inputs, out=known_by_name, into=into)
        return asked.with_inputs(inputs)

    def _answer_final(self, asked, names, front=None):
        """The estimator as the last step after a request.

        Parameters
        ----------
        asked : LocatedRows
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
        gone = inputs.map is not None or inputs.forgotten is not None
        gone = gone or asked.value_of("into", "numbers") is not None
        if request.parts or (gone and request.paired and self._ends_at_once):
            made = request_of_step(self, request, inputs, asked.front)
            for part in made.parts:
                values = part
                if part.corrects_both:  # which a verb may not
                    values = replace(part, into=replace(part.into, y=None))
                self._check_accepted(values)
            if made.parts or made.columns is not None:
                after = self._copy_with(self._apply(self._checked(), made).fitted)
            return after
        if not request.paired:
            after.carry_out(listed(after, request, inputs))
            return after
        weight = {}
        if request.weight is not None and has_fit_parameter(self, "sample_weight"):
            weight = {"sample_weight": request.weight}
        y, ids = (asked.value_of("out", field) for field in ("y", "row_ids"))
        rows = weight | ({} if ids is None else {"row_ids": ids})
        if request.out is not None:
            if request.out.on_unknown != "raise":
                rows["on_unknown"] = request.out.on_unknown
            out = None if request.out.X is None else inputs.out()
            if request.relabels:
                after.replace_labels(out, y, request.into.y, **rows)
                if inputs.map is None:
                    return after
                inputs = replace(inputs, into=None)
            elif inputs.map is None and inputs.into is not None:
                return after.replace_features(out, y, inputs.into(), **rows)
            else:
                after.partial_unfit(out, y, **rows)
            if rows.pop("on_unknown", None) and inputs.into is not None:
                raise UnlearningError(
                    f"Step {asked.name!r} cannot tell which of the new rows are those "
                    "of names that it skips: ask has(row_ids), and pass these alone."
                )
        if inputs.map is not None:
            after.forget_features(np.delete(columns_left(after, inputs.map), kept))
        elif inputs.forgotten is not None:
            after.forget_features(inputs.forgotten)
        if inputs.into is not None:
            if request.out is None:
                y, ids = request.into.y, request.into.row_ids
                rows = weight | ({} if ids is None else {"row_ids": ids})
            after.partial_fit(inputs.into(), y, request.classes, **rows)
        return after

    def _retains_rows(self):
        """Whether the estimator, which is fitted, keeps its training rows."""
        return False

    def _keep_raw(self, raw):
        """Take note of the raw rows that retained data were made of, after ``fit``."""


def request_for(inputs, *, targets=False):
    """What a step is asked whose inputs change in the rows of the request alone.

    Parameters
    ----------
    inputs : InputChange
    targets : bool, default=False
        Whether it learned from targets.
    """

    def batch(rows, y, weight):
        if rows is None:
            return None
        y = y() if targets and y is not None else None
        return Batch(rows(), y, sample_weight=weight)

    return Request(
        batch(inputs.out, inputs.targets_out, inputs.weight_out),
        batch(inputs.into, inputs.targets_in, inputs.weight_in),
        inputs.forgotten,
        paired=False,
    )


def own(step, name):
    """A method of `StepMixin` that a step has, None if it is not of this package.

    One that is frozen has the attributes of its estimator, and stays as it is.
    """
    return None if isinstance(step, FrozenEstimator) else getattr(step, name, None)


def hook(step, name):
    """A method of `StepMixin`, which an unlearner of somebody else has as well."""
    return own(step, name) or partial(getattr(StepMixin, name), step)


def has_models_inside(kind):
    """Whether a class says itself which models it is made of."""
    known = getattr(kind, "_models_inside", None)
    return known is not StepMixin._models_inside
