#!/usr/bin/env bash
# LogisticRegression(solver="lbfgs", tol=1e-10) stops a thousand tolerances short, silently.
#
# Expected: a `tol` that the solver cannot reach ends in a ConvergenceWarning, as too few
# iterations do, and a smaller `tol` gives a smaller gradient.
# What happens: besides `tol`, lbfgs stops when one iteration lowers the loss by less than 64
# machine epsilons of it (scikit-learn passes that as `ftol`, there is no parameter). On digits
# this comes first from about tol=1e-7 on: 1e-8 and 1e-10 give the same coefficients to the
# last bit, no warning, and `n_iter_` far below `max_iter`. newton-cg and newton-cholesky
# reach each of these.
# Why it matters: a refit is the oracle of every deletion. With the default solver it stops at
# a distance from the minimum that no `tol` shortens, and the model that unlearned looks
# wrong by that much; compare gradients, or refit with another solver.
#
# Versions: scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; the same in scikit-learn 1.6.0.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error")
X, y = load_digits(return_X_y=True)
Y = np.eye(10)[y]
fitted = {}
for solver in ("lbfgs", "newton-cg", "newton-cholesky"):
    for tol in (1e-6, 1e-8, 1e-10):
        model = LogisticRegression(solver=solver, tol=tol, max_iter=100_000)
        fitted[solver, tol] = model.fit(X, y)
        assert model.n_iter_[0] < 20_000
        gradient = X.T @ (model.predict_proba(X) - Y) + model.coef_.T
        reached = np.abs(gradient).max() / len(X)  # scikit-learn: of the mean
        if reached <= tol:
            said = "reached"
        else:
            times = 5 if tol == 1e-8 else 500
            assert reached > times * tol, reached
            said = f"more than {times} times as large"
        print(f"{solver:16} tol {tol:.0e}   largest entry of the gradient: {said}")
smaller = [fitted["lbfgs", tol].coef_ for tol in (1e-8, 1e-10)]
print("lbfgs, 1e-8 and 1e-10, same bits:", all((c == smaller[0]).all() for c in smaller))
PROGRAM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/output"

diff "$folder/output" - <<'SEEN'
lbfgs            tol 1e-06   largest entry of the gradient: reached
lbfgs            tol 1e-08   largest entry of the gradient: more than 5 times as large
lbfgs            tol 1e-10   largest entry of the gradient: more than 500 times as large
newton-cg        tol 1e-06   largest entry of the gradient: reached
newton-cg        tol 1e-08   largest entry of the gradient: reached
newton-cg        tol 1e-10   largest entry of the gradient: reached
newton-cholesky  tol 1e-06   largest entry of the gradient: reached
newton-cholesky  tol 1e-08   largest entry of the gradient: reached
newton-cholesky  tol 1e-10   largest entry of the gradient: reached
lbfgs, 1e-8 and 1e-10, same bits: True
SEEN
