"""How much each row moves what imputers, scalers and encoders know."""

from __future__ import annotations

import numpy as np


def effects(X):
    """What the statistics of the transformers change by when a row leaves alone.

    Each change is in the natural unit of its statistic: imputed numbers and means in
    standard deviations, variances in variances; a category that vanishes and an imputed
    category that becomes another count one.

    Parameters
    ----------
    X : pandas.DataFrame of shape (n_rows, n_columns)
        Numbers as floats: their mean is imputed, then they are standardised. All other
        columns hold categories: the most frequent is imputed, then they are encoded.

    Returns
    -------
    ndarray of shape (n_rows,)
        Euclidean norm over all statistics.
    """
    changes = []
    for name in X:
        numbers = X[name].dtype.kind == "f"
        changes += _of_numbers(X[name].to_numpy()) if numbers else _of_words(X[name])
    return np.linalg.norm(changes, axis=0)


def _of_numbers(values):
    known = ~np.isnan(values)
    off = np.where(known, values - values[known].mean(), 0.0)
    n_rows, n_known = len(values), known.sum()
    variance = off @ off / n_rows
    # the mean of a column that its own mean completes is the imputed number
    mean = off / (n_known - 1) / np.sqrt(variance)
    left = (off @ off - off**2 * n_known / (n_known - 1)) / (n_rows - 1)
    return [mean, mean, left / variance - 1.0]


def _of_words(column):
    counts = column.value_counts().sort_index()
    vanishes = column.map(counts).to_numpy() == 1
    imputed = counts.idxmax()
    changes = (counts - (counts.index == imputed)).idxmax() != imputed
    return [vanishes.astype(float), (column == imputed).to_numpy() * float(changes)]
