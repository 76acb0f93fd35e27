"""Modules that forget columns: zeros at their entrance.

Which parameters read a column cannot be known of any module, so that none are set to
zero: the values are.
"""

from __future__ import annotations

import torch


class ForgottenColumns:
    """A hook of a module that sets forgotten columns of its input to zero.

    Parameters
    ----------
    mask : ndarray of bool of shape (n_columns,)
        Of rows as flat vectors.
    """

    def __init__(self, mask):
        self.mask = torch.tensor(mask)

    def __call__(self, module, inputs):
        """The inputs with zeros, whatever stands there or if they lack the columns."""
        X, *rest = inputs
        mask = self.mask.to(X.device)
        if X.ndim == 2 and X.shape[1] == int((~self.mask).sum()):
            full = X.new_zeros((X.shape[0], mask.numel()))
            full[:, ~mask] = X
            return (full, *rest)
        flat = X.reshape(X.shape[0], -1)
        return (torch.where(mask, 0.0, flat).reshape(X.shape), *rest)


def forget(module, mask):
    """Set these columns to zero at the entrance of a module, from now on.

    Of several such hooks the last one comes first, and knows all columns.
    """
    module.register_forward_pre_hook(ForgottenColumns(mask), prepend=True)
