"""Exposure: by how many bits a model gives a secret away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import kstest, norm, skewnorm
from sklearn.utils import check_array, check_scalar

from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.seeds import generator_of

#: Candidates whose losses are all computed.
MAX_RANKED = 1_000_000

#: Candidates in one call of a function of their indices.
_BLOCK = 100_000

#: Probability below which the distribution function loses digits to cancellation.
_TAIL = 1e-3


@dataclass(frozen=True)
class Exposure(FrameMixin):
    """What `exposure` found.

    Attributes
    ----------
    exposure : float
        In bits, between 0 and ``max_exposure``: log2 of the number of guesses saved.
    rank : float
        Of the canary among all candidates, 1 the likeliest; whole if exact.
    max_exposure : float
        log2 of the number of candidates, the canary included.
    exact : bool
        Whether all candidates were ranked, or a distribution fitted to a sample.
    ks_distance : float
        Kolmogorov-Smirnov distance between sample and distribution, 0 if exact: the
        estimate means little where it is large against ``1 / sqrt(n_samples)``.

    Examples
    --------
    >>> from sklearn_unlearn.metrics import exposure
    >>> found = exposure(0.1, [0.5, 0.9, 1.3])
    >>> found.rank, found.exposure == found.max_exposure == 2.0
    (1.0, True)
    """

    exposure: float
    rank: float
    max_exposure: float
    exact: bool
    ks_distance: float = 0.0


def exposure(
    canary: float,
    candidates: Any,
    *,
    n_candidates: int | None = None,
    n_samples: int = 10_000,
    random_state: Any = None,
) -> Exposure:
    """Exposure of a secret in the losses of a model [1]_.

    A canary is a random secret that was in the training data. Somebody who guesses
    candidates in the order of their losses finds it after as many guesses as its rank.
    Exposure is ``log2(number of candidates) - log2(rank)``: 0 for a model that prefers
    all others, about 1.44 on average for one that knows nothing of it.

    Up to a million candidates are ranked. Of more, a sample is drawn, and its losses
    are fitted by a skew-normal distribution, whose mass below the canary's loss stands
    for the share of candidates before it.

    Parameters
    ----------
    canary : float
        Loss of the canary, or its log-perplexity.
    candidates : array-like of shape (n,), or callable
        Losses of the other candidates; or a function that gives those of an array of
        indices, between 0 and ``n_candidates``.
    n_candidates : int, default=None
        How many others there are. Larger than the array, which is then a sample of
        them; None if it holds all.
    n_samples : int, default=10_000
        Candidates to draw if ``candidates`` is a function and they are too many.
    random_state : int, RandomState instance or None, default=None
        Draws them.

    Returns
    -------
    Exposure

    Raises
    ------
    TypeError, ValueError
        If a loss is no number or not finite, numbers out of range, the sample has less
        than 20 losses, or all of one value, or indices would exceed 64 bits.

    References
    ----------
    .. [1] N. Carlini, C. Liu, U. Erlingsson, J. Kos and D. Song, "The secret sharer:
       evaluating and testing unintended memorization in neural networks", USENIX
       Security 2019, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.metrics import exposure
    >>> exposure(0.5, np.arange(1, 1024))
    Exposure(exposure=10.0, rank=1.0, max_exposure=10.0, exact=True, ks_distance=0.0)
    """
    check_scalar(canary, "canary", Real)
    if not np.isfinite(canary):
        raise ValueError(f"canary must be a finite loss; got {canary!r}.")
    if n_candidates is not None:
        check_scalar(n_candidates, "n_candidates", Integral, min_val=1)
    check_scalar(n_samples, "n_samples", Integral, min_val=20)
    exact = True
    if callable(candidates):
        if n_candidates is None:
            raise ValueError("candidates is a function: pass n_candidates.")
        exact = n_candidates <= MAX_RANKED
        losses = _computed(candidates, n_candidates, n_samples, random_state)
    else:
        losses = _losses(candidates)
        if n_candidates is None:
            n_candidates = losses.size
        if n_candidates < losses.size:
            raise ValueError(
                f"n_candidates is {n_candidates}, but candidates has {losses.size}."
            )
        exact = losses.size == n_candidates
    most = math.log2(n_candidates + 1)
    if exact:
        rank = 1.0 + int(np.count_nonzero(losses <= canary))
        return Exposure(most - math.log2(rank), rank, most, True)
    log_share, distance = _fitted_share(losses, float(canary))
    bits = float(min(max(-log_share / math.log(2.0), 0.0), most))
    return Exposure(bits, 2.0 ** (most - bits), most, False, distance)


def _computed(function, n_candidates, n_samples, random_state):
    """Losses of all candidates, or of a sample if they are too many."""
    if n_candidates > np.iinfo(np.int64).max:
        raise ValueError(
            f"n_candidates={n_candidates} are too many to be numbered: pass losses of "
            "a sample of them as candidates."
        )
    if n_candidates <= MAX_RANKED:
        indices = np.arange(n_candidates)
    else:
        rng = generator_of(random_state)
        indices = rng.randint(n_candidates, size=n_samples, dtype=np.int64)
    blocks = np.split(indices, range(_BLOCK, indices.size, _BLOCK))
    losses = _losses(np.concatenate([np.asarray(function(block)) for block in blocks]))
    if losses.size != indices.size:
        raise ValueError(
            f"candidates gave {losses.size} losses for {indices.size} indices."
        )
    return losses


def _losses(values):
    losses = check_array(
        values, ensure_2d=False, dtype=np.float64, input_name="candidates"
    )
    if losses.ndim != 1:
        raise ValueError(f"candidates must be 1D; got {losses.ndim}D losses.")
    return losses


def _fitted_share(sample, loss):
    """Log of the mass of a skew-normal fit below a loss, and how well it fits."""
    centre, spread = sample.mean(), sample.std()
    if sample.size < 20 or spread == 0.0:
        raise ValueError(
            "candidates is a sample of all: at least 20 losses that vary are needed to "
            f"fit a distribution; got {sample.size}."
        )
    shape, *place = skewnorm.fit((sample - centre) / spread)
    location, scale = centre + spread * place[0], spread * place[1]
    distance = kstest(sample, skewnorm(shape, location, scale).cdf).statistic
    return _log_cdf((loss - location) / scale, shape), float(distance)


def _log_cdf(x, shape):
    """Log of the skew-normal distribution function, accurate far below the mode."""
    mass = skewnorm.cdf(x, shape)
    if mass > _TAIL:
        return math.log(mass)

    def log_density(t):
        return math.log(2.0) + norm.logpdf(t) + norm.logcdf(shape * t)

    # The density is log-concave: below x it falls at least as fast as an exponential
    # of the slope there, in units of which the integral is near one.
    slope = -x + shape * math.exp(norm.logpdf(shape * x) - norm.logcdf(shape * x))
    here = log_density(x)
    area, _ = quad(lambda s: math.exp(log_density(x - s / slope) - here), 0.0, np.inf)
    return here + math.log(area / slope)
