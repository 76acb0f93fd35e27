"""The net that predicts numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from skorch import NeuralNetRegressor

from sklearn_unlearn.neural_network._torch._base import ModuleUnlearner


class UnlearnableNeuralNetRegressor(ModuleUnlearner, NeuralNetRegressor):
    """A PyTorch module that predicts numbers and unlearns, trained by skorch.

    A :class:`skorch.NeuralNetRegressor`, whose parameters it takes, as an unlearner.
    All else is as in `UnlearnableNeuralNetClassifier`.

    Parameters
    ----------
    module : torch.nn.Module
    *args : list
        As skorch's.
    criterion : torch.nn.Module, default=torch.nn.MSELoss
    train_split : None or callable, default=None
    params : {"all", "last_layer"}, str or list of str, default="all"
        As in `UnlearnableNeuralNetClassifier`, and so are the parameters that follow.
    method : {"levenberg_marquardt", "second_order", "first_order"}, \
            default="levenberg_marquardt"
    unlearning_rate : float or "auto", default="auto"
    linear_solver : {"cg", "lissa"}, default="cg"
    max_steps : int or None, default=10
    max_passes : float or None, default=None
    max_seconds : float or None, default=None
    max_rows : int or None, default=None
        How many of the rows that stay a request reads, drawn at random, beside those
        that change. The slope that training had left on rows that stay is then taken
        out of the objective, for a request that is to forget and not to train further,
        and the damping is relative to the diagonal of the curvature
        (:doc:`/guide/networks`).
        None reads all rows, and so does `refine`.
    retain_data : bool, default=True
    **kwargs : dict
        All other parameters of skorch.

    Attributes
    ----------
    module_ : torch.nn.Module
        A request puts a changed copy in its place.
    optimizer_, history_, callbacks_
        As skorch's at fit; new ones after a request.

    See Also
    --------
    UnlearnableNeuralNetClassifier, UnlearnableMLPRegressor

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_unlearn import UnlearnableNeuralNetRegressor
    >>> X = np.linspace(-1.0, 1.0, 200, dtype=np.float32)[:, None]
    >>> y = np.sin(3.0 * X)
    >>> wrong = y.copy()
    >>> wrong[150:] = 4.0
    >>> _ = torch.manual_seed(0)
    >>> net = UnlearnableNeuralNetRegressor(
    ...     torch.nn.Sequential(
    ...         torch.nn.Linear(1, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1)
    ...     ),
    ...     optimizer=torch.optim.Adam,
    ...     lr=0.02,
    ...     max_epochs=50,
    ...     verbose=0,
    ... ).fit(X, wrong)
    >>> net = net.replace_labels(X[150:], wrong[150:], y[150:])
    >>> bool(net.score(X, y) > 0.9)
    True
    """

    _plain_class = NeuralNetRegressor

    def __init__(
        self,
        module: Any,
        *args: Any,
        criterion: Any = torch.nn.MSELoss,
        train_split: Callable[..., Any] | None = None,
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
            module, *args, criterion=criterion, train_split=train_split, **kwargs
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
