"""The perceptron that predicts numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.neural_network import MLPRegressor

from sklearn_unlearn.core.losses.multi_output import Outputwise
from sklearn_unlearn.core.losses.smooth import HalfPoisson, HalfSquaredError
from sklearn_unlearn.neural_network._base import PerceptronUnlearner
from sklearn_unlearn.utils.targets import Targets


class UnlearnableMLPRegressor(RegressorMixin, PerceptronUnlearner):
    """A multi-layer perceptron that predicts one or more numbers and unlearns.

    scikit-learn's :class:`~sklearn.neural_network.MLPRegressor` trains it; its
    parameters, from ``loss`` to ``max_fun``, are those of the twin. All else is as in
    `UnlearnableMLPClassifier`.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        "poisson" needs scikit-learn 1.7.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, \
            learning_rate_init, power_t, max_iter, shuffle, random_state, tol, \
            verbose, momentum, nesterovs_momentum, early_stopping, \
            validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        Of the training, as in the twin.
    warm_start : False
        Not supported: it would keep what earlier data left in the weights.
    method : {"levenberg_marquardt", "second_order", "first_order"}, \
            default="levenberg_marquardt"
        As in `UnlearnableMLPClassifier`, and so are the parameters that follow.
    unlearning_rate : float or "auto", default="auto"
    linear_solver : {"cg", "lissa"}, default="cg"
    max_steps : int or None, default=10
    max_passes : float or None, default=None
    max_seconds : float or None, default=None
    retain_data : bool, default=True

    Attributes
    ----------
    coefs_ : list of ndarrays
        Weights of each layer, read-only.
    intercepts_ : list of ndarrays
        Intercepts of each layer, read-only.
    loss_ : float
        As the twin's at fit; after a request the objective divided by the rows.
    n_features_in_, n_iter_, n_layers_, n_outputs_, out_activation_, t_
        As the twin's at fit.
    loss_curve_, best_loss_, validation_scores_, best_validation_score_
        As the twin's; they are gone after a request.

    See Also
    --------
    UnlearnableMLPClassifier

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableMLPRegressor
    >>> X = np.linspace(-1.0, 1.0, 200)[:, None]
    >>> y = np.sin(3.0 * X[:, 0])
    >>> wrong = y.copy()
    >>> wrong[150:] = 4.0
    >>> model = UnlearnableMLPRegressor(
    ...     activation="tanh", solver="lbfgs", tol=3e-3, random_state=0
    ... ).fit(X, wrong)
    >>> model = model.replace_labels(X[150:], wrong[150:], y[150:])
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _twin_class = MLPRegressor
    _target_checks: ClassVar = {"multi_output": True, "y_numeric": True}

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        method: str = "levenberg_marquardt",
        unlearning_rate: float | str = "auto",
        linear_solver: str = "cg",
        max_steps: int | None = 10,
        max_passes: float | None = None,
        max_seconds: float | None = None,
        retain_data: bool = True,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.linear_solver = linear_solver
        self.max_steps = max_steps
        self.max_passes = max_passes
        self.max_seconds = max_seconds
        self.retain_data = retain_data

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # Hooks --------------------------------------------------------------------------

    def _encoding(self, y):
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        loss = HalfPoisson() if self.loss == "poisson" else HalfSquaredError()
        return Targets(n_outputs, y.ndim == 1, loss)

    def _example(self, encoding, target, n_columns):
        y = np.ones((2, encoding.n_outputs))
        return np.ones((2, n_columns)), y[:, 0] if encoding.n_outputs == 1 else y

    def _loss(self, out_activation, n_outputs):
        if out_activation == "identity":
            return HalfSquaredError()
        return HalfPoisson() if n_outputs == 1 else Outputwise(HalfPoisson())
