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
    joined,
    make_cases,
    row_request,
    some,
)
from sklearn_unlearn.utils._checks.oracles import changes, distance, scores, snapshot
from sklearn_unlearn.utils.attestation import attest, state_digest
from sklearn_unlearn.utils.digests import digests_of_names
from sklearn_unlearn.utils.steps import hook, own
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


def check_requests_by_name(estimator):
    """Names correct rows, one or several, by one key or two; others are refused."""
    estimator = configured(estimator, retain_data=True)
    case = make_cases(estimator)[0]
    X, y, keywords = case.rows()
    names = np.arange(y.shape[0]) // _ROWS_EACH
    first, second = names[FIRST[:2]].tolist()
    rows = np.flatnonzero(names == first)
    fitted = clone(estimator).fit(X, y, row_ids=names, **keywords)
    before, held = scores(fitted, case.X_test), snapshot(fitted, case.X_test)
    message = where(fitted, case, "partial_unfit of names")
    half = {"X": some(X, rows[:2]), "y": y[rows[:2]], "row_ids": first}
    for given, what in (
        ({"row_ids": [int(names[-1]) + 99]}, "never in"),
        ({"row_ids": ["a name"]}, "of another kind than at fit"),
        (half, "given with half of its rows"),
    ):
        assert _refusal(fitted, **given), f"{message} a name that is {what} is taken."
        lines = changes(held, snapshot(fitted, case.X_test))
        assert not lines, f"{message} {what} is refused, but {'; '.join(lines)}."
    _check_hashed(clone(fitted).fit(X, y, row_ids=names, **keywords), case, first)
    for verb, new in (("replace_features", "X_new"), ("replace_labels", "y_new")):
        if not hasattr(fitted, verb):
            continue
        values = row_request(case, verb, rows).arguments[2]
        model = clone(estimator).fit(X, y, row_ids=names, **keywords)
        getattr(model, verb)(row_ids=first, **{new: values})
        edited, targets = X, y
        if new == "X_new":
            order = np.arange(y.shape[0])
            order[rows] = y.shape[0] + np.arange(rows.size)
            edited = some(joined(X, values), order)
        else:
            targets = y.copy()
            targets[rows] = values
        refit = hook(model, "_like_at_fit")(edited)
        refit.fit(edited, targets, row_ids=names, **keywords)
        message = f"{where(model, case, f'{verb} of a name')} the model is not that of "
        _assert_as(model, refit, case, before, verb, f"{message}the corrected rows")
    pairs = np.column_stack([names, np.arange(y.shape[0])])
    model = clone(estimator).fit(X, y, row_ids=pairs, **keywords)
    model.partial_unfit(row_ids=[(first, int(rows[1]))])
    model.partial_unfit(row_ids=second)
    kept = np.flatnonzero(names != second)
    kept = kept[kept != rows[1]]
    message = where(model, case, "names of two keys")
    n_left = len(model.remaining_ids()) if hasattr(model, "has") else kept.size
    assert n_left == kept.size, f"{message} {n_left} rows are left, not {kept.size}."
    rest = some(X, kept)
    refit = hook(model, "_like_at_fit")(rest)
    refit.fit(rest, y[kept], row_ids=pairs[kept], **keywords)
    message += " a row and a subject leave, and the model is not that of the others"
    _assert_as(model, refit, case, before, "partial_unfit", message)


def _check_hashed(model, case, name):
    """A record has hashes of names, which nobody can make without its key."""
    if not hasattr(model, "plan"):
        return
    message = where(model, case, "partial_unfit of a name")
    planned = model.plan(("partial_unfit", {"row_ids": [name]}))
    record = model.partial_unfit(row_ids=[name]).request_record_
    assert planned.n_rows_out == record.n_rows_out == _ROWS_EACH, (
        f"{message} is planned as of {planned.n_rows_out} rows, and recorded as of "
        f"{record.n_rows_out}."
    )
    key = own(model, "_request_log").key
    assert record.row_ids == digests_of_names(key, [name]), (
        f"{message} leaves a record whose hashes are of other names."
    )
    assert record.row_ids != digests_of_names(bytes(32), [name]), (
        f"{message} leaves a record with hashes of a key that anybody knows."
    )


def _refusal(model, row_ids, **given):
    """Why a request by names is refused, nothing if it is not."""
    try:
        model.partial_unfit(row_ids=row_ids, **given)
    except ValueError as error:
        return str(error) or "nothing is said"
    return ""


def _assert_without(model, case, names, gone, before, message):
    """A model is near one that was fitted without the rows of some names."""
    X, y, keywords = case.rows()
    kept = np.flatnonzero(~np.isin(names, gone))
    rest = some(X, kept)
    refit = hook(model, "_like_at_fit")(rest)
    refit.fit(rest, y[kept], row_ids=names[kept], **keywords)
    message += " the model is not that of the other rows"
    _assert_as(model, refit, case, before, "partial_unfit", message)


def _assert_as(model, refit, case, before, verb, message):
    """A model is nearer to a refit than it was before, as its tags promise."""
    oracle = scores(refit, case.X_test)
    found, idle = scores(model, case.X_test), distance(before, oracle)
    assert_near(found, oracle, idle, model, [verb], message)


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
            near, far = right.largest_difference, wrong.largest_difference
            assert near is not None, message
            assert far is not None, message
            assert near < far or near == 0.0, (
                f"{message} finds answers no nearer to those of a refit on the rows "
                f"left, {right}, than to those with the rows that have left, {wrong}"
            )


def assert_proved(model, case, message):
    """A model is that of the rows of a case, where that can be proved."""
    X, y, _ = case.rows()
    found = attest(model, X, y)
    assert found.same, f"{message} says: {found}"
    if found.measured:
        assert found.largest_difference is not None, f"{message} says: {found}"
        assert np.isfinite(found.largest_difference), f"{message} says: {found}"
        return
    assert found, f"{message} is true of nothing."
    auditor = case.fit(model)
    assert state_digest(auditor) == state_digest(model), (
        f"{message}: a digest is not what somebody computes who has the rows."
    )
