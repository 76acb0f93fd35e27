"""Fits of Parquet files that are read block after block: time and peak memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import Table

_COLUMNS = 50
#: Rows of a file's row group: what pyarrow decodes at once.
_GROUP = 2**17


def write(path, n_rows):
    """Float32 columns and a label, row group after row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    coef = rng.standard_normal(_COLUMNS)
    writer = None
    for start in range(0, n_rows, _GROUP):
        size = min(_GROUP, n_rows - start)
        X = rng.standard_normal((size, _COLUMNS), dtype=np.float32)
        y = X @ coef + 3.0 * rng.standard_normal(size) > 0.0
        columns = {f"x{place}": X[:, place] for place in range(_COLUMNS)}
        table = pa.table({**columns, "y": y.astype(np.int8)})
        if writer is None:
            # values are nearly all different: a dictionary would double them
            writer = pq.ParquetWriter(
                path, table.schema, compression="none", use_dictionary=False
            )
        writer.write_table(table)
    writer.close()


def measure(path, name):
    """What a process that does nothing else needs to read and to fit the file."""
    from sklearn_unlearn import (
        UnlearnableLinearRegression,
        UnlearnableLogisticRegression,
    )
    from sklearn_unlearn.row_blocks import DataBlocks

    blocks = DataBlocks.from_parquet(path, target="y")
    began = _peak()
    start = time.perf_counter()
    n_rows = sum(block.X.shape[0] for block in blocks)
    reading = time.perf_counter() - start
    passes = []

    def counted():
        passes.append(1)
        return ((block.X, block.y) for block in blocks)

    models = {
        "logistic": UnlearnableLogisticRegression(tol=1e-8),
        "least squares": UnlearnableLinearRegression(),
    }
    model = models[name]
    data = DataBlocks(counted, feature_names=blocks.feature_names)
    start = time.perf_counter()
    model.fit(data)
    fitting, n_passes = time.perf_counter() - start, len(passes)
    residual = None
    if name == "logistic":
        residual = float(model.gradient_residual(data)) / n_rows
    return {
        "reading": reading,
        "fitting": fitting,
        "passes": n_passes,
        "start": began,
        "peak": _peak(),
        "residual": residual,
    }


def _peak():
    """Most memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def run(settings):
    """Fits of one file by a process each."""
    n_rows = 200_000 if settings.quick else 10_000_000
    table = Table(f"Fits of {n_rows:,} x {_COLUMNS} float32 from Parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, n_rows)
        size = path.stat().st_size / 1e6
        for name in ("logistic", "least squares"):
            command = [sys.executable, "-m", "benchmarks.blocks", str(path), name]
            found = json.loads(subprocess.check_output(command, text=True))
            residual = found["residual"]
            table.add(
                model=name,
                file=f"{size:.0f} MB",
                passes=found["passes"],
                reading_once=f"{found['reading']:.2f} s",
                fit=f"{found['fitting']:.2f} s",
                over_reading=found["fitting"] / (found["passes"] * found["reading"]),
                before=f"{found['start']:.0f} MB",
                peak=f"{found['peak']:.0f} MB",
                residual="" if residual is None else f"{residual:.1g}",
            )
            table.reach(
                f"{name}: time / reading as often",
                found["fitting"] / (found["passes"] * found["reading"]),
                at_most=1.5,
            )
            table.reach(f"{name}: peak of memory, MB", found["peak"], at_most=600.0)
    table.notes.append(
        "before, peak: of the process, before it read a row and at the end. residual: "
        "norm of the summed gradient over the number of rows."
    )
    return table


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
