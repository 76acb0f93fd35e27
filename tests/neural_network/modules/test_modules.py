"""What modules keep beside parameters tells nothing of rows that left."""

import pickle

import numpy as np
import pytest
import skorch
import torch
from skorch.helper import predefined_split
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from tests.neural_network.modules.nets import (
    SETTINGS,
    Dense,
    Recurrent,
    blobs,
    classifier,
    sequences,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


class Showing(Dense):
    """It shows what it computes, with its history."""

    def forward(self, X):
        self.hidden = self.body(X)
        self.layers = {"all": [self.hidden, (X, None)]}
        return self.head(self.hidden)


class Keeping(Dense):
    """It keeps what it was given, and a constant."""

    def __init__(self, **params):
        super().__init__(**params)
        self.scale = torch.tensor(0.5)
        self.last = None

    def forward(self, X):
        self.last = X
        return super().forward(X * self.scale)


class Normed(Dense):
    def __init__(self):
        super().__init__()
        self.head = nn.utils.spectral_norm(self.head)


def marked():
    X, y = blobs()
    X[3] = [1234.5, 2345.5, 3456.5, 4567.5]
    return X, y


@pytest.mark.parametrize("module", [Showing, Keeping, Normed])
def test_nothing_of_rows_that_left_is_kept(module):
    X, y = marked()
    net = classifier(module, max_steps=2, batch_size=-1).fit(X, y)
    assert X[3].tobytes() not in pickle.dumps(net.to_skorch())
    net.partial_unfit(X[3:4], y[3:4])
    assert X[3].tobytes() not in pickle.dumps(net)
    net.predict(X)
    plain = net.to_skorch()
    assert X[3].tobytes() not in pickle.dumps(plain)
    np.testing.assert_array_equal(plain.predict_proba(X), net.predict_proba(X))
    net.forget_features(0)
    pickle.loads(pickle.dumps(net)).refine(np.delete(X, 3, 0), np.delete(y, 3))


@pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning"
)
def test_constants_stay():
    X, y = marked()
    net = classifier(Keeping, module__norm=True, max_steps=1).fit(X, y)
    net.partial_unfit(X[3:4], y[3:4])
    assert float(net.module_.scale) == 0.5
    assert not net.module_.last.any()


@pytest.mark.parametrize("module", [Showing, Normed])
def test_adoption(module):
    X, y = marked()
    plain = skorch.NeuralNetClassifier(
        module, criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    ).fit(X, y)
    net = UnlearnableNeuralNetClassifier.from_skorch(plain, X, y, max_steps=1)
    net.partial_unfit(X[3:4], y[3:4])
    assert X[3].tobytes() not in pickle.dumps(net)


def test_recurrent_layers_keep_their_parameters():
    X, y = sequences()
    net = classifier(Recurrent, max_steps=1).fit(X, y)
    assert net._fitted.written == ()
    net.partial_unfit(X[:1], y[:1])
    np.testing.assert_array_equal(net.to_skorch().predict(X), net.predict(X))


def test_exports_hold_no_rows_of_a_split():
    X, y = marked()
    held = skorch.dataset.Dataset(X[3:4], y[3:4])
    split = predefined_split(held)
    net = classifier(train_split=split, max_epochs=1)
    rest = np.delete(X, 3, 0), np.delete(y, 3)
    plain = net.fit(*rest).to_skorch()
    assert X[3].tobytes() not in pickle.dumps(plain)


def test_exports_of_parametrised_modules():
    class Spectral(Dense):
        def __init__(self):
            super().__init__()
            self.head = nn.utils.parametrizations.spectral_norm(self.head)

    X, y = marked()
    net = classifier(Spectral, max_epochs=1, max_steps=1).fit(X, y)
    net.partial_unfit(X[3:4], y[3:4])
    plain = net.to_skorch()
    np.testing.assert_array_equal(plain.predict_proba(X), net.predict_proba(X))
