"""Checks of what a request results in: the model of the edited data."""

from __future__ import annotations

from dataclasses import replace
from unittest import SkipTest

import numpy as np

from sklearn_unlearn.utils._checks.assertions import (
    assert_near,
    assert_same,
    assert_unlearned,
    configured,
    empirical,
    order,
    where,
)
from sklearn_unlearn.utils._checks.data import (
    FIRST,
    all_cases,
    all_requests,
    joined,
    make_cases,
    row_request,
    row_requests,
    some,
)
from sklearn_unlearn.utils._checks.oracles import (
    EXACT,
    DenseObjective,
    coefficients,
    distance,
    refit,
    scores,
)
from sklearn_unlearn.utils.tags import ROW_VERBS, accepts, unlearning_tags

#: Error that is rounding.
ROUNDING = 1e-9
#: How much the error must fall when the weight of an edit is halved.
SECOND_ORDER = 3.5


def _check_requests(estimator):
    """Each request, with and without weights, against a refit."""
    for case in all_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            before = scores(model, case.X_test)
            request.send(model)
            message = where(model, case, request.verb)
            edited = request.edit(case)
            assert_unlearned(model, before, edited, [request.verb], message)


def check_against_refit(estimator):
    """Without data, each verb removes most of the distance to a refit."""
    _check_requests(configured(estimator, retain_data=False))


def check_retained_data(estimator):
    """With retained data, each verb gives the refit itself."""
    _check_requests(configured(estimator, retain_data=True))


def check_halved_weight(estimator):
    """Without data, half the weight leaves a quarter of the error."""
    estimator = _unbalanced(configured(estimator, retain_data=False))
    for case in make_cases(estimator, weighted=True):
        for request in row_requests(estimator, case):
            _check_halved(estimator, case, request)


def _check_halved(estimator, case, request):
    untouched = _errors(case.fit(estimator), request.edit(case, 0.5))
    halves = []
    for share in (0.5, 0.25, 0.125):
        model = case.fit(estimator)
        request.send(model, share)
        halves.append(_errors(model, request.edit(case, share)))
    message = where(model, case, request.verb)
    for figure, idle in untouched.items():
        whole, half, quarter = (errors[figure] for errors in halves)
        assert whole < idle or whole <= ROUNDING, (
            f"{message} the {figure} is {whole:.3g}, not smaller than the {idle:.3g} "
            "of doing nothing."
        )
        if order(estimator, request.verb) != "first":
            # where the second order is small, the third shows in the first halving
            later = quarter <= half / SECOND_ORDER
            assert later or half <= max(whole / SECOND_ORDER, ROUNDING), (
                f"{message} the {figure} falls from {whole:.3g} to {half:.3g}, by a "
                f"factor {whole / half:.3g}, when the weight of the edit is halved; a "
                f"second-order update gives at least {SECOND_ORDER}."
            )


def _errors(model, edited):
    oracle = scores(refit(model, edited), edited.X_test)
    errors = {"distance to a refit": distance(scores(model, edited.X_test), oracle)}
    if hasattr(model, "gradient_residual"):
        X, y, keywords = edited.rows()
        residual = model.gradient_residual(X, y, **keywords)
        # one below its rounding error says no more than that it is small
        known = float(residual) > getattr(residual, "rounding_error", 0.0)
        errors["gradient residual"] = float(residual) if known else 0.0
    return errors


def check_second_order_formula(estimator):
    """Without data, a first request gives ``theta - H'^-1 G``, computed densely."""
    estimator = configured(estimator, retain_data=False)
    for case in all_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            objective = DenseObjective.of(model, case)
            if objective is None:
                raise SkipTest(
                    "what fit learns does not minimise a squared loss, a deviance or "
                    "its loss (alpha) or the logistic loss (C) with this penalty"
                )
            request.send(model)
            if request.verb == "forget_features":
                expected = objective.without(case, request.column)
            else:
                expected = objective.step(request.edit(case))
            error = np.abs(coefficients(model) - expected).max()
            edited = request.edit(case)
            assert error <= EXACT or _is_refit(model, edited), (
                f"{where(model, case, request.verb)} coef_ and intercept_ differ from "
                "theta - H'^-1 G, with the Hessian H' of the edited data, by "
                f"{error:.2g}."
            )


def _is_refit(model, edited):
    oracle = scores(refit(model, edited), edited.X_test)
    return distance(scores(model, edited.X_test), oracle) <= EXACT


