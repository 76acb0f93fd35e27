#!/usr/bin/env bash
# PolynomialFeatures of scikit-learn refuses sparse rows whose memory is read-only, so
# that a search in several processes fails on large data and works on small ones.
#
# Expected: a transformer that only reads its rows takes rows that it cannot write, as
# StandardScaler, MaxAbsScaler and Normalizer do, and PolynomialFeatures with dense ones. joblib hands arrays of more than a megabyte to its worker processes as
# read-only maps of a file, and nothing else changes with n_jobs.
# What happens: "buffer source array is read-only", if the row pointers of a CSR matrix
# are such a map: from 262,144 rows on (values and column numbers may be read-only).
# Why it matters: refits in parallel (a search, shards, leave-some-out checks of what was
# erased) are where such maps come from, and the data that tests use are too small to meet
# it. Files opened with mmap_mode="r" meet it as well. Convert to CSC or copy the rows
# before this step.
#
# Versions: scikit-learn 1.9.1, joblib 1.5.3, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 joblib==1.5.3 numpy==2.4.6 scipy==1.17.1

cat >"$folder/program.py" <<'PROGRAM'
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.preprocessing import (
    MaxAbsScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)


def attempt(step, X):
    try:
        return str(step.fit_transform(X).shape)
    except ValueError as error:
        return str(error)


if __name__ == "__main__":
    steps = [
        StandardScaler(with_mean=False),
        MaxAbsScaler(),
        Normalizer(),
        PolynomialFeatures(degree=2),
    ]
    for n_rows in (1_000, 300_000):
        X = sp.random_array((n_rows, 10), density=0.1, format="csr", rng=0)
        for step in steps:
            found = Parallel(n_jobs=2)([delayed(attempt)(step, X)] * 2)[0]
            print(n_rows, type(step).__name__, found)
        found = Parallel(n_jobs=2)([delayed(attempt)(step, X.tocsc())] * 2)[0]
        print(n_rows, type(step).__name__, "of columns", found)
PROGRAM
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
1000 StandardScaler (1000, 10)
1000 MaxAbsScaler (1000, 10)
1000 Normalizer (1000, 10)
1000 PolynomialFeatures (1000, 66)
1000 PolynomialFeatures of columns (1000, 66)
300000 StandardScaler (300000, 10)
300000 MaxAbsScaler (300000, 10)
300000 Normalizer (300000, 10)
300000 PolynomialFeatures buffer source array is read-only
300000 PolynomialFeatures of columns (300000, 66)
SEEN
