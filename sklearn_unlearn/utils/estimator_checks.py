"""Checks that any unlearner can run: each request against a refit on edited data."""

from __future__ import annotations

import warnings
from functools import partial, wraps
from importlib.util import find_spec
from typing import Any
from unittest import SkipTest

from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import get_tags

from sklearn_unlearn.exceptions import LargeStepWarning, UnlearningError
from sklearn_unlearn.utils._checks import (
    behaviour,
    columns,
    measures,
    requests,
    results,
    subjects,
)
from sklearn_unlearn.utils._checks.assertions import empirical
from sklearn_unlearn.utils._checks.data import VERBS, make_cases
from sklearn_unlearn.utils._checks.oracles import recognised
from sklearn_unlearn.utils._checks.own_data import OwnData
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.tags import (
    REQUEST_VERBS,
    ROW_VERBS,
    accepts,
    takes_weights,
    unlearning_tags,
)
from sklearn_unlearn.utils.verbs import trains_with_weights

__all__ = [
    "check_unlearner",
    "parametrize_with_unlearner_checks",
    "unlearner_checks",
]

#: Where verbs come from that lists of requests can state.
_SHARED = "sklearn_unlearn.base"


def check_unlearner(estimator: Any, X: Any = None, y: Any = None) -> None:
    """Check that an estimator unlearns as its verbs promise.

    The oracle is a clone fitted from scratch on the edited data. Whatever the estimator
    offers of ``partial_unfit``, ``replace_features``, ``replace_labels``,
    ``forget_features``, ``partial_fit``, ``refine``, ``gradient_residual``,
    ``to_sklearn``, ``row_ids`` and ``carry_out`` (with it ``plan``, records, undoing
    and `~sklearn_unlearn.attest`) is checked, from outside only, on small generated
    data or on yours; `unlearner_checks` lists the checks, all of which are run
    whichever fail. Generated data are categories 0, 1, 2 and so on where the
    estimator's input tags say ``categorical``.

    What is demanded of a request depends on tags and parameters, where the estimator
    has them:

    - A verb that tags call "exact" (`~sklearn_unlearn.utils.tags.UnlearningTags`), or
      ``retain_data=True``: the refit's predictions, up to 1e-8.
    - ``method="second_order"``, or no such parameter: an error that falls to at most
      1/3.5 when the weight of the edit is halved, or is rounding (1e-9); and for
      logistic losses (``C``, ``predict_proba``), squared losses and averaged Tweedie
      deviances (``alpha``) the coefficients ``theta - H'^-1 G`` of the second-order
      update or those of the refit, up to 1e-8.
    - ``method="first_order"``: a smaller error than that of doing nothing.
    - A verb that tags call "empirical", whatever the parameters: rows that leave are
      known less than before, rows that come more. A refit is no oracle.

    A parameter ``tol`` is lowered to 1e-10 if it is larger, and a ``random_state`` of
    None is set to 0. On your data, differences of predictions are relative to the
    largest one. A request that a model refuses there by an
    `~sklearn_unlearn.exceptions.UnlearningError` is no failure, but ends the check.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor, not fitted. It is cloned.
    X : array-like, DataFrame, sparse matrix or list of str, default=None
        Data to check it on, 200 rows at least, in any order: most to train on, eight
        that requests bring in, up to fifty to predict. The estimator is fitted some
        hundred times: of many rows take a sample. Checks that need an array of numbers
        are left out where X is none. None: generated data.
    y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        Their targets; about 20 at least of each class.

    Raises
    ------
    AssertionError
        If checks fail. The message says for each what is wrong, on which data, and by
        how much; its cause is the group of all errors.
    ValueError
        If the estimator has no verb to check, or is neither classifier nor regressor,
        or there are too few rows.

    Warns
    -----
    SkipTestWarning
        For a check that does not apply after all, or that a refusal ended.

    See Also
    --------
    parametrize_with_unlearner_checks : One pytest test a check.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.utils.estimator_checks import check_unlearner
    >>> check_unlearner(UnlearnableRidge(alpha=0.5))

    On data of your own:

    >>> from sklearn.datasets import load_diabetes
    >>> check_unlearner(UnlearnableRidge(), *load_diabetes(return_X_y=True))
    """
    n_checks, errors = 0, {}
    for name, check in unlearner_checks(estimator, X, y):
        n_checks += 1
        try:
            check(estimator)
        except SkipTest as reason:
            warn(f"{name} skipped: {reason}", SkipTestWarning)
        except Exception as error:  # whatever another's estimator raises
            if X is None or not isinstance(error, UnlearningError):
                errors[name] = error
            else:  # what a model refuses is not wrong
                warn(f"{name} ended by a refusal: {error}", SkipTestWarning)
    if errors:
        lines = [f"{len(errors)} of {n_checks} checks of {estimator!r} failed."]
        for name, failure in errors.items():
            own = isinstance(failure, AssertionError)
            kind = "" if own else f"{type(failure).__name__}: "
            lines.append(f"{name}: {kind}{failure}")
        group = ExceptionGroup("checks that failed", list(errors.values()))
        raise AssertionError("\n\n".join(lines)) from group


