"""A scan finds what stands in a model of anybody, and runs nothing of its file."""

import bz2
import gzip
import io
import json
import pathlib
import pickle
import zipfile
import zlib

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import UnlearnableOneHotEncoder, unlearnable
from sklearn_unlearn.inspection import ScanReport, scan


def rows(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3)) * [1.0, 30.0, 0.2] + [0.0, 50.0, 7.0]
    X[3] = 1.1 * X.max(axis=0)  # which an extreme value knows
    y = np.arange(40) % 2
    return X, y


X, Y = rows()
OUT = [3, 4]
REST = np.delete(np.arange(40), OUT)


def kinds(report):
    return {each.kind for each in report}


#: Models that keep rows or values, and what of them is found.
KEEPING = {
    "neighbours": (KNeighborsClassifier(), {"row"}),
    "support": (SVC(C=10.0), {"support vector"}),
    "largest": (MinMaxScaler(), {"extreme"}),
    "behind": (make_pipeline(StandardScaler(), SVC(C=10.0)), {"support vector"}),
    "nested": (
        make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), SVC(C=10.0))),
        {"support vector", "extreme"},
    ),
    "normalized": (make_pipeline(Normalizer(), KNeighborsClassifier()), {"row"}),
}


@pytest.mark.parametrize("name", KEEPING)
def test_rows_and_values(name):
    model, expected = KEEPING[name]
    found = scan(model.fit(X, Y), X[OUT])
    assert kinds(found) == expected
    assert any(each.what.startswith("row 0") for each in found)
    model.fit(X[REST], Y[REST])
    assert not scan(model, X[OUT])
    if not isinstance(model, Pipeline):
        assert not scan(model, sp.csr_array(X[OUT]))
    for each in (StandardScaler(), LogisticRegression(max_iter=500)):
        assert not scan(each.fit(X, Y), X[OUT])  # sums and coefficients show nothing


def test_places_and_how():
    model = make_pipeline(StandardScaler(), SVC(C=10.0)).fit(X, Y)
    (found,) = scan(model, X[3:4])
    assert found == (
        "support vector",
        "row 0",
        "[svc].support_vectors_",
        "as given to step 'svc'",
    )
    scaled = KNeighborsClassifier().fit(Normalizer().transform(X), Y)
    assert {each.how for each in scan(scaled, X[OUT])} == {"scaled"}
    (value,) = scan({"kept": [1, X[4, 1]]}, X[4:5])
    assert value == ("value", "row 0, column 1", ".values[0][1]", "verbatim")
    single = scan({"kept": X.astype(np.float32)}, X[4:5])
    assert kinds(single) == {"row"}


def test_numbers_of_few_digits():
    ages = np.array([[20.0, 1.5], [30.0, 2.5], [97.0, 3.5]])
    report = scan(MinMaxScaler().fit(ages), ages[2:])
    assert [each.what for each in report] == ["row 0, column 0", "row 0, column 1"] * 1
    assert kinds(report) == {"extreme"}
    # a parameter has such a value as well
    assert not scan(LogisticRegression(C=1.5, max_iter=97), ages[2:])
    assert report.skipped == ("row 0, column 0", "row 0, column 1")
    assert "2 numbers of few digits" in repr(report)


TEXTS = ["the deed of one", "no deed at all", "one Zanzibar deed", "all of the one"]


def test_numbers_in_the_place_of_their_column():
    table = np.array([[6020.0, 1.5], [1010.0, 9.75], [6020.0, 2.0], [8010.0, 4.0]])
    found = scan(OneHotEncoder().fit(table), table[[1]])
    assert {(each.kind, each.what, each.place) for each in found} == {
        ("category", "row 0, column 0", ".categories_[0]"),
        ("category", "row 0, column 1", ".categories_[1]"),
    }
    assert not scan(OneHotEncoder().fit(table[[0, 2, 3]]), table[[1]])
    bins = KBinsDiscretizer(2, encode="ordinal", strategy="uniform").fit(table)
    found = scan(bins, table[[1]])
    assert {each[:3] for each in found} == {
        ("extreme", "row 0, column 0", ".bin_edges_[0]"),
        ("extreme", "row 0, column 1", ".bin_edges_[1]"),
    }


