"""Peak memory of a request to a PyTorch module, against that of its training."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks.measure import Table

_STAGES = ("import", "training", "request")
_ROWS, _FEATURES, _CLASSES = 2000, 1000, 10


def run(settings):
    table = Table("Peak memory of a request to a module, against its training")
    shapes = [("perceptron", 100), ("perceptron", 1000), ("perceptron", 3000)]
    shapes += [("recurrent", 64), ("recurrent", 256)]
    for kind, width in shapes[:1] if settings.quick else shapes:
        peaks = dict.fromkeys(_STAGES)
        for stage in _STAGES:
            command = [sys.executable, "-m", __name__, kind, str(width), stage]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks[stage], n_parameters = map(int, found.stdout.split())
        training, request = (peaks[each] - peaks["import"] for each in _STAGES[1:])
        table.add(
            module=kind,
            parameters=n_parameters,
            training=f"{training / 2**20:.0f} MB",
            request=f"{request / 2**20:.0f} MB",
            ratio=request / training,
        )
    largest = max(row["ratio"] for row in table.rows)
    table.reach("peak of a request / of training", largest, at_most=3.0)
    table.notes.append(
        f"Peak resident memory of a process that trains for one epoch ({_ROWS} rows, "
        "batches of 128, Adam), and of one that then corrects the labels of a tenth "
        "of the rows, each less that of a process which imports the packages and has "
        "the data. The request's process has trained before."
    )
    return table


def _measured(kind, width, stage):
    """Print the peak in bytes, and the number of parameters."""
    import torch
    from torch import nn

    from sklearn_unlearn import UnlearnableNeuralNetClassifier
    from sklearn_unlearn.exceptions import NotForgottenWarning

    class Recurrent(nn.Module):
        """The last hidden state of rows that are read as sequences."""

        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(10, width, batch_first=True)
            self.head = nn.Linear(width, _CLASSES)

        def forward(self, X):
            hidden, _ = self.layer(X.reshape(X.shape[0], -1, 10))
            return self.head(hidden[:, -1])

    warnings.simplefilter("ignore", NotForgottenWarning)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    X = generator.normal(size=(_ROWS, _FEATURES)).astype(np.float32)
    y = generator.integers(0, _CLASSES, _ROWS)
    module = Recurrent()
    if kind == "perceptron":
        module = nn.Sequential(
            nn.Linear(_FEATURES, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, _CLASSES),
        )
    net = UnlearnableNeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        max_epochs=1,
        verbose=0,
        max_steps=2,
    )
    if stage != "import":
        net.fit(X, y)
    if stage == "request":
        some = np.arange(_ROWS // 10)
        net.replace_labels(X[some], y[some], (y[some] + 1) % _CLASSES)
    print(_peak(), sum(each.numel() for each in module.parameters()))


def _peak():
    """Bytes of this process's peak resident memory.

    On Linux not getrusage's, which a process inherits from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text().splitlines())
        return next(1024 * int(line[1]) for line in lines if line[0] == "VmHWM:")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("width", type=int)
    parser.add_argument("stage", choices=_STAGES)
    given = parser.parse_args()
    _measured(given.kind, given.width, given.stage)
