"""What is particular to text."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)

from sklearn_unlearn import (
    UnlearnableCountVectorizer,
    UnlearnableLogisticRegression,
    UnlearnableTfidfTransformer,
    UnlearnableTfidfVectorizer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from tests.transformers import VERBS, Script, answer_of, data, request_of

TWINS = {
    UnlearnableCountVectorizer: CountVectorizer,
    UnlearnableTfidfVectorizer: TfidfVectorizer,
}
TEXTS = ["the cat sat", "the dog sat", "the cat ran", "Rosalind ran home"]


def answer(vectorizer, edit):
    _, change = answer_of(vectorizer, edit)
    return change


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize("name", ["count_all", "count_given", "tfidf_scaled"])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=6))
def test_all_outputs_are_known(name, requests):
    script = Script(name)
    for verb, row in requests:
        script.run(verb, row)
    assert all(change.complete for change in script.changes)


@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
@pytest.mark.parametrize("params", [{}, {"max_features": 6}, {"min_df": 2}])
@pytest.mark.parametrize("cls", TWINS)
def test_a_word_that_vanishes_is_nowhere(cls, params, verb):
    vectorizer = cls(**params).fit(TEXTS)
    assert b"rosalind" in pickle.dumps(vectorizer)
    if verb == "partial_unfit":
        vectorizer.partial_unfit(TEXTS[3:])
        twin = TWINS[cls](**params).fit(TEXTS[:3])
    else:
        vectorizer.replace_features(TEXTS[3:], X_new=["somebody ran home"])
        twin = TWINS[cls](**params).fit([*TEXTS[:3], "somebody ran home"])
    assert b"osalind" not in pickle.dumps(vectorizer)
    assert vectorizer.vocabulary_ == twin.vocabulary_
    assert clone(vectorizer).get_params() == vectorizer.get_params()


@pytest.mark.parametrize("cls", TWINS)
def test_documents_that_were_never_in_are_refused(cls):
    vectorizer = cls().fit(TEXTS)
    with pytest.raises(RowNotFoundError, match="'zebra'"):
        vectorizer.partial_unfit(["the zebra"])
    with pytest.raises(InsufficientWeightError, match="'dog'"):
        vectorizer.partial_unfit(["dog", "dog"])


@pytest.mark.parametrize("cls", TWINS)
def test_what_cannot_be_fitted_is_refused(cls):
    vectorizer = cls().fit([*TEXTS, "of a"])
    fitted = vectorizer._fitted
    with pytest.raises(UnlearningError, match="no rows"):
        vectorizer.partial_unfit([*TEXTS, "of a"])
    for request in (vectorizer.partial_unfit, vectorizer.partial_fit, vectorizer.fit):
        with pytest.raises(ValueError, match="string object"):
            request("the cat")
        with pytest.raises(ValueError, match="no document"):
            request([])
    with pytest.raises(ValueError, match="invalid document"):
        vectorizer.partial_fit([np.nan])
    assert vectorizer._fitted is fitted
    for params, message in (
        ({"min_df": 3, "max_df": 2}, "max_df corresponds"),
        ({"min_df": 4}, "no terms remain"),
        ({"analyzer": lambda _: []}, "empty vocabulary"),
        ({"min_df": "many"}, "min_df"),
        ({"ngram_range": (2, 1)}, "ngram_range"),
        ({"analyzer": "sentence"}, "analyzer"),
    ):
        with pytest.raises(ValueError, match=message):
            cls(**params).fit(TEXTS)
    pruned = cls(min_df=2).fit(["cat", "cat"])
    with pytest.raises(UnlearningError, match="min_df"):
        pruned.partial_unfit(["cat"])


@pytest.mark.parametrize("cls", TWINS)
def test_documents_are_read_from_files(cls, tmp_path):
    paths = []
    for place, text in enumerate(TEXTS):
        paths.append(tmp_path / f"{place}.txt")
        paths[-1].write_text(text)
    expected = TWINS[cls]().fit(TEXTS[1:])

    def files():
        return [io.BytesIO(text.encode()) for text in TEXTS]

    for vectorizer, documents in (
        (cls(input="filename"), lambda: paths),
        (cls(input="file"), files),
        (cls(), lambda: [text.encode() for text in TEXTS]),
        (cls(), lambda: iter(TEXTS)),
    ):
        found = vectorizer.fit_transform(documents())
        np.testing.assert_array_equal(
            found.toarray(), vectorizer.transform(documents()).toarray()
        )
        vectorizer.partial_unfit(list(documents())[:1])
        assert vectorizer.vocabulary_ == expected.vocabulary_
        np.testing.assert_allclose(
            vectorizer.transform(documents()).toarray(),
            expected.transform(TEXTS).toarray(),
        )


def test_words_that_thresholds_bring_in_have_to_be_counted():
    vectorizer = UnlearnableCountVectorizer(min_df=0.5).fit(TEXTS)
    assert list(vectorizer.get_feature_names_out()) == ["cat", "ran", "sat", "the"]
    change = answer(vectorizer, request_of(rows_out=[TEXTS[3], TEXTS[2]]))
    # now cat and dog have one of two documents
    np.testing.assert_array_equal(change.known, [True, False, True, True])
    assert change.n_old == 4


def test_weights_are_known_without_a_norm():
    edit = request_of(rows_out=[TEXTS[3]])
    for norm, complete in ((None, True), ("l2", False), ("l1", False)):
        vectorizer = UnlearnableTfidfVectorizer(norm=norm).fit(TEXTS)
        assert answer(vectorizer, edit).complete == complete
        assert answer(
            vectorizer, request_of(rows_out=TEXTS[:1], rows_in=TEXTS[:1])
        ).identity
    # nothing is weighted, and the word that goes is in no other document
    vectorizer = UnlearnableTfidfVectorizer(use_idf=False).fit(TEXTS)
    assert answer(vectorizer, edit).complete
    # all words are in as many documents: their weights change alike
    texts = ["cat sat", "cat sat", "dog"]
    vectorizer = UnlearnableTfidfVectorizer().fit(texts)
    assert answer(vectorizer, request_of(rows_out=["dog"])).complete


def test_columns_of_weighted_rows():
    X = data("weights_l2")
    plain = UnlearnableTfidfTransformer(use_idf=False, norm=None).fit(X)
    assert answer(plain, request_of(rows_out=X[:3])).identity
    assert answer(plain, request_of(columns=[1])).complete
    normed = UnlearnableTfidfTransformer(use_idf=False).fit(X)
    assert answer(normed, request_of(rows_out=X[:3])).identity
    assert not answer(normed, request_of(columns=[1])).complete
    with pytest.raises(AttributeError):
        plain.idf_  # noqa: B018


@pytest.mark.parametrize("retain_data", [None, False, True])
def test_an_infinite_idf_is_warned_of_as_in_the_twin(retain_data):
    X = np.vstack([np.tile([[1, 0, 2], [0, 0, 1], [2, 0, 0]], (8, 1)), [[1, 1, 0]]])
    y = np.arange(25) % 2
    model = UnlearnableTfidfTransformer(smooth_idf=False, norm=None)
    if retain_data is not None:
        last = UnlearnableLogisticRegression(C=0.01, retain_data=retain_data)
        model = make_unlearnable_pipeline(model, last)
    model.fit(X, y)
    out = X[:, 1] > 0
    targets = () if retain_data is None else (y[out],)
    with pytest.warns(RuntimeWarning, match=r"column 1 is infinite.* 1 of 3") as caught:
        model.partial_unfit(X[out], *targets)
    assert {warning.filename for warning in caught} == {__file__}
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        twin = TfidfTransformer(smooth_idf=False, norm=None).fit(X[~out])
    step = model if retain_data is None else model[0]
    np.testing.assert_allclose(step.idf_, twin.idf_)
    assert np.isinf(step.idf_[1])
    if retain_data:
        with pytest.warns(RuntimeWarning, match="infinite"):
            refit = clone(model).fit(X[~out], y[~out])
        np.testing.assert_allclose(
            model.decision_function(X[~out]),
            refit.decision_function(X[~out]),
            atol=1e-6,
        )
    model.partial_fit(X[out], *targets)  # not infinite any more: no warning
    step = model if retain_data is None else model[0]
    assert np.isfinite(step.idf_).all()
    with pytest.warns(RuntimeWarning, match="column 1 is infinite"):
        clone(step).fit(X[~out])


def test_an_infinite_idf_of_a_given_word():
    model = UnlearnableTfidfVectorizer(smooth_idf=False, vocabulary=["oak", "elm"])
    model.fit(["oak elm", "oak"])
    with pytest.warns(RuntimeWarning, match="column 1 is infinite") as caught:
        model.partial_unfit(["oak elm"])
    assert {warning.filename for warning in caught} == {__file__}
    UnlearnableTfidfVectorizer(use_idf=False, vocabulary=["oak", "elm"]).fit(["oak"])
