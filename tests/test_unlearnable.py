"""One door: whatever comes in, what comes out unlearns as a refit says."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.utils import get_tags

from sklearn_unlearn import (
    RetrainedClassifier,
    RetrainedTransformer,
    UnlearnableColumnTransformer,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableRandomForestClassifier,
    UnlearnableRandomizedSearchCV,
    UnlearnableStandardScaler,
    unlearnable,
)
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
TIGHT = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 500}
NATIVE, MIXED, AGAIN = "native", "mixed", "again"
#: Estimators, and by which way they unlearn.
CASES = {
    "logistic": (LogisticRegression(**TIGHT), NATIVE),
    "lasso-like": (
        LogisticRegression(C=0.5, solver="liblinear", random_state=0),
        AGAIN,
    ),
    "scaled": (make_pipeline(StandardScaler(), LogisticRegression(**TIGHT)), NATIVE),
    "bayes": (make_pipeline(StandardScaler(), GaussianNB()), NATIVE),
    "components": (
        make_pipeline(
            StandardScaler(),
            TruncatedSVD(3, random_state=0),
            LogisticRegression(**TIGHT),
        ),
        MIXED,
    ),
    "columns": (
        make_pipeline(
            make_column_transformer(
                (make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), [0]),
                (SplineTransformer(n_knots=4), [2, 3]),
                remainder="passthrough",
            ),
            StandardScaler(),
            LogisticRegression(**TIGHT),
        ),
        MIXED,
    ),
    "boosting": (
        make_pipeline(
            MinMaxScaler(), GradientBoostingClassifier(n_estimators=3, random_state=0)
        ),
        AGAIN,
    ),
    "network": (MLPClassifier((3,), max_iter=5, random_state=0), AGAIN),
    "search": (
        GridSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression(**TIGHT)),
            {"logisticregression__C": [0.3, 1.0]},
            cv=2,
        ),
        NATIVE,
    ),
    "vote": (
        VotingClassifier(
            [("a", SGDClassifier(random_state=0)), ("b", GaussianNB())], voting="hard"
        ),
        MIXED,
    ),
}


@pytest.fixture(scope="module")
def data():
    X, y = load_breast_cancer(return_X_y=True)
    return np.ascontiguousarray(X[:150, :6]), y[:150]


def answers(model, X):
    names = ("decision_function", "predict_proba", "predict", "transform")
    answer = next(each for each in names if hasattr(model, each))
    Z = getattr(model, answer)(X)
    return Z.toarray() if sp.issparse(Z) else np.asarray(Z)


def way_of(model):
    """Which way a model says that it goes."""
    said = {re.split(r"[,;(]", each.how)[0].strip() for each in model.explain()}
    said -= {"nothing to forget", "exact"}
    said -= {f"by requests to {each}" for each in ("its models", "models of the folds")}
    return (
        {"fitted again": MIXED, "trained again": AGAIN}[said.pop()] if said else NATIVE
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("fitted", [False, True])
def test_it_unlearns_as_the_refit_of_what_was_given(data, name, fitted):
    (X, y), (estimator, way) = data, CASES[name]
    theirs = clone(estimator).fit(X, y)
    given = theirs if fitted else clone(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        model = unlearnable(given, X, y, row_ids=np.arange(150))
    assert way_of(model) == way
    np.testing.assert_allclose(answers(model, X), answers(theirs, X), atol=2e-6)
    corrected = X[5:6] * 1.1
    model.partial_unfit(row_ids=[0, 1, 2])
    model.replace_features(row_ids=[5], X_new=corrected)
    after = np.vstack([X[3:5], corrected, X[6:]])
    refit = clone(theirs.best_estimator_ if name == "search" and fitted else estimator)
    refit.fit(after, y[3:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=2e-6)
    if way == AGAIN:
        np.testing.assert_array_equal(answers(model, X), answers(refit, X))
    plain = getattr(model, "best_estimator_", model).to_sklearn()
    np.testing.assert_allclose(answers(plain, X), answers(model, X), atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_fitted_and_has_no_data_is_converted(data, name):
    (X, y), (estimator, _) = data, CASES[name]
    model = unlearnable(clone(estimator))
    assert len(model.explain()) >= 1
    model = model.fit(X, y)
    expected = clone(estimator).fit(X, y)
    np.testing.assert_allclose(answers(model, X), answers(expected, X), atol=2e-6)


def test_transformers_by_themselves(data):
    X, _ = data
    columns = make_column_transformer((StandardScaler(), [0, 1]), (PCA(2), [2, 3, 4]))
    two = make_pipeline(StandardScaler(), MinMaxScaler())
    for estimator, cls in (
        (StandardScaler(), UnlearnableStandardScaler),
        (columns, UnlearnableColumnTransformer),
        (two, RetrainedTransformer),
        (KernelPCA(2, kernel="rbf", eigen_solver="dense"), RetrainedTransformer),
        (make_column_transformer((SplineTransformer(), [0])), RetrainedTransformer),
        (KNNImputer(), RetrainedTransformer),
    ):
        for given in (clone(estimator).fit(X), clone(estimator)):
            model = unlearnable(given, X).partial_unfit(X[:3])
            assert type(model) is cls
            refit = clone(estimator).fit(X[3:])
            found = np.abs(answers(model, X))  # components have signs
            np.testing.assert_allclose(found, np.abs(answers(refit, X)), atol=1e-8)


def test_what_nearest_rows_impute_and_dictionaries(data):
    X, y = data
    X = X.copy()
    X[::5, 0] = np.nan
    theirs = make_pipeline(
        KNNImputer(), StandardScaler(), LogisticRegression(**TIGHT)
    ).fit(X, y)
    model = unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    refit = clone(theirs).fit(X[9:], y[9:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=2e-6)
    rows = [{"size": a, "town": "abc"[i % 3]} for i, a in enumerate(X[:, 1])]
    theirs = make_pipeline(DictVectorizer(), LogisticRegression(**TIGHT)).fit(rows, y)
    model = unlearnable(theirs, rows, y).partial_unfit(rows[:9], y[:9])
    refit = clone(theirs).fit(rows[9:], y[9:])
    np.testing.assert_allclose(answers(model, rows), answers(refit, rows), atol=2e-6)


def test_objects_that_were_saved_apart(data):
    X, y = data
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(**TIGHT).fit(scaler.transform(X), y)
    ours = unlearnable([scaler, model], X, y).partial_unfit(X[:4], y[:4])
    named = unlearnable([("first", scaler), ("last", model)], X, y)
    assert [each.step for each in named.explain()] == ["first", "last"]
    refit = make_pipeline(StandardScaler(), clone(model)).fit(X[4:], y[4:])
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-6)


def test_texts():
    texts = ["to be or not", "that is the question", "to sleep", "no more", "to be"] * 9
    texts = [f"{text} {chr(97 + place % 7) * 3}" for place, text in enumerate(texts)]
    y = np.arange(45) % 3 == 0
    theirs = make_pipeline(TfidfVectorizer(), MultinomialNB()).fit(texts, y)
    model = unlearnable(theirs, texts, y).partial_unfit(texts[:2], y[:2])
    theirs.fit(texts[2:], y[2:])
    np.testing.assert_allclose(
        model.predict_proba(texts), theirs.predict_proba(texts), atol=1e-9
    )


def test_forests(data):
    X, y = data
    forest = RandomForestClassifier(4, random_state=0)
    assert type(unlearnable(forest, X, y)) is UnlearnableRandomForestClassifier
    theirs = clone(forest).fit(X, y)
    model = unlearnable(theirs, X, y)  # its own trees are others than a twin's
    assert type(model) is RetrainedClassifier
    np.testing.assert_array_equal(model.predict_proba(X), theirs.predict_proba(X))
    bounded = RandomForestClassifier(4, max_leaf_nodes=5)
    assert type(unlearnable(bounded)) is RetrainedClassifier
    behind = unlearnable(make_pipeline(StandardScaler(), forest))
    assert type(behind[-1]) is UnlearnableRandomForestClassifier
    stateless = make_pipeline(FunctionTransformer(np.log1p), forest)
    assert type(unlearnable(stateless)) is UnlearnablePipeline


def test_a_function_of_targets(data):
    X, _ = data
    y = np.exp(X[:, 0] / 10.0)
    theirs = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)
    theirs.fit(X, y)
    model = unlearnable(theirs, X, y).partial_unfit(X[:3], y[:3])
    refit = clone(theirs).fit(X[3:], y[3:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-6)


def test_without_rows(data):
    X, y = data
    theirs = make_pipeline(StandardScaler(), LogisticRegression(**TIGHT)).fit(X, y)
    model = unlearnable(theirs, X, y, retain_data=False)
    assert [each.keeps for each in model.explain()] == [
        "sums",
        "factor of the curvature",
    ]
    assert model.explain()[1].how == "approximate, one step"


def test_what_stays_is_said(data):
    X, y = data
    theirs = make_pipeline(SplineTransformer(), LogisticRegression(**TIGHT)).fit(X, y)
    model = unlearnable(theirs, X, y, on_stateful="freeze")
    assert "frozen" in repr(model.explain())
    assert "<td>splinetransformer</td>" in model.explain()._repr_html_()
    with pytest.warns(NotForgottenWarning, match="splinetransformer"):
        model.partial_unfit(X[:1], y[:1])
    with pytest.raises(UnlearningError, match="'splinetransformer'"):
        unlearnable(theirs, X, y, on_stateful="raise")


def test_what_is_ours_already(data):
    X, y = data
    model = UnlearnableLogisticRegression()
    assert unlearnable(model) is model
    assert unlearnable(model, X, y) is model
    assert unlearnable(model, X, y).classes_.tolist() == [0, 1]


class Odd(StandardScaler):
    """Cannot be cloned."""

    def __init__(self, factor=2):
        super().__init__()
        self.factor = factor + 1


class NoTags:
    """Has the methods and nothing by which it tells what it is."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return X[:, 0]


