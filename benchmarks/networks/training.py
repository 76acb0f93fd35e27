"""Training of nets by skorch, and how accuracy grows with its seconds."""

from __future__ import annotations

import time

import torch
from skorch import NeuralNetClassifier


def net(recipe, lr=None, cls=NeuralNetClassifier, **params):
    """A net that is not trained, by the recipe or with another learning rate."""
    torch.manual_seed(recipe.seed)
    return cls(
        recipe.module,
        module__shape=recipe.shape,
        module__n_classes=recipe.n_classes,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=recipe.lr if lr is None else lr,
        batch_size=recipe.batch_size,
        max_epochs=recipe.n_epochs,
        iterator_train__shuffle=True,
        train_split=None,
        classes=list(range(recipe.n_classes)),  # a shard may lack one
        verbose=0,
        **params,
    )


def trained(model, X, y, score, *, n_epochs, state=None, seconds=float("inf")):
    """Accuracy after each epoch, with the seconds of training until then.

    Parameters
    ----------
    model : skorch.NeuralNetClassifier
        Not trained; it is.
    X, y : ndarray
    score : callable
        Accuracy of a model; not timed.
    n_epochs : int
    state : dict, optional
        Parameters of the module to start from.
    seconds : float, optional
        Training ends with the epoch in which so many are over.

    Returns
    -------
    list of (float, float)
        Seconds of processor time, which other programs do not disturb, and accuracy.
    """
    model.initialize()
    if state is not None:
        model.module_.load_state_dict(state)
    model.set_params(max_epochs=1)
    spent, curve = 0.0, []
    while len(curve) < n_epochs and spent < seconds:
        start = time.process_time()
        model.partial_fit(X, y)
        spent += time.process_time() - start
        curve.append((spent, score(model)))
    return curve


def first_at(curve, goal):
    """Seconds when a curve first reaches an accuracy; infinite if it does not."""
    return next((s for s, accuracy in curve if accuracy >= goal), float("inf"))
