"""A request carried out by a last step that keeps sums, or has verbs of its own."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers import Change, as_given
from sklearn_unlearn.utils.tags import unlearning_tags


class LastOfSums:
    """A last step that has its own verbs for all that its sums or models can do."""

    #: Nothing is retained.
    rows = retained = None

    def __init__(self, name, step, request):
        self.name, self.step, self.request = name, step, request
        promised, ids = unlearning_tags(step), (request.ids_out, request.ids_in)
        if any(each is not None for each in ids) and not (
            promised and promised.row_ids
        ):
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")

    def change(self):
        """What the request changes in the raw input."""
        request = self.request
        X_out, X_in, weight = request.X_out, request.X_in, request.weight
        out = as_given(X_out)
        if X_out is None and request.ids_out is not None:
            out = self._known_by_name
        return Change(out, as_given(X_in), weight, weight, request.forgotten)

    def _known_by_name(self):
        raise UnlearningError(
            f"Step {self.name!r} finds rows by row_ids, but steps before it have to "
            "be told their values: pass X and y of the rows."
        )

    def after(self, change, names, front=None):
        """The step after the request."""
        request, step, kept = self.request, copy.copy(self.step), change.kept
        if kept is None or change.unseen is not None:
            where = change.lost or change.unseen or change.moved
            raise UnlearningError(
                f"Step {self.name!r} keeps sums or models of its inputs, which the "
                f"request changes for all rows in step {where!r}: there is nothing to "
                "compute them from. Fit again, or take a linear model with "
                "retain_data=True as the last step; a sharded model takes the "
                "pipeline as its estimator."
            )
        keywords, y = {}, request.y_out
        if request.weight is not None and has_fit_parameter(step, "sample_weight"):
            keywords["sample_weight"] = request.weight
        named = {} if request.ids_out is None else {"row_ids": request.ids_out}
        if request.leaves:
            out = None if request.X_out is None else change.out()
            if request.relabels:
                return step.replace_labels(out, y, request.y_in, **keywords, **named)
            if change.map is None and change.into is not None:
                into = change.into()
                return step.replace_features(out, y, into, **keywords, **named)
            step.partial_unfit(out, y, **keywords, **named)
        if change.map is not None:
            alive = np.flatnonzero(~step._fitted.forgotten)
            step.forget_features(np.delete(alive, kept))
        elif change.forgotten is not None:
            step.forget_features(change.forgotten)
        if change.into is not None:
            if not request.leaves:
                y = request.y_in
                named = {} if request.ids_in is None else {"row_ids": request.ids_in}
            step.partial_fit(change.into(), y, request.classes, **keywords, **named)
        return step
