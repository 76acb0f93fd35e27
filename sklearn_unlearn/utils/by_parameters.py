"""Values that follow from an estimator's parameters, computed once for each choice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

#: Parameters by which alone an estimator is known.
_PLAIN = frozenset({type(None), bool, int, float, str})
_MOST_KNOWN = 512
_KNOWN: dict[object, Any] = {}


def by_parameters(estimator: Any, function: Callable[[Any], Any]) -> Any:
    """What a function gives for an estimator: looked up where parameters are plain.

    For all that is asked in each request: checks and tags take longer than many an
    answer. An error is raised again each time.

    Parameters
    ----------
    estimator : estimator
    function : callable
        Of the estimator, of which it reads the class and the parameters alone. What it
        gives is shared.
    """
    kind: Any = type(estimator)
    values = tuple(map(vars(estimator).get, parameters_of(kind.__init__)))
    kinds: tuple[Any, ...] = tuple(map(type, values))
    if not _PLAIN.issuperset(kinds):
        pairs = [each for each in values if type(each) is tuple]  # as ranges are
        alike = _PLAIN.union({tuple}).issuperset(kinds)
        if not alike or not _PLAIN.issuperset(type(e) for each in pairs for e in each):
            return function(estimator)
        kinds = (*kinds, repr(pairs))
    key = kind, function, values, kinds
    try:
        return _KNOWN[key]
    except KeyError:
        found = function(estimator)
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[key] = found
    return found


@lru_cache(maxsize=512)
def parameters_of(function: Any) -> tuple[str, ...]:
    """Names of the parameters of a function, whose signature is read once."""
    return tuple(inspect.signature(function).parameters)
