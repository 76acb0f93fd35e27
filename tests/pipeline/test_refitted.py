"""Steps without a counterpart are fitted again: against refits of the pipeline."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_selection import RFE, SelectKBest, f_classif, f_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    PolynomialFeatures,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from sklearn_unlearn import (
    UnlearnableBayesianRidge,
    UnlearnableGaussianNB,
    UnlearnableKNeighborsClassifier,
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableLogisticRegression,
    UnlearnableMLPClassifier,
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from tests.pairwise import pairwise
from tests.pipeline.scripts import answers

N_ROWS = 160
VERBS = ("partial_unfit", "replace_features", "replace_labels", "partial_fit")


def data(seed=0):
    """Numbers on other scales, then two columns of categories."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(N_ROWS, 4)) * [1.0, 100.0, 0.1, 3.0]
    words = rng.integers(0, 6, (N_ROWS, 2))
    X = np.column_stack([numbers, words])
    signal = numbers[:, 0] + numbers[:, 1] / 100.0 + (words[:, 0] > 3)
    return X, np.where(signal + rng.logistic(size=N_ROWS) > 0.5, "yes", "no")


class Centred(TransformerMixin, BaseEstimator):
    """A transformer of one's own, which knows a mean of each class."""

    def fit(self, X, y):
        self.means_ = np.array([X[y == each].mean(axis=0) for each in np.unique(y)])
        return self

    def transform(self, X):
        return X - self.means_[0] + self.means_[1] / 2


def encoder():
    given = TargetEncoder().get_params()
    if given.get("random_state", "deprecated") == "deprecated":
        return TargetEncoder(cv=StratifiedKFold(5, shuffle=True, random_state=0))
    return TargetEncoder(random_state=0)


FRONTS = {
    "quantiles": [QuantileTransformer(n_quantiles=20)],
    "own": [UnlearnableStandardScaler(), Centred(), UnlearnableStandardScaler()],
    "choice": [SelectKBest(k=4), UnlearnableStandardScaler()],
    "elimination": [
        UnlearnableStandardScaler(),
        RFE(LogisticRegression(), n_features_to_select=3),
    ],
    "parts": [
        UnlearnableStandardScaler(),
        TruncatedSVD(3, algorithm="arpack", random_state=0),
    ],
    "folds": [
        make_unlearnable_column_transformer(
            (encoder(), [4, 5]), (UnlearnableStandardScaler(), [0, 1, 2, 3])
        ),
        UnlearnableStandardScaler(),
    ],
    "columns": [
        make_unlearnable_column_transformer(
            (SplineTransformer(n_knots=4), [0, 2]),
            (
                make_pipeline(StandardScaler(), KBinsDiscretizer(4, encode="onehot")),
                [3],
            ),
            remainder="passthrough",
        ),
        UnlearnableStandardScaler(with_mean=False),
    ],
    "theirs": [
        make_column_transformer((StandardScaler(), [0, 1]), ("passthrough", [2, 4])),
        UnlearnableStandardScaler(),
    ],
    "nested": [
        make_unlearnable_pipeline(UnlearnableStandardScaler(), SelectKBest(k=5)),
        QuantileTransformer(n_quantiles=9),
    ],
    "union": [make_union(StandardScaler(), SelectKBest(k=2))],
}
QUIET = pytest.mark.filterwarnings("ignore:The current default behavior:FutureWarning")


def model(name, **params):
    last = UnlearnableLogisticRegression(retain_data=True, tol=1e-9)
    return make_unlearnable_pipeline(*map(clone, FRONTS[name]), last, **params)


def asked(pipeline, verb, X, y, ids=None):
    """Ask for something; what the data are then."""
    rows = np.array([30, 2, 77])
    named = {} if ids is None else {"row_ids": ids[rows]}
    X_after, y_after = X.copy(), y.copy()
    if verb == "partial_unfit":
        pipeline.partial_unfit(X[rows], y[rows], **named)
        return np.delete(X, rows, axis=0), np.delete(y, rows)
    if verb == "replace_features":
        X_after[rows, :4] *= -1.7
        X_after[rows, 4] = 5.0
        pipeline.replace_features(X[rows], y[rows], X_after[rows], **named)
    elif verb == "replace_labels":
        y_after[rows] = np.where(y[rows] == "yes", "no", "yes")
        if ids is None:
            pipeline.replace_labels(X[rows], y[rows], y_after[rows])
        else:
            pipeline.replace_labels(y_new=y_after[rows], **named)
    else:
        named = {} if ids is None else {"row_ids": ids[rows] + 1000}
        come = np.column_stack([X[rows, :4] * 1.5, X[rows, 4:]])
        pipeline.partial_fit(come, y[rows], **named)
        return np.vstack([X, come]), np.append(y, y[rows])
    return X_after, y_after