def unlearner_checks(estimator: Any, X: Any = None, y: Any = None) -> Any:
    """The checks that apply to an estimator.

    Parameters
    ----------
    estimator : estimator
        Not fitted.
    X, y : data, default=None
        To be checked on, as in `check_unlearner`; None: generated data.

    Yields
    ------
    name : str
    check : callable
        Takes the estimator, which it clones; raises AssertionError if it fails, or
        ``unittest.SkipTest``.

    Raises
    ------
    ValueError
        If the estimator has no verb to check, or is neither classifier nor regressor,
        or there are too few rows.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.utils.estimator_checks import unlearner_checks
    >>> "check_pickle" in dict(unlearner_checks(UnlearnableRidge()))
    True
    """
    if X is None and y is None:
        make_cases(estimator)  # there are some, or an error
        for check in _applicable(estimator):
            yield check.__name__, _quietly(check)
        return
    own = OwnData.of(estimator, X, y)
    for check in _applicable(estimator):
        if own.suit(check):
            yield check.__name__, partial(own.run, _quietly(check))


def _quietly(check):
    """The check without warnings that few rows do not show a request to be small."""

    @wraps(check)
    def run(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LargeStepWarning)
            check(*arguments)

    return run


def parametrize_with_unlearner_checks(estimators: Any) -> Any:
    """Decorator of a pytest test that is run for each check of each estimator.

    Parameters
    ----------
    estimators : list of estimators
        Not fitted.

    Returns
    -------
    decorator : pytest.mark.parametrize
        Of a function with the parameters ``estimator`` and ``check``.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.utils.estimator_checks import (
    ...     parametrize_with_unlearner_checks,
    ... )
    >>> @parametrize_with_unlearner_checks([UnlearnableRidge()])
    ... def test_unlearner(estimator, check):
    ...     check(estimator)
    """
    import pytest

    return pytest.mark.parametrize(
        ("estimator", "check"),
        [
            pytest.param(
                clone(estimator), check, id=f"{' '.join(str(estimator).split())}-{name}"
            )
            for estimator in estimators
            for name, check in unlearner_checks(estimator)
        ],
    )


def _applicable(estimator):
    """Checks by what the estimator has."""
    verbs = {verb for verb in VERBS if hasattr(estimator, verb)}
    row_verbs = verbs.intersection(ROW_VERBS)
    if not verbs.intersection(REQUEST_VERBS):
        raise ValueError(
            f"{type(estimator).__name__} has none of {', '.join(REQUEST_VERBS)}: there "
            "is nothing to check."
        )
    parameters = estimator.get_params()
    if unlearning_tags(estimator) is not None:
        yield behaviour.check_tags
    yield behaviour.check_not_fitted
    yield behaviour.check_bad_requests
    yield behaviour.check_returns_self
    if empirical(estimator, *verbs):
        if row_verbs and "gradient_residual" in verbs:
            yield measures.check_known_and_unknown
    else:
        yield results.check_against_refit
        if row_verbs and takes_weights(estimator):
            yield results.check_halved_weight
        if "retain_data" in parameters:
            yield results.check_retained_data
        if recognised(estimator) and parameters.get("method") != "first_order":
            yield results.check_second_order_formula
    if row_verbs:
        yield results.check_requests_in_a_row
        yield behaviour.check_pipeline
        yield behaviour.check_grid_search
        weighs = trains_with_weights(estimator)
        if weighs and accepts(estimator.fit, "sample_weight"):
            yield results.check_sample_weight
    asked = verbs.intersection(REQUEST_VERBS)
    shared = (getattr(estimator, verb).__module__ == _SHARED for verb in asked)
    if hasattr(estimator, "carry_out") and all(shared):
        yield requests.check_record
        if row_verbs:
            yield requests.check_list_of_requests
            yield requests.check_plan
            if {"partial_unfit", "replace_features"} <= verbs:
                yield requests.check_list_in_order
        if {"partial_unfit", "partial_fit"} <= verbs:
            yield requests.check_undo
        if "partial_unfit" in verbs:
            yield subjects.check_attested
    if "partial_unfit" in verbs and subjects.knows_names(estimator):
        yield subjects.check_subjects
        yield subjects.check_requests_by_name
    if {"partial_unfit", "partial_fit"} <= verbs:
        yield results.check_restored
    if {"partial_unfit", "partial_fit"} <= verbs and len(row_verbs) > 2:
        yield results.check_replaced
    if "partial_fit" in verbs:
        yield behaviour.check_partial_fit_unfitted
    if "forget_features" in verbs:
        yield columns.check_forgotten_column
        if find_spec("pandas") is not None:
            yield columns.check_forgotten_name
    if {"partial_unfit", "refine"} <= verbs:
        yield measures.check_refine
    if {"partial_unfit", "gradient_residual"} <= verbs:
        yield measures.check_gradient_residual
    if "to_sklearn" in verbs:
        yield measures.check_to_sklearn
    sparse = get_tags(estimator).input_tags.sparse
    if sparse and row_verbs and not empirical(estimator, *verbs):
        # a training that is not convex magnifies differences of rounding
        yield behaviour.check_sparse
    yield behaviour.check_clone
    yield behaviour.check_pickle
    yield behaviour.check_fit_afresh
