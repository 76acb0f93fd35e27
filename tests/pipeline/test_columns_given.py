"""Columns in all the ways to give them, of rows of all kinds."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import (
    make_column_selector,
    make_column_transformer,
)
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from tests.pipeline.data import NUMBERS, WORDS, people
from tests.pipeline.scripts import Story, answers, rows_of
from tests.pipeline.test_columns import all_verbs


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
    pl = pytest.importorskip("polars")
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
    pd = pytest.importorskip("pandas")
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
