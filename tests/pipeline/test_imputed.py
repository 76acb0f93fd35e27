"""Pipelines with missing values, against refits on the edited raw data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnablePCA,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    NoBoundError,
    UnlearningError,
    UnseenRowsWarning,
)
from tests.pipeline.data import NUMBERS, WORDS, people
from tests.pipeline.scripts import Story, answers, rows_of


def with_gaps(n_rows=200, numbers=True):
    frame, y = people(n_rows)
    rng = np.random.default_rng(7)
    for name in frame:
        if numbers or name in WORDS:
            frame.loc[rng.random(n_rows) < 0.1, name] = np.nan
    frame.loc[0, NUMBERS] = [90.0, 3e5, 59.0]
    return frame, y


def pipeline(last, strategy="mean", inner=None, **params):
    numbers = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(strategy=strategy, **params),
        UnlearnableStandardScaler() if inner is None else inner,
    )
    words = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(strategy="most_frequent"),
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
    )
    both = make_unlearnable_column_transformer((numbers, NUMBERS), (words, WORDS))
    return make_unlearnable_pipeline(both, last)


def all_verbs(story):
    story.partial_unfit([0, 30, 31])
    changed = rows_of(story.X, [3, 9]).assign(age=[np.nan, 80.0], city=[np.nan, "Lund"])
    story.replace_features([3, 9], changed)
    story.replace_labels([5, 20])
    story.partial_fit()
    story.partial_unfit([7])


def scaler_of(pipeline):
    return pipeline[0].transformers_[0][1][1]


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("indicator", [False, True])
def test_with_data_requests_are_refits_of_the_whole_pipeline(strategy, indicator):
    last = UnlearnableLogisticRegression(C=0.5, retain_data=True)
    model = pipeline(last, strategy, add_indicator=indicator)
    story = Story(model, *with_gaps())
    all_verbs(story)
    refit = story.refit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-9
    )
    np.testing.assert_allclose(
        scaler_of(story.pipeline).var_, scaler_of(refit).var_, rtol=1e-10
    )
    story.pipeline.forget_features("income")
    story.pipeline.partial_unfit(story.X[:2].drop(columns="income"), story.y[:2])
    refit = clone(model)
    refit[0].transformers[0] = (*refit[0].transformers[0][:2], ["age", "hours"])
    refit.fit(story.X[2:], story.y[2:])
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-9
    )


@pytest.mark.parametrize(
    ("strategy", "inner"),
    [
        ("mean", UnlearnableStandardScaler),
        ("median", UnlearnableStandardScaler),
        ("median", UnlearnableMinMaxScaler),
    ],
)
def test_without_data_statistics_follow_imputed_values_exactly(strategy, inner):
    model = pipeline(UnlearnableLogisticRegression(C=0.5), strategy, inner())
    frame, y = with_gaps(2000)
    story = Story(model, frame, y, n_later=0)
    with pytest.warns(UnseenRowsWarning, match="do not follow"):
        story.partial_unfit(np.arange(3, 40))
    changed = rows_of(story.X, np.arange(30)).assign(age=np.nan)
    with pytest.warns(UnseenRowsWarning):
        story.replace_features(np.arange(30), changed)
    refit = story.refit()
    mine, its = scaler_of(story.pipeline), scaler_of(refit)
    for name in ["var_", "mean_"] if hasattr(mine, "var_") else ["scale_", "min_"]:
        np.testing.assert_allclose(getattr(mine, name), getattr(its, name), rtol=1e-10)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-3
    )
    story.pipeline.refine(story.X, story.y)
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-9
    )


def test_without_data_what_does_not_change_is_no_approximation(recwarn):
    frame, y = with_gaps(numbers=False)
    model = pipeline(UnlearnableRidge())
    story = Story(model, frame, (y == "much") + 0.0)
    story.partial_unfit([0, 30, 31])
    story.partial_fit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(story.refit(), story.X), rtol=1e-8
    )
    assert not [w for w in recwarn if w.category is UnseenRowsWarning]


def test_categories_that_are_imputed_are_counted():
    frame, y = with_gaps(400)
    counts = frame["work"].value_counts()
    most = counts.index[0]
    going = np.flatnonzero(frame["work"] == most)[: counts.iloc[0] - counts.iloc[1] + 2]
    model = pipeline(UnlearnableLogisticRegression(C=0.01)).fit(frame, y)
    with pytest.warns(UnseenRowsWarning):
        model.partial_unfit(frame.iloc[going], y[going])
    kept = np.setdiff1d(np.arange(400), going)
    encoder = model[0].transformers_[1][1][1]
    refit = clone(model).fit(frame.iloc[kept], y[kept])
    its = refit[0].transformers_[1][1][1]
    assert encoder._fitted.statistics.values == its._fitted.statistics.values


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_steps_that_cannot_follow_need_data():
    frame, y = with_gaps()
    X = frame[NUMBERS].to_numpy()
    for between in (UnlearnablePCA(), StandardScaler()):
        for retain_data in (True, False):
            model = make_unlearnable_pipeline(
                UnlearnableSimpleImputer(),
                between,
                UnlearnableLogisticRegression(retain_data=retain_data),
                on_stateful="freeze",
            ).fit(X, y)
            if not retain_data:
                with pytest.raises(UnlearningError, match="retain_data=True"):
                    model.partial_unfit(X[:2], y[:2])
                continue
            model.partial_unfit(X[:2], y[:2])
            if not isinstance(between, StandardScaler):
                refit = clone(model).fit(X[2:], y[2:])
                np.testing.assert_allclose(
                    answers(model, X), answers(refit, X), atol=1e-9
                )
    sums = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableGaussianNB()
    ).fit(X, y)
    with pytest.raises(UnlearningError, match="in step 'unlearnablesimpleimputer'"):
        sums.partial_unfit(X[:2], y[:2])


def test_no_certificate_covers_rows_that_nobody_sees():
    frame, y = with_gaps(2000)
    X = frame[NUMBERS].to_numpy()
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)
    model = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(),
        UnlearnableStandardScaler(),
        UnlearnableLogisticRegression(certification=certification),
    ).fit(X, y)
    steps = model.steps
    with pytest.raises(NoBoundError, match="no bound covers"):
        model.partial_unfit(X[3:5], y[3:5])
    assert model.steps is steps


@pytest.mark.parametrize("retain_data", [True, False])
def test_frames_between_steps(retain_data):
    frame, y = with_gaps()
    last = UnlearnableLogisticRegression(retain_data=retain_data)
    model = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableStandardScaler(), last
    ).set_output(transform="pandas")
    model.fit(frame[NUMBERS], y)
    if not retain_data:
        with pytest.raises(UnlearningError, match="retain_data=True"):
            model.partial_unfit(frame[NUMBERS][1:3], y[1:3])
        return
    model.partial_unfit(frame[NUMBERS][:3], y[:3])
    refit = clone(model).fit(frame[NUMBERS][3:], y[3:])
    np.testing.assert_allclose(
        answers(model, frame[NUMBERS]), answers(refit, frame[NUMBERS]), atol=1e-9
    )


def test_the_twin_agrees():
    pd = pytest.importorskip("pandas")
    frame, y = with_gaps()
    X = frame[NUMBERS].to_numpy(dtype=np.float32)
    model = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableStandardScaler(), UnlearnableRidge()
    ).fit(X, np.where(y == "much", 1.0, 0.0))
    with pytest.warns(UnseenRowsWarning):
        model.partial_unfit(X[:3], np.where(y == "much", 1.0, 0.0)[:3])
    filled = SimpleImputer().fit_transform(X[3:])
    twin = StandardScaler().fit(filled.astype(np.float64))
    np.testing.assert_allclose(model[1].var_, twin.var_, rtol=1e-6)
    assert isinstance(frame, pd.DataFrame)
