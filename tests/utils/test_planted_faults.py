"""Each planted fault fails the check that is about it."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn import (
    UnlearnableCategoricalNB,
    UnlearnableGammaRegressor,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.core.linear import steps
from sklearn_unlearn.utils._checks.data import make_cases
from sklearn_unlearn.utils._checks.oracles import DenseObjective
from sklearn_unlearn.utils.estimator_checks import check_unlearner, unlearner_checks
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from tests.utils.faulty import WITH_FRAMES, Refitting, failures


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
        def _edit(self, statistics, coming, going):
            leaving = going if coming is None else None
            return super()._edit(statistics, coming, leaving)

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
