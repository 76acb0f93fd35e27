"""Votes and stacks of models that unlearn."""

from __future__ import annotations

from sklearn.base import clone, is_classifier
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import check_cv

from sklearn_unlearn.folds import FoldedMeta, PlayedLast
from sklearn_unlearn.utils.tags import accepts


class Combined(FoldedMeta):
    """What votes and stacks share: several named estimators, some perhaps dropped."""

    def _inner(self):
        return [each for _, each in self._named_insides()]

    def _named_insides(self):
        return [each for each in self.estimators if not isinstance(each[1], str)]

    def _inside(self):
        return self._inner()[0]

    @property
    def _trains_with_weights(self):
        return all(accepts(each.fit, "sample_weight") for each in self._inner())

    def _played(self, stand_ins):
        stand_ins = iter(stand_ins)
        return {
            "estimators": [
                (name, each if isinstance(each, str) else next(stand_ins))
                for name, each in self.estimators
            ]
        }


class Stacking(Combined):
    """What stacks share: models of all rows, and out-of-fold answers for the last."""

    def _splits(self, X, y):
        if isinstance(self.cv, str):
            raise ValueError("cv='prefit' has no folds: give a number or a splitter.")
        return list(check_cv(self.cv, y, classifier=is_classifier(self)).split(X, y))

    def _played(self, stand_ins):
        played = super()._played(stand_ins)
        if self.passthrough:
            last = self.final_estimator
            if last is None:
                last = LogisticRegression() if is_classifier(self) else RidgeCV()
            played["final_estimator"] = PlayedLast(stand_ins[0].source, clone(last))
        return played

    def _made(self, members, living):
        twin = super()._made(members, living)
        if self.passthrough:
            twin.final_estimator = self.final_estimator
            twin.final_estimator_ = twin.final_estimator_.model
        return twin


class UnlearnableStackingClassifier(Stacking, StackingClassifier):
    """A stack of classifiers that unlearns.

    A :class:`sklearn.ensemble.StackingClassifier` whose models, of all rows and of the
    folds, unlearn; ``final_estimator_`` is fitted anew to their answers for the
    remaining rows, each in the fold that it was in at fit.

    Parameters
    ----------
    estimators, final_estimator, cv, stack_method, n_jobs, passthrough, verbose
        As in scikit-learn. ``cv="prefit"`` is refused: it has no folds.

    Attributes
    ----------
    estimators_, final_estimator_, named_estimators_, stack_method_, classes_
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
    ...     UnlearnableRidgeClassifier,
    ...     UnlearnableStackingClassifier,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> models = [
    ...     ("nb", UnlearnableGaussianNB()),
    ...     ("ridge", UnlearnableRidgeClassifier()),
    ... ]
    >>> stack = UnlearnableStackingClassifier(models).fit(X, y)
    >>> stack.partial_unfit(X[:2], y[:2]).request_record_.method
    'exact'
    """

    _twin_class = StackingClassifier


class UnlearnableStackingRegressor(Stacking, StackingRegressor):
    """A stack of regressors that unlearns, as `UnlearnableStackingClassifier` does.

    Parameters
    ----------
    estimators, final_estimator, cv, n_jobs, passthrough, verbose
        As in scikit-learn. ``cv="prefit"`` is refused: it has no folds.

    Attributes
    ----------
    estimators_, final_estimator_, named_estimators_
        As in scikit-learn.
    n_features_in_ : int

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import (
    ...     UnlearnableLinearRegression,
    ...     UnlearnableRidge,
    ...     UnlearnableStackingRegressor,
    ... )
    >>> X, y = load_diabetes(return_X_y=True)
    >>> models = [("ols", UnlearnableLinearRegression()), ("ridge", UnlearnableRidge())]
    >>> stack = UnlearnableStackingRegressor(models).fit(X, y)
    >>> stack.partial_unfit(X[:2], y[:2]).request_record_.method
    'exact'
    """

    _twin_class = StackingRegressor


class UnlearnableVotingClassifier(Combined, VotingClassifier):
    """A vote of classifiers that unlearns: all of them, or none.

    Parameters
    ----------
    estimators, voting, weights, n_jobs, flatten_transform, verbose
        As in scikit-learn.

    Attributes
    ----------
    estimators_, named_estimators_, classes_
        As in scikit-learn.
    n_features_in_ : int

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import (
    ...     UnlearnableGaussianNB,
    ...     UnlearnableRidgeClassifier,
    ...     UnlearnableVotingClassifier,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> models = [
    ...     ("nb", UnlearnableGaussianNB()),
    ...     ("ridge", UnlearnableRidgeClassifier()),
    ... ]
    >>> vote = UnlearnableVotingClassifier(models).fit(X, y)
    >>> vote.partial_unfit(X[:2], y[:2]).request_record_.method
    'exact'
    """

    _twin_class = VotingClassifier


class UnlearnableVotingRegressor(Combined, VotingRegressor):
    """A mean of regressors that unlearns: all of them, or none.

    Parameters
    ----------
    estimators, weights, n_jobs, verbose
        As in scikit-learn.

    Attributes
    ----------
    estimators_, named_estimators_
        As in scikit-learn.
    n_features_in_ : int

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import (
    ...     UnlearnableLinearRegression,
    ...     UnlearnableRidge,
    ...     UnlearnableVotingRegressor,
    ... )
    >>> X, y = load_diabetes(return_X_y=True)
    >>> models = [("ols", UnlearnableLinearRegression()), ("ridge", UnlearnableRidge())]
    >>> mean = UnlearnableVotingRegressor(models).fit(X, y)
    >>> mean.partial_unfit(X[:2], y[:2]).request_record_.method
    'exact'
    """

    _twin_class = VotingRegressor
