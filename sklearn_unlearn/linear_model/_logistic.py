"""Logistic regression, binary and multinomial, that unlearns."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_scalar

from sklearn_unlearn.core.losses.smooth import HalfBinomialLogistic, MultinomialLogistic
from sklearn_unlearn.linear_model._classifier import LinearClassifier
from sklearn_unlearn.utils.twin_parameters import drop_in


@drop_in
class UnlearnableLogisticRegression(LinearClassifier):
    """Logistic regression that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.linear_model.LogisticRegression` with L2 penalty: the
    coefficients of ``fit`` agree to 1e-6 relative where both are converged. ``fit``
    keeps the Cholesky factor of the Hessian; a request is then one solve with it
    (that of Warnecke et al. 2023, with the Hessian of the edited data), without
    the training data and in a time that does not depend on their number. What the
    closed form leaves is second order in the size of the request; see
    `gradient_residual` and `refine`, or keep the data.

    More than two classes are fitted with the symmetric multinomial (softmax) loss.

    Parameters
    ----------
    C : float, default=1.0
        Inverse of the strength of the penalty ``1/(2 C) ||coef||^2``, which is added
        to the SUM of the losses; ``np.inf`` means no penalty.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    class_weight : dict or "balanced", default=None
        Weights of the classes. "balanced" is computed from summed sample weights (as
        scikit-learn 1.9 does) and follows the data: see `current_class_weight`.
        Without retained data that takes a Hessian of each class and a new factor for
        each request.
    tol : float, default=1e-8
        2-norm of the gradient of the summed objective at which ``fit`` and refinement
        stop, in units of the mean weight. (The twin's tol bounds the maximum norm of a
        MEAN gradient.)
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
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : ndarray of shape (1,)

    See Also
    --------
    UnlearnableRidgeClassifier : Squared loss; its requests are exact without data.

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> clf = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    >>> clf = clf.partial_unfit(X[:2], y[:2])
    >>> bool(clf.gradient_residual(X[2:], y[2:]) < 1e-2)
    True
    """

    _twin_class = LogisticRegression
    _accepted: ClassVar = {
        "penalty": (
            ("l2", "deprecated", "elasticnet", None),
            "that of absolute values has no second derivative.",
        ),
        "l1_ratio": (None, "that of absolute values has no second derivative."),
        "multi_class": (
            ("auto", "deprecated", "multinomial"),
            "one class against the rest is a model for each.",
        ),
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    @property
    def n_iter_(self) -> Any:
        """Newton and chord steps that fit took, shape (1,)."""
        return np.array([super().n_iter_], dtype=np.int32)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        _, raw = self._raw_prediction(X)
        if raw.shape[1] == 1:
            return np.column_stack([expit(-raw), expit(raw)])
        return softmax(raw, axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        _, raw = self._raw_prediction(X)
        if raw.shape[1] == 1:
            return np.column_stack([log_expit(-raw), log_expit(raw)])
        return log_softmax(raw, axis=1)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(self.C, "C", Real, min_val=0.0, include_boundaries="neither")
        if np.isnan(self.C):
            raise ValueError("C must be a positive number or np.inf; got nan.")

    @classmethod
    def _other_objective(cls, params, n_classes):
        penalty, l1_ratio = params.get("penalty"), params.get("l1_ratio")
        # with other penalties the twin does not look at l1_ratio
        if penalty in ("deprecated", "elasticnet") and l1_ratio not in (0.0, None):
            return (
                f"l1_ratio={l1_ratio!r}, which is another objective: the penalty of "
                "absolute values has no second derivative."
            )
        many = n_classes is not None and n_classes > 2
        if params["solver"] == "liblinear" and (many or params["fit_intercept"]):
            return (
                "solver='liblinear', which penalises the intercept and sets one class "
                "against the rest: this is another objective."
            )
        if params.get("multi_class") == "multinomial" and n_classes == 2:
            return (
                "multi_class='multinomial' on two classes, which halves the "
                "coefficients: this is another objective."
            )
        return None

    def _strength(self, n_outputs):
        none = vars(self).get("penalty", "l2") is None
        return 0.0 if none else 1.0 / self.C

    def _encoding(self, y, sample_weight):
        return self._labels(y, sample_weight, signed=False)

    def _loss(self, encoding):
        if encoding.n_groups == 2:
            return HalfBinomialLogistic()
        return MultinomialLogistic()

    def _n_raw(self, encoding):
        return 1 if encoding.n_groups == 2 else encoding.n_groups

    def _shaped_coef(self, coef, encoding):
        return coef

    def _shaped_intercept(self, intercept, encoding):
        return np.zeros(self._n_raw(encoding)) if intercept is None else intercept

    def _twin(self, fitted):
        twin = self._twin_class()
        twin.classes_ = fitted.encoding.classes.copy()
        twin.n_iter_ = self.n_iter_
        return twin
