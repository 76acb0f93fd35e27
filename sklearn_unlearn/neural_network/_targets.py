"""Targets of networks: several labels a row, and the loss of a constant prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from sklearn_unlearn.utils.targets import Labels
from sklearn_unlearn.utils.validation import check_numeric_targets

#: The constant raw prediction of a mean, by scikit-learn's name of its inverse.
_LINKS: dict[str, Any] = {
    "identity": np.asarray,
    "exp": np.log,
    "logistic": logit,
    "softmax": np.log,
}


@dataclass(frozen=True, eq=False)
class Indicators:
    """Several labels a row, of each whether the row has it.

    Attributes
    ----------
    n_outputs : int
    """

    n_outputs: int

    n_groups = 1

    @property
    def classes(self):
        """Numbers of the labels."""
        return np.arange(self.n_outputs)

    def read(self, y):
        """Encoded targets.

        Raises
        ------
        ValueError
            If they are not zeros and ones, one column a label.
        """
        y = check_numeric_targets(y)
        if y.ndim != 2 or y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y has shape {y.shape}, but the model was fitted with a column for "
                f"each of {self.n_outputs} labels."
            )
        if not np.all((y == 0.0) | (y == 1.0)):
            raise ValueError("y of several labels must hold zeros and ones only.")
        return y

    def marks(self, encoded):
        """All rows are of one group; their labels mark them too."""
        return np.column_stack([np.ones(encoded.shape[0]), encoded])


def null_loss(rows, network, encoding, tally, out_activation):
    """Mean loss of the best constant prediction.

    Parameters
    ----------
    rows : Rows
    network : Perceptron
    encoding : Labels, Indicators or Targets
    tally : Tally
        Of the rows.
    out_activation : str
        As scikit-learn names it.
    """
    sums = tally.mark_sum
    if not isinstance(encoding, Labels):
        means = sums[1:] / sums[0]
    elif out_activation == "softmax":
        means = sums / sums.sum()
    else:
        means = (sums / sums.sum())[1:] if sums.size == 2 else np.zeros(1)
    if out_activation != "identity":  # what never occurs is not impossible
        tiny = 1e-12
        means = np.clip(means, tiny, 1.0 - tiny if out_activation != "exp" else None)
    raw = np.broadcast_to(_LINKS[out_activation](means), (rows.n_rows, means.size))
    return float(rows.weight @ network.loss.value(raw, rows.y) / rows.weight.sum())
