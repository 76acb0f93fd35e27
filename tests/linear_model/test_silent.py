"""A request without data and without a warning leaves no model worse than nothing.

``python -m benchmarks silent`` searches longer.
"""

import math
import pickle
import warnings
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import normalize, scale

from benchmarks import silent
from benchmarks.silent_problems import KEPT, judged, verdict
from sklearn_unlearn import UnlearnableLinearSVC, UnlearnableLogisticRegression
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.exceptions import LargeStepWarning, UnlearningError
from tests.cases import ESTIMATORS, FORMATS, LARGE_STEPS, QUADRATIC, data, make
from tests.linear_model.requests import N_ROWS, VERBS, ask

BOUNDED = ["logistic", "multinomial", "poisson", "gamma", "svc", "svr", "huber"]


@pytest.mark.parametrize(
    ("model", "verb", "seed"),
    [
        ("logistic, two classes", "replace_labels", 66),
        ("LinearSVC, two classes", "replace_features", 267),
        ("logistic, two classes", "forget_features", 13),
    ],
)
def test_a_row_that_nobody_sees_is_not_forgotten(model, verb, seed):
    problem = silent.drawn_with_a_far_row(np.random.default_rng(seed), model, verb)
    assert judged(problem, np.inf).is_worse
    assert judged(problem) is None


@pytest.mark.parametrize(
    ("model", "seed"),
    [("LinearSVC, three classes", 257), ("LinearSVC, two classes", 166)],
)
def test_a_row_beyond_its_margin_pulls_no_longer(model, seed):
    rng = np.random.default_rng(seed)
    problem = silent.drawn_with_a_far_row(rng, model, "replace_labels")
    found = judged(problem, np.inf)
    assert found.residual < 0.2  # little is left of the gradient,
    assert found.error > 0.9 * found.error_of_none  # but nothing pulls the row
    assert judged(problem) is None


@pytest.mark.parametrize(("seed", "row"), [(684, 6), (749, 7), (439, 7)])
def test_a_row_that_nothing_holds_goes_farther_than_the_coefficients(seed, row):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, 3))
    X[:2] *= 30.0  # beyond their margins
    y = (X[:, 0] + rng.logistic(size=40) > 0.0).astype(int)
    asked = "LinearSVC, two classes", "partial_unfit", 1.0
    problem = silent.Problem(*asked, X, y, np.array([row]), X[[row]], y[[row]])
    found = judged(problem, np.inf)
    assert found.residual < 0.2  # the gradient is nearly gone
    assert found.error > found.error_of_none
    assert judged(problem) is None


def test_that_all_change_little_is_no_excuse_where_a_bound_is_known():
    rng = np.random.default_rng(110)
    problem = silent.drawn_with_a_far_row(rng, "LinearSVR", "replace_features")
    found = judged(problem, np.inf)
    assert found.error > 0.9 * found.error_of_none  # of a row with nothing to hold it
    assert judged(problem) is None


@pytest.mark.parametrize(
    ("model", "verb", "part", "number"),
    [("Poisson", "forget_features", 6, 90), ("gamma", "partial_unfit", 0, 158)],
)
def test_a_gradient_that_is_shorter_in_one_norm_alone(model, verb, part, number):
    rng = np.random.default_rng([part, list(silent.MODELS).index(model)])
    for each in range(number + 1):  # as the search drew them
        draw = silent.drawn_with_a_far_row if each % 4 == 3 else silent.drawn
        problem = draw(rng, model, verb)
    assert judged(problem, np.inf).residual > 1.0
    assert judged(problem) is None


@pytest.mark.parametrize("model", silent.MODELS)
def test_none_is_worse_than_nothing(model):
    found = silent.searched(model, n_drawn=40, n_climbed=1, n_steps=8)
    assert len(found.random) >= 2
    for problem, found_of in found.random + found.climbed:
        assert not found_of.is_worse, (problem, found_of)


