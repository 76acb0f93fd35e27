"""What a fit of blocks shows while it runs."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLinearRegression,
    UnlearnableRidge,
)
from sklearn_unlearn.row_blocks import DataBlocks
from tests.row_blocks.data import changed, in_blocks

# Progress -----------------------------------------------------------------------------


def test_a_bar_on_the_command_line(data, capsys):
    X, y = data[0], data[1]["classes"]
    blocks = [(X[:100], y[:100]), (X[100:], y[100:])]
    UnlearnableGaussianNB().fit(DataBlocks(blocks, verbose=True))
    shown = capsys.readouterr().err
    assert "pass 1: 2 blocks" in shown
    assert f"pass 2: [{'#' * 15:<30}]  50%" in shown
    assert f"pass 2: [{'#' * 30}] 100%" in shown
    UnlearnableGaussianNB().fit(DataBlocks(blocks))
    assert capsys.readouterr().err == ""


class Recorder:
    """A callback that notes what it is told."""

    def __init__(self):
        self.told = []

    def setup(self, estimator, context):
        self.told.append("setup")

    def on_fit_task_begin(self, estimator, context):
        if context.task_name != "block":
            self.told.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.told.append(f"{context.task_name} done")

    def teardown(self, estimator, context):
        self.told.append("teardown")


@pytest.mark.parametrize("model", [UnlearnableRidge(), UnlearnableLinearRegression()])
def test_callbacks_are_told_of_passes_and_blocks(model, data):
    pytest.importorskip("sklearn.callback")
    X, y, recorder = data[0], data[1]["numbers"], Recorder()
    model = clone(model).fit(X, y)
    known = set(vars(model))
    model.set_callbacks(recorder).fit(in_blocks(X, y, size=120))
    told = recorder.told
    assert told[:2] + told[-2:] == ["setup", "fit", "fit done", "teardown"]
    a_pass = ["pass", "block done", "block done", "pass done"]
    assert told[2:6] == a_pass
    assert told.count("pass done") >= 2
    assert set(vars(model)) - known == {"_skl_callbacks"}
    recorder.told.clear()
    with pytest.raises(ValueError, match="Block 1 of X"):
        model.fit(changed(data, 1, X=X[120:, :3]))
    assert recorder.told[-1] == "teardown"


def test_row_groups_that_were_read_leave_the_memory(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    X = np.random.default_rng(0).standard_normal((64, 4096))
    path, n_groups = tmp_path / "rows.parquet", 48  # of 2 MiB
    columns = {f"x{i}": row for i, row in enumerate(X)}
    table = arrow.table(columns)
    with files.ParquetWriter(path, table.schema, compression="none") as writer:
        for _ in range(n_groups):
            writer.write_table(table)
    before = arrow.total_allocated_bytes()
    most = max(
        arrow.total_allocated_bytes() - before for _ in DataBlocks.from_parquet(path)
    )
    assert most < n_groups / 4 * X.nbytes
