"""The rows, values, words and identifiers that a scan looks for, by name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse

#: Digits of a number that many others share, as parameters of estimators do.
_COMMON_DIGITS = 3
#: Share of a number that is none of its digits.
_ROUNDING = 1e-12


@dataclass
class Wanted:
    """What is looked for, by the name that it has in the report.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_columns) or None
        If all columns are numbers.
    cells : dict of str to float
        Numbers that tell something by themselves, the names with row and column.
    columns : dict of int to list of (str, float)
        All numbers of each column, which tell something where they stand in its place.
    texts : dict of str to tuple of str
        Kind and text.
    identifiers : dict of str to float
        Numbers that name rows.
    skipped : list of str
        What many numbers share, so that to find it says nothing.
    n_columns : int
        Of the rows, those without numbers too.
    """

    rows: np.ndarray | None = None
    cells: dict = field(default_factory=dict)
    columns: dict = field(default_factory=dict)
    texts: dict = field(default_factory=dict)
    identifiers: dict = field(default_factory=dict)
    skipped: list = field(default_factory=list)
    n_columns: int = 0


def wanted_of(X=None, row_ids=None, words=None):
    """What rows, identifiers and words are, as a scan looks for them.

    Raises
    ------
    TypeError
        If words, X or row_ids is one text or number.
    ValueError
        If X has more than two dimensions.
    """
    for argument, given in (("words", words), ("X", X), ("row_ids", row_ids)):
        one = isinstance(given, str | bytes | dict) or np.ndim(given) == 0
        if given is not None and one and not is_sparse(given):
            raise TypeError(
                f"{argument} must be a list or an array; got one {type(given).__name__}"
                f": pass [{argument}]."
            )
    found = Wanted()
    if X is not None:
        _add_rows(found, X)
    ids = np.asarray([] if row_ids is None else row_ids, dtype=object)
    for place, each in np.ndenumerate(ids):
        name = f"row_ids[{', '.join(map(str, place))}]"
        if isinstance(each, str | bytes):
            text = each.decode() if isinstance(each, bytes) else str(each)
            found.texts[name] = ("identifier", text)
        elif not isinstance(each, int | float | np.number):
            raise TypeError(
                f"row_ids must hold numbers or texts; got {type(each).__name__}."
            )
        elif tells(float(each)):
            found.identifiers[name] = float(each)
        else:
            found.skipped.append(name)
    for number, each in enumerate([] if words is None else words):
        found.texts[f"words[{number}]"] = ("word", str(each))
    return found


def _add_rows(found, X):
    columns = _columns_of(X)
    if columns is None:
        for row, each in enumerate(X):
            if not isinstance(each, dict):
                found.texts[f"text of row {row}"] = ("row", str(each))
                continue
            for number, value in enumerate(each.values()):
                _add_cell(found, f"row {row}, entry {number}", None, value)
        return
    found.n_columns = len(columns)
    numeric = all(values.dtype.kind in "fiub" for _, values in columns)
    if numeric and columns:
        found.rows = np.column_stack([np.asarray(v, float) for _, v in columns])
    for place, (label, values) in enumerate(columns):
        for row, value in enumerate(values.tolist()):
            _add_cell(found, f"row {row}, column {label}", place, value)


def _add_cell(found, name, place, value):
    if isinstance(value, str):
        found.texts[name] = ("category", value)
        return
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not np.isfinite(value):
        return
    if place is not None:
        found.columns.setdefault(place, []).append((name, float(value)))
    if tells(float(value)):
        found.cells[name] = float(value)
    elif value not in (0, 1, -1):
        found.skipped.append(name)


def _columns_of(X):
    """Names and values of columns; None of texts."""
    if is_sparse(X):
        X = X.toarray()
    if hasattr(X, "columns"):
        return [(repr(each), np.asarray(X[each])) for each in X.columns]
    X = np.asarray(X)
    if X.ndim == 1:
        if X.dtype.kind in "OU":
            return None
        X = X[None]
    if X.ndim != 2:
        raise ValueError(f"X has {X.ndim} dimensions; it must have rows and columns.")
    return [(str(place), X[:, place]) for place in range(X.shape[1])]


def tells(number):
    """Whether a number is such as few things would have by chance."""
    common = float(f"{number:.{_COMMON_DIGITS}g}")
    return np.isfinite(number) and abs(common - number) > _ROUNDING * abs(number)


def row_tells(row):
    """Whether several numbers together are such."""
    rare = {abs(each) for each in row.tolist() if np.isfinite(each)} - {0.0, 1.0}
    return any(map(tells, rare)) or len(rare) >= _COMMON_DIGITS
