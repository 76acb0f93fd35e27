"""A request carried through all steps of a pipeline."""

from __future__ import annotations

import copy
from dataclasses import replace

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._last_model import LastModel
from sklearn_unlearn.pipeline._last_sums import LastOfSums
from sklearn_unlearn.transformers import (
    Change,
    TransformerRequests,
    carried,
    is_nothing,
)
from sklearn_unlearn.transformers._change import as_given


class PipelineRequests:
    """Carries a request through the steps, the last of which may be a pipeline."""

    def _carry_out(self, request):
        """Validate, compute and swap; only the last line changes the pipeline."""
        with self._exclusive():
            self._check_fitted()
            request = request.of_rows_that_count()
            if request is not None:
                self.steps = self._steps_after(request)
        return self

    def _steps_after(self, request):
        """The steps after a request."""
        flat, weighted = self._flat()
        *front, (name, step) = flat
        freeze = self.on_stateful == "freeze"
        if not self._predicts:
            self._check_whole_rows(request, flat, weighted)
            change = Change(
                as_given(request.X_out),
                as_given(request.X_in),
                request.weight,
                request.weight,
                request.forgotten,
                freeze=freeze,
            )
            return walked(self.steps, change, self._weighted)[0]
        last = last_step(name, step, request)
        if last.retained is None:
            self._check_whole_rows(request, front, weighted)
        elif last.stays_in_part:
            because = "sample_weight leaves part of a row's weight in the model"
            check_whole_rows(front, weighted, because)
        if request.relabels:
            change = Change()
            if last.rows is None:
                change = Change(out=lambda: outputs(front, request.X_out))
            return self._grouped([*front, (name, last.after(change, None))])
        change = replace(last.change(), freeze=freeze)
        edited, change = walked(front, change, weighted)

        def names():
            return [names_out(steps) for steps in (front, edited)]

        return self._grouped([*edited, (name, last.after(change, names))])

    def _check_whole_rows(self, request, steps, weighted):
        """Refuse weights, without data, that steps do not know."""
        if request.leaves and (weighted or request.weight is not None):
            because = "Without retained data it is not known what weight rows have"
            check_whole_rows(steps, weighted, because)

    def _flat(self):
        """Steps, those of a last step that is a pipeline among them.

        Returns
        -------
        steps : list of tuple
        weighted : frozenset of str
            Names of those that were fitted with weights.
        """
        *front, (name, last) = self.steps
        if not isinstance(last, PipelineRequests):
            return self.steps, self._weighted
        steps, weighted = last._flat()
        inner = [(f"{name}__{each}", step) for each, step in steps]
        weighted = {f"{name}__{each}" for each in weighted}
        return [*front, *inner], self._weighted | weighted

    def _grouped(self, flat):
        """Steps in which a last one that is a pipeline has its own again."""
        name, last = self.steps[-1]
        if not isinstance(last, PipelineRequests):
            return flat
        n_front = len(self.steps) - 1
        after, prefix = copy.copy(last), f"{name}__"
        inner = [(each.removeprefix(prefix), step) for each, step in flat[n_front:]]
        after.steps = last._grouped(inner)
        return [*flat[:n_front], (name, after)]

    def _carried_through(self, name, change):
        """The pipeline as a step of another one, after a request."""
        freeze = change.freeze or self.on_stateful == "freeze"
        inner = replace(change, freeze=freeze)
        after = copy.copy(self)
        after.steps, inner = walked(self.steps, inner, self._weighted)
        return after, replace(inner, freeze=change.freeze)

    @property
    def _predicts(self):
        """Whether the last step is more than a transformer."""
        last = self.steps[-1][1]
        return not is_nothing(last) and not hasattr(last, "transform")

    def _last_has(self, name):
        return hasattr(self.steps[-1][1], name)


def last_step(name, step, request):
    """What carries out a request to the last step."""
    if isinstance(step, UnlearnerMixin):
        return LastModel(name, step, request)
    if hasattr(step, "partial_unfit"):
        return LastOfSums(name, step, request)
    raise UnlearningError(
        f"Step {name!r}, a {type(step).__name__}, cannot unlearn: take an estimator "
        "of sklearn_unlearn as the last step."
    )


def walked(steps, change, weighted):
    """Steps after a request, and the change of the last one's outputs."""
    edited = []
    for name, step in steps:
        seen = change if name in weighted else change.unweighted()
        after, seen = carried(name, step, seen)
        edited.append((name, after))
        change = replace(
            seen,
            weight_out=change.weight_out,
            weight_in=change.weight_in,
            weight_rest=change.weight_rest,
        )
    return edited, change


def check_whole_rows(steps, weighted, because):
    """Refuse a request about parts of rows where steps know them as a whole.

    Parameters
    ----------
    steps : list of tuple
    weighted : frozenset of str
        Steps that were fitted with weights.
    because : str
        Why rows may not leave as a whole.
    """
    for name, step in steps:
        if isinstance(step, Pipeline):
            own = getattr(step, "_weighted", frozenset())
            inside = step.steps, own if name in weighted else frozenset()
            check_whole_rows(*inside, because)
        elif isinstance(step, ColumnTransformer):
            inner = [(f"{name}__{each}", one) for each, one, _ in step.transformers_]
            check_whole_rows(inner, frozenset(), because)
        elif isinstance(step, TransformerRequests) and name not in weighted:
            raise UnlearningError(
                f"{because}, but step {name!r} was fitted without weights and knows "
                "rows as a whole."
            )


def outputs(steps, X):
    """What fitted steps make of rows."""
    for _, step in steps:
        if not is_nothing(step):
            X = step.transform(X)
    return X


def names_out(steps):
    """Names of the outputs of fitted steps, None if one gives none."""
    names = None
    try:
        for _, step in steps:
            if not is_nothing(step):
                names = step.get_feature_names_out(names)
    except AttributeError:  # a step that cannot name its outputs
        return None
    return names
