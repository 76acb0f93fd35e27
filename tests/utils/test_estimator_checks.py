"""Ours and foreign unlearners pass the checks; each planted fault fails its own."""

import copy
from dataclasses import replace
from importlib.util import find_spec
from unittest import SkipTest

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
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
from sklearn_unlearn.core import steps
from sklearn_unlearn.utils._checks.data import all_cases, make_cases
from sklearn_unlearn.utils._checks.oracles import DenseObjective
from sklearn_unlearn.utils.estimator_checks import (
    check_unlearner,
    parametrize_with_unlearner_checks,
    unlearner_checks,
)
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags

#: Checks that need pandas.
WITH_FRAMES = ["check_forgotten_name"] if find_spec("pandas") else []


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


class Refitting(RegressorMixin, BaseEstimator):
    """A foreign unlearner that keeps the data, has no weights and a single verb."""

    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y):
        X, y = validate_data(self, X, y, multi_output=True, dtype=np.float64)
        return self._refit(X, y)

    def partial_unfit(self, X, y):
        check_is_fitted(self)
        X, y = validate_data(
            self, X, y, reset=False, multi_output=True, dtype=np.float64
        )
        there = (self._X[:, None] == X).all(axis=2)
        if not there.any(axis=0).all():
            raise ValueError("X holds a row that is not in the data")
        left = ~there.any(axis=1)
        if not left.any():
            raise ValueError("X holds all data")
        return self._refit(self._X[left], self._y[left])

    def predict(self, X):
        check_is_fitted(self)
        return self._fitted.predict(
            validate_data(self, X, reset=False, dtype=np.float64)
        )

    def _refit(self, X, y):
        # all that can fail comes before the assignments
        model = LinearRegression() if self.model is None else self.model
        fitted = copy.deepcopy(model).fit(X, y)
        self._X, self._y, self._fitted, self.is_fitted_ = X, y, fitted, True
        return self


@parametrize_with_unlearner_checks(
    [
        UnlearnableLogisticRegression(),
        UnlearnableLogisticRegression(retain_data=True, class_weight="balanced"),
        UnlearnableLogisticRegression(C=np.inf, method="first_order"),
        UnlearnableRidge(),
        UnlearnableRidge(retain_data=True),
        UnlearnableRidge(method="first_order"),
        UnlearnableRidgeClassifier(class_weight="balanced"),
        UnlearnableRidgeClassifier(retain_data=True, fit_intercept=False),
        UnlearnableLinearSVC(),
        UnlearnableLinearSVC(retain_data=True, fit_intercept=False),
        # smaller ones err in lumps
        UnlearnableHuberRegressor(epsilon=2.0),
        UnlearnableHuberRegressor(epsilon=2.0, retain_data=True, fit_intercept=False),
        UnlearnableLinearSVR(),
        UnlearnableLinearSVR(epsilon=0.1),  # larger ones err in lumps
        UnlearnablePoissonRegressor(),
        UnlearnablePoissonRegressor(method="first_order", alpha=0.1),
        UnlearnableGammaRegressor(alpha=0.2, fit_intercept=False),
        UnlearnableTweedieRegressor(alpha=0.5),
        UnlearnableTweedieRegressor(power=1.5, alpha=0.1, retain_data=True),
        NearestMean(),
        Refitting(),
    ]
)
def test_passes(estimator, check):
    check(estimator)


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


def test_given_estimator_is_not_touched():
    estimator = UnlearnableRidge()
    check_unlearner(estimator)
    assert vars(estimator) == vars(UnlearnableRidge())


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


# Planted faults -----------------------------------------------------------------------


def failures(estimator, *names):
    """The messages of checks, all of which must fail, by name."""
    checks = dict(unlearner_checks(estimator))
    messages = {}
    for name in names:
        with pytest.raises(AssertionError) as failure:
            checks[name](estimator)
        messages[name] = str(failure.value)
    return messages


class LogisticThatDoesNothing(UnlearnableLogisticRegression):
    def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        return self


