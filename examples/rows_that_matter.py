"""
Which rows a model hangs on
===========================

Before a letter arrives: the factor that answers requests also tells what each row has
done to the model, all rows in one pass. Rows with much influence are the ones to look
at first, where labels may be wrong, and the ones whose deletion will be seen.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sklearn_unlearn import UnlearnableLogisticRegression

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
rng = np.random.default_rng(0)
flipped = rng.choice(len(y), size=12, replace=False)
entered = y.copy()
entered[flipped] = 1 - y[flipped]  # twelve labels were entered wrongly

model = UnlearnableLogisticRegression(C=0.1).fit(X, entered)
influence = model.influence(X, entered)
order = np.argsort(-influence.norm)
hits = np.isin(order, flipped)
print(f"of the 12 rows with most influence {hits[:12].sum()} have a wrong label")

# %%
# Each row's step, predicted by the factor, against leaving that row out in earnest.
chosen = order[np.linspace(0, len(y) - 1, 25).astype(int)]
moved = []
for row in chosen:
    rest = np.delete(np.arange(len(y)), row)
    refit = UnlearnableLogisticRegression(C=0.1).fit(X[rest], entered[rest])
    moved.append(np.linalg.norm(refit.coef_ - model.coef_))
ratio = influence.norm[chosen] / moved
print(f"predicted over true change: {ratio.min():.2f} to {ratio.max():.2f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(np.cumsum(hits[:80]))
left.set_xlabel("rows looked at, those with most influence first")
left.set_ylabel("wrong labels found, of 12")
right.loglog(moved, influence.norm[chosen], "o")
ends = [min(moved), max(moved)]
right.loglog(ends, ends, linestyle=":")
right.set_xlabel("change of the coefficients in a refit without the row")
right.set_ylabel("what the influence predicts")
plt.show()
