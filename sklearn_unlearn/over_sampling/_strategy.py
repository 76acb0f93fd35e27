"""How many rows of each class are made (``sampling_strategy`` of imbalanced-learn)."""

from __future__ import annotations

from numbers import Real

import numpy as np


def rows_to_make(strategy, y):
    """How many synthetic rows each class gets.

    Parameters
    ----------
    strategy : str, float, dict or callable
    y : ndarray of shape (n_rows,)

    Returns
    -------
    dict
        By label, in the order of the labels.

    Raises
    ------
    ValueError
    """
    labels, counts = np.unique(y, return_counts=True)
    labels = labels.tolist()
    if len(labels) < 2:
        raise ValueError(
            f"The target 'y' needs to have more than 1 class. Got {len(labels)} class "
            "instead"
        )
    have = dict(zip(labels, counts.tolist(), strict=True))
    if callable(strategy):
        strategy = strategy(y)
    if isinstance(strategy, dict):
        return _given(strategy, have)
    most, least = max(have.values()), min(have.values())
    if isinstance(strategy, Real) and not isinstance(strategy, bool):
        return _ratio(strategy, have, most, least)
    chosen = {
        "all": have,
        "minority": labels[int(counts.argmin())],
        "not minority": labels[int(counts.argmin())],
        "not majority": labels[int(counts.argmax())],
        "auto": labels[int(counts.argmax())],
    }
    if not isinstance(strategy, str) or strategy not in chosen:
        raise ValueError(
            "sampling_strategy must be 'minority', 'not minority', 'not majority', "
            f"'all', 'auto', a float, a dict or a function; got {strategy!r}."
        )
    one = chosen[strategy]
    if strategy == "all":
        wanted = labels
    elif strategy == "minority":
        wanted = [one]
    else:
        wanted = [label for label in labels if label != one]
    return {label: most - have[label] for label in wanted}


def _ratio(ratio, have, most, least):
    if len(have) != 2:
        raise ValueError(
            "sampling_strategy may be a float for two classes alone: pass a dict."
        )
    if not 0.0 < ratio <= 1.0:
        raise ValueError(f"sampling_strategy must be in (0, 1]; got {ratio!r}.")
    label = min(have, key=lambda label: have[label])
    n_rows = int(ratio * most) - least
    if n_rows < 0:
        raise ValueError(
            f"sampling_strategy={ratio!r} would leave fewer rows than there are: "
            "take a larger ratio."
        )
    return {label: n_rows}


def _given(wanted, have):
    unknown = [label for label in wanted if label not in have]
    if unknown:
        raise ValueError(
            f"sampling_strategy names {unknown[0]!r}, of which there is no row."
        )
    for label, total in wanted.items():
        if total < have[label]:
            raise ValueError(
                f"sampling_strategy asks for {total} rows of class {label!r}, which "
                f"has {have[label]}: rows can only be added."
            )
    return {label: wanted[label] - have[label] for label in have if label in wanted}
