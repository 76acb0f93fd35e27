"""Training is skorch's; requests lower the objective of the corrected data."""

import pickle
import threading

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.utils.tags import unlearning_tags
from tests.neural_network.modules.nets import (
    SETTINGS,
    Dense,
    Recurrent,
    blobs,
    classifier,
    regressor,
    sequences,
    state,
    waves,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


def swapped(n_rows=90):
    """Rows with right labels, and with a third of the labels of two classes wrong."""
    X, y = blobs(n_rows)
    wrong = y.copy()
    for label in (0, 1):
        of_label = np.flatnonzero(y == label)
        wrong[of_label[: of_label.size // 3]] = 1 - label
    return X, y, wrong


def parameters(net):
    """They as one vector."""
    return np.concatenate(
        [each.detach().numpy().ravel() for each in net.module_.parameters()]
    )


# Training -----------------------------------------------------------------------------


def test_training_is_skorchs():
    X, y = blobs()
    ours = classifier().fit(X, y)
    torch.manual_seed(0)
    plain = skorch.NeuralNetClassifier(
        Dense, criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    ).fit(X, y)
    assert isinstance(ours, skorch.NeuralNetClassifier)
    np.testing.assert_array_equal(parameters(ours), parameters(plain))
    np.testing.assert_array_equal(ours.predict_proba(X), plain.predict_proba(X))
    assert ours.history[:, "train_loss"] == plain.history[:, "train_loss"]


def test_params_clone_and_grid_search():
    X, y = blobs()
    net = classifier(params="last_layer", max_steps=3)
    params = net.get_params()
    assert params["params"] == "last_layer"
    assert params["optimizer__weight_decay"] == 1e-3
    fitted = net.fit(X, y)
    assert "_fitted" not in fitted.get_params()
    copy = clone(fitted)
    assert copy.max_steps == 3
    with pytest.raises(NotFittedError):
        copy.partial_unfit(X[:1], y[:1])
    grid = GridSearchCV(
        classifier(max_epochs=3), {"module__dropout": [0.0, 0.3]}, cv=2
    ).fit(X, y)
    assert grid.best_estimator_.unlearning_report() is None


def test_tags():
    tags = unlearning_tags(classifier())
    assert tags.partial_unfit == tags.replace_labels == "empirical"
    assert tags.forget_features == "empirical"
    assert tags.partial_fit is None
    assert tags.sample_weight
    assert not tags.certified
    assert tags.row_ids
    assert not hasattr(classifier(), "release")
    assert not hasattr(classifier(), "certification")


# Requests -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"linear_solver": "lissa", "max_steps": 1},
        {"method": "second_order"},
        {"criterion": nn.NLLLoss, "module__end": nn.Softmax(dim=-1)},
        {"params": "last_layer"},
        {"module__dropout": 0.2},
        {"module__norm": True},
    ],
)
def test_replaced_labels_are_learned(params):
    X, y, wrong = swapped()
    net = classifier(**params).fit(X, wrong)
    bad = wrong != y
    before = net.score(X, y)
    net.replace_labels(X[bad], wrong[bad], y[bad])
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    assert report.loss_after > report.loss_before
    assert report.forgotten
    assert net.score(X, y) > before


def test_statistics_of_the_layers_do_not_undo_a_request():
    """Many steps with those of the old parameters would raise the objective."""
    X, y, wrong = swapped()
    net = classifier(module__norm=True, max_steps=40).fit(X, wrong)
    bad = wrong != y
    report = net.replace_labels(X[bad], wrong[bad], y[bad]).unlearning_report()
    assert report.n_steps == 40
    assert report.objective < report.objective_before


def test_first_order_needs_no_data():
    X, y, wrong = swapped()
    net = classifier(method="first_order", retain_data=False).fit(X, wrong)
    bad = wrong != y
    net.replace_labels(X[bad], wrong[bad], y[bad])
    report = net.unlearning_report()
    assert report.objective is None
    assert report.loss_after > report.loss_before
    net.refine(X, y)
    assert net.unlearning_report().n_steps > 0
    assert net.score(X, y) > 0.8


def test_converges_to_a_refit():
    """Of a convex objective there is one minimum: that of the last layer is convex."""
    X, y, wrong = swapped()
    settings = {
        "params": "last_layer",
        "optimizer__weight_decay": 0.05,
        "max_steps": 100,
    }
    net = classifier(**settings).fit(X, wrong)
    bad = wrong != y
    net.replace_labels(X[bad], wrong[bad], y[bad])
    # far from it, with the same first layer
    other = pickle.loads(pickle.dumps(net))
    with torch.no_grad():
        other.module_.head.weight.mul_(-1.0)
    before = other.gradient_residual(X, y)
    for _ in range(2):
        net.refine(X, y)
        other.refine(X, y)
    assert other.gradient_residual(X, y) < 2e-2 * before
    np.testing.assert_allclose(parameters(net), parameters(other), atol=0.02)


@quietly
def test_rows_features_and_ids():
    X, y = blobs()
    net = classifier(max_steps=2).fit(X, y, row_ids=np.arange(90))
    net.partial_unfit(row_ids=[3, 5])
    net.partial_unfit(X[7:9], y[7:9])
    net.replace_features(X[10:12], y[10:12], X[10:12] + 1.0)
    rest, labels = X.copy(), y
    rest[10:12] += 1.0
    keep = np.setdiff1d(np.arange(90), [3, 5, 7, 8])
    net.refine(rest[keep], labels[keep])
    assert net.unlearning_report().loss_before is None


@quietly
def test_features_of_any_shape_and_tensors():
    X, y = blobs()
    shaped = X.reshape(-1, 1, 2, 2)

    class Flat(Dense):
        def forward(self, X):
            return super().forward(X.flatten(1))

    net = classifier(Flat, max_steps=1).fit(torch.tensor(shaped), torch.tensor(y))
    net.partial_unfit(torch.tensor(shaped[:2]), y[:2])
    net.replace_features(shaped[2:4], y[2:4], shaped[2:4].astype(np.float64) + 0.5)
    assert net.predict(shaped).shape == (90,)


@quietly
@pytest.mark.parametrize("kind", ["frame", "list"])
def test_frames_and_lists(kind):
    def frame(values):
        if kind == "list":
            return values.tolist()
        return pytest.importorskip("pandas").DataFrame(values)

    X, y = blobs()
    net = classifier(max_steps=1).fit(X, y)
    expected = net.predict_proba(X)
    np.testing.assert_array_equal(net.predict_proba(frame(X)), expected)
    assert net.score(frame(X), list(y)) == net.score(X, y)
    net.partial_unfit(frame(X[:2]), y[:2])
    X, y = waves()
    net = regressor(max_steps=1).fit(X, y)
    assert net.score(frame(X), y) == net.score(X, y)
    tokens, targets = sequences()
    net = classifier(Recurrent, max_epochs=1).fit(frame(tokens), frame(targets))
    np.testing.assert_array_equal(net.predict(frame(tokens)), net.predict(tokens))


def test_frames_that_are_fitted():
    pd = pytest.importorskip("pandas")
    X, y = blobs()
    frame = pd.DataFrame(X, columns=list("abcd"))
    net = classifier(max_epochs=1).fit(frame, y)
    np.testing.assert_array_equal(net.predict_proba(frame), net.predict_proba(X))


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU])
def test_sequences(layer):
    X, y = sequences()
    wrong = y.copy()
    wrong[X[:, 0] == 0, -1] = 0
    net = classifier(Recurrent, module__layer=layer, max_epochs=40, lr=0.05)
    net.set_params(max_steps=15).fit(X, wrong)
    bad = (wrong != y).any(axis=1)
    assert np.mean(net.predict(X[bad])[:, -1] == 0) > 0.9
    net.replace_labels(X[bad], wrong[bad], y[bad])
    report = net.unlearning_report()
    assert report.forgotten
    # of the places that changed alone: the others are predicted as before
    assert report.predicted_before > 0.9
    assert report.predicted_after < 0.1
    assert report.loss_after > report.loss_before + 1.0
    assert np.mean(net.predict(X[bad])[:, -1] == y[bad, -1]) > 0.9
    assert np.mean(net.predict(X) == y) > 0.9
    assert torch.backends.mkldnn.set_flags(True)[0]  # as it was


