"""Pipelines of column transformers, against refits on the edited raw data."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
    partial_unfit,
)
from sklearn_unlearn.exceptions import RowNotFoundError, UnlearningError
from tests.pipeline.scripts import Story, answers, rows_of

NUMBERS, WORDS = ["age", "income", "hours"], ["city", "work"]


def people(n_rows=200, seed=0):
    """A frame of numbers and words, and whether somebody earns much.

    The first row alone is of its city; the last rows are from a new one.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40.0, 10.0, n_rows),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n_rows).astype(object),
            "income": rng.gamma(2.0, 1e4, n_rows),
            "work": rng.choice(["state", "self"], n_rows).astype(object),
            "hours": rng.integers(1, 60, n_rows),
        }
    )
    frame.loc[0, "city"] = "Lima"
    frame.loc[n_rows - 3 :, "city"] = "Kyiv"
    signal = frame["age"] / 10.0 + frame["income"] / 1e4 + (frame["city"] == "Oslo")
    y = np.where(signal + rng.logistic(size=n_rows) > 6.0, "much", "little")
    return frame, y


def columns(**params):
    return UnlearnableColumnTransformer(
        [
            ("numbers", UnlearnableStandardScaler(), NUMBERS),
            ("words", UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS),
        ],
        **params,
    )


def pipeline(last=None, retain_data=True, **params):
    last = UnlearnableLogisticRegression(C=0.5) if last is None else last
    last.set_params(retain_data=retain_data)
    return make_unlearnable_pipeline(columns(**params), last)


def all_verbs(story):
    """A city disappears, changed values bring a new one, and later rows another."""
    story.partial_unfit([0, 30, 31])
    changed = rows_of(story.X, [3, 9])
    if hasattr(changed, "iloc"):
        changed = changed.assign(age=changed["age"] + 20.0, city=["Lund", "Rome"])
    story.replace_features([3, 9], changed)
    story.replace_labels([5, 20])
    story.partial_fit()
    story.partial_unfit([7])


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_with_data_requests_are_refits_of_the_whole_pipeline(threshold):
    story = Story(pipeline(sparse_threshold=threshold), *people())
    all_verbs(story)
    refit = story.refit()
    np.testing.assert_array_equal(
        story.pipeline[:-1].get_feature_names_out(), refit[:-1].get_feature_names_out()
    )
    assert sp.issparse(story.pipeline[:-1].transform(story.X)) == (threshold == 1.0)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-9
    )
    story.pipeline.forget_features(["city", "income"])
    left = story.X.drop(columns=["city", "income"])
    model = columns()
    model.set_params(
        transformers=[
            ("numbers", UnlearnableStandardScaler(), ["age", "hours"]),
            ("words", UnlearnableOneHotEncoder(handle_unknown="ignore"), ["work"]),
        ]
    )
    refit = make_unlearnable_pipeline(model, UnlearnableLogisticRegression(C=0.5))
    refit.fit(left, story.y)
    assert story.pipeline[-1].coef_.shape == refit[-1].coef_.shape
    blank = story.X.assign(city=np.nan, income=np.nan)
    for X in (left, blank, story.X):
        np.testing.assert_allclose(
            answers(story.pipeline, X), answers(refit, left), atol=1e-9
        )
    story.pipeline.partial_unfit(left[:2], story.y[:2])
    refit.fit(left[2:], story.y[2:])
    np.testing.assert_allclose(
        answers(story.pipeline, left), answers(refit, left), atol=1e-9
    )
    exported = story.pipeline.to_sklearn()
    assert type(exported[0]) is ColumnTransformer
    np.testing.assert_allclose(
        answers(exported, story.X), answers(refit, left), atol=1e-9
    )


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_without_data_squared_error_is_exact(threshold):
    frame, y = people()
    last = UnlearnableRidge(alpha=2.0)
    model = pipeline(last, retain_data=False, sparse_threshold=threshold)
    story = Story(model, frame, (y == "much") + frame["age"].to_numpy() / 50.0)
    all_verbs_of_numbers(story)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), rtol=1e-8
    )
    story.pipeline.forget_features("city")
    model = columns(sparse_threshold=threshold).set_params(
        words=UnlearnableOneHotEncoder(handle_unknown="ignore")
    )
    model.transformers[1] = (*model.transformers[1][:2], ["work"])
    refit = make_unlearnable_pipeline(model, clone(last)).fit(story.X, story.y)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), rtol=1e-8
    )


