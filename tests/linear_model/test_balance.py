"""Balanced class weights follow the data: every request against a balanced refit."""

import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_class_weight

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableRidgeClassifier,
)
from sklearn_unlearn.core.linear import class_terms as parts
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    ProblemTooLargeError,
    StepTooLargeError,
)
from tests.cases import (
    FORMATS,
    LARGE_STEPS,
    changed_targets,
    coefficients,
    data,
    make,
    weights,
)
from tests.pairwise import pairwise

NAMES = ["logistic", "multinomial", "ridge_classifier", "ridge_classifiers"]
NAMES += ["svc", "svcs"]
EXACT = ["ridge_classifier", "ridge_classifiers"]
N_ROWS = 150
VERBS = ("partial_unfit", "replace_features", "replace_labels", "partial_fit", "forget")


class Edited:
    """Data to which requests are made beside the estimator."""

    def __init__(self, name, *, weighted=True, as_format=FORMATS["dense"]):
        self.X, self.y = data(name)
        self.weight = weights(N_ROWS) if weighted else np.ones(N_ROWS)
        self.rows = np.arange(N_ROWS)  # their numbers at the start
        self.as_format = as_format

    def all(self):
        return self.as_format(self.X), self.y, self.weight

    def send(self, estimator, verb, first, size=2):
        """Carry out a request about some rows, on both sides."""
        if verb == "forget":
            estimator.forget_features(first % 2)
            self.X = self.X.copy()
            self.X[:, first % 2] = 0.0
            return
        of = np.arange(first, first + size) % self.y.size
        X, y, weight = self.as_format(self.X[of]), self.y[of], self.weight[of]
        if verb == "partial_unfit":
            estimator.partial_unfit(X, y, sample_weight=weight)
            keep = np.setdiff1d(np.arange(self.y.size), of)
            self.X, self.y, self.weight = self.X[keep], self.y[keep], self.weight[keep]
        elif verb == "replace_features":
            new = 0.5 * self.X[of]
            new[:, 2] += 0.1
            estimator.replace_features(X, y, self.as_format(new), sample_weight=weight)
            self.X = self.X.copy()
            self.X[of] = new
        elif verb == "replace_labels":
            new = self.y.copy()
            new[of] = changed_targets(self.y)[of]
            estimator.replace_labels(X, y, new[of], sample_weight=weight)
            self.y = new
        else:
            new = self.X[of].copy()
            new[:, 2] += 0.3
            estimator.partial_fit(self.as_format(new), y, sample_weight=weight)
            self.X = np.vstack([self.X, new])
            self.y, self.weight = np.append(self.y, y), np.append(self.weight, weight)


def assert_same_weights(estimator, refit):
    ours, theirs = estimator.current_class_weight(), refit.current_class_weight()
    assert ours == pytest.approx(theirs, rel=1e-12)


def distance(one, other):
    return np.abs(coefficients(one) - coefficients(other)).max()


@pytest.mark.parametrize(
    ("name", "as_format", "fit_intercept", "verb"),
    pairwise(NAMES, ["dense", "csr_matrix"], [True, False], VERBS),
)
def test_with_retained_data_each_request_gives_the_refit(
    name, as_format, fit_intercept, verb
):
    edited = Edited(name, as_format=FORMATS[as_format])
    estimator = make(
        name,
        class_weight="balanced",
        fit_intercept=fit_intercept,
        retain_data=True,
        tol=1e-10,
    )
    estimator.fit(*edited.all())
    edited.send(estimator, verb, 3)
    refit = clone(estimator).fit(*edited.all())
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-9
    assert estimator.gradient_residual(*edited.all()) < 1e-9


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize(
    ("name", "as_format", "fit_intercept", "verb"),
    pairwise(NAMES, ["dense", "csr_matrix"], [True, False], VERBS),
)
def test_without_data_each_request_comes_near_the_refit(
    name, as_format, fit_intercept, verb
):
    edited = Edited(name, as_format=FORMATS[as_format])
    estimator = make(
        name, class_weight="balanced", fit_intercept=fit_intercept, tol=1e-10
    )
    estimator.fit(*edited.all())
    before = clone(estimator).fit(*edited.all())
    edited.send(estimator, verb, 3)
    refit = clone(estimator).fit(*edited.all())
    assert_same_weights(estimator, refit)
    if name in EXACT:
        assert distance(estimator, refit) < 1e-11
    elif verb == "forget" or name.startswith("svc"):
        assert distance(estimator, refit) < 0.5 * distance(before, refit)
    else:
        assert distance(estimator, refit) < 0.2 * distance(before, refit)


