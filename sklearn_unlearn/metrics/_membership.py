"""Membership inference: whether one can tell that a model was trained on rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import auc, roc_curve
from sklearn.utils import check_array, check_scalar

from sklearn_unlearn.metrics._losses import losses_of
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.rows import split, take
from sklearn_unlearn.utils.seeds import generator_of
from sklearn_unlearn.utils.validation import named

#: Models below which all rows share a variance, as Carlini et al. (2022) advise.
_ENOUGH_MODELS = 64

#: Standard deviations, relative to the statistic, that are rounding and not spread.
_ROUNDING = 1e-8


@dataclass(frozen=True, eq=False)
class MembershipInference(FrameMixin):
    """What `membership_inference` found.

    Attributes
    ----------
    auc : float
        Area under the ROC curve: 0.5 if members cannot be told.
    advantage : float
        Largest difference between true and false positive rates, at least 0.
    fpr, tpr : ndarray of shape (n_thresholds,)
        The ROC curve: rates of rows called members that are not, and that are.

    Examples
    --------
    >>> from sklearn_unlearn.metrics import membership_inference
    >>> found = membership_inference([0.1, 0.2, 0.4], [0.3, 0.5, 0.9])
    >>> found.auc, found.tpr_at(0.0)
    (0.88889, 0.66667)
    """

    auc: float
    advantage: float
    fpr: np.ndarray = field(repr=False)
    tpr: np.ndarray = field(repr=False)

    def tpr_at(self, fpr: float) -> float:
        """True positive rate at a false positive rate of at most ``fpr``.

        Parameters
        ----------
        fpr : float
            Below one over the number of rows that are no members, none of these
            may be called one.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If ``fpr`` is no number between 0 and 1.
        """
        check_scalar(fpr, "fpr", Real, min_val=0.0, max_val=1.0)
        if np.isnan(fpr):
            raise ValueError("fpr must be a number between 0 and 1; got nan.")
        return float(self.tpr[self.fpr <= fpr].max())

    def _table(self):
        return {"fpr": self.fpr, "tpr": self.tpr}


def membership_inference(forgotten: Any, unseen: Any) -> MembershipInference:
    """Attack that tells from losses whether a model was trained on rows.

    With losses of one model it is the attack on a **population**: one threshold for
    all rows [1]_. With losses of many models on the same rows it is the attack on each
    **example**, U-LiRA [2]_: two Gaussians are fitted for each row, to the statistic
    ``-log(exp(loss) - 1)`` of models that forgot it and of models that never saw it,
    which for a cross-entropy is the logit of the label's probability, and their
    likelihood ratio decides [3]_. The Gaussians by which a model is judged are fitted
    to the others. An attack on a population passes what an attack on each example
    finds: prefer the latter, from `shadow_losses`, where the refits can be afforded.

    Parameters
    ----------
    forgotten : array-like of shape (n_rows,) or (n_models, n_rows)
        Losses of rows that the model was trained on and has forgotten (or has kept,
        for the attack before the request). In two dimensions, at least 0.
    unseen : array-like of shape (n_others,) or (n_models, n_rows)
        Losses of other rows of the same distribution that it never saw; or of the same
        rows in as many models that never saw them. Models in the same place may be of
        the same data.

    Returns
    -------
    MembershipInference

    Raises
    ------
    ValueError
        If losses are not finite, of other shapes, of less than three models, or
        negative where a logarithm is taken.

    References
    ----------
    .. [1] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy risk in machine
       learning: analyzing the connection to overfitting", CSF 2018.
    .. [2] J. Hayes, I. Shumailov, E. Triantafillou, A. Khalifa and N. Papernot,
       "Inexact unlearning needs more careful evaluations to avoid a false sense of
       privacy", arXiv 2403.01218, 2024.
    .. [3] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramer, "Membership
       inference attacks from first principles", IEEE S&P 2022.

    Examples
    --------
    >>> from sklearn_unlearn.metrics import membership_inference
    >>> attack = membership_inference([0.1, 0.2, 0.6], [0.5, 0.7, 0.8, 0.9])
    >>> attack.auc, attack.tpr_at(0.1)
    (0.9166..., 0.6666...)
    """
    forgotten, unseen = _matrix(forgotten, "forgotten"), _matrix(unseen, "unseen")
    if forgotten.ndim != unseen.ndim or (
        forgotten.ndim == 2 and forgotten.shape != unseen.shape
    ):
        raise ValueError(
            "forgotten and unseen must both be 1D, or 2D of one shape; got shapes "
            f"{forgotten.shape} and {unseen.shape}."
        )
    if forgotten.ndim == 1:
        of_each = -forgotten, -unseen
    else:
        of_each = _likelihood_ratios(_logits(forgotten), _logits(unseen))
    labels = np.repeat([1, 0], [of_each[0].size, of_each[1].size])
    scores = np.concatenate([each.ravel() for each in of_each])
    # with every threshold: those between the ends of a straight piece count too
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return MembershipInference(
        auc=float(auc(fpr, tpr)), advantage=float(np.max(tpr - fpr)), fpr=fpr, tpr=tpr
    )


def shadow_losses(
    estimator: Any,
    X: Any,
    y: Any,
    rows: Any,
    *,
    unlearn: Callable[..., Any] | None = None,
    n_models: int = 16,
    fraction: float = 0.5,
    loss: Callable[..., Any] | None = None,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses of rows in models that forgot them and in models that never saw them.

    For each model a share of the other rows is drawn. An estimator is fitted on these
    and on the rows in question, which it then unlearns; another is fitted without them.

    Parameters
    ----------
    estimator : estimator
        Cloned and fitted twice a model.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    rows : array-like of int, or mask of shape (n_samples,)
        The rows to forget.
    unlearn : callable, optional
        ``unlearn(model, X_rows, y_rows)`` makes a fitted model forget, in place or by
        returning another; by default ``model.partial_unfit``. With ``lambda *_: None``
        it keeps them.
    n_models : int, default=16
        At least 3. Single variances are fitted from 64.
    fraction : float, default=0.5
        Share of the other rows that each model is fitted on.
    loss : callable, default=None
        ``loss(estimator, X, y)`` gives the loss of each row; `sample_losses` if None.
    random_state : int, RandomState instance or None, default=None
        Draws them.

    Returns
    -------
    forgotten, unseen : ndarray of shape (n_models, n_rows)
        For `membership_inference`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, or ``rows`` are none or all.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.metrics import membership_inference, shadow_losses
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableLogisticRegression(retain_data=True)
    >>> losses = shadow_losses(model, scale(X), y, range(10), random_state=0)
    >>> membership_inference(*losses).auc
    0.5
    """
    check_scalar(n_models, "n_models", Integral, min_val=3)
    check_scalar(
        fraction, "fraction", Real, min_val=0, max_val=1, include_boundaries="right"
    )
    rows, others = split(np.shape(y)[0], rows)
    rng = generator_of(random_state)
    X_rows, y_rows = take(X, rows), take(y, rows)
    n_drawn = max(1, round(fraction * others.size))
    forgotten, unseen = [], []
    for _ in range(n_models):
        drawn = rng.choice(others, n_drawn, replace=False)
        both = np.concatenate([drawn, rows])
        model = clone(estimator).fit(take(X, both), take(y, both))
        if unlearn is None:
            model.partial_unfit(X_rows, y_rows)
        else:
            answer = unlearn(model, X_rows, y_rows)
            model = model if answer is None else answer
        refit = clone(estimator).fit(take(X, drawn), take(y, drawn))
        forgotten.append(losses_of(loss, model, X_rows, y_rows))
        unseen.append(losses_of(loss, refit, X_rows, y_rows))
    return np.array(forgotten), np.array(unseen)


