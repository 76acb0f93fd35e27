"""Shapes and types of fitted attributes and predictions are the twins', for any y."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.utils import get_tags

from sklearn_unlearn import ShardedRegressor
from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.utils.discovery import all_estimators
from tests.cases import LARGE_STEPS

pd = pytest.importorskip("pandas")

N_ROWS = 40
METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
#: What a solver says of itself or of single rows, and not of the model.
OWN = {"n_iter_", "solver_", "loss_curve_", "best_loss_", "estimators_samples_"}
#: What scikit-learn 1.9 has deprecated.
OWN |= {"probA_", "probB_"}
#: One for all classes, as in the twin with use_legacy_attributes=False.
OWN |= {"C_"}
#: As many as there are rows, or as rows support, which are fewer after a request.
SUPPORT = {"support_", "support_vectors_", "dual_coef_"}
SUPPORT |= {"X_fit_", "L_", "alpha_", "X_train_", "y_train_"}
PARAMS = {
    "UnlearnableGaussianProcessRegressor": {"optimizer": None, "alpha": 1.0},
    "UnlearnableLinearSVR": {"loss": "squared_epsilon_insensitive", "dual": False},
    "UnlearnableMLPClassifier": {"max_iter": 5},
    "UnlearnableMLPRegressor": {"max_iter": 5},
    "UnlearnableLogisticRegressionCV": {"Cs": 2, "cv": 2},
    "UnlearnableExtraTreesClassifier": {"n_estimators": 3},
    "UnlearnableExtraTreesRegressor": {"n_estimators": 3},
    "UnlearnableRandomForestClassifier": {"n_estimators": 3},
    "UnlearnableRandomForestRegressor": {"n_estimators": 3},
}
TWINS = {
    name: cls
    for name, cls in all_estimators()
    if hasattr(cls, "predict") and getattr(cls, "_twin_class", None) is not None
}


def data():
    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(N_ROWS, 3))) + 0.1
    return X, X @ [1.0, 2.0, 3.0] + rng.normal(size=N_ROWS) ** 2


def targets_of(estimator, target):
    """Targets of every shape that scikit-learn takes."""
    if is_regressor(estimator):
        found = {"": target}
        if get_tags(estimator).target_tags.multi_output:
            found["two "] = np.column_stack([target, 2.0 * target])
    else:
        median, terciles = np.median(target), np.quantile(target, [1 / 3, 2 / 3])
        three = np.digitize(target, terciles)
        found = {
            "two classes ": (target > median).astype(int),
            "three names ": np.array(["a", "bb", "c"])[three],
            "wide names ": np.array(["a", "bb", "c"], dtype="<U9")[three],
            "objects ": np.array(["a", "bb", "c"], dtype=object)[three],
        }
    for name, y in found.items():
        yield name + "array", y
        yield name + "list", y.tolist()
        yield name + "frame", pd.DataFrame(y)
        if y.ndim == 1:
            yield name + "column", y[:, None]
            yield name + "series", pd.Series(y)


def described(value):
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype
    if isinstance(value, (list, tuple)):
        return type(value), [described(each) for each in value]
    return type(value)


def description(estimator, X):
    names = {*vars(estimator), *dir(type(estimator))}
    names = {name for name in names if name.endswith("_") and name[0] != "_"} - OWN
    found = {}
    for name in names:
        try:
            found[name] = described(getattr(estimator, name))
        except AttributeError:  # of other parameters
            continue
    for name in METHODS:
        if hasattr(estimator, name):
            found[name] = described(getattr(estimator, name)(X))
    return found


def assert_alike(ours, twin, message):
    for name in ours.keys() & twin.keys():
        assert ours[name] == twin[name], f"{message}: {name}"


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", TWINS)
def test_for_any_targets(name):
    cls, params = TWINS[name], PARAMS.get(name, {})
    X, target = data()
    example = cls(**({} if "LinearSVR" in name else params))
    assert is_regressor(example) or is_classifier(example)
    with warnings.catch_warnings(), np.errstate(divide="ignore"):  # of log(0)
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataConversionWarning)
        warnings.simplefilter("ignore", NotForgottenWarning)
        # defaults of LogisticRegressionCV are to change
        warnings.simplefilter("ignore", FutureWarning)
        for kind, y in targets_of(example, target):
            twin = cls._twin_class(**params).fit(X, y)
            expected = description(twin, X)
            ours = type(example)(**example.get_params()).fit(X, y)
            assert_alike(description(ours, X), expected, kind)
            if hasattr(cls, "from_sklearn"):
                adopted = cls.from_sklearn(twin, X, y)
                assert_alike(description(adopted, X), expected, f"{kind}, adopted")
            some = y.iloc[:3] if hasattr(y, "iloc") else y[:3]
            exported = ours.partial_unfit(X[:3], some).to_sklearn()
            found = description(exported, X)
            found = {each: found[each] for each in found.keys() - SUPPORT}
            assert_alike(found, expected, f"{kind}, exported")


@pytest.mark.parametrize("base", [Ridge(), LinearRegression()])
def test_shards_predict_as_what_they_are_of(base):
    X, target = data()
    for y in (target, target[:, None], np.column_stack([target, target])):
        sharded = ShardedRegressor(base, n_shards=2, random_state=0).fit(X, y)
        assert sharded.predict(X).shape == base.fit(X, y).predict(X).shape
