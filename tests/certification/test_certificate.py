import json
import math
import pickle
from dataclasses import asdict, fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_unlearn.certification import Certificate, PrivateRecord, model_hash
from sklearn_unlearn.certification.certificate import not_claimed
from sklearn_unlearn.certification.digest import array_hash
from sklearn_unlearn.exceptions import CertificateMismatchError


def model(**changes):
    parts = {
        "coef_": np.array([[1.0, -2.0, 3.0], [0.5, 0.0, 1.5]]),
        "intercept_": np.array([0.25, -1.0]),
        "classes_": np.array(["a", "b"]),
        "feature_names_in_": np.array(["x", "y", "z"], dtype=object),
    }
    kept = {**parts, **changes}
    return SimpleNamespace(**{k: v for k, v in kept.items() if v is not None})


def certificate(**changes):
    return Certificate(
        **{
            "claim": "All are alike.",
            "epsilon": 0.1,
            "delta": 1e-5,
            "sigma": 1.0 / 3.0,
            "budget": 0.1 + 0.2,
            "mode": "output",
            "row_norm": None,
            "name": "5eed",
            "publication": 3,
            "counted": "",
            "n_publications": 1000,
            "max_refusals": None,
            "grid": 2.0**-22,
            "refit_tolerance": 1e-10,
            "estimator": "UnlearnableRidge",
            "parameters": {"alpha": 0.7, "solver": None, "fit_intercept": True},
            "versions": {"numpy": "2.0"},
            "model_sha256": model_hash(model()),
            "not_claimed": not_claimed(retained=True, scheduled=True),
            **changes,
        }
    )


def record(**changes):
    numbers = {
        field.name: 0.1 * (n + 1)
        for n, field in enumerate(fields(PrivateRecord))
        if field.type == "float"
    }
    return PrivateRecord(
        **{
            **numbers,
            "operation": "request",
            "publication": 2,
            "state_after": "cd",
            **changes,
        }
    )


# JSON -------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [certificate(), record(), record(model_sha256="ef")])
def test_json_and_back(kept):
    text = kept.to_json()
    assert type(kept).from_json(text) == kept
    assert type(kept).from_json(text).to_json() == text
    assert json.loads(text).keys() == asdict(kept).keys()


def test_json_is_sorted_with_an_entry_a_line():
    lines = record().to_json().splitlines()
    names = [line.split('"')[1] for line in lines[1:-1]]
    assert names == sorted(field.name for field in fields(PrivateRecord))


def test_infinite_numbers_come_back():
    kept = record(condition=math.inf, radius=math.inf)
    assert PrivateRecord.from_json(kept.to_json()) == kept


@pytest.mark.parametrize("kept", [certificate(), record()])
def test_entries_are_all_those_of_the_schema(kept):
    entries = json.loads(kept.to_json())
    for name in set(entries) - {"schema"}:
        less = {key: value for key, value in entries.items() if key != name}
        with pytest.raises(ValueError, match=f"'{name}' is missing"):
            type(kept).from_json(json.dumps(less))
    with pytest.raises(ValueError, match="'more' is missing or not in the schema"):
        type(kept).from_json(json.dumps({**entries, "more": 1}))


@pytest.mark.parametrize("schema", ["sklearn_unlearn.certificate/2", "", None, 1])
def test_another_schema(schema):
    entries = {**json.loads(certificate().to_json()), "schema": schema}
    with pytest.raises(ValueError, match=r"The schema is .*certificate/1"):
        Certificate.from_json(json.dumps(entries))
    del entries["schema"]
    with pytest.raises(ValueError, match="The schema is None"):
        Certificate.from_json(json.dumps(entries))


def test_neither_is_the_other():
    with pytest.raises(ValueError, match=r"private_record/1.*certificate/1"):
        Certificate.from_json(record().to_json())
    with pytest.raises(ValueError, match=r"certificate/1.*private_record/1"):
        PrivateRecord.from_json(certificate().to_json())


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"text"', "[1, 2]"])
def test_no_json_or_no_entries(text):
    with pytest.raises(ValueError, match=r"schema is None|Expecting"):
        Certificate.from_json(text)


