"""The gradient residual of any linear model, ours or not."""

from __future__ import annotations

from typing import Any

from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.residual import GradientResidual
from sklearn_unlearn.utils.steps import own


def gradient_residual_norm(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, objective: Any = None
) -> GradientResidual:
    """Norm of the gradient of the summed objective: zero for a refit.

    The measure of [1]_ for what a model still holds of rows that are not in X: it is at
    the minimum of the objective on X if and only if its residual is zero. That of an
    unlearner is what its ``gradient_residual`` returns. Any other linear model, say a
    refit by scikit-learn, one fine-tuned by stochastic gradient descent, or one with
    coefficients set to zero, is measured at its ``coef_`` and ``intercept_``.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        The training data as they should be now. A column that the model may not use is
        zero in them, unless the estimator is an unlearner and knows.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
    sample_weight : array-like of shape (n_rows,) or float, optional
    objective : unlearner, optional
        Its parameters say of which objective; fitted or not. By default the estimator
        is an unlearner, or the twin of one and of this objective.

    Returns
    -------
    GradientResidual
        A float with the attribute ``rounding_error``, a bound on its error: a residual
        below it cannot be told from zero.

    Raises
    ------
    TypeError
        If no objective is known for this estimator, or ``objective`` has none.
    ValueError
        If the columns or labels are not those of the estimator.

    References
    ----------
    .. [1] A. Warnecke, L. Pirch, C. Wressnegger and K. Rieck, "Machine unlearning of
       features and labels", NDSS 2023.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.metrics import gradient_residual_norm
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> kept = LogisticRegression().fit(X, y)
    >>> forgot = UnlearnableLogisticRegression().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> before = gradient_residual_norm(kept, X[3:], y[3:])
    >>> bool(gradient_residual_norm(forgot, X[3:], y[3:]) < before / 10)
    True
    """
    if objective is None:
        if hasattr(estimator, "gradient_residual"):
            return estimator.gradient_residual(X, y, sample_weight)
        objective = _objective_of(estimator)
    residual_of = own(objective, "_residual_of")
    if residual_of is None:
        raise TypeError(
            "objective must be a linear unlearner that minimises one, such as "
            f"UnlearnableLogisticRegression(C=1.0); got {type(objective).__name__}."
        )
    return residual_of(estimator, X, y, sample_weight)


def _objective_of(estimator):
    """The unlearner of which a fitted model is the twin."""
    for _, unlearner in all_estimators():
        like = own(unlearner, "_like")
        if like is not None and type(estimator) is own(unlearner, "_twin_class"):
            return like(estimator, {})
    raise TypeError(
        f"{type(estimator).__name__} has no gradient_residual and is not the twin of "
        "an unlearner: say with objective= of which one the gradient is meant."
    )
