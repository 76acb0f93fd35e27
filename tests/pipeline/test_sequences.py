"""Any sequence of requests, against a refit at its end."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnseenRowsWarning
from tests.pipeline.data import NUMBERS, WORDS, people
from tests.pipeline.scripts import Story, answers, rows_of

VERBS = st.lists(
    st.tuples(
        st.sampled_from(["unfit", "replace", "relabel", "forget", "add", "pickle"]),
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=6,
)


def pipeline(last, scaler):
    numbers = make_unlearnable_pipeline(UnlearnableSimpleImputer(), scaler)
    front = make_unlearnable_column_transformer(
        (numbers, NUMBERS), (UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS)
    )
    return make_unlearnable_pipeline(front, last)


class Sequence(Story):
    """Requests about rows that are drawn."""

    def __init__(self, model, frame, y):
        super().__init__(model, frame, y, n_later=10)
        self.gone = []

    def run(self, verb, number):
        rng = np.random.default_rng(number)
        rows = np.sort(rng.choice(len(self.y), rng.integers(1, 6), replace=False))
        if verb == "unfit" and len(self.y) > 60:
            self.partial_unfit(rows)
        elif verb == "replace":
            new = rows_of(self.X, rows).copy()
            for name in set(NUMBERS) - set(self.gone):
                new[name] = new[name].to_numpy() * rng.choice([1.0, 1.5], rows.size)
                if rng.random() < 0.3:
                    new[name] = np.nan
            if "city" not in self.gone:
                new["city"] = rng.choice(["Rome", f"town {number % 7}"], rows.size)
            self.replace_features(rows, new)
        elif verb == "relabel":
            self.replace_labels(rows[:1])
        elif verb == "forget" and len(self.gone) < 2:
            name = ["income", "city", "age"][number % 3]
            if name not in self.gone:
                self.gone.append(name)
                self.pipeline.forget_features(name)
                self.X = self.X.drop(columns=name)
                self.later = self.later[0].drop(columns=name), self.later[1]
        elif verb == "add" and len(self.later[1]):
            self.partial_fit()
            self.later = self.later[0][:0], self.later[1][:0]
        elif verb == "pickle":
            self.pipeline = pickle.loads(pickle.dumps(self.pipeline))

    def compare(self, model, atol):
        model = clone(model)
        model[0].transformers = [
            (name, step, [c for c in columns if c not in self.gone])
            for name, step, columns in model[0].transformers
        ]
        refit = model.fit(self.X, self.y)
        np.testing.assert_allclose(
            answers(self.pipeline, self.X), answers(refit, self.X), atol=atol
        )


@settings(max_examples=15, deadline=None)
@given(VERBS, st.booleans(), st.booleans())
def test_with_data_the_pipeline_is_a_refit_after_any_requests(verbs, gaps, extremes):
    frame, y = people(120)
    if gaps:
        frame.loc[::7, "age"] = np.nan
    scaler = UnlearnableMinMaxScaler() if extremes else UnlearnableStandardScaler()
    last = UnlearnableLogisticRegression(C=0.5, retain_data=True)
    model = pipeline(last, scaler)
    sequence = Sequence(model, frame, y)
    for verb, number in verbs:
        sequence.run(verb, number)
    sequence.compare(model, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(VERBS)
def test_without_data_statistics_are_a_refits_after_any_requests(verbs):
    frame, y = people(120)
    model = pipeline(UnlearnableRidge(), UnlearnableStandardScaler())
    target = frame["age"].to_numpy() / 10.0 + (y == "much")
    frame.loc[::7, "hours"] = np.nan
    sequence = Sequence(model, frame, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenRowsWarning)
        for verb, number in verbs:
            sequence.run(verb, number)
    refit = clone(model)
    refit[0].transformers = [
        (name, step, [c for c in columns if c not in sequence.gone])
        for name, step, columns in refit[0].transformers
    ]
    refit.fit(sequence.X, sequence.y)
    Z, truth = (each[:-1].transform(sequence.X) for each in (sequence.pipeline, refit))
    np.testing.assert_allclose(
        np.asarray(Z.todense() if hasattr(Z, "todense") else Z),
        np.asarray(truth.todense() if hasattr(truth, "todense") else truth),
        rtol=1e-10,
        atol=1e-10,
    )
    sequence.pipeline.refine(sequence.X, sequence.y)
    np.testing.assert_allclose(
        answers(sequence.pipeline, sequence.X), answers(refit, sequence.X), rtol=1e-8
    )


@pytest.mark.parametrize("retain_data", [False, True])
def test_two_requests_are_one(retain_data):
    frame, y = people(300)
    target = frame["age"].to_numpy() / 10.0 + (y == "much")
    last = UnlearnableRidge(retain_data=retain_data)
    model = pipeline(last, UnlearnableStandardScaler()).fit(frame, target)
    one = pickle.loads(pickle.dumps(model))
    one.partial_unfit(frame[:6], target[:6])
    model.partial_unfit(frame[:2], target[:2]).partial_unfit(frame[2:6], target[2:6])
    np.testing.assert_allclose(answers(one, frame), answers(model, frame), rtol=1e-9)
    model.partial_fit(frame[:6], target[:6])
    again = clone(model).fit(frame, target)
    np.testing.assert_allclose(answers(model, frame), answers(again, frame), rtol=1e-9)
