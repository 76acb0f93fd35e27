"""Kinds of losses that bend, and norms of states, for tests of drifts."""

import numpy as np

from tests.certification.reference import Yardstick

CURVED = ("logistic", "multinomial")


def length(vector):
    return float(np.linalg.norm(vector))


def gradient_norms(state, rows):
    """2-norm and H^-1 norm of the gradient."""
    unknown = state.objective.gradient(rows, state.theta)
    return length(unknown), Yardstick(state, rows).dual_of(unknown)
