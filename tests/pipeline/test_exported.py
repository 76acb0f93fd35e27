"""Pipelines and column transformers as a fit to the remaining data has them."""

import pickle
import pickletools

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from tests.exports import assert_as_fitted
from tests.pipeline.data import NUMBERS, WORDS, columns, people
from tests.pipeline.scripts import answers


def logistic():
    return LogisticRegression(solver="newton-cholesky", tol=1e-9, max_iter=300)


def selected(*parts, **params):
    return as_later_releases(make_column_transformer(*parts, **params))


def as_later_releases(transformer):
    """The same, where scikit-learn 1.6 does not do otherwise as later releases do."""
    given = transformer.get_params(deep=False)
    if given.get("force_int_remainder_cols") is True:
        transformer.set_params(force_int_remainder_cols=False)
    return transformer


def encoder(**params):
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False, **params)


NUMERIC = make_column_selector(dtype_include=np.number)
#: Column transformers, and columns that may be forgotten.
COLUMNS = {
    "names": selected((StandardScaler(), NUMBERS), (encoder(), WORDS)),
    "places": selected((StandardScaler(), [0, 2]), (encoder(), [1, 3])),
    "mask": selected((StandardScaler(), [True, False, True, False, True])),
    "slice": selected((encoder(), slice("city", "city")), (StandardScaler(), [0, 4])),
    "selector": selected((StandardScaler(), NUMERIC), remainder=encoder()),
    "scaled rest": selected((encoder(), WORDS), remainder=StandardScaler()),
    "rest": selected(
        (encoder(), WORDS), (StandardScaler(), ["income"]), remainder="passthrough"
    ),
    "dropped": selected(
        (encoder(), ["city"]), ("drop", ["hours"]), ("passthrough", ["age"])
    ),
    "none": selected((StandardScaler(), []), (MinMaxScaler(), NUMBERS)),
    "texts": selected((CountVectorizer(), "city"), (StandardScaler(), NUMBERS)),
    "nested": selected(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS),
        (make_pipeline(encoder(), StandardScaler()), WORDS),
    ),
    "inside": selected(
        (selected((StandardScaler(), ["age"]), remainder=MinMaxScaler()), NUMBERS),
        (encoder(), WORDS),
    ),
    "weighted": as_later_releases(
        ColumnTransformer(
            [("a", StandardScaler(), NUMBERS), ("b", encoder(), WORDS)],
            transformer_weights={"a": 2.0},
            sparse_threshold=0.1,
            n_jobs=1,
            verbose_feature_names_out="{feature_name}-{transformer_name}",
        )
    ),
}


@pytest.fixture(scope="module")
def table():
    frame, y = people(150)
    frame["income"] /= 1e4
    return frame, y


def adopted(theirs, frame, y):
    return UnlearnablePipeline.from_sklearn(theirs, frame, y, retain_data=True)


def assert_plain(model):
    """Nothing of ours is in a pickle."""
    names = [value for _, value, _ in pickletools.genops(pickle.dumps(model))]
    assert not [n for n in names if isinstance(n, str) and "sklearn_unlearn" in n]


@pytest.mark.parametrize("output", [None, "pandas"])
@pytest.mark.parametrize("name", COLUMNS)
def test_an_export_is_a_fit_to_the_remaining_rows(table, name, output):
    frame, y = table
    front = clone(COLUMNS[name])
    if output is not None and name != "texts":
        front.set_output(transform=output)
    theirs = make_pipeline(front, logistic()).fit(frame, y)
    ours = adopted(theirs, frame, y).partial_unfit(frame[:3], y[:3])
    plain, kept = ours.to_sklearn(), (frame[3:], y[3:])
    refit = clone(theirs).fit(*kept)
    np.testing.assert_allclose(
        answers(plain, frame[3:]), answers(refit, frame[3:]), atol=1e-6
    )
    if name == "selector":  # functions have addresses
        for each in (plain, refit):
            each.set_params(columntransformer__transformers=[])
    assert_as_fitted(plain, refit)
    assert_plain(plain)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_clone_is_fitted_to_columns_by_their_names(table, name):
    frame, y = table
    theirs = make_pipeline(clone(COLUMNS[name]), logistic()).fit(frame, y)
    plain = adopted(theirs, frame, y).to_sklearn()
    other = frame
    if name not in ("places", "mask", "slice"):
        other = frame[list(reversed(frame.columns))]
    again = clone(plain).fit(other, y)
    np.testing.assert_allclose(answers(again, other), answers(theirs, frame), atol=1e-6)


