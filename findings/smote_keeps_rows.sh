#!/usr/bin/env bash
# A SMOTE sampler that has resampled keeps the rows of a class, and a pickle has them.
#
# Expected: a sampler is told apart from a model by learning nothing: fit_resample returns
# rows, and what stays of them are counts. The documented attributes of a fitted SMOTE name
# the strategy and the columns, and the estimator of neighbours next to them.
# What happens: that estimator, nn_k_, is fitted to the rows of the class that was made
# last, so a pickled pipeline contains training rows of the smallest classes word for word.
# With one seed, one row less of the largest class also changes which rows are drawn.
# Why it matters: a pipeline that was saved with its sampler is a copy of the people in the
# rare class, who are the ones that a deletion request names; exporting only what predicts,
# without the sampler, leaves them out. And a refit after a deletion differs in nearly all
# synthetic rows, not in those that were made of the deleted one.
#
# Versions: imbalanced-learn 0.14.2, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import pickle

import numpy as np
from imblearn.over_sampling import SMOTE

X = np.random.default_rng(0).normal(size=(60, 2))
y = (np.arange(60) % 6 == 0).astype(int)
X[0, 0] = 1234.56789
sampler = SMOTE(random_state=0)
resampled, _ = sampler.fit_resample(X, y)
print("rows of class 1:", np.array_equal(sampler.nn_k_._fit_X, X[y == 1]))
print("in the pickle:", np.float64(1234.56789).tobytes() in pickle.dumps(sampler))
fewer, _ = SMOTE(random_state=0).fit_resample(np.delete(X, 59, axis=0), y[:59])
made, again = resampled[60:], fewer[59:]
same = sum(bool((row == made).all(axis=1).any()) for row in again)
print("synthetic rows:", len(made), "and", len(again), "fewer than 5 the same:", same < 5)
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    imbalanced-learn==0.14.2 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
rows of class 1: True
in the pickle: True
synthetic rows: 40 and 39 fewer than 5 the same: True
SEEN
