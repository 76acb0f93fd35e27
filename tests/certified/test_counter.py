"""A publication that another copy of the model has made is not made again."""

import copy
import os
import pickle

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableRidge, make_unlearnable_pipeline
from sklearn_unlearn.certification import FolderCounter
from sklearn_unlearn.certification import lineage as lineage_module
from sklearn_unlearn.exceptions import PublicationClaimedError
from sklearn_unlearn.inspection import BudgetDisplay
from sklearn_unlearn.inspection._display import answers
from sklearn_unlearn.metrics import efficiency
from sklearn_unlearn.preprocessing import UnlearnableStandardScaler
from tests.certified.problems import certified, gaussian, problem, shown
from tests.certified.snapshots import Frozen

COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.fixture
def counter(tmp_path):
    return FolderCounter(tmp_path)


def counted(name, counter, **params):
    return certified(name, certification=gaussian(10.0, counter=counter), **params)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_a_backup_publishes_no_second_branch(name, retain_data, copied, counter):
    X, y = problem(name)
    estimator = counted(name, counter, retain_data=retain_data).fit(X, y)
    backup = copied(estimator)
    estimator.partial_unfit(X[:1], y[:1])
    before = Frozen(backup)
    for _ in range(2):
        with pytest.raises(PublicationClaimedError, match="Publication 2"):
            backup.partial_unfit(X[1:2], y[1:2])
        before.assert_as_it_was()
    # what publishes nothing is not refused, nor is who went on
    backup.refine(X, y)
    np.testing.assert_array_equal(shown(backup), shown(before.released))
    estimator.partial_unfit(X[1:2], y[1:2])
    assert len(os.listdir(counter.folder)) == 3


@pytest.mark.parametrize("retain_data", [False, True])
def test_a_backup_may_answer_what_was_answered(retain_data, counter):
    X, y = problem("ridge")
    estimator = counted("ridge", counter, retain_data=retain_data).fit(X, y)
    backup = copy.copy(estimator)
    for model in (estimator, backup):
        model.partial_unfit(X[:1], y[:1])
    np.testing.assert_array_equal(shown(backup), shown(estimator))
    assert backup.release()[1] == estimator.release()[1]


@pytest.mark.parametrize("retain_data", [False, True])
def test_what_was_claimed_and_not_shown_can_be_repeated_only(
    retain_data, counter, monkeypatch
):
    X, y = problem("ridge")
    estimator = counted("ridge", counter, retain_data=retain_data).fit(X, y)
    before = Frozen(estimator)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # it is counted before it is drawn
        patch.setattr(lineage_module, "noisy", interrupted)
        with pytest.raises(KeyboardInterrupt):
            estimator.partial_unfit(X[:1], y[:1])
    before.assert_as_it_was()
    assert counter.claimed(before.certificate.name, 2) is not None
    with pytest.raises(PublicationClaimedError):
        estimator.partial_unfit(X[1:2], y[1:2])
    before.assert_as_it_was()
    estimator.partial_unfit(X[:1], y[:1])
    estimator.release()[1].verify(estimator.to_sklearn(), counter=counter)


def test_certificates_carry_what_was_counted(counter):
    X, y = problem("ridge")
    estimator = counted("ridge", counter, retain_data=True).fit(X, y)
    first = estimator.release()
    estimator.partial_unfit(X[:1], y[:1])
    second = estimator.release()
    for number, (model, certificate) in enumerate((first, second), 1):
        assert certificate.publication == number
        claimed = counter.claimed(certificate.name, number)
        assert certificate.counted == claimed != ""
        certificate.verify(model, counter=counter)
    assert first[1].counted != second[1].counted
    assert certified("ridge").fit(X, y).release()[1].counted == ""


def test_nothing_is_published_that_could_not_be_counted():
    X, y = problem("ridge")
    table = {}
    full = OSError("no space left")

    def counter(name, publication, digest):
        if publication == 2:
            raise full
        return table.setdefault((name, publication), digest)

    estimator = counted("ridge", counter, retain_data=True).fit(X, y)
    fitted, before = estimator._fitted, shown(estimator)
    with pytest.raises(OSError, match="no space left"):
        estimator.partial_unfit(X[:1], y[:1])
    assert estimator._fitted is fitted
    np.testing.assert_array_equal(shown(estimator), before)
    assert list(table) == [(estimator.release()[1].name, 1)]


def test_copies_that_nobody_is_shown_are_not_counted(counter):
    X, y = problem("ridge")
    estimator = counted("ridge", counter, retain_data=True).fit(X, y)
    estimator.capacity(X[:1], y[:1])
    estimator.removal_cost(X[:1], y[:1])
    efficiency(estimator, lambda m: m.partial_unfit(X[:2], y[:2]), lambda: None)
    assert len(list(answers(estimator, X, y, [[0], [1]]))) == 2
    assert len(os.listdir(counter.folder)) == 1
    estimator.partial_unfit(X[2:3], y[2:3])
    assert len(os.listdir(counter.folder)) == 2


def test_a_display_counts_nothing(counter):
    pytest.importorskip("matplotlib")
    X, y = problem("ridge")
    estimator = counted("ridge", counter, retain_data=True).fit(X, y)
    display = BudgetDisplay.from_estimator(estimator, X, y, [[0], [1]])
    assert len(display.results["UnlearnableRidge"]) == 3
    assert len(os.listdir(counter.folder)) == 1


def test_the_last_step_of_a_pipeline_counts(counter):
    X, y = problem("ridge")
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(),
        UnlearnableRidge(certification=gaussian(10.0, counter=counter)),
    ).fit(X, y)
    backup = copy.deepcopy(model)
    model.partial_unfit(X[:1], y[:1])
    released, certificate = model.release()
    certificate.verify(released, counter=counter)
    with pytest.raises(PublicationClaimedError):
        backup.partial_unfit(X[1:2], y[1:2])


def test_a_class_that_vanishes_is_counted(counter):
    X, y = problem("multinomial")
    estimator = counted("multinomial", counter, retain_data=True).fit(X, y)
    backup = copy.deepcopy(estimator)
    estimator.partial_unfit(X[y == "c"], y[y == "c"])
    assert len(os.listdir(counter.folder)) == 2
    with pytest.raises(PublicationClaimedError):
        backup.partial_unfit(X[:1], y[:1])


def test_a_counter_is_callable():
    X, y = problem("ridge")
    with pytest.raises(TypeError, match="counter must be callable; got 3"):
        counted("ridge", 3).fit(X, y)
