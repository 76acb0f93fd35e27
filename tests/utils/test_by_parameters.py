"""What follows from parameters is looked up, and never that of others."""

import pytest
from sklearn.base import BaseEstimator

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils import by_parameters as module
from sklearn_unlearn.utils.by_parameters import by_parameters
from tests.families import X, y


class _Estimator(BaseEstimator):
    def __init__(self, alpha=1.0, values=None):
        self.alpha, self.values = alpha, values


def _asked(estimator):
    """A function that counts how often it is asked."""
    asked.append(estimator)
    return (type(estimator), estimator.alpha)


asked = []


def test_the_same_choice_is_asked_about_once():
    asked.clear()
    for alpha in (2.5, 2.5, True, 1, 1.0, 2.5):
        assert by_parameters(_Estimator(alpha), _asked) == (_Estimator, alpha)
    # equal, yet of other kinds: what follows may differ
    assert [repr(each.alpha) for each in asked] == ["2.5", "True", "1", "1.0"]
    assert by_parameters(_Estimator(2.5), repr) != (_Estimator, 2.5)
    for _ in range(2):  # which may change without being another
        by_parameters(_Estimator(2.5, values=[1]), _asked)
    assert len(asked) == 6


def test_few_choices_are_kept():
    for alpha in range(3 * module._MOST_KNOWN):
        assert by_parameters(_Estimator(alpha), _asked) == (_Estimator, alpha)
    assert len(module._KNOWN) <= module._MOST_KNOWN


def test_wrong_parameters_are_refused_each_time():
    model = UnlearnableLogisticRegression().fit(X, y)
    before = model.coef_
    model.set_params(tol=-1.0)
    for _ in range(2):
        with pytest.raises(UnlearningError, match="tol"):
            model.partial_unfit(X[:1], y[:1])
    assert (model.coef_ == before).all()
    model.set_params(tol=1e-3).partial_unfit(X[:1], y[:1])
    assert (model.coef_ != before).any()
