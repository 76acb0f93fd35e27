"""How much memory models take, before they are made."""

from __future__ import annotations

import pickle


class _Counter:
    """A file of which only the length is known."""

    n_bytes = 0

    def write(self, data):
        """Count."""
        self.n_bytes += memoryview(data).nbytes
        return memoryview(data).nbytes


def pickled_size(model):
    """Bytes of a model's pickle, None if it has none.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    int or None
    """
    counter = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump(model)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    return counter.n_bytes


def check_memory(model, n_models, max_bytes):
    """How many bytes so many models like this one take, at most.

    Raises
    ------
    ValueError
        If that is more than allowed.
    """
    size = pickled_size(model)
    if size is None:
        return None
    total = size * n_models
    if max_bytes is not None and total > max_bytes:
        raise ValueError(
            f"{n_models} models of {size:,} bytes each would be kept, {total:,} bytes: "
            f"more than max_bytes={max_bytes:,}. Raise it, search fewer candidates or "
            'folds, or keep only the best one with keep="best", whose choice no '
            "request changes."
        )
    return total
