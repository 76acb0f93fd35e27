"""The claim by experiment: publications of unlearned states against those of refits.

The states are those of estimators and fixed, what varies is the draw; it is made as the
library makes it. The refits stop as early as the certificate allows, as far from the
unlearned coefficients as they can: the stated distance is then nearly the true one, and
a claim that is false by little can be seen to be.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from sklearn_unlearn import GaussianCertification
from sklearn_unlearn.certification import gaussian_delta, kappa
from sklearn_unlearn.certification.noise import noisy
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.metrics import audit_indistinguishability
from tests.cases import data, make
from tests.certified.problems import theta

EPSILON, DELTA = 0.1, 0.01
KAPPA = kappa(EPSILON, DELTA)
N_DRAWS = 60_000


def fitted(sigma):
    """An estimator of three coefficients with a Hessian that is nearly a multiple of 1.

    Its tolerance lets first-order steps stand as they are.
    """
    rng = np.random.default_rng(5)
    X = np.tile([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], (50, 1))
    y = X @ [1.0, -2.0] + rng.normal(size=200)
    certification = GaussianCertification(EPSILON, DELTA, sigma, n_publications=None)
    estimator = make(
        "ridge",
        alpha=1e-3,
        method="first_order",
        tol=4.0,
        retain_data=True,
        certification=certification,
    )
    return estimator.fit(X, y), X, y


def farthest_refit(estimator, X, y):
    """Of the refits that the certificate speaks of, the one farthest away."""
    minimiser = make("ridge", alpha=1e-3, tol=1e-12).fit(X, y)
    state = minimiser._fitted.model.state
    away = state.theta - theta(estimator)
    away = away if np.linalg.norm(away) > 1e-9 else np.ones((3, 1))
    rows = minimiser._read_rows(minimiser._fitted, X, y, None)
    units = Units.of(state.objective.loss, rows)
    tolerance = estimator.release()[1].refit_tolerance * units.largest
    # the objective is quadratic: its gradient is linear
    norm = np.linalg.norm(state.objective.gradient(rows, state.theta + away))
    return state.theta + 0.999 * tolerance / norm * away


@dataclass(frozen=True)
class Story:
    """The states of a lineage, and refits of the same data."""

    lineages: tuple
    states: tuple
    refits: tuple

    @property
    def spent(self):
        return self.lineages[-1].record.spent

    @property
    def distance(self):
        pairs = zip(self.states, self.refits, strict=True)
        return float(np.linalg.norm([state.theta - refit for state, refit in pairs]))

    def noise(self, n_draws, key):
        """Noise of the states as the library draws it, shape (n_draws, n_states, 3)."""
        size = (n_draws, len(self.states), 3)
        return noisy(np.zeros(size), np.zeros(size, dtype=bool), 1.0, key)


@dataclass(frozen=True)
class Repeated:
    """A story and its noise, repeated: that of the lineage and that of the refits."""

    story: Story
    noise: np.ndarray
    other_noise: np.ndarray

    @classmethod
    def of(cls, story, n_draws=N_DRAWS):
        return cls(story, story.noise(n_draws, b"one"), story.noise(n_draws, b"other"))

    def published(self, sigma):
        """The lineage's publications and those of refits."""
        unlearned = np.array([state.theta[:, 0] for state in self.story.states])
        refits = np.array([refit[:, 0] for refit in self.story.refits])
        return unlearned + sigma * self.noise, refits + sigma * self.other_noise

    def audits(self, sigma):
        return audits(*self.published(sigma))


def audits(first, second):
    """Audits that divide the draws differently."""
    return [
        audit_indistinguishability(first, second, EPSILON, random_state=seed)
        for seed in range(5)
    ]


def told(sigma=1e3, n_requests=1):
    estimator, X, y = fitted(sigma)
    lineages, states, refits = [], [], []
    for row in range(n_requests + 1):
        lineages.append(estimator._fitted.lineage)
        states.append(estimator._fitted.model.state)
        refits.append(farthest_refit(estimator, X[row:], y[row:]))
        estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
    return Story(tuple(lineages), tuple(states), tuple(refits))


