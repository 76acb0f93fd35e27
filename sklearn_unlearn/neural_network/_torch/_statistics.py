"""Running statistics of normalisation layers: a function of rows that may leave."""

from __future__ import annotations

import numpy as np
import torch


def layers_with_statistics(module):
    """Layers that normalise by means and variances that they keep."""
    return [
        each
        for each in module.modules()
        if hasattr(each, "reset_running_stats") and each.running_mean is not None
    ]


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
            function.module(X)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