def test_the_search_finds_what_no_doubt_would_let_pass(monkeypatch):
    trusting = partial(verdict, doubtful=np.inf)
    monkeypatch.setattr(silent, "verdict", trusting)
    monkeypatch.setattr(silent, "VERBS", ("replace_labels",))
    found = silent.searched("logistic, two classes", 60, 0, 0)
    assert any(verdict.is_worse for _, verdict in found.random)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("model", [each for each in silent.MODELS if each not in KEPT])
def test_the_search_makes_requests_as_estimators_do(model):
    rng, silent_ones = np.random.default_rng(1), 0
    for verb in silent.VERBS:
        problem = silent.drawn(rng, model, verb)
        before, edit = silent.fitted(problem), problem.edit()
        estimator = problem.make().fit(problem.X, problem.y)
        state = estimator._fitted.model.state
        np.testing.assert_allclose(state.theta, before.theta, rtol=1e-5, atol=1e-6)
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                problem.carry_out(estimator)
        except UnlearningError:
            told = ["refused"]
        assert bool(told) == (verdict(problem, before) is None)
        if not told:
            silent_ones += 1
            theta = estimator._fitted.model.state.theta
            step = unlearn(before, edit)
            np.testing.assert_allclose(theta, step.state.theta, rtol=1e-5, atol=1e-6)
    assert silent_ones


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "forget_features"])
@pytest.mark.parametrize("name", BOUNDED)
def test_everyday_requests_are_silent(name, verb):
    # three labels of 600 may put as many rows beyond a margin as hold a column there
    X, y = data(name, 1000 if name == "svc" else 600)
    estimator = make(name).fit(X, y)
    ask(verb, estimator, FORMATS["dense"], X, y, None)  # warnings are errors


def test_requests_of_patients_are_silent():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    estimator = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    for row in range(20):
        estimator.partial_unfit(X[[row]], y[[row]])
    estimator.replace_labels(X[[413]], y[[413]], [0])
    estimator.forget_features([4])


def test_most_columns_of_patients_are_forgotten_in_silence():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    estimator = UnlearnableLogisticRegression().fit(X, y)
    for column in range(10):  # of which some are nearly dependent
        deepcopy(estimator).forget_features([column])


def test_most_requests_to_wide_classifiers_are_silent():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 50))
    y = X[:, 0] + 0.3 * rng.logistic(size=1000) > 0.0
    estimator = UnlearnableLinearSVC(C=0.1).fit(X, y)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for row in range(10):
            deepcopy(estimator).partial_unfit(X[[row]], y[[row]])
    assert len(told) <= 2  # by column maxima six did not pass


def test_requests_to_classifiers_of_mails_are_silent():
    # short rows of many columns, each of which is large in some row
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(400, 300)) * (rng.uniform(size=(400, 300)) < 0.03)
    X = normalize(sp.csr_array(X))
    y = X[:, :150].sum(axis=1) + 0.3 * rng.logistic(size=400) > 0.7
    estimator = UnlearnableLogisticRegression().fit(X, y)
    reach = estimator._fitted.model.state.reach
    for row in range(20):
        deepcopy(estimator).partial_unfit(X[[row]], y[[row]])
    assert reach.lengths.largest(np.ones((301, 1))) < 0.2 * reach.columns.sum()


def test_a_request_costs_no_product_with_the_hessian_where_little_changes(monkeypatch):
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    for model in (UnlearnableLogisticRegression(C=0.1), UnlearnableLinearSVC(C=0.01)):
        estimator = model.fit(X, y)
        estimator.partial_unfit(X[[0]], y[[0]])
        products = []
        real = Factor.curvature_dot

        def counted(self, vectors, real=real, products=products):
            products.append(vectors.shape)
            return real(self, vectors)

        with monkeypatch.context() as patch:
            patch.setattr(Factor, "curvature_dot", counted)
            patch.setattr(Factor, "largest_eigenvalue", property(lambda self: 1 / 0))
            estimator.partial_unfit(X[[1]], y[[1]])
        assert not products


