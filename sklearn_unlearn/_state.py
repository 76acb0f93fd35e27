"""The state of an estimator, which is what it learned: read, set, copied, pickled."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.utils.validation import check_is_fitted

#: Version of what estimators keep: a pickle of another one is not read.
_STATE_VERSION = 1


class StateMixin:
    """One attribute ``_fitted``, an immutable value, has all that was learned.

    An estimator of which that is not so overrides ``_checked`` and ``_attributes_of``.
    """

    fit: Any
    _fitted: Any
    _unfitted: Any
    _pickled_log: Any
    _restore_log: Any

    # What was learned -----------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)

    def _check_fitted(self) -> None:
        """Raise `NotFittedError` before ``fit``, for which alone tags are asked for."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)

    def _checked(self) -> Any:
        """The fitted value.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)
        return self._fitted

    @property
    def _learned(self) -> Any:
        """The fitted value, for attributes that do not exist before."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._fitted

    def _attributes_of(self, fitted: Any) -> dict[str, Any]:
        """The attributes that a fitted value is kept in, with which it is put in place.

        A subclass may warn of it here; its errors leave the estimator as it is.
        """
        return {"_fitted": fitted}

    def _swap(self, fitted: Any) -> None:
        """Put a new fitted value in the place of the old one, in one assignment."""
        vars(self).update(self._attributes_of(fitted))

    def _fit_unfitted(self, X: Any, **keywords: Any) -> Any:
        """The fitted value of an estimator like this one on other rows."""
        return self._unfitted().fit(X, **keywords)._checked()

    def _copy_with(self, fitted: Any) -> Any:
        """A copy of the estimator that has another fitted value."""
        after = copy.copy(self)
        after._swap(fitted)
        return after

    def _version(self) -> Any:
        """The estimator with the attributes that it has at this moment."""
        version = object.__new__(type(self))
        vars(version).update(vars(self))
        return version

    def _become(self, after: Any) -> None:
        """Take over what a copy has become, in one assignment."""
        learned = vars(after).items()
        vars(self).update({name: v for name, v in learned if name != "_locks"})

    # Copies and pickles --------------------------------------------------------------

    def __copy__(self) -> Any:
        """A shallow copy, without the state that pickles need and without locks."""
        version = self._version()
        vars(version).pop("_locks", None)
        return version

    def __getstate__(self) -> dict[str, Any]:
        """All but the locks, and the version of what is kept."""
        state: Any = super().__getstate__()
        own = ("_locks", "_requests")
        state = {name: value for name, value in state.items() if name not in own}
        log = self._pickled_log()
        state |= {} if log is None else {"_requests": log}
        return {**state, "_state_version": _STATE_VERSION}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read what `__getstate__` gave.

        Raises
        ------
        ValueError
            If another release of this package kept something else.
        """
        state = dict(state)
        version = state.pop("_state_version", None)
        if version != _STATE_VERSION:
            raise ValueError(
                f"This {type(self).__name__} was pickled by a release of "
                "sklearn_unlearn that keeps other things: fit it again with this one, "
                "or load it with that one."
            )
        log = state.pop("_requests", None)
        parent: Any = super()
        parent.__setstate__(state)
        self._restore_log(log)
