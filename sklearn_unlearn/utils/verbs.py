"""Verbs as methods that an estimator has only if it accepts what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial, update_wrapper
from types import FunctionType, MethodType
from typing import Any, Protocol, TypeVar, cast

from sklearn_unlearn.exceptions import InvalidRequestError

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Accepting(Protocol):
    """An estimator with verbs."""

    #: What they accept: a set, or, where objects of a class differ, a property.
    _accepts: Any
    #: Whether ``fit`` does more with weights than refuse them, if that depends.
    _trains_with_weights: Any


def accepted_by(estimator: Any) -> frozenset[str] | None:
    """What the verbs of an estimator accept; None if it does not say."""
    return getattr(estimator, "_accepts", None)


def trains_with_weights(estimator: Any) -> bool:
    """Whether ``fit`` does more with ``sample_weight`` than refuse it.

    A twin of an older scikit-learn may have no weights to train with.
    """
    return getattr(estimator, "_trains_with_weights", True)


class Verb:
    """A method that is absent where an estimator lacks what it needs.

    Parameters
    ----------
    function : callable
    needs : frozenset of str
        Names in ``_accepts`` of the estimator.
    """

    def __init__(self, function: Callable[..., Any], needs: frozenset[str]) -> None:
        self.function, self.needs = function, needs
        self.__doc__ = function.__doc__

    def __get__(self, estimator: Any, owner: Any = None) -> Any:
        holder: Accepting = owner if estimator is None else estimator
        accepted = holder._accepts
        kind: Any = type(estimator) if owner is None else owner
        # of a class whose objects differ nobody knows
        if isinstance(accepted, frozenset) and not self.needs <= accepted:
            name = self.function.__name__
            raise AttributeError(f"{kind.__name__!r} object has no {name!r}.")
        if estimator is None:
            return self.function
        return MethodType(_named_in(kind, self.function), estimator)


def verb(*needs: str) -> Callable[[_Method], _Method]:
    """Decorate a method that an estimator has if it accepts all of these.

    Parameters
    ----------
    *needs : str
        Names in ``_accepts``.
    """
    # who calls the method has the parameters that it is written with
    return cast(Any, partial(Verb, needs=frozenset(needs)))


@lru_cache(maxsize=512)
def _named_in(owner: type, function: Any) -> Any:
    """A function under the name that errors about its arguments are to tell."""
    named: Any = FunctionType(
        function.__code__,
        function.__globals__,
        argdefs=function.__defaults__,
        closure=function.__closure__,
    )
    update_wrapper(named, function)
    named.__kwdefaults__ = function.__kwdefaults__
    named.__qualname__ = f"{owner.__name__}.{function.__name__}"
    return named


def given(name: str, value: Any) -> None:
    """Refuse an argument that is None.

    Raises
    ------
    UnlearningError
    """
    if value is None:
        raise InvalidRequestError(f"{name} must be given: it is None.")
