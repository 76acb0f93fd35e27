#!/usr/bin/env bash
# PowerTransformer of the same rows in another order transforms differently, by far more than
# the rounding of a sum.
#
# Expected: lambda maximises a likelihood, which is a sum over rows; another order of the
# rows moves it by some 1e-16 of its size, as it moves the mean of a StandardScaler.
# What happens: lambda moves by 1e-8 and more. Brent's method stops when lambda is known to
# about the square root of the precision of its objective, and where it stops follows the
# rounding of the objective, which follows the order. There is no `tol` to set.
# Why it matters: a refit on the rows that stay, read in another order from a database, is not
# the same transformer. Whoever compares unlearned with refitted pipelines, or attests a state
# by digests, needs a tolerance of 1e-7 behind this step, or has to fix the order of the rows.
#
# Versions: scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import numpy as np
from sklearn.preprocessing import PowerTransformer, StandardScaler

rng = np.random.default_rng(0)
X = rng.lognormal(size=(1000, 20))
for transformer, name in ((StandardScaler(), "mean_"), (PowerTransformer(), "lambdas_")):
    forward = getattr(transformer.fit(X), name).copy()
    backward = getattr(transformer.fit(X[::-1]), name)
    apart = np.abs(forward / backward - 1.0).max()
    if apart < 1e-14:
        print(type(transformer).__name__, "the same but for rounding")
    elif 1e-9 < apart < 1e-5:
        print(type(transformer).__name__, "apart by 1e-9 to 1e-5")
    else:
        print(type(transformer).__name__, apart)
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
StandardScaler the same but for rounding
PowerTransformer apart by 1e-9 to 1e-5
SEEN
