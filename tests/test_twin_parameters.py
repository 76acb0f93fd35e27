"""Code that is written for scikit-learn's constructors runs with ours."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, ParameterGrid, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from sklearn_unlearn import (
    UnlearnableBaggingClassifier,
    UnlearnableBaggingRegressor,
    UnlearnableGammaRegressor,
    UnlearnableGridSearchCV,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnablePoissonRegressor,
    UnlearnableRandomizedSearchCV,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
    unlearnable,
)
from sklearn_unlearn.retraining import RetrainedModel
from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.twin_parameters import drop_in

TWINS = {
    name: cls
    for name, cls in all_estimators()
    if getattr(cls, "_twin_class", None) is not None
}
#: Linear models, whose ``tol`` bounds a sum to which the twins' default is nothing.
NEWTON = (
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
#: A default of the twin's whose objective has no second derivative.
OTHER_LOSS = (UnlearnableLinearSVR, "loss")

#: Defaults of our own, which some releases of the twins have, or warn of others.
LATER = {
    "UnlearnableLogisticRegressionCV": {"scoring", "tol"},
    "UnlearnableRidgeCV": {"store_cv_results"},
}


def defaults(cls):
    parameters = inspect.signature(cls).parameters.values()
    return {each.name: each.default for each in parameters}


def data(estimator):
    rng = np.random.default_rng(0)
    tags = get_tags(estimator).input_tags
    if tags.dict:
        return [{"town": "ab"[number % 2], "age": number} for number in range(40)], None
    if tags.string and not tags.two_d_array:
        words = np.array(["a deed", "no word", "but one", "done word"])
        return list(words[rng.integers(4, size=40)]), None
    X = rng.integers(1, 4, size=(60, 3)).astype(float)
    X += 0.0 if tags.categorical else rng.uniform(0.1, 0.9, X.shape)
    if is_classifier(estimator):
        return X, np.arange(60) % 2
    return X, X @ [0.1, 0.2, 0.3] + rng.uniform(0.1, 0.2, 60)


def fitted(estimator, *given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of twins that have not converged
        return estimator.fit(*given)


@pytest.mark.parametrize("name", TWINS)
def test_all_parameters_of_the_twin_with_its_defaults(name):
    cls = TWINS[name]
    ours, theirs = defaults(cls), defaults(cls._twin_class)
    assert theirs.keys() <= ours.keys()
    different = {each for each in theirs if repr(ours[each]) != repr(theirs[each])}
    expected = {"tol"} if cls in NEWTON else set()
    expected |= {OTHER_LOSS[1]} if cls is OTHER_LOSS[0] else set()
    expected |= LATER.get(name, set()) & different
    assert different == expected
    # and the rest of what scikit-learn does with parameters
    values = {each: value for each, value in theirs.items() if each not in expected}
    made = cls(**values)
    assert clone(made).set_params(**values).get_params(deep=False) == {
        **ours,
        **values,
    }


@pytest.mark.parametrize(
    ("cls", "twin"),
    [
        (UnlearnableBaggingClassifier, BaggingClassifier),
        (UnlearnableBaggingRegressor, BaggingRegressor),
        (UnlearnableGridSearchCV, GridSearchCV),
        (UnlearnableRandomizedSearchCV, RandomizedSearchCV),
        (UnlearnablePipeline, Pipeline),
    ],
    ids=lambda cls: cls.__name__,
)
def test_what_consists_of_others_has_the_parameters_too(cls, twin):
    ours, theirs = defaults(cls), defaults(twin)
    assert theirs.keys() <= ours.keys()
    # a number of rows or a share of them, by release
    free = {"max_samples"}
    for name in theirs.keys() - free:
        assert repr(ours[name]) == repr(theirs[name])


def test_bags_of_some_columns_are_refused():
    X, y = data(UnlearnableBaggingClassifier())
    for params in ({"max_features": 0.5}, {"oob_score": True}):
        with pytest.raises(ValueError, match=f"was given {next(iter(params))}="):
            UnlearnableBaggingClassifier(**params).fit(X, y)
    params = {"verbose": 1, "warm_start": True, "random_state": 0}
    one = UnlearnableBaggingClassifier(**params).fit(X, y)
    other = UnlearnableBaggingClassifier(random_state=0).fit(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


#: Values that say how a minimum is sought, of the parameters that may have others.
WAYS = {
    "copy_X": False,
    "dual": True,
    "intercept_scaling": 3.0,
    "l1_ratio": 0.0,
    "n_jobs": 2,
    "penalty": "l2",
    "random_state": 7,
    "verbose": 1,
    "warm_start": True,
}
SOLVERS = {
    LogisticRegression: ("newton-cg", "newton-cholesky", "sag", "saga"),
    Ridge: ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"),
}


@pytest.mark.parametrize("cls", NEWTON, ids=lambda cls: cls.__name__)
def test_the_way_to_the_minimum_changes_nothing(cls, capfd):
    X, y = data(cls())
    expected = cls().fit(X, y).coef_
    own = set(inspect.signature(cls.__init__.__wrapped__).parameters)
    added = defaults(cls).keys() - own
    ways = [(each, WAYS[each]) for each in sorted(added & WAYS.keys())]
    ways += [("solver", each) for each in SOLVERS.get(cls._twin_class, ())]
    if hasattr(cls(), "solver") and not SOLVERS.get(cls._twin_class):
        ways += [("solver", "lbfgs" if "Ridge" not in cls.__name__ else "svd")]
    assert ways
    for each in ways:
        model = cls(**dict([each])).fit(X, y)
        np.testing.assert_array_equal(model.coef_, expected)
        exported = model.to_sklearn()
        assert exported.get_params()[each[0]] == each[1]
    assert capfd.readouterr() == ("", "")


REFUSED = {
    "l1": (UnlearnableLogisticRegression, {"penalty": "l1"}, "second derivative"),
    "both": (
        UnlearnableLogisticRegression,
        {"penalty": "elasticnet", "l1_ratio": 0.3},
        "l1_ratio=0.3, which is another objective",
    ),
    "liblinear": (
        UnlearnableLogisticRegression,
        {"solver": "liblinear"},
        "penalises the intercept",
    ),
    "positive": (UnlearnableRidge, {"positive": True}, "do not follow the data"),
    "of positive": (UnlearnableRidge, {"solver": "lbfgs"}, "positive=True alone"),
    "labels": (UnlearnableRidgeClassifier, {"positive": True}, "positive=True"),
    "hinge": (UnlearnableLinearSVC, {"loss": "hinge"}, "where it bends"),
    "sparse": (UnlearnableLinearSVC, {"penalty": "l1"}, "penalty='l1'"),
    "joint": (UnlearnableLinearSVC, {"multi_class": "crammer_singer"}, "another loss"),
    "kink": (UnlearnableLinearSVR, {"loss": "epsilon_insensitive"}, "where it bends"),
    "a name": (UnlearnablePoissonRegressor, {"solver": "bfgs"}, "is none of 'auto'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_objective_is_refused_at_fit(case):
    cls, params, message = REFUSED[case]
    model = cls(**params)
    with pytest.raises(ValueError, match=message) as refused:
        model.fit(*data(cls()))
    assert str(refused.value).startswith(f"{cls.__name__} was given ")


def test_what_depends_on_other_parameters_or_the_data():
    X, y = data(UnlearnableLogisticRegression())
    expected = UnlearnableLogisticRegression(fit_intercept=False).fit(X, y).coef_
    # without an intercept liblinear penalises what is penalised here
    small = {"fit_intercept": False, "solver": "liblinear"}
    model = UnlearnableLogisticRegression(**small).fit(X, y)
    np.testing.assert_array_equal(model.coef_, expected)
    three = np.arange(len(y)) % 3
    with pytest.raises(ValueError, match="one class against the rest"):
        UnlearnableLogisticRegression(**small).fit(X, three)
    none = UnlearnableLogisticRegression(penalty=None).fit(X, y)
    np.testing.assert_array_equal(
        none.coef_, UnlearnableLogisticRegression(C=np.inf).fit(X, y).coef_
    )
    # one that is not elastic does not look at the ratio
    ridge = UnlearnableLogisticRegression(penalty="l2", l1_ratio=0.5).fit(X, y)
    assert np.all(ridge.coef_ != none.coef_)


def test_grids_and_pipelines_run_unchanged():
    X, y = data(UnlearnableLogisticRegression())
    grid = {"C": [0.1, 1.0], "solver": ["lbfgs", "saga"], "random_state": [0]}
    search = GridSearchCV(UnlearnableLogisticRegression(), grid, cv=3).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[1]
    assert search.best_params_ in list(ParameterGrid(grid))
    steps = [("model", UnlearnableRidge(solver="cholesky"))]
    pipeline = UnlearnablePipeline(steps).set_params(model__solver="sag")
    assert clone(pipeline).fit(X, y).to_sklearn()[-1].solver == "sag"


class Newer(Ridge):
    """As a later release may have it."""

    def __init__(self, alpha=1.0, *, device="cpu", solver="auto"):
        super().__init__(alpha=alpha, solver=solver)
        self.device = device


def test_a_parameter_that_is_newer_than_what_is_known():
    @drop_in
    class Later(UnlearnableRidge):
        _twin_class = Newer

        def __init__(self, alpha=1.0):
            super().__init__(alpha)

    X, y = data(UnlearnableRidge())
    model = Later(0.5)
    assert model.device == "cpu"
    np.testing.assert_array_equal(
        model.fit(X, y).coef_, UnlearnableRidge(0.5).fit(X, y).coef_
    )
    with pytest.raises(ValueError, match="does not know what it changes: leave it at"):
        clone(model).set_params(device="gpu").fit(X, y)
    with pytest.raises(TypeError, match="unexpected keyword argument 'never'"):
        Later(never=1)


#: Values other than the defaults, where a twin has the parameter.
OTHERS = {
    "copy": False,
    "copy_X": False,
    "leaf_size": 20,
    "max_iter": 431,
    "n_jobs": 1,
    "random_state": 5,
    "tol": 3e-3,
    "verbose": 0,
    "warm_start": False,
}


@pytest.mark.parametrize("name", TWINS)
def test_parameters_of_what_was_taken_over_survive_export(name):
    cls = TWINS[name]
    known = defaults(cls._twin_class)
    params = {each: value for each, value in OTHERS.items() if each in known}
    if cls is OTHER_LOSS[0]:
        params["loss"] = "squared_epsilon_insensitive"
    if "optimizer" in known:
        params["optimizer"] = None
    twin = cls._twin_class(**params)
    X, y = data(twin)
    fitted(twin, X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keeping = {"retain_data": True} if cls in NEWTON else {}
        if hasattr(cls, "from_sklearn"):
            adopted = cls.from_sklearn(twin, X, y, **keeping)
        else:
            adopted = unlearnable(twin, X, y)
    exported = adopted.to_sklearn() if hasattr(adopted, "to_sklearn") else None
    if isinstance(exported, type(twin)):  # of a search it is the model that it chose
        assert repr(exported.get_params()) == repr(twin.get_params())
    # what both have is the same in both, but for what bounds other steps
    again = isinstance(adopted, RetrainedModel)
    shared = (adopted.estimator if again else adopted).get_params(deep=False)
    free = {"tol", "max_iter"} if cls in NEWTON else LATER.get(name, set())
    free |= {"max_iter"} if free & {"tol"} else set()
    for each in known.keys() - free:
        assert repr(shared[each]) == repr(twin.get_params()[each])
    if cls in NEWTON:
        adopted.partial_unfit(X[:1], y[:1])
        assert repr(adopted.to_sklearn().get_params()) == repr(twin.get_params())
