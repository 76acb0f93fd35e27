"""All arrays that a fitted value or its pickle holds."""

import io
import pickle

import numpy as np
import scipy.sparse as sp


def arrays_of(value, seen=None):
    """Every array reachable from an object, each once, with its path."""
    seen = {} if seen is None else seen

    def walk(item, path):
        if id(item) in seen:
            return
        if isinstance(item, np.ndarray):
            seen[id(item)] = (path, item)
        elif sp.issparse(item):
            walk(item.data, path + ".data")
        elif isinstance(item, dict):
            for key, part in item.items():
                walk(part, f"{path}[{key!r}]")
        elif isinstance(item, (list, tuple)):
            for place, part in enumerate(item):
                walk(part, f"{path}[{place}]")
        elif hasattr(item, "__dict__") and not isinstance(item, type):
            seen[id(item)] = (path, None)
            walk(vars(item), path)

    walk(value, "")
    return [(path, array) for path, array in seen.values() if array is not None]


def holds_multiple(array, vector):
    """Whether a slice of an array along any axis is a multiple of a vector."""
    vector = vector / np.linalg.norm(vector)
    for axis in range(array.ndim):
        if array.shape[axis] < vector.size:
            continue
        lines = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
        windows = np.lib.stride_tricks.sliding_window_view(lines, vector.size, axis=1)
        windows = windows.reshape(-1, vector.size).astype(float)
        norms = np.linalg.norm(windows, axis=1)
        windows = windows[norms > 0] / norms[norms > 0][:, None]
        if np.any(np.abs(windows @ vector) > 1.0 - 1e-9):
            return True
    return False


class ArrayCollector(pickle.Pickler):
    """A pickler that remembers the arrays that it is given."""

    def __init__(self):
        super().__init__(io.BytesIO(), protocol=5)
        self.arrays = []

    def reducer_override(self, item):
        if isinstance(item, np.ndarray):
            self.arrays.append(item)
        return NotImplemented


def pickled_arrays(estimator):
    collector = ArrayCollector()
    collector.dump(estimator)
    return collector.arrays
