"""Requests that depend on what was published: two worlds, and real estimators.

What a defect of each kind would look like is played by `benchmarks.adaptive`, with the
library's accountant and noise and an adversary who leaves nothing unspent.
"""

import copy

import numpy as np
import pytest
from scipy.stats import kstest

from benchmarks.adaptive import DEFECTS, DELTA, audited
from tests.cases import make
from tests.certified.problems import certified, problem, shown, theta, with_budget


def test_what_the_library_does_is_not_told_apart():
    found = audited(20_000, "none")
    assert not found.detects
    # the adversary left nothing, in any run, and the claim is no idle one
    assert 1.0 - 1e-9 < found.smallest_spent <= found.spent <= 1.0 + 1e-9
    assert 0.6 * DELTA < found.delta_estimate < 1.2 * DELTA
    assert found.variance == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("defect", [name for name in DEFECTS if name != "none"])
def test_every_defect_is_detected(defect):
    found = audited(20_000, defect)
    assert found.detects
    assert found.delta_lower > DELTA or found.spent > 1.1


def played(retain_data, seed):
    """A lineage whose requests are chosen by what it published, and a branch of it.

    Gives noises in units of sigma, true distances to refits, and the record.
    """
    X, y = problem("ridge", 200, seed)
    sigma = 1e-3 if retain_data else 1e2
    estimator = certified("ridge", sigma, retain_data=retain_data).fit(X, y)
    noises, distances, left = [], [], np.arange(200)
    for _ in range(4):
        noises.append((shown(estimator) - theta(estimator)).ravel() / sigma)
        tight = make("ridge", tol=1e-11).fit(X[left], y[left])
        distances.append(np.linalg.norm(theta(estimator) - theta(tight)))
        # whoever the publication fits worst leaves
        wrong = np.abs(y[left] - estimator.predict(X[left]))
        out = left[[int(np.argmax(wrong))]]
        branch = copy.copy(estimator)
        estimator.partial_unfit(X[out], y[out])
        left = np.setdiff1d(left, out)
        branch.partial_unfit(X[left[:1]], y[left[:1]])
        noises.append((shown(branch) - theta(branch)).ravel() / sigma)
    return np.array(noises), distances, estimator.private_record()


@pytest.mark.parametrize("retain_data", [False, True])
def test_noises_of_states_and_branches_are_normal_and_uncorrelated(retain_data):
    runs = [played(retain_data, seed) for seed in range(12)]
    for _, distances, record in runs:
        assert np.linalg.norm(distances) <= record.spent <= record.budget
    noises = np.stack([noise for noise, _, _ in runs])
    # The noise is fresh in each run: a right one fails less than once in 1e9 of them,
    # half of sigma, or noise that two publications share, always.
    assert kstest(noises.ravel(), "norm").pvalue > 1e-10
    # over coefficients and runs, of every two publications
    both = np.corrcoef(noises.transpose(1, 0, 2).reshape(8, -1))
    assert np.abs(both - np.eye(8)).max() < 6.0 / np.sqrt(noises[:, 0].size)


def test_refusals_without_data_tell_secrets_and_certificates_say_so():
    # the same data now, reached by deletions that differ in the sixth digit
    X, y = problem("logistic", 1500)
    smallest = []
    for shift in (0.0, 1e-6):
        rows = X.copy()
        rows[0, 0] += shift
        estimator = with_budget("logistic", 0.01, fit_intercept=False).fit(rows, y)
        estimator.partial_unfit(rows[:1], y[:1])
        assert "Refusals" in " ".join(estimator.release()[1].not_claimed)
        smallest.append(estimator.private_record().remaining)
    assert smallest[0] != smallest[1]
