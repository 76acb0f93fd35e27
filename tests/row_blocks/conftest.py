"""Data that tests of blocks share."""

import numpy as np
import pytest

from tests.row_blocks.data import N_ROWS


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, 4))
    score = X[:, 0] + 0.5 * rng.standard_normal(N_ROWS)
    y = {
        "binary": (score > 0.0).astype(int),
        # sorted: the last class is in the last blocks alone
        "classes": np.sort(np.digitize(score, [-0.7, 0.7])),
        "numbers": score,
        "counts": np.floor(np.exp(np.clip(score, -2.0, 2.0))),
    }
    return X, y, rng.uniform(0.5, 2.0, N_ROWS)


@pytest.fixture
def parquet(data, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    columns = {name: data[0][:, place] for place, name in enumerate("abcd")}
    table = {**columns, "y": data[1]["binary"], "w": data[2], "name": ["x"] * N_ROWS}
    path = tmp_path / "rows.parquet"
    files.write_table(arrow.table(table), path, row_group_size=90)
    return path
