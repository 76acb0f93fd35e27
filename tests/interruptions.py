"""Requests that are interrupted at one of their lines after another."""

import sys
from pathlib import Path
from zlib import crc32

import numpy as np

import sklearn_unlearn

PACKAGE = str(Path(sklearn_unlearn.__file__).parent)
#: Where states are put in place.
SWAPPING = ("_carrying.py", "_state.py")
#: Lines from one interruption to the next, there and elsewhere.
NEAR, FAR = 3, 12


class Injected(BaseException):
    """Raised in the middle of a request."""


def interruptions(request, case, strides=(NEAR, FAR), within=PACKAGE):
    """Run a request again and again, each time to a later line, and at last to its end.

    Parameters
    ----------
    request : callable
    case : object
        Cases of a test begin at other lines: what they have in common is interrupted
        at every line by some of them.
    strides : tuple of int
    within : str or tuple of str
        Where the files lie whose lines count.

    Yields
    ------
    int
        After each run that was interrupted.
    """
    first, number = crc32(repr(case).encode()), 0
    while interrupt(request, first, number, strides, within):
        yield number
        number += 1


def interrupt(request, first, number, strides, within):
    """Run a request and raise at one of its lines within the package.

    Returns
    -------
    bool
        Whether the request got that far.
    """
    seen, met = [first, first], 0

    def trace(frame, event, _):
        nonlocal met
        file = frame.f_code.co_filename
        if not file.startswith(within):
            return None
        if event == "line":
            place = int(not file.endswith(SWAPPING))
            seen[place] += 1
            if seen[place] % strides[place] == 0:
                met += 1
                if met > number:
                    raise Injected
        return trace

    previous, floats = sys.gettrace(), np.geterr()
    sys.settrace(trace)
    try:
        request()
    except Injected:
        return True
    finally:
        sys.settrace(previous)
        # NumPy's own `errstate` does not put it back when its exit is interrupted
        np.seterr(**floats)
    return False
