"""The fitted value of a network, and the report of its last request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.network.perceptron import Perceptron
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True)
class UnlearningReport:
    """What a request did, measured.

    All figures are functions of the training data, deleted rows among them: for the
    operator, not for publication.

    Attributes
    ----------
    outcome : str
        Why it ended.
    n_steps : int
    passes : float or None
        Passes over the data; None for a one-shot update.
    seconds : float
    objective_before, objective : float or None
        The objective on the corrected data, before and after; None without data.
    loss_before, loss_after : float or None
        Mean loss, before and after, of the rows that left, as they were. None if no
        rows left.
    predicted_before, predicted_after : float or None
        Share of these rows whose labels are predicted, before and after; of several
        labels a row, all that left. None of a regressor, or if no rows left.
    forgotten : bool or None
        Whether nothing shows that these rows were learned: their loss rose, to that of
        a constant prediction or more, and of a classifier fewer of their labels are
        predicted than before, or less than half. False does not say that they are
        remembered, where other rows teach the same: a refit then predicts them too.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_unlearn import UnlearnableMLPClassifier
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> noted = y.copy()
    >>> noted[:40] = 1 - y[:40]
    >>> net = UnlearnableMLPClassifier(
    ...     (5,), solver="lbfgs", alpha=1.0, tol=1e-3, max_iter=1000, random_state=0
    ... )
    >>> net = net.fit(X / 16.0, noted).replace_labels(X[:40] / 16.0, noted[:40], y[:40])
    >>> report = net.unlearning_report()
    >>> report.forgotten, report.loss_after > report.loss_before
    (True, True)
    """

    outcome: str
    n_steps: int
    passes: float | None
    seconds: float
    objective_before: float | None
    objective: float | None
    loss_before: float | None = None
    loss_after: float | None = None
    predicted_before: float | None = None
    predicted_after: float | None = None
    forgotten: bool | None = None


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A network's parameters, and what is known of its rows.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
    tally : Tally
    marks : callable
        What the tally looks at in encoded targets.
    retained : RetainedRows or None
    forgotten : ndarray of bool of shape (n_features,)
    """

    theta: Any
    tally: Tally
    marks: Any
    retained: RetainedRows | None
    forgotten: np.ndarray


@dataclass(frozen=True, eq=False)
class Fitted:
    """Everything a network learned, in one immutable value.

    Attributes
    ----------
    model : NetworkModel
    network : Perceptron
    encoding : Labels, Indicators or Targets
    columns : Columns
    params : dict
        Parameters of the estimator at fit.
    rate : float or None
        Of a first-order update, if it is found automatically.
    null_loss : float
        Mean loss of the best constant prediction at fit.
    sklearn_estimator : estimator
        scikit-learn's estimator with these parameters, for predictions.
    report : UnlearningReport or None
    """

    model: NetworkModel
    network: Perceptron
    encoding: Any
    columns: Columns
    params: dict
    rate: float | None
    null_loss: float
    sklearn_estimator: Any
    report: UnlearningReport | None = None


def decay_of(params, n_rows):
    """Weight decay of the summed objective of so many rows.

    scikit-learn adds ``alpha / 2`` times the squared weights, divided by the rows of a
    batch, to the mean loss of the batch: per batch as much as ``alpha`` in a sum.
    """
    if params["solver"] == "lbfgs":
        return float(params["alpha"])
    batch = params["batch_size"]
    batch = 200 if isinstance(batch, str) else batch
    return float(params["alpha"]) * max(n_rows / batch, 1.0)