def all_verbs_of_numbers(story):
    story.partial_unfit([0, 30, 31])
    changed = rows_of(story.X, [3, 9]).assign(city=["Lund", "Rome"])
    story.replace_features([3, 9], changed)
    story.replace_labels([5, 20])
    story.partial_fit()


def test_scikit_learns_own_pipeline_agrees():
    story = Story(pipeline(), *people())
    all_verbs(story)
    twin = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", StandardScaler(), NUMBERS),
                ("words", OneHotEncoder(handle_unknown="ignore"), WORDS),
            ]
        ),
        LogisticRegression(C=0.5, tol=1e-10, max_iter=1000),
    ).fit(story.X, story.y)
    np.testing.assert_allclose(
        story.pipeline.predict_proba(story.X), twin.predict_proba(story.X), atol=1e-6
    )


def test_a_category_that_nobody_else_has_leaves_every_trace():
    frame, y = people()
    model = pipeline().fit(frame, y)
    assert b"Lima" in pickle.dumps(model)
    model.partial_unfit(frame[:1], y[:1])
    assert b"Lima" not in pickle.dumps(model)
    for dtype in ("category", "str"):
        typed = frame.astype({"city": dtype, "work": dtype})
        model = pipeline().fit(typed, y).partial_unfit(typed[:1], y[:1])
        assert b"Lima" not in pickle.dumps(model)
        again = pickle.loads(pickle.dumps(model))
        again.partial_unfit(typed[1:2], y[1:2])
        refit = clone(model).fit(typed[2:], y[2:])
        np.testing.assert_allclose(
            answers(again, typed), answers(refit, typed), atol=1e-9
        )
        model.forget_features("city")
        assert b"Oslo" not in pickle.dumps(model)


def test_indexes_and_attributes_of_frames_leave_no_trace():
    frame, y = people()
    names = [f"person {place}" for place in range(len(frame))]
    indexes = {
        "plain": pd.Index(names),
        "categories": pd.CategoricalIndex(names),
        "levels": pd.MultiIndex.from_arrays([names, np.arange(len(frame))]),
    }
    for index in indexes.values():
        indexed = frame.set_axis(index)
        indexed.attrs["first"] = "person 0"
        indexed["city"] = indexed["city"].astype("category")
        model = pipeline().fit(indexed[:-3], y[:-3])
        model.partial_fit(indexed[-3:], y[-3:])
        assert indexed.attrs
        assert indexed.index.equals(index)
        gone = [0, 5, 197, 198, 199]  # first those of a city, last all of another
        model.partial_unfit(indexed.iloc[gone], y[gone])
        pickled = pickle.dumps(model)
        assert not any(each in pickled for each in (b"person ", b"Lima", b"Kyiv"))
        kept = np.setdiff1d(np.arange(len(frame)), gone)
        refit = clone(model).fit(frame.iloc[kept], y[kept])
        np.testing.assert_allclose(
            answers(model, frame), answers(refit, frame), atol=1e-6
        )


def test_people_with_the_same_outputs_are_told_apart():
    frame, y = people()
    frame["name"] = [f"person {i}" for i in range(len(frame))]
    twins = pd.concat([frame, frame.iloc[:1].assign(name="Doppler")], ignore_index=True)
    y = np.append(y, y[0])
    model = pipeline().fit(twins, y)
    model.partial_unfit(twins[-1:], y[-1:])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(twins[-1:], y[-1:])
    dumped = pickle.dumps(model)
    assert b"Doppler" not in dumped
    assert b"person 0" in dumped
    model.forget_features("name")  # which no step uses
    assert b"person 0" not in pickle.dumps(model)
    model.partial_unfit(frame[:1].drop(columns="name"), y[:1])


