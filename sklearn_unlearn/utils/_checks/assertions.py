"""Assertions of the checks, and how near a refit they demand."""

from __future__ import annotations

from unittest import SkipTest

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.utils._checks.oracles import EXACT, distance, refit, scores
from sklearn_unlearn.utils.tags import REQUEST_VERBS, unlearning_tags

#: Fit and refinement stop here, so that a refit is an oracle to `EXACT`.
TOL = 1e-10
#: Share of the error of doing nothing that a second-order update may leave.
REMAINS = 0.3


def configured(estimator, **wanted):
    """A clone with the wanted parameters, of those that it has, and a tight tol.

    A refit draws what it draws at random as the model did.
    """
    estimator = clone(estimator)
    parameters = estimator.get_params()
    if parameters.get("random_state", 0) is None:
        wanted["random_state"] = 0
    if "tol" in parameters:
        wanted["tol"] = min(parameters["tol"], TOL)
    known = {name: value for name, value in wanted.items() if name in parameters}
    estimator.set_params(**known)
    tags = unlearning_tags(estimator) if known.get("retain_data") is False else None
    if tags is not None and not any(getattr(tags, verb) for verb in REQUEST_VERBS):
        raise SkipTest(f"with {known} no request is answered")
    return estimator


def order(estimator, *verbs):
    """How near a refit these verbs must come.

    Returns
    -------
    {"exact", "first", "second", "empirical"}
        The second and third are orders; "empirical" means that nothing is known.
    """
    parameters = estimator.get_params()
    promised = unlearning_tags(estimator)
    if empirical(estimator, *verbs):
        return "empirical"
    if parameters.get("retain_data") or all(
        getattr(promised, verb, None) == "exact" for verb in verbs
    ):
        return "exact"
    return "first" if parameters.get("method") == "first_order" else "second"


def empirical(estimator, *verbs):
    """Whether tags say that a refit is no oracle of some of these verbs."""
    promised = unlearning_tags(estimator)
    return any(getattr(promised, verb, None) == "empirical" for verb in verbs)


def where(model, case, what):
    """The beginning of a message."""
    return f"{type(model).__name__} on {case.name}, {what}:"


def assert_same(one, other, message):
    """Two sets of scores are the same up to rounding."""
    error = distance(one, other)
    assert error <= EXACT, f"{message}; the outputs differ by {error:.2g}."


def assert_near(one, other, reach, model, verbs, message):
    """Scores agree as well as requests of this model may be expected to.

    Parameters
    ----------
    one, other : dict
        `scores`.
    reach : float
        Their distance had the request done nothing.
    model : estimator
    verbs : sequence of str
        Those of the requests.
    message : str
    """
    error = distance(one, other)
    expected = order(model, *verbs)
    if expected == "empirical":
        assert np.isfinite(error), f"{message}; the outputs are not finite numbers."
        return
    limit = {"exact": 0.0, "second": REMAINS * reach, "first": reach}[expected]
    assert error < limit or error <= EXACT, (
        f"{message}; the outputs differ by {error:.3g}, less than "
        f"{max(limit, EXACT):.3g} was expected ({expected} order)."
    )


def assert_unlearned(model, before, edited, verbs, message):
    """The model has come near a refit on the edited data.

    Parameters
    ----------
    model : estimator
        After the request.
    before : dict
        Its `scores` before.
    edited : Case
    verbs : sequence of str
        Those of the requests.
    message : str
    """
    oracle = scores(refit(model, edited), edited.X_test)
    assert_near(
        scores(model, edited.X_test),
        oracle,
        distance(before, oracle),
        model,
        verbs,
        f"{message} the model is not that of the edited data",
    )
