"""What is particular to naive Bayes of counts and categories."""

import numpy as np
import pytest
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    MultinomialNB,
)

from sklearn_unlearn import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableMultinomialNB,
)
from sklearn_unlearn.exceptions import ProblemTooLargeError, RowNotFoundError
from sklearn_unlearn.naive_bayes import _categorical

RNG = np.random.default_rng(0)
X, Y = RNG.poisson(1.5, (40, 4)), np.arange(40) % 3


@pytest.mark.parametrize(
    ("cls", "other"),
    [
        (UnlearnableMultinomialNB, MultinomialNB),
        (UnlearnableComplementNB, ComplementNB),
    ],
)
def test_a_smoothing_for_each_column(cls, other):
    alpha = np.array([0.1, 0.5, 1.0, 2.0])
    model = cls(alpha=alpha).fit(X, Y).forget_features([1]).partial_unfit(X[:3], Y[:3])
    twin = other(alpha=alpha[[0, 2, 3]]).fit(X[3:, [0, 2, 3]], Y[3:])
    np.testing.assert_allclose(
        model.feature_log_prob_, twin.feature_log_prob_, rtol=1e-12
    )
    np.testing.assert_array_equal(model.to_sklearn(True).alpha, alpha[[0, 2, 3]])
    assert model.alpha is alpha
    with pytest.raises(ValueError, match="n_features"):
        cls(alpha=alpha[:3]).fit(X, Y)


def test_a_smoothing_that_is_too_small_is_raised_unless_forced():
    with pytest.warns(UserWarning, match="alpha too small"):
        model = UnlearnableMultinomialNB(alpha=0.0, force_alpha=False).fit(X, Y)
    with pytest.warns(UserWarning, match="alpha too small"):
        twin = MultinomialNB(alpha=0.0, force_alpha=False).fit(X, Y)
    np.testing.assert_allclose(
        model.feature_log_prob_, twin.feature_log_prob_, rtol=1e-12
    )


def test_a_category_that_no_row_has_any_more_is_unknown_again():
    data = X.copy()
    data[5, 2] = 30
    model = UnlearnableCategoricalNB().fit(data, Y)
    assert model.n_categories_[2] == 31
    model.partial_unfit(data[5:6], Y[5:6])
    rest = np.delete(data, 5, axis=0)
    twin = CategoricalNB().fit(rest, np.delete(Y, 5))
    np.testing.assert_array_equal(model.n_categories_, twin.n_categories_)
    width = model._fitted.statistics.classes.first.shape[1]
    assert width == (rest.max(axis=0) + 1).sum()
    model.partial_fit(data[5:6], Y[5:6])
    np.testing.assert_array_equal(
        model.n_categories_, CategoricalNB().fit(data, Y).n_categories_
    )


def test_categories_of_a_forgotten_column_are_not_kept():
    data = X.copy()
    data[5, 2] = 30
    model = UnlearnableCategoricalNB().fit(data, Y).forget_features([2])
    found = model._fitted.statistics.classes
    rest = np.delete(data, 2, axis=1)
    expected = UnlearnableCategoricalNB().fit(rest, Y)._fitted.statistics.classes
    np.testing.assert_array_equal(found.first.digits, expected.first.digits)


def test_categories_of_weights_that_leave_in_parts():
    data = X.copy()
    data[5, 2] = 30
    weight = np.full(40, 0.3)
    model = UnlearnableCategoricalNB().fit(data, Y, weight)
    for part in (0.1, 0.2):  # whose sum is 0.3 but for rounding
        model.partial_unfit(data[5:6], Y[5:6], sample_weight=part)
    twin = CategoricalNB().fit(np.delete(data, 5, 0), np.delete(Y, 5), weight[1:])
    np.testing.assert_array_equal(model.n_categories_, twin.n_categories_)
    np.testing.assert_allclose(
        model.predict_proba(X), twin.predict_proba(X), rtol=1e-12
    )


@pytest.mark.parametrize(
    "cls",
    [UnlearnableMultinomialNB, UnlearnableComplementNB, UnlearnableCategoricalNB],
)
def test_negative_values_are_refused(cls):
    with pytest.raises(ValueError, match="Negative values in data"):
        cls().fit(-X, Y)
    model = cls().fit(X, Y)
    with pytest.raises(ValueError, match="Negative values in data"):
        model.partial_unfit(X[:2] - 5, Y[:2])
    with pytest.raises(ValueError, match=r"X_new.*Negative values in data"):
        model.replace_features(X[:2], Y[:2], X[:2] - 5)


