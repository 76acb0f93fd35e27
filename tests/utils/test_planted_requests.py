"""Faults of records, lists, plans and undo that the checks of any unlearner see."""

from dataclasses import replace

import pytest

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableKNeighborsClassifier,
    UnlearnableMLPClassifier,
    UnlearnableRidge,
)
from sklearn_unlearn.utils._checks import requests
from tests.utils.faulty import failures

CHECKS = (
    requests.check_record,
    requests.check_list_of_requests,
    requests.check_plan,
    requests.check_undo,
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        UnlearnableGaussianNB(),
        UnlearnableKNeighborsClassifier(),
        UnlearnableMLPClassifier((2,), max_iter=5, retain_data=True),
        UnlearnableRidge(),
        UnlearnableRidge(retain_data=True),
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_sound_unlearners_pass(estimator, check):
    check(estimator)


class Forgetful(UnlearnableRidge):
    """A pickle of it has no record."""

    def _pickled_log(self):
        return None


def test_a_record_that_a_copy_has_not():
    message = failures(Forgetful(), "check_record")["check_record"]
    assert "loses its record in a pickle" in message


def test_a_record_of_something_else():
    class Fault(UnlearnableRidge):
        @property
        def request_record_(self):
            return replace(super().request_record_, verb="partial_fit")

    assert (
        "is recorded as partial_fit"
        in failures(Fault(), "check_record")["check_record"]
    )


def test_a_list_of_which_one_is_forgotten():
    class Fault(UnlearnableGaussianNB):
        def _answered_together(self, fitted, asked):
            return super()._answered_together(fitted, asked[:-1])

    failures(Fault(), "check_list_of_requests")


def test_a_plan_that_does_it():
    class Fault(UnlearnableRidge):
        def plan(self, requests, X_watch=None):
            plan = super().plan(requests, X_watch)
            self.carry_out(requests)
            return plan

    assert "changed" in failures(Fault(), "check_plan")["check_plan"]


def test_an_undo_of_any_rows():
    class Fault(UnlearnableRidge):
        def _undo(self, record, given):
            return self.partial_fit(given["X"], given["y"])

    message = failures(Fault(retain_data=True), "check_undo")["check_undo"]
    assert "takes other rows" in message
