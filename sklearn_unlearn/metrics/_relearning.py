"""How fast a model learns again what it should have forgotten."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.metrics._losses import losses_of
from sklearn_unlearn.utils.frames import FrameMixin


@dataclass(frozen=True, eq=False)
class RelearnTime(FrameMixin):
    """What `relearn_time` found.

    Attributes
    ----------
    epochs : int
        Of training until the loss was reached, or as many as were allowed.
    reached : bool
        Whether it was.
    losses : ndarray of shape (epochs + 1,)
        Mean loss on the forgotten rows, before any training and after each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.metrics import RelearnTime
    >>> RelearnTime(2, True, np.array([0.9, 0.4, 0.1]))
    RelearnTime(epochs=2, reached=True)
    """

    epochs: int
    reached: bool
    losses: np.ndarray = field(repr=False)

    def _table(self):
        return {"epoch": np.arange(self.losses.size), "loss": self.losses}


def relearn_time(
    estimator: Any,
    X: Any,
    y: Any,
    target: float,
    *,
    train: Callable[..., Any] | None = None,
    margin: float = 0.05,
    max_epochs: int = 100,
    loss: Callable[..., Any] | None = None,
) -> RelearnTime:
    """Epochs of training after which a model knows forgotten rows as it once did.

    A model that still holds something of them learns them faster than one that never
    saw them [1]_: what the number of epochs is compared with is that of a refit.

    Parameters
    ----------
    estimator : estimator
        The unlearned model, or a refit; it is not changed.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        The forgotten rows.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
    target : float
        Their mean loss in the model that had been trained on them.
    train : callable, optional
        ``train(model)`` trains a copy of the model for one epoch, on the forgotten rows
        or on all data. By default ``model.partial_fit(X, y)``, which has to be an epoch
        of an iterative solver.
    margin : float, default=0.05
        Share of ``target`` by which the loss may exceed it.
    max_epochs : int, default=100
    loss : callable, default=None
        ``loss(estimator, X, y)`` gives the loss of each row; `sample_losses` if None.

    Returns
    -------
    RelearnTime

    Raises
    ------
    ValueError
        If a number is out of range, a loss is not a number, or without ``train`` the
        estimator is an unlearner, whose ``partial_fit`` is no epoch: it adds the rows,
        and is done.

    References
    ----------
    .. [1] A. Golatkar, A. Achille and S. Soatto, "Eternal sunshine of the spotless net:
       selective forgetting in deep networks", CVPR 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn_unlearn.metrics import relearn_time, sample_losses
    >>> X, y = load_digits(return_X_y=True)
    >>> X, noisy = X / 16.0, y.copy()
    >>> noisy[:90] = (y[:90] + 1) % 10
    >>> solver = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=0)
    >>> kept, refit = solver.fit(X, noisy), SGDClassifier(**solver.get_params())
    >>> refit = refit.fit(X[90:], noisy[90:])
    >>> target = sample_losses(kept, X[:90], noisy[:90]).mean()
    >>> relearn_time(kept, X[:90], noisy[:90], target)
    RelearnTime(epochs=0, reached=True)
    >>> relearn_time(refit, X[:90], noisy[:90], target).epochs > 0
    True
    """
    for name, value in (("target", target), ("margin", margin)):
        check_scalar(value, name, Real, min_val=0.0)
        if not np.isfinite(value):
            raise ValueError(f"{name} must be finite; got {value!r}.")
    check_scalar(max_epochs, "max_epochs", Integral, min_val=0)
    if train is None:
        if hasattr(estimator, "partial_unfit"):
            raise ValueError(
                f"partial_fit of {type(estimator).__name__} adds rows at once, in no "
                "epochs: pass train, or a model that an iterative solver trains."
            )

        def train(model):
            model.partial_fit(X, y)

    model = copy.deepcopy(estimator)
    enough = (1.0 + margin) * target
    losses = [_mean_loss(loss, model, X, y)]
    while losses[-1] > enough and len(losses) <= max_epochs:
        train(model)
        losses.append(_mean_loss(loss, model, X, y))
    reached = bool(losses[-1] <= enough)
    return RelearnTime(len(losses) - 1, reached, np.array(losses))


def _mean_loss(loss, model, X, y):
    mean = losses_of(loss, model, X, y).mean()
    if np.isnan(mean):
        raise ValueError("The mean loss of the rows is not a number.")
    return mean
