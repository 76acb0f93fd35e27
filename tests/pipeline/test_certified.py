"""Certified pipelines: the budget counts what the other steps do to all rows."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import CertificationError, NoBoundError, UnlearningError
from tests.cases import data
from tests.pipeline.scripts import Story, answers

#: Noise that leaves room for six requests without data.
ROOM = {"sigma": 10.0}


def scaled(name="logistic", retain_data=False, **params):
    params = {"epsilon": 1.0, "delta": 1e-5, "sigma": 1.0, **params}
    certification = GaussianCertification(**params)
    cls = UnlearnableLogisticRegression
    if name == "poisson":
        cls = UnlearnablePoissonRegressor
    last = cls(retain_data=retain_data, certification=certification)
    return make_unlearnable_pipeline(UnlearnableStandardScaler(), last)


def raw(name, n_rows=2000):
    X, y = data("poisson" if name == "poisson" else "logistic", n_rows)
    return X * [1.0, 1e3, 1e-2, 5.0, 1.0] + [0.0, 1e4, 1.0, -3.0, 0.0], y


def distance_to_refit(story):
    """Of the coefficients before noise, in the same coordinates."""
    thetas = [
        each[-1]._fitted.model.state.theta for each in (story.pipeline, story.refit())
    ]
    return np.linalg.norm(thetas[0] - thetas[1])


@pytest.mark.parametrize("name", ["logistic", "multinomial", "poisson"])
@pytest.mark.parametrize("retain_data", [False, True])
def test_the_distance_to_a_refit_of_the_pipeline_is_within_the_bound(name, retain_data):
    X, y = raw(name)
    if name == "multinomial":
        y = np.where(X[:, 0] > 1.5, "perhaps", y)
    story = Story(scaled(name, retain_data, **ROOM), X, y)
    for rows in ([0], [3, 4, 5], [7]):
        story.partial_unfit(rows)
        record = story.pipeline[-1].private_record()
        assert distance_to_refit(story) < record.distance < np.inf
        if not retain_data:  # neither is the bound without any meaning
            assert record.distance < 1e-2
    if name != "logistic" and not retain_data:
        return  # there is room for few requests
    story.replace_features([1], story.X[[1]] * 1.01)
    story.replace_labels([2])
    story.partial_fit()
    assert distance_to_refit(story) < story.pipeline[-1].private_record().distance


def test_what_is_published_is_the_pipeline_with_noise_in_its_last_step():
    X, y = raw("logistic")
    story = Story(scaled(), X, y)
    story.partial_unfit([0, 1])
    published, certificate = story.pipeline.release()
    assert certificate.epsilon == 1.0
    certificate.verify(published)
    record = story.pipeline.private_record()
    assert record.model_sha256 == certificate.model_sha256
    ours = answers(story.pipeline, X)
    np.testing.assert_allclose(answers(published, X), ours, atol=1e-13)
    # the rest is what a refit knows, to the last bit
    refit = story.refit()
    np.testing.assert_array_equal(published[0].mean_, refit[0].mean_)
    np.testing.assert_array_equal(published[0].scale_, refit[0].scale_)
    assert type(published[0]) is StandardScaler
    plain = clone(story.pipeline).set_params(
        unlearnablelogisticregression__certification=None
    )
    with pytest.raises(CertificationError):
        plain.fit(X, y).release()
    assert not hasattr(
        make_unlearnable_pipeline(UnlearnableStandardScaler()), "release"
    )


def test_the_rows_of_a_certificate_are_those_of_a_refit_to_the_last_bit():
    story = Story(scaled(retain_data=True), *raw("logistic"), n_later=0)
    story.partial_unfit([0, 1])
    story.partial_unfit([0])
    (chunk,) = story.pipeline[-1]._fitted.model.retained.chunks
    refit = story.refit()
    np.testing.assert_array_equal(chunk.rows.X, refit[0].transform(story.X))


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_columns_need_data_and_objective_mode_keeps_its_coordinates():
    X, y = raw("logistic")
    model = scaled().fit(X, y)
    steps = model.steps
    with pytest.raises(NoBoundError):
        model.forget_features(1)
    assert model.steps is steps
    story = Story(scaled(retain_data=True), X, y)
    story.pipeline.forget_features(1)
    story.pipeline.partial_unfit(np.delete(story.X[:1], 1, 1), story.y[:1])
    assert story.pipeline[-1].private_record().distance_to_minimiser < 1e-6
    model = scaled(mode="objective").fit(X, y)
    with pytest.raises(UnlearningError, match="objective"):
        model.partial_unfit(X[:1], y[:1])
