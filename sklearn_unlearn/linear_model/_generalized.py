"""A linear model of any convex loss of one raw prediction, your own included."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_scalar

from sklearn_unlearn.core.losses.smooth import HalfSquaredError, SingleOutputLoss
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.linear_model._regressor import LinearRegressor

#: What a loss must have.
_NEEDED = [name for name in vars(SingleOutputLoss) if not name.startswith("_")]


class UnlearnableGeneralizedLinearModel(LinearRegressor):
    """A linear model with a loss of your own that unlearns.

    It minimises the sum (or the mean) of ``loss(x . coef + intercept, y)`` over the
    rows plus a squared penalty. :doc:`/extending/add_a_loss` develops a loss and tests
    it.

    Parameters
    ----------
    loss : object, default=None
        A convex loss of one raw prediction, for instance a subclass of
        :class:`~sklearn_unlearn.core.losses.SingleOutputLoss`, which lists what it must
        have. None means half the squared error.
    alpha : float, default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2``.
    average : bool, default=False
        Whether the penalty is added to the mean of the losses, weighted by
        ``sample_weight``, instead of their sum.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight and, of a loss with a ``target_degree``, of
        this power of the root mean square of the targets.
    max_iter : int, default=100
        Newton and chord steps in ``fit`` and in a refinement.
    method : {"second_order", "first_order"}, default="second_order"
        How requests are answered. First order is a single gradient step.
    unlearning_rate : float or "auto", default="auto"
        Step length of the first order; "auto" is one over the largest eigenvalue of
        the Hessian.
    curvature : {"auto", "cholesky", "iterative"}, default="auto"
        What is kept of the Hessian: its factor, or what speeds up conjugate gradients
        over data with many columns, whose requests need ``retain_data=True``. See
        :ref:`wide_data` for the rule of "auto".
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        and every request ends refined to ``tol``, that is exact.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them. The loss
        must have a ``self_concordance``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableGeneralizedLinearModel
    >>> from sklearn_unlearn.core.losses.smooth import HalfTweedie
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> y = rng.gamma(2.0, np.exp(0.5 * X[:, 0]))
    >>> model = UnlearnableGeneralizedLinearModel(HalfTweedie(1.9), average=True)
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-2)
    True
    """

    def __init__(
        self,
        loss: Any = None,
        *,
        alpha: float = 1.0,
        average: bool = False,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.average = average
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.loss, "inverse_link"):  # a certificate is of an exported model
            tags.unlearning.certified = False
        return tags

    # Hooks --------------------------------------------------------------------------

    @property
    def _averages(self):
        return bool(self.average)

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(self.average, "average", (bool, np.bool_, Integral))
        check_scalar(self.alpha, "alpha", Real, min_val=0.0)
        if not np.isfinite(self.alpha):
            raise ValueError(f"alpha must be finite; got {self.alpha!r}.")
        loss = self._loss(None)
        missing = [name for name in _NEEDED if not hasattr(loss, name)]
        if missing or isinstance(loss, type):
            raise ValueError(
                f"loss must be an object with {', '.join(_NEEDED)}; {loss!r} is not: "
                f"{'a class' if not missing else 'it lacks ' + ', '.join(missing)}."
            )
        if loss.coupled or loss.shift_invariant:
            raise ValueError("loss must be of one raw prediction: it is coupled.")

    def _strength(self, n_outputs):
        return float(self.alpha)

    def _loss(self, encoding):
        return HalfSquaredError() if self.loss is None else self.loss

    def _twin(self, fitted):
        if hasattr(fitted.model.state.objective.loss, "inverse_link"):
            raise UnlearningError(
                "loss has an inverse_link, and scikit-learn no linear model to export "
                "with it."
            )
        return LinearRegression()
