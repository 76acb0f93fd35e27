"""One request at a time, and one fitted value that a request replaces."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager

from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.utils.messages import refusing


class Learned:
    """An attribute that the fitted twin has, read-only."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self
        return getattr(estimator._learned.twin, self.name)


class LearnedColumns:
    """Number and names of the columns of X, from ``columns`` of the fitted value."""

    @property
    def n_features_in_(self):
        """Number of columns of X at fit, forgotten ones included."""
        columns = self._learned.columns
        if columns is None:
            raise AttributeError("X had no columns at fit.")
        return columns.n_features

    @property
    def feature_names_in_(self):
        """Names of the columns of X at fit, if they were all strings."""
        columns = self._learned.columns
        if columns is None or columns.names is None:
            raise AttributeError("X had no feature names at fit.")
        return columns.names


class LockMixin:
    """An estimator that answers one request at a time."""

    def _version(self):
        """The estimator with the attributes that it has at this moment."""
        version = object.__new__(type(self))
        vars(version).update(vars(self))
        return version

    def _check_fitted(self):
        """Raise `NotFittedError` before ``fit``, for which alone tags are asked for."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)

    def _exclusive(self):
        """The lock that makes requests of one estimator follow one another.

        Each process has its own: one that a thread held when the process was forked
        is held in the child for ever.
        """
        locks = vars(self).setdefault("_locks", {})
        return locks.setdefault(os.getpid(), threading.RLock())

    @contextmanager
    def _request(self):
        """One request at a time, what refuses it being an `UnlearningError`."""
        with self._exclusive(), refusing():
            yield

    def _become(self, after):
        """Take over what a copy has become, in one assignment."""
        learned = vars(after).items()
        vars(self).update({name: v for name, v in learned if name != "_locks"})

    def __copy__(self):
        """A shallow copy, without the state that pickles need and without locks."""
        version = self._version()
        vars(version).pop("_locks", None)
        return version

    def __getstate__(self):
        """All but the locks."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_locks"}


class ExclusiveMixin(LockMixin):
    """An estimator that keeps all that it learned in one attribute, ``_fitted``.

    A request computes a new value under the lock and puts it there in one assignment:
    what fails before changes nothing, and other threads see the old or the new one.
    """

    def _checked(self):
        self._check_fitted()
        return self._fitted

    @property
    def _learned(self):
        """The fitted value, for attributes that do not exist before."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._fitted

    def __sklearn_is_fitted__(self):
        return "_fitted" in vars(self)
