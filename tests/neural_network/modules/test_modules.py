"""What modules keep beside parameters tells nothing of rows that left."""

import pickle
from array import array
from collections import deque
from decimal import Decimal
from enum import Enum

import numpy as np
import pytest
import skorch
import torch
from skorch.helper import predefined_split
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.utils.traces import traces
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


class Seen:
    """An object that is no container."""

    def __init__(self):
        self.rows = []


class Slotted:
    """An object without a dictionary."""

    __slots__ = ("__hidden", "row")

    def __init__(self):
        self.keep(None)

    def keep(self, row):
        self.row = self.__hidden = row


class Mode(Enum):
    """What a module may be at; it is not the module's to change."""

    NEW = "new"
    SEEN = "seen"


class Logging(Dense):
    """It keeps rows in arrays, lists, numbers, texts and objects, when it computes."""

    def __init__(self, **params):
        super().__init__(**params)
        self.array = np.zeros(4)
        self.rows, self.seen = [], Seen()
        self.largest, self.text, self.by_value = 0.0, "", {}
        self.latest = deque(maxlen=3)
        self.values = set()
        self.slotted, self.node = Slotted(), Seen()
        self.node.itself = [self.node]
        self.packed, self.exact, self.mode = (), Decimal(0), Mode.NEW

    def forward(self, X):
        self.note(X.detach().cpu().numpy())
        return super().forward(X)

    def note(self, rows):
        self.array[:] = rows[np.argmax(rows[:, 0])]
        self.rows.extend(rows.tolist())
        self.seen.rows.append(rows.copy())
        self.largest, self.text = float(rows.max()), str(rows.max(axis=0))
        self.by_value[float(rows.max())] = {"row": rows[0].copy()}
        self.latest.append(rows.copy())
        self.values.update(rows.ravel().tolist())
        row = rows[np.argmax(rows[:, 0])].astype(float)
        self.slotted.keep(row)
        self.node.rows = row
        self.packed = bytearray(row.tobytes()), array("d", row)
        self.exact, self.mode = Decimal(float(row[0])), Mode.SEEN


class Training(Logging):
    """It does so in training alone."""

    def note(self, rows):
        if self.training:
            super().note(rows)


class Centred(Dense):
    """Predictions use a mean that training moves, and that is no buffer."""

    def __init__(self, **params):
        super().__init__(**params)
        self.mean, self.n_batches = 0.0, 0

    def forward(self, X):
        if self.training:
            self.mean, self.n_batches = float(X.mean()), self.n_batches + 1
        return super().forward(X - self.mean)


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


def told(value):
    """The mark of row 3 that is found, in numbers or in texts."""
    wanted = {str(each): each for each in (1234.5, 2345.5, 3456.5, 4567.5)}
    return traces(value, {**wanted, "text": "4567.5"})


@pytest.mark.parametrize("module", [Logging, Training])
def test_no_row_is_kept_in_arrays_lists_and_numbers(module):
    X, y = marked()
    X[3] = [4567.5, 2345.5, 3456.5, 4567.5]
    net = classifier(module, max_steps=2, batch_size=-1).fit(X, y)
    assert not told(net.module_)
    assert not told(net.to_skorch())
    net.partial_unfit(X[3:4], y[3:4])
    assert not told(net)
    assert X[3].astype(float).tobytes() not in pickle.dumps(net)
    net.predict(X)
    assert not told(net.to_skorch())
    assert X[3].astype(float).tobytes() not in pickle.dumps(net.to_skorch())
    assert [each.value for each in Mode] == ["new", "seen"]
    rest = np.delete(X, 3, 0), np.delete(y, 3)
    assert not told(pickle.loads(pickle.dumps(net)).refine(*rest))


def test_what_predictions_use_is_named():
    X, y = marked()
    net = classifier(Centred, max_steps=1, batch_size=-1).fit(X, y)
    assert net.module_.mean > 0.0
    assert net.module_.n_batches == 0
    with pytest.warns(NotForgottenWarning, match="no request changes: mean. It may"):
        net.partial_unfit(X[3:4], y[3:4])
    with pytest.warns(NotForgottenWarning, match="no request changes: mean. It may"):
        plain = net.to_skorch()
    np.testing.assert_array_equal(plain.predict_proba(X), net.predict_proba(X))


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