def test_words_beside_numbers():
    table = np.array([["x", 1.0], ["y", 9.75], ["z", 3.0]], dtype=object)
    parts = (OneHotEncoder(), [0]), (MinMaxScaler(), [1])
    theirs = make_column_transformer(*parts).fit(table)
    found = {each.kind for each in scan(theirs, table[[1]])}
    assert found == {"category", "extreme"}
    assert not scan(theirs, np.array([["w", 2.5]], dtype=object))


def test_words_and_texts():
    for model in (
        CountVectorizer(),
        make_pipeline(TfidfVectorizer(), MultinomialNB()),
    ):
        fitted = model.fit(TEXTS, [0, 1, 0, 1])
        words = ["zanzibar", "one", "ze", "de"]
        found = scan(fitted, words=words)
        assert {each.what for each in found} == {"words[0]", "words[1]"}
        assert kinds(scan(pickle.dumps(fitted), words=words)) == {"word"}
        fitted.fit(TEXTS[:2], [0, 1])
        assert not scan(fitted, words=words[:1])
        assert not scan(pickle.dumps(fitted), words=words[:1])
    kept = {"documents": TEXTS}
    assert [each.what for each in scan(kept, TEXTS[2:3])] == ["text of row 0"]
    assert not scan(kept, ["one Zan"], words=["Zan"])


def test_categories_and_identifiers():
    table = np.array([["red", "A"], ["blue", "B"], ["violet", "C"]], dtype=object)
    encoder = make_column_transformer((OneHotEncoder(), [0, 1])).fit(table)
    found = scan(encoder, table[2:])
    assert {each[:2] for each in found} == {
        ("category", "row 0, column 0"),
        ("category", "row 0, column 1"),
    }
    ours = UnlearnableOneHotEncoder().fit(table).partial_unfit(table[2:])
    assert not scan(ours, table[2:])
    model = unlearnable(SVC(), X, Y, row_ids=np.arange(40) + 91001)
    assert kinds(scan(model, row_ids=[91004])) == {"identifier"}
    assert not scan(model.partial_unfit(row_ids=[91004]), row_ids=[91004])
    named = {"of": np.array(["Ann", "Bob"])}
    assert kinds(scan(named, row_ids=["Bob"])) == {"identifier"}
    assert scan(named, row_ids=[3]).skipped == ("row_ids[0]",)


def test_columns_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": X[:, 0], "city": ["Bonn", "Rome"] * 20})
    model = make_column_transformer(
        (RobustScaler(), ["age"]), (OneHotEncoder(), ["city"])
    ).fit(frame)
    found = scan(model, frame[:1])
    assert {each[:2] for each in found} == {("category", "row 0, column 'city'")}
    table = found.frame()
    assert list(table.columns) == ["kind", "what", "place", "how"]
    assert len(table) == len(found)


def test_dictionaries_and_pairs_of_identifiers():
    people = [{"town": "Zanzibar", "age": 41.8312}, {"town": "Ur", "age": 7.0}]
    found = scan(DictVectorizer().fit(people), people[:1])
    assert {each.what for each in found} == {"row 0, entry 0"}
    assert kinds(scan([41.8312], people)) == {"value"}
    found = scan({"ids": [712345, 3]}, row_ids=[[712345, 3], [812345, 4]])
    assert [each.what for each in found] == ["row_ids[0, 0]"]


# Files ----------------------------------------------------------------------------


def skops_like(model):
    """A file as skops writes them: arrays by themselves, all else as JSON."""
    file, content = io.BytesIO(), {}
    with zipfile.ZipFile(file, "w") as archive:
        for number, (name, value) in enumerate(vars(model).items()):
            if isinstance(value, np.ndarray):
                raw = io.BytesIO()
                np.save(raw, value)
                archive.writestr(f"{number}.npy", raw.getvalue())
                said = {"__loader__": "NdArrayNode", "file": f"{number}.npy"}
            else:
                said = {"__loader__": "JsonNode", "content": json.dumps(str(value))}
            content[name] = said
        word = {"__loader__": "JsonNode", "content": '"Zanzibar"'}
        content["kept_"] = {"__loader__": "DictNode", "content": {"key": word}}
        state = {"__loader__": "DictNode", "content": content}
        schema = {"__class__": "SVC", "__loader__": "ObjectNode", "content": state}
        archive.writestr("schema.json", json.dumps(schema))
    return file.getvalue()


def dumped(compress):
    def dump(model):
        file = io.BytesIO()
        joblib.dump(model, file, compress=compress)
        return file.getvalue()

    return dump


