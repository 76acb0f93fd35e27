"""Which rows the steps of pipelines are given, wherever in a model pipelines stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion, Pipeline

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.transformers import is_nothing
from sklearn_unlearn.utils.rows import columns_of, positions, protected

#: What estimators of any library raise where rows are not what they were fitted on.
_REFUSALS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
)
#: What holds no estimator.
_PLAIN = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    type,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    ModuleType,
    np.dtype,
    np.generic,
    np.random.Generator,
    np.random.RandomState,
)


@dataclass
class Steps:
    """Estimators that are given other rows than the model that they are in.

    Attributes
    ----------
    given : list of (str, str, estimator, rows)
        The place of each, what it is given, and these rows.
    refused : list of str
        Places of those that did not take them.
    """

    given: list = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _seen: dict = field(default_factory=dict)

    @staticmethod
    def of(model: Any, X: Any) -> Steps:
        """Those of a model of any kind."""
        found = Steps()
        found._look(model, X, "")
        return found

    def _look(self, value, X, place):
        """Look for estimators in a value, which is given these rows."""
        if value is None or isinstance(value, _PLAIN) or id(value) in self._seen:
            return
        if isinstance(value, np.ndarray):
            value = value.ravel().tolist() if value.dtype.hasobject else []
        if isinstance(value, list | tuple | set | frozenset):
            for number, each in enumerate(value):
                self._look(each, X, f"{place}[{number}]")
        elif isinstance(value, dict):
            for number, each in enumerate(value.values()):
                self._look(each, X, f"{place}.values[{number}]")
        elif hasattr(value, "__dict__"):
            self._seen[id(value)] = value  # kept, so that no other takes its number
            self._look_into(value, X, place)

    def _look_into(self, value, X, place):
        if isinstance(value, Pipeline):
            self._in_a_row(value, X, place)
        elif isinstance(value, ColumnTransformer):
            for name, step, columns in getattr(value, "transformers_", ()):
                if not isinstance(step, str):
                    places = positions(columns, value)
                    self._of_columns(
                        step, X, places, f"{place}[{name}]", f"step {name!r}"
                    )
        elif isinstance(value, FeatureUnion):
            for name, step in value.transformer_list:
                self._look(step, X, f"{place}[{name}]")
        elif hasattr(value, "estimators_features_"):
            pairs = zip(value.estimators_, value.estimators_features_, strict=True)
            for number, (each, columns) in enumerate(pairs):
                at = f"{place}.estimators_[{number}]"
                self._of_columns(each, X, columns, at, f"estimator {number}")
        else:
            self._in_attributes(value, X, place)

    def _of_columns(self, step, X, places, at, what):
        """Look into a step that is given some columns of rows."""
        self._behind(step, lambda: columns_of(_array(X), places), at, what)

    def _in_a_row(self, pipeline, X, place):
        """The steps of a pipeline, one after the other."""
        moved = False
        for name, step in pipeline.steps:
            if is_nothing(step):
                continue
            at = f"{place}[{name}]"
            if moved:
                self.given.append((at, f"as given to step {name!r}", step, X))
            self._look(step, X, at)
            if not hasattr(step, "transform"):
                continue
            outputs = self._outputs(
                lambda step=step, X=X: step.transform(protected(X)), at
            )
            if outputs is None:
                return
            X, moved = outputs, True

    def _in_attributes(self, value, X, place):
        """What an object holds; a final estimator is given what others predict."""
        stacks = hasattr(value, "final_estimator_") and hasattr(value, "transform")
        for name, each in vars(value).items():
            if stacks and name == "final_estimator_":
                self._behind(
                    each,
                    lambda: value.transform(protected(X)),
                    f"{place}.{name}",
                    "the final estimator",
                )
            else:
                self._look(each, X, f"{place}.{name}")

    def _behind(self, step, rows: Callable[[], Any], place, what):
        """Look into a step that is given other rows, which are to be computed."""
        if not hasattr(step, "get_params"):
            return
        outputs = self._outputs(rows, place)
        if outputs is not None:
            self.given.append((place, f"as given to {what}", step, outputs))
            self._look(step, outputs, place)

    def _outputs(self, rows, place):
        """Rows that are computed, None where they are refused."""
        try:
            found = rows()
        except NotFittedError:
            return None  # a parameter, which knows nothing
        except _REFUSALS:
            self.refused.append(place)
            return None
        return found.toarray() if is_sparse(found) else found


def _array(X):
    """Rows of which columns can be taken by their places."""
    return X if hasattr(X, "shape") else np.asarray(X)