class RidgeThatDoesNothing(UnlearnableRidge):
    def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        return self


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticThatDoesNothing(),
        LogisticThatDoesNothing(method="first_order"),
        RidgeThatDoesNothing(retain_data=True),
    ],
)
def test_no_op(estimator):
    messages = failures(
        estimator,
        "check_against_refit",
        "check_bad_requests",
        "check_grid_search",
        "check_halved_weight",
        "check_pipeline",
        "check_requests_in_a_row",
        "check_restored",
        "check_retained_data",
        "check_not_fitted",
        "check_refine",
    )
    if estimator.method == "second_order":
        failures(estimator, "check_second_order_formula")
    with pytest.raises(AssertionError):
        check_unlearner(estimator)
    assert "partial_unfit: the model is not that" in messages["check_against_refit"]
    assert "the outputs differ by 0." in messages["check_against_refit"]


@pytest.mark.parametrize("verb", ["replace_features", "replace_labels"])
def test_replacement_that_only_removes(verb):
    def only_removes(self, X, y, new, sample_weight=None):
        return self.partial_unfit(X, y, sample_weight)

    fault = type("Fault", (UnlearnableRidge,), {verb: only_removes})
    failures(
        fault(),
        "check_against_refit",
        "check_retained_data",
        "check_replaced",
        "check_bad_requests",
    )


@pytest.mark.parametrize(
    "estimator",
    [
        UnlearnableLogisticRegression(),
        UnlearnableRidge(),
        UnlearnableRidgeClassifier(alpha=3.0),
    ],
)
def test_stale_hessian(estimator, monkeypatch):
    monkeypatch.setattr(steps, "_edited_factor", lambda state, edit: state.factor)
    messages = failures(estimator, "check_second_order_formula")
    assert (
        "with the Hessian H' of the edited data, by"
        in (messages["check_second_order_formula"])
    )


