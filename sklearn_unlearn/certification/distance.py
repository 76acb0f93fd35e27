"""How far the kept coefficients are from a refit's: a bound in the 2-norm.

Theorem 2 of ``doc/certification.rst``, its corollary, its fallback, and the refit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.floors import NOTHING, Floor
from sklearn_unlearn.certification.geometry import (
    Geometry,
    dual_norm,
    least_eigenvalue,
    over_root,
)
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import (
    NO_WAY,
    Way,
    bend,
    exponential,
    mean_growth,
    product,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.units import ONE, Units
from sklearn_unlearn.exceptions import NoBoundError

#: Relative error of quadratic forms beyond which nothing is certified.
LARGEST_ERROR = 0.5
#: Share of a refit's gradient norm up to which nobody asks where our own leads.
_SMALL = 0.125
#: The rounding error of a refit's gradient over that of ours: its coefficients are not
#: quite ours, and its rows may come in other blocks.
_FLOOR_MARGIN = 1.25
#: What has a number for an exponential.
_LARGEST_EXPONENT = 700.0
#: Rounds in which a radius that bounds itself is looked for.
_MOST_ROUNDS = 60


@dataclass(frozen=True)
class Drift:
    """What is known of the gradient of a state, beyond ``state.gradient``.

    Attributes
    ----------
    geometry : Geometry
    change : float
        tau: bound on ``|x_i . (theta - anchor)|`` over all rows.
    unknown : float
        eta: bound on the H^-1 norm of the gradient minus ``state.gradient``.
    unknown_length : float
        The same in the 2-norm.
    floor : Floor
        Rounding error of a gradient of these rows, that of a refit among them.
    units : Units
        What the tolerance of a refit is measured in, or more.
    bent : float
        How much of ``unknown`` is by weights that changed: the length of a q of which
        that part of the gradient is the root of the data Hessian times q.
    rest : float
        How much of the gradient neither ``state.gradient`` knows nor the bend of the
        weights on the straight way from the anchor makes, in the H^-1 norm.
    slack, size : float
        ``|x_i . (theta - anchor)|`` is at most ``slack`` plus ``size`` times the root
        of h_i of the fourth moments.
    lost : Way
        What maps of the features have taken from the anchor, of which the raw
        predictions at which the weights of H were taken still have it.
    """

    geometry: Geometry
    change: float
    unknown: float
    unknown_length: float
    floor: Floor = NOTHING
    units: Units = ONE
    bent: float = 0.0
    rest: float = np.inf
    slack: float = 0.0
    size: float = np.inf
    lost: Way = NO_WAY


@dataclass(frozen=True)
class Distance:
    """A bound on the 2-norm between the kept coefficients and a refit's.

    Attributes
    ----------
    minimiser : float
        From the kept coefficients to the minimiser.
    refit : float
        From the minimiser to any point whose gradient norm is at most ``tol``.
    condition : float
        a of theorem 2; from 1 on, only a penalty on all coefficients gives a bound.
    """

    minimiser: float
    refit: float
    condition: float

    @property
    def total(self) -> float:
        """From the kept coefficients to a refit's."""
        return self.minimiser + self.refit


def self_concordance(objective: Objective) -> float:
    """M of the loss.

    Raises
    ------
    NoBoundError
        If the loss has none.
    """
    constant = objective.loss.self_concordance
    if constant is None:
        raise NoBoundError(
            f"certification needs a bound on the distance to a refit, and the loss "
            f"{type(objective.loss).__name__} has none: its second derivative may "
            "change by any factor. Use certification=None and measure with "
            "gradient_residual."
        )
    return constant


def distance(
    state: State, drift: Drift, tol: float, *, penalised: bool = False
) -> Distance:
    """Bound on the distance to a refit that ends with a gradient norm of ``tol``.

    A known gradient that is small beside that is taken to lead the worst way. Infinite
    where nothing can be certified, as of a factor that the drift is not of. Where it is
    worth a factor of its own, ``penalised`` asks for theorem 8 too.
    """
    objective, factor = state.objective, drift.geometry.factor
    smallest = drift.geometry.smallest
    known = objective.pack(state.gradient)
    certified = factor is state.factor and drift.geometry.error <= LARGEST_ERROR
    if not (certified and smallest > 0.0):
        return Distance(np.inf, np.inf, np.inf)
    length = float(np.linalg.norm(known))
    if length <= _SMALL * tol:
        norm = over_root(length, smallest)
        step = over_root(norm, smallest)
    else:
        norm, step = dual_norm(factor, known, smallest)
    step += over_root(2.0 * drift.geometry.error * norm, smallest)
    constant, least = self_concordance(objective), 0.0
    if penalised and constant and drift.change < np.inf:
        least = least_eigenvalue(factor, math.exp(-constant * drift.change))
    found = bound(
        drift,
        constant,
        tol=tol,
        weakest=weakest_penalty(objective),
        known=norm,
        known_step=step,
        known_length=length,
        least=least,
    )
    return replace(
        found, minimiser=found.minimiser + _off_gauge(objective, state.theta)
    )


