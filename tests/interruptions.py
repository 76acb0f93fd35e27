"""Requests that are interrupted at one of their lines after another."""

import sys
from pathlib import Path
from zlib import crc32

import sklearn_unlearn

PACKAGE = str(Path(sklearn_unlearn.__file__).parent)
#: Lines from one interruption to the next.
STRIDE = 9


class Injected(BaseException):
    """Raised in the middle of a request."""


def interruptions(request, case, stride=STRIDE, within=PACKAGE):
    """Run a request again and again, each time to a later line, and at last to its end.

    Parameters
    ----------
    request : callable
    case : object
        Cases of a test begin at other lines: what they have in common is interrupted
        at every line by some of them.
    stride : int
    within : str or tuple of str
        Where the files lie whose lines count.

    Yields
    ------
    int
        After each run that was interrupted.
    """
    at = 1 + crc32(repr(case).encode()) % stride
    while interrupt(request, at, within):
        yield at
        at += stride


def interrupt(request, at, within=PACKAGE):
    """Run a request and raise at its ``at``-th line within the package.

    Returns
    -------
    bool
        Whether the request got that far.
    """
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if not frame.f_code.co_filename.startswith(within):
            return None
        if event == "line":
            count += 1
            if count == at:
                raise Injected
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        request()
    except Injected:
        return True
    finally:
        sys.settrace(previous)
    return False
