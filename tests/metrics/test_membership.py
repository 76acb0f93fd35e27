"""Two Gaussians a known distance apart have a known ROC curve."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import scale

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.metrics import membership_inference, shadow_losses
from sklearn_unlearn.metrics._membership import _logits


def losses_of_logits(logits):
    return np.logaddexp(0.0, -logits)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_a_population_in_closed_form(shift):
    rng = np.random.default_rng(0)
    forgotten, unseen = -rng.normal(shift, 1.0, 20_000), -rng.normal(0.0, 1.0, 20_000)
    attack = membership_inference(forgotten, unseen)
    assert attack.auc == pytest.approx(norm.cdf(shift / 2**0.5), abs=0.01)
    assert attack.advantage == pytest.approx(2 * norm.cdf(shift / 2) - 1, abs=0.02)
    for fpr in (0.01, 0.1):
        expected = norm.cdf(shift + norm.ppf(fpr))
        assert attack.tpr_at(fpr) == pytest.approx(expected, abs=0.03)


def test_counts_of_few_rows():
    attack = membership_inference([1.0, 2.0, 6.0], [5.0, 7.0, 8.0, 9.0])
    assert attack.auc == pytest.approx(11 / 12)
    assert attack.advantage == pytest.approx(0.75)
    assert attack.tpr_at(0.0) == attack.tpr_at(0.2) == pytest.approx(2 / 3)
    assert attack.tpr_at(0.25) == attack.tpr_at(1.0) == 1.0
    with pytest.raises(ValueError, match="fpr"):
        attack.tpr_at(1.5)


def test_the_statistic_is_the_logit():
    logits = np.array([-800.0, -30.0, -1.0, 0.0, 2.0, 30.0, 600.0])
    assert _logits(losses_of_logits(logits)) == pytest.approx(logits, rel=1e-9)
    assert np.isfinite(_logits(np.zeros(1))).all()


@pytest.mark.parametrize("n_models", [20, 100])
@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_each_example_in_closed_form(n_models, shift):
    # Rows whose logits differ by far more than membership does.
    rng = np.random.default_rng(0)
    place = rng.normal(0.0, 5.0, 2000)
    forgotten, unseen = place + rng.normal(size=(2, n_models, 2000))
    forgotten = forgotten + shift
    losses = losses_of_logits(forgotten), losses_of_logits(unseen)
    attack = membership_inference(*losses)
    # 20 models leave the means uncertain, 100 hardly
    slack = 0.05 if n_models == 20 else 0.01
    assert attack.auc == pytest.approx(norm.cdf(shift / 2**0.5), abs=slack)
    population = membership_inference(*(each.ravel() for each in losses))
    assert abs(population.auc - 0.5) < 0.1
    if shift:
        assert attack.auc > population.auc + 0.2
        assert attack.tpr_at(0.001) > 5 * population.tpr_at(0.001)


def test_spreads_are_told_apart_with_enough_models():
    rng = np.random.default_rng(0)
    forgotten, unseen = rng.normal(size=(2, 100, 500)) * np.array([[[1.0]], [[4.0]]])
    attack = membership_inference(*map(losses_of_logits, (forgotten, unseen)))
    assert attack.auc > 0.75


def test_models_of_the_same_data_tell_nothing():
    rng = np.random.default_rng(0)
    losses = rng.exponential(size=(16, 30))
    assert membership_inference(losses, losses).auc == 0.5
    constant = np.tile(rng.exponential(size=30), (16, 1))
    assert membership_inference(constant, constant).auc == 0.5


def data(n_rows=20):
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    noisy, rows = y.copy(), rng.choice(len(y), n_rows, replace=False)
    noisy[rows] = 1 - y[rows]
    return scale(X), noisy, rows


def test_a_model_that_kept_the_rows_is_found_out():
    X, y, rows = data()
    model = UnlearnableLogisticRegression(C=0.1, retain_data=True)
    kept, forgot = (
        membership_inference(
            *shadow_losses(model, X, y, rows, unlearn=unlearn, random_state=0)
        )
        for unlearn in (lambda *_: None, None)
    )
    assert kept.auc > 0.9
    assert kept.tpr_at(0.01) > 0.3
    assert forgot.auc == pytest.approx(0.5, abs=1e-3)


@pytest.mark.filterwarnings("ignore:The request changed a raw:UserWarning")
def test_what_approximations_leave_is_found_by_the_attack_on_each_example():
    X, y, rows = data(5)
    found, of_population = [], []
    for params, unlearn in (
        ({"retain_data": True}, None),
        ({}, None),
        ({"method": "first_order"}, None),
        ({}, lambda *_: None),
    ):
        model = UnlearnableLogisticRegression(C=0.02, **params)
        losses = shadow_losses(model, X, y, rows, unlearn=unlearn, random_state=0)
        found.append(membership_inference(*losses).auc)
        pooled = membership_inference(*(each.ravel() for each in losses))
        of_population.append(pooled.auc)
    assert found[0] == pytest.approx(0.5, abs=0.01)
    assert found[0] < found[1] < found[2] < found[3]
    assert found[2] > of_population[2] + 0.2


def test_shadow_models_see_what_they_should():
    X, y, rows = data()
    seen = []

    class Spy(RandomForestClassifier):
        def fit(self, X, y):
            seen.append({tuple(row) for row in X})
            return super().fit(X, y)

    def unlearn(model, X_rows, y_rows):
        assert np.array_equal(np.unique(X_rows, axis=0), np.unique(X[rows], axis=0))
        return Spy(2, random_state=0).fit(X[:50], y[:50])

    losses = shadow_losses(
        Spy(2, random_state=0),
        X,
        y,
        rows,
        unlearn=unlearn,
        n_models=3,
        fraction=0.25,
        random_state=0,
    )
    assert [each.shape for each in losses] == [(3, 20)] * 2
    assert np.array_equal(losses[0][0], losses[0][2])  # what unlearn returned counts
    forget = {tuple(row) for row in X[rows]}
    for both, refit in zip(seen[0::3], seen[2::3], strict=True):
        assert len(refit) == round(0.25 * (len(y) - 20))
        assert both == refit | forget
        assert not refit & forget


@pytest.mark.parametrize(
    ("forgotten", "unseen", "message"),
    [
        ([1.0, np.nan], [1.0], "forgotten"),
        ([1.0], [[1.0]] * 3, "both be 1D"),
        (np.ones((4, 2)), np.ones((3, 2)), "of one shape"),
        (np.ones((2, 2)), np.ones((2, 2)), "at least 3 models"),
        (np.ones((3, 2)), -np.ones((3, 2)), "unseen holds a negative loss"),
    ],
)
def test_bad_losses(forgotten, unseen, message):
    with pytest.raises(ValueError, match=message):
        membership_inference(forgotten, unseen)


@pytest.mark.parametrize(
    "params", [{"n_models": 2}, {"fraction": 0.0}, {"fraction": 1.5}]
)
def test_bad_parameters(params):
    X, y, rows = data()
    with pytest.raises(ValueError, match=next(iter(params))):
        shadow_losses(UnlearnableLogisticRegression(), X, y, rows, **params)


def test_rates_at_every_threshold():
    # three rows of each kind, threshold by threshold one more of both
    attack = membership_inference([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert attack.fpr == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert attack.tpr_at(0.4) == pytest.approx(1 / 3)
    assert attack.tpr_at(0.7) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="fpr must be a number"):
        attack.tpr_at(float("nan"))