class NoTagsEither(NoTags):
    """Can be cloned."""

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self


@pytest.mark.filterwarnings("ignore:.*does not define:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*doesn't define:FutureWarning")
def test_what_has_not_all_of_the_interface(data):
    for given in (NoTags(), [StandardScaler(), NoTags()]):
        with pytest.raises(TypeError, match=r"NoTags .*has no get_params"):
            unlearnable(given, *data)
    try:
        get_tags(NoTagsEither())
    except AttributeError:  # releases since 1.7 need them
        with pytest.raises(TypeError, match=r"NoTagsEither has no __sklearn_tags__"):
            unlearnable(NoTagsEither(), *data)


def test_what_is_refused(data):
    X, y = data
    theirs = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    for wrong in (object(), SVC, None, BaseEstimator()):
        with pytest.raises(TypeError, match="with fit"):
            unlearnable(wrong, X, y)
    with pytest.raises(UnlearningError, match="pass X"):
        unlearnable(theirs)
    with pytest.raises(UnlearningError, match="empty"):
        unlearnable([])
    with pytest.raises(UnlearningError, match="that it holds"):
        unlearnable(FrozenEstimator(theirs), X, y)
    with pytest.raises(ValueError, match="on_stateful must be"):
        unlearnable(theirs, X, y, on_stateful="ask")
    with pytest.raises(UnlearningError, match="5 features"):
        unlearnable(theirs, X[:, :5], y)
    scores = GridSearchCV(SVC(), {"C": [1.0]}, refit=False, cv=2).fit(X, y)
    with pytest.raises(UnlearningError, match="refit=False"):
        unlearnable(scores, X, y)
    odd = make_pipeline(Odd(), SVC())
    odd[0].fit(X)
    odd[1].fit(X, y)
    with pytest.raises(UnlearningError, match="cannot be cloned"):
        unlearnable(odd, X, y)


