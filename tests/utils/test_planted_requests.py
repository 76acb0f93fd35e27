"""Faults of records, lists, plans and undo that the checks of any unlearner see."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableDecisionTreeClassifier,
    UnlearnableGaussianNB,
    UnlearnableKNeighborsClassifier,
    UnlearnableMLPClassifier,
    UnlearnableRidge,
)
from sklearn_unlearn.exceptions import ContradictionError
from sklearn_unlearn.records import LOGGER
from sklearn_unlearn.utils._checks import requests, subjects
from sklearn_unlearn.utils.estimator_checks import unlearner_checks
from tests.utils.faulty import failures

CHECKS = (
    requests.check_record,
    requests.check_list_of_requests,
    requests.check_list_in_order,
    requests.check_plan,
    requests.check_undo,
    subjects.check_attested,
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


@pytest.mark.parametrize(
    "estimator",
    [
        UnlearnableKNeighborsClassifier(),
        UnlearnableRidge(),
        UnlearnableDecisionTreeClassifier(max_depth=3),
        ShardedClassifier(n_shards=2),
    ],
)
def test_sound_unlearners_know_their_subjects(estimator):
    for check in (subjects.check_subjects, subjects.check_requests_by_name):
        assert check.__name__ in dict(unlearner_checks(estimator))
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
        def _undo(self, records, given):
            return self.partial_fit(given[0]["X"], given[0]["y"])

    message = failures(Fault(retain_data=True), "check_undo")["check_undo"]
    assert "takes other rows" in message


class Unlisting(UnlearnableKNeighborsClassifier):
    """It reads a name as that of the first of its rows."""

    def partial_unfit(self, *given, row_ids=None, **keywords):
        if row_ids is not None and not given:
            first = self.rows_of(row_ids)[::4]
            rows = self._fitted.model.rows().take(first)
            labels = self._fitted.targets(rows.y)
            return super().partial_unfit(rows.X, labels)
        return super().partial_unfit(*given, row_ids=row_ids, **keywords)


def test_a_name_of_which_rows_stay():
    with pytest.raises(AssertionError, match=r"has\(\) says|not that of the other"):
        subjects.check_subjects(Unlisting(1))


def test_names_that_are_gone_are_there():
    class Fault(UnlearnableKNeighborsClassifier):
        def has(self, row_ids):
            return [True for _ in row_ids]

    message = failures(Fault(), "check_subjects")["check_subjects"]
    assert "has() says [True, True]" in message


def test_names_that_are_skipped_without_being_told_so():
    class Fault(UnlearnableKNeighborsClassifier):
        def partial_unfit(self, *given, on_unknown="raise", **keywords):
            return super().partial_unfit(*given, on_unknown="skip", **keywords)

    with pytest.raises(AssertionError, match="a name that is gone is accepted"):
        subjects.check_subjects(Fault())


def test_a_record_of_other_counts():
    class Fault(UnlearnableRidge):
        @property
        def request_record_(self):
            return replace(super().request_record_, n_rows_out=7)

    message = failures(Fault(), "check_record")["check_record"]
    assert "recorded as of 7 rows out" in message


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"n_rows_out": 1}, "n_rows_out=1, and it was 4"),
        ({"refused": "no"}, "says: no"),
        ({"largest_change": 0.0}, "answers move by 0"),
        ({"seconds": 0.0}, "costs nothing"),
        ({"passes": None}, "counts None passes"),
        ({"fits": -1}, "and -1 fits"),
        ({"steps": ()}, r"names \[\]"),
    ],
)
def test_a_plan_of_something_else(found, words):
    class Fault(UnlearnableRidge):
        def plan(self, requests, X_watch=None):
            return replace(super().plan(requests, X_watch), **found)

    with pytest.raises(AssertionError, match=words):
        requests.check_plan(Fault())


def test_a_plan_that_knows_no_refusal():
    class Fault(UnlearnableRidge):
        def plan(self, requests, X_watch=None):
            return replace(super().plan(requests, X_watch), refused=None)

    message = failures(Fault(), "check_plan")["check_plan"]
    assert "with one target of several is not refused" in message


def test_an_undo_that_stops_halfway():
    class Fault(UnlearnableGaussianNB):
        def _undo(self, records, given):
            after = super()._undo(records, given)
            return after.partial_unfit(given[0]["X"][:1], given[0]["y"][:1])

    message = failures(Fault(), "check_undo")["check_undo"]
    assert "is another model than before" in message


def test_a_trace_of_rows_that_left_is_attested():
    class Fault(UnlearnableGaussianNB):
        def partial_unfit(self, X=None, y=None, **keywords):
            return super().partial_unfit(X[1:], y[1:], **keywords)

    with pytest.raises(AssertionError, match="Not of these rows"):
        subjects.check_attested(Fault())


def test_a_model_that_learns_other_rows_than_it_attests():
    class Fault(UnlearnableRidge):
        def partial_unfit(self, *given, **keywords):
            return self

    with pytest.raises(AssertionError, match=r"takes rows|no nearer"):
        subjects.check_attested(Fault())


class Lenient(UnlearnableKNeighborsClassifier):
    """It takes what a text says for a number, and half of a subject for all of it."""

    def partial_unfit(self, *given, row_ids=None, **keywords):
        if given or "X" in keywords:
            row_ids = None
        elif row_ids == ["a name"]:
            row_ids = [self.remaining_ids()[0]]
        return super().partial_unfit(*given, row_ids=row_ids, **keywords)


def test_names_of_another_kind_that_are_taken():
    message = failures(Lenient(), "check_requests_by_name")["check_requests_by_name"]
    assert "of another kind than at fit is taken" in message


def test_half_of_a_subject_that_is_taken():
    class Fault(Lenient):
        def partial_unfit(self, *given, row_ids=None, **keywords):
            if row_ids == ["a name"]:
                raise ValueError("no number")
            return super().partial_unfit(*given, row_ids=row_ids, **keywords)

    with pytest.raises(AssertionError, match="given with half of its rows is taken"):
        subjects.check_requests_by_name(Fault())


def test_corrections_of_a_name_in_another_order():
    class Fault(UnlearnableKNeighborsClassifier):
        def replace_features(self, X_new=None, row_ids=None, **keywords):
            return super().replace_features(
                X_new=X_new[::-1], row_ids=row_ids, **keywords
            )

    with pytest.raises(AssertionError, match="not that of the corrected rows"):
        subjects.check_requests_by_name(Fault(1))


def test_a_second_key_that_does_not_count():
    class Fault(UnlearnableKNeighborsClassifier):
        def partial_unfit(self, *given, row_ids=None, **keywords):
            if isinstance(row_ids, list) and isinstance(row_ids[0], tuple):
                row_ids = row_ids[0][0]
            return super().partial_unfit(*given, row_ids=row_ids, **keywords)

    with pytest.raises(AssertionError, match="names of two keys"):
        subjects.check_requests_by_name(Fault(1))


def test_a_list_that_contradicts_itself_and_is_taken():
    class Fault(UnlearnableGaussianNB):
        def carry_out(self, requests):
            try:
                return super().carry_out(requests)
            except ContradictionError:
                return super().carry_out(requests[:1])

    message = failures(Fault(), "check_list_in_order")["check_list_in_order"]
    assert "takes two values for one row" in message


def test_a_list_in_another_order():
    class Fault(UnlearnableGaussianNB):
        def _answered_together(self, fitted, asked):
            if len(asked) == 2 and asked[0].into is not None:
                asked = asked[:1]
            return super()._answered_together(fitted, asked)

    with pytest.raises(AssertionError, match=r"does not delete them|takes two values"):
        requests.check_list_in_order(Fault())


def test_a_plan_of_what_is_not_fitted():
    class Fault(UnlearnableRidge):
        def plan(self, requests, X_watch=None):
            if not self.__sklearn_is_fitted__():
                return None
            return super().plan(requests, X_watch)

    with pytest.raises(AssertionError, match="what is not fitted is made"):
        requests.check_plan(Fault())


def test_a_plan_that_gives_another_reason():
    class Fault(UnlearnableRidge):
        def plan(self, requests, X_watch=None):
            plan = super().plan(requests, X_watch)
            return plan if plan.refused is None else replace(plan, refused="never")

    with pytest.raises(AssertionError, match="says 'never', the request"):
        requests.check_plan(Fault())


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"follows": None}, "does not follow"),
        ({"state_before": "0" * 32}, "between which the state has changed"),
        ({"asked": "0" * 32}, "anybody can compute"),
    ],
)
def test_records_that_do_not_follow(of, words):
    class Fault(UnlearnableRidge):
        @property
        def request_record_(self):
            return replace(super().request_record_, **of)

    with pytest.raises(AssertionError, match=words):
        requests.check_record(Fault())


def test_a_request_that_is_not_logged():
    class Fault(UnlearnableRidge):
        def _put(self, *given, **keywords):
            with patch.object(LOGGER, "isEnabledFor", lambda level: False):
                return super()._put(*given, **keywords)

    with pytest.raises(AssertionError, match=r"logs \[\]"):
        requests.check_record(Fault())


def test_an_undo_that_does_not_say_so():
    class Fault(UnlearnableGaussianNB):
        @property
        def request_record_(self):
            return replace(super().request_record_, undoes=None)

    with pytest.raises(AssertionError, match="does not say what was undone"):
        requests.check_undo(Fault())


def test_a_list_of_which_one_is_undone():
    class Fault(UnlearnableGaussianNB):
        def _undo(self, records, given):
            if len(records) == 1:
                return super()._undo(records, given)
            return self.partial_fit(given[0]["X"], given[0]["y"])

    with pytest.raises(AssertionError, match="another model than before"):
        requests.check_undo(Fault())


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"row_ids": ("0" * 32,)}, "are of other names"),
        ({"n_rows_out": 1}, "recorded as of 1"),
    ],
)
def test_records_of_other_names(of, words):
    class Fault(UnlearnableKNeighborsClassifier):
        @property
        def request_record_(self):
            return replace(super().request_record_, **of)

    with pytest.raises(AssertionError, match=words):
        subjects.check_requests_by_name(Fault(1))


def test_an_undo_before_what_came_later():
    class Fault(UnlearnableRidge):
        def _check_undone(self, records, log):
            pass

    with pytest.raises(AssertionError, match="before that of what came later"):
        requests.check_undo(Fault(retain_data=True))