def test_a_certificate_says_what_it_does_not_claim():
    entries = json.loads(certificate().to_json())
    said = not_claimed(retained=True, scheduled=True)
    assert entries["not_claimed"] == list(said)
    assert len(set(said)) == len(said) >= 6
    # without a schedule what is refused tells more, and with one requests may too
    unplanned = not_claimed(retained=True, scheduled=False)
    assert set(said) ^ set(unplanned) == {said[-1], unplanned[-1]}
    # nothing is fitted again, and nothing looked up, where nothing is kept
    without = not_claimed(retained=False, scheduled=True)
    assert without == not_claimed(retained=False, scheduled=False)
    (more,) = set(without) - set(unplanned)
    assert "looked up" in more
    assert not any("published before" in sentence for sentence in said)


def test_nothing_private_is_in_a_certificate():
    public = {field.name for field in fields(Certificate)}
    private = {field.name for field in fields(PrivateRecord)}
    assert public & private == {
        "budget",
        "publication",
        "model_sha256",
        "schema",
    }


# The model that it certifies --------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        model(),
        model(coef_=np.asfortranarray(model().coef_)),
        model(coef_=model().coef_.astype(">f8")),
        model(coef_=np.repeat(model().coef_, 2, axis=1)[:, ::2]),
        model(intercept_=model().intercept_.astype(">f8")),
        model(classes_=np.array(["a", "b"], dtype="U9")),
        SimpleNamespace(**dict(reversed(vars(model()).items()))),
        pickle.loads(pickle.dumps(model())),
    ],
)
def test_the_model_in_any_layout(same):
    assert model_hash(same) == model_hash(model())
    certificate().verify(same)


@pytest.mark.parametrize(
    "changed",
    [
        model(coef_=model().coef_ + np.eye(2, 3) * 1e-15),
        model(coef_=np.nextafter(model().coef_, 9.0)),
        model(coef_=model().coef_[:, ::-1]),
        model(coef_=model().coef_.T),
        model(coef_=model().coef_.reshape(1, 6)),
        model(coef_=model().coef_.ravel()),
        model(coef_=model().coef_.astype(np.float32)),  # it predicts in float32
        model(coef_=model().coef_.tolist()),
        model(more=np.array([7])),
        model(intercept_=np.array([0.25, -1.0 + 1e-15])),
        model(intercept_=np.array([[0.25, -1.0]])),
        model(intercept_=np.array([0.25])),
        model(classes_=np.array(["b", "a"])),
        model(classes_=np.array(["a", "c"])),
        model(classes_=np.array([0, 1])),
        model(classes_=None),
        model(feature_names_in_=np.array(["x", "z", "y"], dtype=object)),
        model(feature_names_in_=None),
    ],
)
def test_a_changed_model(changed):
    kept = certificate()
    with pytest.raises(CertificateMismatchError, match="another publication"):
        kept.verify(changed)
    message = "This certificate is of none of its hashes."
    with pytest.raises(CertificateMismatchError):
        replace(kept, model_sha256=message).verify(model())


def test_numbers_do_not_move_between_coefficients_and_intercept():
    one = model(coef_=np.array([[1.0, 2.0]]), intercept_=np.array([3.0]))
    other = model(coef_=np.array([[1.0]]), intercept_=np.array([2.0, 3.0]))
    assert model_hash(one) != model_hash(other)


def test_labels_are_not_names():
    one = model(classes_=np.array(["a"]), feature_names_in_=None)
    other = model(classes_=None, feature_names_in_=np.array(["a"]))
    assert model_hash(one) != model_hash(other)


@pytest.mark.parametrize(
    "classes",
    [
        np.array([0, 1]),
        np.array([0.5, 1.5]),
        np.array([True, False]),
        np.array(["é", "ß"]),
        np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"),
        np.array([("a", 1), None], dtype=object),
    ],
)
def test_labels_of_any_kind_have_a_hash(classes):
    found = model_hash(model(classes_=classes))
    assert len(found) == 64
    assert found == model_hash(model(classes_=classes.copy()))
    assert found != model_hash(model(classes_=classes[::-1]))


def test_array_hash():
    values = np.arange(6.0).reshape(2, 3)
    assert array_hash(values) == array_hash(np.asfortranarray(values))
    assert array_hash(values) == array_hash(values.astype(">f8"))
    assert array_hash(values) != array_hash(values.reshape(3, 2))
    assert array_hash(values) != array_hash(np.nextafter(values, 9.0))


def test_an_infinite_number_is_a_word_in_json():
    found = record(condition=math.inf)
    text = found.to_json()
    assert json.loads(text, parse_constant=pytest.fail)["condition"] == "infinite"
    assert PrivateRecord.from_json(text) == found