def test_each_column_has_a_width_of_its_own():
    data = np.column_stack([X, np.arange(40) * 100])
    model = UnlearnableCategoricalNB().fit(data[:20], Y[:20])
    for rows in (slice(20, 30), slice(30, 40)):
        model.partial_fit(data[rows], Y[rows])
    fitted = UnlearnableCategoricalNB().fit(data, Y)
    for estimator in (model, fitted):
        evidence = estimator._fitted.statistics
        np.testing.assert_array_equal(evidence.widths, data.max(axis=0) + 1)
        assert evidence.classes.first.shape == (3, evidence.widths.sum())
    twin = CategoricalNB().fit(data, Y)
    for found in (model.category_count_, fitted.category_count_):
        for one, other in zip(found, twin.category_count_, strict=True):
            np.testing.assert_array_equal(one, other)
    # a row of larger categories in one column than any, of smaller ones in others
    new = [[0, 0, 0, 40, 0]]
    model.replace_features(data[39:], Y[39:], new)
    twin = CategoricalNB().fit(np.vstack([data[:39], new]), Y)
    np.testing.assert_array_equal(model.n_categories_, twin.n_categories_)
    np.testing.assert_allclose(
        model.predict_proba(data[:39]), twin.predict_proba(data[:39]), rtol=1e-12
    )


def test_more_categories_than_can_be_counted_are_refused(monkeypatch):
    with pytest.raises(ProblemTooLargeError, match=r"category 1e\+08"):
        UnlearnableCategoricalNB().fit([[1e8], [0.0]], [0, 1])
    rows = [[6e6, 5e6], [0.0, 0.0]]
    with pytest.raises(ProblemTooLargeError, match="11000002 categories"):
        UnlearnableCategoricalNB().fit(rows, [0, 1])
    monkeypatch.setattr(_categorical, "LARGEST", 100)
    model = UnlearnableCategoricalNB().fit([[30, 0], [0, 0], [0, 0]], [0, 1, 0])
    fitted = model._fitted
    for verb in (model.partial_fit, model.partial_unfit):
        with pytest.raises(ProblemTooLargeError, match="61 categories"):
            verb([[0, 29]], [1])
    assert model._fitted is fitted
    # the largest category of the first column leaves as that of the second comes
    model.partial_unfit([[30, 0]], [0]).partial_fit([[0, 29]], [1])
    np.testing.assert_array_equal(model.n_categories_, [1, 30])


@pytest.mark.parametrize("weight", [1.0, 0.3])
@pytest.mark.parametrize("cls", [UnlearnableBernoulliNB, UnlearnableCategoricalNB])
def test_rows_of_which_too_many_values_would_be_left_are_refused(cls, weight):
    ones = np.ones((3, 2))
    model = cls().fit(np.vstack([ones, 0.0 * ones]), [0, 0, 0, 1, 1, 1], weight)
    fitted = model._fitted
    with pytest.raises(RowNotFoundError, match="too large a sum"):
        model.partial_unfit([[0, 0]], [0], weight)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit([[1, 0]], [1], weight)
    with pytest.raises(RowNotFoundError):
        model.replace_labels([[0, 1]], [0], [1], weight)
    assert model._fitted is fitted
    model.partial_unfit([[1, 1]], [0], weight / 3)
    model.partial_unfit([[1, 1]], [0], weight - weight / 3)
    assert np.isfinite(model.predict_proba([[0, 0], [1, 1]])).all()


def test_columns_that_are_not_made_binary_may_hold_anything():
    model = UnlearnableBernoulliNB(binarize=None).fit(X, Y)
    model.partial_unfit(X[:4], Y[:4])
    twin = BernoulliNB(binarize=None).fit(X[4:], Y[4:])
    np.testing.assert_array_equal(model.feature_count_, twin.feature_count_)


@pytest.mark.parametrize(
    ("cls", "params"),
    [
        (UnlearnableMultinomialNB, {"alpha": -1.0}),
        (UnlearnableBernoulliNB, {"binarize": "a"}),
        (UnlearnableComplementNB, {"norm": "yes"}),
        (UnlearnableCategoricalNB, {"min_categories": [1.5] * 4}),
        (UnlearnableCategoricalNB, {"min_categories": [2, 2]}),
        (UnlearnableCategoricalNB, {"class_prior": [0.5, 0.5]}),
    ],
)
def test_bad_parameters_are_refused(cls, params):
    with pytest.raises(ValueError, match=f"{next(iter(params))}|priors|broadcast"):
        cls(**params).fit(X, Y)
