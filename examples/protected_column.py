"""
A column that may not be used
=============================

"You may not use sex." Blanking the column in what comes in leaves a model that learned
with it: the columns that stand beside it stay as they were. Forgetting the column moves
them to where a model has them that has never seen it.
"""

# %%
# Patients whose disease went on for longer than the median are to be found. In these
# data, one of ten columns is the sex.
import copy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression

from sklearn_unlearn import UnlearnableLogisticRegression

data = load_diabetes(scaled=False)
X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
y = (data.target > np.median(data.target)).astype(int)
sex = data.feature_names.index("sex")
groups = {f"sex {code:g}": data.data[:, sex] == code for code in (1.0, 2.0)}

model = UnlearnableLogisticRegression(C=1.0, retain_data=True).fit(X, y)


# %%
# Three ways to go on: as before, with the column blanked, and with the column
# forgotten. A refit without the column says which of them is right.
def selected(predict, values):
    """Share of the sick that are found, in each group."""
    found = predict(values) == 1
    return [found[members & (y == 1)].mean() for members in groups.values()]


blanked = X.copy()
blanked[:, sex] = 0.0
without = np.delete(X, sex, axis=1)
rates = {"with the column": selected(model.predict, X)}
rates["blanked"] = selected(model.predict, blanked)

fair = copy.deepcopy(model).forget_features([sex])
refit = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(without, y)
rates["forgotten"] = selected(fair.predict, X)
rates["refit without it"] = selected(refit.predict, without)

for name, shares in rates.items():
    print(f"{name:18} found of the sick: {shares[0]:.3f} and {shares[1]:.3f}")
distance = {
    "blanked": np.abs(np.delete(model.coef_, sex, axis=1) - refit.coef_).max(),
    "forgotten": np.abs(np.delete(fair.coef_, sex, axis=1) - refit.coef_).max(),
}
times = distance["blanked"] / distance["forgotten"]
print(f"coefficients {times:.0f} times nearer to the refit's than with it blanked")

# %%
# The column that knows the sex in another way, here the blood's fats, is what moves.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
places = np.arange(len(rates))
for shift, (name, _) in enumerate(groups.items()):
    heights = [shares[shift] for shares in rates.values()]
    left.bar(places + 0.4 * shift - 0.2, heights, width=0.4, label=name)
left.set_xticks(places, list(rates), rotation=20)
left.set_ylabel("found of the sick")
left.legend(loc="lower right")
names = [name for name in data.feature_names if name != "sex"]
right.barh(names, np.delete(fair.coef_ - model.coef_, sex, axis=1)[0])
right.set_xlabel("change of the coefficient when sex is forgotten")
plt.show()
