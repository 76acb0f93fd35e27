"""A certificate of a pipeline is of all its steps."""

import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableTfidfVectorizer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import CertificateMismatchError
from tests.pipeline.data import columns, mails, people

CERTIFICATION = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)


def logistic():
    return UnlearnableLogisticRegression(certification=CERTIFICATION)


@pytest.fixture(scope="module")
def published():
    frame, y = people()
    model = make_unlearnable_pipeline(columns(), logistic()).fit(frame, y)
    return *model.release(), frame


def steps(model):
    inner = model[0].named_transformers_
    return inner["numbers"], inner["words"], model[0], model[-1]


def shift(number, name, by):
    def change(model):
        step = steps(model)[number]
        setattr(step, name, by(getattr(step, name)))

    return change


def swapped(model):
    parts = model[0].transformers_
    model[0].transformers_ = [(*parts[0][:2], parts[0][2][::-1]), *parts[1:]]


CHANGES = {
    "mean": shift(0, "mean_", lambda a: np.nextafter(a, np.inf)),
    "scale": shift(0, "scale_", lambda a: a * 1e6),
    "categories": shift(1, "categories_", lambda a: [a[0][::-1], a[1]]),
    "unknown": shift(1, "handle_unknown", lambda a: "error"),
    "columns": swapped,
    "places": shift(2, "output_indices_", lambda a: {**a, "words": slice(0, 3)}),
    "coefficients": shift(3, "coef_", lambda a: np.nextafter(a, np.inf)),
    "labels": shift(3, "classes_", lambda a: a[::-1]),
    "a step less": lambda model: model.steps.pop(0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_pipeline_that_was_changed(published, name):
    model, certificate, _ = published
    changed = pickle.loads(pickle.dumps(model))
    certificate.verify(changed)
    CHANGES[name](changed)
    with pytest.raises(CertificateMismatchError, match="another publication"):
        certificate.verify(changed)


def test_a_part_of_what_was_published(published):
    model, certificate, _ = published
    for part in (model[-1], model[1:], model[:-1]):
        with pytest.raises(CertificateMismatchError, match="a part of"):
            certificate.verify(part)


def test_it_is_the_same_after_predictions_and_from_a_file(published):
    model, certificate, frame = published
    model.predict_proba(frame)
    certificate.verify(model)
    file = io.BytesIO()
    joblib.dump(model, file, compress=3)
    file.seek(0)
    certificate.verify(joblib.load(file))


def test_texts():
    texts, y = mails()
    words = UnlearnableTfidfVectorizer(stop_words=list(ENGLISH_STOP_WORDS))
    model = make_unlearnable_pipeline(words, logistic()).fit(texts, y)
    published, certificate = model.release()
    read = pickle.loads(pickle.dumps(published))
    published.predict(texts)
    for each in (published, read):
        certificate.verify(each)
    word = next(iter(read[0].vocabulary_))
    read[0].vocabulary_[word] += 1
    with pytest.raises(CertificateMismatchError):
        certificate.verify(read)
