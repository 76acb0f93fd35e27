"""What is particular to naive Bayes of counts and categories."""

import numpy as np
import pytest
from sklearn.naive_bayes import CategoricalNB, ComplementNB, MultinomialNB

from sklearn_unlearn import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableMultinomialNB,
)

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
    width = model._fitted.evidence.classes.first.shape[1]
    assert width == 4 * (rest.max() + 1)
    model.partial_fit(data[5:6], Y[5:6])
    np.testing.assert_array_equal(
        model.n_categories_, CategoricalNB().fit(data, Y).n_categories_
    )


def test_categories_of_a_forgotten_column_are_not_kept():
    data = X.copy()
    data[5, 2] = 30
    model = UnlearnableCategoricalNB().fit(data, Y).forget_features([2])
    found = model._fitted.evidence.classes
    rest = np.delete(data, 2, axis=1)
    expected = UnlearnableCategoricalNB().fit(rest, Y)._fitted.evidence.classes
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


def test_no_category_is_that_large():
    with pytest.raises(ValueError, match="category"):
        UnlearnableCategoricalNB().fit([[1e12], [0.0]], [0, 1])


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
