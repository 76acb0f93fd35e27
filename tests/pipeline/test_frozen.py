"""Steps that stay as they are, ``on_stateful="freeze"``: what they know is said."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    MinMaxScaler,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)
from tests.pipeline.data import NUMBERS, WORDS, people, raw
from tests.pipeline.scripts import answers

STAYS = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


@pytest.fixture(scope="module")
def table():
    frame, y = people(300)
    frame["street"] = np.random.default_rng(5).integers(0, 60, 300).astype(str)
    return frame, y


def encoder():
    """With a seed, which scikit-learn 1.9 wants elsewhere than releases before it."""
    given = TargetEncoder().get_params()
    if given.get("random_state", "deprecated") == "deprecated":
        return TargetEncoder(cv=StratifiedKFold(5, shuffle=True, random_state=0))
    return TargetEncoder(random_state=0)


def beside():
    return make_column_transformer(
        (encoder(), [*WORDS, "street"]), (StandardScaler(), NUMBERS)
    )


def logistic(**params):
    return LogisticRegression(tol=1e-10, max_iter=1000, **params)


FRONTS = {
    "before a scaler": (
        [make_column_transformer((encoder(), ["street"]), remainder=StandardScaler())],
        ["street", *NUMBERS],
    ),
    "beside": ([beside()], None),
    "alone": ([encoder()], ["street", "city"]),
    "a chain": ([encoder(), StandardScaler()], ["street", "city"]),
    "inside": ([make_pipeline(encoder(), MinMaxScaler())], ["street"]),
    "in a union": ([make_union(encoder(), "passthrough")], ["hours"]),
    "quantiles": ([QuantileTransformer(n_quantiles=20)], NUMBERS),
    "means": ([StandardScaler(), KMeans(3, n_init=1, random_state=0)], NUMBERS),
    "a choice": ([SelectKBest(k=2), StandardScaler()], NUMBERS),
    "parts": (
        [MinMaxScaler(), NMF(2, random_state=0, tol=0.05), StandardScaler()],
        NUMBERS,
    ),
}


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("retain_data", [False, True])
def test_adopting_changes_no_coefficient(table, name, retain_data):
    (frame, y), (steps, columns) = table, FRONTS[name]
    X = frame if columns is None else frame[columns]
    theirs = make_pipeline(*map(clone, steps), logistic()).fit(X, y)
    ours = UnlearnablePipeline.from_sklearn(
        theirs, X, y, on_stateful="freeze", retain_data=retain_data
    )
    np.testing.assert_allclose(ours[-1].coef_, theirs[-1].coef_, atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-6)
    front = theirs[:-1].transform(X)
    np.testing.assert_allclose(ours[:-1].transform(X), front, atol=1e-12)


@STAYS
def test_rows_leave_as_they_were_given_at_fit(table):
    frame, y = table
    theirs = make_pipeline(beside(), logistic()).fit(frame, y)
    ours = UnlearnablePipeline.from_sklearn(
        theirs, frame, y, on_stateful="freeze", retain_data=True
    )
    ours.partial_unfit(frame[:9], y[:9])
    ours.replace_labels(frame[10:11], y[10:11], y[:1])
    given = beside().fit_transform(frame, y)
    n_encoded = 3
    scaler = StandardScaler().fit(frame[NUMBERS][9:])
    given[:, n_encoded:] = scaler.transform(frame[NUMBERS])
    after = y.copy()
    after[10] = y[0]
    refit = logistic().fit(given[9:], after[9:])
    np.testing.assert_allclose(ours[-1].coef_, refit.coef_, atol=1e-6)


def fitted(table, retain_data, *steps):
    frame, y = table
    last = UnlearnableLogisticRegression(retain_data=retain_data)
    model = make_unlearnable_pipeline(*steps, last, on_stateful="freeze")
    return model.fit(frame[["street", "city"]], y)


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("adopted", [False, True])
def test_what_was_given_at_fit_and_is_needed_is_not_made_up(
    table, retain_data, adopted
):
    frame, y = table
    X = frame[["street", "city"]]
    if adopted:
        theirs = make_pipeline(encoder(), StandardScaler(), logistic()).fit(X, y)
        model = UnlearnablePipeline.from_sklearn(
            theirs, X, y, on_stateful="freeze", retain_data=retain_data
        )
    else:
        model = fitted(table, retain_data, encoder(), UnlearnableStandardScaler())
    steps = model.steps
    with pytest.raises(UnlearningError, match="'targetencoder' made something else"):
        model.partial_unfit(X[:2], y[:2])
    if not retain_data:
        with pytest.raises(UnlearningError, match="'targetencoder' made something"):
            model.replace_labels(X[:1], y[:1], y[1:2])
        part = make_unlearnable_column_transformer(
            (encoder(), ["street"]), on_stateful="freeze"
        )
        inside = fitted(table, False, make_unlearnable_pipeline(part))
        name = "'unlearnablepipeline__unlearnablecolumntransformer__targetencoder'"
        with pytest.raises(UnlearningError, match=name):
            inside.replace_labels(X[:1], y[:1], y[1:2])
    assert model.steps is steps


@STAYS
@pytest.mark.parametrize("retain_data", [False, True])
def test_what_was_drawn_at_random_changes_no_coefficient(
    table, retain_data, monkeypatch
):
    frame, y = table
    # how far the draws are apart depends on them: always the same ones
    monkeypatch.setattr(np.random.mtrand, "_rand", np.random.RandomState(0))
    front = make_column_transformer(
        (TargetEncoder(), ["street"]), (StandardScaler(), NUMBERS)
    )
    theirs = make_pipeline(front, make_pipeline(logistic())).fit(frame, y)
    name = "'columntransformer__targetencoder' .*again"
    with pytest.warns(DataMismatchWarning, match=name):
        ours = UnlearnablePipeline.from_sklearn(
            theirs, frame, y, on_stateful="freeze", retain_data=retain_data
        )
    np.testing.assert_array_equal(ours[-1][-1].coef_, theirs[-1][-1].coef_)
    np.testing.assert_allclose(answers(ours, frame), answers(theirs, frame), atol=1e-13)
    if retain_data:
        ours.partial_unfit(frame[:3], y[:3])
        assert np.abs(answers(ours, frame) - answers(theirs, frame)).max() < 0.1
    network = make_pipeline(TargetEncoder(), MLPClassifier(4, max_iter=5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(frame[["street"]], y)
    ours = UnlearnablePipeline.from_sklearn(
        network, frame[["street"]], y, on_stateful="freeze"
    )
    expected = answers(network, frame[["street"]])
    np.testing.assert_array_equal(answers(ours, frame[["street"]]), expected)


@pytest.mark.parametrize("later", [[StandardScaler(), logistic()], [GaussianNB()]])
def test_sums_of_what_was_drawn_at_random_are_not_known(table, later):
    frame, y = table
    theirs = make_pipeline(TargetEncoder(), *map(clone, later)).fit(frame[WORDS], y)
    name = theirs.steps[1][0]
    with pytest.raises(UnlearningError, match=f"'targetencoder' .*'{name}'.* a seed"):
        UnlearnablePipeline.from_sklearn(theirs, frame[WORDS], y, on_stateful="freeze")


def test_other_rows_than_those_that_it_was_fitted_to(table):
    frame, y = table
    X = frame[["street"]]
    theirs = make_pipeline(encoder(), logistic()).fit(X, y)
    with pytest.raises(UnlearningError, match=r"another encodings_.*Pass what"):
        UnlearnablePipeline.from_sklearn(theirs, X[5:], y[5:], on_stateful="freeze")


def test_what_was_taken_over_does_not_change_with_it():
    X, y = raw("logistic")
    theirs = make_pipeline(QuantileTransformer(n_quantiles=9), logistic()).fit(X, y)
    ours = UnlearnablePipeline.from_sklearn(theirs, X, y, on_stateful="freeze")
    before = answers(ours, X)
    theirs.fit(X[:50] * 2.0, y[:50])
    np.testing.assert_array_equal(answers(ours, X), before)


# What is said -----------------------------------------------------------------------


@pytest.fixture
def frozen():
    X, y = raw("logistic")
    last = UnlearnableLogisticRegression(retain_data=True)
    part = make_unlearnable_column_transformer(
        (RFE(Ridge(), n_features_to_select=1), [0, 1]),
        (QuantileTransformer(n_quantiles=9), [2]),
        (UnlearnableStandardScaler(), [3, 4]),
        on_stateful="freeze",
    )
    model = make_unlearnable_pipeline(
        part, KMeans(3, n_init=1, random_state=0), last, on_stateful="freeze"
    )
    return model.fit(X, y == "yes"), X, y == "yes"


NAMES = (
    "kmeans",
    "unlearnablecolumntransformer__quantiletransformer",
    "unlearnablecolumntransformer__rfe",
)


def test_a_step_that_knows_a_row_that_left_is_named(frozen):
    model, X, y = frozen
    assert model.gradient_residual(X, y).remembered == ()
    assert "knows" not in repr(model.gradient_residual(X, y))
    model.to_sklearn()
    with pytest.warns(NotForgottenWarning, match="'kmeans', 'unl") as caught:
        model.partial_unfit(X[:1], y[:1])
    assert [each.filename for each in caught] == [__file__]
    for each in (model, pickle.loads(pickle.dumps(model))):
        residual = each.gradient_residual(X[1:], y[1:])
        assert residual.remembered == NAMES
        assert "what 'kmeans', 'unlearnable" in repr(residual)
        assert pickle.loads(pickle.dumps(residual)).remembered == NAMES
        with pytest.warns(NotForgottenWarning, match="and is exported") as caught:
            each.to_sklearn()
        assert [one.filename for one in caught] == [__file__]
    model.partial_fit(X[:1], y[:1])  # nothing leaves
    assert model.gradient_residual(X, y).remembered == NAMES
    assert model.fit(X[1:], y[1:]).gradient_residual(X, y).remembered == ()


def test_only_what_learned_from_a_value_knows_it(frozen):
    model, X, y = frozen
    with pytest.warns(NotForgottenWarning, match=f"What '{NAMES[2]}' knows"):
        model.replace_labels(X[:1], y[:1], ~y[:1])
    assert model.gradient_residual(X, y).remembered == NAMES[2:]
    corrected = X[3:4].copy()
    corrected[0, 2] += 1.0
    with pytest.warns(NotForgottenWarning, match=f"What '{NAMES[0]}', '{NAMES[1]}' k"):
        model.replace_features(X[3:4], y[3:4], corrected)
    assert model.gradient_residual(X, y).remembered == NAMES


def test_parts_of_a_column_transformer_by_itself(frozen):
    model, X, y = frozen
    part = model[0]
    part.to_sklearn()
    with pytest.warns(NotForgottenWarning, match="'columntransformer__quant"):
        part.partial_unfit(X[:1])
    with pytest.warns(NotForgottenWarning, match="exported"):
        part.to_sklearn()
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:1], y[:1])
    with pytest.warns(NotForgottenWarning, match="exported"):
        model[:-1].to_sklearn()


def test_what_is_published_with_a_certificate():
    X, y = raw("logistic", 1000)
    last = UnlearnableLogisticRegression(
        retain_data=True, certification=GaussianCertification(1.0, 1e-5, 1.0)
    )
    front = QuantileTransformer(n_quantiles=9)
    model = make_unlearnable_pipeline(front, last, on_stateful="freeze").fit(X, y)
    model.release()
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:1], y[:1])
    with pytest.warns(NotForgottenWarning, match="exported") as caught:
        model.release()
    assert [each.filename for each in caught] == [__file__]
