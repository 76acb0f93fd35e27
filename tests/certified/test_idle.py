"""Requests that leave the data as they were show the stored publication."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from tests.cases import make
from tests.certified.problems import all_drawn, certified, problem, shown, theta

ROWS = np.array([3, 0, 7])


def same_values(estimator, X, y):
    estimator.replace_features(X[ROWS], y[ROWS], X[ROWS])


def same_labels(estimator, X, y):
    estimator.replace_labels(X[ROWS], y[ROWS], y[ROWS])


def equal_rows_in_another_order(estimator, X, y):
    # each row gets the values of another that has its target
    twins = np.flatnonzero(y == y[0])[:2]
    estimator.replace_features(X[twins], y[twins], X[twins[::-1]])


def no_weight_out(estimator, X, y):
    estimator.partial_unfit(X[ROWS], y[ROWS], 0.0)


def no_weight_in(estimator, X, y):
    estimator.partial_fit(1.5 * X[ROWS], y[ROWS], sample_weight=0.0)


def forgotten_before(estimator, X, y):
    estimator.forget_features([0])


def minimised(estimator, X, y):
    rest = X.copy()
    rest[:, 0] = 0.0
    estimator.set_params(tol=1e-11).refine(rest, y)


IDLE = [
    same_values,
    same_labels,
    equal_rows_in_another_order,
    no_weight_out,
    no_weight_in,
    forgotten_before,
    minimised,
]


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("request_", IDLE)
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge", "poisson"])
def test_the_publication_stays(name, request_, retain_data):
    X, y = problem(name)
    X[:, 0] *= 1e-3
    y[np.flatnonzero(y == y[0])[0]] = y[np.flatnonzero(y != y[0])[0]]
    y[1] = y[0]
    estimator = certified(name, 1e3, retain_data=retain_data, tol=1e-7).fit(X, y)
    estimator.forget_features([0])
    X[:, 0] = 0.0
    published, record = shown(estimator).copy(), estimator.private_record()
    for _ in range(3):
        request_(estimator, X, y)
        np.testing.assert_array_equal(shown(estimator), published)
        assert estimator.private_record() == record
    # the data are those that they were: another request says so
    estimator.partial_unfit(X[ROWS], y[ROWS])
    tight = make(name, tol=1e-11).fit(np.delete(X, ROWS, 0), np.delete(y, ROWS))
    distance = np.linalg.norm(theta(estimator) - theta(tight))
    assert distance <= estimator.private_record().distance
    kept = published != 0.0
    assert all_drawn(shown(estimator)[kept], published[kept])


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
def test_the_mean_of_many_idle_requests_has_all_the_noise(as_format):
    X, y = problem("ridge")
    X = as_format(X)
    estimator = certified("ridge", retain_data=True).fit(X, y)
    seen = [shown(estimator)]
    for row in range(30):
        out = [row]
        estimator.replace_features(X[out], y[out], X[out])
        estimator.refine(X, y)
        seen.append(shown(estimator))
    assert np.ptp(seen, axis=0).max() == 0.0
    assert estimator.private_record().publication == 1


def test_out_and_in_again_are_two_publications_and_paid_for():
    X, y = problem("ridge")
    estimator = certified("ridge", retain_data=True).fit(X, y)
    squares = [estimator.private_record().distance ** 2]
    for request in (estimator.partial_unfit, estimator.partial_fit):
        request(X[:2], y[:2])
        squares.append(estimator.private_record().distance ** 2)
    record = estimator.private_record()
    assert record.publication == 3
    assert record.spent == pytest.approx(np.sqrt(np.sum(squares)), rel=1e-12)


def test_what_an_idle_request_names_has_to_be_there():
    X, y = problem("ridge")
    estimator = certified("ridge", retain_data=True).fit(X, y)
    with pytest.raises(ValueError, match="in the retained"):
        estimator.replace_features(1.5 * X[:1], y[:1], 1.5 * X[:1])


def test_rows_that_take_the_place_of_their_like_keep_their_names():
    X, y = problem("ridge")
    estimator = certified("ridge", retain_data=True).fit(X, y, row_ids=np.arange(600))
    estimator.replace_features(X[ROWS], y[ROWS], X[ROWS])
    copied = pickle.loads(pickle.dumps(copy.deepcopy(estimator)))
    for model in (estimator, copied):
        model.partial_unfit(row_ids=ROWS)
        assert model.private_record().publication == 2
