"""The net that classifies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier

from sklearn_unlearn.neural_network._torch._arrays import ModuleTargets, Shape
from sklearn_unlearn.neural_network._torch._base import ModuleUnlearner


class UnlearnableNeuralNetClassifier(ModuleUnlearner, NeuralNetClassifier):
    """A PyTorch module that classifies and unlearns, trained by skorch.

    A :class:`skorch.NeuralNetClassifier`, whose parameters it takes, as an unlearner:
    a request lowers the objective of the corrected data, from where the parameters
    are, by Levenberg-Marquardt steps with Gauss-Newton products; where training stopped
    early it takes out what rows did and does not train on (:doc:`/guide/networks`).
    It needs ``pip install "sklearn-unlearn[torch]"``.

    The objective is the summed loss of the rows, dropout off and batch norm with its
    running statistics, plus half the squared parameters times the ``weight_decay`` of
    the optimiser and the number of rows. A weight decay that is decoupled from the
    loss, as in AdamW, is taken for one that is not. Running statistics hold deleted
    rows too: a request with data, or `refine`, estimates them anew from the corrected
    rows at each step. So it does with nothing else that a module may keep in buffers.

    The objective is not convex. No request is exact, no distance to a refit is known
    and there are no certificates: `unlearning_report` says what was measured.

    As in the mean that a loss takes, targets that it ignores do not count, and others
    by the weights of their classes. Of a loss with ``reduction="sum"`` the decay is
    that of the batches of training. Where it cannot be told which outputs are of which
    class, no labels are measured, but losses alone. What a subclass adds to losses in
    ``get_loss`` may depend on the parameters; its curvature in them is left out.

    Parameters
    ----------
    module : torch.nn.Module
        A class, or an instance that ``fit`` copies, with at least one parameter that
        training changes. It is called with the features alone.
    *args : list
        As skorch's.
    criterion : torch.nn.Module, default=torch.nn.NLLLoss
        Any loss that is differentiable twice in the predictions. As in skorch, NLLLoss
        is for modules that end in a softmax; CrossEntropyLoss for such that do not.
        Gauss-Newton products suppose that it is convex.
        Parameters of its own are trained, but no request changes them.
    train_split : None or callable, default=None
        As skorch's, which holds out a fifth of the rows. Rows that are held out are
        among those of the objective that requests lower.
    classes : list, default=None
        All labels that may occur; None means those of fit. Labels are whole numbers
        from 0, one a row or a sequence of them; or numbers for losses that take those.
    params : {"all", "last_layer"}, str or list of str, default="all"
        Which parameters requests may change: all that training changes, those of the
        layer that the module defines last, or those whose names match a pattern
        ("head.*") or one of several. The others keep what they learned of rows that
        leave.
    method : {"levenberg_marquardt", "second_order", "first_order"}, \
            default="levenberg_marquardt"
        How requests are carried out. The other two are the one-shot updates of
        Warnecke et al. (2023): with the Hessian of the corrected data, damped until
        it is definite, and with the gradient alone.
    unlearning_rate : float or "auto", default="auto"
        Of the first-order update; "auto" is one over the largest eigenvalue of the
        Gauss-Newton matrix at fit.
    linear_solver : {"cg", "lissa"}, default="cg"
        Conjugate gradients, or LiSSA's recursion.
    max_steps : int or None, default=10
        Steps of a request or of `refine`, each of which lowers its objective.
    max_passes : float or None, default=None
        Passes over the data that they may take.
    max_seconds : float or None, default=None
        Seconds that they may take.
    max_rows : int or None, default=None
        How many of the rows that stay a request reads, drawn at random, beside those
        that change. The slope that training had left on rows that stay is then taken
        out of the objective, for a request that is to forget and not to train further,
        and the damping is relative to the diagonal of the curvature
        (:doc:`/guide/networks`).
        None reads all rows, and so does `refine`.
    retain_data : bool, default=True
        Whether ``fit`` keeps a reference to the training data. Without them only
        ``method="first_order"`` can answer a request, and `refine` needs the data.
    **kwargs : dict
        All other parameters of skorch, as ``optimizer__weight_decay``. Rows are read
        in batches of ``iterator_valid__batch_size``, or else ``batch_size``. With
        ``warm_start=True`` fit would keep what earlier data left: it is refused.

    Attributes
    ----------
    module_ : torch.nn.Module
        A request puts a changed copy in its place.
    classes_ : ndarray of shape (n_classes,)
    optimizer_, history_, callbacks_
        As skorch's at fit; new ones after a request, as the old ones know rows that
        left. Of callbacks that were passed as objects these are copies, initialised.

    See Also
    --------
    UnlearnableNeuralNetRegressor, UnlearnableMLPClassifier

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_unlearn import UnlearnableNeuralNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X = (X / 16.0).astype(np.float32)
    >>> poisoned = y.copy()
    >>> poisoned[:400][y[:400] == 3] = 8
    >>> _ = torch.manual_seed(0)
    >>> net = UnlearnableNeuralNetClassifier(
    ...     torch.nn.Sequential(
    ...         torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    ...     ),
    ...     criterion=torch.nn.CrossEntropyLoss,
    ...     optimizer=torch.optim.Adam,
    ...     optimizer__weight_decay=1e-4,
    ...     lr=0.01,
    ...     verbose=0,
    ... ).fit(X, poisoned)
    >>> wrong = poisoned != y
    >>> net = net.replace_labels(X[wrong], poisoned[wrong], y[wrong])
    >>> bool((net.predict(X[wrong]) == 3).mean() > 0.9)
    True
    >>> net.unlearning_report().forgotten
    True
    """

    _plain_class = NeuralNetClassifier

    def __init__(
        self,
        module: Any,
        *args: Any,
        criterion: Any = torch.nn.NLLLoss,
        train_split: Callable[..., Any] | None = None,
        classes: Any = None,
        params: Any = "all",
        method: str = "levenberg_marquardt",
        unlearning_rate: float | str = "auto",
        linear_solver: str = "cg",
        max_steps: int | None = 10,
        max_passes: float | None = None,
        max_seconds: float | None = None,
        max_rows: int | None = None,
        retain_data: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            module,
            *args,
            criterion=criterion,
            train_split=train_split,
            classes=classes,
            **kwargs,
        )
        self.params = params
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.linear_solver = linear_solver
        self.max_steps = max_steps
        self.max_passes = max_passes
        self.max_seconds = max_seconds
        self.max_rows = max_rows
        self.retain_data = retain_data

    def _encoding(self, y):
        labels = None
        if y.dtype.kind in "iu":
            labels = np.unique(y if self.classes is None else self.classes)
        return ModuleTargets(Shape.of(y), labels)
