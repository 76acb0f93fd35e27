"""The oracle is the Gaussian mechanism, whose delta is known (Balle and Wang 2018)."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from sklearn_unlearn.metrics import audit_indistinguishability
from sklearn_unlearn.metrics._audit import _lower_bound

#: The claim, and the noise in units of the distance at which it is exactly true.
EPSILON, DELTA, KAPPA = 0.1, 0.01, 9.54182


def gaussian_delta(epsilon, shift):
    """Delta of two unit Gaussians a shift apart."""
    if shift == 0.0:
        return 0.0
    inside = norm.cdf(shift / 2 - epsilon / shift)
    return inside - np.exp(epsilon) * norm.cdf(-shift / 2 - epsilon / shift)


def publications(shift, n_draws, n_features, seed, *, releases=1):
    """Two samples, a distance ``shift`` apart, of means of unit-Gaussian releases."""
    rng = np.random.default_rng(seed)
    centre = rng.standard_normal(n_features)
    move = rng.standard_normal(n_features)
    move *= shift / np.linalg.norm(move)
    noise = rng.standard_normal((2, releases, n_draws, n_features)).mean(axis=1)
    return centre + move + noise[0], centre + noise[1]


def audit(shift, n_draws, n_features, seed, *, epsilon=EPSILON, **options):
    confidence = options.pop("confidence", 0.95)
    samples = publications(shift, n_draws, n_features, seed, **options)
    return audit_indistinguishability(
        *samples, epsilon, confidence=confidence, random_state=seed
    )


@pytest.mark.parametrize("n_features", [3, 5])
def test_a_true_claim_stands(n_features):
    assert gaussian_delta(EPSILON, 1 / KAPPA) == pytest.approx(DELTA, rel=1e-5)
    audits = [audit(1 / KAPPA, 20_000, n_features, seed) for seed in range(5)]
    assert not any(result.refutes(DELTA) for result in audits)


# The bound of one seed strays by 0.01 now and then, the median of many does not.
@pytest.mark.parametrize("n_features", [3, 5])
@pytest.mark.parametrize(
    ("shift", "releases", "delta"),
    [(2, 1, 0.0450), (10, 1, 0.3699), (1, 10, 0.0921)],
    ids=["noise halved", "ten times the distance", "mean of ten releases"],
)
def test_a_false_claim_falls(shift, releases, delta, n_features):
    true = gaussian_delta(EPSILON, shift * releases**0.5 / KAPPA)
    assert true == pytest.approx(delta, abs=1e-4)
    audits = [
        audit(shift / KAPPA, 20_000, n_features, seed, releases=releases)
        for seed in range(15)
    ]
    bound = np.median([result.delta_lower for result in audits])
    assert DELTA < bound < true
    assert bound > true - 0.03
    estimate = np.mean([result.delta_estimate for result in audits])
    assert estimate == pytest.approx(true, abs=0.015)


@pytest.mark.parametrize(
    ("shift", "epsilon", "confidence", "n_draws", "n_features"),
    [
        (1.0, 0.1, 0.95, 400, 3),
        (2.0, 0.0, 0.5, 400, 1),
        (3.0, 3.0, 0.95, 1000, 2),
        (0.0, 0.0, 0.95, 100, 40),
    ],
)
def test_the_bound_is_valid(shift, epsilon, confidence, n_draws, n_features):
    options = {"epsilon": epsilon, "confidence": confidence}
    true = gaussian_delta(epsilon, shift)
    audits = [audit(shift, n_draws, n_features, seed, **options) for seed in range(200)]
    above = np.mean([result.delta_lower > true for result in audits])
    assert above <= 1 - confidence
    # What has no allowance for chance is above often: the test can tell.
    assert np.mean([result.delta_estimate > true for result in audits]) > 0.2


@pytest.mark.parametrize(
    ("hits", "n_draws", "other_hits", "n_other"),
    [(30, 100, 5, 80), (0, 50, 50, 50), (50, 50, 0, 60), (1, 2, 1, 3)],
)
def test_the_bound_is_of_two_exact_intervals(hits, n_draws, other_hits, n_other):
    def interval(count, total, side):
        test = binomtest(count, total, alternative=side)
        return test.proportion_ci(confidence_level=0.975, method="exact")

    low = interval(hits, n_draws, "greater").low
    high = interval(other_hits, n_other, "less").high
    bound = _lower_bound(hits, n_draws, other_hits, n_other, 0.5, 0.95)
    assert bound == pytest.approx(low - np.exp(0.5) * high, rel=1e-9)


def test_draws_that_chose_the_event_are_not_counted():
    # 100 coefficients separate any 200 draws without error.
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 100, 100))
    result = audit_indistinguishability(first, second, 0.0, random_state=0)
    assert result.delta_lower == 0.0
    assert result.n_draws == (50, 50)


@pytest.mark.parametrize("seed", range(4))
def test_the_event_is_as_told(seed):
    first, second = publications(2.0, 20_000, 3, seed)
    result = audit_indistinguishability(first, second, 1.0, random_state=seed)
    samples = (first, second) if result.more_likely == "first" else (second, first)
    p, q = (np.mean(x @ result.normal >= result.threshold) for x in samples)
    assert p - np.e * q == pytest.approx(result.delta_estimate, abs=0.03)
    assert np.linalg.norm(result.normal) == pytest.approx(1.0)


def test_exchange_of_roles():
    samples = publications(0.5, 1000, 3, seed=0)
    one = audit_indistinguishability(*samples, 0.1, random_state=0)
    other = audit_indistinguishability(*samples[::-1], 0.1, random_state=0)
    assert one.delta_lower > 0.0
    assert one.delta_lower == pytest.approx(other.delta_lower, rel=1e-9)
    assert {one.more_likely, other.more_likely} == {"first", "second"}
    np.testing.assert_allclose(one.normal, other.normal, rtol=1e-6)


def test_a_rare_event_shows_in_either_role():
    # Of one sample in ten, a draw is where the other never is: at a large epsilon only
    # the likelier role counts.
    rng = np.random.default_rng(0)
    mixed, plain = rng.standard_normal((2, 2000))
    mixed[rng.random(2000) < 0.1] += 20.0
    for samples, role in [((mixed, plain), "first"), ((plain, mixed), "second")]:
        result = audit_indistinguishability(*samples, 2.0, random_state=0)
        assert result.more_likely == role
        assert 0.03 < result.delta_lower < 0.1


def test_order_of_draws_changes_no_more_than_the_halves():
    first, second = publications(1.0, 4000, 3, seed=0)
    orders = [np.random.default_rng(seed).permutation(4000) for seed in range(5)]
    bounds = [
        audit_indistinguishability(
            first[order], second[order[::-1]], 0.1, random_state=0
        ).delta_lower
        for order in orders
    ]
    np.testing.assert_allclose(bounds, np.mean(bounds), atol=0.06)
    assert min(bounds) > 0.2


def test_units_and_correlations_of_coefficients_do_not_matter():
    first, second = publications(1.0, 4000, 3, seed=0)
    mix = np.array([[1e-6, 0.0, 0.0], [1.0, 1.0, 0.0], [5.0, 5.0, 1e4]])
    results = [
        audit_indistinguishability(first @ m, second @ m, 0.1, random_state=0)
        for m in (np.eye(3), mix)
    ]
    assert results[0].delta_lower == pytest.approx(results[1].delta_lower, abs=0.02)


@pytest.mark.parametrize("n_features", [1, 3, 200])
def test_identical_samples(n_features):
    draws = np.random.default_rng(0).standard_normal((100, n_features))
    for epsilon in (0.0, 1.0):
        result = audit_indistinguishability(draws, draws, epsilon, random_state=0)
        assert result.delta_lower == result.delta_estimate == 0.0
        assert not result.refutes(0.0)


@pytest.mark.parametrize("move", [0.0, 0.3])
def test_publications_without_noise(move):
    first = np.full((60, 4), 0.1)
    second = first + np.array([0.0, 0.0, move, 0.0])
    result = audit_indistinguishability(first, second, 0.5, random_state=0)
    assert result.delta_estimate == (move > 0)
    assert (result.delta_lower > 0.5) == (move > 0)
    assert result.normal.any() == (move > 0)


def test_shapes_of_draws():
    first, second = publications(1.0, 500, 4, seed=0)
    flat = audit_indistinguishability(first, second, 0.1, random_state=0)
    square = audit_indistinguishability(
        first.reshape(-1, 2, 2), second.reshape(-1, 2, 2).tolist(), 0.1, random_state=0
    )
    assert square.delta_lower == flat.delta_lower
    column, line = (
        audit_indistinguishability(a, second[:, 0], 0.1, random_state=0)
        for a in (first[:, :1], first[:, 0])
    )
    assert column.delta_lower == line.delta_lower
    assert line.normal.shape == (1,)


def test_samples_of_different_size():
    first, second = publications(2.0, 2000, 2, seed=0)
    result = audit_indistinguishability(first[:301], second, 0.1, random_state=0)
    assert result.n_draws == (151, 1000)
    assert 0.4 < result.delta_lower < gaussian_delta(0.1, 2.0)


def test_random_state_decides_the_result():
    samples = publications(1.0, 500, 2, seed=0)
    bounds = [
        audit_indistinguishability(*samples, 0.1, random_state=state).delta_lower
        for state in (0, 0, np.random.RandomState(0), 1)
    ]
    assert bounds[0] == bounds[1] == bounds[2] != bounds[3]


def test_the_result_reads_well_and_cannot_be_changed():
    result = audit(3.0, 1000, 2, seed=0)
    assert str(result).startswith("delta >= 0.")
    assert "n_draws=(500, 500)" in repr(result)
    assert "normal" not in repr(result)
    with pytest.raises(AttributeError, match="delta_lower"):
        result.delta_lower = 0.0


DRAWS = np.random.default_rng(0).standard_normal((40, 2))
HOLED = np.where(np.arange(80).reshape(40, 2) == 7, np.nan, DRAWS)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (HOLED, DRAWS, "first contains NaN"),
        (DRAWS, HOLED, "second contains NaN"),
        (DRAWS, np.where(np.isnan(HOLED), np.inf, DRAWS), "second contains infinity"),
        (DRAWS, DRAWS[:, :1], "a draw of first has 2, one of second 1"),
        (DRAWS, "abc", "second"),
        (DRAWS[:1], DRAWS, "first: .*minimum of 2"),
        (DRAWS[:, :0], DRAWS, "first"),
        (np.ones((40, 0, 2)), DRAWS, "first"),
        (3.0, DRAWS, "first"),
        (DRAWS[:10], DRAWS[:10], "too few draws .* at least 12 of each"),
    ],
)
def test_bad_samples(first, second, message):
    with pytest.raises(ValueError, match=message):
        audit_indistinguishability(first, second, 0.1)


def test_as_many_draws_as_are_asked_for_are_enough():
    draws = np.arange(12.0)
    for seed in range(20):
        for samples in [(draws, draws + 50), (draws + 50, draws)]:
            result = audit_indistinguishability(*samples, 0.1, random_state=seed)
            assert result.delta_lower > 0.0


@pytest.mark.parametrize("epsilon", [-0.1, 21, np.nan, np.inf, "1", None])
def test_bad_epsilon(epsilon):
    with pytest.raises(ValueError, match="epsilon must be a number in"):
        audit_indistinguishability(DRAWS, DRAWS, epsilon)


@pytest.mark.parametrize("confidence", [0.4, 1.0, 95, np.nan, "1", None])
def test_bad_confidence(confidence):
    with pytest.raises(ValueError, match="confidence must be a number in"):
        audit_indistinguishability(DRAWS, DRAWS, 0.1, confidence=confidence)