@QUIET
@pytest.mark.parametrize(
    ("name", "verb", "with_ids"), pairwise(FRONTS, VERBS, [False, True])
)
def test_as_a_refit_of_the_pipeline(name, verb, with_ids):
    X, y = data()
    ids = np.arange(N_ROWS) if with_ids else None
    ours = model(name).fit(X, y, row_ids=ids)
    X_after, y_after = asked(ours, verb, X, y, ids)
    refit = model(name).fit(X_after, y_after)
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-7)
    if not with_ids:
        ours.partial_unfit(X_after[5:7], y_after[5:7])
        refit.fit(np.delete(X_after, [5, 6], 0), np.delete(y_after, [5, 6]))
        np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-7)


@QUIET
@pytest.mark.parametrize("name", FRONTS)
def test_columns_are_forgotten_as_by_a_refit(name):
    X, y = data()
    ours = model(name).fit(X, y).forget_features([5])
    ours.partial_unfit(X[:3], y[:3])
    # what any value of a column does that is constant for all is nothing
    other = X.copy()
    other[:, 5] = np.nan
    expected = answers(ours, X)
    np.testing.assert_array_equal(answers(ours, other), expected)
    if name not in ("folds", "columns", "theirs"):
        refit = model(name).fit(X[3:, :5], y[3:])
        np.testing.assert_allclose(expected, answers(refit, X[:, :5]), atol=1e-7)
        narrow = ours.to_sklearn(drop_forgotten=True)
        np.testing.assert_allclose(answers(narrow, X[:, :5]), expected, atol=1e-9)
    np.testing.assert_allclose(answers(ours.to_sklearn(), X), expected, atol=1e-9)


def test_corrected_rows_keep_their_places_among_folds():
    X, y = data()
    ours = model("folds").fit(X.copy(), y.copy())
    for row in (7, 90, 7, 3):
        before = X[[row]].copy()
        X[row, 4] = (X[row, 4] + 1.0) % 6.0
        ours.replace_features(before, y[[row]], X[[row]])
        label = y[[row]].copy()
        y[row] = "no" if y[row] == "yes" else "yes"
        ours.replace_labels(X[[row]], label, y[[row]])
    ours = pickle.loads(pickle.dumps(ours)).partial_unfit(X[5:6], y[5:6])
    rows = np.delete(np.arange(N_ROWS), 5)
    refit = model("folds").fit(X[rows], y[rows])
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-7)


def test_against_scikit_learn_and_with_weights():
    X, y = data()
    weight = np.arange(N_ROWS) % 4.0 + 0.5
    last = {"C": 0.7, "tol": 1e-10, "max_iter": 1000}
    theirs = make_pipeline(
        KBinsDiscretizer(4, encode="ordinal", strategy="quantile"),
        LogisticRegression(**last),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs.set_params(kbinsdiscretizer__strategy="kmeans")
        names = [f"{name}__sample_weight" for name, _ in theirs.steps]
        theirs.fit(X, y, **dict.fromkeys(names, weight))
        ours = UnlearnablePipeline(
            [
                (theirs.steps[0][0], clone(theirs[0])),
                ("last", UnlearnableLogisticRegression(C=0.7, retain_data=True)),
            ]
        ).fit(X, y, weight)
        np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)
        ours.partial_unfit(X[:9], y[:9])
        theirs.fit(X[9:], y[9:], **dict.fromkeys(names, weight[9:]))
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)


@pytest.mark.parametrize(
    "last",
    [
        UnlearnableGaussianNB(retain_data=True),
        UnlearnableLinearDiscriminantAnalysis(retain_data=True),
        UnlearnableKNeighborsClassifier(),
        UnlearnableBayesianRidge(retain_data=True),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("verb", VERBS[:3])
def test_other_last_steps(last, verb):
    X, y = data()
    if not hasattr(last, "predict_proba"):
        y = np.where(y == "yes", 1.0, -1.0)
    chosen = SelectKBest(f_classif, k=4)
    ours = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), chosen, QuantileTransformer(n_quantiles=9), last
    ).fit(X, y)
    if verb == "replace_labels":
        after = y.copy()
        after[:8] = y[8:16]
        ours.replace_labels(X[:8], y[:8], after[:8])
        refit = clone(ours).fit(X, after)
    else:
        X_after, y_after = asked(ours, verb, X, y)
        refit = clone(ours).fit(X_after, y_after)
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-8)


