"""Checks of the verbs that refine, measure and export."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.utils._checks.assertions import (
    assert_same,
    configured,
    empirical,
    where,
)
from sklearn_unlearn.utils._checks.data import (
    SECOND,
    all_cases,
    all_requests,
    make_cases,
    row_request,
    row_requests,
)
from sklearn_unlearn.utils._checks.oracles import (
    EXACT,
    DenseObjective,
    changes,
    refit,
    scores,
    snapshot,
)
from sklearn_unlearn.utils.tags import accepts


def check_refine(estimator):
    """Refinement ends at the refit and refuses rows that do not remain."""
    near_refit = not empirical(estimator, "partial_unfit")
    wanted = {"retain_data": False} if near_refit else {}
    estimator = configured(estimator, **wanted)
    for case in all_cases(estimator):
        request = row_request(case, "partial_unfit")
        edited = request.edit(case)
        model = case.fit(estimator)
        request.send(model)
        message = where(model, case, "refine")
        before = snapshot(model, case.X_test)
        X, y, keywords = case.rows()
        try:
            model.refine(X, y, **keywords)
        except ValueError:
            lines = changes(before, snapshot(model, case.X_test))
            assert not lines, f"{message} refused, but {'; '.join(lines)}."
        else:
            raise AssertionError(f"{message} accepts rows that were removed.")
        X, y, keywords = edited.rows()
        model.refine(X, y, **keywords)
        certification = getattr(model, "certification", None)
        if getattr(certification, "mode", None) == "output":
            # it shows what it published of these data before
            residual = float(model.gradient_residual(X, y, **keywords))
            assert residual <= EXACT, (
                f"{message} leaves a gradient residual of {residual:.3g} on the "
                "remaining rows."
            )
        elif near_refit:
            assert_same(
                scores(model, case.X_test),
                scores(refit(model, edited), case.X_test),
                f"{message} does not reach the refit on the remaining rows",
            )


def check_known_and_unknown(estimator):
    """Where a refit is no oracle, predictions of the rows of a request tell.

    Those that leave are known less than before, those that come more.
    """
    estimator = configured(estimator)
    for case in all_cases(estimator):
        for request in row_requests(estimator, case):
            model = case.fit(estimator)
            rows = case.X[request.positions], case.y[request.positions]
            parts = {"come": request.coming}
            if request.verb != "replace_features":  # what comes may teach the same
                parts["leave"] = rows if request.positions.size else None
            parts = {name: part for name, part in parts.items() if part is not None}
            before = {name: _error(model, *part) for name, part in parts.items()}
            request.send(model)
            for name, part in parts.items():
                after, sign = _error(model, *part), -1.0 if name == "come" else 1.0
                assert sign * after > sign * before[name], (
                    f"{where(model, case, request.verb)} the error in rows that {name} "
                    f"is {after:.3g} after the request, {before[name]:.3g} before."
                )


def _error(model, X, y):
    """Of predictions, summed: squares, or negative logarithms of probabilities."""
    if not hasattr(model, "predict_proba"):
        return float(np.sum(np.square(model.predict(X) - y)))
    given = np.asarray(model.predict_proba(X))
    if y.ndim == 1:
        given = given[np.arange(y.size), np.searchsorted(model.classes_, y)]
    else:
        given = np.where(y, given, 1.0 - given)
    return float(-np.log(np.maximum(given, np.finfo(np.float64).tiny)).sum())


def check_gradient_residual(estimator):
    """The residual is the gradient's norm: nothing at the fit, something elsewhere."""
    estimator = configured(estimator)
    for case in all_cases(estimator):
        model = case.fit(estimator)
        message = where(model, case, "gradient_residual")
        before = snapshot(model, case.X_test)
        X, y, keywords = case.rows()
        fitted = float(model.gradient_residual(X, y, **keywords))
        edited = row_request(case, "partial_unfit").edit(case)
        X, y, keywords = edited.rows()
        other = float(model.gradient_residual(X, y, **keywords))
        lines = changes(before, snapshot(model, case.X_test))
        assert not lines, f"{message} only measures, but {'; '.join(lines)}."
        if empirical(estimator, "partial_unfit"):  # what training leaves is not zero
            assert np.isfinite([fitted, other]).all(), f"{message} is not finite."
            continue
        assert 0.0 <= fitted <= 1e-6 * other, (
            f"{message} {fitted:.2g} on the training data is not small beside "
            f"{other:.2g} without some rows."
        )
        objective = DenseObjective.of(model, case)
        if objective is not None:
            expected = np.linalg.norm(objective.gradient(edited, objective.theta))
            assert abs(other - expected) <= EXACT * expected, (
                f"{message} {other:.6g} is not the norm of the summed gradient, "
                f"{expected:.6g}."
            )


def check_to_sklearn(estimator):
    """A plain model predicts as the unlearned one and does not follow it."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            request.send(model)
            plain = model.to_sklearn()
            message = where(model, case, f"to_sklearn after {request.verb}")
            home = type(plain).__module__
            assert home.startswith("sklearn."), f"{message} gives a class of {home}."
            found = scores(model, case.X_test)
            assert_same(
                scores(plain, case.X_test), found, f"{message} predicts otherwise"
            )
            if request.verb != "forget_features":
                row_request(case, request.verb, SECOND).send(model)
                assert_same(
                    scores(plain, case.X_test),
                    found,
                    f"{message} changes with the model that it came from",
                )
            elif accepts(model.to_sklearn, "drop_forgotten"):
                X = request.edit(case).X_test
                plain = model.to_sklearn(drop_forgotten=True)
                assert_same(
                    scores(plain, X),
                    found,
                    f"{message} predicts otherwise with drop_forgotten=True",
                )
