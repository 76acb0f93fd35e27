"""Shuffled epochs and held-out rows of nets follow from the names of rows."""

import numpy as np
import pytest
import torch
from skorch.dataset import ValidSplit

from sklearn_unlearn.neural_network._torch._training import EpochsByName, TrainingMixin
from tests.neural_network.modules.nets import blobs, classifier

X, Y = blobs()
SUBJECTS = np.arange(90) // 2
ORDER = np.random.default_rng(2).permutation(90)


def trained(rows, ids=SUBJECTS, weight=None, **params):
    torch.manual_seed(0)
    params = {"iterator_train__shuffle": True, "max_epochs": 3} | params
    net = classifier(batch_size=8, **params)
    weight = None if weight is None else weight[rows]
    names = None if ids is None else ids[rows]
    return net.fit(X[rows], Y[rows], weight, row_ids=names)


def parameters(net):
    parts = [each.detach().numpy().ravel() for each in net.module_.parameters()]
    return np.concatenate(parts)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"train_split": ValidSplit(5, stratified=True)},
        {"train_split": ValidSplit(0.2, random_state=0)},
        {"weight": np.arange(90) % 3.0},
    ],
)
def test_rows_may_come_in_any_order(params):
    one, other = trained(np.arange(90), **params), trained(ORDER, **params)
    np.testing.assert_allclose(parameters(other), parameters(one), atol=1e-5)
    assert "_named_order" not in vars(one)
    by_place = trained(np.arange(90), ids=None, **params)
    assert np.abs(parameters(by_place) - parameters(one)).max() > 1e-3


def test_a_refit_visits_the_rows_that_stay_in_the_same_order(monkeypatch):
    visited, rest = [], np.flatnonzero(SUBJECTS != 7)
    visits = EpochsByName.__iter__

    def seen(sampler):
        order = list(visits(sampler))
        visited.append(order)
        return iter(order)

    monkeypatch.setattr(EpochsByName, "__iter__", seen)
    trained(np.arange(90))
    before, visited[:] = list(visited), []
    trained(rest)
    assert len(before) == len(visited) == 3
    after = [rest[epoch].tolist() for epoch in visited]
    assert after == [[row for row in epoch if row not in (14, 15)] for epoch in before]
    assert before[0] != before[1]


def test_as_many_rows_are_held_out_of_each_class(monkeypatch):
    found = []
    splits = TrainingMixin.get_split_datasets

    def seen(net, *arguments, **keywords):
        found.append(splits(net, *arguments, **keywords))
        return found[-1]

    monkeypatch.setattr(TrainingMixin, "get_split_datasets", seen)
    trained(np.arange(90), train_split=ValidSplit(5, stratified=True))
    ((train, held),) = found
    assert len(held) == 18
    assert sorted([*train.indices, *held.indices]) == list(range(90))
    shares = np.bincount(Y[held.indices]) / np.bincount(Y)
    assert np.all(np.abs(shares - 0.2) < 0.05)