def test_numbers_and_networks():
    X, _ = data()
    y = X[:, 0] - X[:, 3] + X[:, 1] / 100
    ours = make_unlearnable_pipeline(
        SelectKBest(f_regression, k=3),
        QuantileTransformer(n_quantiles=9),
        UnlearnableRidge(),
    ).set_params(unlearnableridge__retain_data=True)
    ours.fit(X, y).replace_labels(X[:5], y[:5], y[5:10])
    after = np.concatenate([y[5:10], y[5:]])
    refit = clone(ours).fit(X, after)
    np.testing.assert_allclose(ours.predict(X), refit.predict(X), atol=1e-9)
    X, y = data()
    network = UnlearnableMLPClassifier(
        (4,), retain_data=True, max_iter=20, random_state=0, early_stopping=False
    )
    ours = make_unlearnable_pipeline(QuantileTransformer(n_quantiles=9), network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours.fit(X, y).partial_unfit(X[:5], y[:5]).replace_labels(
            X[5:7], y[5:7], y[5:7][::-1]
        )
    expected = QuantileTransformer(n_quantiles=9).fit(X[5:])
    np.testing.assert_array_equal(ours[0].quantiles_, expected.quantiles_)


# Taking over -------------------------------------------------------------------------


def knots(step):
    return [each for spline in step.bsplines_ for each in spline.t.tolist()]


def test_taken_over_as_it_is_and_fitted_again_by_requests():
    X, y = data()
    steps = (
        make_column_transformer((encoder(), [4, 5]), (StandardScaler(), [0, 1])),
        SplineTransformer(n_knots=4),
        LogisticRegression(tol=1e-10, max_iter=1000),
    )
    theirs = make_pipeline(*steps).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        ours = UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=True)
    assert knots(ours[1]) == knots(theirs[1])
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)
    ours.partial_unfit(X[:4], y[:4])
    theirs.fit(X[4:], y[4:])
    np.testing.assert_allclose(knots(ours[1]), knots(theirs[1]), atol=1e-12)
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)


def test_what_was_fitted_to_other_data_is_said():
    X, y = data()
    theirs = make_pipeline(
        StandardScaler(), SplineTransformer(n_knots=4), LogisticRegression()
    ).fit(X, y)
    theirs[1].fit(theirs[0].transform(X * 0.99))
    with pytest.warns(DataMismatchWarning, match=r"'splinetransformer': .*up to"):
        ours = UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=True)
    assert knots(ours[1]) == knots(theirs[1])


def test_without_data_there_is_nothing_to_fit_to():
    X, y = data()
    steps = SplineTransformer(n_knots=4), UnlearnableLogisticRegression()
    ours = make_unlearnable_pipeline(*steps).fit(X, y)
    with pytest.raises(UnlearningError, match=r"'splinetransformer'.*retain_data=True"):
        ours.partial_unfit(X[:2], y[:2])
    chosen = make_unlearnable_pipeline(SelectKBest(k=2), steps[1]).fit(X, y)
    with pytest.raises(UnlearningError, match=r"'selectkbest'.*retain_data=True"):
        chosen.replace_labels(
            X[:1], y[:1], np.array(["no" if y[0] == "yes" else "yes"])
        )
    theirs = make_pipeline(SplineTransformer(n_knots=4), LogisticRegression())
    theirs.fit(X, y)
    with pytest.raises(UnlearningError, match=r"'splinetransformer'.*retain_data=True"):
        UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful="raise")
    retaining = UnlearnablePipeline.from_sklearn(theirs, X, y)
    assert retaining[-1].retain_data
    UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful="freeze")


# Failing -----------------------------------------------------------------------------


class Fails(TransformerMixin, BaseEstimator):
    """Fails on few rows."""

    def __init__(self, error):
        self.error = error

    def fit(self, X, y=None):
        if len(X) < N_ROWS:
            raise self.error("no more rows")
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


