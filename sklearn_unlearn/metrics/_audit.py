"""How distinguishable unlearned models are from refits, at the least."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import beta
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array

from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.seeds import generator_of
from sklearn_unlearn.utils.validation import named

#: An audit takes more than exp(epsilon) draws; beyond this nobody has them.
MAX_EPSILON = 20.0

#: Thresholds tried, evenly spaced among the ordered draws of the likelier sample.
N_THRESHOLDS = 501

#: Penalties tried, on standardised coefficients.
PENALTIES = np.logspace(-8, 6, 15)


@dataclass(frozen=True, eq=False)
class AuditResult(FrameMixin):
    """What `audit_indistinguishability` found.

    The event S are the publications x with ``normal @ x >= threshold``.

    Attributes
    ----------
    delta_lower : float
        No delta below it is true, but with probability ``1 - confidence``. At least 0.
    delta_estimate : float
        What the frequencies of S alone say, without allowance for chance. At least 0.
    epsilon, confidence : float
        As given.
    n_draws : tuple of two int
        Draws of the first and the second sample in which S was counted.
    more_likely : {"first", "second"}
        The sample in which S is the more frequent.
    normal : ndarray of shape (d,)
        Unit vector; zeros if the draws that choose S do not vary.
    threshold : float
        In the unit of the coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.metrics import audit_indistinguishability
    >>> rng = np.random.default_rng(0)
    >>> first, second = rng.normal(size=(500, 2)), rng.normal(5.0, size=(500, 2))
    >>> found = audit_indistinguishability(first, second, 1.0, random_state=0)
    >>> found.delta_lower > 0.9, found.normal.shape
    (True, (2,))
    """

    delta_lower: float
    delta_estimate: float
    epsilon: float
    confidence: float
    n_draws: tuple[int, int]
    more_likely: str
    normal: np.ndarray = field(repr=False)
    threshold: float = field(repr=False)

    def refutes(self, delta: Any) -> Any:
        """Whether a claim of (epsilon, delta)-indistinguishability is refuted.

        False is no proof of the claim: another event, or more draws, may refute it.
        """
        return self.delta_lower > delta

    def __str__(self):
        return (
            f"delta >= {self.delta_lower:.3g} at epsilon = {self.epsilon:g}, with "
            f"confidence {self.confidence:g} (estimate {self.delta_estimate:.3g}, "
            f"{self.n_draws[0]} and {self.n_draws[1]} draws)"
        )


def audit_indistinguishability(
    first: Any,
    second: Any,
    epsilon: float,
    *,
    confidence: float = 0.95,
    random_state: Any = None,
) -> AuditResult:
    """Lower bound on the delta of two ways to publish coefficients.

    Publications are (epsilon, delta)-indistinguishable if for every event S

    ``P(first in S) <= exp(epsilon) P(second in S) + delta``

    and the same with the roles exchanged. Certified unlearning claims this of models
    that unlearned and of refits, both published with noise. An audit refutes a claim
    that is false by enough; it proves none.

    Half of the draws choose S, a half-space across the linear discriminant, and the
    sample in which it is to be the likelier. The other half are counted, and each of
    the two frequencies gets a Clopper-Pearson bound of error probability
    ``(1 - confidence) / 2``: valid for any distribution, dimension and number of draws.
    For Gaussian noise of one covariance a half-space is the best event [1]_. Samples
    that differ in spread alone are told apart by their tails only, which is weak.

    Parameters
    ----------
    first, second : array-like of shape (n_draws,) or (n_draws, ...)
        Published coefficients, one draw a row; further axes are flattened to d
        coefficients. All draws of a sample are of the same data and request, and
        independent: each published with noise of its own. The samples may differ in
        size; if they do not, draws at the same position may depend on each other, as
        they do if a seed serves both.
    epsilon : float
        In [0, 20].
    confidence : float, default=0.95
        Probability with which the bound holds, at the least. In [0.5, 1).
    random_state : int, RandomState instance or None, default=None
        Chooses the halves.

    Returns
    -------
    AuditResult

    Raises
    ------
    ValueError
        If an argument is out of range or not finite, if the samples differ in d, or if
        there are so few draws that no outcome could give a bound above 0.

    References
    ----------
    .. [1] B. Balle and Y.-X. Wang, "Improving the Gaussian mechanism for differential
       privacy", ICML 2018, theorem 8.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.metrics import audit_indistinguishability
    >>> rng = np.random.default_rng(0)
    >>> unlearned = rng.normal([1.0, 2.0], 0.5, size=(2000, 2))
    >>> refits = rng.normal([1.5, 2.0], 0.5, size=(2000, 2))
    >>> audit = audit_indistinguishability(unlearned, refits, 0.1, random_state=0)
    >>> audit.refutes(0.01)
    True
    """
    _check_claim(epsilon, confidence)
    samples = _publications(first, "first"), _publications(second, "second")
    if samples[0].shape[1] != samples[1].shape[1]:
        raise ValueError(
            "first and second must publish the same coefficients: a draw of first has "
            f"{samples[0].shape[1]}, one of second {samples[1].shape[1]}."
        )
    # One seed: draws at the same position of equal samples fall into the same half.
    seed = generator_of(random_state).randint(np.iinfo(np.int32).max)
    halves = [_halves(draws, seed) for draws in samples]
    (first, counted_first), (second, counted_second) = halves
    counted = counted_first, counted_second
    _check_enough(counted_first, counted_second, epsilon, confidence)

    normal = _discriminant(first, second)
    events = [
        _best_event(first, second, normal, epsilon, confidence),
        _best_event(second, first, -normal, epsilon, confidence),
    ]
    role = int(events[1][0] > events[0][0])
    _, normal, threshold = events[role]
    likely, unlikely = (
        (int(np.count_nonzero(_scores(draws, normal) >= threshold)), len(draws))
        for draws in (counted[role], counted[1 - role])
    )
    lower = _lower_bound(*likely, *unlikely, epsilon, confidence)
    estimate = likely[0] / likely[1] - math.exp(epsilon) * unlikely[0] / unlikely[1]
    return AuditResult(
        delta_lower=max(0.0, float(lower)),
        delta_estimate=max(0.0, estimate),
        epsilon=float(epsilon),
        confidence=float(confidence),
        n_draws=(len(counted[0]), len(counted[1])),
        more_likely=("first", "second")[role],
        normal=normal,
        threshold=threshold,
    )


def _lower_bound(hits, n_draws, other_hits, n_other, epsilon, confidence):
    """Bound on P(S) - exp(epsilon) Q(S) from counts of S in draws of P and of Q."""
    risk = (1.0 - confidence) / 2.0
    p = beta.ppf(risk, np.maximum(hits, 1), n_draws - hits + 1)
    q = beta.isf(risk, other_hits + 1, np.maximum(n_other - other_hits, 1))
    p = np.where(hits > 0, p, 0.0)
    q = np.where(other_hits < n_other, q, 1.0)
    return p - math.exp(epsilon) * q


def _discriminant(first, second):
    """Unit normal that points from the second sample to the first.

    Fisher's discriminant is the least-squares fit of the labels; a ridge penalty chosen
    by leave-one-out stands in for covariances that cannot be inverted.
    """
    scaler = StandardScaler()
    draws = scaler.fit_transform(np.concatenate([first, second]))
    labels = np.repeat([1.0, -1.0], [len(first), len(second)])
    normal = RidgeCV(alphas=PENALTIES).fit(draws, labels).coef_ / scaler.scale_
    length = np.linalg.norm(normal)
    return normal / length if length > 0.0 else normal


def _best_event(likely, unlikely, normal, epsilon, confidence):
    """The half-space along a normal with the largest bound: bound, normal, threshold.

    Not with the largest estimate, which would be an event too rare to bound.
    """
    likely, unlikely = (np.sort(_scores(draws, normal)) for draws in (likely, unlikely))
    thresholds = likely[np.linspace(0, likely.size - 1, N_THRESHOLDS).astype(int)]
    hits, other_hits = (
        scores.size - np.searchsorted(scores, thresholds)
        for scores in (likely, unlikely)
    )
    bounds = _lower_bound(
        hits, likely.size, other_hits, unlikely.size, epsilon, confidence
    )
    best = np.argmax(bounds)
    threshold = thresholds[best]
    # Half way to the next draw outside: further draws seldom fall just on the old ones.
    outside = [s[s < threshold].max(initial=-np.inf) for s in (likely, unlikely)]
    if np.isfinite(max(outside)):
        threshold = (threshold + max(outside)) / 2.0
    return bounds[best], normal, float(threshold)


def _scores(draws, normal):
    """Positions along a normal, rounded alike wherever a draw stands in its array."""
    return (draws * normal).sum(axis=1)


def _halves(draws, seed):
    """Two random halves; the larger is the second."""
    order = generator_of(seed).permutation(len(draws))
    return draws[order[: len(draws) // 2]], draws[order[len(draws) // 2 :]]


def _publications(draws, name):
    """Draws as a float64 matrix."""
    with named(name):
        draws = check_array(
            draws,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=2,
            dtype=np.float64,
            input_name=name,
        )
        return draws.reshape(len(draws), -1)


def _check_claim(epsilon, confidence):
    if not (isinstance(epsilon, numbers.Real) and 0.0 <= float(epsilon) <= MAX_EPSILON):
        raise ValueError(
            f"epsilon must be a number in [0, {MAX_EPSILON:g}], got {epsilon!r}."
        )
    if not (isinstance(confidence, numbers.Real) and 0.5 <= float(confidence) < 1.0):
        raise ValueError(
            f"confidence must be a number in [0.5, 1), got {confidence!r}."
        )


def _check_enough(first, second, epsilon, confidence):
    """Refuse samples of which no outcome would give a bound above 0."""
    sizes = len(first), len(second)
    for n, m in (sizes, sizes[::-1]):
        if _lower_bound(n, n, 0, m, epsilon, confidence) > 0.0:
            return
    risk = (1.0 - confidence) / 2.0
    enough = 2 * math.floor(math.log(1.0 / risk) / math.log1p(math.exp(-epsilon))) + 2
    raise ValueError(
        f"first and second hold too few draws to bound delta at epsilon={epsilon:g} "
        f"with confidence={confidence:g}: at least {enough} of each are needed."
    )