def test_other_data_than_it_was_fitted_on(data):
    X, y = data
    theirs = make_pipeline(StandardScaler(), SGDClassifier(random_state=0)).fit(
        X[9:], y[9:]
    )
    with pytest.warns(DataMismatchWarning, match="'standardscaler', .* by up to"):
        unlearnable(theirs, X, y)
    unlearnable(theirs, X, y, check=False)
    native = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[9:], y[9:])
    with pytest.warns(DataMismatchWarning, match="'standardscaler'"):
        unlearnable(native, X, y)


#: What is fitted to other data, and how it is said by how much it differs.
OTHERS = {
    "step": (
        make_pipeline(StandardScaler(), LogisticRegression(**TIGHT)),
        r"'standardscaler' another mean_ \(by up to .*, of values up to",
    ),
    "spline": (
        make_pipeline(SplineTransformer(), LogisticRegression(**TIGHT)),
        r"'splinetransformer': A SplineTransformer answers otherwise by up to",
    ),
    "minimum": (LogisticRegression(**TIGHT), r"exceeded the minimum by"),
    "sums": (GaussianNB(), r"another class_count_ \(by up to .*, of values up to"),
    "rows": (
        SVC(gamma=1e-4),
        r"another solution \((vectors by up to|its conditions by) ",
    ),
    "again": (
        GradientBoostingClassifier(n_estimators=2, random_state=0),
        r"answers otherwise by up to",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_was_fitted_to_other_data_is_said_by_how_much(data, name):
    X, y = data
    estimator, message = OTHERS[name]
    y_other = np.where(np.arange(len(y)) % 3 == 0, 1 - y, y)
    theirs = clone(estimator).fit(X + 0.5 * y_other[:, None], y_other)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataMismatchWarning)
        unlearnable(theirs, X, y)
    assert any(re.search(message, str(each.message)) for each in caught)


def test_a_pipeline_is_the_same_door(data):
    X, y = data
    boosted = make_pipeline(
        StandardScaler(), GradientBoostingClassifier(n_estimators=3, random_state=0)
    )
    for estimator in (
        boosted,
        make_pipeline(SplineTransformer(n_knots=4), LogisticRegression(**TIGHT)),
        LogisticRegression(**TIGHT),
        GridSearchCV(LogisticRegression(**TIGHT), {"C": [0.3, 1.0]}, cv=2),
        make_pipeline(StandardScaler(), LogisticRegression(**TIGHT)),
    ):
        theirs = clone(estimator).fit(X, y)
        model = UnlearnablePipeline.from_sklearn(theirs, X, y)
        assert type(model) is type(unlearnable(theirs, X, y))
        model.partial_unfit(X[:3], y[:3])
        refit = clone(getattr(theirs, "best_estimator_", estimator))
        refit.fit(X[3:], y[3:])
        # without retained data one step is as near as that
        far = 1e-6 if type(model) is RetrainedClassifier else 0.05
        np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=far)
    theirs = clone(boosted).fit(X, y)
    with pytest.raises(TypeError, match="GradientBoostingClassifier"):
        UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful="raise")