@pytest.fixture(scope="module")
def story():
    return told()


@pytest.fixture(scope="module")
def repeated(story):
    return Repeated.of(story)


def test_the_stated_distance_is_nearly_the_true_one(story):
    assert 0.85 * story.spent < story.distance <= story.spent
    # every state, the fit among them, is far from its refit
    for state, refit in zip(story.states, story.refits, strict=True):
        assert np.linalg.norm(state.theta - refit) > 0.4 * story.distance
    assert story.spent == pytest.approx(
        np.linalg.norm([lineage.record.distance for lineage in story.lineages])
    )


def test_the_claim_stands_where_the_whole_budget_is_spent(repeated):
    story = repeated.story
    sigma = KAPPA * story.spent
    assert replace(story.lineages[-1].terms, sigma=sigma).budget == pytest.approx(
        story.spent, rel=1e-8
    )
    true = gaussian_delta(sigma / story.distance, EPSILON)
    assert 0.5 * DELTA < true <= DELTA
    assert not any(audit.refutes(DELTA) for audit in repeated.audits(sigma))


def test_halved_noise_is_detected(repeated):
    sigma = 0.5 * KAPPA * repeated.story.spent
    found = repeated.audits(sigma)
    assert np.median([audit.delta_lower for audit in found]) > 1.5 * DELTA
    true = gaussian_delta(sigma / repeated.story.distance, EPSILON)
    assert all(audit.delta_lower <= true for audit in found)


def test_a_distance_ten_times_larger_than_claimed_is_detected(repeated):
    found = repeated.audits(0.1 * KAPPA * repeated.story.spent)
    assert all(audit.delta_lower > 25 * DELTA for audit in found)


def test_noise_drawn_anew_at_each_release_would_be_averaged_away(repeated):
    samples = repeated.published(KAPPA * repeated.story.spent)
    means = [draws.reshape(-1, 10, draws[0].size).mean(axis=1) for draws in samples]
    assert len(means[0]) == N_DRAWS // 10
    found = audits(*means)
    assert np.median([audit.delta_lower for audit in found]) > 1.5 * DELTA


def test_releases_of_one_state_are_not_averaged_away():
    estimator, X, y = fitted(2.5)
    estimator.partial_unfit(X[:1], y[:1])
    released = [estimator.release()[0] for _ in range(10)]
    mean = np.mean([np.r_[model.coef_, model.intercept_] for model in released], axis=0)
    one = np.r_[released[0].coef_, released[0].intercept_]
    np.testing.assert_allclose(mean, one, rtol=1e-14)
    # three coefficients are as near by chance once in 1e10 runs
    assert np.abs(one - theta(estimator)[:, 0]).max() > 5e-4 * 2.5


def test_one_draw_for_all_states_would_be_detected(story):
    # differences of publications are then free of noise
    repeated = Repeated.of(story, 5000)
    shared = replace(
        repeated,
        noise=repeated.noise[:, [0, 0]],
        other_noise=repeated.other_noise[:, [0, 0]],
    )
    found = shared.audits(KAPPA * story.spent)
    assert all(audit.delta_lower > 50 * DELTA for audit in found)


def test_without_data_the_claim_stands_for_real_refits():
    X, y = data("logistic", 600, 2)
    certification = GaussianCertification(EPSILON, DELTA, 1e6)
    estimator = make("logistic", certification=certification).fit(X, y)
    lineages, states, refits = [], [], []
    for row in range(2):
        lineages.append(estimator._fitted.lineage)
        states.append(estimator._fitted.model.state)
        refits.append(theta(make("logistic").fit(X[row:], y[row:])))
        estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
    story = Story(tuple(lineages), tuple(states), tuple(refits))
    assert 1e-7 < story.distance <= story.spent
    repeated = Repeated.of(story, 20_000)
    found = repeated.audits(KAPPA * story.spent)
    assert not any(audit.refutes(DELTA) for audit in found)
    # with noise for a tenth of the true distance it is told from a refit
    found = repeated.audits(0.1 * KAPPA * story.distance)
    assert all(audit.refutes(DELTA) for audit in found)