def bound(
    drift: Drift,
    constant: float,
    *,
    tol: float,
    weakest: float,
    known: float = 0.0,
    known_step: float = 0.0,
    known_length: float = 0.0,
    least: float = 0.0,
) -> Distance:
    """Theorem 2, its corollary and its fallback, and theorems 7 and 8, in numbers.

    Parameters
    ----------
    drift : Drift
    constant : float
        M of the loss.
    tol : float
        Gradient norm of the refit.
    weakest : float
        Smallest penalty on a coefficient in use.
    known, known_step, known_length : float
        H^-1 norm of the known gradient, 2-norm of H^-1 times it, and its 2-norm.
    least : float, default=0.0
        Smallest eigenvalue of e^(-M tau) times the data Hessian plus the penalty, if it
        is known.
    """
    geometry = drift.geometry
    exact = 1.0 / (1.0 - geometry.error)
    root = math.sqrt(geometry.smallest / exact)
    radius = geometry.radius * exact if constant else 0.0
    change = drift.change if constant else 0.0
    norm = (known + drift.unknown) * exact
    minimiser, refit, condition, ball = np.inf, np.inf, 0.0, 0.0
    if constant:
        condition = product(constant * radius * norm, exponential(constant * change))
    if condition < 1.0 and norm < np.inf:
        ball = _ball(condition, constant * radius, norm)
        path = -math.log1p(-condition)
        worst = bend(constant * change, path)
        bent = drift.bent * exact + worst * ball
        other = max(drift.unknown - drift.bent, 0.0) * exact
        other += (1.0 + worst) * 2.0 * geometry.error * ball  # of H itself
        direct = known_step + other / root + bent * _longest_bend(root, weakest)
        minimiser = min(ball / root, direct)
        reach = exponential(constant * (change + radius * ball))
        needed = product(constant * radius * tol / root, reach)
        if needed < 1.0:
            refit = _ball(needed, constant * radius, tol / root) / root
        if least > 0.0:
            least /= exact
            left = least * mean_growth(-path)
            minimiser = min(minimiser, (known_length + drift.unknown_length) / left)
            if needed < 1.0:
                left = least * math.exp(-path) * mean_growth(math.log1p(-needed))
                refit = min(refit, tol / left)
    if 0.0 < weakest < np.inf and constant:
        other = known * exact + max(drift.unknown - drift.bent, 0.0) * exact
        pull = drift.bent * exact, other
        scale = constant * change, constant * geometry.length
        minimiser = min(minimiser, _by_penalty(*pull, weakest, *scale))
    if weakest > 0.0:
        minimiser = min(minimiser, (known_length + drift.unknown_length) / weakest)
        refit = min(refit, tol / weakest)
    return Distance(float(minimiser), float(refit), float(condition))


def weakest_penalty(objective: Objective) -> float:
    """The smallest penalty on a coefficient in use."""
    return float(objective.penalty[~objective.held].min(initial=np.inf))


def _longest_bend(root: float, weakest: float) -> float:
    """Bound on the norm of ``H^-1 H_d^(1/2)``, from the eigenvalues of H and Lambda.

    It is the root of 1 / h - weakest / h^2 for some eigenvalue h.
    """
    smallest = root * root
    if smallest <= 2.0 * weakest:
        return 0.5 / math.sqrt(weakest)
    return math.sqrt((1.0 - weakest / smallest) / smallest)


def _by_penalty(
    bent: float, other: float, weakest: float, change: float, length: float
) -> float:
    """Theorem 7: the least r with ``r >= b(r)``, infinite if there is none.

    ``change`` and ``length`` are M tau and M times the 2-norm of the longest row.
    """
    if not (change < _LARGEST_EXPONENT and length < np.inf):
        return np.inf
    root, radius = math.sqrt(weakest), 0.0
    for _ in range(_MOST_ROUNDS):
        path = length * radius
        # what is left of the curvature on the way: e^-change (1 - e^-path) / path
        mean = -math.expm1(-path) / path if path > 1e-8 else 1.0 - 0.5 * path
        left = math.exp(-0.5 * change) * math.sqrt(mean)
        steep = product(1.0 / left if left > 0.0 else np.inf, bent + other)
        needed = 0.5 * (other + math.hypot(other, steep)) / root
        if needed <= radius:
            return radius
        if not needed < np.inf:
            break
        radius = needed * (1.0 + 1e-3)
    return np.inf


def _ball(condition: float, scale: float, norm: float) -> float:
    """``-ln(1 - a) / (M R)``; for a = 0 its limit, the dual norm itself."""
    if condition == 0.0 or scale == 0.0:
        return norm
    return -math.log1p(-condition) / scale


def _off_gauge(objective: Objective, theta: Array) -> float:
    """Length of the shift of all classes by which coefficients miss the gauge."""
    gauge = objective.gauge[: objective.shape[0]] >= 0
    if not gauge.any() or not objective.loss.shift_invariant:
        return 0.0
    shift = theta[gauge].mean(axis=1) * math.sqrt(objective.shape[1])
    return float(np.linalg.norm(shift))


def hopeless(drift: Drift) -> float:
    """A of theorem 2 that is above one whatever R is: at least that of one direction.

    No row is shorter in the norm of H^-1 than over the root of the largest eigenvalue.
    """
    geometry = drift.geometry
    return geometry.radius / geometry.least_radius if geometry.least_radius else np.inf


def refit_tolerance(tol: float, drift: Drift) -> float:
    """Gradient norm of refits: ``tol`` or rounding, which is larger, and rounding.

    A refit stops where its computed gradient is within ``tol`` units, or at its floor.
    """
    floor = _FLOOR_MARGIN * drift.floor.size
    return max(tol * drift.units.largest, floor) + floor


def without_forgotten(drift: Drift, state: State) -> Drift:
    """The drift without the largest values of columns that are forgotten."""
    gone, geometry = state.objective.forgotten, drift.geometry
    if not np.any(geometry.reach[gone]):
        return drift
    reach = np.where(gone, 0.0, geometry.reach)
    return replace(drift, geometry=replace(geometry, reach=reach))
