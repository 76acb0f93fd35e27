"""Rows, blocks of them, and the models that read blocks."""

import pytest

from sklearn_unlearn import (
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
)
from sklearn_unlearn.row_blocks import DataBlocks

N_ROWS = 240


def in_blocks(X, y=None, weight=None, size=70):
    """Blocks of so many rows, the last one smaller."""

    def blocks():
        for start in range(0, X.shape[0], size):
            part = slice(start, start + size)
            yield tuple(None if each is None else each[part] for each in (X, y, weight))

    return DataBlocks(blocks)


NEWTON = [
    (UnlearnableLogisticRegression(), "binary"),
    (UnlearnableLogisticRegression(class_weight="balanced"), "classes"),
    (UnlearnableLinearSVC(), "binary"),
    (UnlearnableRidge(), "numbers"),
    (UnlearnablePoissonRegressor(), "counts"),
    (UnlearnableHuberRegressor(), "numbers"),
]
newton = pytest.mark.parametrize(("model", "kind"), NEWTON)


def changed(data, place, **parts):
    """Blocks of which one has another part."""
    X, y = data[0], data[1]["binary"]
    blocks = [{"X": X[:120], "y": y[:120]}, {"X": X[120:], "y": y[120:]}]
    blocks[place].update(parts)
    return DataBlocks([(block["X"], block["y"]) for block in blocks])


def forest():
    return UnlearnableRandomForestClassifier(n_estimators=2)
