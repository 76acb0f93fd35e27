"""A refused request is an `UnlearningError`, and the error that scikit-learn has."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import Normalizer
from sklearn.utils import get_tags

import sklearn_unlearn as su
from sklearn_unlearn.baselines import FineTuned, Occluded
from sklearn_unlearn.exceptions import InvalidRequestError, UnlearningError
from sklearn_unlearn.utils.tags import accepts
from tests.cases import data, make

X, Y = data("logistic", 60)
THREE = np.repeat(["a", "b", "c"], 20)
SHARES = [0.2, 0.3, 0.5]
WORDS = np.array(
    [["a", "x"], ["b", "x"], ["b", "y"], ["a", "y"], ["c", "x"]], dtype=object
)


def pipeline(last, first=None):
    first = su.UnlearnableStandardScaler() if first is None else first
    return su.make_unlearnable_pipeline(first, last)


NETWORK = su.UnlearnableMLPClassifier(
    (2,), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
)
MODELS = {
    "linear": make("logistic"),
    "linear with data": make("logistic", retain_data=True),
    "sums": su.UnlearnableGaussianNB(),
    "sums without weights": su.UnlearnableLinearDiscriminantAnalysis(),
    "least squares": su.UnlearnableLinearRegression(),
    "bayesian": su.UnlearnableBayesianRidge(),
    "tree": su.UnlearnableDecisionTreeClassifier(random_state=0),
    "forest": su.UnlearnableRandomForestClassifier(n_estimators=2, random_state=0),
    "network": NETWORK,
    "sharded": su.ShardedClassifier(LogisticRegression(), n_shards=2),
    "fine-tuned": FineTuned(LogisticRegression()),
    "occluded": Occluded(LogisticRegression()),
    "scaler": su.UnlearnableStandardScaler(),
    "extremes": su.UnlearnableMinMaxScaler(),
    "components": su.UnlearnablePCA(),
    "categories": su.UnlearnableOneHotEncoder(),
    "imputer": su.UnlearnableSimpleImputer(keep_empty_features=True),
    "pipeline": pipeline(make("logistic")),
    "pipeline with data": pipeline(make("logistic", retain_data=True)),
    "pipeline of sums": pipeline(su.UnlearnableGaussianNB(), Normalizer()),
    "pipeline of shards": pipeline(su.ShardedClassifier(n_shards=2), Normalizer()),
    "pipeline of a network": pipeline(NETWORK),
    "transformers": su.make_unlearnable_pipeline(su.UnlearnableStandardScaler()),
    "columns": su.make_unlearnable_column_transformer(
        (su.UnlearnableStandardScaler(), [0, 1])
    ),
    "search": GridSearchCV(make("logistic"), {"C": [1.0]}, cv=2),
    "transformed": TransformedTargetRegressor(
        make("ridge"), func=np.arcsinh, inverse_func=np.sinh
    ),
}
TRANSFORMERS = (
    "scaler",
    "extremes",
    "components",
    "categories",
    "imputer",
    "transformers",
    "columns",
)
REGRESSORS = ("least squares", "bayesian", "transformed")
NAN, SHORT = X[:2] * np.nan, np.array(["yes"])


def bad_requests(supervised):
    """Verbs, what is wrong with the arguments, and these."""
    rows = (X[:2], Y[:2]) if supervised else (X[:2],)
    y = Y[:2] if supervised else None
    yield "partial_unfit", (X[:2, :3], y), {}
    yield "partial_unfit", (X[0], y), {}
    yield "partial_unfit", (None, y), {}
    yield "partial_fit", (X[:2, :3], y), {}
    yield "partial_fit", ([["a", "b"]], y), {}
    yield "replace_features", (X[:2], y, X[:1]), {}
    yield "replace_features", (X[:2], y, None), {}
    yield "forget_features", ("no such column",), {}
    yield "forget_features", (99,), {}
    yield "forget_features", ([True],), {}
    yield "forget_features", (None,), {}
    yield "refine", (X[:2], y), {}
    yield "refine", (NAN, y), {}
    for verb in ("partial_unfit", "partial_fit"):
        yield verb, rows, {"sample_weight": -1.0}
        yield verb, rows, {"sample_weight": [1.0, 1.0, 1.0]}
        yield verb, rows, {"sample_weight": "a"}
    if supervised:
        yield "partial_unfit", (NAN, y), {}
        yield "partial_fit", (NAN, y), {}
        yield "replace_features", (X[:2], y, NAN), {}
        yield "partial_unfit", (X[:2], SHORT), {}
        yield "partial_unfit", (X[:2], None), {}
        yield "partial_unfit", (X[:2], np.array([None, None])), {}
        yield "partial_fit", (X[:2], SHORT), {}
        yield "replace_labels", (X[:2], y, SHORT), {}
        yield "replace_labels", (X[:2], y, None), {}
        yield "replace_labels", (X[:2], y, np.array(["no", "such"])), {}


def ask(model, verb, arguments, keywords):
    function = getattr(su, verb, None)
    if function is not None:
        return function(model, *arguments, **keywords)
    return getattr(model, verb)(*arguments, **keywords)


@pytest.mark.parametrize("name", MODELS)
def test_invalid_requests(name):
    supervised = name not in TRANSFORMERS
    y = (Y == "yes").astype(float) if name in REGRESSORS else Y
    model = clone(MODELS[name]).fit(X, y if supervised else None)
    inside = {"search": "best_estimator_", "transformed": "regressor_"}.get(name)
    asked = model if inside is None else getattr(model, inside)
    n_asked = 0
    for verb, arguments, keywords in bad_requests(supervised):
        if (verb == "partial_fit" and inside is not None) or not hasattr(asked, verb):
            continue
        if not all(accepts(getattr(asked, verb), keyword) for keyword in keywords):
            continue
        missing = any(each is NAN for each in arguments)
        if missing and verb != "partial_unfit" and get_tags(asked).input_tags.allow_nan:
            continue
        n_asked += 1
        with pytest.raises(UnlearningError, match=r"\S"):
            ask(model, verb, arguments, keywords)
    assert n_asked >= (3 if name == "occluded" else 7)


#: What is no table, and no list of targets either.
NO_ROWS = [5, "abc", None, [], {}, [[1, 2], [3]], object(), np.array(3), X[None]]


@pytest.mark.parametrize("name", MODELS)
def test_what_is_no_table(name):
    supervised = name not in TRANSFORMERS
    y = (Y == "yes").astype(float) if name in REGRESSORS else Y
    model = clone(MODELS[name]).fit(X, y if supervised else None)
    inside = {"search": "best_estimator_", "transformed": "regressor_"}.get(name)
    asked = model if inside is None else getattr(model, inside)
    targets = y[:2] if supervised else None
    for odd in NO_ROWS:
        requests = [
            ("partial_unfit", (odd, targets)),
            ("replace_features", (X[:2], targets, odd)),
            ("replace_features", (odd, targets, X[:2])),
        ]
        if supervised:
            requests.append(("partial_unfit", (X[:2], odd)))
            requests.append(("replace_labels", (X[:2], targets, odd)))
        if inside is None:
            requests.append(("partial_fit", (odd, targets)))
        for verb, arguments in requests:
            if hasattr(asked, verb):
                with pytest.raises(UnlearningError, match=r"\S"):
                    ask(model, verb, arguments, {})


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "vectorizer", [su.UnlearnableCountVectorizer(), su.UnlearnableTfidfVectorizer()]
)
def test_invalid_documents(vectorizer, behind):
    texts, y = ["one two", "two three"] * 4, [0, 1, 1, 0] * 2
    model = pipeline(make("logistic"), clone(vectorizer)) if behind else vectorizer
    model = clone(model).fit(texts, y)
    targets = ([0],) if behind else ()
    for bad in ([1], [None], [["one"]], [np.nan], "one two", [], None):
        for verb in (model.partial_unfit, model.partial_fit):
            with pytest.raises(UnlearningError, match=r"\S"):
                verb(bad, *targets)
        with pytest.raises(UnlearningError, match=r"\S"):
            model.replace_features(texts[:1], *targets or (None,), bad)
    reading = clone(vectorizer).set_params(analyzer=list).fit([["a"], ["a", "b"]])
    reading.partial_unfit([["a"]])  # documents of the caller's own kind
    assert reading.vocabulary_ == {"a": 0, "b": 1}


def test_sparse_rows_where_none_are_taken():
    model = su.UnlearnableGaussianNB().fit(X, Y)
    with pytest.raises(UnlearningError, match=r"[Ss]parse") as caught:
        model.partial_unfit(sp.csr_array(X[:2]), Y[:2])
    assert isinstance(caught.value, TypeError)  # which scikit-learn raises


REFUSED = {
    "singular class": (
        su.UnlearnableQuadraticDiscriminantAnalysis(),
        lambda m: m.partial_unfit(X[:18], THREE[:18]),
        "not full rank",
    ),
    "singular": (
        su.UnlearnableLinearDiscriminantAnalysis(solver="eigen"),
        lambda m: m.replace_features(X, THREE, X * [1, 1, 1, 1, 0]),
        "singular",
    ),
    "priors": (
        su.UnlearnableGaussianNB(priors=SHARES),
        lambda m: m.partial_unfit(X[:20], THREE[:20]),
        "priors",
    ),
    "priors of a discriminant": (
        su.UnlearnableLinearDiscriminantAnalysis(priors=SHARES),
        lambda m: m.partial_unfit(X[:20], THREE[:20]),
        "priors",
    ),
    "priors of counts": (
        su.UnlearnableBernoulliNB(class_prior=SHARES),
        lambda m: m.partial_unfit(X[:20], THREE[:20]),
        "priors",
    ),
    "centroids of one class": (
        su.UnlearnableNearestCentroid(),
        lambda m: m.partial_unfit(X[:40], THREE[:40]),
        "two classes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_requests_after_which_there_is_no_model(name):
    model, request, words = REFUSED[name]
    model = clone(model).fit(X, THREE)
    before = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    with pytest.raises(UnlearningError, match=words):
        request(model)
    if before is not None:
        np.testing.assert_array_equal(model.predict_proba(X), before)


def test_encoders_that_cannot_do_without_a_category():
    dropping = su.UnlearnableOneHotEncoder(drop=["c", "x"]).fit(WORDS)
    with pytest.raises(InvalidRequestError, match="supposed to be dropped"):
        dropping.partial_unfit(WORDS[4:])
    unknown = su.UnlearnableOrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=2
    )
    unknown.fit(WORDS[:4])
    with pytest.raises(InvalidRequestError, match="unknown_value"):
        unknown.partial_fit(WORDS[4:])
    model = su.make_unlearnable_pipeline(clone(dropping), make("ridge"))
    model.fit(WORDS, np.arange(5.0))
    with pytest.raises(InvalidRequestError, match=r"Step .* supposed to be dropped"):
        model.partial_unfit(WORDS[4:], [4.0])


def test_errors_say_where_they_are_from():
    model = make("logistic").fit(X, Y)
    with pytest.raises(InvalidRequestError) as caught:
        model.partial_unfit(NAN, Y[:2])
    assert caught.traceback[-1].path.name == "validation.py"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", MODELS)
def test_what_is_not_fitted_says_so(name):
    model = clone(MODELS[name])
    if hasattr(model, "forget_features"):
        with pytest.raises(NotFittedError):
            model.forget_features([0])
    with pytest.raises(NotFittedError):
        su.forget_features(model, [0])


def test_fits_raise_what_the_twins_raise():
    with pytest.raises(ValueError, match="NaN") as caught:
        make("logistic").fit(NAN, Y[:2])
    assert not isinstance(caught.value, UnlearningError)
    with pytest.raises(ValueError, match="NaN"):
        Ridge().fit(NAN, [0.0, 1.0])


def test_adoptions_that_are_refused():
    plain = LogisticRegression().fit(X, Y)
    refused = [
        lambda: su.UnlearnableLogisticRegression.from_sklearn(Ridge().fit(X, X), X, Y),
        lambda: su.UnlearnableLogisticRegression.from_sklearn(plain, X[:, :3], Y),
        lambda: su.UnlearnableLogisticRegression.from_sklearn(plain, NAN, Y[:2]),
        lambda: su.UnlearnableGaussianNB.from_sklearn(plain, X, Y),
        lambda: su.UnlearnableMLPClassifier.from_sklearn(plain, X, Y),
        lambda: su.UnlearnablePipeline.from_sklearn(plain, NAN, Y[:2]),
    ]
    for adopt in refused:
        with pytest.raises(UnlearningError, match=r"\S"):
            adopt()
