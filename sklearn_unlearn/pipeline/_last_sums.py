"""A request carried out by a last step that keeps sums, or has verbs of its own."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._raw_requests import parts_of_request
from sklearn_unlearn.transformers import Change, as_given
from sklearn_unlearn.utils.tags import unlearning_tags


class LastOfSums:
    """A last step that has its own verbs for all that its sums or models can do."""

    #: Nothing is retained.
    rows = retained = None

    def __init__(self, name, step, request):
        self.name, self.step, self.request = name, step, request
        self.out, self.into, self.weight = parts_of_request(request)
        promised, ids = unlearning_tags(step), (self.out.row_ids, self.into.row_ids)
        if any(each is not None for each in ids) and not (
            promised and promised.row_ids
        ):
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")

    def change(self):
        """What the request changes in the raw input."""
        out, into, weight = as_given(self.out.X), as_given(self.into.X), self.weight
        if out is None and self.out.row_ids is not None:
            out = self._known_by_name
        return Change(out, into, weight, weight, self.request.columns)

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
        keywords, y = {}, self.out.y
        if self.weight is not None and has_fit_parameter(step, "sample_weight"):
            keywords["sample_weight"] = self.weight
        named = {} if self.out.row_ids is None else {"row_ids": self.out.row_ids}
        if request.out is not None:
            out = None if self.out.X is None else change.out()
            if request.relabels:
                return step.replace_labels(out, y, self.into.y, **keywords, **named)
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
            if request.out is None:
                y, ids = self.into.y, self.into.row_ids
                named = {} if ids is None else {"row_ids": ids}
            step.partial_fit(change.into(), y, request.classes, **keywords, **named)
        return step
