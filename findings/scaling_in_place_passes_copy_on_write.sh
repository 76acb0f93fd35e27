#!/usr/bin/env bash
# A scikit-learn scaler with copy=False scales other pandas frames, too.
#
# Expected: copy=False scales the frame that it is given at most. pandas 3 copies on
# write: a selection of columns, or a shallow copy, made before is another frame that
# nothing done to the first one changes.
# What happens: the scaler takes the values of the frame as an array and writes into
# that. Copy-on-write guards what goes through pandas, and this does not: every frame
# that still shares the memory changes, one from which the scaled frame was selected as
# well. A frame of several types is safe: its values are copied on the way.
# Why it matters: who keeps the training rows beside a pipeline to erase or correct some
# of them later keeps scaled rows without knowing; they match no request, and a refit on
# them is another model. Keep a deep copy, or let no step have copy=False.
#
# Versions: scikit-learn 1.9.1, pandas 3.0.1, NumPy 2.4.6, SciPy 1.17.1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 pandas==3.0.1 numpy==2.4.6 scipy==1.17.1

"$folder/venv/bin/python" - <<'PROGRAM' | tee "$folder/output"
import pandas as pd
from sklearn.preprocessing import StandardScaler

values = {"age": [20.0, 30.0, 40.0], "income": [1.0, 2.0, 6.0]}


def shallow(frame):
    return frame.copy(deep=False), frame


def selected(frame):
    return frame, frame[["age", "income"]]


def mixed(frame):
    return shallow(frame.astype({"income": int}))


for share in (shallow, selected, mixed):
    kept, given = share(pd.DataFrame(values))
    given.iloc[0, 0] = 99.0
    print(share.__name__, "pandas writes:", kept["age"].round(2).tolist())
    kept, given = share(pd.DataFrame(values))
    StandardScaler(copy=False).fit_transform(given)
    print(share.__name__, "scaler writes:", kept["age"].round(2).tolist())
PROGRAM

diff "$folder/output" - <<'SEEN'
shallow pandas writes: [20.0, 30.0, 40.0]
shallow scaler writes: [-1.22, 0.0, 1.22]
selected pandas writes: [20.0, 30.0, 40.0]
selected scaler writes: [-1.22, 0.0, 1.22]
mixed pandas writes: [20.0, 30.0, 40.0]
mixed scaler writes: [20.0, 30.0, 40.0]
SEEN