def test_approximation_that_says_exact():
    class Fault(UnlearnableLogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.unlearning.partial_fit = "exact"
            return tags

    messages = failures(Fault(), "check_against_refit")
    assert "partial_fit: the model is not that" in messages["check_against_refit"]
    assert (
        "less than 1e-08 was expected (exact order)"
        in (messages["check_against_refit"])
    )


@pytest.mark.parametrize(
    ("verb", "worth", "message"),
    [
        ("partial_unfit", None, "Fault has partial_unfit, and its tags say None"),
        ("partial_fit", "nearly", "Fault has partial_fit, and its tags say 'nearly'"),
        ("sample_weight", True, "sample_weight=True; fit and the verbs about rows do"),
        ("refit", "exact", None),
    ],
)
def test_tags_of_what_there_is_not(verb, worth, message):
    class Fault(Refitting):
        partial_fit = Refitting.partial_unfit

        def __sklearn_tags__(self):
            promised = UnlearningTags.of(self, exact=True)
            tags = UnlearnerTags.extending(super().__sklearn_tags__(), promised)
            if message is not None:
                setattr(tags.unlearning, verb, worth)
            return tags

    if message is None:
        dict(unlearner_checks(Fault()))["check_tags"](Fault())
        return
    assert message in failures(Fault(), "check_tags")["check_tags"]


def test_first_order_that_says_second_order():
    class Fault(UnlearnableLogisticRegression):
        def _options(self):
            return replace(super()._options(), first_order=True)

    messages = failures(Fault(), "check_halved_weight", "check_second_order_formula")
    assert (
        "a second-order update gives at least 3.5" in (messages["check_halved_weight"])
    )


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize(
    "verb", ["partial_unfit", "replace_features", "replace_labels", "partial_fit"]
)
@pytest.mark.parametrize("model", [UnlearnableLogisticRegression, UnlearnableRidge])
def test_dropped_sample_weight(model, verb, retain_data):
    def drops(self, *arguments, sample_weight=None):
        return getattr(model, verb)(self, *arguments)

    fault = type("Fault", (model,), {verb: drops})
    messages = failures(
        fault(retain_data=retain_data), "check_halved_weight", "check_sample_weight"
    )
    assert f"{verb}: sample_weight" in messages["check_sample_weight"]


def test_no_sample_weight():
    class Fault(UnlearnableRidge):
        def partial_unfit(self, X, y):
            return super().partial_unfit(X, y)

    messages = failures(Fault(), "check_sample_weight")
    assert "partial_unfit does not" in messages["check_sample_weight"]


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("model", [UnlearnableLogisticRegression, UnlearnableRidge])
def test_off_by_one_column(model, retain_data):
    class Fault(model):
        def forget_features(self, columns):
            if np.asarray(columns).dtype.kind in "iu":
                columns = (np.atleast_1d(columns) + 1) % self.n_features_in_
            return super().forget_features(columns)

    messages = failures(
        Fault(retain_data=retain_data),
        "check_against_refit",
        "check_forgotten_column",
        *WITH_FRAMES,
        "check_retained_data",
        "check_second_order_formula",
    )
    assert "its coefficient is" in messages["check_forgotten_column"]


def test_forgotten_column_still_read():
    class Fault(UnlearnableRidge):
        """The coefficient is zero, but the column is added all the same."""

        def predict(self, X):
            prediction = super().predict(X)
            if np.any(self.coef_ == 0.0) and X.shape[1] == 5:
                prediction = (prediction.T + 1e-3 * np.nan_to_num(X[:, 2])).T
            return prediction

    messages = failures(Fault(), "check_forgotten_column")
    assert "is not ignored" in messages["check_forgotten_column"]


def test_forgotten_column_comes_back():
    class Fault(UnlearnableRidge):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            if hasattr(self, "_fitted") and np.any(self.coef_ == 0.0):
                return self.fit(X, y)
            return super().partial_fit(X, y, classes, sample_weight)

    messages = failures(Fault(), "check_forgotten_column")
    assert "after a later partial_fit" in messages["check_forgotten_column"]


def test_non_atomic_coefficients():
    class Fault(UnlearnableLogisticRegression):
        def partial_unfit(self, X, y, sample_weight=None):
            before = self._fitted
            super().forget_features([0])
            halfway, self._fitted = self._fitted, before
            try:
                return super().partial_unfit(X, y, sample_weight)
            except ValueError:
                self._fitted = halfway
                raise

    messages = failures(Fault(), "check_bad_requests")
    assert "is refused, but" in messages["check_bad_requests"]
    assert "coef_ changed by" in messages["check_bad_requests"]


def test_non_atomic_hidden_state():
    class Fault(UnlearnableRidge):
        """A refused request is carried out with the next one."""

        def partial_unfit(self, X, y, sample_weight=None):
            try:
                super().partial_unfit(X, y, sample_weight)
            except ValueError:
                self._later = True
                raise
            if vars(self).pop("_later", False):
                super().partial_unfit(X, y, 0.5)
            return self

    messages = failures(Fault(), "check_bad_requests")
    assert "refused requests before this one" in messages["check_bad_requests"]


def test_non_atomic_parameters():
    class Fault(UnlearnableRidge):
        def replace_labels(self, X, y, y_new, sample_weight=None):
            self.method = "first_order"
            super().replace_labels(X, y, y_new, sample_weight)
            self.method = "second_order"
            return self

    messages = failures(Fault(), "check_bad_requests")
    assert "the parameter method changed" in messages["check_bad_requests"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TypeError("X"), "raises TypeError, not ValueError"),
        (ValueError("no."), "a message that does not name it"),
    ],
)
def test_bad_refusal(error, says):
    class Fault(UnlearnableRidge):
        def partial_unfit(self, X, y, sample_weight=None):
            try:
                return super().partial_unfit(X, y, sample_weight)
            except ValueError:
                if not hasattr(self, "_fitted"):
                    raise
                raise error from None

    assert says in failures(Fault(), "check_bad_requests")["check_bad_requests"]


def test_accepts_what_is_bad():
    class Fault(UnlearnableRidge):
        def replace_features(self, X, y, X_new, sample_weight=None):
            X_new = np.nan_to_num(X_new, posinf=0.0)
            return super().replace_features(X, y, X_new, sample_weight)

    messages = failures(Fault(), "check_bad_requests")
    assert "NaN in X_new is accepted" in messages["check_bad_requests"]