requests = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, N_ROWS - 1), st.integers(1, 4)),
    min_size=2,
    max_size=6,
)


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.booleans(), st.booleans(), requests)
def test_sequences(name, retain_data, weighted, sequence):
    edited = Edited(name, weighted=weighted)
    estimator = make(
        name, class_weight="balanced", retain_data=retain_data, max_iter=200, tol=1e-10
    )
    estimator.fit(*edited.all())
    for verb, first, size in sequence:
        with contextlib.suppress(StepTooLargeError):  # refused: nothing has changed
            edited.send(estimator, verb, first, size)
    refit = clone(estimator).fit(*edited.all())
    assert_same_weights(estimator, refit)
    if retain_data or name in EXACT:
        assert distance(estimator, refit) < 1e-8
    estimator.refine(*edited.all())
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-8
    # and what was refined goes on from there
    edited.send(estimator, "partial_unfit", 5, 1)
    refit = clone(estimator).fit(*edited.all())
    assert_same_weights(estimator, refit)
    if retain_data or name in EXACT:
        assert distance(estimator, refit) < 1e-8


@pytest.mark.parametrize("name", ["logistic", "multinomial"])
def test_half_the_weight_leaves_a_quarter_of_the_error(name):
    errors = []
    for share in (0.5, 0.25, 0.125):
        edited = Edited(name)
        estimator = make(name, class_weight="balanced", tol=1e-12)
        estimator.fit(*edited.all())
        X, y, weight = edited.all()
        of = np.arange(8)
        estimator.partial_unfit(X[of], y[of], sample_weight=share * weight[of])
        weight[of] *= 1.0 - share
        refit = clone(estimator).fit(X, y, weight)
        errors.append(distance(estimator, refit))
    assert errors[0] > 3.5 * errors[1] > 3.5**2 * errors[2] > 0.0


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_sixty_rows_out_against_frozen_weights():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    out = np.flatnonzero(y == 0)[:60]
    rest = np.setdiff1d(np.arange(y.size), out)
    balanced = UnlearnableLogisticRegression(C=0.01, class_weight="balanced").fit(X, y)
    fixed = clone(balanced).set_params(class_weight=balanced.current_class_weight())
    fixed.fit(X, y)
    before = float(balanced.gradient_residual(X[rest], y[rest]))
    for estimator in (balanced, fixed):
        for some in np.split(out, 6):
            estimator.partial_unfit(X[some], y[some])
    left = float(balanced.gradient_residual(X[rest], y[rest]))
    refit = clone(balanced).fit(X[rest], y[rest])
    assert distance(balanced, refit) < 0.1 * distance(fixed, refit)
    assert left < 0.1 * before


def test_what_is_balanced():
    X, y = data("multinomial")
    weight = weights(N_ROWS)
    weight[4] = 0.0  # no row of the model, whatever its label
    classes = np.unique(y)
    rows = compute_class_weight("balanced", classes=classes, y=np.delete(y, 4))
    total = np.array([weight[y == label].sum() for label in classes])
    for estimator, expected in (
        (UnlearnableRidgeClassifier(class_weight="balanced"), rows),
        (
            UnlearnableLogisticRegression(class_weight="balanced"),
            total.sum() / (3 * total),
        ),
    ):
        found = estimator.fit(X, y, weight).current_class_weight()
        assert list(found.values()) == pytest.approx(expected.tolist(), rel=1e-12)


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_given_weights_stay():
    edited = Edited("multinomial")
    given_ = {"a": 2.0, "b": 0.5}
    for retain_data in (False, True):
        estimator = make("multinomial", class_weight=given_, retain_data=retain_data)
        estimator.fit(*edited.all())
        edited_ = Edited("multinomial")
        edited_.send(estimator, "partial_unfit", 0, 20)
        assert estimator.current_class_weight() == {**given_, "c": 1.0}
        assert make("multinomial").fit(*edited.all()).current_class_weight() == {
            "a": 1.0,
            "b": 1.0,
            "c": 1.0,
        }


@pytest.mark.parametrize("name", EXACT)
def test_a_retained_row_counts_until_all_its_weight_is_gone(name):
    X, y = data(name)
    weight = np.full(N_ROWS, 2.0)
    estimator = make(name, class_weight="balanced", retain_data=True)
    estimator.fit(X, y, weight)
    of = np.arange(5)
    for share in (0.5, 1.5):
        estimator.partial_unfit(X[of], y[of], sample_weight=share)
        weight[of] -= share
        refit = clone(estimator).fit(X, y, weight)
        assert_same_weights(estimator, refit)
        assert distance(estimator, refit) < 1e-9
    estimator.replace_labels(X[5:7], y[5:7], changed_targets(y)[5:7], sample_weight=0.5)
    weight[5:7] = 1.5
    both = np.vstack([X, X[5:7]]), np.append(y, changed_targets(y)[5:7])
    refit = clone(estimator).fit(*both, np.append(weight, [0.5, 0.5]))
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-9


@pytest.mark.parametrize("name", EXACT)
def test_without_data_a_row_out_is_a_whole_row_until_refinement(name):
    X, y = data(name)
    weight = np.full(N_ROWS, 2.0)
    estimator = make(name, class_weight="balanced").fit(X, y, weight)
    of = np.flatnonzero(y == y[0])[:5]
    estimator.partial_unfit(X[of], y[of], sample_weight=0.5)
    rest = np.setdiff1d(np.arange(N_ROWS), of)
    without = make(name, class_weight="balanced").fit(X[rest], y[rest])
    assert_same_weights(estimator, without)
    weight[of] = 1.5
    refit = clone(estimator).fit(X, y, weight)
    estimator.refine(X, y, weight)
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-9
    estimator.partial_unfit(X[of], y[of], sample_weight=1.5)
    refit = clone(estimator).fit(X[rest], y[rest], weight[rest])
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_refinement_refuses_other_data(name):
    X, y = data(name)
    estimator = make(name, class_weight="balanced").fit(X, y)
    with pytest.raises(DataMismatchError):
        estimator.refine(X[1:], y[1:])


