"""Per-sample losses: value, first and second derivative in the raw prediction.

A loss knows one row at a time and nothing of coefficients, penalties or weights.
Raw predictions have shape ``(n_rows, n_outputs)``; values have shape ``(n_rows,)``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import softmax

from sklearn_unlearn.core.arrays import Array, Mask

#: Exponents are held at this. No minimum is anywhere near, and a line search turns back
#: from 1e130 as it does from infinity, but sums and squares of it are still numbers.
_LARGEST_EXPONENT = 300.0


class Loss(Protocol):
    """What the objective needs to know of a loss.

    Attributes
    ----------
    coupled : bool
        Whether the second derivative mixes outputs. A coupled loss has curvature of
        shape ``(n_rows, n_outputs, n_outputs)``, any other ``(n_rows,)``: one number
        that all outputs share.
    constant_curvature : bool
        Whether the loss is quadratic: the second derivative does not depend on the
        prediction.
    curvature_uses_target : bool
        Whether changing a target changes the second derivative.
    shift_invariant : bool
        Whether adding one constant to all outputs leaves the loss unchanged, so that
        an unpenalised coefficient is determined only up to that shift (the gauge).
    max_curvature : float
        Smallest known bound on the largest eigenvalue of the second derivative;
        infinite where there is none.
    self_concordance : float or None
        Smallest known M with ``|l'''| <= M l''`` along any line of unit speed in the
        raw prediction (maximum norm); None where there is none.
    has_scale : bool
        Whether the last output is a scale: positive, the same for all rows, and what
        changes of the raw predictions are measured by.
    """

    coupled: bool
    constant_curvature: bool
    curvature_uses_target: bool
    shift_invariant: bool
    max_curvature: float
    self_concordance: float | None
    has_scale: bool

    def value(self, raw: Array, target: Array) -> Array:
        """Loss of each row, shape ``(n_rows,)``."""

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw prediction, shape ``(n_rows, n_outputs)``."""

    def curvature(self, raw: Array, target: Array) -> Array:
        """Second derivative, ``(n_rows,)`` or, coupled, one matrix a row."""

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """Factor B with ``B B'`` = second derivative.

        Shape ``(n_rows,)`` or, coupled, ``(n_rows, n_outputs, rank)``.
        """


class SingleOutputLoss:
    """A base for losses of one raw prediction: what most of them have in common.

    A subclass defines ``value``, ``gradient`` and ``curvature``; it may say more of
    itself than the cautious attributes do, which are described in `Loss`.
    ``in_range(target)``, where it is defined, says which targets are allowed, and
    ``inverse_link(raw)`` turns raw predictions into predictions. ``link(mean)`` is the
    constant raw prediction that is best for targets of this mean, from where a fit
    starts. ``lipschitz``, where it is defined, bounds the length of the first
    derivative. ``max_third``, where it is defined, bounds the third derivative.
    ``target_degree`` is the power of the unit of the targets that the first
    derivative has, zero if it is not defined.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import SingleOutputLoss
    >>> class LogCosh(SingleOutputLoss):
    ...     max_curvature = 1.0
    ...
    ...     def value(self, raw, target):
    ...         return np.log(np.cosh(raw - target))[:, 0]
    ...
    ...     def gradient(self, raw, target):
    ...         return np.tanh(raw - target)
    ...
    ...     def curvature(self, raw, target):
    ...         return 1.0 - np.tanh(raw - target)[:, 0] ** 2
    >>> LogCosh().curvature_root(np.zeros((1, 1)), np.zeros((1, 1)))
    array([1.])
    """

    coupled = False
    constant_curvature = False
    curvature_uses_target = True
    shift_invariant = False
    max_curvature = np.inf
    self_concordance: float | None = None
    has_scale = False

    def value(self, raw: Array, target: Array) -> Array:
        """Loss of each row, shape ``(n_rows,)``."""
        raise NotImplementedError

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw prediction, shape ``(n_rows, 1)``."""
        raise NotImplementedError

    def curvature(self, raw: Array, target: Array) -> Array:
        """Second derivative, at least zero, shape ``(n_rows,)``."""
        raise NotImplementedError

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """Square root of the curvature, shape ``(n_rows,)``."""
        return np.sqrt(self.curvature(raw, target))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"


class HalfSquaredError:
    """Half the squared error, summed over outputs; targets as the raw prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import HalfSquaredError
    >>> HalfSquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    coupled = False
    constant_curvature = True
    curvature_uses_target = False
    shift_invariant = False
    max_curvature = 1.0
    self_concordance: float | None = 0.0
    has_scale = False
    target_degree = 1.0

    def value(self, raw: Array, target: Array) -> Array:
        residual = raw - target
        squares: Array = np.einsum("ik,ik->i", residual, residual)
        return 0.5 * squares

    def gradient(self, raw: Array, target: Array) -> Array:
        return raw - target

    def curvature(self, raw: Array, target: Array) -> Array:
        return np.ones(raw.shape[0])

    def curvature_root(self, raw: Array, target: Array) -> Array:
        return np.ones(raw.shape[0])


class HalfBinomialLogistic:
    """Logistic loss of one raw prediction; targets in {0, 1}, shape ``(n_rows, 1)``.

    ``log(1 + exp(raw)) - y * raw``. Its third derivative is
    ``(1 - 2 p) p (1 - p)``, hence self-concordance constant 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import HalfBinomialLogistic
    >>> HalfBinomialLogistic().gradient(np.array([[0.0]]), np.array([[1.0]]))
    array([[-0.5]])
    """

    coupled = False
    constant_curvature = False
    curvature_uses_target = False
    shift_invariant = False
    max_curvature = 0.25
    self_concordance: float | None = 1.0
    max_third = 0.09622504486493764  # 1 / (6 sqrt 3), rounded up
    lipschitz: float | None = 1.0
    has_scale = False

    def value(self, raw: Array, target: Array) -> Array:
        # softplus of the margin: no cancellation for confident predictions
        margin = (1.0 - 2.0 * target[:, 0]) * raw[:, 0]
        # not logaddexp, which takes seven times as long
        return np.maximum(margin, 0.0) + np.log1p(np.exp(-np.abs(margin)))

    def gradient(self, raw: Array, target: Array) -> Array:
        # expit of the signed margin keeps relative accuracy at both ends; scipy's takes
        # four times as long
        sign = 1.0 - 2.0 * target
        margin = sign * raw
        small = np.exp(-np.abs(margin))
        return sign * np.where(margin > 0.0, 1.0, small) / (1.0 + small)

    def curvature(self, raw: Array, target: Array) -> Array:
        small = np.exp(-np.abs(raw[:, 0]))
        return small / np.square(1.0 + small)

    def curvature_root(self, raw: Array, target: Array) -> Array:
        return np.sqrt(self.curvature(raw, target))


class MultinomialLogistic:
    """Cross-entropy of a softmax; targets are class indices, shape ``(n_rows, 1)``.

    The softmax is symmetric: every class has coefficients, and a shift of all raw
    predictions changes nothing.
    """

    coupled = True
    constant_curvature = False
    curvature_uses_target = False
    shift_invariant = True
    max_curvature = 0.5
    # The third derivative is a third central moment of the direction under the
    # softmax, at most its range times its variance; the range is at most twice the
    # maximum norm (and sqrt(2) times the Euclidean norm).
    self_concordance: float | None = 2.0
    # the derivative is a vector of probabilities minus a unit vector
    lipschitz: float | None = np.sqrt(2.0)
    has_scale = False

    def value(self, raw: Array, target: Array) -> Array:
        margin = raw - np.take_along_axis(raw, target.astype(np.intp), axis=1)
        rows, top = np.arange(raw.shape[0]), margin.argmax(axis=1)
        largest = margin[rows, top]
        others = np.exp(margin - largest[:, None])
        others[rows, top] = 0.0
        # not logsumexp(raw) - raw_own: that cancels for confident predictions
        value: Array = largest + np.log1p(others.sum(axis=1))
        return value

    def gradient(self, raw: Array, target: Array) -> Array:
        probability = softmax(raw, axis=1)
        own = target[:, 0].astype(np.intp)
        rows = np.arange(raw.shape[0])
        probability[rows, own] = 0.0
        # p_own - 1 as minus the sum of the others: accurate when p_own is near 1
        probability[rows, own] = -probability.sum(axis=1)
        return probability

    def curvature(self, raw: Array, target: Array) -> Array:
        p = softmax(raw, axis=1)
        matrices = -p[:, :, None] * p[:, None, :]
        diagonal = np.arange(p.shape[1])
        matrices[:, diagonal, diagonal] = 0.0
        # p (1 - p) as minus the sum of the row: rows sum to zero exactly
        matrices[:, diagonal, diagonal] = -matrices.sum(axis=2)
        return matrices

    def curvature_root(self, raw: Array, target: Array) -> Array:
        # A = diag(sqrt p) - p sqrt(p)' has A A' = diag(p) - p p' and A sqrt(p) = 0.
        # The reflection that sends sqrt(p) to the last axis therefore leaves the
        # last column empty: rank n_outputs - 1.
        root = np.sqrt(softmax(raw, axis=1))
        n_outputs = root.shape[1]
        matrix = np.eye(n_outputs) * root[:, :, None]
        matrix -= (root * root)[:, :, None] * root[:, None, :]
        normal = root.copy()
        normal[:, -1] += 1.0  # root >= 0: never a cancellation
        scale = 2.0 / np.einsum("ik,ik->i", normal, normal)
        along = np.einsum("ikl,il->ik", matrix, normal) * scale[:, None]
        matrix -= along[:, :, None] * normal[:, None, :]
        return matrix[:, :, :-1]


class HalfTweedie(SingleOutputLoss):
    """Half the Tweedie deviance with log link; targets of shape ``(n_rows, 1)``.

    With ``mu = exp(raw)`` and ``t = raw - log(y)`` it is
    ``y^(2-p) (expm1((2-p) t) / (2-p) - expm1((1-p) t) / (1-p))``, zero at ``mu = y``
    (Jorgensen, The Theory of Dispersion Models, 1997). Its second derivative
    ``(2-p) mu^(2-p) + (p-1) y mu^(1-p)`` has two terms, both of one sign exactly for
    ``1 <= p <= 2``; the third multiplies them by ``2-p`` and ``1-p``, hence the
    self-concordance constant ``max(2-p, p-1)``.

    Parameters
    ----------
    power : float
        p, from 1 (half the Poisson deviance) to 2 (half the gamma deviance).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import HalfTweedie
    >>> HalfTweedie(1.5).gradient(np.array([[0.0]]), np.array([[1.0]]))
    array([[0.]])
    """

    def __init__(self, power: float) -> None:
        if not 1.0 <= power <= 2.0:
            raise ValueError(
                f"With log link the Tweedie deviance of power={power!r} is not convex: "
                "only powers from 1 to 2 are."
            )
        self.power = power
        self.target_degree = 2.0 - power
        self.curvature_uses_target = power > 1.0
        self.self_concordance = max(2.0 - power, power - 1.0)

    def __repr__(self) -> str:
        return f"HalfTweedie({self.power!r})"

    def in_range(self, target: Array) -> Mask:
        """Whether the deviance of these targets is defined."""
        return target >= 0.0 if self.power < 2.0 else target > 0.0

    def inverse_link(self, raw: Array) -> Array:
        """Predicted means."""
        mean: Array = np.exp(raw)
        return mean

    def link(self, mean: Array) -> Array:
        """Raw predictions of means; the mean of the targets is the best constant."""
        with np.errstate(divide="ignore"):
            raw: Array = np.log(mean)
        return raw

    def value(self, raw: Array, target: Array) -> Array:
        y, z = target[:, 0], raw[:, 0]
        up, down = 2.0 - self.power, 1.0 - self.power
        zero = y == 0.0
        some = y + zero
        t = z - np.log(some)
        deviance: Array = _exponential_integral(up, t) - _exponential_integral(down, t)
        deviance *= some**up
        if np.any(zero):
            # by arithmetic: a mask as unforeseeable as targets are takes longer
            deviance *= y > 0.0
            deviance += zero * _exponential(up * z) / up
        return deviance

    def gradient(self, raw: Array, target: Array) -> Array:
        with np.errstate(divide="ignore"):
            t = raw - np.log(target)
        # mu^(2-p) - y mu^(1-p) by the larger of the two: no cancellation, no overflow
        larger = _exponential((2.0 - self.power) * raw - np.minimum(t, 0.0))
        gradient: Array = larger * np.copysign(np.expm1(-np.abs(t)), t)
        return gradient

    def curvature(self, raw: Array, target: Array) -> Array:
        y, z = target[:, 0], raw[:, 0]
        up, down = 2.0 - self.power, 1.0 - self.power
        return up * _exponential(up * z) - down * y * _exponential(down * z)


class HalfPoisson(HalfTweedie):
    """Half the Poisson deviance with log link: ``exp(raw) - y raw`` and a constant.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import HalfPoisson
    >>> HalfPoisson().gradient(np.array([[0.0]]), np.array([[3.0]]))
    array([[-2.]])
    """

    def __init__(self) -> None:
        super().__init__(1.0)


class HalfGamma(HalfTweedie):
    """Half the gamma deviance with log link: ``y exp(-raw) + raw`` and a constant.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn.core.losses import HalfGamma
    >>> HalfGamma().gradient(np.array([[0.0]]), np.array([[3.0]]))
    array([[-2.]])
    """

    def __init__(self) -> None:
        super().__init__(2.0)


def _exponential(x: Array) -> Array:
    return np.exp(np.minimum(x, _LARGEST_EXPONENT))


def _exponential_integral(rate: float, t: Array) -> Array:
    """Integral of ``exp(rate s)`` for s from 0 to t."""
    if rate == 0.0:
        return t
    return np.expm1(np.minimum(rate * t, _LARGEST_EXPONENT)) / rate
