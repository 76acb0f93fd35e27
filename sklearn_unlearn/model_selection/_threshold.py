"""A decision threshold that is tuned anew by each request."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sklearn.model_selection import (
    StratifiedShuffleSplit,
    TunedThresholdClassifierCV,
    check_cv,
)

from sklearn_unlearn.folds import FoldedMeta


class UnlearnableTunedThresholdClassifierCV(FoldedMeta, TunedThresholdClassifierCV):
    """A classifier with a tuned decision threshold, both of which unlearn.

    A :class:`sklearn.model_selection.TunedThresholdClassifierCV` whose models of the
    folds unlearn; the threshold is tuned anew on the scores of the remaining rows, each
    in the fold that it was in at fit.

    Parameters
    ----------
    estimator : estimator
        A binary classifier that unlearns, or a pipeline of such; any other is fitted
        anew by requests.
    scoring, response_method, thresholds, cv, n_jobs, random_state, store_cv_results
        As in scikit-learn; ``cv="prefit"`` has no folds and is refused.
    refit : bool, default=True
        True: the model is one of all rows.

    Attributes
    ----------
    best_threshold_, best_score_, cv_results_, estimator_, classes_
        As in scikit-learn.
    n_features_in_ : int

    See Also
    --------
    UnlearnableGridSearchCV : Says how rows keep their folds.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import (
    ...     UnlearnableGaussianNB,
    ...     UnlearnableTunedThresholdClassifierCV,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableTunedThresholdClassifierCV(UnlearnableGaussianNB(), cv=3)
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool(0.0 < model.best_threshold_ < 1.0)
    True
    """

    _twin_class = TunedThresholdClassifierCV

    @property
    def _trains_with_weights(self):
        """No: scikit-learn's takes weights by metadata routing alone."""
        return False

    def _splits(self, X, y):
        if self.cv == "prefit" or not self.refit:
            raise ValueError("cv='prefit' and refit=False keep no model of all rows.")
        cv: Any = self.cv
        if isinstance(cv, Real) and 0 < float(cv) < 1:
            cv = StratifiedShuffleSplit(1, test_size=cv, random_state=self.random_state)
        return list(check_cv(cv, y, classifier=True).split(X, y))

    def _models_of_all_rows(self, fitted, members, y):
        return {0: fitted.estimator_}
