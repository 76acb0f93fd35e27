"""The perceptron that classifies."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassifierMixin
from sklearn.neural_network import MLPClassifier
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_unlearn.core.losses.multi_output import Outputwise
from sklearn_unlearn.core.losses.smooth import HalfBinomialLogistic, MultinomialLogistic
from sklearn_unlearn.neural_network._base import PerceptronUnlearner
from sklearn_unlearn.neural_network._targets import Indicators
from sklearn_unlearn.utils.asked import ProbabilityMixin
from sklearn_unlearn.utils.learned import Learned
from sklearn_unlearn.utils.targets import Labels, check_labels


class UnlearnableMLPClassifier(ProbabilityMixin, ClassifierMixin, PerceptronUnlearner):
    """A multi-layer perceptron that classifies and unlearns.

    scikit-learn's :class:`~sklearn.neural_network.MLPClassifier` trains it; its
    parameters, from ``hidden_layer_sizes`` to ``max_fun``, are those of the twin. A
    request then lowers the objective of the corrected data, from where the weights
    are, by Levenberg-Marquardt steps with Gauss-Newton products; where training stopped
    early it takes out what rows did and does not train on (:doc:`/guide/networks`).

    The objective is not convex. No request is exact, no distance to a refit is known
    and there are no certificates: `unlearning_report` says what was measured.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, \
            learning_rate_init, power_t, max_iter, shuffle, random_state, tol, \
            verbose, momentum, nesterovs_momentum, early_stopping, \
            validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        Of the training, as in the twin.
    warm_start : False
        Not supported: it would keep what earlier data left in the weights.
    method : {"levenberg_marquardt", "second_order", "first_order"}, \
            default="levenberg_marquardt"
        How requests are carried out. The other two are the one-shot updates of
        Warnecke et al. (2023): with the Hessian of the corrected data, damped until
        it is definite, and with the gradient alone.
    unlearning_rate : float or "auto", default="auto"
        Of the first-order update; "auto" is one over the largest eigenvalue of the
        Gauss-Newton matrix at fit.
    linear_solver : {"cg", "lissa"}, default="cg"
        Preconditioned conjugate gradients, or LiSSA's recursion.
    max_steps : int or None, default=10
        Steps of a request or of `refine`, each of which lowers its objective.
    max_passes : float or None, default=None
        Passes over the data that they may take.
    max_seconds : float or None, default=None
        Seconds that they may take.
    retain_data : bool, default=True
        Whether ``fit`` keeps a reference to the training data. Without them only
        ``method="first_order"`` can answer a request, and `refine` needs the data.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
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
    UnlearnableMLPRegressor

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_unlearn import UnlearnableMLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> poisoned = y.copy()
    >>> poisoned[:400][y[:400] == 3] = 8
    >>> clf = UnlearnableMLPClassifier(
    ...     (30,), alpha=0.1, batch_size=32, max_iter=20, tol=0.1, random_state=0
    ... ).fit(X, poisoned)
    >>> wrong = poisoned != y
    >>> clf = clf.replace_labels(X[wrong], poisoned[wrong], y[wrong])
    >>> bool((clf.predict(X[wrong]) == 3).mean() > 0.9)
    True
    >>> clf.unlearning_report().forgotten
    True
    """

    _twin_class = MLPClassifier

    classes_ = Learned()

    def __init__(
        self,
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
        tags.classifier_tags.multi_label = True
        return tags

    # Hooks --------------------------------------------------------------------------

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)

    def _encoding(self, y):
        if sp.issparse(y):
            raise ValueError("y must be dense: pass y.toarray().")
        check_classification_targets(y)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return Indicators(y.shape[1])
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                "y must be one label a row, or zeros and ones in a column for each of "
                f"several labels; got shape {y.shape}."
            )
        classes = np.unique(y)
        return Labels(classes, signed=False, class_weight=np.ones(classes.size))

    def _example(self, encoding, target, n_columns):
        if isinstance(encoding, Labels):
            y = np.repeat(encoding.classes, 2)
        else:
            y = np.vstack([np.eye(encoding.n_outputs), np.zeros(encoding.n_outputs)])
            y = y.astype(int)
        return np.ones((y.shape[0], n_columns)), y

    def _loss(self, out_activation, n_outputs):
        if out_activation == "softmax":
            return MultinomialLogistic()
        loss = HalfBinomialLogistic()
        return loss if n_outputs == 1 else Outputwise(loss)
