"""Logistic regression whose penalty is chosen in folds, anew by each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.linear_model import UnlearnableLogisticRegression
from sklearn_unlearn.model_selection._attributes import Found
from sklearn_unlearn.model_selection._search import SearchModel
from sklearn_unlearn.utils.messages import refusing, warn
from sklearn_unlearn.utils.twin_parameters import drop_in, other_objective

#: Why other penalties are refused.
_PENALTY = "that of absolute values has no second derivative."


@drop_in
class UnlearnableLogisticRegressionCV(SearchModel, GridSearchCV):
    """Logistic regression that unlearns, and whose requests choose C anew.

    What :class:`sklearn.linear_model.LogisticRegressionCV` is with L2 penalties and one
    of them for all classes: an `UnlearnableGridSearchCV` among values of C, whose
    models of all folds unlearn together.

    Parameters
    ----------
    Cs : int or array-like of shape (n_cs,), default=10
        Values of C; a number of them is spaced between 1e-4 and 1e4, as in the twin.
    fit_intercept : bool, default=True
    cv : int, cross-validation generator or an iterable, default=None
        Each row keeps the folds that it is in at ``fit``.
    scoring : str or callable, default=None
        One metric; None is the accuracy.
    class_weight : dict or "balanced", default=None
    tol : float, default=1e-8
        As for `UnlearnableLogisticRegression`, as is ``max_iter``.
    max_iter : int, default=100
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.
    retain_data : bool, default=True
        True: models, and with them scores and the choice, are those of a fresh fit, to
        ``tol``. False: requests are answered by a closed form.
    keep, max_bytes
        As for `UnlearnableGridSearchCV`.

    Attributes
    ----------
    C_ : float
        The chosen one.
    Cs_ : ndarray of shape (n_cs,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Zero where forgotten.
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : int
        Steps of the last fit of the best model.
    classes_ : ndarray of shape (n_classes,)
    cv_results_, best_index_, best_score_, best_estimator_, request_report_, n_bytes_
        As of `UnlearnableGridSearchCV`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    See Also
    --------
    UnlearnableGridSearchCV : For pipelines, where each fold has its own preprocessing.
    UnlearnableRidgeCV : The same for squared errors, without folds.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableLogisticRegressionCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = UnlearnableLogisticRegressionCV(Cs=[0.01, 1.0], cv=3).fit(X, y)
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> model.C_, model.request_report_.choice_changed
    (1.0, False)
    """

    _twin_class = LogisticRegressionCV
    _accepted: ClassVar[dict[str, tuple[tuple | None, str]]] = {
        "penalty": (("l2", "deprecated"), _PENALTY),
        "l1_ratios": (None, _PENALTY),
        "multi_class": (
            ("auto", "deprecated", "multinomial"),
            "one class against the rest is a model for each.",
        ),
        "refit": ((True,), "coefficients are averaged over the folds."),
    }

    _added: ClassVar[dict[str, Any]] = {}
    #: How the model was solved that was taken over, for one that is exported.
    _solved_by: Mapping[str, Any] = MappingProxyType({})
    pre_dispatch = "2*n_jobs"
    error_score = np.nan
    return_train_score = False
    refold = False

    def __init__(
        self,
        *,
        Cs: Any = 10,
        fit_intercept: bool = True,
        cv: Any = None,
        scoring: Callable[..., Any] | str | None = None,
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int = 100,
        n_jobs: int | None = None,
        retain_data: bool = True,
        keep: Any = "all",
        max_bytes: Any = 2**32,
    ) -> None:
        self.Cs = Cs
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.retain_data = retain_data
        self.keep = keep
        self.max_bytes = max_bytes

    # What a search is made of ---------------------------------------------------------

    @property
    def estimator(self) -> Any:
        """What is fitted with each C."""
        names = ("fit_intercept", "class_weight", "tol", "max_iter", "retain_data")
        given = {name: getattr(self, name) for name in names}
        return UnlearnableLogisticRegression(**given)

    @property
    def param_grid(self) -> Any:
        """The values of C."""
        return {"C": self._values()}

    def _values(self):
        if isinstance(self.Cs, Integral) and not isinstance(self.Cs, bool):
            if self.Cs < 1:
                raise ValueError(f"Cs must be at least 1; got {self.Cs!r}.")
            return np.logspace(-4, 4, int(self.Cs))
        values = np.atleast_1d(np.asarray(self.Cs, dtype=np.float64))
        if values.ndim != 1 or not values.size or not np.all(values > 0.0):
            raise ValueError(
                f"Cs must be a number of values or positive values; got {self.Cs!r}."
            )
        return values

    def _candidates(self):
        return ParameterGrid(self.param_grid)

    @classmethod
    def _other_objective(cls, params, n_classes):
        ratios = params.get("l1_ratios")
        if ratios is not None and not isinstance(ratios, str) and np.any(ratios):
            return f"l1_ratios={ratios!r}, which is another objective: {_PENALTY}"
        if params["solver"] == "liblinear":
            return (
                "solver='liblinear', which penalises the intercept and sets one class "
                "against the rest: this is another objective."
            )
        return None

    def _check_parameters(self, groups):
        super()._check_parameters(groups)
        other = other_objective(type(self), vars(self))
        if other is not None:
            raise ValueError(f"{type(self).__name__} was given {other}")
        if self.scoring is not None and not (
            isinstance(self.scoring, str) or callable(self.scoring)
        ):
            raise ValueError(
                "scoring must be one metric; UnlearnableGridSearchCV takes several."
            )

    # Attributes -----------------------------------------------------------------------

    Cs_ = Found(
        lambda fitted: np.array([each["C"] for each in fitted.outcome.candidates]),
        "All values of C.",
    )
    C_ = Found(
        lambda fitted: float(fitted.outcome.found["best_params_"]["C"]),
        "The chosen value of C.",
    )

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        fitted = self._learned
        member = fitted.members.fitted[fitted.outcome.best, None]
        coef = member.estimator.coef_
        whole = np.zeros((coef.shape[0], member.columns.size))
        whole[:, member.columns] = coef
        return whole

    @property
    def intercept_(self) -> Any:
        """Intercepts."""
        return self.best_estimator_.intercept_

    @property
    def n_iter_(self) -> Any:
        """Steps that the fit of the best model took."""
        return self.best_estimator_.n_iter_

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted LogisticRegression with the chosen C, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            As for `UnlearnableLogisticRegression`.

        Returns
        -------
        sklearn.linear_model.LogisticRegression
            A `NotForgottenWarning` says if its C was chosen with rows that have left.
        """
        self._warn_if_frozen(self._checked(), "C was chosen")
        plain = self.best_estimator_.to_sklearn(drop_forgotten)
        return plain.set_params(**self._solved_by)

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        keep: str = "all",
        **params: Any,
    ) -> UnlearnableLogisticRegressionCV:
        """A model that was fitted elsewhere, fitted once more so that it unlearns.

        Parameters
        ----------
        fitted : LogisticRegressionCV
            With ``refit`` and an L2 penalty; it is not changed. It kept no model of its
            folds: that takes the time of its fit.
        X : array-like of shape (n_samples, n_features)
            The data that it was fitted on: a `DataMismatchWarning` says if another C is
            chosen.
        y : array-like of shape (n_samples,)
        sample_weight, row_ids
            As for ``fit``.
        keep : {"all", "best"}, default="all"
        **params : dict
            Parameters that it does not have, ``tol`` for instance.

        Returns
        -------
        UnlearnableLogisticRegressionCV
            Fitted.

        Raises
        ------
        TypeError
            If it is no such model.
        ValueError
            If its penalty is another, or each class has its own.
        """
        if not isinstance(fitted, LogisticRegressionCV):
            raise TypeError(
                f"{cls.__name__}.from_sklearn takes a fitted LogisticRegressionCV; got "
                f"{type(fitted).__name__}."
            )
        check_is_fitted(fitted)
        chosen = np.unique(fitted.C_)
        ratios = [each for each in np.ravel(fitted.l1_ratio_) if each]
        if not fitted.refit or ratios or chosen.size > 1:
            raise ValueError(
                "The model must have one C for all classes, refit=True and no part of "
                "an L1 penalty."
            )
        names = ("fit_intercept", "cv", "scoring", "class_weight", "n_jobs")
        added = cls._added.keys() - {"verbose"}
        given = {name: getattr(fitted, name) for name in (*names, *added)}
        if fitted.scoring == "warn":  # the default of 1.9, and the accuracy
            given["scoring"] = None
        model: Any = cls(**(given | {"Cs": fitted.Cs, "keep": keep} | params))
        model.fit(X, y, sample_weight, row_ids=row_ids)
        if chosen[0] != model.C_:
            warn(
                f"C={model.C_:.4g} is chosen, and C={chosen[0]:.4g} was by the fitted "
                "model: these are other rows, or models that had not converged.",
                DataMismatchWarning,
            )
        model._solved_by = {name: getattr(fitted, name) for name in ("max_iter", "tol")}
        return model
