"""What refusals tell of secrets: no more than a small number of them may."""

import copy
import pickle

import numpy as np
import pytest

from sklearn_unlearn.certification import account
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    CertificationError,
    EmptyClassError,
    UnlearningError,
)
from sklearn_unlearn.inspection._display import answers
from tests.cases import make
from tests.certified.problems import (
    KAPPA,
    OUT,
    certified,
    gaussian,
    problem,
    shown,
    spent_by,
)


def deleted(shift, limit, X, y):
    """A model without a row whose first value was larger by ``shift``."""
    rows = X.copy()
    rows[0, 0] = 2.0 + shift
    certification = gaussian(0.02 * KAPPA, n_publications=None, max_refusals=limit)
    model = make("logistic", certification=certification, fit_intercept=False)
    return model.fit(rows, y).partial_unfit(rows[:1], y[:1])


def bisected(model, n_tries=45):
    """The size of a row from which on it is refused, and what was refused.

    Each is put to a copy, so that those that are answered change nothing.
    """
    low, high, refused = 0.0, 4.0, []
    for _ in range(n_tries):
        size = 0.5 * (low + high)
        try:
            copy.copy(model).partial_fit(np.full((1, 5), size), ["no"])
            low = size
        except UnlearningError:
            high = size
        refused.append(high == size)
    return high, np.array(refused)


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_bisection_by_refusals_learns_a_few_bits():
    X, y = problem("logistic", 1500)
    found = {}
    for limit in (1000, 10):
        models = [deleted(shift, limit, X, y) for shift in (0.0, 1e-6)]
        found[limit] = [bisected(model) for model in models]
    # without a limit two deletions are told apart that differ in the sixth digit
    (one, refused), (other, also) = found[1000]
    assert one != other
    assert one == pytest.approx(other, rel=1e-6)
    assert refused.sum() > 15
    assert np.any(refused != also)
    # with it they are not: after ten refusals there are no others than refusals
    (_, refused), (_, also) = found[10]
    np.testing.assert_array_equal(refused, also)
    last = np.flatnonzero(refused)[9]
    assert refused[last:].all()
    assert 4.0 * 0.5**last > 1e-6


def refused_until_closed(model, rows, n_before=0):
    """How often the removal of a row is refused for its own reason."""
    for count in range(n_before, 50):
        with pytest.raises(UnlearningError) as caught:
            model.partial_unfit(*rows)
        if "max_refusals" in str(caught.value):
            return count
    raise AssertionError("never closed")


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("retain_data", [False, True])
def test_after_so_many_refusals_nothing_is_published(retain_data, limit):
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=retain_data)
    certification = gaussian(
        1.01 * at_fit * KAPPA, n_publications=None, max_refusals=limit
    )
    estimator = certified("ridge", certification=certification, retain_data=retain_data)
    estimator.fit(X, y)
    published = shown(estimator)
    assert estimator.release()[1].max_refusals == limit
    rows = X[:1], y[:1]
    assert refused_until_closed(estimator, rows) == limit
    # for everything, also where there would be room; not for what changes nothing
    with pytest.raises(BudgetExceededError, match=f"max_refusals={limit}"):
        estimator.partial_unfit(*rows, sample_weight=1e-9)
    estimator.replace_labels(X[3:4], y[3:4], y[3:4])
    estimator.refine(X, y)
    np.testing.assert_array_equal(shown(estimator), published)
    np.testing.assert_array_equal(shown(estimator.fit(X, y)) != published, True)
    assert estimator.private_record().publication == 1
    with pytest.raises(BudgetExceededError, match="remains of a budget"):
        estimator.partial_unfit(*rows)


@pytest.mark.parametrize("reason", account._SECRET_REASONS)
def test_every_reason_that_secrets_decide_counts(reason, monkeypatch):
    X, y = problem("logistic")
    certification = gaussian(1e3, max_refusals=3)
    estimator = certified("logistic", certification=certification).fit(X, y)

    def refuse(*arguments, **keywords):
        raise reason("for a reason")

    with monkeypatch.context() as patch:
        patch.setattr("sklearn_unlearn.newton.apply", refuse)
        assert refused_until_closed(estimator, (X[:1], y[:1])) == 3


def test_what_the_data_and_the_request_decide_does_not_count():
    X, y = problem("logistic")
    certification = gaussian(1e3, max_refusals=1)
    estimator = certified("logistic", certification=certification).fit(X, y)
    first = y == y[0]
    for _ in range(3):
        with pytest.raises(EmptyClassError):
            estimator.partial_unfit(X[first], y[first])
        with pytest.raises(ValueError, match="feature"):
            estimator.partial_unfit(X[:1, :2], y[:1])
    estimator.partial_unfit(X[:1], y[:1])


def test_nor_does_what_is_refused_though_it_was_fitted_again():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    share = 1.5 * at_fit
    certification = gaussian(share * 2.0 * KAPPA, n_publications=4, max_refusals=1)
    estimator = certified("ridge", certification=certification, retain_data=True)
    estimator.fit(X, y)
    assert estimator.release()[1].max_refusals is None
    for _ in range(3):
        with pytest.raises(CertificationError, match="n_publications=4 leaves"):
            estimator.partial_fit(1e6 * X[:1], y[:1])
    estimator.partial_unfit(X[OUT[:1]], y[OUT[:1]])


def test_copies_of_a_model_count_together_and_rehearsals_do_not():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y)
    certification = gaussian(1.01 * at_fit * KAPPA, n_publications=None, max_refusals=4)
    estimator = certified("ridge", certification=certification).fit(X, y)
    with pytest.raises(BudgetExceededError):
        list(answers(estimator, X, y, [[0], [1]]))
    estimator.removal_cost(X[:1], y[:1])
    estimator.capacity(X[:1], y[:1])
    twin = copy.copy(estimator)
    for model in (estimator, twin, estimator):
        with pytest.raises(BudgetExceededError, match="remains"):
            model.partial_unfit(X[:1], y[:1])
    # and so does who reads it later
    read = pickle.loads(pickle.dumps(estimator))
    for model in (read, twin):
        assert refused_until_closed(model, (X[:1], y[:1]), 3) == 4


@pytest.mark.parametrize("wrong", [0, -1, 1.5, None, True, "ten"])
def test_the_limit_is_a_number(wrong):
    X, y = problem("ridge")
    certification = gaussian(max_refusals=wrong)
    with pytest.raises((ValueError, TypeError), match="max_refusals"):
        certified("ridge", certification=certification).fit(X, y)
