"""Checks of what is known of requests: records, lists, plans, and requests undone."""

from __future__ import annotations

import logging
import pickle
from contextlib import contextmanager

from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_unlearn.exceptions import UndoError
from sklearn_unlearn.utils._checks.assertions import (
    assert_near,
    configured,
    where,
)
from sklearn_unlearn.utils._checks.data import (
    FIRST,
    SECOND,
    all_requests,
    make_cases,
    row_request,
    row_requests,
    some,
)
from sklearn_unlearn.utils._checks.oracles import changes, distance, scores, snapshot
from sklearn_unlearn.utils.steps import own

_LOGGER = logging.getLogger("sklearn_unlearn.requests")
_ARGUMENTS = {
    "partial_unfit": ("X", "y"),
    "replace_features": ("X", "y", "X_new"),
    "replace_labels": ("X", "y", "y_new"),
    "partial_fit": ("X", "y"),
}


def check_record(estimator):
    """Each request leaves a record, which clones have not and pickles have."""
    estimator = configured(estimator)
    case = make_cases(estimator)[0]
    model, last = case.fit(estimator), None
    message = where(model, case, "fit")
    assert not hasattr(model, "request_record_"), f"{message} leaves a record."
    for request in all_requests(estimator, case):
        model = case.fit(estimator)
        request.send(model)
        message = where(model, case, request.verb)
        assert hasattr(model, "request_record_"), f"{message} leaves no record."
        record = model.request_record_
        assert record.verb == request.verb, f"{message} is recorded as {record.verb}."
        n_rows = len(request.arguments[1]) if hasattr(request, "arguments") else 0
        expected = {"partial_unfit": (n_rows, 0), "partial_fit": (0, n_rows)}
        counted = record.n_rows_out, record.n_rows_in
        assert counted == expected.get(request.verb, (n_rows, n_rows)), (
            f"{message} is recorded as of {counted[0]} rows out and {counted[1]} in."
        )
        assert record.state_before != record.state_after, (
            f"{message} leaves the state as it was, its record says."
        )
        assert record != last, f"{message} leaves the record of another request."
        again = type(record).from_json(record.to_json())
        assert again == record, f"{message} leaves a record that JSON does not keep."
        last = record
    _check_chain(case, estimator)
    pickled = pickle.loads(pickle.dumps(model))
    kept = getattr(pickled, "request_record_", None)
    assert kept == last, f"{message} loses its record in a pickle."
    assert not hasattr(clone(model), "request_record_"), (
        f"{message} leaves a record that a clone has."
    )


def _check_chain(case, estimator):
    """A record follows the one before, is logged, and tells no rows without its key."""
    model, other, records = case.fit(estimator), case.fit(estimator), []
    message = where(model, case, "partial_unfit, twice,")
    for request in (row_request(case, "partial_unfit", at) for at in (FIRST, SECOND)):
        with _logged() as lines:
            request.send(model)
        records.append(model.request_record_)
        assert lines == [records[-1].line], f"{message} logs {lines}."
    first, second = records
    assert (first.follows, second.follows) == (None, first.identity), (
        f"{message} leaves a record that does not follow the one before."
    )
    assert second.state_before == first.state_after, (
        f"{message} leaves records between which the state has changed."
    )
    row_request(case, "partial_unfit", FIRST).send(other)
    assert other.request_record_.asked != first.asked, (
        f"{message} leaves a digest of rows that anybody can compute who has them."
    )


class _Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@contextmanager
def _logged():
    """Lines of requests, as somebody reads them who has no more."""
    handler, level = _Lines(), _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        _LOGGER.setLevel(level)
        _LOGGER.removeHandler(handler)


