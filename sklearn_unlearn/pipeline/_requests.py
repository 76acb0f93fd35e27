"""A request carried through all steps of a pipeline."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

from sklearn.base import (
    ClassifierMixin,
    RegressorMixin,
    clone,
    is_classifier,
    is_regressor,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.base import Answer, Request, UnlearnerMixin
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._meta_estimators import innermost
from sklearn_unlearn.pipeline._raw_requests import (
    parts_of_request,
    read_by,
    rows_that_count,
    with_mask,
    with_targets,
)
from sklearn_unlearn.pipeline._reasons import check_unlearns
from sklearn_unlearn.pipeline._steps import (
    Marks,
    before_targets,
    check_whole,
    cross_fitted,
    flatten,
    follow_all,
    foreign_in,
    knows_targets,
    learn_targets,
    names_out,
    needs_targets,
    outputs,
    regroup_steps,
    unknown_targets,
)
from sklearn_unlearn.row_models import NamedRowsMixin
from sklearn_unlearn.transformers import (
    CompositeStep,
    InputChange,
    as_given,
    cannot_unlearn,
    check_step_fitted,
    explained,
    is_nothing,
    of_step,
    say_remembered,
    unknown_since_fit,
)
from sklearn_unlearn.utils.final_parts import named_alone, raw_inputs
from sklearn_unlearn.utils.given_rows import at_once, check_n_rows
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.schema import Schema
from sklearn_unlearn.utils.sharing import known, once
from sklearn_unlearn.utils.steps import hook, own
from sklearn_unlearn.utils.tags import promised
from sklearn_unlearn.utils.targets import check_labels


class FittedSteps(NamedTuple):
    """What requests change in a pipeline, in one immutable value.

    Attributes
    ----------
    steps : list of tuple
    schema : Schema or None
        By which rows of requests are read.
    remembered : frozenset of str
        Steps that stay as they are and know rows or targets that are gone.
    lately : collection of str
        Those of them that the request which led here has left so.
    """

    steps: list
    schema: Schema | None
    remembered: frozenset
    lately: Collection[str] = ()


class PipelineRequests(CompositeStep, NamedRowsMixin, UnlearnerMixin):
    """Carries a request through the steps, the last of which may be a pipeline."""

    steps: list[Any]
    on_stateful: str
    #: Steps that stay as they are and know rows or targets that are gone.
    _remembered: frozenset[str] = frozenset()
    #: By which rows of requests are read, if any.
    _schema: Schema | None
    #: Columns of the raw rows at fit, if they had any.
    _n_columns: int | None = None
    _kept_in: ClassVar[str] = "steps"

    @property
    def _accepts(self):
        """What requests may hold: targets, if the last step learns from some."""
        takes = {"out", "into", "columns", "sample_weight", "row_ids"}
        learns = self._predicts or learn_targets(self.steps)
        return frozenset(takes | {"y"} if learns else takes)

    def _checked(self):
        self._check_fitted()
        return FittedSteps(self.steps, self._schema, self._remembered)

    def _attributes_of(self, fitted):
        say_remembered(fitted.lately)
        return {
            "steps": fitted.steps,
            "_schema": fitted.schema,
            "_remembered": fitted.remembered,
        }

    def _apply(self, fitted, request):
        request = with_mask(request, self, self._n_columns)
        schema = fitted.schema
        if request.parts:
            some = [_counted(schema, part) for part in request.parts]
            parts = tuple(part for part in some if part is not None)
            counted = replace(request, parts=parts) if parts else None
        else:
            counted = _counted(schema, request)
        if counted is None:
            return Answer(fitted)
        if self._has_to_wait(counted.parts):
            return self._one_after_another(fitted, counted)
        steps, lately = self._steps_after(counted)
        if schema is not None and request.columns is not None:
            columns = request.columns
            schema = once(lambda: schema.forgetting(columns), [schema, columns])
        remembered = fitted.remembered | set(lately)
        return Answer(FittedSteps(steps, schema, remembered, lately))

    def _has_to_wait(self, parts):
        """Whether a step learned from targets of rows of which it is told the names."""
        if not any(part.relabels and named_alone(part) for part in parts):
            return False
        *front, (_, last) = self._flat()[0]
        return not own(last, "_ends_named_and_given") and learn_targets(front)

    def _one_after_another(self, fitted, request):
        """What comes of the parts of a request, and then of its columns."""
        current, columns = self, request.columns
        for one in request.parts:
            # which may correct values and targets
            alone = Request(parts=(one,)) if one.corrects_both else one
            fitted = current._apply(current._checked(), alone).fitted
            current = self._copy_with(fitted)
        if columns is not None:
            fitted = current._apply(fitted, replace(request, parts=())).fitted
        return Answer(fitted)

    @property
    def _at_once(self):
        """Whether several requests are one, as far as the last step knows."""
        if not self._predicts:
            return True
        return own(self._flat()[0][-1][1], "_ends_at_once") is True

    def _like_at_fit(self, X):
        again, (name, last) = clone(self), self.steps[-1]
        if not is_nothing(last):
            like = hook(last, "_like_at_fit")(X)
            again.steps = [*again.steps[:-1], (name, like)]
        return again

    def _keeps_places_of_one(self):
        return hook(self._flat()[0][-1][1], "_keeps_places_of_one")()

    def _order_counts(self):
        return any(hook(step, "_order_counts")() for _, step in self._flat()[0])

    def _shows_rounding(self):
        return any(hook(step, "_shows_rounding")() for _, step in self._flat()[0])

    def _parts_of(self, fitted):
        return fitted.steps

    def _promised(self):
        last: Any = self
        while isinstance(last, Pipeline):
            steps = [step for _, step in last.steps if not is_nothing(step)]
            last = steps[-1] if steps else None
        return None if last is None else promised(innermost(last))

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)

    def _steps_after(self, request):
        """The steps after a request, and names of those that know what it took."""
        flat, marks, targets = self._flat()
        weighted = marks.weighted
        *front, (name, step) = flat
        stated, predicts = request, self._predicts
        request = with_targets(request, targets)
        if not predicts:
            request = at_once(request)
        out, into, weight = parts_of_request(request)
        if not predicts:
            if out.row_ids is not None or into.row_ids is not None:
                raise UnlearningError(
                    "row_ids is nothing that a pipeline without a model knows."
                )
            self._check_weights(request, flat, weighted)
            change = raw_inputs(request, out.X, weight)
            change = replace(change, on_stateful=self.on_stateful)
            steps, change = follow_all(self.steps, change, self._marks)
            return steps, change.remembered
        check_unlearns(name, step)
        asked = hook(step, "_prepare_final")(name, request)
        if asked.rows is not None and not asked.rows.n_rows:
            return self.steps, ()
        answer = hook(step, "_answer_final")
        if asked.retained is None or not has_fit_parameter(step, "sample_weight"):
            self._check_weights(request, front, weighted)
        elif asked.stays_in_part:
            because = "sample_weight leaves part of a row's weight in the model"
            check_whole(front, weighted, because)
        again = asked.retained is not None and self.on_stateful == "refit"
        followed = (again and foreign_in(front)) or learn_targets(front)
        if request.relabels and not followed:
            inputs = InputChange()
            if asked.rows is None:
                for each in sorted(cross_fitted(front, marks)):
                    raise unknown_since_fit(each)
                inputs = InputChange(out=lambda: outputs(front, request.out.X))
            with of_step(name):
                after = answer(asked.with_inputs(inputs), None)
            known = {e: one for e, one in foreign_in(front) if knows_targets(one)}
            for each, one in known.items() if self.on_stateful != "freeze" else ():
                raise cannot_unlearn(each, one)
            return regroup_steps(self.steps, [*front, (name, after)]), known
        raw = replace(asked.inputs, on_stateful=self.on_stateful)
        if targets and any(map(needs_targets, before_targets(self.steps))):
            kept = None if raw.targets is None else unknown_targets
            leaving = getattr(asked, "leaving", None)
            told = not stated.parts and (leaving is None or leaving.as_asked)
            y = None if stated.out is None or not told else stated.out.y
            y_in = None if stated.into is None or not told else stated.into.y
            raw = replace(
                raw,
                targets=kept,
                targets_out=as_given(y) or unknown_targets,
                targets_in=as_given(y if y_in is None else y_in) or unknown_targets,
            )
        edited, inputs = once(
            lambda: follow_all(front, raw, marks), *_front_of(front, marks)
        )

        def names():
            return [names_out(steps) for steps in (front, edited)]

        with of_step(name):
            asked = replace(asked, front=partial(outputs, front)).with_inputs(inputs)
            after = answer(asked, names, partial(outputs, edited))
        after = regroup_steps(self.steps, [*edited, (name, after)])
        return after, inputs.remembered

    def _fitted_steps(self):
        return self.steps

    def _given(self):
        return self.steps

    def _explained(self, name):
        if not self.__sklearn_is_fitted__():
            return super()._explained(name)
        found = []
        for part, step in self._flat()[0]:
            label = f"{name}__{part}" if name else part
            found += explained(label, step, self.on_stateful)
        return found

    def _check_weights(self, request, steps, weighted):
        """Refuse weights, without data, that steps do not know."""
        leaving = [part.out for part in request.parts or (request,)]
        leaving = [out for out in leaving if out is not None]
        if leaving and (weighted or any(o.sample_weight is not None for o in leaving)):
            because = "Without retained data it is not known what weight rows have"
            check_whole(steps, weighted, because)

    def __sklearn_is_fitted__(self):
        last = self.steps[-1][1] if self.steps else None
        if last is not None and own(last, "_apply") is not None:
            return last.__sklearn_is_fitted__()
        return Pipeline.__sklearn_is_fitted__(self)

    def _check_fitted(self):
        """Raise `NotFittedError` where the pipeline, or a step of it, is not fitted."""
        super()._check_fitted()
        for name, step in self.steps[:-1]:
            check_step_fitted(name, step)

    def _flat(self):
        """What `flatten` says of the steps."""
        return flatten(self.steps, self._marks)

    def _regroup(self, flat):
        """A copy of the pipeline with other steps, as `_flat` gives them."""
        after = copy.copy(self)
        after.steps = regroup_steps(self.steps, flat)
        return after

    def _replace_parts(self, fitted, given):
        self.steps = [(name, fitted(step)) for name, step in self.steps]

    def _find_differences(self, fitted, name, X):
        for (each, theirs), (_, ours) in zip(fitted.steps, self.steps, strict=True):
            part, found = f"{name}__{each}".removeprefix("__"), False
            for found in hook(ours, "_find_differences")(theirs, part, X):
                yield found
            try:
                X = X if is_nothing(theirs) else theirs.transform(protected(X))
            except ValueError:
                shape = getattr(X, "shape", (len(X),))
                n_columns = getattr(theirs, "n_features_in_", None)
                if not found or (n_columns is not None and shape[1:] != (n_columns,)):
                    raise
                return  # a step that learned from other rows refuses these

    @property
    def _marks(self):
        return Marks(self._weighted, self._cross_fitted)

    def _follow(self, name, change):
        """The pipeline as a step of another one, after a request."""
        inner = change.told(self.on_stateful)
        after = copy.copy(self)
        prefix = f"{name}__"
        after.steps, inner = follow_all(self.steps, inner, self._marks, prefix)
        return after, replace(inner, on_stateful=change.on_stateful)

    @property
    def _predicts(self):
        """Whether the last step is more than a transformer."""
        last = innermost(self) if self.steps else None
        if isinstance(last, ClassifierMixin | RegressorMixin):
            return True  # tags say so as well, but take longer
        if is_nothing(last) or is_classifier(last) or is_regressor(last):
            return not is_nothing(last)
        return not hasattr(last, "transform")

    def _named_rows(self):
        self._check_fitted()
        name, last = self._flat()[0][-1]
        if not isinstance(last, NamedRowsMixin):
            raise ValueError(f"row_ids is nothing that step {name!r} knows.")
        return last._named_rows()

    def _last_has(self, name):
        return hasattr(innermost(self), name)


def _front_of(front, marks):
    """What decides on what a request does in first steps, for `once`."""
    marked = (mark for marked in marks for mark in sorted(marked))
    return [step for _, step in front], "requests", *marked


def change_of_outputs(pipeline):
    """What the last request has changed in the outputs of first steps.

    To be asked where steps are shared, right after the request.

    Parameters
    ----------
    pipeline : UnlearnablePipeline
        Before it.

    Returns
    -------
    InputChange or None
        None if these steps were not asked.
    """
    (*front, _), marks, _ = pipeline._flat()
    objects, *more = _front_of(front, marks)
    found = known(objects, *more)
    return None if found is None else found[1]


def _counted(schema, request):
    """The request without rows of weight zero, as fit saw rows; None of no row."""
    check_n_rows(request)
    request = rows_that_count(request)
    return None if request is None else read_by(schema, request)