class Odd(QuantileTransformer):
    """Cannot be cloned."""

    def __init__(self, n_quantiles=9):
        super().__init__(n_quantiles=n_quantiles + 1)


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
@pytest.mark.parametrize("inside", [False, True])
def test_a_step_that_fails_changes_nothing_and_is_named(error, inside):
    X, y = data()
    step, name = Fails(error), "'fails'"
    if inside:
        step = make_unlearnable_column_transformer((step, [0, 1]))
        name = "'unlearnablecolumntransformer__fails'"
    last = UnlearnableLogisticRegression(retain_data=True)
    ours = make_unlearnable_pipeline(UnlearnableStandardScaler(), step, last).fit(X, y)
    known, before = copy.copy(vars(ours)), answers(ours, X)
    with pytest.raises(error) as caught:
        ours.partial_unfit(X[:2], y[:2])
    said = [str(caught.value), *getattr(caught.value, "__notes__", ())]
    assert any(name in each for each in said)
    assert all(vars(ours)[each] is value for each, value in known.items())
    np.testing.assert_array_equal(answers(ours, X), before)


def test_what_cannot_be_fitted_again_is_refused():
    X, y = data()
    last = UnlearnableLogisticRegression(retain_data=True)
    frozen = FrozenEstimator(QuantileTransformer(n_quantiles=9).fit(X))
    for step, reason in ((frozen, "is frozen"), (make_union(frozen), "is frozen")):
        ours = make_unlearnable_pipeline(step, last).fit(X, y)
        with pytest.raises(UnlearningError, match=reason):
            ours.partial_unfit(X[:2], y[:2])
    theirs = make_pipeline(Odd(), LogisticRegression())
    theirs[0].fit(X)
    theirs[1].fit(theirs[0].transform(X), y)
    with pytest.raises(UnlearningError, match=r"'odd', an Odd, .*cannot be cloned"):
        UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=True)


@pytest.mark.parametrize("outer", ["refit", "raise", "freeze"])
@pytest.mark.parametrize("inner", ["refit", "raise", "freeze"])
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_the_strongest_wish_counts(outer, inner):
    X, y = data()
    part = make_unlearnable_column_transformer(
        (QuantileTransformer(n_quantiles=9), [0]), on_stateful=inner
    )
    last = UnlearnableLogisticRegression(retain_data=True)
    ours = make_unlearnable_pipeline(part, last, on_stateful=outer).fit(X, y)
    before = ours[0].transformers_[0][1].quantiles_.copy()
    if "freeze" not in (outer, inner) and "raise" in (outer, inner):
        with pytest.raises(UnlearningError, match="cannot unlearn"):
            ours.partial_unfit(X[:2], y[:2])
        return
    ours.partial_unfit(X[:9], y[:9])
    same = np.array_equal(ours[0].transformers_[0][1].quantiles_, before)
    assert same == ("freeze" in (outer, inner))


def test_what_left_is_in_no_pickle():
    X, y = data()
    X[4, 0] = 987.654321
    pattern = np.float64(987.654321).tobytes()
    ours = model("quantiles").fit(X, y)
    assert pattern in pickle.dumps(ours)
    ours.partial_unfit(X[4:5], y[4:5])
    assert pattern not in pickle.dumps(ours)
    assert pattern not in pickle.dumps(ours.to_sklearn())


class Shifted(TransformerMixin, BaseEstimator):
    """Knows a mean, and says nothing of columns."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


@pytest.mark.parametrize(
    "first",
    [
        PolynomialFeatures(2),
        FunctionTransformer(np.tanh),
        Normalizer(),
        Shifted(),
        make_pipeline(PolynomialFeatures(2), StandardScaler()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_steps_of_any_kind_do_without_columns(first):
    X, y = data()
    X = X / np.abs(X).max(axis=0)
    last = UnlearnableLogisticRegression(retain_data=True, tol=1e-9)
    ours = make_unlearnable_pipeline(first, UnlearnableStandardScaler(), last)
    ours.fit(X, y).forget_features([1]).forget_features([4]).partial_unfit(X[:2], y[:2])
    rest = np.delete(X, [1, 4], axis=1)
    refit = make_unlearnable_pipeline(
        clone(first), UnlearnableStandardScaler(), clone(last)
    ).fit(rest[2:], y[2:])
    np.testing.assert_allclose(answers(ours, X), answers(refit, rest), atol=1e-7)
    for plain, rows in ((ours.to_sklearn(), X), (ours.to_sklearn(True), rest)):
        np.testing.assert_allclose(answers(plain, rows), answers(ours, X), atol=1e-9)


def test_references_to_columns_by_number_follow():
    X, y = data()
    theirs = ColumnTransformer([("scaled", StandardScaler(), [3, 0])])
    last = UnlearnableLogisticRegression(retain_data=True, tol=1e-9)
    ours = make_unlearnable_pipeline(theirs, last).fit(X, y).forget_features([1, 3])
    refit = make_unlearnable_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), [0])]), last
    ).fit(X, y)
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), atol=1e-8)
