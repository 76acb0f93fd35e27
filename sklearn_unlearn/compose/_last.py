"""Last steps of pipelines: models with a factor, and models of sums."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.compose._change import Change, given
from sklearn_unlearn.compose._final import LastModel
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.tags import unlearning_tags


def last_step(name, step, request):
    """What carries out a request to the last step."""
    if isinstance(step, UnlearnerMixin):
        return LastModel(name, step, request)
    promised = unlearning_tags(step)
    if promised is not None and promised.partial_unfit == "empirical":
        raise UnlearningError(
            f"Step {name!r}, a {type(step).__name__}, cannot follow what the steps "
            "before it unlearn. Transform the rows, and call the verb of the step "
            "itself: the other steps then keep what they learned from the rows."
        )
    if hasattr(step, "partial_unfit"):
        return LastOfSums(name, step, request)
    raise UnlearningError(
        f"Step {name!r}, a {type(step).__name__}, cannot unlearn: take an estimator "
        "of sklearn_unlearn as the last step."
    )


class LastOfSums:
    """A last step that keeps sums, and has its own verbs for all that they can do."""

    #: Nothing is retained.
    rows = retained = None

    def __init__(self, name, step, request):
        self.name, self.step, self.request = name, step, request
        if request.ids_out is not None or request.ids_in is not None:
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")

    def change(self):
        """What the request changes in the raw input."""
        request = self.request
        X_out, X_in, weight = request.X_out, request.X_in, request.weight
        return Change(given(X_out), given(X_in), weight, weight, request.forgotten)

    def after(self, change, names):
        """The step after the request."""
        request, step, kept = self.request, copy.copy(self.step), change.kept
        if kept is None or change.unseen is not None:
            where = change.lost or change.unseen
            cause = "another step" if where is None else f"step {where!r}"
            raise UnlearningError(
                f"Step {self.name!r} keeps sums of its inputs, which the request "
                f"changes for all rows in {cause}: there is nothing to compute them "
                "from. Fit again, or take a last step that has retain_data."
            )
        keywords = {}
        if request.weight is not None and has_fit_parameter(step, "sample_weight"):
            keywords["sample_weight"] = request.weight
        if request.relabels:
            return step.replace_labels(
                change.out(), request.y_out, request.y_in, **keywords
            )
        if change.map is None and request.leaves and change.into is not None:
            y = request.y_out
            return step.replace_features(change.out(), y, change.into(), **keywords)
        if request.leaves:
            step.partial_unfit(change.out(), request.y_out, **keywords)
        if change.map is not None:
            alive = np.flatnonzero(~step._fitted.forgotten)
            step.forget_features(np.delete(alive, kept))
        elif change.forgotten is not None:
            step.forget_features(change.forgotten)
        if change.into is not None:
            y = request.y_out if request.leaves else request.y_in
            step.partial_fit(change.into(), y, request.classes, **keywords)
        return step
