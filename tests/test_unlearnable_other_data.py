"""A fitted estimator that is no fit to the data: what differs, and by how much."""

import re
import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
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


@pytest.mark.parametrize("name", TWINS)
def test_other_data_are_said_to_be_others(name):
    theirs = TWINS[name](**GIVEN.get(name, {}))
    X, other, y = data(theirs)
    if name.startswith("UnlearnableSelect"):
        y = (y > np.median(y)).astype(int)
    if not (is_classifier(theirs) or is_regressor(theirs) or "Select" in name):
        y = y if get_tags(theirs).target_tags.required else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unlearnable(theirs, other, y)
    said = [e for e in caught if e.category is DataMismatchWarning]
    assert said
    assert AMOUNT.search(str(said[0].message)), str(said[0].message)


def test_a_step_that_refuses_the_rows_is_named():
    X, other, _ = data(OneHotEncoder())
    y = X[:, 0] + np.arange(len(X))
    theirs = make_pipeline(OneHotEncoder(), StandardScaler(with_mean=False), Ridge())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unlearnable(theirs.fit(X, y), other, y)
    said = [str(each.message) for each in caught]
    assert "step 'onehotencoder' another categories_ (of 1 of 4 columns)" in said[0]
