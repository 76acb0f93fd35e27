"""The rank is counted by hand, the distribution is known where one is fitted."""

import math

import numpy as np
import pytest
from scipy.stats import norm, skewnorm

from sklearn_unlearn import UnlearnableMultinomialNB
from sklearn_unlearn.metrics import _exposure as module
from sklearn_unlearn.metrics import exposure, sample_losses


def test_exact_rank():
    candidates = np.random.default_rng(0).permutation(np.arange(1.0, 1024.0))
    for before in (0, 1, 7, 1023):
        result = exposure(before + 0.5, candidates)
        assert result.exact
        assert result.rank == before + 1
        assert result.max_exposure == 10.0
        assert result.exposure == pytest.approx(10.0 - math.log2(before + 1))


def test_equal_losses_come_before_the_canary():
    assert exposure(1.0, np.ones(15)).exposure == 0.0
    assert exposure(2.0, [1.0, 2.0, 3.0]).rank == 3


def test_a_model_that_knows_nothing_has_log2_e_bits_on_average():
    rng = np.random.default_rng(0)
    losses = rng.normal(size=(4000, 2000))
    mean = np.mean([exposure(row[0], row[1:]).exposure for row in losses])
    assert mean == pytest.approx(math.log2(math.e), abs=0.1)


def test_a_function_is_asked_for_all_up_to_a_million_and_then_for_a_sample():
    asked = []

    def losses(indices):
        asked.append(indices)
        return norm.ppf((indices + 0.5) / n_candidates)

    n_candidates = 1_000_000
    canary = float(norm.ppf(1e-3))
    result = exposure(canary, losses, n_candidates=n_candidates)
    assert result.exact
    assert result.rank == pytest.approx(1001, abs=1)
    assert np.array_equal(np.concatenate(asked), np.arange(n_candidates))
    asked.clear()
    n_candidates = 10**12
    result = exposure(canary, losses, n_candidates=n_candidates, random_state=0)
    assert not result.exact
    assert sum(map(len, asked)) == 10_000
    assert result.exposure == pytest.approx(-math.log2(1e-3), abs=0.5)


@pytest.mark.parametrize("shape", [-4.0, 0.5, 5.0])
def test_the_fitted_share_is_the_true_one(shape):
    rng = np.random.default_rng(0)
    sample = skewnorm.rvs(shape, 20.0, 3.0, size=50_000, random_state=rng)
    for share in (0.5, 1e-2, 1e-4):
        canary = skewnorm.ppf(share, shape, 20.0, 3.0)
        result = exposure(canary, sample, n_candidates=10**9)
        assert result.exposure == pytest.approx(-math.log2(share), rel=0.05, abs=0.02)
        assert result.rank == pytest.approx(
            (10**9 + 1) * 2.0**-result.exposure, rel=1e-9
        )


def test_the_estimate_agrees_with_the_rank_where_both_are_possible():
    rng = np.random.default_rng(0)
    losses = skewnorm.rvs(2.0, size=200_000, random_state=rng)
    canary = np.quantile(losses, 2e-3)
    sample = rng.choice(losses, 10_000, replace=False)
    estimate = exposure(canary, sample, n_candidates=losses.size)
    assert estimate.exposure == pytest.approx(
        exposure(canary, losses).exposure, rel=0.05
    )


def test_a_poor_fit_shows():
    rng = np.random.default_rng(0)
    for sample, poor in (
        (rng.normal(size=5000), False),
        (np.append(rng.normal(size=2500), rng.normal(20.0, 1.0, 2500)), True),
    ):
        result = exposure(-1.0, sample, n_candidates=10**9)
        assert (result.ks_distance > 3.0 / 5000**0.5) == poor
    assert exposure(1.0, [2.0]).ks_distance == 0.0


def test_exposure_stays_between_its_bounds():
    sample = np.random.default_rng(0).normal(size=1000)
    far = exposure(-1e3, sample, n_candidates=10**9)
    assert far.exposure == far.max_exposure
    assert far.rank == pytest.approx(1.0)
    assert exposure(1e3, sample, n_candidates=10**9).exposure == 0.0


