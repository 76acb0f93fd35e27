#!/usr/bin/env bash
# LabelEncoder of scikit-learn takes some labels that it has never seen for others.
#
# Expected: transform refuses "previously unseen labels", as its documentation says, and
# names them.
# What happens: labels are first brought into the dtype of those that fit saw. Arrays of
# strings have a fixed width, so that "apple" becomes "a" where "a" and "b" are known, and
# is encoded as "a"; 1.7 becomes 1 where whole numbers are known. Where what is left is
# unknown, the error names a label that nobody gave. Arrays of objects are looked up as
# they are, and encoders of features (OrdinalEncoder) widen instead.
# Why it matters: corrected labels are exactly where a new or mistyped class comes in. An
# encoder in front of an update (partial_fit of a member of a VotingClassifier, say, whose
# labels are encoded by le_) then trains on another class without a word. Compare with
# classes_ first, or keep labels as objects.
#
# Versions: scikit-learn 1.9.1 (1.6.0 does the same), NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

"$folder/venv/bin/python" - <<'PROGRAM' | tee "$folder/output"
import numpy as np
from sklearn.preprocessing import LabelEncoder, OrdinalEncoder


def attempt(transform, given):
    try:
        return transform(given).ravel().tolist()
    except ValueError as error:
        return str(error)


def column(values):
    return np.array(values)[:, None]


cases = {
    "strings": (["a", "b"], ["apple"]),
    "objects": (np.array(["a", "b"], object), np.array(["apple"], object)),
    "whole numbers": ([0, 1], [1.7]),
    "longer strings": (["no", "yes"], ["no, never", "never"]),
}
for name, (known, unknown) in cases.items():
    print(name, "as labels:", attempt(LabelEncoder().fit(known).transform, unknown))
features = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
features.fit(column(["a", "b"]))
print("strings as features:", attempt(features.transform, column(["apple"])))
PROGRAM

diff "$folder/output" - <<'SEEN'
strings as labels: [0]
objects as labels: y contains previously unseen labels: 'apple'
whole numbers as labels: [1]
longer strings as labels: y contains previously unseen labels: np.str_('no,')
strings as features: [-1.0]
SEEN