@pytest.mark.parametrize(
    ("name", "retain_data"),
    [(name, True) for name in ESTIMATORS] + [(name, False) for name in QUADRATIC],
)
def test_nothing_to_warn_of_where_data_are_known_or_the_step_is_exact(
    name, retain_data
):
    X, y = data(name, N_ROWS)
    for verb in VERBS:  # warnings are errors
        estimator = make(name, retain_data=retain_data).fit(X, y)
        ask(verb, estimator, FORMATS["dense"], X, y, None)
        assert not retain_data or estimator._fitted.model.state.reach is None


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", BOUNDED)
def test_rows_leave_what_is_known_of_others_as_they_came(name):
    X, y = data(name, N_ROWS)
    estimator = make(name).fit(X, y)
    before = sums(estimator)
    new, labels = X[:2] + 0.25, y[[3, 4]]
    estimator.partial_fit(new, labels)
    pairs = list(zip(sums(estimator), before, strict=True))
    assert any(not np.allclose(matrix, old, rtol=1e-9) for matrix, old in pairs)
    estimator.partial_unfit(new, labels)
    for matrix, old in zip(sums(estimator), before, strict=True):
        np.testing.assert_allclose(matrix, old, atol=1e-10 * np.abs(old).max())


@pytest.mark.parametrize("name", ["logistic", "svc"])
def test_data_that_are_seen_again(name):
    X, y = data(name, N_ROWS)
    estimator = make(name).fit(X, y)
    columns = estimator._fitted.model.state.reach.columns
    far = np.where(np.arange(X.shape[1]) == 1, 100.0, 0.0)[None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LargeStepWarning)
        estimator.partial_fit(far, y[:1], sample_weight=1e-9)
        estimator.partial_unfit(far, y[:1], sample_weight=1e-9)
    assert estimator._fitted.model.state.reach.columns[1] == 128.0
    estimator.refine(X, y)
    np.testing.assert_array_equal(estimator._fitted.model.state.reach.columns, columns)
    # the values themselves are in no pickle
    pickled = pickle.dumps(estimator)
    for value in (*np.abs(X).max(axis=0), np.float64(100.0)):
        assert value.tobytes() not in pickled


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", BOUNDED)
def test_nothing_is_kept_of_a_forgotten_column(name):
    X, y = data(name, N_ROWS)
    estimator = make(name).fit(X, y).forget_features(1)
    reach = estimator._fitted.model.state.reach
    assert reach.columns[1] == 0.0 < reach.blur
    way = (np.arange(reach.columns.size) == 1).astype(float)[:, None]
    for powers in powers_of(reach):
        assert powers.largest(way) == 0.0
        assert powers.ever[1] == 0.0
        assert np.count_nonzero(powers.values) <= math.comb(reach.columns.size + 2, 4)
    if reach.margins is not None:
        first, second = np.triu_indices(reach.columns.size)
        gone = (first == 1) | (second == 1)
        assert not reach.margins.sums[..., gone].any()
        assert reach.margins.sums[..., ~gone].all(axis=-1).any()
        assert reach.margins.ever[1] == 0.0


def powers_of(reach):
    """All sums of fourth powers."""
    return [each for each in (reach.powers, reach.curved) if each is not None]


def sums(estimator):
    """All sums over rows by which a step is judged."""
    reach = estimator._fitted.model.state.reach
    margins = [] if reach.margins is None else [reach.margins.sums]
    margins += [] if reach.outliers is None else [reach.outliers.margins.sums]
    return [powers.values for powers in powers_of(reach)] + margins


@pytest.mark.parametrize("name", ["logistic", "svc"])
def test_a_copy_says_the_same_of_what_is_in_doubt(name):
    X, y = data(name, N_ROWS)
    estimator = make(name).fit(X, y)
    for copy in (pickle.loads(pickle.dumps(estimator)), deepcopy(estimator)):
        for verb in VERBS:
            told = []
            for each in (estimator, copy):
                each = deepcopy(each)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    ask(verb, each, FORMATS["dense"], X, y, None)
                told.append(len(caught))
            assert told[0] == told[1]
