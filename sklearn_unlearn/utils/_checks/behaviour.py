"""Checks of how requests behave: refusal, state, scikit-learn's own tools."""

from __future__ import annotations

import copy
import pickle
import re
from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn.utils._checks.assertions import (
    assert_same,
    assert_unlearned,
    configured,
    where,
)
from sklearn_unlearn.utils._checks.bad_requests import bad_requests
from sklearn_unlearn.utils._checks.data import (
    SECOND,
    VERBS,
    all_requests,
    make_cases,
    row_request,
    row_requests,
)
from sklearn_unlearn.utils._checks.oracles import changes, scores, snapshot
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.tags import (
    DATA_VERBS,
    REQUEST_VERBS,
    takes_weights,
    unlearning_tags,
)

#: What escapes from a method that does not validate its arguments.
_UNVALIDATED = (TypeError, LookupError, AttributeError, ArithmeticError)


def check_tags(estimator):
    """Tags name the verbs that there are, and say whether all take weights."""
    promised = unlearning_tags(estimator)
    name = type(estimator).__name__
    for verb in REQUEST_VERBS:
        worth, found = getattr(promised, verb), hasattr(estimator, verb)
        known = ("exact", "approximate", "empirical") if found else (None,)
        assert worth in known, (
            f"{name} {'has' if found else 'lacks'} {verb}, and its tags say {worth!r}."
        )
    found = takes_weights(estimator)
    assert promised.sample_weight == found, (
        f"{name} tags say sample_weight={promised.sample_weight}; fit and the verbs "
        f"about rows {'take' if found else 'do not all take'} it."
    )


def check_not_fitted(estimator):
    """Verbs of an unfitted estimator raise NotFittedError."""
    case = make_cases(estimator)[0]
    requests = {request.verb: request for request in all_requests(estimator, case)}
    requests.pop("partial_fit", None)
    calls = {verb: request.send for verb, request in requests.items()}
    for verb in DATA_VERBS:
        calls[verb] = lambda model, verb=verb: getattr(model, verb)(case.X, case.y)
    calls["to_sklearn"] = lambda model: model.to_sklearn()
    for verb in [verb for verb in VERBS if verb in calls and hasattr(estimator, verb)]:
        model = clone(estimator)
        message = where(model, case, verb)
        try:
            calls[verb](model)
        except NotFittedError:
            _assert_unfitted(model, case, f"{message} refused, but the estimator")
        except (ValueError, *_UNVALIDATED) as error:
            raise AssertionError(
                f"{message} raises {type(error).__name__}, not NotFittedError, before "
                f"fit: {error}"
            ) from error
        else:
            raise AssertionError(f"{message} is accepted before fit.")


def _assert_unfitted(model, case, message):
    try:
        model.predict(case.X_test)
    except AttributeError:  # NotFittedError is one
        return
    raise AssertionError(f"{message} can predict without having been fitted.")


def check_bad_requests(estimator):
    """Bad requests are refused by name and leave the model bitwise as it was."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        model, control = case.fit(estimator), case.fit(estimator)
        before = snapshot(model, case.X_test)
        for bad in bad_requests(estimator, case):
            message = f"{where(model, case, bad.verb)} {bad.what}"
            _assert_refused(model, bad, message)
            lines = changes(before, snapshot(model, case.X_test))
            assert not lines, f"{message} is refused, but {'; '.join(lines)}."
        for request in all_requests(estimator, case)[:1]:
            request.send(model)
            request.send(control)
            message = where(model, case, request.verb)
            assert_same(
                scores(model, case.X_test),
                scores(control, case.X_test),
                f"{message} refused requests before this one changed its result",
            )


def _assert_refused(model, bad, message):
    try:
        getattr(model, bad.verb)(*bad.arguments, **bad.keywords)
    except _UNVALIDATED as error:
        raise AssertionError(
            f"{message} raises {type(error).__name__}, not ValueError: {error}"
        ) from error
    except ValueError as error:
        reason = str(error)
    else:
        raise AssertionError(f"{message} is accepted.")
    assert re.search(bad.pattern, reason), (
        f"{message} is refused by a message that does not name it (no match of "
        f"{bad.pattern!r}): {reason}"
    )


def check_returns_self(estimator):
    """Requests return the estimator and leave what they are given alone."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            given = getattr(request, "arguments", ())
            copies = [copy.deepcopy(part) for part in given]
            parameters = dict(model.get_params())
            returned = request.send(model)
            message = where(model, case, request.verb)
            assert returned is model, f"{message} returns {returned!r}, not self."
            for part, kept in zip(given, copies, strict=True):
                same = RawRows.of(part).same(RawRows.of(kept)).all()
                assert same, f"{message} writes into its input."
            names = set(parameters)
            if isinstance(model, Pipeline):  # fitted steps are a parameter, too
                names = set(model.get_params(deep=False)) - {"steps"}
            for name in names:
                value = model.get_params()[name]
                assert value is parameters[name], (
                    f"{message} changes the parameter {name} from "
                    f"{parameters[name]!r} to {value!r}."
                )


