"""What is particular to nearest centroids."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from sklearn_unlearn import UnlearnableNearestCentroid


def test_medians_are_refused():
    X, y = np.arange(8.0).reshape(4, 2), [0, 0, 1, 1]
    with pytest.raises(ValueError, match="medians"):
        UnlearnableNearestCentroid(metric="manhattan").fit(X, y)
    with pytest.raises(ValueError, match="metric"):
        UnlearnableNearestCentroid(metric="cosine").fit(X, y)


def test_columns_that_do_not_vary_are_as_the_twins():
    X = np.array([[0.1, 1.0], [0.1, 3.0], [0.1, 2.0], [0.1, 5.0], [0.7, 4.0]])
    y = np.array([0, 0, 1, 1, 1])
    model = UnlearnableNearestCentroid().fit(X, y)
    with pytest.warns(UserWarning, match="zero standard deviation"):
        model.partial_unfit(X[4:], y[4:])
    assert model.within_class_std_dev_[0] == 0.0
    with pytest.warns(UserWarning, match="zero standard deviation"):
        twin = NearestCentroid().fit(X[:4] * [0.0, 1.0], y[:4])
    np.testing.assert_allclose(
        model.within_class_std_dev_, twin.within_class_std_dev_, rtol=1e-14
    )
    fitted = model._fitted
    with pytest.raises(ValueError, match="zero variance"):
        model.replace_features(X[:4], y[:4], np.full((4, 2), 0.3))
    assert model._fitted is fitted


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="greater than one"):
        UnlearnableNearestCentroid().fit([[1.0], [2.0]], [0, 0])