def test_values_of_sequences_change_with_their_targets():
    """A token at one place is the target of the place before."""
    X, y = sequences()
    tokens = np.hstack([X, y[:, -1:]])
    wrong = tokens.copy()
    wrong[tokens[:, 0] == 0, 3] = 0
    net = classifier(Recurrent, max_epochs=40, lr=0.05, max_steps=15)
    net.fit(wrong[:, :-1], wrong[:, 1:])
    bad = (wrong != tokens).any(axis=1)
    old, new = wrong[bad], tokens[bad]
    assert np.mean(net.predict(X[bad])[:, 2] == 0) > 0.9
    net.replace_features(old[:, :-1], old[:, 1:], new[:, :-1], y_new=new[:, 1:])
    assert net.unlearning_report().forgotten
    np.testing.assert_array_equal(net.predict(X[bad]), y[bad])
    net.refine(X, y)


@quietly
def test_targets_that_are_numbers():
    X, y = waves()
    wrong = y.copy()
    wrong[40:] = 3.0
    net = regressor(max_epochs=60).fit(X, wrong)
    net.replace_labels(X[40:], wrong[40:], y[40:])
    assert net.score(X, y) > 0.8
    several = (blobs()[0] > 0.5).astype(np.float32)
    marks = classifier(criterion=nn.BCEWithLogitsLoss, module__n_out=4, max_steps=1)
    marks.fit(blobs()[0], several).partial_unfit(blobs()[0][:1], several[:1])
    assert marks.unlearning_report().n_steps == 1


