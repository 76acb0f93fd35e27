"""Unlearn in what a grid search found, and see what a scaler keeps.

The search is scikit-learn's, and the estimator is the last step of a pipeline. A
request goes to that step, with the rows as the steps before it deliver them. Those do
not unlearn: a scaler still has means and standard deviations that the deleted rows
helped to make, and the search chose C with them. What a scaler keeps can be measured.
"""

import copy

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import UnlearnableLogisticRegression


def main():
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), UnlearnableLogisticRegression())
    search = GridSearchCV(
        pipeline, {"unlearnablelogisticregression__C": [0.001, 0.01, 0.1, 1.0]}, cv=3
    )
    search.fit(X, y)
    best = search.best_estimator_
    print(f"chosen: C={best[-1].C:g}, accuracy {search.best_score_:.3f}")
    print()

    # Three ordinary patients, or the three that lie farthest from all others.
    distance = np.abs(best[:-1].transform(X)).max(axis=1)
    order = np.argsort(distance)
    half = order.size // 2
    print("three patients leave:                  ordinary ones      the farthest")
    columns = [
        measure(best, X, y, order[half : half + 3]),
        measure(best, X, y, order[-3:]),
    ]
    for name in columns[0]:
        print(f"  {name:34} {columns[0][name]:15.1e} {columns[1][name]:17.1e}")
    print()
    print("Probabilities are compared with those of the whole pipeline refitted. What")
    print(
        "differs comes from the frozen scaler: a refit of the model alone, behind it,"
    )
    print("is no closer. To forget what the scaler learned, fit it again and the model")
    print("with it, or use units that were fixed beforehand.")


def measure(pipeline, X, y, leaving):
    """Forget rows in a copy of the pipeline and compare with refits."""
    pipeline = copy.deepcopy(pipeline)
    scaler, model = pipeline[:-1], pipeline[-1]
    X_stay, y_stay = np.delete(X, leaving, axis=0), np.delete(y, leaving)
    before = model.gradient_residual(scaler.transform(X_stay), y_stay)

    # The request: the rows as the scaler delivers them.
    model.partial_unfit(scaler.transform(X[leaving]), y[leaving])

    after = model.gradient_residual(scaler.transform(X_stay), y_stay)
    behind = clone(model).fit(scaler.transform(X_stay), y_stay)
    refit = clone(pipeline).fit(X_stay, y_stay)
    moved = np.abs(refit[0].mean_ - pipeline[0].mean_) / refit[0].scale_
    truth = refit.predict_proba(X)
    return {
        "residual, nothing done": float(before),
        "residual, model unlearned": float(after),
        "shift of a mean, in deviations": float(moved.max()),
        "probability, model unlearned": difference(pipeline.predict_proba(X), truth),
        "probability, model alone refitted": difference(
            behind.predict_proba(scaler.transform(X)), truth
        ),
    }


def difference(a, b):
    """Largest absolute difference."""
    return float(np.abs(a - b).max())


if __name__ == "__main__":
    main()
