"""An unlearner that only its own file knows is a step of any kind."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone

from sklearn_unlearn import (
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.base import Answer, UnlearnerMixin
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.exceptions import UnlearningError
from tests.pipeline.data import raw


@dataclass(frozen=True)
class Sums:
    """How many rows there are, and sums over them."""

    n_rows: int
    total: np.ndarray

    @property
    def mean(self):
        return self.total / self.n_rows

    def edited(self, request, value):
        n_rows, total = self.n_rows, self.total
        for batch, sign in ((request.out, -1), (request.into, 1)):
            if batch is not None:
                n_rows = n_rows + sign * len(value(batch))
                total = total + sign * value(batch).sum(axis=0)
        return Sums(n_rows, total)


class Centred(TransformerMixin, UnlearnerMixin, BaseEstimator):
    """Subtracts the mean; ``tells`` says whether it knows what that does to others."""

    _accepts = frozenset({"out", "into"})

    def __init__(self, tells=True):
        self.tells = tells

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self._fitted = Sums(len(X), X.sum(axis=0))
        return self

    def transform(self, X):
        return X - self._checked().mean

    def _apply(self, fitted, request):
        after = fitted.edited(request, lambda batch: np.asarray(batch.X))
        shift = fitted.mean - after.mean
        places, ones = np.arange(shift.size), np.ones(shift.size)
        outputs = AffineMap.of_columns(shift.size, places, ones, shift)
        return Answer(after, outputs if self.tells else None)


class Average(RegressorMixin, UnlearnerMixin, BaseEstimator):
    """Predicts the mean of the targets, and how far away the mean of the rows is."""

    _accepts = frozenset({"out", "into", "y"})

    def fit(self, X, y):
        self._fitted = Sums(len(y), np.column_stack([y, X]).sum(axis=0))
        return self

    def predict(self, X):
        mean = self._checked().mean
        return mean[0] + np.abs(X - mean[1:]).sum(axis=1)

    def _apply(self, fitted, request):
        if request.into is not None and request.out is not None:
            return self._replace(fitted, request)
        return Answer(fitted.edited(request, _both))

    def _replace(self, fitted, request):
        out, into = request.out, request.into
        change = np.column_stack(
            [
                (out.y if into.y is None else into.y) - out.y,
                (out.X if into.X is None else into.X) - out.X,
            ]
        )
        return Answer(Sums(fitted.n_rows, fitted.total + change.sum(axis=0)))


def _both(batch):
    return np.column_stack([batch.y, batch.X])


def all_verbs(model, X, y):
    """The model after each verb about rows, and the data that a refit gets."""
    model.fit(X[:30], y[:30])
    model.partial_unfit(X[:3], y[:3])
    model.replace_features(X[3:4], y[3:4], X[40:41])
    model.replace_labels(X[4:5], y[4:5], y[40:41])
    model.partial_fit(X[30:35], y[30:35])
    X, y = X.copy(), y.copy()
    X[3], y[4] = X[40], y[40]
    return X[3:35], y[3:35]


FIRST = {
    "first": lambda step, last: make_unlearnable_pipeline(step, last),
    "in columns": lambda step, last: make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (step, [0, 1]), (UnlearnableStandardScaler(), [2, 3, 4])
        ),
        last,
    ),
    "nested": lambda step, last: make_unlearnable_pipeline(
        make_unlearnable_pipeline("passthrough", step), last
    ),
    "second": lambda step, last: make_unlearnable_pipeline(
        UnlearnableStandardScaler(), step, last
    ),
}


@pytest.mark.parametrize(
    ("retain_data", "tells"), [(True, True), (False, True), (True, False)]
)
@pytest.mark.parametrize("where", FIRST)
def test_a_new_transformer_before_a_model(where, retain_data, tells):
    X, y = raw("ridge")
    model = FIRST[where](Centred(tells), UnlearnableRidge(retain_data=retain_data))
    if where == "second" and not retain_data:
        model.fit(X, y)
        with pytest.raises(UnlearningError, match="'centred' was fitted on what comes"):
            model.partial_unfit(X[:1], y[:1])
        return
    refit = clone(model).fit(*all_verbs(model, X, y))
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-7)


def test_a_new_transformer_that_says_nothing_of_other_rows_needs_them():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline(Centred(tells=False), UnlearnableRidge())
    before = model.fit(X, y).predict(X)
    with pytest.raises(UnlearningError, match="'centred' makes of other rows"):
        model.partial_unfit(X[:1], y[:1])
    np.testing.assert_array_equal(model.predict(X), before)


def test_a_new_model_behind_steps():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline("passthrough", Average())
    rest = all_verbs(model, X, y)
    refit = clone(model).fit(*rest)
    np.testing.assert_allclose(model.predict(X), refit.predict(X))
    nested = make_unlearnable_pipeline(make_unlearnable_pipeline(Average()))
    nested.fit(*rest)
    assert not hasattr(nested, "refine")
    behind = make_unlearnable_pipeline(UnlearnableStandardScaler(), Average())
    with pytest.raises(UnlearningError, match="'average' keeps sums or models"):
        behind.fit(X, y).partial_unfit(X[:1], y[:1])


def test_weights_that_a_new_transformer_does_not_know():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline(Centred(), UnlearnableRidge())
    model.fit(X, y, np.full(y.size, 2.0))
    with pytest.raises(UnlearningError, match="'centred' was fitted without weights"):
        model.partial_unfit(X[:1], y[:1], 1.0)
