"""The data of the study: train and test rows, and the columns to forget."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.utils import check_X_y

from benchmarks import data

#: What `--normalise` takes.
NORMS = ("none", "rows", "columns")
#: Numbers of groups of columns to remove, and of rows to correct.
_REMOVED, _FEW_REMOVED, _REPLACED = (1, 10, 50, 100), (1, 2, 3), (1, 10, 100, 1000)
#: Names are parts of file names.
_NAME = re.compile(r"[\w-][\w -]*")
_PIMA_SENSITIVE = ("Pregnancies", "BMI", "Age")


@dataclass(frozen=True, eq=False)
class Scenario:
    """Data of two classes, 0 and 1, without intercept, and requests of growing size.

    Attributes
    ----------
    name : str
    train, test : tuple of (X, y)
    groups : tuple of ndarray
        Columns that are forgotten together: a category, a word.
    removed, replaced : tuple of int
        Numbers of groups to remove, and of rows whose values to replace.
    """

    name: str
    train: tuple
    test: tuple
    groups: tuple
    removed: tuple[int, ...]
    replaced: tuple[int, ...]

    @property
    def columns(self):
        """All that can be forgotten."""
        return np.unique(np.concatenate(self.groups))


def scenario(name, train, test, groups, norm="none", quick=False):
    """A scenario with sizes of requests that its data allow; labels are 0 and 1."""
    (X, y), (X_test, y_test) = train, test
    if norm == "rows":
        X, X_test = normalize(X), normalize(X_test)
    elif norm == "columns":
        scaler = StandardScaler(with_mean=False).fit(X)  # ones remain ones
        X, X_test = scaler.transform(X), scaler.transform(X_test)
    few = len(groups) <= 5
    removed = [
        size for size in (_FEW_REMOVED if few else _REMOVED) if size <= len(groups)
    ]
    replaced = [size for size in _REPLACED if 2 * size <= y.size]
    if quick:
        removed, replaced = removed[:2], replaced[1:3]
    return Scenario(
        name,
        (X, y),
        (X_test, y_test),
        tuple(groups),
        tuple(removed),
        tuple(replaced),
    )


# Those of the paper ------------------------------------------------------------------


def adult(norm, quick):
    """Census income: race, marital status and relationship are sensitive."""
    train, test, groups = data.adult(), data.adult_test(), data.adult_categories()
    if quick:
        train, test = (tuple(part[:2000] for part in pair) for pair in (train, test))
    sensitive = [groups[name] for name in ("race", "marital-status", "relationship")]
    return scenario("Adult", train, test, sensitive, norm, quick)


def pima(norm, quick):
    """Diabetes, standardised with a column of ones: a penalised intercept."""
    path = data.folder("pima") / "diabetes.csv"
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    table = np.array(rows, dtype=np.float64)
    train, test = data.split(table[:, :-1], table[:, -1].astype(np.int64))
    scaler = StandardScaler().fit(train[0])
    train, test = (
        (np.column_stack([scaler.transform(X), np.ones(y.size)]), y)
        for X, y in (train, test)
    )
    groups = [np.array([names.index(name)]) for name in _PIMA_SENSITIVE]
    return scenario("Pima", train, test, groups, norm, quick)


def enron(norm, quick):
    """Spam: personal names are sensitive."""
    train, test = ((X, (y > 0).astype(np.int64)) for X, y in data.enron_split())
    sensitive = data.enron_sensitive()
    if quick:
        # the names, other columns in order, and a third of the rows
        others = np.setdiff1d(np.arange(train[0].shape[1]), sensitive)
        columns = np.concatenate([sensitive, others[: 600 - sensitive.size]])
        train, test = ((X[:1500][:, columns], y[:1500]) for X, y in (train, test))
        sensitive = np.arange(sensitive.size)
    return scenario("Enron", train, test, sensitive[:, None], norm, quick)


#: By name, as the command line has them.
KNOWN = {"adult": adult, "pima": pima, "enron": enron}


# Those of others ---------------------------------------------------------------------


def from_files(name, X, y, columns, norm="none", quick=False):
    """A scenario from files.

    Parameters
    ----------
    name : str
    X : path of a matrix
        As ``scipy.sparse.save_npz`` writes it (.npz), or ``numpy.save`` (.npy).
    y : path of labels, .npy
        Of two classes.
    columns : path of a text file
        Positions of columns to forget; those on one line are forgotten together.

    Raises
    ------
    OSError
        If a file is not there.
    ValueError
        If files do not belong together, labels are not of two classes, both among the
        rows to train with, values are not finite, or positions are none of columns,
        come twice or are all that there are.
    """
    rows = sp.csr_array(sp.load_npz(X)) if Path(X).suffix == ".npz" else np.load(X)
    labels = np.load(y)
    if labels.ndim != 1:
        raise ValueError(f"{y}: one label a row is needed, not shape {labels.shape}.")
    rows, labels = check_X_y(rows, labels, accept_sparse="csr", dtype=np.float64)
    classes, labels = np.unique(labels, return_inverse=True)
    if classes.size != 2:
        raise ValueError(f"{y}: two classes are needed, not {classes.size}.")
    train, test = data.split(rows, labels)
    if np.unique(train[1]).size != 2:
        raise ValueError(f"{y}: a class has no row among those to train with.")
    groups = _groups(columns, rows.shape[1])
    return scenario(name, train, test, groups, norm, quick)


def _groups(path, n_columns):
    """Positions of columns, an array for each line that is not empty."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    try:
        groups = [np.array(line.split(), dtype=np.intp) for line in lines if line]
    except ValueError as error:
        raise ValueError(f"{path}: not positions of columns ({error}).") from None
    groups = [group for group in groups if group.size]
    if not groups:
        raise ValueError(f"{path}: names no column.")
    named = np.concatenate(groups)
    if named.min() < 0 or named.max() >= n_columns:
        raise ValueError(f"{path}: positions must be from 0 to {n_columns - 1}.")
    if np.unique(named).size < named.size:
        raise ValueError(f"{path}: a column is named twice.")
    if named.size == n_columns:
        raise ValueError(f"{path}: names all columns, nothing would be left.")
    return groups


def loaders(names, files, norm, quick):
    """A name and a function without arguments that loads it, for each data set.

    Data from files are read at once, that mistakes show before anything is computed.

    Raises
    ------
    OSError, ValueError
        As `from_files`; also if there are no data sets, or two of one name.
    """
    names = list(names)
    called = [*names, *(name.lower().replace(" ", "_") for name, *_ in files)]
    if not called:
        raise ValueError("no data are chosen.")
    if len(set(called)) < len(called):
        raise ValueError("each data set needs a name of its own.")
    for name, *_ in files:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r}: names are of letters, digits, -, _ and spaces."
            )
    own = [(name, from_files(name, *paths, norm, quick)) for name, *paths in files]
    return [(name, partial(KNOWN[name], norm, quick)) for name in names] + [
        (name, partial(lambda loaded: loaded, loaded)) for name, loaded in own
    ]
