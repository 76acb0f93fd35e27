"""Pipelines of column transformers, against refits on the edited raw data."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    UnlearningError,
)
from tests.pipeline.data import NUMBERS, WORDS, columns, encoded, people
from tests.pipeline.scripts import Story, answers, rows_of


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
    story = Story(encoded(sparse_threshold=threshold), *people())
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
    model = encoded(last, retain_data=False, sparse_threshold=threshold)
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
    story = Story(encoded(), *people())
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


def test_outputs_as_frames():
    model = encoded()
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
    model = encoded()
    model[0].set_params(numbers=StandardScaler(), on_stateful="raise")
    with pytest.raises(UnlearningError, match="__numbers', a StandardScaler"):
        model.fit(frame, y).partial_unfit(frame[:1], y[:1])


def test_searches():
    frame, y = people()
    grid = {"unlearnablecolumntransformer__numbers__with_mean": [True, False]}
    search = GridSearchCV(encoded(retain_data=False), grid, n_jobs=2).fit(frame, y)
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


RACE = (UnlearnableOneHotEncoder(handle_unknown="ignore"), ["race"])
AGE = (UnlearnableStandardScaler(), ["age"])
PAY = (UnlearnableMinMaxScaler(), ["pay"])
SEX = (UnlearnableOneHotEncoder(handle_unknown="ignore"), ["sex"])


def with_race(n_races=12):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    race = np.arange(80) % n_races
    frame = pd.DataFrame(
        {
            "race": [f"r{each:02d}" for each in race],
            "sex": rng.choice(["f", "m"], 80),
            "age": rng.normal(size=80),
            "pay": rng.normal(size=80) * 5.0,
        }
    )
    return frame, frame["age"].to_numpy() + race / 4.0


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("left", [[AGE, PAY], [SEX, AGE, PAY]])
def test_outputs_are_dense_once_the_sparse_ones_are_forgotten(left, retain_data):
    frame, y = with_race()
    last = UnlearnableRidge(retain_data=retain_data)
    first = make_unlearnable_column_transformer(RACE, *left)
    model = make_unlearnable_pipeline(first, last).fit(frame, y)
    assert model[0].sparse_output_
    model.forget_features("race")
    refit = make_unlearnable_column_transformer(*left)
    refit = make_unlearnable_pipeline(refit, UnlearnableRidge())
    fewer = frame.drop(columns="race")
    for n_gone in (0, 3):
        refit.fit(fewer[n_gone:], y[n_gone:])
        if left[0] is AGE or retain_data:
            assert model[0].sparse_output_ == refit[0].sparse_output_
        for X in (frame, fewer):
            for each in (model, model.to_sklearn()):
                np.testing.assert_allclose(
                    each.predict(X), refit.predict(fewer), rtol=1e-8
                )
        if not n_gone:
            model.partial_unfit(fewer[:3], y[:3])


@pytest.mark.parametrize("retain_data", [False, True])
def test_outputs_are_dense_once_the_last_sparse_one_has_vanished(retain_data):
    frame, y = with_race()
    frame = frame.assign(race=np.where(np.arange(80) < 2, "other", "most"))
    race = UnlearnableOneHotEncoder(drop="first"), ["race"]
    first = make_unlearnable_column_transformer(race, AGE, sparse_threshold=0.9)
    last = UnlearnableRidge(retain_data=retain_data)
    model = make_unlearnable_pipeline(first, last).fit(frame, y)
    assert model[0].sparse_output_
    model.partial_unfit(frame[:2], y[:2])
    refit = clone(model).fit(frame[2:], y[2:])
    assert not model[0].sparse_output_
    assert not refit[0].sparse_output_
    X = frame[2:]
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)


def test_verbs_of_a_column_transformer_refuse_what_is_not_given():
    X, _ = people()
    model = columns().fit(X)
    before = model.transform(X)
    requests = {
        "X": [model.partial_unfit, model.partial_fit],
        "columns": [model.forget_features],
    }
    for name, verbs in requests.items():
        for verb in verbs:
            with pytest.raises(ValueError, match=f"^{name} must be given"):
                verb(None)
    with pytest.raises(ValueError, match="X_new must be given"):
        model.replace_features(X[:2])
    np.testing.assert_array_equal(model.transform(X), before)