@pytest.mark.parametrize("column", ["income", "city"])
@pytest.mark.parametrize("name", COLUMNS)
def test_an_export_without_columns_is_a_fit_without_them(table, name, column):
    frame, y = table
    theirs = make_pipeline(clone(COLUMNS[name]), logistic()).fit(frame, y)
    ours = adopted(theirs, frame, y).forget_features([column])
    less = frame.drop(columns=column)
    for drop_forgotten, rows in ((True, less), (False, frame)):
        plain = ours.to_sklearn(drop_forgotten=drop_forgotten)
        refit = clone(plain).fit(rows, y)
        expected = answers(ours, frame)
        np.testing.assert_allclose(answers(plain, rows), expected, atol=1e-12)
        np.testing.assert_allclose(answers(refit, rows), expected, atol=1e-6)
        assert_as_fitted(plain, refit)
        assert_plain(plain)


def test_parameters_of_a_pipeline(table, tmp_path):
    frame, y = table
    last = UnlearnableLogisticRegression()
    model = make_unlearnable_pipeline(
        columns(), last, memory=str(tmp_path), verbose=True
    )
    plain = model.fit(frame, y).to_sklearn()
    assert (plain.memory, plain.verbose) == (str(tmp_path), True)
    assert [name for name, _ in plain.steps] == [name for name, _ in model.steps]


def test_what_was_frozen_and_given_fitted_is_exported_as_that(table):
    frame, y = table
    X = frame[NUMBERS].to_numpy(float)
    frozen = FrozenEstimator(UnlearnableStandardScaler().fit(X))
    model = make_unlearnable_pipeline(frozen, UnlearnableLogisticRegression())
    plain = model.fit(X, y).to_sklearn()
    assert_as_fitted(plain[0], FrozenEstimator(StandardScaler().fit(X)))
    assert_plain(plain)


def test_models_in_a_last_step_are_exported(table):
    frame, y = table
    X = frame[NUMBERS].to_numpy(float)
    inner = UnlearnableLogisticRegression(retain_data=True)
    for last in (
        FixedThresholdClassifier(inner, threshold=0.3),
        VotingClassifier([("one", inner), ("other", "drop")]),
    ):
        model = make_unlearnable_pipeline(UnlearnableStandardScaler(), last).fit(X, y)
        plain = model.to_sklearn()
        np.testing.assert_array_equal(plain.predict(X), model.predict(X))
        assert_plain(plain)
        assert_plain(clone(plain))


def test_which_metadata_steps_request_is_handed_on(table):
    frame, y = table
    front = clone(COLUMNS["names"])
    theirs = make_pipeline(front, logistic())
    with config_context(enable_metadata_routing=True):
        front.transformers[0][1].set_fit_request(sample_weight=True)
        theirs[-1].set_fit_request(sample_weight="weight").set_score_request(
            sample_weight=False
        )
    plain = adopted(theirs.fit(frame, y), frame, y).to_sklearn()
    for each in (plain, clone(plain)):
        expected = theirs.get_metadata_routing()
        assert repr(each.get_metadata_routing()) == repr(expected)


def test_names_of_outputs_that_are_gone_are_in_no_pickle(table):
    frame, y = table
    front = columns().set_params(words__sparse_output=False)
    front.set_output(transform="pandas")
    last = UnlearnableLogisticRegression(retain_data=True)
    model = make_unlearnable_pipeline(front, last).fit(frame, y)
    assert b"Lima" in pickle.dumps(model)
    model.partial_unfit(frame[:1], y[:1])
    for each in (model, model.to_sklearn()):
        assert b"Lima" not in pickle.dumps(each)
