"""
Labels that were wrong
======================

Ten classes, some labels wrong: correct them in the fitted model.

Some threes were entered as eights and some eights as threes. When the mistake is found,
the labels are replaced in the model. With so many at once a single step is not enough;
with retain_data=True the model refines it by itself until it is exact.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_unlearn import UnlearnableLogisticRegression


def main():
    images, digit = load_digits(return_X_y=True)
    images = images / 16.0
    X, X_test, y, y_test = train_test_split(images, digit, random_state=0)

    wrong = np.flatnonzero((y == 3) | (y == 8))[::3]
    entered = y.copy()
    entered[wrong] = 11 - y[wrong]  # 3 for 8, 8 for 3

    model = UnlearnableLogisticRegression(C=1.0, retain_data=True).fit(X, entered)
    print(f"{wrong.size} of {y.size} labels are wrong")
    report("as entered", model, X, y, X_test, y_test)

    model.replace_labels(X[wrong], entered[wrong], y[wrong])
    report("corrected", model, X, y, X_test, y_test)

    refit = UnlearnableLogisticRegression(C=1.0).fit(X, y)
    report("refit from scratch", refit, X, y, X_test, y_test)
    difference = np.abs(model.coef_ - refit.coef_).max()
    print(f"largest difference of a coefficient from the refit: {difference:.0e}")

    figure, axes = plt.subplots(2, 8, figsize=(8, 2.6), layout="constrained")
    figure.suptitle("entered, and corrected to")
    for row, cell in zip(wrong, axes.flat, strict=False):
        cell.imshow(X[row].reshape(8, 8), cmap="gray_r")
        cell.set_title(f"{entered[row]} -> {y[row]}", fontsize=9)
        cell.set_axis_off()
    plt.show()


def report(name, model, X, y, X_test, y_test):
    """Residual on the correct labels, and accuracy on test images."""
    residual = float(model.gradient_residual(X, y))
    hard = np.isin(y_test, (3, 8))
    print(
        f"{name:20} residual {residual:8.1e}   test accuracy "
        f"{model.score(X_test, y_test):.3f}   of threes and eights "
        f"{model.score(X_test[hard], y_test[hard]):.3f}"
    )


if __name__ == "__main__":
    main()