@pytest.mark.parametrize("given", ["names", "places", "mask", "slice", "selector"])
@pytest.mark.parametrize("remainder", ["drop", "passthrough", "scaler"])
def test_columns_however_they_are_given(given, remainder):
    frame, y = people()
    frame = frame[[*NUMBERS, *WORDS]].assign(weight=np.linspace(0.0, 1.0, len(frame)))
    words = {
        "names": WORDS,
        "places": [3, -2],
        "mask": [False, False, False, True, True, False],
        "slice": slice("city", "work"),
        "selector": make_column_selector(dtype_exclude="number"),
    }[given]
    left = UnlearnableStandardScaler() if remainder == "scaler" else remainder
    model = UnlearnableColumnTransformer(
        [
            ("words", UnlearnableOneHotEncoder(handle_unknown="ignore"), words),
            ("numbers", UnlearnableStandardScaler(), ["age"]),
            ("nothing", "drop", ["hours"]),
            ("none", UnlearnableStandardScaler(), []),
        ],
        remainder=left,
        transformer_weights={"numbers": 2.0},
    )
    last = UnlearnableLogisticRegression(retain_data=True)
    story = Story(make_unlearnable_pipeline(model, last), frame, y)
    all_verbs(story)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), atol=1e-9
    )
    story.pipeline.forget_features(["weight", "age"])
    X = story.X.drop(columns=["weight", "age"])
    story.pipeline.partial_unfit(X[:1], story.y[:1])
    kept = [(n, t, c) for n, t, c in model.transformers if n != "numbers"]
    if given in ("places", "mask"):
        kept[0] = ("words", UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS)
    model = clone(model).set_params(transformers=kept)
    refit = make_unlearnable_pipeline(model, clone(last)).fit(X[1:], story.y[1:])
    np.testing.assert_allclose(answers(story.pipeline, X), answers(refit, X), atol=1e-9)
    exported = story.pipeline.to_sklearn()
    np.testing.assert_allclose(answers(exported, story.X), answers(refit, X), atol=1e-9)
    assert exported[0].get_feature_names_out().size == refit[-1].n_features_in_


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("kind", ["numpy", "polars"])
def test_other_kinds_of_input(kind, retain_data):
    frame, y = people()
    target = frame["age"].to_numpy() + (y == "much")
    numbers, words = [0, 2, 4], [1, 3]
    if kind == "polars":
        frame = pl.DataFrame({name: frame[name].tolist() for name in frame})
        numbers, words = NUMBERS, WORDS
    else:
        frame = frame.to_numpy(dtype=object)
    model = make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (UnlearnableStandardScaler(), numbers),
            (UnlearnableOneHotEncoder(handle_unknown="ignore"), words),
        ),
        UnlearnableRidge(retain_data=retain_data),
    )
    story = Story(model, frame, target)
    story.partial_unfit([0, 8])
    story.replace_features([4], rows_of(story.X, [5]))
    story.partial_fit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), rtol=1e-8
    )
    gone = [words[0], numbers[1]]
    story.pipeline.forget_features(gone)
    X = story.X.drop(gone) if kind == "polars" else np.delete(story.X, gone, axis=1)
    refit = clone(model)
    refit[0].set_params(
        transformers=[
            (name, step, [c for c in chosen if c not in gone])
            for name, step, chosen in refit[0].transformers
        ]
    )
    refit.fit(story.X, story.y)
    np.testing.assert_allclose(
        answers(story.pipeline, X), answers(refit, story.X), rtol=1e-8
    )
    story.pipeline.partial_unfit(rows_of(X, [0]), story.y[:1])
    rest = np.arange(1, len(story.y))
    refit.fit(rows_of(story.X, rest), story.y[1:])
    np.testing.assert_allclose(
        answers(story.pipeline, X), answers(refit, story.X), rtol=1e-8
    )


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_columns_named_by_numbers(beside, retain_data):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 4)), columns=[3, 0, 1, 2])
    y = frame.sum(axis=1) + rng.normal(size=50)
    first = UnlearnableStandardScaler()
    if beside:
        first = make_unlearnable_column_transformer(
            (first, [0, 1]), remainder="passthrough"
        )
    model = make_unlearnable_pipeline(first, UnlearnableRidge(retain_data=retain_data))
    model.fit(frame, y)
    for column in (0, 2):
        model.forget_features([column])  # by index
        frame = frame.drop(columns=[3, 0, 1][column])
        first = StandardScaler()
        if beside:
            # of the two that were scaled the second is left
            first = make_column_transformer((first, [0]), remainder="passthrough")
        expected = make_pipeline(first, Ridge()).fit(frame, y)
        np.testing.assert_allclose(
            model.predict(frame), expected.predict(frame), atol=1e-8
        )
    model.partial_unfit(frame[:2], y[:2])
    expected.fit(frame[2:], y[2:])
    np.testing.assert_allclose(model.predict(frame), expected.predict(frame), atol=1e-8)


