"""Transformers of sums behind other steps: columns that go, and imputed values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.base import Answer, Batch, Request
from sklearn_unlearn.exceptions import ExtremesExhaustedError, UnlearningError
from sklearn_unlearn.sufficient_statistics._base import StatisticsUnlearner
from sklearn_unlearn.sufficient_statistics._fitted import Fitted
from sklearn_unlearn.utils.input_change import as_given
from sklearn_unlearn.utils.rows import columns_of
from sklearn_unlearn.utils.steps import request_for


class FollowsInputs(StatisticsUnlearner):
    """A transformer of sums, which follows changes of its inputs as far as sums can."""

    #: Whether statistics are of each column by itself.
    _columnwise: ClassVar[bool] = False

    def _beyond(self, after: Any, change: Any, map_: Any) -> tuple[Any, dict]:
        """What is known of outputs of other rows of which their map is not.

        Parameters
        ----------
        after : transformer
            The same after a request.
        change : InputChange
            Of its inputs.
        map_ : AffineMap
            Of its outputs, as `_output_map` gave it; some are not known.

        Returns
        -------
        map : AffineMap
        more : dict
            What `InputChange` says beside a map; empty if no more is known.
        """
        return map_, {}

    def _follow(self, name, inputs):
        if inputs.kept is None or not self._can_follow(inputs):
            after = self._fit_again(name, inputs)
            return after, inputs.through(self, after, name=name, known=False)
        fitted, map_, learns = self._checked(), None, "y" in self._accepts
        same_columns = inputs.map is None and inputs.forgotten is None
        if inputs.map is not None:
            # of its columns some are no longer there
            alive, kept = np.flatnonzero(~fitted.forgotten), inputs.kept
            answer = self._apply(fitted, Request(columns=np.delete(alive, kept)))
            fitted, map_ = answer.fitted, answer.outputs
            inputs, out = replace(inputs, map=None), inputs.out
            narrow = replace(inputs, out=out and as_given(columns_of(out(), kept)))
            request = request_for(narrow, targets=learns)
        else:
            request = request_for(inputs, targets=learns)
        empty = request.out is None and request.into is None and request.columns is None
        if same_columns and not empty:  # validated once, here
            request = self._read_request(fitted, request)
            inputs = replace(
                inputs, out=_rows_of(request.out), into=_rows_of(request.into)
            )
        if not empty or inputs.imputed:
            asked = None if empty else request
            fitted, later = self._answer_inputs(fitted, asked, inputs)
            map_ = later if map_ is None else map_.then(later)
        after = self._copy_with(fitted)
        more: dict = {}
        if map_ is not None and not map_.complete:
            map_, more = self._beyond(after, inputs, map_)
        outputs = inputs.through(self, after, name=name, change=map_)
        return after, replace(outputs, unseen=name, **more) if more else outputs

    def _answer_inputs(self, before, request, inputs):
        """The fitted value after a request, and how outputs of other rows change."""
        fitted, map_ = before, None
        try:
            if request is not None:
                answer = self._apply(fitted, request)
                fitted, map_ = answer.fitted, answer.outputs
            for imputed in inputs.imputed:
                answer = self._replace_imputed(fitted, imputed)
                fitted, later = answer.fitted, answer.outputs
                map_ = later if map_ is None else map_.then(later)
        except ExtremesExhaustedError:
            if inputs.rest is None:
                raise
            weights = inputs.weight_rest
            weight = None if weights is None else weights()
            answer = self._recompute(before, inputs.rest(), weight)
            return answer.fitted, answer.outputs
        return fitted, map_

    def _can_follow(self, inputs):
        """Whether statistics can follow imputed values that change."""
        if inputs.unseen is None:
            return True
        named = self._checked().columns.names is not None
        weighted = inputs.weight_rest is not None or inputs.weight_out is not None
        followed = bool(inputs.imputed) and self._columnwise
        return followed and not named and not weighted

    def _replace_imputed(self, fitted: Fitted, imputed: Any) -> Answer:
        """The answer where values that some rows lack are imputed by others.

        Rows come before others leave: values that both have need not be there.
        """
        n_rows, weight = imputed.n_rows, None
        before, after = imputed.before, imputed.after
        if "sample_weight" in self._accepts:
            weight = float(n_rows)
        else:
            before, after = (
                np.repeat(each, n_rows, axis=0) for each in (before, after)
            )
        coming, going = (
            self._request_statistics(
                fitted, self._read_batch(fitted, Batch(each, sample_weight=weight))
            )
            for each in (after, before)
        )
        statistics = fitted.statistics.plus(coming).minus(going)
        return self._answer(fitted, statistics, statistics, fitted.forgotten)

    def _recompute(self, fitted: Fitted, X: Any, sample_weight: Any = None) -> Answer:
        """The answer from all rows after a request, however they became those."""
        batch = self._read_batch(fitted, Batch(X, sample_weight=sample_weight))
        statistics = self._request_statistics(fitted, batch)
        if statistics is None:
            raise UnlearningError("The request would leave no rows.")
        return self._answer(fitted, statistics, statistics, fitted.forgotten)

    def _unfitted(self):
        fitted = self._checked()
        return clone(self).set_params(**self._narrow(fitted.params, fitted.forgotten))


def _rows_of(batch):
    """What gives the rows of a batch, None if there is none."""
    return None if batch is None else as_given(batch.X)
