"""Columns that are forgotten are zeros at the entrance of a module, for good."""

import pickle

import numpy as np
import pytest
import torch

from sklearn_unlearn.exceptions import UnlearningError
from tests.neural_network.modules.nets import (
    Dense,
    Recurrent,
    blobs,
    classifier,
    sequences,
    state,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning",
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning",
)


def spoiled(X, columns):
    """Rows with other values in these columns, and such without them."""
    anything = X.copy()
    anything[:, columns] = np.nan
    return anything, np.delete(X, columns, axis=1)


@quietly
@pytest.mark.parametrize("norm", [False, True])
def test_forgotten_columns(norm):
    X, y = blobs()
    net = classifier(module__norm=norm, max_steps=2 if norm else 10).fit(X, y)
    zeros = X.copy()
    zeros[:, 1] = 0.0
    assert net.forget_features(1) is net
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    assert report.loss_before is report.forgotten is None
    expected = net.predict_proba(zeros)
    for rows in (X, *spoiled(X, [1])):
        np.testing.assert_array_equal(net.predict_proba(rows), expected)
        assert net.gradient_residual(rows, y) == net.gradient_residual(zeros, y)
    narrow = spoiled(X, [1])[1]
    net.partial_unfit(narrow[:3], y[:3])
    net.replace_features(X[3:5], y[3:5], narrow[3:5] + 0.5)
    net.forget_features([1, 3])
    rows = np.delete(X, [1, 3], axis=1)
    rows[3:5] += 0.5
    net.refine(rows[3:], y[3:])
    np.testing.assert_array_equal(
        net.predict_proba(spoiled(X, [1, 3])[0]),
        net.predict_proba(spoiled(X, [1, 3])[1]),
    )
    # as good as training without the columns
    refit = classifier(module__n_in=2, module__norm=norm).fit(X[:, [0, 2]], y)
    assert net.score(X, y) > refit.score(X[:, [0, 2]], y) - 0.05


@quietly
def test_copies_and_exports_have_forgotten():
    X, y = blobs()
    net = classifier(max_steps=1).fit(X, y).forget_features([2])
    anything, _ = spoiled(X, [2])
    expected = net.predict_proba(anything)
    assert np.isfinite(expected).all()
    for other in (pickle.loads(pickle.dumps(net)), net.to_skorch()):
        np.testing.assert_array_equal(other.predict_proba(anything), expected)
    value = float(X[5, 2])
    assert np.float32(value).tobytes() not in pickle.dumps(net)
    # a fit knows nothing of it
    again = net.fit(X, y)
    assert np.isnan(again.predict_proba(anything)).any()


def test_methods():
    X, y = blobs()
    zeros = X.copy()
    zeros[:, 0] = 0.0
    net = classifier(method="second_order", optimizer__weight_decay=0.02).fit(X, y)
    before = net.gradient_residual(zeros, y)
    net.forget_features([0])
    assert net.gradient_residual(X, y) < before
    # without data the mask is all that can be done
    net = classifier(method="first_order", retain_data=False).fit(X, y)
    expected = net.predict_proba(zeros)
    net.forget_features([0])
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-6)
    assert net.unlearning_report().objective is None


@quietly
def test_rows_of_any_shape():
    class Flat(Dense):
        def forward(self, X):
            return super().forward(X.flatten(1))

    X, y = blobs()
    shaped = X.reshape(-1, 2, 2)
    net = classifier(Flat, max_steps=2).fit(shaped, y).forget_features([3])
    other = shaped.copy()
    other[:, 1, 1] = np.nan
    expected = net.predict_proba(shaped)
    np.testing.assert_array_equal(net.predict_proba(other), expected)
    net.partial_unfit(other[:2], y[:2])
    assert net._fitted.model.retained.n_rows == 88
    assert torch.is_tensor(next(net.forward_iter(torch.tensor(other))))


def test_bad_requests():
    X, y = blobs()
    net = classifier(max_epochs=1, max_steps=1).fit(X, y)

    def refused(error, match, verb, *arguments):
        before, kept = state(net), net._fitted
        with pytest.raises(error, match=match):
            getattr(net, verb)(*arguments)
        assert state(net) == before
        assert net._fitted is kept

    refused(ValueError, "nothing would be left", "forget_features", [0, 1, 2, 3])
    refused(ValueError, "index 4, out of range", "forget_features", 4)
    refused(ValueError, "without feature names", "forget_features", "age")
    net.forget_features([0])
    refused(ValueError, "nothing would be left", "forget_features", [1, 2, 3])
    bad = X[:1].copy()
    bad[0, 1] = np.nan
    refused(ValueError, "NaN", "partial_unfit", bad, y[:1])
    refused(ValueError, r"shape \(2,\)", "partial_unfit", X[:1, :2], y[:1])
    tokens, targets = sequences()
    net = classifier(Recurrent, max_epochs=1).fit(tokens, targets)
    refused(UnlearningError, "as tokens do", "forget_features", [0])
