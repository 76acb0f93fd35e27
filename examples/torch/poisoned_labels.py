"""A network learned from labels that somebody had swapped: correct them in the network.

In half of the images of six digits the label was swapped for another's. Once that is
found out the labels are replaced in the trained network, which costs a few passes over
the data; training again, and going on with the training, are there to compare with.
"""

import copy
import time

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier

SWAPPED = {0: 1, 1: 0, 2: 3, 3: 2, 4: 5, 5: 4}
EPOCHS = 30


def main():
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype(np.float32).reshape(-1, 1, 8, 8)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    entered = poisoned(y)

    net = new_net(UnlearnableNeuralNetClassifier, max_steps=3).fit(X, entered)
    print(f"{np.sum(entered != y)} of {y.size} labels are wrong")
    report("as entered", net.score(X_test, y_test))
    trained = copy.deepcopy(net.module_.state_dict())

    # which labels are wrong is found out, here simply looked up
    wrong = entered != y
    start = time.perf_counter()
    net.replace_labels(X[wrong], entered[wrong], y[wrong])
    seconds = time.perf_counter() - start
    report("labels replaced", net.score(X_test, y_test), seconds)

    found = net.unlearning_report()
    print(
        f"    wrong labels predicted: {found.predicted_before:.0%} before, "
        f"{found.predicted_after:.0%} after; {found.n_steps} steps. {found.outcome}"
    )
    report("fine-tuning", *training(X, y, X_test, y_test, trained, limit=seconds))
    report("training again", *training(X, y, X_test, y_test))


def poisoned(y):
    """Half of the labels of six classes, swapped in pairs."""
    rng, entered = np.random.default_rng(0), y.copy()
    for label, other in SWAPPED.items():
        rows = np.flatnonzero(y == label)
        entered[rng.choice(rows, rows.size // 2, replace=False)] = other
    return entered


def new_net(cls, **params):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    return cls(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=EPOCHS,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        **params,
    )


def training(X, y, X_test, y_test, state=None, limit=np.inf):
    """Accuracy and seconds of plain skorch, from the start or from other weights."""
    net = new_net(NeuralNetClassifier).initialize().set_params(max_epochs=1)
    if state is not None:
        net.module_.load_state_dict(state)
    start = time.perf_counter()
    for _ in range(EPOCHS):
        net.partial_fit(X, y)
        if time.perf_counter() - start > limit:
            break
    seconds = time.perf_counter() - start
    return net.score(X_test, y_test), seconds


def report(name, accuracy, seconds=None):
    took = "" if seconds is None else f"   {seconds:5.2f} s"
    print(f"{name:18} test accuracy {accuracy:.3f}{took}")


if __name__ == "__main__":
    main()
