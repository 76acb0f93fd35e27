"""Distances to a refit in closed form, and of models that forgot or did not."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import scale

from sklearn_unlearn import UnlearnableLogisticRegression, UnlearnableRidge
from sklearn_unlearn.metrics import fidelity


def line(slope, intercept):
    model = LinearRegression()
    model.coef_, model.intercept_ = np.array([slope]), intercept
    return model


def test_of_two_lines():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0])
    result = fidelity(line(1.0, 3.0), line(2.0, 0.0), X, y, original=line(1.0, 1.0))
    assert result.loss == pytest.approx(9.0)
    assert result.refit_loss == pytest.approx((0 + 1 + 4) / 3)
    assert result.original_loss == pytest.approx(1.0)
    assert result.loss_difference == pytest.approx(9.0 - 5 / 3)
    assert result.loss_changes == pytest.approx((2 / 3, 8.0))
    assert result.score == pytest.approx(1 - 27 / 2)
    assert result.refit_score == pytest.approx(1 - 5 / 2)
    assert result.score_gap == pytest.approx(11.0)
    # predictions differ by 3, 2, 1
    assert result.prediction_distance == pytest.approx(np.sqrt(14 / 3))
    assert result.parameter_distance == pytest.approx(np.sqrt(1 + 9))
    weighted = fidelity(line(1.0, 3.0), line(2.0, 0.0), X, y, sample_weight=[1, 0, 0])
    assert weighted.prediction_distance == pytest.approx(3.0)
    assert weighted.loss_changes == pytest.approx((0.0, 9.0))


def test_of_classifiers_that_know_other_classes():
    X, y = load_iris(return_X_y=True)
    all_classes = LogisticRegression(max_iter=1000).fit(X, y)
    two = LogisticRegression(max_iter=1000).fit(X[:100], y[:100])
    result = fidelity(all_classes, two, X[:100], y[:100])
    p, q = all_classes.predict_proba(X[:100]), two.predict_proba(X[:100])
    q = np.column_stack([q, np.zeros(100)])
    expected = np.abs(p - q).sum(axis=1).mean() / 2
    assert result.prediction_distance == pytest.approx(expected)
    assert result.parameter_distance is None
    assert result.loss == pytest.approx(log_loss(y[:100], p, labels=[0, 1, 2]))
    assert result.score == accuracy_score(y[:100], all_classes.predict(X[:100]))


def test_without_probabilities_labels_are_compared():
    X, y = load_iris(return_X_y=True)
    one, other = RidgeClassifier().fit(X, y), RidgeClassifier().fit(X[::7], y[::7])
    result = fidelity(one, other, X, y)
    assert result.prediction_distance == np.mean(one.predict(X) != other.predict(X))


def test_parameters_of_networks_and_of_models_without():
    X, y = load_iris(return_X_y=True)
    networks = [
        MLPRegressor(hidden_layer_sizes=[3, 2], random_state=seed).partial_fit(X, y)
        for seed in (0, 1)
    ]
    flat = [
        np.concatenate([part.ravel() for part in [*each.coefs_, *each.intercepts_]])
        for each in networks
    ]
    result = fidelity(*networks, X, y)
    assert result.parameter_distance == pytest.approx(np.linalg.norm(flat[0] - flat[1]))
    nearest = KNeighborsClassifier().fit(X, y)
    assert fidelity(nearest, nearest, X, y).parameter_distance is None


def test_another_loss():
    X, y = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    result = fidelity(
        line(1.0, 3.0),
        line(2.0, 0.0),
        X,
        y,
        loss=lambda model, X, y: np.abs(model.predict(X) - y),
    )
    assert (result.loss, result.refit_loss) == (3.0, 0.5)


@pytest.mark.parametrize("cls", [UnlearnableLogisticRegression, UnlearnableRidge])
def test_a_model_that_kept_the_rows_is_further_away(cls):
    X, y = load_breast_cancer(return_X_y=True)
    X, noisy = scale(X), y.copy()
    noisy[100:160] = 1 - y[100:160]
    kept = cls(retain_data=True).fit(X[100:], noisy[100:])
    forgot = clone(kept).fit(X[100:], noisy[100:])
    forgot = forgot.partial_unfit(X[100:160], noisy[100:160])
    refit = clone(kept).fit(X[160:], y[160:])
    good, bad = (
        fidelity(each, refit, X[:100], y[:100], original=kept)
        for each in (forgot, kept)
    )
    assert abs(good.loss_difference) < 1e-7 < 0.01 < bad.loss_difference
    assert good.parameter_distance < 1e-6 < 0.1 < bad.parameter_distance
    assert good.prediction_distance < 1e-7 < 0.05 < bad.prediction_distance
    assert abs(good.score_gap) < 1e-7
    assert good.loss_changes[1] < 0.0 == bad.loss_changes[1]


def test_a_column_of_predictions_is_a_vector():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    vector, column = (LinearRegression().fit(X, each) for each in (y, y[:, None]))
    assert fidelity(vector, column, X, y).prediction_distance < 1e-12
    two = LinearRegression().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="refit has 2 targets"):
        fidelity(vector, two, X, y)


def test_no_row_has_a_weight():
    X, y = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    with pytest.raises(ValueError, match="a weight other than zero"):
        fidelity(line(1.0, 0.0), line(2.0, 0.0), X, y, sample_weight=[0.0, 0.0])
