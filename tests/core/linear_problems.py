"""Problems of every loss that is linear in the coefficients."""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.problems import KINDS, make_problem

kinds = pytest.mark.parametrize("kind", KINDS)


def linear_problem(kind, intercept=True, **kwargs):
    """A problem with a linear term, some rows of weight zero, and a theta."""
    problem = make_problem(kind, intercept=intercept, **kwargs)
    rng = np.random.default_rng(5)
    objective = replace(
        problem.objective, linear=rng.standard_normal(problem.objective.shape)
    )
    weight = problem.rows.weight.copy()
    weight[::7] = 0.0
    theta = 0.6 * rng.standard_normal(objective.shape)
    return objective, problem.rows.reweighted(weight), theta
