"""Models of sums that scikit-learn fitted, taken over."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import scale

from sklearn_unlearn import UnlearnableGaussianNB
from sklearn_unlearn.exceptions import DataMismatchWarning
from tests.statistical import (
    CASES,
    WEIGHTED,
    assert_same,
    data,
    make,
    twin_of,
    weights,
)


@pytest.mark.parametrize("name", CASES)
def test_adopted_unlearns(name):
    X, y = data(name)
    deployed = twin_of(name).fit(X, y)
    before = pickle.dumps(deployed)
    adopted = type(make(name)).from_sklearn(deployed, X, y)
    assert pickle.dumps(deployed) == before
    assert adopted.get_params() == make(name).get_params()
    assert_same(name, adopted, deployed, X)
    adopted.partial_unfit(X[20:30], y[20:30])
    left = np.r_[:20, 30:90]
    assert_same(name, adopted, twin_of(name).fit(X[left], y[left]), X)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights(name):
    X, y = data(name)
    weight = weights(len(y))
    deployed = twin_of(name).fit(X, y, weight)
    adopted = type(make(name)).from_sklearn(deployed, X, y, weight)
    assert_same(name, adopted, deployed, X)
    with pytest.warns(DataMismatchWarning, match="give another"):
        type(make(name)).from_sklearn(deployed, X, y)


@pytest.mark.parametrize("name", CASES)
def test_other_data_are_noticed(name):
    X, y = data(name)
    deployed = twin_of(name).fit(X, y)
    with pytest.warns(DataMismatchWarning, match="give another"):
        adopted = type(make(name)).from_sklearn(deployed, X[:-20], y[:-20])
    assert_same(name, adopted, twin_of(name).fit(X[:-20], y[:-20]), X)


def test_bad_input_is_named():
    X, y = data("gaussian")
    deployed = GaussianNB().fit(X, y)
    adopt = UnlearnableGaussianNB.from_sklearn
    with pytest.raises(TypeError, match="takes a fitted GaussianNB"):
        adopt(twin_of("qda").fit(X, y), X, y)
    with pytest.raises(NotFittedError):
        adopt(GaussianNB(), X, y)
    with pytest.raises(ValueError, match="var_smoothing belongs to the fitted model"):
        adopt(deployed, X, y, var_smoothing=0.1)
    with pytest.raises(ValueError, match="X has 3 features"):
        adopt(deployed, X[:, :3], y)
    with pytest.raises(ValueError, match="y holds the labels"):
        adopt(deployed, X, np.char.upper(y))


def test_priors_of_a_first_batch_do_not_disturb():
    X, y = data("gaussian")
    deployed = GaussianNB().partial_fit(X[:50], y[:50], np.unique(y))
    deployed.partial_fit(X[50:], y[50:])
    with warnings.catch_warnings():
        # smoothing is a share of the largest variance, of the first batch there
        warnings.simplefilter("ignore", DataMismatchWarning)
        adopted = UnlearnableGaussianNB.from_sklearn(deployed, X, y)
    assert_same("gaussian", adopted, GaussianNB().fit(X, y), X)


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n][3] != "counts"])
def test_centred_columns_are_no_other_data(name):
    X, y = data(name)
    X = scale(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        type(make(name)).from_sklearn(twin_of(name).fit(X, y), X, y)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(WEIGHTED)))
def test_weights_are_refused_by_name(name):
    X, y = data(name)
    with pytest.raises(ValueError, match="sample_weight must be None"):
        type(make(name)).from_sklearn(twin_of(name).fit(X, y), X, y, np.ones(len(y)))