@pytest.mark.parametrize("shape", [-3.0, -0.5, 0.0, 0.5, 3.0, 10.0])
@pytest.mark.parametrize("x", [-30.0, -8.0, -3.5, -1.0, 0.5, 4.0])
def test_the_tail_is_integrated_without_cancellation(shape, x):
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 30
    t = mpmath.mpf(x)

    def density(s):
        return 2 * mpmath.npdf(s) * mpmath.ncdf(shape * s)

    width = 1 / (1 + abs(t) * (1 + max(shape, 0) ** 2))  # over which it falls
    points = {t - k for k in (40, 12, 6, 3, 1)}
    points |= {t - k * width for k in (300, 100, 30, 10, 3, 1)}
    area = mpmath.quad(density, [*sorted(points), t])
    found = module._log_cdf(x, shape)
    assert found == pytest.approx(float(mpmath.log(area)), rel=1e-8, abs=1e-9)


def test_a_model_that_kept_the_secret_gives_it_away():
    # A code of six digits in one text, among others; a class is a position's digit.
    rng = np.random.default_rng(0)
    texts = rng.integers(10, size=(300, 6))
    secret = np.full(6, 7)

    def rows(codes):
        return np.eye(10)[codes].reshape(len(codes), -1)

    n_codes, secret_index = 10**6, 777_777

    def losses_in(model):
        weights = model.feature_log_prob_[0]

        def losses(indices):
            indices = indices + (indices >= secret_index)
            digits = indices[:, None] // 10 ** np.arange(5, -1, -1) % 10
            return -rows(digits) @ weights

        return exposure(
            -float(rows(secret[None])[0] @ weights), losses, n_candidates=n_codes - 1
        )

    X = rows(np.vstack([texts, np.tile(secret, (10, 1))]))
    y = np.zeros(310)
    y[-1] = 1.0  # a second class, which the classifier needs
    model = UnlearnableMultinomialNB().fit(np.vstack([X, X[:1]]), np.append(y, 1.0))
    kept = losses_in(model).exposure
    model = model.partial_unfit(X[300:309], y[300:309])
    forgot = losses_in(model).exposure
    assert kept > forgot + 2.0
    assert np.isfinite(sample_losses(model, X, y)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"canary": np.nan}, "canary must be a finite"),
        ({"canary": None}, "canary must be an instance of"),
        ({"canary": "0.5"}, "canary must be an instance of"),
        ({"candidates": [1.0, np.inf]}, "candidates"),
        ({"candidates": [[1.0], [2.0]]}, "candidates must be 1D"),
        ({"n_candidates": 2}, "n_candidates is 2, but candidates has 3"),
        ({"n_candidates": 10}, "at least 20 losses"),
        ({"candidates": np.ones(50), "n_candidates": 10**7}, "that vary"),
        ({"candidates": lambda i: i}, "pass n_candidates"),
        ({"candidates": lambda i: i[1:], "n_candidates": 5}, "gave 4 losses for 5"),
        (
            {"candidates": lambda i: i, "n_candidates": 10**20},
            "too many to be numbered",
        ),
        ({"n_candidates": 0}, "n_candidates"),
        ({"n_samples": 3}, "n_samples"),
    ],
)
def test_bad_input(arguments, message):
    arguments = {"canary": 1.0, "candidates": [1.0, 2.0, 3.0], **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        exposure(arguments.pop("canary"), arguments.pop("candidates"), **arguments)


def test_results_are_plain_numbers():
    sample = np.random.default_rng(0).normal(size=200)
    for result in (
        exposure(np.float64(0.5), sample),
        exposure(np.float64(-2.5), sample, n_candidates=10**7),
        exposure(np.float64(9.0), sample, n_candidates=10**7),
    ):
        for name in ("exposure", "rank", "max_exposure", "ks_distance"):
            assert type(getattr(result, name)) is float
