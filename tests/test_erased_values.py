"""No value of a row that left is in the file of a model, nor what gives it away."""

import copy
import itertools
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import is_regressor

import sklearn_unlearn
from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableHuberRegressor,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
)
from sklearn_unlearn.inspection import scan
from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.tags import takes_weights
from sklearn_unlearn.utils.traces import traces
from tests.cases import LARGE_STEPS

N_ROWS, OUT = 200, [0, 1]
VERBS = ("partial_unfit", "replace_features", "partial_fit")


def data(estimator):
    """Rows of which two hold the largest values of all columns, and a target."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.1, 1.0, (N_ROWS, 4))
    X[0] = 1.12345678, 1.28765432, 0.31415926, 1.13219876
    X[1] = 0.77123456, 0.33987654, 1.27182818, 0.61803398
    y = rng.integers(3, size=N_ROWS)
    weight = rng.uniform(0.5, 2.0, N_ROWS)
    weight[OUT] = 1.7654321, 2.3456789
    if is_regressor(estimator):
        y = rng.uniform(0.2, 1.0, N_ROWS)
        y[OUT] = 1.37123456, 0.87655432
    return X, y, weight if takes_weights(estimator) else None


def telling(row, target, weight):
    """What would give a row away, by name: values, their products and its length."""
    values = {f"x{j}": value for j, value in enumerate(row)}
    if target is not None:
        values["y"] = target
    found = dict(values)
    pairs = itertools.combinations_with_replacement(values, 2)
    found |= {f"{one} {other}": values[one] * values[other] for one, other in pairs}
    squares = float(row @ row)
    for name, square in (("length", squares), ("length with intercept", 1.0 + squares)):
        found |= {name: np.sqrt(square), f"{name}, squared": square}
    if weight is not None:
        found |= {f"weighted {name}": weight * value for name, value in found.items()}
    return found


def wanted(estimator, verb, X, y, weight):
    found = {}
    for row in OUT:
        leaves = is_regressor(estimator) and verb != "replace_features"
        target = y[row] if leaves else None
        told = telling(X[row], target, None if weight is None else weight[row])
        found |= {f"{name} of row {row}": value for name, value in told.items()}
    return found


def requested(model, verb, X, y, weight):
    """Two rows are in the model and leave it."""
    targets = {"y": y} if "y" in model._accepts else {}
    weights = {} if weight is None else {"sample_weight": weight}

    def of(rows):
        named = {**targets, **weights}
        return {name: values[rows] for name, values in named.items()}

    if verb == "partial_fit":
        model.fit(X[2:], **of(slice(2, None)))
        model.partial_fit(X[OUT], **of(OUT))
        model.partial_unfit(X[OUT], **of(OUT))
        return
    model.fit(X, **of(slice(None)))
    if verb == "partial_unfit":
        model.partial_unfit(X[OUT], **of(OUT))
    else:
        model.replace_features(X=X[OUT], X_new=X[OUT] * 0.0 + 0.5, **of(OUT))


def cases():
    """Each family, without data and with, certified and not; one verb each."""
    texts = {f"Unlearnable{name}Vectorizer" for name in ("Count", "Dict", "Tfidf")}
    n_cases = 0
    for name, cls in all_estimators():
        parameters = cls().get_params(deep=False)
        kept = [None]
        if "retain_data" in parameters:
            kept = [True] if "MLP" in name else [False, True]
        certified = [False]
        if getattr(sklearn_unlearn, name)().__sklearn_tags__().unlearning.certified:
            certified = [False, True]
        for retain_data, certifies in itertools.product(kept, certified):
            if name in texts:
                continue
            estimator = cls()
            # fewer trees and fewer models to choose from, the same in each run
            few = {"random_state": 0, "n_estimators": 3, "Cs": 2}
            if "Cs" in parameters:
                few["cv"] = 2
            estimator.set_params(**{key: few[key] for key in few if key in parameters})
            if retain_data is not None:
                estimator.set_params(retain_data=retain_data)
            if certifies:
                terms = GaussianCertification(1.0, 1e-5, 10.0)
                estimator.set_params(certification=terms)
            verb = VERBS[n_cases % 3]
            n_cases += 1
            if not hasattr(estimator, verb):
                verb = "partial_unfit"
            label = f"{name}-{retain_data}-{certifies}-{verb}"
            yield pytest.param(estimator, verb, id=label)


@pytest.mark.parametrize(("estimator", "verb"), cases())
def test_nothing_gives_a_row_away(estimator, verb):
    X, y, weight = data(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # steps are large, iterations few
        requested(estimator, verb, X, y, weight)
        found = traces(
            pickle.loads(pickle.dumps(estimator)),
            wanted(estimator, verb, X, y, weight),
            differences=True,
        )
    assert not found
    rows = X[OUT].astype(float)
    assert not scan(estimator, rows)
    assert not scan(pickle.dumps(estimator), rows)


def known_change(state, rows):
    """What a file tells of the gradient of rows that left: up to their scale, rows.

    With rows it is that of the others at the anchor, where all of them had none;
    without, what the Hessian says of the way from there.
    """
    objective, moved = state.objective, state.anchor - state.theta
    if rows is not None:
        return objective.gradient(rows, state.anchor)
    change = state.factor.curvature_dot(objective.pack(moved))
    return objective.unpack(change) + objective.penalty * moved


CURVED = {
    "logistic": UnlearnableLogisticRegression(C=10.0),
    "poisson": UnlearnablePoissonRegressor(alpha=1e-3),
    "huber": UnlearnableHuberRegressor(),
}


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("refines", [False, True])
@pytest.mark.parametrize("name", CURVED)
def test_no_coefficients_of_the_state_before_are_kept(name, refines):
    # with data in the file they gave the row away: to three digits here
    estimator = copy.deepcopy(CURVED[name]).set_params(retain_data=not refines)
    X, y, _ = data(estimator)
    X = X - X.mean(axis=0)
    y = (y == 0).astype(int) if name == "logistic" else y
    estimator.fit(X, y).partial_unfit(X[:1], y[:1])
    left = known_change(estimator._fitted.model.state, estimator._fitted.model.retained)
    told = left[:4, 0] / left[4, 0]
    if name != "huber":
        np.testing.assert_allclose(told, X[0], rtol=0.05)
    if refines:
        estimator.refine(X[1:], y[1:])
    before = estimator._fitted.model.state.theta
    loaded = pickle.loads(pickle.dumps(estimator))
    model = loaded._fitted.model
    np.testing.assert_array_equal(model.state.theta, before)
    largest = np.abs(known_change(model.state, model.retained)).max()
    assert largest < 1e-3 * np.abs(left).max()
    # and the model that was stored goes on as it was
    fresh = copy.deepcopy(estimator).fit(X[3:], y[3:])
    for each in (estimator, loaded):
        each.partial_unfit(X[1:3], y[1:3])
        if refines:
            each.refine(X[3:], y[3:])
        np.testing.assert_allclose(each.coef_, fresh.coef_, rtol=1e-4)


@pytest.mark.parametrize("retain_data", [False, True])
def test_a_quadratic_loss_keeps_no_coefficients_of_a_state_before(retain_data):
    estimator = UnlearnableRidge(retain_data=retain_data)
    X, y, _ = data(estimator)
    assert not estimator.fit(X, y)._fitted.model.state.anchor.any()
    estimator.partial_unfit(X[:1], y[:1])
    assert not estimator._fitted.model.state.anchor.any()
