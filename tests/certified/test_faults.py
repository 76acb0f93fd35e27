"""Requests that fail on the way, and readers meanwhile: one state or the other."""

import copy
import threading
from pathlib import Path

import numpy as np
import pytest

from sklearn_unlearn import accounted as accounted_module
from sklearn_unlearn.certification import lineage as lineage_module
from tests.cases import coefficients
from tests.certified.problems import (
    all_drawn,
    certified,
    conditioned,
    problem,
    short_of_budget,
    shown,
    spent_by,
    theta,
    with_budget,
)
from tests.certified.snapshots import Frozen
from tests.interruptions import interruptions
from tests.observers import PATIENCE, Observers


def fail_with(error):
    def fail(*arguments, **keywords):
        raise error

    return fail


def fitted(short, retain_data):
    """An estimator, and whether its next request, over 60 rows, is short of budget."""
    X, y = conditioned("logistic")
    if short:
        return short_of_budget()
    return certified("logistic", 1e3, retain_data=retain_data).fit(X, y), X, y


FAILURES = [
    *[
        (module, function, False, retain_data)
        for module, function in (
            (accounted_module, "advanced"),
            (lineage_module, "distance"),
            (lineage_module, "_published"),
            (lineage_module, "noisy"),
            (lineage_module, "array_hash"),
            (lineage_module, "PrivateRecord"),
        )
        for retain_data in (False, True)
    ],
    (lineage_module, "stepped", False, False),
    (lineage_module, "followed", False, True),
    (accounted_module, "refine", True, True),
    (accounted_module, "refreshed", True, True),
    (accounted_module, "minimised", True, True),
    (lineage_module, "noisy", True, True),
]


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize(("module", "function", "short", "retain_data"), FAILURES)
def test_a_request_that_fails_spends_and_publishes_nothing(
    monkeypatch, module, function, short, retain_data, error
):
    estimator, X, y = fitted(short, retain_data)
    rows = 60 if short else 4
    before = Frozen(estimator)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, fail_with(error))
        with pytest.raises(error):
            estimator.partial_unfit(X[:rows], y[:rows])
    before.assert_as_it_was()
    estimator.partial_unfit(X[:rows], y[:rows])  # now it can be carried out
    expected = "refine" if short else "request"
    assert estimator.private_record().operation == expected
    assert all_drawn(shown(estimator), shown(before.released))


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("function", ["_measured", "noisy", "_published"])
def test_a_refinement_or_fit_that_fails_spends_nothing(monkeypatch, function, error):
    X, y = problem("logistic")
    estimator = certified("logistic", 1e3).fit(X, y)
    estimator.partial_unfit(X[:4], y[:4])
    before = Frozen(estimator)
    with monkeypatch.context() as patch:
        patch.setattr(lineage_module, function, fail_with(error))
        if function == "_measured":
            with pytest.raises(error):
                estimator.refine(X[4:], y[4:])
        with pytest.raises(error):
            estimator.fit(X, y)
    before.assert_as_it_was()
    estimator.refine(X[4:], y[4:])
    assert np.any(theta(estimator) != before.fitted.model.state.theta)


@pytest.mark.usefixtures("_blas_limit")
@pytest.mark.parametrize(
    ("short", "retain_data"), [(False, False), (False, True), (True, True)]
)
def test_interrupted_at_any_line_a_request_is_done_or_undone(short, retain_data):
    # lines of other modules: tests/linear_model/test_state.py
    ours = (str(Path(lineage_module.__file__).parent), accounted_module.__file__)
    estimator, X, y = fitted(short, retain_data)
    rows = 60 if short else 4
    before = Frozen(estimator)
    done = copy.copy(estimator)  # answers with the same noise
    done.partial_unfit(X[:rows], y[:rows])
    n_undone = 0
    for number in interruptions(
        lambda: estimator.partial_unfit(X[:rows], y[:rows]),
        (short, retain_data),
        strides=(1, 7 if short else 3),
        within=ours,
    ):
        assert estimator._fitted is before.fitted
        if number % 10 == 0:
            before.assert_as_it_was()
        n_undone += 1
    assert n_undone > 25
    np.testing.assert_array_equal(coefficients(estimator), coefficients(done))
    assert estimator.private_record() == done.private_record()


