#!/usr/bin/env bash
# f_classif gives some constant columns a score, and SelectKBest may choose one for it.
#
# Expected: a column that has one value in all rows says nothing of the classes; its score
# is NaN, with a warning that names the column, and SelectKBest takes any other first.
# What happens: the score is the ratio of two differences of sums, each of which is zero
# but for rounding. Of 0.5 it is NaN, of 0.3 it is 5.7 and of 1000.1 infinite, so that
# these columns are chosen before columns of noise; of 1.1 it is minus infinity.
# Why it matters: deleting the rows that made a column vary leaves a constant behind. A
# refit then selects it or not by its value, no warning names it where its score is finite,
# and whoever updates sums exactly gets NaN, another choice of columns, and coefficients
# that belong to other columns than the refit's.
#
# Versions: scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import warnings

import numpy as np
from sklearn.feature_selection import SelectKBest

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
y = rng.integers(0, 3, 60)
noise = rng.standard_normal((60, 2))
for constant in (0.5, 0.3, 1000.1, 1.1):
    X = np.column_stack([noise, np.full(60, constant)])
    selector = SelectKBest(k=1).fit(X, y)
    print(constant, selector.scores_[2].round(1), selector.get_support())
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
0.5 nan [False  True False]
0.3 5.7 [False False  True]
1000.1 inf [False False  True]
1.1 -inf [False  True False]
SEEN
