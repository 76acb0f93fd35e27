"""Every twin taken over: what other data it is told to be of, and what it exports."""

import inspect
import re
import warnings
from functools import cache

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

from sklearn_unlearn import unlearnable
from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.utils.discovery import all_estimators

TWINS = {
    name: cls._twin_class
    for name, cls in all_estimators()
    if getattr(cls, "_twin_class", None) is not None
}
#: What says by how much: of numbers, of entries or columns, of rows.
AMOUNT = re.compile(
    r"by up to [\d.]|by [\d.e+-]+, where|of shape \(|without \d+ of \d+ entries"
    r"|\(\d+ of \d+\)|of \d+ of \d+ columns|for \d+% of|is chosen, and"
)
#: Of parameters with which the values below would be one like another.
GIVEN = {
    "UnlearnableElasticNet": {"alpha": 0.01},
    "UnlearnableGammaRegressor": {"alpha": 0.01},
    "UnlearnableLasso": {"alpha": 0.01},
    "UnlearnablePoissonRegressor": {"alpha": 0.01},
    "UnlearnableTweedieRegressor": {"alpha": 0.01},
    "UnlearnableBernoulliNB": {"binarize": 0.7},
}


def data(estimator):
    """Rows, others of the same kind, and targets."""
    rng, n = np.random.default_rng(0), 80
    tags = get_tags(estimator).input_tags
    if tags.dict:
        one = [{"town": "ab"[k % 2], "age": k} for k in range(n)]
        return one, [{"town": "ac"[k % 2], "age": k} for k in range(n)], None
    if tags.string and not tags.two_d_array:
        words = np.array(["a deed", "no word", "but one", "done word"])
        one = words[rng.integers(4, size=n)].tolist()
        return one, [f"{each} more" for each in one], None
    if tags.categorical or "Categorical" in type(estimator).__name__:
        X = rng.integers(0, 3, size=(n, 4)).astype(float)
        other = X.copy()
        other[::2, 1] = 2.0 - X[::2, 1]
        X[:4, 2], other[:4, 2] = 3.0, 4.0
        return X, other, np.arange(n) % 2
    X = rng.normal(size=(n, 4))
    other = X + 0.5 * rng.normal(size=X.shape)
    y = np.exp(0.5 * X @ [1.0, 0.5, 0.0, -0.5])
    X, other = np.abs(X), np.abs(other)
    X[::3, 0] = 0.0
    return X, other, (y > np.median(y)).astype(int) if is_classifier(estimator) else y


@cache
def fitted(name):
    """The twin fitted, and others of its rows."""
    twin = TWINS[name]
    known = inspect.signature(twin).parameters
    solved = {"max_iter": 237, "tol": 3e-5, "random_state": 5}
    given = {each: value for each, value in solved.items() if each in known}
    if twin is TruncatedSVD:  # of which the counterpart solves otherwise
        given = {"algorithm": "arpack"}
    theirs = twin(**given, **GIVEN.get(name, {}))
    X, other, y = data(theirs)
    if name.startswith("UnlearnableSelect"):
        y = (y > np.median(y)).astype(int)
    if not (is_classifier(theirs) or is_regressor(theirs) or "Select" in name):
        y = y if get_tags(theirs).target_tags.required else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y)
    return theirs, X, other, y


@pytest.mark.parametrize("name", TWINS)
def test_other_data_are_said_to_be_others(name):
    theirs, _, other, y = fitted(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unlearnable(theirs, other, y)
    said = [e for e in caught if e.category is DataMismatchWarning]
    assert said
    assert AMOUNT.search(str(said[0].message)), str(said[0].message)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TWINS)
def test_parameters_survive_the_export(name):
    theirs, X, _, y = fitted(name)
    model = unlearnable(theirs, X, y, check=False)
    out = {"X": X[:2]} if y is None else {"X": X[:2], "y": y[:2]}
    found = model.partial_unfit(**out).to_sklearn().get_params()
    given = theirs.get_params()
    if name == "UnlearnableLogisticRegressionCV":  # whose export has the C chosen
        given = {each: given[each] for each in ("max_iter", "tol", "fit_intercept")}
    for each, value in given.items():
        assert repr(found[each]) == repr(value)


def test_a_step_that_refuses_the_rows_is_named():
    X, other, _ = data(OneHotEncoder())
    y = X[:, 0] + np.arange(len(X))
    theirs = make_pipeline(OneHotEncoder(), StandardScaler(with_mean=False), Ridge())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unlearnable(theirs.fit(X, y), other, y)
    said = [str(each.message) for each in caught]
    assert "step 'onehotencoder' another categories_ (of 1 of 4 columns)" in said[0]