def _matrix(losses, name):
    with named(name):
        losses = check_array(losses, ensure_2d=False, dtype=np.float64, input_name=name)
    if losses.ndim == 2 and losses.shape[0] < 3:
        raise ValueError(f"{name} must be of at least 3 models; got {losses.shape[0]}.")
    if losses.ndim == 2 and losses.min() < 0.0:
        raise ValueError(f"{name} holds a negative loss, which has no logit.")
    return losses


def _logits(losses):
    """``-log(exp(loss) - 1)``, for a cross-entropy the logit of the probability."""
    losses = np.maximum(losses, np.finfo(np.float64).tiny)
    return -(losses + np.log(-np.expm1(-losses)))


def _likelihood_ratios(forgotten, unseen):
    """Of each model and row, by Gaussians of all other models."""
    scale = np.maximum(1.0, np.abs([forgotten, unseen]).max(axis=(0, 1)))
    scores = np.empty((2, *forgotten.shape))
    for model in range(len(forgotten)):
        worlds = [np.delete(each, model, axis=0) for each in (forgotten, unseen)]
        fits = [_gaussian(world, _ROUNDING * scale) for world in worlds]
        for world, values in enumerate((forgotten[model], unseen[model])):
            likely, unlikely = (_log_density(values, *fit) for fit in fits)
            scores[world, model] = likely - unlikely
    return scores


def _gaussian(values, least):
    """Mean and standard deviation of each row's values."""
    variance = values.var(axis=0, ddof=1)
    if len(values) + 1 < _ENOUGH_MODELS:
        variance = np.full_like(variance, variance.mean())
    return values.mean(axis=0), np.maximum(np.sqrt(variance), least)


def _log_density(values, mean, deviation):
    return -0.5 * ((values - mean) / deviation) ** 2 - np.log(deviation)
