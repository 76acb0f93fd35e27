"""The data sets of the benchmarks, each as (X, y) ready for a linear model."""

from __future__ import annotations

import csv
import os
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import OneHotEncoder, scale

#: The columns of Adult's table that hold categories, as adult.names calls them.
_ADULT_CATEGORIES = {
    "workclass": 1,
    "education": 3,
    "marital-status": 5,
    "occupation": 6,
    "relationship": 7,
    "race": 8,
    "sex": 9,
    "native-country": 13,
}


class DataMissingError(Exception):
    """The files of a data set are not there; the message says where they belong."""


def synthetic(n_rows, n_columns, seed=0):
    """Dense rows with labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_columns))
    raw = X @ rng.standard_normal(n_columns) * (2.0 / np.sqrt(n_columns))
    return X, (rng.random(n_rows) < expit(raw)).astype(np.int64)


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16.0, y


def adult():
    """Census income: categories one-hot, numbers standardised; 32561 rows."""
    X, y, _ = _adult()
    return X, y


def adult_categories():
    """Which columns of `adult` stand for each category, by its name."""
    return _adult()[2]


@cache
def enron():
    """Bag of words of mails, sparse; 6744 x 4902."""
    folder = _folder("enron")
    X = sp.csr_array(sp.load_npz(folder / "x.npz")).astype(np.float64)
    return X, np.load(folder / "y.npy").astype(np.int64)


def enron_sensitive():
    """The columns of `enron` that count personal names."""
    folder = _folder("enron")
    words, sensitive = (
        (folder / name).read_text(encoding="utf-8").split()
        for name in ("vocabulary.txt", "sensitive_words.txt")
    )
    return np.flatnonzero(np.isin(words, sensitive))


def real(loader, table):
    """What the loader gives, or None and a note on the table that it is missing."""
    try:
        return loader()
    except DataMissingError as error:
        table.notes.append(f"Skipped: {error}")
        return None


@cache
def _adult():
    path = _folder("adult") / "adult.data"
    with path.open(newline="") as file:
        table = np.array(
            [row for row in csv.reader(file, skipinitialspace=True) if row], dtype=str
        )
    numeric = (0, 2, 4, 10, 11, 12)
    coder = OneHotEncoder(sparse_output=False)
    categories = coder.fit_transform(table[:, list(_ADULT_CATEGORIES.values())])
    ends = np.cumsum([len(numeric), *map(len, coder.categories_)])
    columns = {
        name: np.arange(start, stop)
        for name, (start, stop) in zip(_ADULT_CATEGORIES, pairwise(ends), strict=True)
    }
    X = np.hstack([scale(table[:, numeric].astype(np.float64)), categories])
    return X, (table[:, -1] == ">50K").astype(np.int64), columns


def _folder(name):
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKLEARN_UNLEARN_DATA", default)) / name
    if not folder.is_dir():
        raise DataMissingError(
            f"{name}: no such folder in SKLEARN_UNLEARN_DATA (default "
            "../shared/data beside the project)."
        )
    return folder
