#!/usr/bin/env bash
# A sparse matrix whose entries are stored in parts is another matrix to some estimators.
#
# Expected: scipy.sparse adds up entries that are stored twice, in every operation, and
# `toarray()` shows the sum; so an estimator learns the same before and after
# `sum_duplicates()`.
# What happens: StandardScaler counts each part as an entry of its own for the number of
# zeros, and its variance comes out negative, its scale 1 (NumPy warns of the square
# root); TfidfTransformer counts a word twice that a document has in two parts, so
# that its idf is of more documents than there are; BernoulliNB compares each part with
# its threshold; SimpleImputer takes the most frequent part. No error in any of them.
# Why it matters: matrices in parts come from COO built of logs, one line an event, and
# from stacking tables. Whoever removes a row and refits, or checks an unlearned scaler
# against a refit, compares with statistics of a matrix that nobody sees. Call
# X.sum_duplicates() first.
#
# Versions: scikit-learn 1.9.1 (1.6.0 does the same), NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

"$folder/venv/bin/python" -W ignore - <<'PROGRAM' | tee "$folder/output"
import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import StandardScaler

# two rows, [2, 3] and [1, 0], the 2 as 1 and 1; and a column of 2, 3, 5
parts = sp.csr_matrix(([1.0, 1, 3, 1], [0, 0, 1, 0], [0, 3, 4]), shape=(2, 2))
column = sp.csr_matrix(([1.0, 1, 3, 5], [0, 0, 0, 0], [0, 2, 3, 4]), shape=(3, 1))
whole, whole_column = parts.copy(), column.copy()
whole.sum_duplicates()
whole_column.sum_duplicates()
assert np.array_equal(parts.toarray(), whole.toarray())

for X in (parts, whole):
    scaler = StandardScaler(with_mean=False).fit(X)
    print("variance", scaler.var_.tolist(), "scale", scaler.scale_.tolist())
for X in (parts, whole):
    print("idf", TfidfTransformer().fit(X).idf_.round(3).tolist())
for X in (parts, whole):
    print("counts", BernoulliNB(binarize=1.5).fit(X, [0, 1]).feature_count_.tolist())
for X in (column, whole_column):
    imputer = SimpleImputer(missing_values=-1, strategy="most_frequent").fit(X)
    print("most frequent", imputer.statistics_.tolist())
PROGRAM

diff "$folder/output" - <<'SEEN'
variance [-0.75, 2.25] scale [1.0, 1.5]
variance [0.25, 2.25] scale [0.5, 1.5]
idf [0.712, 1.405]
idf [1.0, 1.405]
counts [[0.0, 1.0], [0.0, 0.0]]
counts [[1.0, 1.0], [0.0, 0.0]]
most frequent [1.0]
most frequent [2.0]
SEEN
