"""Running statistics of normalisation layers: a function of rows that may leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from sklearn_unlearn.exceptions import UnlearningError

#: Layers that normalise by means and variances of several rows.
_BY_BATCH = (
    torch.nn.BatchNorm1d,
    torch.nn.BatchNorm2d,
    torch.nn.BatchNorm3d,
    torch.nn.SyncBatchNorm,
)
#: And those that keep such, though they train by each row.
_KEEPING = (
    *_BY_BATCH,
    torch.nn.InstanceNorm1d,
    torch.nn.InstanceNorm2d,
    torch.nn.InstanceNorm3d,
)


def layers_with_statistics(module):
    """Layers that normalise by means and variances that training moves.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode; layers that it holds there also in training, as pretrained
        ones, have statistics of no row.

    Returns
    -------
    list of torch.nn.Module
    """
    layers = [
        each
        for each in module.modules()
        if isinstance(each, _KEEPING) and each.running_mean is not None
    ]
    if not layers:
        return layers
    module.train()
    layers = [each for each in layers if each.training]
    module.eval()
    return layers


def check_statistics(module):
    """Refuse layers that normalise by the batch also in evaluation mode.

    Raises
    ------
    ValueError
    """
    for name, each in module.named_modules():
        if isinstance(each, _BY_BATCH) and not each.track_running_stats:
            raise ValueError(
                f"The layer {name or type(each).__name__!r} of the module has "
                "track_running_stats=False: what it gives for a row depends on the "
                "rows that are read with it, so that there is no objective to lower."
            )


def reestimate(function, rows, seed=0):
    """Estimate the running statistics of the function's module from these rows alone.

    Each is the mean over batches of what the layer sees with the layers before it
    normalising by the batch, as in training, where weights do not count either. All
    else stays in evaluation mode.

    Parameters
    ----------
    function : ModuleFunction
        Its module is changed.
    rows : Rows
    seed : int, default=0
        Of the order of the rows: sorted ones would hide what varies between batches.

    Raises
    ------
    UnlearningError
        If one row is left, and a layer needs more.
    """
    layers, rows = layers_with_statistics(function.module), rows.weighted()
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    order = np.random.default_rng(seed).permutation(rows.n_rows)
    # of equal sizes, since each counts as much
    size = max(2, function.batch_size(rows.n_rows))  # one row has no variance
    n_batches = max(1, rows.n_rows // size)
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a mean over all batches
        layer.train()
    with torch.no_grad():
        for part in np.array_split(order, n_batches):
            X = function.features.tensor(rows.X[np.sort(part)], function.net.device)
            try:
                function.module(X)
            except ValueError as error:
                if rows.n_rows > 1:
                    raise
                raise UnlearningError(
                    "One row is left, from which the running statistics of batch norm "
                    f"cannot be estimated: {error}"
                ) from error
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()


def moving(objective):
    """The objective with statistics of its own for all parameters, if it has such."""
    if not layers_with_statistics(objective.function.module):
        return objective
    return MovingObjective(objective)


class MovingObjective:
    """An objective whose running statistics are those of the parameters in question.

    They are estimated anew wherever it is read, so that steps are taken if they lower
    what the changed module will give. Of its gradient and its curvature they are
    constants: their derivatives would need all rows at once.

    Parameters
    ----------
    objective : ModuleObjective
        Its module is changed.
    """

    def __init__(self, objective):
        self._objective, self._theta = objective, None

    @property
    def n_rows(self):
        """Number of rows."""
        return self._objective.n_rows

    def value(self, theta):
        """The objective."""
        return self._at(theta).value(theta)

    def value_and_gradient(self, theta):
        """The objective and its gradient."""
        return self._at(theta).value_and_gradient(theta)

    def slope(self, theta):
        """Both, and what preconditions."""
        return self._at(theta).slope(theta)

    def curvature(self, theta, rows, kind, squares=None):
        """The curvature at theta, whatever else is read before it is used."""
        objective = self._at(theta)
        still = replace(objective, function=objective.function.copied())
        return still.curvature(theta, rows, kind, squares)

    def _at(self, theta):
        """The objective with the statistics of these parameters."""
        objective = self._objective
        if theta is not self._theta:
            objective.function.load(theta)
            reestimate(objective.function, objective.rows)
            self._theta = theta
        return objective
