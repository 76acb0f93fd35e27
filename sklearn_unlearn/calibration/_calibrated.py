"""A calibrated classifier whose models and calibration maps unlearn."""

from __future__ import annotations

from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import check_cv

from sklearn_unlearn.folds import FoldedMeta


class UnlearnableCalibratedClassifierCV(FoldedMeta, CalibratedClassifierCV):
    """Calibrated probabilities that unlearn, with the models that they are made of.

    A :class:`sklearn.calibration.CalibratedClassifierCV` whose models of the folds
    unlearn; the maps of their scores to probabilities are fitted anew to the scores of
    the remaining rows, each in the fold that it was in at fit.

    Parameters
    ----------
    estimator : estimator
        A classifier that unlearns, or a pipeline of such; any other is fitted anew by
        requests. It has to be given.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        The last from scikit-learn 1.8 on.
    cv : int, cross-validation generator or an iterable, default=None
        "prefit" is refused, as is a frozen model: what it knows of rows would stay.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.
    ensemble : bool or "auto", default="auto"
        Whether each fold has a map; otherwise one of all out-of-fold scores is behind
        a model of all rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    calibrated_classifiers_ : list
        As in scikit-learn.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    See Also
    --------
    UnlearnableGridSearchCV : Says how rows keep their folds.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import (
    ...     UnlearnableCalibratedClassifierCV,
    ...     UnlearnableGaussianNB,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableCalibratedClassifierCV(UnlearnableGaussianNB(), cv=3)
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> model.predict_proba(X[2:4]).shape
    (2, 2)
    """

    _twin_class = CalibratedClassifierCV

    def __init__(
        self,
        estimator: Any,
        *,
        method: str = "sigmoid",
        cv: Any = None,
        n_jobs: int | None = None,
        ensemble: bool | str = "auto",
    ) -> None:
        super().__init__(
            estimator, method=method, cv=cv, n_jobs=n_jobs, ensemble=ensemble
        )

    def _splits(self, X, y):
        if self.cv == "prefit":
            raise ValueError("cv='prefit' has no folds: give a number or a splitter.")
        return list(check_cv(self.cv, y, classifier=True).split(X, y))

    def _on_all_rows(self):
        return not self.ensemble

    def _played(self, stand_ins):
        return {"estimator": stand_ins[0], "ensemble": bool(self.ensemble)}

    def _models_of_all_rows(self, fitted, members, y):
        if not self._on_all_rows():
            return {}
        return {0: fitted.calibrated_classifiers_[0].estimator}