FILES = {
    f"pickle {number}": lambda model, number=number: pickle.dumps(model, number)
    for number in range(6)
}
FILES |= {f"joblib {how}": dumped(how) for how in (0, 3, "gzip", "bz2", "xz", "lzma")}
FILES["skops"] = skops_like


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(name, tmp_path):
    data = FILES[name](SVC(C=10.0).fit(X, Y))
    path = tmp_path / "model"
    path.write_bytes(data)
    for file in (data, bytearray(data), path, str(path)):
        found = scan(file, X[3:4])
        assert [each[:3] for each in found] == [
            ("support vector", "row 0", ".support_vectors_")
        ]
    assert not scan(FILES[name](SVC(C=10.0).fit(X[REST], Y[REST])), X[OUT])
    if name == "skops":
        assert kinds(scan(data, words=["Zanzibar"])) == {"word"}


NODE = float(np.float32(X[3, 1]))
#: Models whose arrays are of many dtypes, nested, or of several fields.
HELD = {
    "integers": KNeighborsClassifier().fit((X * 1000).astype(np.int32), Y),
    "small": KNeighborsClassifier().fit((X * 100).astype(np.int16), Y),
    "single": MinMaxScaler().fit(X.astype(np.float32)),
    "unsigned": OneHotEncoder().fit((np.abs(X) * 1000).astype(np.uint16)),
    "tree": KNeighborsClassifier(algorithm="kd_tree").fit(X, Y),
    "parts": make_column_transformer((MinMaxScaler(), [0, 1]), (RobustScaler(), [2])),
    "nodes": DecisionTreeClassifier(random_state=0).fit([[0.0], [2.0 * NODE]], [0, 1]),
    "columns": {"frame": np.asfortranarray(X), "single": np.float64(X[4, 0])},
}
HELD["parts"].fit(X)
LOOKED_FOR = {
    "integers": (X[OUT] * 1000).astype(np.int32),
    "small": (X[OUT] * 100).astype(np.int16),
    "single": X[OUT].astype(np.float32),
    "unsigned": (np.abs(X[OUT]) * 1000).astype(np.uint16),
    "nodes": [[NODE]],  # between the two rows that are there
}


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("file", ["pickle 0", "pickle 2", "pickle 5", "joblib 0"])
def test_a_file_tells_what_the_object_does(name, file):
    wanted = LOOKED_FOR.get(name, X[OUT])
    found = {each[:3] for each in scan(HELD[name], wanted)}
    found = {each for each in found if not each[2].startswith("[")}  # as steps see it
    held = {each[:3] for each in scan(FILES[file](HELD[name]), wanted)}
    assert found
    assert held >= found
    # joblib writes a view and what it is of, each by itself
    assert {each[:2] for each in held} == {each[:2] for each in found}


