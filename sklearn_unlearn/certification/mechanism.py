"""The analytic Gaussian mechanism: how much noise hides a distance.

Borja Balle and Yu-Xiang Wang, Improving the Gaussian Mechanism for Differential
Privacy, ICML 2018, theorem 8. Proof: ``doc/certification.rst``, theorem 1.
"""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, ndtr

#: Beyond these nothing means anything, and doubles do not tell `kappa` to ten digits.
_EPSILONS, _DELTAS = (1e-5, 1e100), (1e-100, 1.0 - 1e-6)
#: Ten times the largest relative error of `kappa` between these.
_KAPPA_ERROR = 1e-9
#: Times any normal number it is finite.
_LARGEST_SIGMA = 1e300


def check_privacy(epsilon: float, delta: float) -> None:
    """Refuse what is no pair of privacy parameters.

    Raises
    ------
    ValueError
        Naming ``epsilon`` or ``delta``.
    """
    least, largest = _EPSILONS
    if not least <= _number(epsilon) <= largest:
        raise ValueError(
            f"epsilon must be a number from {least:g} to {largest:g}; got {epsilon!r}."
        )
    least, largest = _DELTAS
    if not least <= _number(delta) <= largest:
        raise ValueError(
            f"delta must be a number from {least:g} to {largest:g}; got {delta!r}. It "
            "is the probability with which the bound on the likelihood ratio may fail: "
            "of the order of one over the number of rows, or less."
        )


def check_sigma(sigma: float | None) -> None:
    """Refuse what is no scale of noise.

    Raises
    ------
    ValueError
        Naming ``sigma``.
    """
    if not 0.0 < _number(sigma) <= _LARGEST_SIGMA:
        raise ValueError(
            "sigma must be a finite number above 0, in units of the coefficients, and "
            f"chosen before the data are seen; got {sigma!r}."
        )


def gaussian_delta(noise: float, epsilon: float) -> float:
    """Smallest delta at which Gaussian noise gives (epsilon, delta).

    Parameters
    ----------
    noise : float
        Standard deviation of the noise over the distance that it hides.
    epsilon : float

    Returns
    -------
    float
        ``Phi(1/(2k) - eps k) - exp(eps) Phi(-1/(2k) - eps k)`` with k the noise, to
        about 1e-11 relative.

    Examples
    --------
    >>> from sklearn_unlearn.certification import gaussian_delta, kappa
    >>> gaussian_delta(kappa(1.0, 1e-5), 1.0)
    1e-05
    """
    half, shift = 0.5 / noise, epsilon * noise
    # exp(eps) phi(half + shift) = phi(half - shift): both terms as Mills ratios times
    # one density, so that neither exp(eps) overflows nor tails cancel to zero
    if half > shift:
        return float(ndtr(half - shift) - _tail(half, shift))
    density = math.exp(-0.5 * (shift - half) ** 2) / math.sqrt(2.0 * math.pi)
    return density * (_mills(shift - half) - _mills(shift + half))


def kappa(epsilon: float, delta: float) -> float:
    """Noise that a unit of distance needs for (epsilon, delta).

    Parameters
    ----------
    epsilon : float
        From 1e-5 to 1e100.
    delta : float
        From 1e-100 to 0.999999.

    Returns
    -------
    float
        The k at which `gaussian_delta` equals delta, rounded up: by a relative 2e-9 at
        most.

    Raises
    ------
    ValueError
        If epsilon or delta is out of its range.

    Examples
    --------
    >>> from sklearn_unlearn.certification import kappa
    >>> kappa(0.1, 0.01)
    9.54182
    """
    check_privacy(epsilon, delta)

    def excess(log_noise: float) -> float:
        found = gaussian_delta(math.exp(log_noise), epsilon)
        return math.log(found / delta) if found > 0.0 else -math.inf

    low, high = math.log(1e-3), 0.0
    while excess(low) < 0.0:
        low -= 1.0
    while excess(high) > 0.0:
        high += 1.0
    # brentq wants finite values: where delta underflows any negative number does
    root = brentq(lambda x: max(excess(x), -1e3), low, high, xtol=1e-14, rtol=1e-14)
    return math.exp(root) * (1.0 + _KAPPA_ERROR)


def classical_kappa(epsilon: float, delta: float) -> float:
    """The constant ``sqrt(2 ln(1.5 / delta)) / epsilon``, to reproduce the paper.

    Used by Warnecke et al. (2023). Larger than `kappa` where it is valid.

    Parameters
    ----------
    epsilon : float
    delta : float

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is smaller than what (epsilon, delta) needs, as from epsilon of about 7.

    Examples
    --------
    >>> from sklearn_unlearn.certification import classical_kappa, kappa
    >>> classical_kappa(1.0, 1e-5) > kappa(1.0, 1e-5)
    True
    """
    needed = kappa(epsilon, delta)
    classical = math.sqrt(2.0 * math.log(1.5 / delta)) / epsilon
    if classical < needed:
        raise ValueError(
            f"epsilon={epsilon!r} is too large for the classical constant: it gives "
            f"{classical:.6g} where {needed:.6g} is needed. Use kappa."
        )
    return classical


def _mills(x: float) -> float:
    """``Phi(-x) / phi(x)``."""
    return math.sqrt(0.5 * math.pi) * float(erfcx(x / math.sqrt(2.0)))


def _tail(half: float, shift: float) -> float:
    """``exp(eps) Phi(-half - shift)`` with ``eps = 2 half shift``."""
    exponent = -0.5 * (half - shift) ** 2
    return math.exp(exponent) / math.sqrt(2.0 * math.pi) * _mills(half + shift)


def _number(value: object) -> float:
    """A real number as a float; NaN for what is none, infinity if it is too large."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
