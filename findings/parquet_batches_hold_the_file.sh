#!/usr/bin/env bash
# A scan of a Parquet file in batches without read-ahead holds most of the file.
#
# Expected: `Dataset.to_batches(batch_readahead=0, fragment_readahead=0)` and
# `ParquetFile.iter_batches` hold about one batch at a time, so that a model can be fitted
# from a file that is larger than memory.
# What happens: while the consumer works on each batch (here 20 ms) Arrow's memory grows to
# 0.9 to 1.9 times the data of the file, with `use_threads=False` as well: the ranges that a
# scan will need are read ahead of it ("pre-buffered", the default), and the reader does not
# wait for the consumer. Turning off `pre_buffer` mends `iter_batches`, not `to_batches`.
# Row groups read one by one take the memory of one row group.
# Why it matters: a refit or a refinement from disk reads the file several times within a
# stated amount of memory; by the usual loop that amount is the size of the file.
#
# Versions: pyarrow 26.0.1, NumPy 2.4.6.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

path, groups, rows, columns = sys.argv[1], 40, 10_000, 40
rng = np.random.default_rng(0)
table = pa.table(
    {
        f"x{j}": rng.normal(size=groups * rows).astype(np.float32)
        for j in range(columns)
    }
)
size = table.nbytes
pq.write_table(
    table, path, row_group_size=rows, use_dictionary=False, compression="none"
)
del table


def report(how, batches):
    before, most = pa.total_allocated_bytes(), 0
    for _ in batches:
        time.sleep(0.02)  # what a pass over the rows costs
        most = max(most, pa.total_allocated_bytes() - before)
    share = most / size
    said = "more than half" if share > 0.5 else "less than a sixth"
    assert share > 0.5 or share < 1 / 6, share
    print(f"{how:44} {said} of the file")


alone = {"batch_readahead": 0, "fragment_readahead": 0, "batch_size": rows}
options = ds.ParquetFragmentScanOptions(pre_buffer=False)
report("to_batches", ds.dataset(path).to_batches(batch_size=rows))
report("to_batches, no read-ahead", ds.dataset(path).to_batches(**alone))
report(
    "to_batches, no read-ahead, no threads",
    ds.dataset(path).to_batches(use_threads=False, **alone),
)
report(
    "to_batches, no read-ahead, no pre_buffer",
    ds.dataset(path).to_batches(fragment_scan_options=options, **alone),
)
report("iter_batches", pq.ParquetFile(path).iter_batches(batch_size=rows))
report(
    "iter_batches, no pre_buffer",
    pq.ParquetFile(path, pre_buffer=False).iter_batches(batch_size=rows),
)
file = pq.ParquetFile(path)
report("read_row_group", (file.read_row_group(i) for i in range(groups)))
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    pyarrow==26.0.1 numpy==2.4.6
"$folder/venv/bin/python" "$folder/program.py" "$folder/rows.parquet" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
to_batches                                   more than half of the file
to_batches, no read-ahead                    more than half of the file
to_batches, no read-ahead, no threads        more than half of the file
to_batches, no read-ahead, no pre_buffer     more than half of the file
iter_batches                                 more than half of the file
iter_batches, no pre_buffer                  less than a sixth of the file
read_row_group                               less than a sixth of the file
SEEN
