"""Ours and foreign unlearners pass the checks; checks follow what there is."""

from unittest import SkipTest

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_unlearn import (
    UnlearnableCategoricalNB,
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.utils._checks.data import all_cases
from sklearn_unlearn.utils.estimator_checks import (
    check_unlearner,
    unlearner_checks,
)
from tests.turns import parametrize_with_checks_in_turns
from tests.utils.faulty import WITH_FRAMES, Refitting


class NearestMean(ClassifierMixin, BaseEstimator):
    """A foreign unlearner: no coefficients, no parameters, two verbs, exact."""

    def fit(self, X, y, sample_weight=None):
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_ = np.unique(y)
        self.weight_ = np.zeros(self.classes_.size)
        self.sum_ = np.zeros((self.classes_.size, X.shape[1]))
        return self._add(X, y, sample_weight, 1.0)

    def partial_unfit(self, X, y, sample_weight=None):
        check_is_fitted(self)
        return self._change(X, y, sample_weight, -1.0)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        if not hasattr(self, "sum_"):
            return self.fit(X, y, sample_weight)
        return self._change(X, y, sample_weight, 1.0)

    def predict_proba(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        means = self.sum_ / self.weight_[:, None]
        closeness = np.exp(-np.linalg.norm(X[:, None] - means, axis=2))
        return closeness / closeness.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _change(self, X, y, sample_weight, sign):
        X, y = validate_data(self, X, y, reset=False, dtype=np.float64)
        if not np.isin(y, self.classes_).all():
            raise ValueError("y holds an unknown label")
        return self._add(X, y, sample_weight, sign)

    def _add(self, X, y, sample_weight, sign):
        weight = np.ones(y.size) if sample_weight is None else sample_weight
        if weight.shape != y.shape or not np.all(weight >= 0.0):
            raise ValueError("sample_weight must be one non-negative number a row")
        onehot = sign * (y == self.classes_[:, None]) * weight
        total = self.weight_ + onehot.sum(axis=1)
        if np.any(total <= 1e-9):
            raise ValueError("too much weight is taken out of a class")
        self.weight_, self.sum_ = total, self.sum_ + onehot @ X
        return self


@parametrize_with_checks_in_turns(
    [
        UnlearnableLogisticRegression(),
        UnlearnableLogisticRegression(retain_data=True, class_weight="balanced"),
        UnlearnableLogisticRegression(C=np.inf, method="first_order"),
        UnlearnableRidge(retain_data=True),
        UnlearnableRidge(method="first_order"),
        UnlearnableRidgeClassifier(class_weight="balanced"),
        UnlearnableLinearSVC(retain_data=True, fit_intercept=False),
        # smaller ones err in lumps
        UnlearnableHuberRegressor(epsilon=2.0),
        UnlearnableLinearSVR(epsilon=0.1),  # larger ones err in lumps
        UnlearnablePoissonRegressor(method="first_order", alpha=0.1),
        UnlearnableGammaRegressor(alpha=0.2, fit_intercept=False),
        UnlearnableTweedieRegressor(power=1.5, alpha=0.1, retain_data=True),
        NearestMean(),
        Refitting(),
    ]
)
def test_passes(estimator, check):
    given = dict(vars(estimator))
    check(estimator)
    assert vars(estimator) == given  # it is not touched


@pytest.mark.parametrize(
    "estimator",
    [
        UnlearnableLogisticRegression(),
        UnlearnableRidge(),
        UnlearnableGammaRegressor(),
    ],
)
def test_all_checks_apply_to_ours(estimator):
    first_order = dict(unlearner_checks(estimator.set_params(method="first_order")))
    names = dict(unlearner_checks(estimator.set_params(method="second_order")))
    assert set(names) - set(first_order) == {"check_second_order_formula"}
    assert len(names) >= 22 + len(WITH_FRAMES)


def test_checks_follow_what_there_is():
    names = set(dict(unlearner_checks(Refitting())))
    assert "check_against_refit" in names
    assert not names & {
        "check_forgotten_column",
        "check_halved_weight",
        "check_restored",
        "check_retained_data",
        "check_sample_weight",
        "check_second_order_formula",
        "check_to_sklearn",
    }


@pytest.mark.parametrize("estimator", [Ridge(), LogisticRegression()])
def test_nothing_to_check(estimator):
    with pytest.raises(ValueError, match=r"has none of partial_unfit"):
        check_unlearner(estimator)


def test_foreign_kind():
    class Neither(BaseEstimator):
        def fit(self, X, y):
            return self

        def partial_unfit(self, X, y):
            return self

    with pytest.raises(ValueError, match="neither a classifier nor a regressor"):
        check_unlearner(Neither())


class DoubledPenalty(UnlearnableRidge):
    """Minimises with twice the alpha that it says."""

    def _strength(self, n_outputs):
        return 2.0 * super()._strength(n_outputs)


def test_foreign_objective_is_skipped_aloud():
    estimator = DoubledPenalty()
    with pytest.warns(SkipTestWarning, match="check_second_order_formula skipped"):
        check_unlearner(estimator)
    with pytest.raises(SkipTest, match="does not minimise"):
        dict(unlearner_checks(estimator))["check_second_order_formula"](estimator)


def test_data_are_categories_where_tags_say_so():
    for case in all_cases(UnlearnableCategoricalNB()):
        model = case.fit(UnlearnableCategoricalNB())
        np.testing.assert_array_equal(model.n_categories_, [2, 3, 4, 2, 3])
        for X in (case.X, case.X_test, case.spare[0]):
            np.testing.assert_array_equal(X, np.rint(X))
            assert np.all((X >= 0.0) & (model.n_categories_ > X))
