#!/usr/bin/env bash
# TargetEncoder with given categories counts training rows of other categories as rows of the
# first one.
#
# Expected: a row whose category is not among `categories` belongs to none of them: `fit`
# refuses it, as OneHotEncoder(categories=...) does, or leaves it out of every encoding.
# What happens: no error and no warning, and its target is averaged into the encoding of the
# first category that was given.
# Why it matters: where categories are given, deleting a person of an unlisted category
# changes the encoding of another group of people, and whoever updates the sums of "the rows
# of this category" gets another number than the refit.
#
# Versions: scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; the same in scikit-learn 1.6.0.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import numpy as np
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

X = np.array([["a"], ["b"], ["c"]] * 10, dtype=object)
y = np.where(X[:, 0] == "a", 1.5, np.where(X[:, 0] == "b", 2.5, 7.5))
y[:3] += 0.25  # more than two values, none of them whole: a continuous target
encoder = TargetEncoder(categories=[["a", "b"]], smooth=0.0).fit(X, y)
print("mean of the rows of a, of b", y[0::3].mean(), y[1::3].mean())
print("mean of the rows of a and c", y[X[:, 0] != "b"].mean())
print("encodings of a and b       ", *encoder.encodings_[0])
try:
    OneHotEncoder(categories=[["a", "b"]]).fit(X)
except ValueError as error:
    print("OneHotEncoder:", error)
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
mean of the rows of a, of b 1.525 2.525
mean of the rows of a and c 4.525
encodings of a and b        4.525 2.525
OneHotEncoder: Found unknown categories ['c'] in column 0 during fit
SEEN
