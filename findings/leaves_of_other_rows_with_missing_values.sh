#!/usr/bin/env bash
# Leaves of scikit-learn's trees have values of other rows than they hold, where X has NaN.
#
# Expected: what a leaf of a decision tree predicts is the weighted mean of the training
# rows that apply() sends there, whether values are missing or not.
# What happens: up to 1.7.2, some trees that were grown on rows with missing values have
# leaves whose class shares are those of other rows, as many as these. Feature, threshold
# and side of the missing rows are as apply() uses them. In the script the leaf of 17 rows,
# all of one class, predicts the other with a probability of 0.06. 1.8.0 puts it right, so
# that the same fit gives other trees.
# Why it matters: whoever checks unlearning by recomputing leaves from the rows that are
# left, exports trees, or compares a refit with a forest from an older release, finds
# differences that no request has made. Refit all forests on data with NaN after moving to
# 1.8, before anything is compared.
#
# Versions: scikit-learn 1.7.2 (1.6.0 does the same) and 1.8.0, NumPy 2.2.6, SciPy 1.15.3.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import numpy as np
import sklearn
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier


def grown(draw):
    rng = np.random.default_rng(draw)
    X, y = make_classification(80, 5, n_informative=4, n_redundant=0, random_state=draw)
    X[rng.random(X.shape) < [0.0, 0.02, 0.1, 0.3, 0.6]] = np.nan
    tree = DecisionTreeClassifier(max_depth=1, min_samples_leaf=5, random_state=0)
    weight = rng.uniform(1.0, 2.0, 80)
    return tree.fit(X, y, weight), X, y, weight


def shares(rows, y, weight):
    return np.array([weight[rows & (y == c)].sum() for c in (0, 1)]) / weight[rows].sum()


def is_of_its_rows(model, X, y, weight):
    leaf = model.apply(X)
    return all(
        np.allclose(model.tree_.value[i, 0], shares(leaf == i, y, weight))
        for i in np.unique(leaf)
    )


wrong = [draw for draw in range(200) if not is_of_its_rows(*grown(draw))]
print(f"scikit-learn {sklearn.__version__}: {len(wrong)} of 200 trees")
if wrong:
    model, X, y, weight = grown(wrong[0])
    leaf = model.apply(X) == 1
    predicted, found = model.tree_.value[1, 0], shares(leaf, y, weight)
    print(f"draw {wrong[0]}, {leaf.sum()} rows:", predicted.round(3), found.round(3))
PROGRAM
for version in 1.7.2 1.8.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check \
        "scikit-learn==$version" numpy==2.2.6 scipy==1.15.3
    "$folder/$version/bin/python" "$folder/program.py"
done | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
scikit-learn 1.7.2: 5 of 200 trees
draw 6, 17 rows: [0.942 0.058] [1. 0.]
scikit-learn 1.8.0: 0 of 200 trees
SEEN
