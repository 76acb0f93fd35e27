"""The bound on the rounding error of an objective's gradient."""

from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sklearn_unlearn.core.losses import HalfTweedie
from tests.core.linear_problems import kinds, linear_problem
from tests.core.problems import KINDS, Partitioned, dense_derivatives, design


def exact_gradient(objective, rows, theta):
    """The gradient in fifty decimal digits, rounded once at the end."""
    with localcontext(prec=50):
        X = [[Decimal(v) for v in x] for x in design(objective, rows.X).tolist()]
        T = [[Decimal(v) for v in row] for row in theta.tolist()]
        p, n_outputs = theta.shape
        total = [
            [
                Decimal(objective.penalty[j, k]) * T[j][k]
                + Decimal(objective.linear[j, k])
                for k in range(n_outputs)
            ]
            for j in range(p)
        ]
        for i, x in enumerate(X):
            raw = [sum(x[j] * T[j][k] for j in range(p)) for k in range(n_outputs)]
            target = [Decimal(v) for v in rows.y[i].tolist()]
            residual = exact_residual(objective.loss, raw, target)
            weight = Decimal(rows.weight[i])
            for j in range(p):
                for k in range(n_outputs):
                    total[j][k] += weight * residual[k] * x[j]
        return total


def exact_residual(loss, raw, target):
    if loss.constant_curvature:
        return [z - t for z, t in zip(raw, target, strict=True)]
    if isinstance(loss, HalfTweedie):
        mean, power = raw[0].exp(), Decimal(loss.power)
        return [mean ** (1 - power) * (mean - target[0])]
    if not loss.coupled:
        return [1 / (1 + (-raw[0]).exp()) - target[0]]
    powers = [z.exp() for z in raw]
    return [
        power / sum(powers) - (1 if k == int(target[0]) else 0)
        for k, power in enumerate(powers)
    ]


def rounding_error(objective, rows, theta, blocks=None):
    computed = objective.gradient(blocks or rows, theta)
    exact = exact_gradient(objective, rows, theta)
    with localcontext(prec=50):
        squares = sum(
            (Decimal(g) - e) ** 2
            for computed_row, exact_row in zip(computed.tolist(), exact, strict=True)
            for g, e in zip(computed_row, exact_row, strict=True)
        )
        return float(squares.sqrt())


@kinds
@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["centred", "offset"])
@pytest.mark.parametrize("at", ["zero", "small", "large"])
def test_rounding_bound_is_a_bound_and_not_a_vacuous_one(kind, offset, at):
    objective, rows, theta = linear_problem(kind, n_rows=80, n_columns=3)
    theta = theta * {"zero": 0.0, "small": 1.0, "large": 20.0}[at]
    X = rows.X + offset
    rows = replace(rows, X=X)
    if offset:
        # raw predictions stay moderate while their terms cancel
        theta[-1] = -offset * theta[:-1].sum(axis=0)
    bound = objective.rounding_bound(rows, theta)
    error = rounding_error(objective, rows, theta)
    assert error <= bound
    # no more than the worst case of 80 terms, each with 12 roundings
    raw = design(objective, X) @ theta
    size = np.abs(design(objective, X))
    magnitude = []
    for x, z, y in zip(design(objective, X), raw, rows.y, strict=True):
        gradient, curvature = dense_derivatives(objective.loss, z, y)
        bent = max(1.0, curvature.max()) * (np.abs(x) @ np.abs(theta))
        magnitude.append(np.abs(gradient) + bent)
    terms = size.T @ (rows.weight[:, None] * np.array(magnitude))
    terms += objective.penalty * np.abs(theta) + np.abs(objective.linear)
    assert bound <= 100 * 2.0**-53 * np.linalg.norm(terms)


def test_rounding_bound_over_many_small_problems():
    ratios = []
    for seed in range(40):
        kind = KINDS[seed % 4]
        objective, rows, theta = linear_problem(kind, n_rows=12, n_columns=2, seed=seed)
        scale = 10.0 ** np.random.default_rng(seed).uniform(-6, 6, 2)
        rows = replace(rows, X=rows.X * scale)
        theta[:2] /= scale[:, None]
        blocks = Partitioned(rows, (5, 6))
        bound = objective.rounding_bound(blocks, theta)
        ratios.append(rounding_error(objective, rows, theta, blocks) / bound)
    assert max(ratios) <= 1.0
    assert np.median(ratios) > 1e-3


@kinds
def test_rounding_bound_ignores_forgotten_columns(kind):
    objective, rows, theta = linear_problem(kind)
    columns = np.array([True, False, False, False, False])
    theta[columns] = 0.0
    huge = rows.X.copy()
    huge[:, 0] *= 1e12
    rows = replace(rows, X=huge)
    forgetting = objective.forgetting(columns)
    assert forgetting.rounding_bound(rows, theta) < 1e-9
    assert objective.rounding_bound(rows, theta) > 1e-6