# Threads ----------------------------------------------------------------------------


def look(estimator, X):
    """All that a reader sees, from one call each."""
    model, certificate = estimator.release()
    certificate.verify(model)
    return (
        certificate.publication,
        estimator.coef_.tobytes(),
        estimator.decision_function(X).tobytes(),
        coefficients(estimator.to_sklearn()).tobytes(),
        coefficients(model).tobytes(),
    )


@pytest.mark.parametrize("short", [False, True])
def test_before_the_swap_a_reader_sees_the_old_publication(monkeypatch, short):
    estimator, X, y = fitted(short, True)
    rows = 60 if short else 4
    old = look(estimator, X[:5])
    drawing, read = threading.Event(), threading.Event()
    real = lineage_module.noisy

    def pausing(*arguments):
        drawing.set()
        assert read.wait(PATIENCE)
        return real(*arguments)

    monkeypatch.setattr(lineage_module, "noisy", pausing)
    request = threading.Thread(
        target=estimator.partial_unfit, args=(X[:rows], y[:rows]), daemon=True
    )
    request.start()
    try:
        assert drawing.wait(PATIENCE)
        # the budget is checked, the noise not yet drawn: the request holds its lock
        assert look(estimator, X[:5]) == old
    finally:
        read.set()
        request.join(PATIENCE)
    assert not request.is_alive()
    new = look(estimator, X[:5])
    assert all(was != now for was, now in zip(old[1:], new[1:], strict=True))
    assert new[0] == 2


def test_readers_see_publications_only():
    X, y = problem("logistic", 6000)
    estimator = certified("logistic", 1e3).fit(X, y)
    query = X[-5:]
    states = {look(estimator, query)[1:]}
    parts = [set() for _ in range(4)]

    def read():
        release = look_release(estimator)
        seen = (
            estimator.coef_.tobytes(),
            estimator.decision_function(query).tobytes(),
            coefficients(estimator.to_sklearn()).tobytes(),
            release,
        )
        for part, value in zip(parts, seen, strict=True):
            part.add(value)
        return seen

    with Observers(read) as readers:
        for row in range(40):
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
            states.add(look(estimator, query)[1:])
            if row % 4 == 0:  # nothing moves: what all see is this state
                current = look(estimator, query)[1:]
                assert readers.look() == [current, current]
    assert len(states) == 41
    for part, published in zip(parts, zip(*states, strict=True), strict=True):
        assert part <= set(published)
        assert len(part) >= 10


def look_release(estimator):
    model, certificate = estimator.release()
    certificate.verify(model)
    return coefficients(model).tobytes()


def test_requests_of_several_threads_are_each_paid_for():
    X, y = problem("ridge")
    estimator = certified("ridge", 1e-3).fit(X, y)

    def remove(rows):
        for row in rows:
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])

    threads = [
        threading.Thread(target=remove, args=(range(start, 40, 4),), daemon=True)
        for start in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    record = estimator.private_record()
    assert record.publication == 41
    # whatever the order, distances grow from the first to the last
    first = certified("ridge", 1e-3).fit(X, y).private_record().distance
    assert first * np.sqrt(41) < record.spent < record.distance * np.sqrt(41)


def test_only_as_many_threads_get_through_as_the_budget_lets():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y)
    estimator = with_budget("ridge", 4.05 * at_fit).fit(X, y)
    refused = []

    def remove(rows):
        for row in rows:
            try:
                estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
            except accounted_module.BudgetExceededError:
                refused.append(row)

    threads = [
        threading.Thread(target=remove, args=(range(start, 40, 4),), daemon=True)
        for start in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    record = estimator.private_record()
    assert 6 <= record.publication <= 16
    assert len(refused) == 41 - record.publication
    assert record.spent <= record.budget
