"""Planted faults of the state: hidden, shared, stale or changed by half."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableLogisticRegression, UnlearnableRidge
from tests.utils.faulty import failures


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
