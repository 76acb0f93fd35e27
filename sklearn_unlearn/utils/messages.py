"""How errors and warnings speak to the caller, of what, and of which line."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import warnings
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any

from sklearn.exceptions import NotFittedError

from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    InvalidRequestError,
    RequestTypeError,
    UnlearningError,
)


def _files_of(package):
    """What the file names of a package begin with, the package not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return ()
    return (os.path.dirname(spec.origin) + os.sep,)


#: Whose lines are not the caller's: ours, and those between the caller's and ours.
_BETWEEN = (
    *_files_of("sklearn_unlearn"),
    *_files_of("sklearn"),
    *_files_of("joblib"),
    *_files_of("skorch"),
    contextlib.__file__,
)


#: The step of a pipeline that is being taken over, None outside of any.
_STEP: ContextVar[str | None] = ContextVar("step", default=None)


@contextlib.contextmanager
def mismatch_of_step(name):
    """Let a `DataMismatchWarning` say which step of a pipeline it is about."""
    around = _STEP.get()
    token = _STEP.set(name if around is None else f"{around}__{name}")
    try:
        yield
    finally:
        _STEP.reset(token)


def warn(message, category):
    """Warn of something, and point to the line that called the package.

    Parameters
    ----------
    message : str
    category : type
        Of the warning.
    """
    if category is DataMismatchWarning and _STEP.get() is not None:
        message = f"Step {_STEP.get()!r}: {message}"
    if sys.version_info >= (3, 12):
        warnings.warn(message, category, skip_file_prefixes=_BETWEEN)
        return
    frame: Any = inspect.currentframe()
    level = 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


class refusing(contextlib.ContextDecorator):  # noqa: N801  # as contextlib's
    """Errors of what a request is given are `UnlearningError` as well as they were.

    Raises
    ------
    InvalidRequestError
        Instead of another ValueError.
    RequestTypeError
        Instead of a TypeError.
    """

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if error is not None:
            refuse(error)


def refuse(error):
    """Raise an error of what a request was given as an `UnlearningError`, no other.

    Its words are the same, and the place that it is from.
    """
    if isinstance(error, UnlearningError | NotFittedError):
        return
    for kind, category in _REFUSALS.items():
        if isinstance(error, kind):
            refusal = category(str(error)).with_traceback(error.__traceback__)
            raise refusal from error.__cause__


_REFUSALS = {ValueError: InvalidRequestError, TypeError: RequestTypeError}


class FailingStep:
    """Says in an error, whatever it is, which step of a pipeline it is from.

    Parameters
    ----------
    find : callable
        Gives the name of the step once something has failed, or None.
    """

    def __init__(self, find):
        self.find = find

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        name = None if error is None else self.find()
        if name is None:
            return
        if isinstance(error, ValueError | TypeError) and error.args[:1] == (
            str(error),
        ):
            error.args = (f"Step {name!r}: {error}", *error.args[1:])
        else:
            error.add_note(f"This was raised by step {name!r}.")


def numbered(n, noun):
    """A number of things, with their name in the singular or plural."""
    several = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{n} {noun if n == 1 else several}"


def kind_of(estimator, *, first=False):
    """The class of an estimator and its article, perhaps as the first words.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
    >>> from sklearn_unlearn.utils.messages import kind_of
    >>> kind_of(OrdinalEncoder()), kind_of(OneHotEncoder(), first=True)
    ('an OrdinalEncoder', 'A OneHotEncoder')
    """
    name = type(estimator).__name__
    vowel = name.startswith(tuple("AEIOU")) and not name.startswith("One")
    article = "an" if vowel else "a"
    return f"{article.capitalize() if first else article} {name}"