def because(estimator, *given):
    """What is said of an estimator that is trained again."""
    return unlearnable(estimator, *given).explain()[-1].how.partition("; ")[2]


def test_why_a_step_is_trained_again_is_said(data):
    X, y = data
    boosting = GradientBoostingClassifier(n_estimators=2, random_state=0)
    scaled = make_pipeline(StandardScaler(), boosting)
    for given in ((scaled,), (clone(scaled), X, y), (clone(scaled).fit(X, y), X, y)):
        assert because(*given) == "GradientBoostingClassifier has no counterpart"
    behind = make_pipeline(StandardScaler(), CalibratedClassifierCV(boosting, cv=2))
    assert because(behind) == (
        "UnlearnableCalibratedClassifierCV follows no steps: put them into its models"
    )
    forest = RandomForestClassifier(2, random_state=0)
    assert because(forest.fit(X, y), X, y) == (
        "UnlearnableRandomForestClassifier has to be fitted itself: pass "
        "clone(estimator), which is not fitted"
    )
    behind = make_pipeline(PCA(2, random_state=0), LogisticRegressionCV())
    assert because(behind) == (
        "UnlearnableLogisticRegressionCV does not follow steps that change with the "
        "rows"
    )
    behind = unlearnable(make_pipeline(PCA(2, random_state=0), clone(forest)))
    assert type(behind[-1]) is UnlearnableRandomForestClassifier
    sparse = LogisticRegression(penalty="elasticnet", l1_ratio=1.0, solver="saga")
    assert because(sparse) == (
        "LogisticRegression has l1_ratio=1.0, which is another objective: the penalty "
        "of absolute values has no second derivative"
    )
    assert "not exactly" in because(MLPClassifier((2,), random_state=0))
    table = repr(unlearnable(scaled).explain())
    assert "StandardScaler" in table  # each step, what it keeps and what it costs
    assert "a fit" in table


