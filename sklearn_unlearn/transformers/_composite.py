"""Steps that consist of steps: what is asked of all that is in them."""

from __future__ import annotations

from typing import Any

from sklearn_unlearn.transformers._following import (
    cross_fitted_in,
    explained,
    foreign,
)
from sklearn_unlearn.utils.steps import StepMixin, own


class CompositeStep(StepMixin):
    """A pipeline or a column transformer as a step of another one."""

    on_stateful: str
    __sklearn_is_fitted__: Any
    #: Parts that made something else of the rows at fit than they make of them now.
    _cross_fitted: frozenset[str] = frozenset()
    #: Parts that were fitted with weights.
    _weighted: frozenset[str] = frozenset()

    def _fitted_steps(self):
        """Names and fitted steps of all parts."""
        raise NotImplementedError

    def _replace_parts(self, fitted, given):
        """Put others in the place of the parts.

        Parameters
        ----------
        fitted, given : callable
            Makes another of a fitted part, and of one that the caller gave.
        """
        raise NotImplementedError

    def _named_steps(self, name):
        """The same, named as parts of a step."""
        return [(f"{name}__{part}", step) for part, step in self._fitted_steps()]

    def _explained(self, name):
        parts = self._fitted_steps() if self.__sklearn_is_fitted__() else self._given()
        found = []
        for part, step in parts:
            label = f"{name}__{part}" if name else part
            found += explained(label, step, self.on_stateful)
        return found

    def _given(self):
        """Names and steps of all parts before ``fit``."""
        raise NotImplementedError

    def _find_foreign(self, name):
        found: dict[str, Any] = {}
        for part, step in self._named_steps(name):
            found |= foreign(part, step)
        return found

    def _find_cross_fitted(self, name):
        parts = self._named_steps(name)
        there = {part for part, step in parts if not isinstance(step, str)}
        found = {f"{name}__{part}" for part in self._cross_fitted} & there
        return found.union(*(cross_fitted_in(*part) for part in parts))

    def _check_whole_rows(self, name, weighted, because):
        for part, step in self._fitted_steps():
            of_weights = weighted and part in self._weighted
            check_whole_rows(f"{name}__{part}", step, of_weights, because)


def check_whole_rows(name, step, weighted, because):
    """Refuse a request about parts of rows where a step knows them as a whole."""
    check = own(step, "_check_whole_rows")
    if check is not None:
        check(name, weighted, because)