@quietly
def test_what_is_not_selected_stays():
    X, y = blobs()
    net = classifier(params="head.*", max_steps=2).fit(X, y)
    before = {name: each.clone() for name, each in net.module_.state_dict().items()}
    net.partial_unfit(X[:5], y[:5])
    for name, each in net.module_.state_dict().items():
        assert torch.equal(each, before[name]) == (not name.startswith("head"))


@quietly
def test_optimiser_and_history_start_anew():
    X, y = blobs()
    net = classifier(max_steps=1).fit(X, y)
    assert net.optimizer_.state_dict()["state"]
    old = net.optimizer_
    net.partial_unfit(X[:5], y[:5])
    assert not net.optimizer_.state_dict()["state"]
    assert not len(net.history_)
    assert net.optimizer_ is not old
    known = {id(each) for each in net.optimizer_.param_groups[0]["params"]}
    assert known == {id(each) for each in net.module_.parameters()}


@quietly
@pytest.mark.parametrize("where", ["", "param_groups__1__"])
def test_a_weight_decay_that_is_set_stays(where):
    X, y = blobs()
    groups = [("head.*", {"weight_decay": 0.5})]
    net = classifier(max_steps=1, optimizer__param_groups=groups).fit(X, y)
    net.set_params(**{f"optimizer__{where}weight_decay": 0.25})
    expected = [0.5 if where else 0.25, 0.25]
    for row in range(2):
        net.partial_unfit(X[row : row + 1], y[row : row + 1])
        for each in (net, net.to_skorch(), pickle.loads(pickle.dumps(net))):
            found = [group["weight_decay"] for group in each.optimizer_.param_groups]
            assert found == expected


