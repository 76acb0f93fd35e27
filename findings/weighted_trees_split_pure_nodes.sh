#!/usr/bin/env bash
# A weighted decision tree of scikit-learn splits nodes whose rows are all of one class.
#
# Expected: a node of one class is a leaf. The documentation of the splitting rule says
# that growing stops where a node is pure, and without weights that is so.
# What happens: with weights the impurity of a pure node is a rounding error instead of
# zero, and where that error is large enough the node passes for impure: it is split on,
# down to min_samples_leaf, at thresholds that separate nothing. Whether it is depends on
# last digits, so that the same weights in another unit (all 0.1 instead of all 1, too)
# give trees with other leaves.
# Why it matters: who refits after a deletion and compares trees (leaves, depth, apply,
# thresholds) finds differences that no row explains; and each needless threshold is the
# midpoint of the values of two rows. Compare predictions, or take nodes of one class for
# leaves before comparing.
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
from sklearn.tree import DecisionTreeClassifier

for criterion in ("gini", "entropy"):
    for weighted in (False, True):
        needless = others = 0
        for seed in range(50):
            rng = np.random.default_rng(seed)
            X = rng.normal(size=(300, 3))
            y = (X[:, 0] + 0.3 * rng.normal(size=300) > 0).astype(int)
            weight = rng.uniform(1, 2, 300) if weighted else np.ones(300)
            model = DecisionTreeClassifier(
                criterion=criterion, min_samples_leaf=5, random_state=0
            )
            tree = model.fit(X, y, weight).tree_
            one_class = np.count_nonzero(tree.value[:, 0], axis=1) == 1
            needless += np.sum(one_class & (tree.children_left >= 0))
            leaves = model.get_n_leaves()
            model.fit(X, y, 0.1 * weight)
            others += leaves != model.get_n_leaves()
        kind = "weighted" if weighted else "plain"
        print(f"{criterion} {kind}: {needless} pure nodes split, ", end="")
        print(f"{others} of 50 trees have other leaves at a tenth of the weights")
PROGRAM

for criterion in gini entropy; do
    grep -Eq "^$criterion plain: 0 pure nodes split, [1-9]" "$folder/output"
    grep -Eq "^$criterion weighted: [1-9][0-9]* pure nodes split, [1-9]" "$folder/output"
done

# Output seen:
# gini plain: 0 pure nodes split, 18 of 50 trees have other leaves at a tenth of the weights
# gini weighted: 37 pure nodes split, 39 of 50 trees have other leaves at a tenth of the weights
# entropy plain: 0 pure nodes split, 26 of 50 trees have other leaves at a tenth of the weights
# entropy weighted: 59 pure nodes split, 33 of 50 trees have other leaves at a tenth of the weights