def check_requests_in_a_row(estimator):
    """Requests after one another give the model of all, whoever else is fitted."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        model = case.fit(estimator)
        backwards = np.arange(case.y.shape[0])[::-1]
        replace(case, X=some(case.X, backwards)).fit(estimator)
        before, edited, done = scores(model, case.X_test), case, []
        verbs = [request.verb for request in row_requests(estimator, case)]
        for number, verb in enumerate(2 * verbs):
            request = row_request(case, verb, FIRST[:2] + 5 * number)
            request.send(model)
            edited = request.edit(edited)
            done.append(verb)
            message = where(model, case, ", ".join(done))
            assert_unlearned(model, before, edited, done, message)


def check_restored(estimator):
    """Rows out and in again: the model of before."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        model = case.fit(estimator)
        before = scores(model, case.X_test)
        request = row_request(case, "partial_unfit")
        request.send(model)
        without = scores(model, case.X_test)
        model.partial_fit(*request.arguments)
        assert_near(
            scores(model, case.X_test),
            before,
            distance(without, before),
            model,
            ["partial_unfit", "partial_fit"],
            f"{where(model, case, 'partial_unfit and partial_fit')} the rows are not "
            "restored",
        )


def check_replaced(estimator):
    """Replacing is removing and adding."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for verb in ("replace_features", "replace_labels"):
            if not hasattr(estimator, verb):
                continue
            request = row_request(case, verb)
            replaced, rebuilt = case.fit(estimator), case.fit(estimator)
            before = scores(replaced, case.X_test)
            request.send(replaced)
            rebuilt.partial_unfit(*request.arguments[:2])
            rebuilt.partial_fit(*request.coming)
            found = scores(replaced, case.X_test)
            assert_near(
                scores(rebuilt, case.X_test),
                found,
                distance(before, found),
                replaced,
                [verb, "partial_unfit", "partial_fit"],
                f"{where(replaced, case, verb)} is not partial_unfit and partial_fit",
            )


def check_sample_weight(estimator):
    """A weight of 2 is two rows, of 0 none."""
    estimator = _unbalanced(configured(estimator))
    for verb in ROW_VERBS:
        assert not hasattr(estimator, verb) or accepts(
            getattr(estimator, verb), "sample_weight"
        ), (
            f"{type(estimator).__name__}.fit takes sample_weight, but {verb} does not: "
            "it cannot unlearn weighted rows."
        )
    for case in make_cases(estimator, weighted=True):
        for request in row_requests(estimator, case):
            promised = unlearning_tags(estimator)
            repeats = promised is None or promised.weight_repeats
            if repeats and not empirical(estimator, request.verb):
                # a training that is not convex magnifies differences of rounding
                _check_two_is_twice(estimator, case, request)
            _check_zero_is_none(estimator, case, request)


def _unbalanced(estimator):
    """Without "balanced", which may count rows: no weight stands for these."""
    if estimator.get_params(deep=False).get("class_weight") == "balanced":
        estimator.set_params(class_weight=None)
    return estimator


def _check_two_is_twice(estimator, case, request):
    ordinary, heavy = case.weight.copy(), case.weight.copy()
    ordinary[FIRST], heavy[FIRST] = 1.0, 3.0
    once = replace(case, weight=heavy).fit(estimator)
    thrice = np.concatenate([np.arange(ordinary.size), FIRST, FIRST])
    X, y, weight = some(case.X, thrice), case.y[thrice], ordinary[thrice]
    copied = replace(case, X=X, y=y, weight=weight)
    copies = refit(once, copied)
    ones = np.ones(FIRST.size)
    replace(request, weight=2.0 * ones).send(once)
    twice = tuple(joined(part, part) for part in request.arguments)
    replace(request, arguments=twice, weight=np.concatenate([ones, ones])).send(copies)
    message = f"{where(once, case, request.verb)} sample_weight=2 is not the row twice"
    assert_same(scores(once, case.X_test), scores(copies, case.X_test), message)


def _check_zero_is_none(estimator, case, request):
    few = np.arange(0, FIRST.size, 2)
    whether = np.isin(np.arange(FIRST.size), few)
    mixed, less, idle = (case.fit(estimator) for _ in range(3))
    before = scores(idle, case.X_test)
    request.send(idle, 0.0)
    message = where(idle, case, request.verb)
    assert_same(
        scores(idle, case.X_test),
        before,
        f"{message} sample_weight=0 changes the model",
    )
    replace(request, weight=request.weight * whether).send(mixed)
    picked = tuple(some(part, few) for part in request.arguments)
    replace(request, arguments=picked, weight=request.weight[few]).send(less)
    assert_same(
        scores(mixed, case.X_test),
        scores(less, case.X_test),
        f"{message} rows of sample_weight=0 are not left alone",
    )
