"""
The choice that changed
=======================

A row that is deleted did more than move coefficients: it had a say in which penalty the
cross-validation chose. Here thirty rows decide it. They ask to be deleted, and the
search answers with the choice of a fresh search on who remains.
"""

# %%
# Labels that are noise, but for thirty rows far out: only with them is there something
# to learn, and the best penalty follows them.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableLogisticRegression

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 20))
y = rng.integers(2, size=400)
planted = np.arange(30)
X[planted, 1] += 6.0 * rng.choice([-1.0, 1.0], size=30)
y[planted] = (X[planted, 1] > 0).astype(int)
fold = np.arange(400) % 5

grid = {"C": np.logspace(-4, 1, 11)}
search = UnlearnableGridSearchCV(
    UnlearnableLogisticRegression(retain_data=True),
    grid,
    cv=PredefinedSplit(fold),
    scoring="neg_log_loss",
).fit(X, y)
before = search.cv_results_["mean_test_score"].copy()
chosen = search.best_params_["C"]

# %%
# They leave, in one request: every model in every fold forgets them, held-out rows are
# scored again, and the choice is made anew.
search = search.partial_unfit(X[planted], y[planted])
after = search.cv_results_["mean_test_score"]
print(f"best C: {chosen:.4f} before, {search.best_params_['C']:.4f} after")
print(f"the choice changed: {search.request_report_.choice_changed}")

fresh = GridSearchCV(
    UnlearnableLogisticRegression(),
    grid,
    cv=PredefinedSplit(fold[30:]),
    scoring="neg_log_loss",
).fit(X[30:], y[30:])
apart = np.abs(fresh.cv_results_["mean_test_score"] - after).max()
print(f"scores of a fresh search are {apart:.0e} away")

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, scores, best in (
    ("with the thirty", before, chosen),
    ("after they left", after, search.best_params_["C"]),
):
    (line,) = axes.semilogx(grid["C"], scores, marker="o", label=name)
    axes.axvline(best, color=line.get_color(), linestyle=":")
axes.set_xlabel("C")
axes.set_ylabel("mean log-likelihood, held out")
axes.legend()
plt.show()