def test_parameters_of_the_optimiser_that_are_set_count_in_fits():
    X, y = blobs()
    net = classifier(max_epochs=1).fit(X, y)
    net.set_params(optimizer__weight_decay=0.25)
    assert net.get_params()["optimizer__weight_decay"] == 0.25
    net.fit(X, y)
    assert net.optimizer_.param_groups[0]["weight_decay"] == 0.25


# Honesty ------------------------------------------------------------------------------


def test_rows_known_by_heart_are_warned_about():
    X, y = blobs(30)
    net = classifier(optimizer__weight_decay=0.0, max_epochs=300).fit(X, y)
    with pytest.warns(NotForgottenWarning, match="larger optimizer__weight_decay"):
        net.partial_unfit(X[:1], y[:1])
    assert net.unlearning_report().forgotten is False


# Keeping ------------------------------------------------------------------------------


@quietly
def test_pickles_hold_no_deleted_row():
    X, y = blobs()
    X[3] = [1234.5, 2345.5, 3456.5, 4567.5]
    net = classifier(max_steps=1).fit(X, y)
    net.partial_unfit(X[3:4], y[3:4])
    data = pickle.dumps(net)
    assert X[3].tobytes() not in data
    assert X[4].tobytes() in data
    again = pickle.loads(data)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    again.partial_unfit(X[4:5], y[4:5])
    net.partial_unfit(X[4:5], y[4:5])
    np.testing.assert_array_equal(parameters(again), parameters(net))


@quietly
def test_export():
    X, y = blobs()
    net = classifier(max_steps=1).fit(X, y)
    net.partial_unfit(X[:1], y[:1])
    plain = net.to_skorch()
    assert type(plain) is skorch.NeuralNetClassifier
    assert plain.get_params().keys() >= {"lr", "optimizer__weight_decay"}
    assert not {"method", "params", "_fitted"} & vars(plain).keys()
    np.testing.assert_array_equal(plain.predict_proba(X), net.predict_proba(X))
    assert X[5].tobytes() not in pickle.dumps(plain)
    before = state(net)
    plain.partial_fit(X, y)
    assert state(net) == before


@quietly
def test_modules_passed_as_instances_stay_as_they_were():
    X, y = blobs()
    module = Dense()
    passed = module.head.weight.detach().clone()
    net = classifier(module, max_steps=1).fit(X, y)
    old = net.module_.head.weight.detach().numpy().tobytes()
    net.partial_unfit(X[:5], y[:5])
    assert net.module is module
    assert torch.equal(module.head.weight, passed)
    for other in (net, net.to_skorch()):
        assert old not in pickle.dumps(other)
    np.testing.assert_array_equal(clone(net).module.head.weight.detach(), passed)
    again = clone(net).fit(X, y)
    assert torch.equal(again.module.head.weight, passed)


@quietly
def test_adopted_instances_change_with_requests():
    X, y = blobs()
    plain = skorch.NeuralNetClassifier(
        Dense(), criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    ).fit(X, y)
    before = state(plain)
    old = plain.module_.head.weight.detach().numpy().tobytes()
    cls = UnlearnableNeuralNetClassifier
    net = cls.from_skorch(plain, X, y, max_steps=1)
    net = pickle.loads(pickle.dumps(net)).partial_unfit(X[:5], y[:5])
    assert state(plain) == before
    for other in (net, net.to_skorch()):
        assert old not in pickle.dumps(other)
        expected = net.predict_proba(X)
        np.testing.assert_array_equal(other.initialize().predict_proba(X), expected)


@quietly
def test_reading_and_requests_leave_callbacks_alone():
    X, y = blobs()
    scoring = skorch.callbacks.EpochScoring(
        "accuracy", on_train=True, lower_is_better=False
    )
    net = classifier(callbacks=[("score", scoring)], max_steps=1).fit(X, y)
    best, n_epochs = scoring.best_score_, len(net.history_)
    assert np.isfinite(best)
    plain = net.to_skorch()
    assert scoring.best_score_ == best
    assert len(net.history_) == n_epochs
    assert not len(plain.history_)
    net.partial_unfit(X[:5], y[:5])
    assert scoring.best_score_ == best
    for other in (net, plain):
        held = dict(other.callbacks_)["score"]
        assert held is dict(other.callbacks)["score"]
        assert held.best_score_ == -np.inf