@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers", "svcs"])
@pytest.mark.parametrize("given_", ["balanced", {"a": 2.0, "b": 3.0}])
def test_a_class_that_vanishes(name, given_):
    X, y = data(name)
    keep = np.r_[np.flatnonzero(y != "b"), np.flatnonzero(y == "b")[:2]]
    X, y = X[keep], y[keep]
    estimator = make(name, class_weight=given_, retain_data=True).fit(X, y)
    estimator.partial_unfit(X[-2:], y[-2:])
    if given_ != "balanced":
        given_ = {"a": 2.0, "c": 1.0}
    refit = make(name, class_weight=given_).fit(X[:-2], y[:-2])
    assert_same_weights(estimator, refit)
    assert distance(estimator, refit) < 1e-8


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_rows_out_and_in_again(name, retain_data):
    X, y = data(name)
    estimator = make(name, class_weight="balanced", retain_data=retain_data, tol=1e-10)
    before = clone(estimator.fit(X, y)).fit(X, y)
    estimator.partial_unfit(X[:3], y[:3])
    without = distance(estimator, before)
    estimator.partial_fit(X[:3], y[:3])
    assert_same_weights(estimator, before)
    exact = retain_data or name in EXACT
    assert distance(estimator, before) < (1e-9 if exact else 0.3 * without)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_pickled_models_go_on_alike(name, retain_data):
    edited = Edited(name)
    estimator = make(name, class_weight="balanced", retain_data=retain_data)
    estimator.fit(*edited.all())
    edited.send(estimator, "forget", 1)
    edited.send(estimator, "replace_labels", 9)
    loaded = pickle.loads(pickle.dumps(estimator))
    twin = Edited(name)
    twin.X, twin.y, twin.weight = edited.X, edited.y, edited.weight
    edited.send(estimator, "partial_unfit", 20)
    twin.send(loaded, "partial_unfit", 20)
    assert distance(estimator, loaded) < 1e-8
    assert_same_weights(estimator, loaded)


def test_only_models_without_data_and_certificates_keep_sums():
    X, y = data("logistic")
    certification = GaussianCertification(1.0, 1e-5, 10.0)
    for params, kept in (
        ({"class_weight": "balanced"}, True),
        ({"class_weight": "balanced", "retain_data": True}, False),
        ({"class_weight": "balanced", "certification": certification}, False),
        ({"class_weight": {"no": 2.0}}, False),
        ({}, False),
    ):
        estimator = make("logistic", **params).fit(X, y)
        assert (estimator._fitted.model.state.parts is not None) is kept


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge_classifier"])
def test_certified_weights_are_those_of_the_fit(name, retain_data):
    X, y = data(name)
    certification = GaussianCertification(1.0, 1e-5, 10.0)
    estimator = make(
        name,
        class_weight="balanced",
        certification=certification,
        retain_data=retain_data,
    )
    estimator.fit(X, y)
    at_fit = estimator.current_class_weight()
    out = np.flatnonzero(y == y[0])[:3]
    rest = np.setdiff1d(np.arange(N_ROWS), out)
    estimator.partial_unfit(X[out], y[out])
    estimator.refine(X[rest], y[rest])
    assert estimator.current_class_weight() == at_fit
    assert estimator.gradient_residual(X[rest], y[rest]) < 1e-7


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_removal_cost_is_what_the_request_does(name, retain_data):
    X, y = data(name)
    estimator = make(name, class_weight="balanced", retain_data=retain_data, tol=1e-10)
    estimator.fit(X, y)
    before, cost = coefficients(estimator), estimator.removal_cost(X[:2], y[:2])
    np.testing.assert_array_equal(coefficients(estimator), before)
    assert np.all((cost.leverage >= 0.0) & (cost.leverage <= 1.0))
    estimator.partial_unfit(X[:2], y[:2])
    change = np.linalg.norm(coefficients(estimator) - before)
    reach = 1e-6 if name in EXACT or not retain_data else 0.2
    assert cost.coefficient_change == pytest.approx(change, rel=reach)


def test_sums_that_are_too_large_are_refused_before_the_fit(monkeypatch):
    X, y = data("logistic")
    monkeypatch.setattr(parts, "MAX_ENTRIES", 2 * 6**2 - 1)
    with pytest.raises(ProblemTooLargeError, match="class_weight"):
        make("logistic", class_weight="balanced").fit(X, y)
    make("logistic", class_weight="balanced", retain_data=True).fit(X, y)
    make("logistic", class_weight={"no": 3.0}).fit(X, y)
