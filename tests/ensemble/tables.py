"""Tables with categories, in any container, and what refits are given."""

import numpy as np
import pytest

N_ROWS = 90
OUT = [3, 40, 77]
KINDS = [
    "object",
    "str",
    "category",
    "ordered",
    "polars",
    "polars_categorical",
    "polars_enum",
    "array",
    "list",
]
COLOURS = ["red", "amber", "green", "blue"]


def table(kind):
    """Columns size, colour and flag, and labels; only row 3 is amber."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=N_ROWS)
    colour = np.array(COLOURS)[rng.choice([0, 2, 3], N_ROWS)]
    colour[OUT[0]] = "amber"
    flag = np.array(["up", "down"])[rng.integers(0, 2, N_ROWS)]
    score = size + (colour == "red") - (flag == "up") + 0.3 * rng.normal(size=N_ROWS)
    y = np.array(["no", "yes"])[(score > 0.0).astype(int)]
    columns = {"size": size, "colour": colour, "flag": flag}
    return _held(kind, columns), y


def _held(kind, columns):
    if kind in ("array", "list"):
        rows = [list(row) for row in zip(*map(list, columns.values()), strict=True)]
        return rows if kind == "list" else np.array(rows, dtype=object)
    if kind.startswith("polars"):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame(columns)
        names = pl.col("colour", "flag")
        if kind == "polars_categorical":
            return frame.with_columns(names.cast(pl.Categorical))
        if kind == "polars_enum":
            return frame.with_columns(names.cast(pl.Enum([*COLOURS, "up", "down"])))
        return frame
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(columns)
    if kind == "ordered":
        dtype = pd.CategoricalDtype([*COLOURS, "up", "down"], ordered=True)
    else:
        dtype = {"object": object, "str": "str", "category": "category"}[kind]
    return frame.astype({"colour": dtype, "flag": dtype})


def taken(X, rows):
    """Some rows."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[row] for row in rows] if isinstance(X, list) else X[rows]


def without(X, column):
    """All columns but one."""
    if hasattr(X, "columns"):
        return X[[name for name in X.columns if name != column]]
    place = ["size", "colour", "flag"].index(column)
    if isinstance(X, list):
        return [row[:place] + row[place + 1 :] for row in X]
    return np.delete(X, place, axis=1)
