"""Estimators that are trained again: to the last bit a refit on the edited data."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.decomposition import NMF, KernelPCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR

from sklearn_unlearn import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
    unlearnable,
)
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    EmptyClassError,
    RowNotFoundError,
    UnlearningError,
)
from sklearn_unlearn.utils.tags import unlearning_tags
from tests.pairwise import pairwise

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
VERBS = ("partial_unfit", "replace_features", "replace_labels", "partial_fit", "forget")
#: Estimators, most of which depend on the order of rows or on a seed.
CLASSIFIERS = {
    "boosting": GradientBoostingClassifier(
        n_estimators=3, subsample=0.7, random_state=0
    ),
    "histograms": HistGradientBoostingClassifier(max_iter=3, random_state=0),
    "kernel": SVC(),
    "network": MLPClassifier((4,), max_iter=8, random_state=0),
    "steps": make_pipeline(MinMaxScaler(clip=True), NMF(2, random_state=0), SVC(C=2.0)),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1.0]}, cv=2
    ),
    "stack": StackingClassifier(
        [("svc", SVC(C=3.0)), ("near", LogisticRegression())], cv=2
    ),
}
REGRESSORS = {
    "boosting": GradientBoostingRegressor(n_estimators=3, random_state=0),
    "kernel": make_pipeline(QuantileTransformer(n_quantiles=10), SVR(C=10.0)),
    "neighbours": KNeighborsRegressor(),
    "slope": SGDRegressor(max_iter=5, tol=None, random_state=0),
}
CASES = {f"class_{n}": (RetrainedClassifier, e) for n, e in CLASSIFIERS.items()}
CASES |= {f"number_{n}": (RetrainedRegressor, e) for n, e in REGRESSORS.items()}


def data(cls, n_rows=90):
    load = load_breast_cancer if cls is RetrainedClassifier else load_diabetes
    X, y = load(return_X_y=True)
    X = np.ascontiguousarray(X[:n_rows, :6])
    return X, y[:n_rows]


def answers(model, X):
    names = ("transform", "decision_function", "predict_proba", "predict")
    name = next(each for each in names if hasattr(model, each))
    Z = getattr(model, name)(X)
    return (Z.toarray() if sp.issparse(Z) else np.asarray(Z)).tobytes()


def asked(model, verb, X, y, ids):
    """Ask for something; what the data are then."""
    rows = np.array([1, 40, 7])
    named = {} if ids is None else {"row_ids": ids[rows]}
    X_after, y_after = X.copy(), y.copy()
    if verb == "partial_unfit":
        model.partial_unfit(X[rows], y[rows], **named)
        return np.delete(X, rows, axis=0), np.delete(y, rows, axis=0)
    if verb == "replace_features":
        X_after[rows] *= 1.5
        model.replace_features(X[rows], y[rows], X_after[rows], **named)
    elif verb == "replace_labels":
        y_after[rows] = y[rows[::-1]]
        model.replace_labels(X[rows], y[rows], y_after[rows], **named)
    elif verb == "partial_fit":
        named = {} if ids is None else {"row_ids": ids[rows]}
        model.partial_fit(X[rows], y[rows], **named)
        return np.vstack([X, X[rows]]), np.concatenate([y, y[rows]])
    else:
        model.forget_features([1, 4])
        X_after = np.ascontiguousarray(np.delete(X, [1, 4], axis=1))
    return X_after, y_after


@pytest.mark.parametrize(
    ("case", "verb", "with_ids"), pairwise(CASES, VERBS, [False, True])
)
def test_a_refit_on_the_edited_data(case, verb, with_ids):
    cls, estimator = CASES[case]
    X, y = data(cls)
    ids = np.arange(100, 190) if with_ids else None
    model = cls(estimator).fit(X, y, row_ids=ids)
    assert answers(model, X) == answers(clone(estimator).fit(X, y), X)
    X_after, y_after = asked(model, verb, X, y, ids)
    refit = clone(estimator).fit(X_after, y_after)
    assert answers(model, X_after) == answers(refit, X_after)
    assert answers(model.to_sklearn(drop_forgotten=True), X_after) == answers(
        refit, X_after
    )


@pytest.mark.parametrize("verb", VERBS)
def test_several_labels_of_a_row(verb):
    X, y = data(RetrainedClassifier)
    colour = np.array(["red", "green", "blue"])[np.arange(90) % 3]
    words = np.column_stack([np.where(y == 1, "benign", "malign"), colour])
    marks = np.column_stack([y, np.arange(90) % 2])
    boosting = GradientBoostingClassifier(n_estimators=2, random_state=0)
    for estimator, targets in (
        (KNeighborsClassifier(3), words),
        (MultiOutputClassifier(boosting), words),
        (ClassifierChain(SVC(gamma=1e-3), random_state=0), marks),
        (RandomForestClassifier(3, random_state=0), marks),
    ):
        model = unlearnable(clone(estimator).fit(X, targets), X, targets)
        model = RetrainedClassifier.from_sklearn(model.to_sklearn(), X, targets)
        X_after, y_after = asked(model, verb, X, targets, None)
        refit = clone(estimator).fit(X_after, y_after)
        np.testing.assert_array_equal(model.predict(X_after), refit.predict(X_after))
        assert len(model.classes_) == 2
        if isinstance(estimator, KNeighborsClassifier | RandomForestClassifier):
            found, expected = (e.predict_proba(X_after) for e in (model, refit))
            np.testing.assert_array_equal(np.hstack(found), np.hstack(expected))
    with pytest.raises(ValueError, match="'violet'"):
        unlearnable(KNeighborsClassifier(3).fit(X, words), X, words).replace_labels(
            X[:1], words[:1], [["benign", "violet"]]
        )


def test_corrections_keep_the_places_of_rows():
    estimator = REGRESSORS["slope"]
    X, y = data(RetrainedRegressor)
    model = RetrainedRegressor(estimator).fit(X.copy(), y)  # kept by reference
    for row in (3, 60, 3):
        before = X[[row]].copy()
        X[row] += 0.01
        model.replace_features(before, y[[row]], X[[row]])
    model = pickle.loads(pickle.dumps(model))
    assert answers(model, X) == answers(clone(estimator).fit(X, y), X)


@pytest.mark.parametrize(
    "estimator",
    [
        KernelPCA(2, kernel="rbf"),
        KMeans(3, n_init=1, random_state=0),
        IsolationForest(n_estimators=5, random_state=0),
        make_pipeline(StandardScaler(), QuantileTransformer(n_quantiles=9)),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features", "partial_fit"])
def test_what_has_no_targets(estimator, verb):
    X, _ = data(RetrainedRegressor)
    model = RetrainedTransformer(estimator).fit(X)
    assert not hasattr(model, "predict_proba")
    after = X.copy()
    if verb == "partial_unfit":
        model.partial_unfit(X[:3])
        after = X[3:].copy()
    elif verb == "replace_features":
        after[:3] += 0.5
        model.replace_features(X[:3], X_new=after[:3])
    else:
        model.partial_fit(X[:3])
        after = np.vstack([X, X[:3]])
    assert answers(model, after) == answers(clone(estimator).fit(after), after)


def test_what_learns_from_targets_and_transforms():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, (120, 2)).astype(float)
    for y in (rng.normal(size=120), np.where(X[:, 0] > 2, "yes", "no")):
        model = RetrainedTransformer(TargetEncoder()).fit(X, y)
        model.partial_unfit(X[:4], y[:4])
        refit = TargetEncoder().fit(X[4:], y[4:])
        assert answers(model, X) == answers(refit, X)
        with pytest.raises(RowNotFoundError):
            model.partial_unfit(X[:4], y[4:8] if y.dtype.kind == "f" else y[:4][::-1])


def test_texts_and_sparse_rows():
    words = ["to", "be", "or", "not", "that", "is", "the", "question", "nobler"]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 6)) for _ in range(60)]
    y = np.array(["be" in text for text in texts])
    estimator = make_pipeline(TfidfVectorizer(), SVC())
    model = RetrainedClassifier(estimator).fit(texts, y).partial_unfit(texts[:3], y[:3])
    refit = clone(estimator).fit(texts[3:], y[3:])
    assert answers(model, texts) == answers(refit, texts)
    X = refit[0].transform(texts)
    model = RetrainedClassifier(SVC()).fit(X, y).partial_unfit(X[:3], y[:3])
    assert answers(model, X) == answers(SVC().fit(X[3:], y[3:]), X)


def test_frames_and_names_of_columns():
    pd = pytest.importorskip("pandas")
    X, y = data(RetrainedClassifier)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = RetrainedClassifier(CLASSIFIERS["steps"]).fit(frame, y)
    model.partial_unfit(frame[:2], y[:2]).forget_features("c")
    rest = frame.drop(columns="c")
    refit = clone(CLASSIFIERS["steps"]).fit(rest[2:], y[2:])
    for each in (model, model.to_sklearn()):
        assert answers(each, frame) == answers(refit, rest)


@pytest.mark.parametrize("name", ["boosting", "steps"])
def test_weights(name):
    estimator = CLASSIFIERS[name]
    X, y = data(RetrainedClassifier)
    weight = np.arange(90) % 3 + 1.0
    model = RetrainedClassifier(estimator).fit(X, y, sample_weight=weight)
    model.partial_unfit(X[:4], y[:4])
    key = "svc__sample_weight" if name == "steps" else "sample_weight"
    refit = clone(estimator).fit(X[4:], y[4:], **{key: weight[4:]})
    assert answers(model, X) == answers(refit, X)
    model.partial_unfit(X[4:6], y[4:6], sample_weight=weight[4:6] / 2)
    weight[4:6] /= 2
    refit = clone(estimator).fit(X[4:], y[4:], **{key: weight[4:]})
    assert answers(model, X) == answers(refit, X)


def test_values_that_are_missing_are_the_business_of_the_estimator():
    X, y = data(RetrainedClassifier)
    X = X.copy()
    X[::5, 1] = np.nan
    steps = make_pipeline(SimpleImputer(), SVC())
    model = RetrainedClassifier(steps).fit(X, y).partial_unfit(X[:3], y[:3])
    refit = clone(steps).fit(X[3:], y[3:])
    assert answers(model, X) == answers(refit, X)
    model = RetrainedClassifier(SVC())
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, y)
    assert not hasattr(model, "_fitted")


def test_an_estimator_without_weights():
    X, y = data(RetrainedRegressor)
    assert not unlearning_tags(RetrainedRegressor(KNeighborsRegressor())).sample_weight
    with pytest.raises(ValueError, match="takes no weights"):
        RetrainedRegressor(KNeighborsRegressor()).fit(X, y, np.arange(90.0))


# Taking over -------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_taken_over_as_it_is(case):
    cls, estimator = CASES[case]
    X, y = data(cls)
    theirs = clone(estimator).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        model = cls.from_sklearn(theirs, X, y, row_ids=np.arange(90))
    assert answers(model, X) == answers(theirs, X)
    assert model.estimator_ is not theirs
    model.partial_unfit(row_ids=[3, 4])
    refit = clone(estimator).fit(np.delete(X, [3, 4], 0), np.delete(y, [3, 4]))
    assert answers(model, X) == answers(refit, X)


def test_what_was_fitted_to_other_data_is_said():
    X, y = data(RetrainedClassifier)
    theirs = clone(CLASSIFIERS["steps"]).fit(X[5:], y[5:])
    with pytest.warns(DataMismatchWarning, match="'minmaxscaler'.* by up to") as caught:
        model = RetrainedClassifier.from_sklearn(theirs, X, y)
    assert [each.filename for each in caught] == [__file__]
    assert answers(model, X) == answers(theirs, X)
    theirs = make_pipeline(StandardScaler(), SVC(C=5.0)).fit(X, y)
    theirs[-1].fit(theirs[0].transform(X), y[::-1])
    with pytest.warns(DataMismatchWarning, match="Step 'svc', a SVC, .* of values up"):
        RetrainedClassifier.from_sklearn(theirs, X, y)
    RetrainedClassifier.from_sklearn(theirs, X, y, check=False)


def test_what_has_no_seed_is_said():
    X, y = data(RetrainedClassifier)
    theirs = GradientBoostingClassifier(n_estimators=2, subsample=0.5).fit(X, y)
    with pytest.warns(DataMismatchWarning, match="no seed .random_state=None"):
        RetrainedClassifier.from_sklearn(theirs, X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        RetrainedClassifier.from_sklearn(SVC().fit(X, y), X, y)


def test_models_that_do_not_go_with_the_data_are_refused():
    X, y = data(RetrainedClassifier)
    theirs = SVC().fit(X, y)
    with pytest.raises(NotFittedError):
        RetrainedClassifier.from_sklearn(SVC(), X, y)
    with pytest.raises(UnlearningError, match="5 features"):
        RetrainedClassifier.from_sklearn(theirs, X[:, :5], y)
    with pytest.raises(UnlearningError, match="labels"):
        RetrainedClassifier.from_sklearn(theirs, X, np.where(y, "a", "b"))


# Failing -----------------------------------------------------------------------------


class Fails(BaseEstimator):
    """A transformer that fails on few rows, in its own way."""

    def __init__(self, error=ValueError):
        self.error = error

    def fit(self, X, y=None):
        if len(X) < 85:
            raise self.error("no more rows")
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
def test_a_fit_that_fails_changes_nothing_and_names_the_step(error):
    X, y = data(RetrainedClassifier)
    steps = make_pipeline(StandardScaler(), Fails(error), SVC())
    model = RetrainedClassifier(steps).fit(X, y)
    before, known = pickle.dumps(model), copy.copy(vars(model))
    with pytest.raises(error) as caught:
        model.partial_unfit(X[:9], y[:9])
    said = [str(caught.value), *getattr(caught.value, "__notes__", ())]
    assert any("'fails'" in each for each in said)
    assert all(vars(model)[name] is value for name, value in known.items())
    assert pickle.dumps(model) == before
    assert answers(model, X) == answers(clone(steps).fit(X, y), X)


def test_what_cannot_be_trained_again_is_refused():
    X, y = data(RetrainedClassifier)

    class Odd(SVC):
        def __init__(self, C=1.0):
            super().__init__(C=C * 2)

        def fit(self, X, y, sample_weight=None):
            return super().fit(X, y, sample_weight)

    with pytest.raises(TypeError, match="must be a scikit-learn estimator"):
        RetrainedClassifier(object()).fit(X, y)
    with pytest.raises(ValueError, match="must be a classifier"):
        RetrainedClassifier(SVR()).fit(X, y)
    with pytest.raises(RuntimeError, match="Cannot clone"):
        RetrainedClassifier(Odd()).fit(X, y)
    model = RetrainedClassifier(SVC()).fit(X, y)
    with pytest.raises(EmptyClassError):
        model.partial_unfit(X[y == 0], y[y == 0])


def test_it_forgets_in_its_pickle_what_it_retains():
    X, y = data(RetrainedClassifier)
    X = X.copy()
    X[5, 2] = 1234.5678
    pattern = np.float64(1234.5678).tobytes()
    model = RetrainedClassifier(make_pipeline(MinMaxScaler(), SVC())).fit(X, y)
    assert pattern in pickle.dumps(model)
    model.partial_unfit(X[5:6], y[5:6])
    assert pattern not in pickle.dumps(model)


def test_nested_parameters_reach_the_estimator():
    model = RetrainedClassifier(CLASSIFIERS["steps"])
    assert clone(model).set_params(estimator__svc__C=7.0).estimator[-1].C == 7.0
    assert not hasattr(model, "predict_proba")
    assert unlearning_tags(model).partial_unfit == "exact"