def check_partial_fit_unfitted(estimator):
    """``partial_fit`` of an unfitted estimator is ``fit``."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        keywords = {}
        if is_classifier(estimator):
            keywords["classes"] = np.unique(case.y)
        model = clone(estimator).partial_fit(case.X, case.y, **keywords)
        assert_same(
            scores(model, case.X_test),
            scores(case.fit(estimator), case.X_test),
            f"{where(model, case, 'partial_fit')} is not fit on an unfitted estimator",
        )


def check_clone(estimator):
    """A clone of an unlearned model is unfitted and has its parameters."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            request.send(model)
            message = where(model, case, f"clone after {request.verb}")
            twin = clone(model)
            _assert_unfitted(twin, case, message)
            assert repr(twin) == repr(estimator), (
                f"{message} is {twin!r}, expected {estimator!r}."
            )


def check_pickle(estimator):
    """Copies predict alike, unlearn alike and do not follow the model."""
    estimator = configured(estimator)
    copiers = {
        "pickle": lambda model: pickle.loads(pickle.dumps(model)),
        "copy.deepcopy": copy.deepcopy,
    }
    for case in make_cases(estimator):
        for request in all_requests(estimator, case):
            for name, copied in copiers.items():
                model = case.fit(estimator)
                request.send(model)
                before = snapshot(model, case.X_test)
                twin = copied(model)
                message = where(model, case, f"{name} after {request.verb}")
                lines = changes(before, snapshot(model, case.X_test))
                assert not lines, f"{message} changes the model: {'; '.join(lines)}."
                assert repr(twin) == repr(model), f"{message} changes parameters."
                found = scores(model, case.X_test)
                assert_same(
                    scores(twin, case.X_test), found, f"{message} is another model"
                )
                for later in row_requests(estimator, case, SECOND)[:1]:
                    later.send(twin)
                    lines = changes(before, snapshot(model, case.X_test))
                    assert not lines, (
                        f"{message} a request to the copy changes the model: "
                        f"{'; '.join(lines)}."
                    )
                    later.send(model)
                    assert_same(
                        scores(twin, case.X_test),
                        scores(model, case.X_test),
                        f"{message} a later {later.verb} has another result",
                    )


def check_pipeline(estimator):
    """The last step of a plain Pipeline unlearns, and the pipeline with it."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for verb in [request.verb for request in row_requests(estimator, case)]:
            pipeline = make_pipeline(StandardScaler(with_mean=False), clone(estimator))
            pipeline.fit(case.X, case.y)
            inner = case.mapped(pipeline[:-1].transform)
            request = _named(row_requests(estimator, inner), verb)
            before = scores(pipeline, case.X_test)
            request.send(pipeline[-1])
            message = where(
                pipeline[-1], case, f"{verb} of the last step of a Pipeline"
            )
            after = scores(pipeline, case.X_test)
            assert_same(
                after,
                scores(pipeline[-1], inner.X_test),
                f"{message} is not followed by the pipeline",
            )
            assert_unlearned(pipeline[-1], before, request.edit(inner), [verb], message)


def _named(requests, verb):
    return next(request for request in requests if request.verb == verb)


def check_grid_search(estimator):
    """``best_estimator_`` of a GridSearchCV unlearns, and the search with it."""
    estimator = configured(estimator)
    parameters = estimator.get_params()
    grid = {
        name: [0.5 * parameters[name], parameters[name]]
        for name in ("C", "alpha")
        if isinstance(parameters.get(name), Real)
    }
    for case in make_cases(estimator):
        request = row_requests(estimator, case)[0]
        search = GridSearchCV(clone(estimator), grid, cv=2).fit(case.X, case.y)
        before = scores(search, case.X_test)
        request.send(search.best_estimator_)
        message = where(estimator, case, f"{request.verb} of GridSearchCV's best")
        assert_same(
            scores(search, case.X_test),
            scores(search.best_estimator_, case.X_test),
            f"{message} is not followed by the search",
        )
        assert_unlearned(
            search.best_estimator_, before, request.edit(case), [request.verb], message
        )


def check_fit_afresh(estimator):
    """``fit`` forgets all earlier requests."""
    estimator = configured(estimator)
    for case in make_cases(estimator):
        for request in all_requests(estimator, case):
            model = case.fit(estimator)
            request.send(model)
            model.fit(case.X, case.y)
            assert_same(
                scores(model, case.X_test),
                scores(case.fit(estimator), case.X_test),
                f"{where(model, case, request.verb)} is still seen after fit is called "
                "again",
            )


def check_sparse(estimator):
    """Sparse matrices and arrays give what dense data give."""
    estimator = configured(estimator)
    formats = (sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array)
    for case in make_cases(estimator):
        case = case.mapped(_mostly_zero)
        for request in row_requests(estimator, case):
            dense = case.fit(estimator)
            request.send(dense)
            expected = scores(dense, case.X_test)
            for container in formats:
                sparse = case.mapped(container)
                model = sparse.fit(estimator)
                row_request(sparse, request.verb).send(model)
                assert_same(
                    scores(model, sparse.X_test),
                    expected,
                    f"{where(model, case, request.verb)} {container.__name__} gives "
                    "another model than dense data",
                )


def _mostly_zero(X):
    """Rows as where sparse data are used, of which no two are equal.

    Which of equal rows is nearest to another one, say, may depend on the format.
    """
    first = np.arange(X.shape[1]) == 0
    return np.where((np.abs(X) > 1.0) | first, X, 0.0)
