"""
A file of last year
===================

The pipeline was trained last year, stored with joblib, and serves today. Now three
people ask to be deleted. The file knows nothing of unlearning; with the data that it
was trained on it is adopted as it is, answers, and goes back as the plain pipeline that
it was.
"""

# %%
# Last year:
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import unlearnable
from sklearn_unlearn.inspection import scan

X, y = load_breast_cancer(return_X_y=True)
patients = np.array([f"P{number:04d}" for number in range(len(y))])
folder = TemporaryDirectory()
file = Path(folder.name) / "model.joblib"
pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-8))
joblib.dump(pipeline.fit(X, y), file)

# %%
# Today: the file is one's own, so that loading it is no risk. `explain` says how each
# step will unlearn, `plan` what a request will do, before it does anything.
old = joblib.load(file)
model = unlearnable(old, X, y, row_ids=patients)
print(model.explain())
leaving = ["P0003", "P0122", "P0400"]
print(model.plan([("partial_unfit", {"row_ids": leaving})]))

# %%
# The request, what was recorded of it, and the plain pipeline that is served from now
# on. A refit from scratch is there for comparison alone.
model = model.partial_unfit(row_ids=leaving)
new = model.to_sklearn()
joblib.dump(new, file)
print(json.dumps(json.loads(model.request_record_.to_json()), indent=1))

stay = ~np.isin(patients, leaving)
refit = clone(pipeline).set_params(logisticregression__tol=1e-10)
refit = refit.set_params(logisticregression__max_iter=10_000).fit(X[stay], y[stay])
watched = X[stay]
away = np.abs(
    [
        each.decision_function(watched) - refit.decision_function(watched)
        for each in (old, new)
    ]
)
print(f"farthest from the refit: before {away[0].max():.1e}, after {away[1].max():.1e}")
print(f"still to be found in the new file: {len(scan(new, X[~stay]))} of 3 rows")
folder.cleanup()

# %%
# The old file was not a bad model. It was a model of people who have left.
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, distance in zip(
    ("file of last year", "after the request"), away, strict=True
):
    axes.plot(np.sort(distance) + 1e-17, label=name)
axes.set_yscale("log")
axes.set_xlabel("patients who stay, in order")
axes.set_ylabel("distance of the score from a refit's")
axes.legend()
plt.show()
