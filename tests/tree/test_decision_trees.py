"""Single trees against scikit-learn's, and what both kinds refuse."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn import (
    UnlearnableDecisionTreeClassifier,
    UnlearnableDecisionTreeRegressor,
    UnlearnableRandomForestRegressor,
)

RNG = np.random.default_rng(0)
X, Y = make_classification(300, 5, n_informative=4, n_redundant=0, random_state=0)
#: With them no two splits are equally good.
WEIGHT = RNG.uniform(1.0, 2.0, 300)


@pytest.mark.parametrize(
    ("criterion", "class_weight"),
    [
        ("gini", None),
        ("entropy", None),
        ("gini", {0: 1.0, 1: 3.0}),
        ("log_loss", "balanced"),
    ],
)
def test_a_classifier_is_the_twin(criterion, class_weight):
    options = {
        "criterion": criterion,
        "min_samples_leaf": 12,
        "class_weight": class_weight,
    }
    ours = UnlearnableDecisionTreeClassifier(**options, random_state=0)
    twin = DecisionTreeClassifier(**options, random_state=0).fit(X, Y, WEIGHT)
    ours.fit(X, Y, WEIGHT)
    np.testing.assert_allclose(ours.predict_proba(X), twin.predict_proba(X), rtol=1e-7)
    if criterion == "gini":  # by entropy the twin splits nodes of one class
        assert ours.get_depth() == twin.get_depth()
        assert ours.get_n_leaves() == twin.get_n_leaves()
    np.testing.assert_allclose(
        ours.feature_importances_, twin.feature_importances_, atol=1e-7
    )


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_regressor_is_the_twin(n_targets, weight):
    y = 1e3 + X[:, :n_targets] ** 2 @ np.eye(n_targets) + RNG.normal(size=(300, 1))
    y = y[:, 0] if n_targets == 1 else y
    ours = UnlearnableDecisionTreeRegressor(max_depth=4, random_state=0)
    twin = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, y, weight)
    ours.fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), twin.predict(X), rtol=1e-8)


@pytest.mark.parametrize(
    ("model", "load"),
    [
        (UnlearnableDecisionTreeClassifier(random_state=1), load_breast_cancer),
        (UnlearnableDecisionTreeRegressor(max_depth=5, random_state=1), load_diabetes),
    ],
)
def test_an_export_predicts_the_same_and_holds_no_row(model, load):
    data, target = load(return_X_y=True)
    model = clone(model).fit(data, target).partial_unfit(data[:3], target[:3])
    plain = model.to_sklearn()
    assert type(plain).__module__.startswith("sklearn.tree")
    np.testing.assert_array_equal(plain.predict(data), model.predict(data))
    np.testing.assert_array_equal(plain.apply(data), model.apply(data)[:, 0])
    np.testing.assert_allclose(
        plain.feature_importances_, model.feature_importances_, atol=1e-9
    )
    refit = clone(model).fit(data[3:], target[3:]).to_sklearn()
    nodes, others = (each.tree_.__getstate__()["nodes"] for each in (plain, refit))
    for name in nodes.dtype.names:
        np.testing.assert_array_equal(nodes[name], others[name])


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("criterion", "poisson", "criterion must be one of"),
        ("max_leaf_nodes", 4, "max_leaf_nodes must be None"),
        ("min_impurity_decrease", 0.1, "min_impurity_decrease must be 0.0"),
        ("ccp_alpha", 0.1, "ccp_alpha must be 0.0"),
        ("splitter", "worst", "splitter must be"),
        ("max_features", "auto", "max_features must be"),
        ("min_samples_leaf", 0, "min_samples_leaf"),
    ],
)
def test_what_no_tree_is_grown_by_is_refused(name, value, match):
    model = UnlearnableDecisionTreeClassifier(**{name: value})
    with pytest.raises(ValueError, match=match):
        model.fit(X, Y)


def test_what_single_precision_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="float32"):
        UnlearnableDecisionTreeClassifier().fit(np.array([[1e300], [0.0]]), [0, 1])


def test_sparse_rows_are_refused():
    bad, match = sp.csr_array(X), "Sparse data was passed for X"
    for model in (
        UnlearnableDecisionTreeClassifier(),
        UnlearnableRandomForestRegressor(2),
    ):
        with pytest.raises(TypeError, match=match):
            clone(model).fit(bad, Y)
        fitted = clone(model).fit(X, Y)
        with pytest.raises(TypeError, match=match):
            fitted.predict(bad)
