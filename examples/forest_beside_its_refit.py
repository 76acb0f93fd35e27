"""
A forest that forgets, beside its refit
=======================================

Trees are grown here as a function of the *set* of rows: after any request the forest
is, to the last bit, the one that `fit` would grow from what remains. A request grows
only those branches anew that the row decided on.
"""

# %%
# Fifty people leave one after the other.
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from sklearn_unlearn import UnlearnableRandomForestClassifier

X, y = load_digits(return_X_y=True)
leaving = np.random.default_rng(0).choice(len(y), size=50, replace=False)
forest = UnlearnableRandomForestClassifier(n_estimators=50, random_state=0).fit(X, y)

seconds = []
for row in leaving:
    start = perf_counter()
    forest = forest.partial_unfit(X[[row]], y[[row]])
    seconds.append(perf_counter() - start)

# %%
# The oracle: a forest that has never seen them.
stay = np.setdiff1d(np.arange(len(y)), leaving)
start = perf_counter()
refit = UnlearnableRandomForestClassifier(n_estimators=50, random_state=0)
refit.fit(X[stay], y[stay])
again = perf_counter() - start
same = np.array_equal(forest.predict_proba(X), refit.predict_proba(X))
print(f"the same probabilities for every image, to the last bit: {same}")

start = perf_counter()
plain = RandomForestClassifier(n_estimators=50, random_state=0).fit(X[stay], y[stay])
theirs = perf_counter() - start
agree = (forest.predict(X) == plain.predict(X)).mean()
print(f"agrees with scikit-learn's forest on {agree:.1%} of the images")

# %%
# What fifty letters cost, answered one by one.
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
letters = np.arange(1, len(leaving) + 1)
axes.plot(letters, np.cumsum(seconds), label="requests")
axes.plot(letters, again * letters, label="a refit of this forest for each")
axes.plot(letters, theirs * letters, label="a refit of scikit-learn's for each")
axes.set_xlabel("letters answered")
axes.set_ylabel("seconds")
axes.legend()
plt.show()