def test_outputs_as_frames():
    model = pipeline()
    model[0].set_params(words__sparse_output=False)
    story = Story(model.set_output(transform="pandas"), *people())
    all_verbs(story)
    refit = story.refit()
    names = refit[0].get_feature_names_out()
    assert story.pipeline[0].transform(story.X).columns.tolist() == names.tolist()
    assert story.pipeline[-1].feature_names_in_.tolist() == names.tolist()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-9
    )


def test_nested_pipelines():
    frame, y = people()
    inner = make_unlearnable_pipeline("passthrough", UnlearnableStandardScaler())
    model = make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (inner, NUMBERS),
            (UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS),
        ),
        UnlearnableLogisticRegression(retain_data=True),
    )
    outer = make_unlearnable_pipeline("passthrough", model)
    behind = make_unlearnable_pipeline(model[0], make_unlearnable_pipeline(model[1]))
    for each in (model, outer, behind):
        story = Story(each, frame, y)
        all_verbs(story)
        np.testing.assert_allclose(
            answers(story.pipeline, story.X), answers(story.refit(), story.X), atol=1e-9
        )


def test_alone_it_has_verbs_too():
    frame, _ = people()
    model = columns(sparse_threshold=0.0).fit(frame)
    model.partial_unfit(frame[:3]).replace_features(frame[3:4], X_new=frame[5:6])
    model.partial_fit(frame[:1])
    rows = [*range(4, len(frame)), 5, 0]
    refit = clone(model).fit(frame.iloc[rows])
    np.testing.assert_allclose(
        model.transform(frame), refit.transform(frame), rtol=1e-9
    )
    assert model.output_indices_ == refit.output_indices_
    model.forget_features("city")
    assert clone(model).partial_fit(frame).transform(frame).shape[1] == 10
    with pytest.raises(UnlearningError, match="nothing would be left"):
        model.forget_features([*NUMBERS, *WORDS])
    with pytest.raises(ValueError, match="X_new must be given"):
        model.replace_features(frame)
    with pytest.raises(ValueError, match="on_stateful"):
        columns(on_stateful="ask").fit(frame)


def test_steps_in_columns_that_cannot_unlearn():
    frame, y = people()
    model = pipeline()
    model[0].set_params(numbers=StandardScaler())
    with pytest.raises(UnlearningError, match="__numbers', a StandardScaler"):
        model.fit(frame, y).partial_unfit(frame[:1], y[:1])


def test_searches():
    frame, y = people()
    grid = {"unlearnablecolumntransformer__numbers__with_mean": [True, False]}
    search = GridSearchCV(pipeline(retain_data=False), grid, n_jobs=2).fit(frame, y)
    search.best_estimator_.partial_unfit(frame[:1], y[:1])
    assert "numbers" in search.best_estimator_._repr_html_()
    logarithm = FunctionTransformer(np.log1p)
    model = make_unlearnable_pipeline(
        make_unlearnable_column_transformer((logarithm, ["income"])),
        UnlearnableStandardScaler(),
        UnlearnableLogisticRegression(),
    ).fit(frame, y)
    model.partial_unfit(frame[:2], y[:2])
    refit = clone(model).fit(frame[2:], y[2:])
    np.testing.assert_allclose(answers(model, frame), answers(refit, frame), atol=1e-3)


def test_what_was_given_fitted_forgets_too():
    frame, y = people()
    encoder = UnlearnableOneHotEncoder(handle_unknown="ignore").fit(frame[["city"]])
    beside = make_unlearnable_column_transformer((encoder, ["city"]), remainder=encoder)
    beside.fit(frame[["city", "work"]]).partial_unfit(frame[["city", "work"]][:1])
    assert b"Lima" not in pickle.dumps(beside)
    model = pipeline(retain_data=True).fit(frame, y)
    grid = {"unlearnablecolumntransformer__numbers__with_mean": [True, False]}
    search = GridSearchCV(model, grid).fit(frame, y)
    assert b"Lima" in pickle.dumps(search)
    partial_unfit(search, frame[:1], y[:1])
    assert b"Lima" not in pickle.dumps(search)
    assert b"Kyiv" in pickle.dumps(search)
    refit = clone(search.best_estimator_).fit(frame[1:], y[1:])
    np.testing.assert_allclose(answers(search, frame), answers(refit, frame), atol=1e-6)