@quietly
def test_adoption():
    X, y = blobs()
    torch.manual_seed(0)
    plain = skorch.NeuralNetClassifier(
        Dense, criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    ).fit(X, y)
    before = state(plain)
    ids = np.arange(90)
    cls = UnlearnableNeuralNetClassifier
    taken = cls.from_skorch(plain, X, y, row_ids=ids, max_steps=2)
    own = classifier(max_steps=2).fit(X, y)
    taken.partial_unfit(row_ids=[4])
    own.partial_unfit(X[4:5], y[4:5])
    np.testing.assert_array_equal(parameters(taken), parameters(own))
    assert state(plain) == before
    assert clone(taken).get_params()["lr"] == plain.lr
    with pytest.raises(TypeError, match="takes over a NeuralNetClassifier"):
        cls.from_skorch(regressor(), X, y)
    with pytest.raises(ValueError, match="lr is not a parameter that only"):
        cls.from_skorch(plain, X, y, lr=0.1)
    with pytest.raises(ValueError, match="label 2"):
        cls.from_skorch(plain.set_params(classes=[0, 1]), X, y)


class Sparing(UnlearnableNeuralNetClassifier):
    """Penalises large weights in its loss, as skorch's documentation does."""

    def get_loss(self, y_pred, y_true, X=None, training=False):
        loss = super().get_loss(y_pred, y_true, X=X, training=training)
        weights = self.module_.parameters()
        return loss + 0.02 * sum((each**2).sum() for each in weights)


@quietly
def test_losses_that_read_the_parameters():
    """They are those of weight decay, of twice as much."""
    X, y = blobs()
    nets = []
    for make, decay in ((Sparing, 0.0), (UnlearnableNeuralNetClassifier, 0.04)):
        torch.manual_seed(0)
        settings = {**SETTINGS, "optimizer__weight_decay": decay, "max_steps": 30}
        net = make(Dense, criterion=nn.CrossEntropyLoss, **settings).fit(X, y)
        residual = net.gradient_residual(X, y)
        nets.append((net.refine(X, y), residual))
    (own, residual), (plain, same) = nets
    assert residual == pytest.approx(same, rel=1e-2)
    assert own.unlearning_report().objective == pytest.approx(
        plain.unlearning_report().objective, rel=1e-3
    )


def test_adoption_keeps_losses():
    class Other(skorch.NeuralNetClassifier):
        def get_loss(self, *arguments, **named):
            return 2.0 * super().get_loss(*arguments, **named)

    X, y = blobs()
    cls = UnlearnableNeuralNetClassifier
    other = Other(Dense, criterion=nn.CrossEntropyLoss, **SETTINGS).fit(X, y)
    with pytest.raises(TypeError, match="Other computes losses by a get_loss"):
        cls.from_skorch(other, X, y)


def test_a_module_made_anew_is_not_fitted():
    X, y = blobs()
    net = classifier().fit(X, y)
    net.set_params(module__dropout=0.1)
    with pytest.raises(NotFittedError):
        net.partial_unfit(X[:1], y[:1])


@quietly
def test_predictions_come_from_one_version():
    X, y = blobs()
    net = classifier(batch_size=15, max_epochs=1, max_steps=1).fit(X, y)
    answers, stop = [], threading.Event()

    def predict():
        while not stop.is_set():
            answers.append(net.predict_proba(X).tobytes())

    known = {net.predict_proba(X).tobytes()}
    thread = threading.Thread(target=predict)
    thread.start()
    for row in range(3):
        net.partial_unfit(X[row : row + 1], y[row : row + 1])
        known.add(net.predict_proba(X).tobytes())
    stop.set()
    thread.join()
    assert set(answers) <= known
