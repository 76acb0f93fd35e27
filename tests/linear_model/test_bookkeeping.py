"""Weights, duplicates, identifiers, classes: who is in the model, and how much."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    RowNotFoundError,
    StepTooLargeError,
    UnlearningError,
)
from tests.cases import LARGE_STEPS, changed_targets, coefficients, data, make
from tests.observers import Observers

X, Y = data("logistic", 90, 4)


def assert_same(estimator, refit):
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("retain_data", [False, True])
def test_parts_of_a_weight_leave_as_often_as_there_is_weight(retain_data):
    estimator = make("logistic", retain_data=retain_data).fit(X, Y, sample_weight=2.0)
    for _ in range(95):
        estimator.partial_unfit(X[:1], Y[:1], sample_weight=0.01)
    weight = np.full(90, 2.0)
    weight[0] = 1.05
    assert_same(
        estimator.refine(X, Y, sample_weight=weight),
        make("logistic").fit(X, Y, sample_weight=weight),
    )


def test_weight_two_is_two_rows():
    twice = np.r_[0, np.arange(90)]
    estimator = make("logistic").fit(X[twice], Y[twice])
    estimator.partial_unfit(X[:1], Y[:1], sample_weight=2.0)
    assert_same(estimator.refine(X[1:], Y[1:]), make("logistic").fit(X[1:], Y[1:]))


def test_of_equal_rows_the_lightest_that_suffices_leaves():
    rows, y = np.vstack([X, X[:2], X[:1]]), np.r_[Y, Y[:2], Y[:1]]
    weight = np.ones(93)
    weight[[0, 90, 92]] = 0.5, 3.0, 4.0
    estimator = make("logistic", retain_data=True).fit(rows, y, sample_weight=weight)
    estimator.partial_unfit(X[:1], Y[:1], sample_weight=3.0)
    weight[90] = 0.0
    assert_same(estimator, make("logistic").fit(rows, y, sample_weight=weight))
    estimator.partial_unfit(X[:1], Y[:1])  # no weight given: the first
    weight[0] = 0.0
    assert_same(estimator, make("logistic").fit(rows, y, sample_weight=weight))
    with pytest.raises(UnlearningError, match="of which 4 is left"):
        estimator.partial_unfit(X[:1], Y[:1], sample_weight=4.5)


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge", "ridge_targets"])
def test_refine_sees_exchanged_targets(name):
    rows, y = data(name, 90, 4)
    estimator = make(name).fit(rows, y)
    before = coefficients(estimator)
    for other in (y[::-1], np.roll(y, 1, axis=0)):
        with pytest.raises(DataMismatchError, match="y"):
            estimator.refine(rows, other)
    if y.dtype.kind == "f":
        with pytest.raises(DataMismatchError, match="targets y"):
            estimator.refine(rows, 0.0 * y)
    np.testing.assert_array_equal(coefficients(estimator), before)


@pytest.mark.parametrize("name", ["ridge", "ridge_targets"])
def test_refine_after_an_outlying_target_has_left(name):
    rows, y = data(name, 90, 4)
    y[0] = 1e10 / 3.0
    estimator = make(name).fit(rows, y).partial_unfit(rows[:1], y[:1])
    estimator.refine(rows[1:], y[1:])
    assert_same(estimator, make(name).fit(rows[1:], y[1:]))


# Identifiers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_fit", "request_"),
    [
        (np.arange(90), ["15"]),
        (np.arange(90), [15.0]),
        (np.arange(90), [True]),
        (np.arange(90).astype(str), [15]),
        (np.arange(90), []),
        (np.arange(90), [None]),
    ],
)
def test_identifiers_of_another_kind_are_refused(at_fit, request_):
    estimator = make("logistic", retain_data=True).fit(X, Y, row_ids=at_fit)
    before = coefficients(estimator)
    with pytest.raises(ValueError, match="row_ids"):
        estimator.partial_unfit(row_ids=request_)
    np.testing.assert_array_equal(coefficients(estimator), before)


@pytest.mark.parametrize("bad", [np.nan, None, 1.5, True])
def test_identifiers_are_integers_or_strings(bad):
    ids = np.arange(90).astype(object)
    ids[3] = bad
    with pytest.raises(ValueError, match="row_ids must be integers or strings"):
        make("logistic", retain_data=True).fit(X, Y, row_ids=ids)


@pytest.mark.parametrize("as_ids", [np.array, lambda ids: np.array(ids, dtype=object)])
@pytest.mark.parametrize("kind", [int, str])
def test_identifiers_in_any_container(kind, as_ids):
    ids = as_ids([kind(3 * row) for row in range(90)])
    estimator = make("logistic", retain_data=True).fit(X, Y, row_ids=ids)
    estimator.partial_unfit(row_ids=as_ids([kind(45), kind(6)]))
    rest = np.setdiff1d(np.arange(90), [15, 2])
    assert_same(estimator, make("logistic").fit(X[rest], Y[rest]))


def test_an_identifier_names_all_of_a_row():
    estimator = make("logistic", retain_data=True).fit(X, Y, row_ids=np.arange(90))
    estimator.replace_features(X[:1], Y[:1], X[:1] + 0.5, sample_weight=0.5)
    with pytest.raises(ValueError, match="replaced in part"):
        estimator.partial_unfit(row_ids=[0], sample_weight=0.5)
    estimator.partial_unfit(row_ids=[0])
    assert_same(estimator, make("logistic").fit(X[1:], Y[1:]))
    # once it has left, its identifier is free
    estimator.partial_fit(X[:1], Y[:1], row_ids=[0])
    assert_same(estimator, make("logistic").fit(X, Y))


# Classes ----------------------------------------------------------------------------


def four_classes():
    rng = np.random.default_rng(8)
    rows = rng.normal(size=(160, 4))
    raw = rows @ rng.normal(size=(4, 4)) + rng.normal(size=(160, 4))
    return rows, np.array(list("abcd"))[raw.argmax(axis=1)]


@pytest.mark.parametrize(
    "cls", [UnlearnableLogisticRegression, UnlearnableRidgeClassifier]
)
@pytest.mark.parametrize("gone", ["a", "d", "ac", "bd", "ab"])
def test_several_classes_vanish_at_once(cls, gone):
    rows, y = four_classes()
    out = np.isin(y, list(gone))
    estimator = cls(retain_data=True).fit(rows, y)
    estimator.partial_unfit(rows[out], y[out])
    refit = cls().fit(rows[~out], y[~out])
    np.testing.assert_array_equal(estimator.classes_, refit.classes_)
    assert_same(estimator, refit)


def test_classes_vanish_by_relabelling():
    rows, y = four_classes()
    out = y == "b"
    corrected = np.where(out, "c", y)
    estimator = UnlearnableLogisticRegression(retain_data=True).fit(rows, y)
    estimator.replace_labels(rows[out], y[out], corrected[out])
    assert_same(estimator, UnlearnableLogisticRegression().fit(rows, corrected))


def test_fewer_than_two_classes_are_refused():
    rows, y = four_classes()
    out = np.isin(y, list("abc"))
    estimator = UnlearnableLogisticRegression(retain_data=True).fit(rows, y)
    before = coefficients(estimator)
    with pytest.raises(
        EmptyClassError, match=r"'a', 'b', 'c'.*fewer than two"
    ) as caught:
        estimator.partial_unfit(rows[out], y[out])
    assert caught.value.groups == (0, 1, 2)
    np.testing.assert_array_equal(coefficients(estimator), before)


def test_a_vanishing_class_is_refitted_with_the_parameters_of_the_fit():
    rows, y = four_classes()
    out = y == "b"
    estimator = UnlearnableLogisticRegression(retain_data=True).fit(rows, y)
    estimator.set_params(C=77.0, fit_intercept=False, retain_data=False)
    estimator.partial_unfit(rows[out], y[out])
    rest, left = rows[~out], y[~out]
    assert_same(estimator, UnlearnableLogisticRegression().fit(rest, left))
    with pytest.raises(RowNotFoundError):
        estimator.partial_unfit(rows[out][:1] + 1.0, left[:1])


def test_a_light_class_vanishes_too():
    rows, y = four_classes()
    weight = np.where(y == "b", 1e-11, 1.0)
    estimator = UnlearnableLogisticRegression(C=0.01).fit(rows, y, sample_weight=weight)
    out = y == "b"
    with pytest.raises(EmptyClassError):
        estimator.partial_unfit(rows[out], y[out], sample_weight=weight[out])


def test_all_rows_of_a_regression_cannot_leave():
    rows, y = data("ridge", 30, 4)
    for retain_data in (False, True):
        with pytest.raises(UnlearningError, match="no rows"):
            make("ridge", retain_data=retain_data).fit(rows, y).partial_unfit(rows, y)


# First order ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_rates_that_overshoot_are_refused(name):
    rows, y = data(name, 90, 4)
    estimator = make(name, method="first_order", unlearning_rate=1e6).fit(rows, y)
    before = coefficients(estimator)
    with pytest.raises(StepTooLargeError, match="unlearning_rate"):
        estimator.partial_unfit(rows[:1], y[:1])
    for rate in (np.nan, np.inf, 0.0, "fast"):
        estimator.set_params(unlearning_rate=rate)
        with pytest.raises((ValueError, TypeError), match="unlearning_rate"):
            estimator.partial_unfit(rows[:1], y[:1])
    for tol in (np.nan, np.inf):
        with pytest.raises(ValueError, match="tol"):
            make(name, tol=tol).fit(rows, y)
    np.testing.assert_array_equal(coefficients(estimator), before)


# Columns that were forgotten --------------------------------------------------------


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_forgotten_columns_may_hold_strings():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    estimator = make("logistic").fit(frame, Y).forget_features("a")
    expected = estimator.predict_proba(frame)
    for values in (["secret"] * 90, [pd.NA] * 90, [None] * 90):
        other = frame.assign(a=pd.Series(values, dtype=object))
        np.testing.assert_array_equal(estimator.predict_proba(other), expected)
        one = clone(estimator).fit(frame, Y).forget_features("a")
        one.partial_unfit(other[:2], Y[:2])
        two = clone(estimator).fit(frame, Y).forget_features("a")
        two.partial_unfit(frame[list("bcd")][:2], Y[:2])
        np.testing.assert_array_equal(coefficients(one), coefficients(two))


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_rows_without_forgotten_values_leave_no_trace_in_the_hessian():
    estimator = make("logistic").fit(X, Y).forget_features(0)
    rest = X[:, 1:]
    before = estimator._fitted.model.state.factor.hessian()
    for _ in range(20):
        estimator.partial_fit(rest[:3], Y[:3]).partial_unfit(rest[:3], Y[:3])
    after = estimator._fitted.model.state.factor.hessian()
    np.testing.assert_allclose(np.triu(after), np.triu(before), rtol=1e-12)


@pytest.mark.parametrize("refresh", [False, True])
def test_retained_rows_without_forgotten_values_leave_as_they_came(refresh):
    estimator = make("logistic", retain_data=True).fit(X, Y).forget_features(0)
    rest = X[:, 1:]
    if refresh:  # a large edit moves the anchor
        wrong = changed_targets(Y)[:40]
        estimator.replace_labels(rest[:40], Y[:40], wrong)
        estimator.replace_labels(rest[:40], wrong, Y[:40])
    more = rest[:3] + 0.1
    before = np.triu(estimator._fitted.model.state.factor.hessian())
    for _ in range(5):
        estimator.partial_fit(more, Y[:3]).partial_unfit(more, Y[:3])
        state = estimator._fitted.model.state
        after = np.triu(state.factor.hessian())
        if refresh:
            rows = estimator._read_rows(estimator._fitted, rest, Y, None)
            before = np.triu(state.objective.data_hessian(rows, state.anchor))[1:, 1:]
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)
    assert not state.anchor[0].any()
    small = make("logistic").fit(rest, Y)
    np.testing.assert_allclose(estimator.coef_[:, 1:], small.coef_, rtol=1e-7)


# Fitting again meanwhile ------------------------------------------------------------


def test_predictions_during_refits_are_of_one_model():
    narrow, wide = X[:, :3], X
    estimator = make("logistic").fit(wide, Y)
    query = wide[:5]
    scores, seen = estimator.decision_function(query).tobytes(), set()

    def predict():
        try:
            answer = estimator.decision_function(query).tobytes()
        except ValueError as error:  # the narrow model refuses wide rows
            answer = str(error)
        seen.add(answer)
        return answer

    with Observers(predict) as observers:
        for _ in range(40):
            estimator.fit(narrow, Y)
            (refusal,) = set(observers.look())
            assert "expecting 3 features" in refusal
            estimator.fit(wide, Y)
            assert set(observers.look()) == {scores}
    assert seen == {scores, refusal}


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_subclasses_may_define_equality_and_need_arguments():
    class Named(UnlearnableLogisticRegression):
        __hash__ = None

        def __init__(self, name, C=1.0):
            super().__init__(C)
            self.name = name

        def __eq__(self, other):
            return isinstance(other, Named)

    estimator = Named("a", C=0.3).fit(X, Y).forget_features(0)
    estimator.partial_unfit(X[:2], Y[:2])
    assert estimator.predict(X[:, 1:]).shape == (90,)


def test_layout_of_another_version_is_refused():
    state = make("logistic").fit(X, Y)._fitted.model.state
    with pytest.raises(ValueError, match="layout 99"):
        state.__setstate__({**vars(state), "schema": 99})


def test_labels_that_cannot_be_compared():
    estimator = make("logistic").fit(X, Y)
    for bad in ([None], [3], np.array(["no", 3], dtype=object)[1:]):
        with pytest.raises(ValueError, match="y"):
            estimator.partial_unfit(X[:1], bad)


def test_weights_of_odd_types():
    rows, y = data("ridge", 90, 4)
    with pytest.raises(ValueError, match=r"class_weight|nan"):
        make("logistic", class_weight={"no": np.nan}).fit(X, Y)
    estimator = UnlearnableRidge().fit(rows, y)
    estimator.partial_unfit(rows[:2], y[:2], sample_weight=np.array(1.0))
    assert_same(estimator, UnlearnableRidge().fit(rows[2:], y[2:]))
    with pytest.raises(ValueError, match="sample_weight"):
        estimator.partial_unfit(rows[2:4], y[2:4], sample_weight="a")
    estimator.replace_labels(rows[2:4], y[2:4], changed_targets(y)[2:4])