def check_list_of_requests(estimator):
    """A list of requests gives the model of all, or is refused as a whole."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        together, apart = case.fit(estimator), case.fit(estimator)
        before = scores(together, case.X_test)
        held = snapshot(together, case.X_test)
        requests = []
        for positions in (FIRST[:3], SECOND[:3]):
            requests += row_requests(estimator, case, positions)[:1]
        listed = [_listed(request) for request in requests]
        message = where(together, case, f"carry_out of two {listed[0][0]}")
        broken = [*listed, (listed[0][0], {**listed[0][1], "X": None, "y": None})]
        try:
            together.carry_out(broken)
        except ValueError:
            lines = changes(held, snapshot(together, case.X_test))
            assert not lines, f"{message} is refused, but {'; '.join(lines)}."
        else:
            raise AssertionError(f"{message} and one without rows is accepted.")
        records = together.carry_out(listed)
        assert [each.verb for each in records] == [verb for verb, _ in listed], (
            f"{message} leaves other records."
        )
        for request in requests:
            request.send(apart)
        later = scores(apart, case.X_test)
        assert_near(
            scores(together, case.X_test),
            later,
            distance(before, later),
            together,
            [listed[0][0]],
            f"{message} is another model than after one another",
        )


def check_list_in_order(estimator):
    """A row that a list corrects and deletes is deleted; two values are refused."""
    estimator = configured(estimator)
    case = make_cases(estimator)[0]
    together, alone = case.fit(estimator), case.fit(estimator)
    request = row_request(case, "replace_features", FIRST[:2])
    X, y, X_new = request.arguments
    once = {"X": X, "y": y, "X_new": X_new}
    again = {**once, "X_new": some(case.X, SECOND[:2])}
    message = where(together, case, "carry_out")
    before, held = (look(together, case.X_test) for look in (scores, snapshot))
    correction = "replace_features", once
    try:
        together.carry_out([correction, ("replace_features", again)])
    except ValueError:
        lines = changes(held, snapshot(together, case.X_test))
        assert not lines, f"{message} is refused, but {'; '.join(lines)}."
    else:
        raise AssertionError(f"{message} takes two values for one row.")
    together.carry_out([correction, ("partial_unfit", {"X": X_new, "y": y})])
    alone.partial_unfit(X, y)
    later = scores(alone, case.X_test)
    assert_near(
        scores(together, case.X_test),
        later,
        distance(before, later),
        together,
        ["partial_unfit"],
        f"{message} of rows that are corrected and then deleted does not delete them",
    )


def check_plan(estimator):
    """A plan leaves the model bit for bit as it was, and says what will be."""
    estimator = configured(estimator)
    case = make_cases(estimator)[0]
    asked = _listed(row_requests(estimator, case)[0])
    try:
        clone(estimator).plan(asked)
    except NotFittedError:
        pass
    else:
        raise AssertionError(
            f"{type(estimator).__name__}: a plan of what is not fitted is made."
        )
    for request in row_requests(estimator, case):
        model = case.fit(estimator)
        before = snapshot(model, case.X_test)
        plan = model.plan([_listed(request)], X_watch=case.X_test)
        message = where(model, case, f"plan of {request.verb}")
        lines = changes(before, snapshot(model, case.X_test))
        assert not lines, f"{message}: {'; '.join(lines)}."
        assert plan.refused is None, f"{message} says: {plan.refused}"
        assert plan.seconds > 0.0, f"{message} says that it costs nothing."
        again = any(step.how == "fitted again" for step in plan.steps)
        counted = (
            plan.passes is not None
            and plan.passes >= 0
            and plan.fits is not None
            and plan.fits >= int(again)
        )
        assert counted, f"{message} counts {plan.passes} passes and {plan.fits} fits."
        assert plan.largest_change >= 0.0, f"{message} does not say how far."
        assert not hasattr(model, "request_record_"), f"{message} leaves a record."
        watched = scores(model, case.X_test)
        request.send(model)
        record = model.request_record_
        for name in ("n_rows_out", "n_rows_in", "columns"):
            said, done = getattr(plan, name), getattr(record, name)
            assert said == done, f"{message} says {name}={said}, and it was {done}."
        touched = [s.name for s in plan.steps if s.how not in ("untouched", "frozen")]
        assert touched == list(record.steps or [type(model).__name__]), (
            f"{message} names {touched}, and {record.steps} changed."
        )
        if model.get_params(deep=False).get("certification") is None:
            moved = distance(watched, scores(model, case.X_test)) > 0.0
            assert moved == (plan.largest_change > 0.0), (
                f"{message} says that answers move by {plan.largest_change:.3g}."
            )
        bad = {**_listed(request)[1], "y": request.arguments[1][:1]}
        held = snapshot(model, case.X_test)
        refused = model.plan([(request.verb, bad)]).refused
        assert refused, f"{message} with one target of several is not refused."
        said = _said(model, request.verb, bad)
        assert said == refused, f"{message} says {refused!r}, the request {said!r}."
        lines = changes(held, snapshot(model, case.X_test))
        assert not lines, f"{message} is refused, but {'; '.join(lines)}."


def check_undo(estimator):
    """Rows that left come back by their record: the model of before, or a refusal."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        model = case.fit(estimator)
        before = scores(model, case.X_test)
        request = row_request(case, "partial_unfit")
        request.send(model)
        record, without = model.request_record_, scores(model, case.X_test)
        message = where(model, case, "partial_unfit and undo")
        given = _listed(request)[1]
        others = _listed(row_request(case, "partial_unfit", SECOND))[1]
        try:
            record.undo(model, **others)
        except UndoError:
            pass
        else:
            raise AssertionError(f"{message} takes other rows.")
        try:
            record.undo(model, **given)
        except UndoError:  # of a model that is not exact, or to a last bit
            assert distance(scores(model, case.X_test), without) == 0.0, (
                f"{message} is refused, but changes the model."
            )
            continue
        assert record.method in ("exact", "refined"), (
            f"{message} is accepted of a model that is not exact."
        )
        assert_near(
            scores(model, case.X_test),
            before,
            distance(without, before),
            model,
            ["partial_unfit", "partial_fit"],
            f"{message} is another model than before",
        )
        undone = model.request_record_
        assert undone.undoes == record.identity, (
            f"{message} leaves a record that does not say what was undone."
        )
    case = make_cases(estimator)[0]
    first, later = (row_request(case, "partial_unfit", at) for at in (FIRST, SECOND))
    model = case.fit(estimator)
    _check_list_undone(model, case, [_listed(first), _listed(later)])
    model = case.fit(estimator)
    first.send(model)
    record = model.request_record_
    later.send(model)
    try:
        record.undo(model, **_listed(first)[1])
    except UndoError:
        return
    raise AssertionError(
        f"{where(model, case, 'undo')} is done before that of what came later."
    )


def _check_list_undone(model, case, asked):
    """A list is taken back as a whole, or refused and stands."""
    before = scores(model, case.X_test)
    records = model.carry_out(asked)
    without = scores(model, case.X_test)
    message = where(model, case, "undo_requests")
    try:
        own(model, "_undo")(records, [given for _, given in asked])
    except UndoError:
        assert distance(scores(model, case.X_test), without) == 0.0, (
            f"{message} is refused, but changes the model."
        )
        return
    assert_near(
        scores(model, case.X_test),
        before,
        distance(without, before),
        model,
        ["partial_unfit", "partial_fit"],
        f"{message} leads to another model than before",
    )


def _said(model, verb, given):
    """What a request is refused with, nothing if it is not."""
    try:
        getattr(model, verb)(**given)
    except ValueError as error:
        return str(error)
    return ""


def _listed(request):
    """A request as `carry_out` takes it."""
    names = _ARGUMENTS[request.verb]
    keywords = dict(zip(names, request.arguments, strict=True))
    if request.weight is not None:
        keywords["sample_weight"] = request.weight
    return request.verb, keywords
