"""Checks of rows by name, and of whose rows a model is."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.utils._checks.assertions import (
    assert_near,
    configured,
    empirical,
    where,
)
from sklearn_unlearn.utils._checks.data import (
    FIRST,
    make_cases,
    row_request,
    some,
)
from sklearn_unlearn.utils._checks.oracles import changes, distance, scores, snapshot
from sklearn_unlearn.utils.attestation import attest, state_digest
from sklearn_unlearn.utils.tags import accepts, unlearning_tags

#: Rows that have the same name.
_ROWS_EACH = 4


def knows_names(estimator):
    """Whether an estimator promises to know rows by name, perhaps with its data."""
    promised = unlearning_tags(configured(estimator, retain_data=True))
    takes = accepts(estimator.fit, "row_ids")
    return promised is not None and promised.row_ids and takes


def check_subjects(estimator):
    """All rows of a name leave together; unknown names are refused, or skipped."""
    estimator = configured(estimator, retain_data=True)
    for case in make_cases(estimator):
        X, y, keywords = case.rows()
        names = np.arange(y.shape[0]) // _ROWS_EACH
        first, second = names[FIRST[:2]].tolist()
        model = clone(estimator).fit(X, y, row_ids=names, **keywords)
        before = scores(model, case.X_test)
        message = where(model, case, "partial_unfit of a name")
        model.partial_unfit(row_ids=[first])
        _assert_without(model, case, names, [first], before, message)
        if hasattr(model, "has"):
            found = np.asarray(model.has([first, second])).tolist()
            assert found == [False, True], f"{message} has() says {found}."
            left = np.asarray(model.remaining_ids()).tolist()
            assert left == names[names != first].tolist(), (
                f"{message} remaining_ids() gives other names than those left."
            )
            assert len(model.rows_of([second])) == _ROWS_EACH, (
                f"{message} rows_of() does not give all rows of another name."
            )
        held = snapshot(model, case.X_test)
        for ids, what in (([first], "gone"), ([second, second], "named twice")):
            refusal = _refusal(model, ids)
            assert refusal, f"{message} a name that is {what} is accepted."
            assert str(ids[0]) in refusal, (
                f"{message} a name that is {what} is refused, and not named: {refusal}"
            )
            lines = changes(held, snapshot(model, case.X_test))
            assert not lines, f"{message} {what} is refused, but {'; '.join(lines)}."
        model.partial_unfit(row_ids=[first, second], on_unknown="skip")
        message = f"{message} with another that is skipped:"
        _assert_without(model, case, names, [first, second], before, message)


def _refusal(model, row_ids):
    """Why a request by names is refused, nothing if it is not."""
    try:
        model.partial_unfit(row_ids=row_ids)
    except ValueError as error:
        return str(error) or "nothing is said"
    return ""


def _assert_without(model, case, names, gone, before, message):
    """A model is near one that was fitted without the rows of some names."""
    X, y, keywords = case.rows()
    kept = np.flatnonzero(~np.isin(names, gone))
    refit = clone(model).fit(some(X, kept), y[kept], row_ids=names[kept], **keywords)
    oracle = scores(refit, case.X_test)
    assert_near(
        scores(model, case.X_test),
        oracle,
        distance(before, oracle),
        model,
        ["partial_unfit"],
        f"{message} the model is not that of the other rows",
    )


def check_attested(estimator):
    """A model is attested for its rows and for no others, bit for bit or measured."""
    estimator = configured(estimator, retain_data=True)
    for case in make_cases(estimator):
        model = case.fit(estimator)
        request = row_request(case, "partial_unfit")
        message = where(model, case, "attest")
        assert_proved(model, case, f"{message} after fit")
        request.send(model)
        left = request.edit(case)
        held = snapshot(model, case.X_test)
        assert_proved(model, left, f"{message} after partial_unfit")
        lines = changes(held, snapshot(model, case.X_test))
        assert not lines, f"{message} changes the model: {'; '.join(lines)}."
        X, y, _ = case.rows()
        wrong = attest(model, X, y)
        assert not wrong, f"{message} takes rows that have left."
        right = attest(model, *left.rows()[:2])
        if right.measured and not empirical(model, "partial_unfit"):
            nearer = right.largest_difference < wrong.largest_difference
            assert nearer or right.largest_difference == 0.0, (
                f"{message} finds answers no nearer to those of a refit on the rows "
                f"left, {right}, than to those with the rows that have left, {wrong}"
            )


def assert_proved(model, case, message):
    """A model is that of the rows of a case, where that can be proved."""
    X, y, _ = case.rows()
    found = attest(model, X, y)
    assert found.same, f"{message} says: {found}"
    if found.measured:
        assert np.isfinite(found.largest_difference), f"{message} says: {found}"
        return
    assert found, f"{message} is true of nothing."
    auditor = case.fit(model)
    assert state_digest(auditor) == state_digest(model), (
        f"{message}: a digest is not what somebody computes who has the rows."
    )
