"""What training draws about rows that have names is drawn from these."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import sklearn_unlearn as su
from sklearn_unlearn.neural_network._named_order import NamedOrder
from sklearn_unlearn.utils.row_names import hashes_of_rows, numbers_within
from tests.neural_network.problems import blobs

X, LABELS = blobs(150)
TARGETS = X @ [1.0, -1.0, 0.5, 0.2] + 0.1 * np.sin(np.arange(150))
SUBJECTS = np.arange(150) // 2
PAIRS = np.column_stack([SUBJECTS, np.arange(150)])
ORDER = np.random.default_rng(1).permutation(150)
SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 0.01,
        "n_iter_no_change": 2,
        "max_iter": 300,
    },
    "lbfgs": {"solver": "lbfgs", "alpha": 1.0, "max_iter": 500},
}
STOPS = {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.02}

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iter")


def network(kind="classifier", **params):
    settings = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 12}
    settings |= {"batch_size": 16} | params
    if kind == "classifier":
        return su.UnlearnableMLPClassifier(**settings)
    return su.UnlearnableMLPRegressor(**settings)


def parameters(model):
    return np.concatenate(
        [part.ravel() for part in (*model.coefs_, *model.intercepts_)]
    )


@pytest.mark.parametrize("names", ["subjects", "pairs", "texts"])
@pytest.mark.parametrize("settings", [*SETTINGS, "stops", "stops adaptive"])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_rows_may_come_in_any_order(kind, settings, names):
    if settings.startswith("stops"):
        params = SETTINGS.get(settings.partition(" ")[2], {}) | STOPS
    else:
        params = SETTINGS[settings]
    ids = {"subjects": SUBJECTS, "pairs": PAIRS, "texts": SUBJECTS.astype(str)}[names]
    y = LABELS if kind == "classifier" else TARGETS
    model = network(kind, **params).fit(X, y, row_ids=ids)
    other = clone(model).fit(X[ORDER], y[ORDER], row_ids=ids[ORDER])
    np.testing.assert_allclose(parameters(other), parameters(model), atol=1e-6)
    assert other.n_iter_ == model.n_iter_
    if settings == "adam":
        places = clone(model).fit(X, y)
        unlike = np.abs(parameters(places) - parameters(model)).max()
        assert unlike > 1e-3


@pytest.mark.parametrize("settings", ["adam", "sgd", "adaptive"])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_one_batch_of_all_rows_is_the_twins(kind, settings):
    y = LABELS if kind == "classifier" else TARGETS
    params = SETTINGS[settings] | {"batch_size": 150}
    model = network(kind, **params).fit(X, y, row_ids=SUBJECTS)
    twin_class = MLPClassifier if kind == "classifier" else MLPRegressor
    own = twin_class().get_params().keys()
    given = {name: v for name, v in model.get_params().items() if name in own}
    twin = twin_class(**given).fit(X, y)
    np.testing.assert_allclose(parameters(model), parameters(twin), atol=1e-6)
    for name in ("n_iter_", "t_"):
        assert getattr(model, name) == getattr(twin, name)
    for name in ("loss_", "best_loss_", "loss_curve_"):
        ours, theirs = getattr(model, name), getattr(twin, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def visited(model, rows, monkeypatch, ids=PAIRS):
    """Numbers of the rows in the order in which each epoch visits them."""
    epochs = []
    trains = MLPRegressor.partial_fit

    def seen(twin, X, y, **keywords):
        epochs.append(X[:, 0].tolist())
        return trains(twin, X, y, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(MLPRegressor, "partial_fit", seen)
        X = np.column_stack([np.arange(150.0), np.ones(150)])[rows]
        clone(model).fit(X, TARGETS[rows], row_ids=ids[rows])
    return epochs[: model.max_iter]


@pytest.mark.parametrize("names", [PAIRS, SUBJECTS])
def test_a_refit_visits_the_rows_that_stay_in_the_same_order(names, monkeypatch):
    model = network("regressor", max_iter=4, n_iter_no_change=10)
    rest = np.flatnonzero((SUBJECTS != 7) & (SUBJECTS != 30))
    before = visited(model, np.arange(150), monkeypatch, names)
    after = visited(model, rest, monkeypatch, names)
    assert len(after) == len(before) == 4
    gone = {14.0, 15.0, 60.0, 61.0}
    assert after == [[row for row in epoch if row not in gone] for epoch in before]
    assert before[0] != before[1]
    assert sorted(before[2]) == list(range(150))
    unshuffled = network("regressor", max_iter=2, shuffle=False)
    for epoch in visited(unshuffled, rest, monkeypatch, names):
        assert epoch == rest.tolist()


def test_orders_and_held_out_rows_are_functions_of_names():
    names = hashes_of_rows(np.arange(200), X[:, :1], TARGETS)
    strata = np.arange(200) % 3 // 2
    order = NamedOrder(5, names)
    held = order.held_out(0.1, strata)
    assert np.count_nonzero(held) == 20
    assert 5 <= np.count_nonzero(held[strata == 1]) <= 8
    assert not np.array_equal(held, NamedOrder(6, names).held_out(0.1, strata))
    some = np.delete(np.arange(200), [3, 77])
    epoch = order.of_epoch(9)
    kept = epoch[np.isin(epoch, some)]
    np.testing.assert_array_equal(some[order.take(some).of_epoch(9)], kept)
    again = np.zeros(200, dtype=bool)
    again[some[order.take(some).held_out(0.1, strata[some])]] = True
    assert np.count_nonzero(again != held) <= 6  # of 200


def test_rows_of_one_name_are_numbered_by_their_values():
    ids = np.array([1, 2, 1, 1, 2])
    rows = np.array([[3.0, 1.0], [0.0, 0.0], [2.0, 5.0], [2.0, 4.0], [0.0, 0.0]])
    y = np.array([0, 1, 0, 0, 0])
    for each in (rows, 2.0 * rows + 7.0, sp.csr_array(rows[:, :1] + 1.0)):
        numbers = numbers_within(ids, each, y).tolist()
        if sp.issparse(each):
            assert numbers[0] == 2
            assert sorted(numbers[2:4]) == [0, 1]
        else:
            assert numbers == [2, 1, 1, 0, 0]
    assert numbers_within(np.arange(5), rows, y).tolist() == [0] * 5


def test_behind_a_scaler_that_changes():
    def trained(rows):
        model = su.make_unlearnable_pipeline(
            su.UnlearnableStandardScaler(), network("regressor")
        )
        return model.fit(X[rows], TARGETS[rows], row_ids=SUBJECTS[rows])

    one, other = trained(np.arange(150)), trained(ORDER)
    np.testing.assert_allclose(one.predict(X), other.predict(X), atol=1e-6)


def test_sparse_rows_weights_and_several_labels():
    rows = sp.csr_array(np.where(np.abs(X) > 0.5, X, 0.0))
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0.3]).astype(int)
    for stops in ({}, STOPS):
        model = network(**stops)
        one = clone(model).fit(rows, labels, row_ids=PAIRS)
        other = clone(model).fit(rows[ORDER], labels[ORDER], row_ids=PAIRS[ORDER])
        np.testing.assert_allclose(parameters(one), parameters(other), atol=1e-6)
    if not one._trains_with_weights:
        return
    weight = np.arange(150) % 3.0
    for stops in ({}, STOPS):
        model = network(**stops)
        one = clone(model).fit(X, LABELS, weight, row_ids=SUBJECTS)
        other = clone(model).fit(
            X[ORDER], LABELS[ORDER], weight[ORDER], row_ids=SUBJECTS[ORDER]
        )
        np.testing.assert_allclose(parameters(one), parameters(other), atol=1e-6)


def test_early_stopping_scores_rows_that_are_held_out():
    model = network(**STOPS, max_iter=100).fit(X, LABELS, row_ids=SUBJECTS)
    assert model.n_iter_ == len(model.validation_scores_) == len(model.loss_curve_)
    assert model.best_loss_ is None
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.t_ == 135 * model.n_iter_
    assert model.get_params()["early_stopping"] is True
    assert model.to_sklearn().get_params()["n_iter_no_change"] == 2
    assert model.to_sklearn().get_params()["tol"] == model.tol
    with pytest.raises(ValueError, match="validation_fraction"):
        network(**STOPS).fit(X[:6], LABELS[:6], row_ids=SUBJECTS[:6])


def test_warnings_and_bad_parameters_are_the_twins():
    with pytest.warns(ConvergenceWarning, match=r"iterations \(2\)"):
        network(max_iter=2).fit(X, LABELS, row_ids=SUBJECTS)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        network(batch_size=1000, max_iter=3).fit(X, LABELS, row_ids=SUBJECTS)
    assert sum("batch_size" in str(each.message) for each in said) == 1
    for wrong in ({"n_iter_no_change": 0}, {"tol": -1.0}, {"early_stopping": "yes"}):
        for stops in ({}, STOPS):
            with pytest.raises(ValueError, match=next(iter(wrong))):
                network(**(stops | wrong)).fit(X, LABELS, row_ids=SUBJECTS)


def test_equal_seeds_of_generators_and_none():
    model = network(random_state=np.random.RandomState(3)).fit(X, LABELS, row_ids=PAIRS)
    again = network(random_state=np.random.RandomState(3)).fit(X, LABELS, row_ids=PAIRS)
    np.testing.assert_array_equal(parameters(model), parameters(again))
    network(random_state=None).fit(X, LABELS, row_ids=PAIRS)
