"""Ways to correct the labels that a net was trained with, each timed."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.networks.modules import OfRows
from benchmarks.networks.training import net, trained
from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.ensemble import ShardedClassifier

#: Of Adam, beside the recipe's: for retraining and for fine-tuning.
TUNED = (3e-3, 1e-2)
#: Of the paper's first-order update.
RATES = (1e-5, 1e-4, 1e-3, 1e-2)
STEPS = (1, 2, 3, 5)
_N_SHARDS = 5


@dataclass(frozen=True)
class Recipe:
    """How the model was trained, and is trained again.

    Attributes
    ----------
    module : type
    shape : tuple of int
    n_classes : int
    n_epochs : int
    seed : int
    lr : float
        PyTorch's default for Adam.
    batch_size : int
        skorch's default.
    """

    module: Any
    shape: tuple
    n_classes: int
    n_epochs: int
    seed: int
    lr: float = 1e-3
    batch_size: int = 128


def curves_of(recipe, data):
    """Accuracy against seconds of each way to correct the labels.

    Returns
    -------
    before : float
        Accuracy of the model that learned the wrong labels.
    curves : dict of str to list of (float, float)
        Points of seconds and accuracy. Those of unlearning are requests of their own;
        the others are epochs of one training.
    """
    poisoned = net(recipe).fit(data.X, data.wrong)
    state = poisoned.module_.state_dict()

    def score(model):
        return float((model.predict(data.X_test) == data.y_test).mean())

    def again(lr, start=None, seconds=float("inf")):
        return trained(
            net(recipe, lr),
            data.X,
            data.y,
            score,
            n_epochs=recipe.n_epochs,
            state=start,
            seconds=seconds,
        )

    def corrected(model):
        bad, start = data.bad, time.process_time()
        model.replace_labels(data.X[bad], data.wrong[bad], data.y[bad])
        return time.process_time() - start, score(model)

    def adopted(**params):
        return UnlearnableNeuralNetClassifier.from_skorch(
            poisoned, data.X, data.wrong, **params
        )

    corrected(adopted(max_steps=1))  # what torch sets up once is nobody's time
    curves = {
        "Levenberg-Marquardt": [corrected(adopted(max_steps=n)) for n in STEPS],
        "second order, once": [corrected(adopted(method="second_order"))],
        "first order, once, auto": [corrected(adopted(method="first_order"))],
    }
    curves["first order, once, best rate"] = [
        max(
            (
                corrected(adopted(method="first_order", unlearning_rate=rate))
                for rate in RATES
            ),
            key=lambda point: point[1],
        )
    ]
    limit = curves["Levenberg-Marquardt"][-1][0]
    for lr in (recipe.lr, *TUNED):
        curves[f"fine-tuning, lr {lr:g}"] = again(lr, copy.deepcopy(state), limit)
    curves[f"SISA, {_N_SHARDS} shards"] = [_sharded(recipe, data)]
    for lr in (recipe.lr, *TUNED):
        curves[f"retraining, lr {lr:g}"] = again(lr)
    return score(poisoned), curves


def _sharded(recipe, data):
    """Seconds and accuracy of shards that are trained again."""
    whole = net(recipe).set_params(module=OfRows, module__module=recipe.module)
    X, X_test = (each.reshape(each.shape[0], -1) for each in (data.X, data.X_test))
    shards = ShardedClassifier(whole, n_shards=_N_SHARDS, random_state=recipe.seed)
    shards.fit(X, data.wrong)
    bad, start = data.bad, time.process_time()
    shards.replace_labels(X[bad], data.wrong[bad], data.y[bad])
    seconds = time.process_time() - start
    return seconds, float((shards.predict(X_test) == data.y_test).mean())
