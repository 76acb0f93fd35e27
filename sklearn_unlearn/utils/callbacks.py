"""scikit-learn's callbacks, which exist from version 1.9 on."""

from __future__ import annotations

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An estimator without callbacks."""

    def with_callbacks(method):
        """The method itself."""
        return method


__all__ = ["CallbackSupportMixin", "with_callbacks"]
