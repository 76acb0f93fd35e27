#!/usr/bin/env bash
# VarianceThreshold keeps a constant column as soon as one of its values is missing.
#
# Expected: VarianceThreshold() leaves out columns that have the same value in all rows;
# missing values are ignored, says its page, so a constant with gaps is left out as well.
# What happens: without gaps the range decides, which is zero. With a gap the range is NaN
# and the rounded variance decides alone, which is not zero wherever the mean of equal
# numbers rounds: 0.1 in 50 rows has a variance of 8e-34, and the column stays.
# Why it matters: whether a column survives depends on rows that hold no value of it. When
# the last row with a gap is deleted, a refit drops a column that it kept before, and every
# coefficient behind the selector belongs to another one.
#
# Versions: scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import numpy as np
from sklearn.feature_selection import VarianceThreshold

X = np.column_stack([np.arange(50.0), np.full(50, 0.1)])
print("no gap:", VarianceThreshold().fit(X).get_support())
X[np.random.default_rng(0).random(50) < 0.2, 1] = np.nan
selector = VarianceThreshold().fit(X)
print("gaps:  ", selector.get_support(), 0.0 < selector.variances_[1] < 1e-30)
left = ~np.isnan(X[:, 1])
print("rows without gaps alone:", VarianceThreshold().fit(X[left]).get_support())
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
no gap: [ True False]
gaps:   [ True  True] True
rows without gaps alone: [ True False]
SEEN