class Runs:
    """What is run as soon as it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_nothing_of_a_file_is_run(tmp_path, protocol):
    touched = tmp_path / "touched"
    data = pickle.dumps([Runs(str(touched)), X[4, 1], "Zanzibar"], protocol)
    assert kinds(scan(data, X[4:5], words=["Zanzibar"])) == {"value", "word"}
    assert not touched.exists()
    pickle.loads(data)
    assert touched.exists()


def test_what_is_no_pickle():
    assert not scan(b"", X[OUT])
    with pytest.raises(ValueError, match="cannot be unpacked"):
        scan(b"\x1f\x8bnot packed", X[OUT])
    assert kinds(scan(b"any" + X[4, 0].tobytes(), X[OUT])) == {"value"}
    assert kinds(scan(b"any" + X[4].astype("<f4").tobytes(), X[OUT])) == {"row"}
    assert kinds(scan("Zanzibar".encode("utf-16-le"), words=["Zanzibar"])) == {"word"}


def test_a_pickle_that_ends_early_or_is_followed_by_another():
    first, second = pickle.dumps({"rows": X[:20]}), pickle.dumps([X[20:], "Zanzibar"])
    for data in (first + second, first[:-30] + b"no pickle", b"no pickle" + first):
        assert {each.what for each in scan(data, X[OUT])} >= {"row 0"} or {
            each.what for each in scan(data, X[OUT])
        } >= {f"row 0, column {place}" for place in range(3)}
    found = scan(first + second, X[25:26], words=["Zanzibar"])
    assert {each.place for each in found} == {"[1][0]", "[1][1]"}


# Steps, wherever they stand ---------------------------------------------------------


def nearest():
    return make_pipeline(StandardScaler(), KNeighborsClassifier())


INSIDE = {
    "search": (GridSearchCV(nearest(), {}, cv=2), ".best_estimator_"),
    "vote": (VotingClassifier([("a", nearest())]), ".estimators_[0]"),
    "stack": (StackingClassifier([("a", nearest())], cv=2), ".estimators_[0]"),
    "calibrated": (
        CalibratedClassifierCV(nearest(), cv=2, ensemble=False),
        ".calibrated_classifiers_[0].estimator",
    ),
    "bag": (
        BaggingClassifier(nearest(), 1, bootstrap=False, max_features=2),
        ".estimators_[0]",
    ),
    "each": (OneVsRestClassifier(nearest()), ".estimators_[0]"),
    "union": (
        FeatureUnion([("a", make_pipeline(StandardScaler(), MinMaxScaler()))]),
        "",
    ),
    "columns": (
        make_column_transformer(
            (make_pipeline(StandardScaler(), MinMaxScaler()), [0, 2])
        ),
        "",
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_pipelines_inside_other_estimators(name):
    model, place = INSIDE[name]
    found = scan(model.fit(X, Y), X[3:4])
    assert found
    assert all(each.place.startswith(place) for each in found)
    assert {each.how for each in found} <= {
        "as given to step 'kneighborsclassifier'",
        "as given to step 'minmaxscaler'",
        "as given to step 'pipeline'",
    }
    model.fit(X[REST], Y[REST])
    assert not scan(model, X[3:4])


def test_what_other_estimators_predict_is_followed():
    last = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    scores = [("a", LogisticRegression(max_iter=500)), ("b", LogisticRegression(C=0.1))]
    model = StackingClassifier(scores, last, cv="prefit")
    for _, each in scores:
        each.fit(X, Y)
    found = scan(model.fit(X, Y), X[3:4])
    (place,) = {each.place for each in found}
    assert place.startswith(".final_estimator_[kneighborsclassifier]")


def test_rows_that_a_step_refuses_cost_no_other_find():
    model = GridSearchCV(nearest(), {}, cv=2).fit(X, Y)
    model.kept_ = [X[4, 0], X[:, :2].copy()]
    found = scan(model, X[OUT, :2])
    assert {each.place for each in found} >= {".kept_[1]"}
    assert found.refused == (".best_estimator_[standardscaler]",)
    assert "X was refused by .best_estimator_[standardscaler]" in repr(found)
    assert "X was refused" in found._repr_html_()
    assert "X was refused" in repr(scan(model, [[12345.0]]))


# The report -----------------------------------------------------------------------


def test_the_report_shows_places_and_no_values():
    model = KNeighborsClassifier().fit(X, Y)
    report = scan(model, X[OUT])
    assert isinstance(report, ScanReport)
    assert len(report) == len(list(report)) == len(report.found)
    assert report[0] in report.found
    text, page = repr(report), report._repr_html_()
    assert text.splitlines()[0].split() == ["kind", "what", "place", "how"]
    assert "<td>row 0</td>" in page
    for value in X[OUT].ravel():
        assert str(value)[:6] not in text + page
    assert repr(scan(model, X[OUT] + 1.0)) == "Nothing was found."
    assert "Nothing was found." in scan(model, X[OUT] + 1.0)._repr_html_()


def test_bad_input():
    with pytest.raises(ValueError, match="nothing to look for"):
        scan(SVC())
    with pytest.raises(TypeError, match="words must be a list"):
        scan(SVC(), words="one")
    for given in (
        {"X": "abc"},
        {"X": 5.0},
        {"X": {"a": 1.0}},
        {"row_ids": "abc"},
        {"row_ids": 3},
        {"words": 5},
    ):
        (name,) = given
        with pytest.raises(TypeError, match=f"{name} must be a list or an array"):
            scan(SVC(), **given)
    with pytest.raises(TypeError, match="row_ids must hold numbers or texts"):
        scan(SVC(), row_ids=[None])
    with pytest.raises(ValueError, match="X has 3 dimensions"):
        scan(SVC(), X[None])
    with pytest.raises(FileNotFoundError):
        scan("no such file", words=["one"])


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, zlib.compress])
def test_a_file_that_is_cut_off_is_refused(packed):
    file = packed(pickle.dumps({"rows": np.random.default_rng(0).random((50, 3))}))
    with pytest.raises(ValueError, match="cannot be unpacked"):
        scan(file[:-9], words=["secret"])
    assert not scan(b"x" * 50, words=["secret"])
