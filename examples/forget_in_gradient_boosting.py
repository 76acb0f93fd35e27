"""
Shards for gradient boosting
============================

Gradient boosting and forests forget: the shards that saw a row are trained again.

A tree has no closed form for a row that leaves. With sharded training (SISA) each model
sees one part of the rows, and only the models that saw the row are trained again, on
the others of their part. The result is the one of training without the row, bit for
bit. What it costs is accuracy, because each model has fewer rows to learn from.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklearn_unlearn import ShardedClassifier

MODELS = [
    HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=8, random_state=0),
    RandomForestClassifier(n_estimators=20, random_state=0),
]


def main():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    leaving = np.arange(2)
    staying = np.arange(2, y.size)
    names = np.array([f"image-{place:04}" for place in range(y.size)])

    scores = {}
    print("two images leave                  models    test      as without them,")
    print("                          shards  trained   accuracy  bit for bit")
    for estimator in MODELS:
        for n_shards in (1, 5):
            model = ShardedClassifier(
                clone(estimator), n_shards=n_shards, random_state=0
            )
            model.fit(X, y, row_ids=names)
            before = model.estimators_
            model.partial_unfit(row_ids=names[leaving])
            trained = sum(
                one is not other
                for one, other in zip(before, model.estimators_, strict=True)
            )
            refit = clone(model).fit(X[staying], y[staying], row_ids=names[staying])
            same = np.array_equal(
                model.predict_proba(X_test), refit.predict_proba(X_test)
            )
            name = f"{type(estimator).__name__}\n{n_shards} shards"
            scores[name] = model.score(X_test, y_test)
            print(
                f"{type(estimator).__name__:30} {n_shards:2}  {trained:3}      "
                f"{model.score(X_test, y_test):.3f}     {same}"
            )

    print("An image that was forgotten is known no longer:")
    try:
        model.partial_unfit(X[:1], y[:1])
    except ValueError as error:
        print(f"  {type(error).__name__}: {error}")

    _, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.barh(list(scores), list(scores.values()))
    axes.set_xlim(0.8, 1.0)
    axes.set_xlabel("test accuracy")
    plt.show()


if __name__ == "__main__":
    main()