def test_unfitted():
    class Fault(UnlearnableRidge):
        def forget_features(self, columns):
            if not hasattr(self, "_fitted"):
                raise ValueError("fit first")
            return super().forget_features(columns)

    messages = failures(Fault(), "check_not_fitted")
    assert "raises ValueError, not NotFittedError" in messages["check_not_fitted"]


class PickledAsFitted(UnlearnableRidge):
    """What is pickled is the model as it was fitted."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self._first = self._fitted
        return self

    def __getstate__(self):
        return {**super().__getstate__(), "_fitted": self._first}


def test_stale_state_after_pickle():
    messages = failures(PickledAsFitted(), "check_pickle")
    assert "pickle after partial_unfit: is another model" in messages["check_pickle"]


class PickledWithStaleRate(UnlearnableLogisticRegression):
    """The copy predicts alike, but answers later requests by the first order."""

    def __setstate__(self, state):
        super().__setstate__(state)
        self._copied = True

    def _options(self):
        options = super()._options()
        return replace(options, first_order=hasattr(self, "_copied"))


def test_stale_hidden_state_after_pickle():
    messages = failures(PickledWithStaleRate(), "check_pickle")
    assert "a later partial_unfit has another result" in messages["check_pickle"]


class Uncopied(UnlearnableRidge):
    def __deepcopy__(self, memo):
        return self


def test_copies_that_share_state():
    messages = failures(Uncopied(), "check_pickle")
    assert "a request to the copy changes the model" in messages["check_pickle"]


@pytest.mark.parametrize("returned", [None, UnlearnableRidge()])
def test_returns_something_else(returned):
    class Fault(UnlearnableRidge):
        def replace_labels(self, X, y, y_new, sample_weight=None):
            super().replace_labels(X, y, y_new, sample_weight)
            return returned

    messages = failures(Fault(), "check_returns_self")
    assert "not self" in messages["check_returns_self"]


def test_writes_into_input():
    class Fault(UnlearnableRidge):
        def partial_unfit(self, X, y, sample_weight=None):
            super().partial_unfit(X, y, sample_weight)
            if isinstance(X, np.ndarray):
                X *= 0.0
            return self

    assert (
        "writes into its input"
        in (failures(Fault(), "check_returns_self")["check_returns_self"])
    )


def test_parameter_changed_by_a_request():
    class Fault(UnlearnableRidge):
        def partial_unfit(self, X, y, sample_weight=None):
            super().partial_unfit(X, y, sample_weight)
            self.alpha = 1.01 * self.alpha
            return self

    messages = failures(Fault(), "check_returns_self", "check_clone")
    assert "changes the parameter alpha" in messages["check_returns_self"]


def test_not_forgotten_by_fit():
    class Fault(UnlearnableRidge):
        def forget_features(self, columns):
            super().forget_features(columns)
            self._columns = columns
            return self

        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            if hasattr(self, "_columns"):
                super().forget_features(self._columns)
            return self

    assert (
        "forget_features" in failures(Fault(), "check_fit_afresh")["check_fit_afresh"]
    )


def test_state_shared_by_the_class():
    class Fault(UnlearnableRidge):
        """The last model fitted, whoever did it, is what all unlearn from."""

        last = None

        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            type(self).last = self._fitted
            return self

        def partial_unfit(self, X, y, sample_weight=None):
            self._fitted = type(self).last
            return super().partial_unfit(X, y, sample_weight)

    messages = failures(Fault(), "check_requests_in_a_row")
    assert "partial_unfit: the model is not" in messages["check_requests_in_a_row"]


@pytest.mark.parametrize("retain_data", [False, True])
def test_request_that_undoes_earlier_ones(retain_data):
    class Fault(UnlearnableRidge):
        """Every request starts from the model as it was fitted."""

        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            self._first = self._fitted
            return self

        def partial_unfit(self, X, y, sample_weight=None):
            self._fitted = self._first
            return super().partial_unfit(X, y, sample_weight)

    messages = failures(Fault(retain_data=retain_data), "check_requests_in_a_row")
    assert "partial_fit, partial_unfit: the" in messages["check_requests_in_a_row"]


def test_unlearns_nowhere_but_in_its_coefficients():
    class Fault(UnlearnableRidge):
        """Predicts from a copy of the coefficients made by fit."""

        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            self._deployed = self.to_sklearn()
            return self

        def predict(self, X):
            return self._deployed.predict(X)

    failures(Fault(), "check_pipeline", "check_grid_search", "check_against_refit")


def test_sparse_rows_in_another_order():
    class Fault(UnlearnableRidge):
        def partial_unfit(self, X, y, sample_weight=None):
            if getattr(X, "format", "") == "csc":
                X = X.tocsr()[::-1]
            return super().partial_unfit(X, y, sample_weight)

    assert "csc_" in failures(Fault(), "check_sparse")["check_sparse"]


def test_refine_on_any_rows():
    class Fault(UnlearnableRidge):
        def refine(self, X, y, sample_weight=None):
            return self.fit(X, y, sample_weight)

    assert (
        "accepts rows that were removed"
        in (failures(Fault(), "check_refine")["check_refine"])
    )


def test_refine_that_does_nothing():
    class Fault(UnlearnableLogisticRegression):
        def refine(self, X, y, sample_weight=None):
            before = self._fitted
            super().refine(X, y, sample_weight)
            self._fitted = before
            return self

    assert (
        "does not reach the refit"
        in (failures(Fault(), "check_refine")["check_refine"])
    )


@pytest.mark.parametrize("factor", [0.0, 1.0 / 200])
def test_wrong_residual(factor):
    class Fault(UnlearnableRidge):
        """A residual of nothing, or of the mean objective."""

        def gradient_residual(self, X, y, sample_weight=None):
            return factor * super().gradient_residual(X, y, sample_weight)

    failures(Fault(), "check_gradient_residual")


def test_categories_that_stay():
    class Fault(UnlearnableCategoricalNB):
        def _changed(self, fitted, touched, edit):
            coming, going = edit
            leaving = going if coming is None else None
            return super()._changed(fitted, touched, (coming, leaving))

    messages = failures(Fault(), "check_against_refit", "check_replaced")
    assert "replace_features" in messages["check_against_refit"]


def test_stale_export():
    class Fault(UnlearnableRidge):
        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            self._exported = super().to_sklearn()
            return self

        def to_sklearn(self, drop_forgotten=False):
            return self._exported

    assert (
        "predicts otherwise"
        in (failures(Fault(), "check_to_sklearn")["check_to_sklearn"])
    )


def test_partial_fit_that_does_not_fit():
    class Fault(UnlearnableRidge):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            if not hasattr(self, "_fitted"):
                return self.fit(X[1:], y[1:])
            return super().partial_fit(X, y, classes, sample_weight)

    failures(Fault(), "check_partial_fit_unfitted")


def test_a_penalty_that_does_not_follow_the_weight():
    class Fault(UnlearnablePoissonRegressor):
        def _completed(self, fitted, edit):
            return edit

    failures(Fault(alpha=3.0), "check_second_order_formula", "check_retained_data")


@pytest.mark.parametrize(
    ("estimator", "loss", "averaged"),
    [
        (UnlearnablePoissonRegressor(), 1.0, True),
        (UnlearnableGammaRegressor(), 2.0, True),
        (UnlearnableTweedieRegressor(power=1.5), 1.5, True),
        (UnlearnableTweedieRegressor(), "squared", True),
        (UnlearnableRidge(), "squared", False),
        (UnlearnableLogisticRegression(), "logistic", False),
    ],
)
def test_the_objective_that_a_model_minimises_is_recognised(estimator, loss, averaged):
    case = make_cases(estimator)[0]
    found = DenseObjective.of(case.fit(estimator), case)
    assert (found.loss, found.averaged) == (loss, averaged)
