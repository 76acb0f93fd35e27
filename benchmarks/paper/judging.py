"""What the answers to a request are worth: one row of figures for each method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.certified import Judge
from benchmarks.paper.answers import (
    EXACT,
    NO_UPDATE,
    PRIVACY,
    RETRAINING,
    SISA,
    WARM,
)
from benchmarks.published import TestRows, sigma_for
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.metrics import fidelity, sample_losses

#: Trained on the corrected data, which need no noise, or with noise from the start.
_TRAINED = (RETRAINING, WARM, SISA, PRIVACY)


def judged(methods, request, answers):
    """Residual, losses, scores and costs of each answer, beside those of retraining.

    Test rows are without what was removed, but for the model that is not updated.
    """
    X_test, y_test = methods.scenario.test
    original = float(np.mean(sample_losses(methods.original, X_test, y_test)))
    refit = answers[RETRAINING]
    residuals = {
        name: methods.residual(request, answer.model)
        for name, answer in answers.items()
        if answer.theta is not None
    }
    rivals = methods.rivals(request, residuals)
    for name, answer in answers.items():
        rows = X_test if name == NO_UPDATE else request.X_test
        found = fidelity(answer.model, refit.model, rows, y_test)
        found = replace(found, original_loss=original)
        residual = residuals.get(name, np.nan)
        rival_seconds, rival_residual = rivals.get(name, (np.nan, np.nan))
        yield {
            **labels(methods, request, name),
            "rows": request.rows.size,
            "residual": float(residual),
            "rounding_error": getattr(residual, "rounding_error", np.nan),
            "retraining_residual": float(residuals[RETRAINING]),
            **vars(found),
            "seconds": answer.seconds,
            "formula": int(answer.formula),
            "retraining_seconds": refit.seconds,
            "gradients": answer.gradients,
            "retraining_gradients": refit.gradients,
            "rival_seconds": rival_seconds,
            "rival_residual": rival_residual,
        }


def certified(methods, request, answers):
    """The noise that a certificate needs for each answer, and accuracy with it.

    By the paper, sigma is the residual over lambda times sqrt(2 ln(1.5/delta))/epsilon;
    by ours, what the proven bound on the distance to the minimum needs.
    """
    y = methods.scenario.train[1]
    test = TestRows(request.X_test, methods.scenario.test[1], fit_intercept=False)
    rows = Rows(request.X, y[:, None].astype(np.float64), np.ones(y.size))
    # all columns stay in the objective: those without values have zero for a minimum
    state = replace(methods.state, theta=answers[EXACT].theta)
    judge = Judge(test, methods.exact.tol, state, rows, request.draw)
    for name, answer in answers.items():
        if name in _TRAINED:
            noiseless = float(answer.model.score(request.X_test, test.positive))
            yield {
                **labels(methods, request, name),
                "distance": np.nan,
                "bound": np.nan,
                "sigma": 0.0,
                "accuracy": noiseless,
                "classical_sigma": 0.0,
                "classical_accuracy": noiseless,
            }
        else:
            outcome = judge(answer.theta, 0.0)
            classical = test.accuracy(
                answer.theta, outcome.classical, seed=request.draw, n_noise=10
            )
            yield {
                **labels(methods, request, name),
                "distance": outcome.distance,
                "bound": outcome.bound,
                "sigma": sigma_for(outcome.bound),
                "accuracy": outcome.accuracy,
                "classical_sigma": outcome.classical,
                "classical_accuracy": classical,
            }


def labels(methods, request, name):
    """By what a row of a table is known."""
    return {
        "data": methods.scenario.name,
        "request": request.kind,
        "size": request.size,
        "draw": request.draw,
        "method": name,
    }