def test_exact_up_to_randomness(data):
    X, y = data
    drawn = SGDClassifier(max_iter=5, tol=None)
    for given in (drawn, clone(drawn).fit(X, y)):
        with pytest.warns(DataMismatchWarning, match="exact up to its randomness"):
            model = unlearnable(given, X, y)
        assert "up to its randomness (random_state=None)" in model.explain()[0].how
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        unlearnable(clone(drawn), X, y, check=False)
        # a parameter that says nothing of this fit
        unlearnable(SVC(kernel="sigmoid"), X, y)
    with pytest.warns(DataMismatchWarning, match="Are they what it was trained on"):
        unlearnable(SVC(kernel="sigmoid").fit(X[9:], y[9:]), X, y)
    spline = make_pipeline(SVC(kernel="sigmoid"))
    with pytest.warns(DataMismatchWarning, match="Are they what it was trained on"):
        unlearnable(spline.fit(X[9:], y[9:]), X, y)


def test_a_search_that_has_not_been_run(data):
    X, y = data
    grid = [
        {"model": [LogisticRegression(**TIGHT)], "model__C": [0.1, 1.0]},
        {"model": [GaussianNB()]},
        {"model": [GradientBoostingClassifier(n_estimators=2, random_state=0)]},
    ]
    steps = [("scaler", StandardScaler()), ("model", GaussianNB())]
    theirs = GridSearchCV(Pipeline(steps), grid, cv=3)
    model = unlearnable(theirs)
    assert type(model) is UnlearnableGridSearchCV
    model = unlearnable(theirs, X, y)
    expected = clone(theirs).fit(X, y)
    np.testing.assert_allclose(
        model.cv_results_["mean_test_score"],
        expected.cv_results_["mean_test_score"],
    )
    model.partial_unfit(X[:1], y[:1])
    drawn = RandomizedSearchCV(
        LogisticRegression(**TIGHT), {"C": [0.1, 1.0]}, n_iter=2, cv=2, random_state=0
    )
    assert type(unlearnable(drawn)) is UnlearnableRandomizedSearchCV
    assert type(unlearnable(drawn).estimator) is UnlearnableLogisticRegression


def test_three_objects_that_were_saved_apart(data):
    X, y = data
    scaler = StandardScaler().fit(X)
    encoder = SplineTransformer(n_knots=4).fit(scaler.transform(X))
    Z = encoder.transform(scaler.transform(X))
    model = LogisticRegression(**TIGHT).fit(Z, y)
    ours = unlearnable([scaler, encoder, model], X, y).partial_unfit(X[:4], y[:4])
    refit = make_pipeline(clone(scaler), clone(encoder), clone(model))
    refit.fit(X[4:], y[4:])
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-6)
