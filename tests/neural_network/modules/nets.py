"""Modules, data and nets that train in a moment."""

import numpy as np
import torch
from torch import nn

from sklearn_unlearn import (
    UnlearnableNeuralNetClassifier,
    UnlearnableNeuralNetRegressor,
)

torch.set_num_threads(1)
N_CLASSES, N_TOKENS, LENGTH = 3, 7, 6


def blobs(n_rows=90, seed=0):
    """Rows of three overlapping classes."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, N_CLASSES, n_rows)
    X = generator.normal(size=(n_rows, 4)) + 1.5 * np.eye(4)[y]
    return X.astype(np.float32), y


def sequences(n_rows=40, seed=0):
    """Tokens that count upwards, and the next ones."""
    start = np.random.default_rng(seed).integers(0, N_TOKENS, n_rows)
    tokens = (start[:, None] + np.arange(LENGTH + 1)) % N_TOKENS
    return tokens[:, :-1], tokens[:, 1:].copy()


def waves(n_rows=60):
    """Two targets of one feature."""
    X = np.linspace(-1.0, 1.0, n_rows, dtype=np.float32)[:, None]
    return X, np.hstack([np.sin(3.0 * X), X**2])


class Dense(nn.Module):
    """Two layers, and what may stand between them."""

    def __init__(self, n_in=4, n_out=N_CLASSES, norm=False, dropout=0.0, end=None):
        super().__init__()
        between = [nn.BatchNorm1d(8)] if norm else []
        self.body = nn.Sequential(
            nn.Linear(n_in, 8), *between, nn.Tanh(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(8, n_out)
        self.end = end

    def forward(self, X):
        raw = self.head(self.body(X))
        return raw if self.end is None else self.end(raw)


class Recurrent(nn.Module):
    """Scores of the next token at each place, classes in the second axis."""

    def __init__(self, layer=nn.LSTM):
        super().__init__()
        self.embed = nn.Embedding(N_TOKENS, 4)
        self.layer = layer(4, 8, batch_first=True)
        self.head = nn.Linear(8, N_TOKENS)

    def forward(self, X):
        hidden, _ = self.layer(self.embed(X))
        return self.head(hidden).transpose(1, 2)


class Attentive(nn.Module):
    """The same by a transformer."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(N_TOKENS, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, N_TOKENS)

    def forward(self, X):
        return self.head(self.layer(self.embed(X))).transpose(1, 2)


SETTINGS = {
    "optimizer": torch.optim.Adam,
    "optimizer__weight_decay": 1e-3,
    "lr": 0.03,
    "max_epochs": 15,
    "batch_size": 32,
    "verbose": 0,
}


def classifier(module=Dense, **params):
    """One that takes logits."""
    torch.manual_seed(0)
    settings = {"criterion": nn.CrossEntropyLoss, **SETTINGS, **params}
    return UnlearnableNeuralNetClassifier(module, **settings)


def regressor(**params):
    """One of two outputs."""
    torch.manual_seed(0)
    settings = {"module__n_in": 1, "module__n_out": 2, **SETTINGS, **params}
    return UnlearnableNeuralNetRegressor(Dense, **settings)


def state(net):
    """Parameters, buffers and the optimiser's state, as bytes."""
    optimiser = net.optimizer_.state_dict()["state"]
    tensors = [*net.module_.state_dict().values()]
    tensors += [
        each
        for key in sorted(optimiser)
        for each in optimiser[key].values()
        if isinstance(each, torch.Tensor)
    ]
    return b"".join(each.detach().cpu().numpy().tobytes() for each in tensors)
