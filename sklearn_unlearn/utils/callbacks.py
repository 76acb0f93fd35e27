"""scikit-learn's callbacks, which exist from version 1.9 on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])

if TYPE_CHECKING:
    # scikit-learn has no types: a method keeps its own

    class CallbackSupportMixin:
        """An estimator that takes callbacks."""

        _init_callback_context: Any

    def with_callbacks(method: _Method) -> _Method:
        """The method, which calls them."""
        return method

else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:

        class CallbackSupportMixin:
            """An estimator without callbacks."""

        def with_callbacks(method):
            """The method itself."""
            return method


__all__ = ["CallbackSupportMixin", "with_callbacks"]
