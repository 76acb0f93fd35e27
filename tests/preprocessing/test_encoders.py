"""What is particular to encoders of categories."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklearn_unlearn import UnlearnableOneHotEncoder, UnlearnableOrdinalEncoder
from sklearn_unlearn.core.statistics.counts import keys_of
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)
from tests.transformers import VERBS, Script, answer_of, request_of

BOTH = [UnlearnableOneHotEncoder, UnlearnableOrdinalEncoder]
TWINS = {
    UnlearnableOneHotEncoder: OneHotEncoder,
    UnlearnableOrdinalEncoder: OrdinalEncoder,
}


def column(*words):
    return np.array(words, dtype=object)[:, None]


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize("name", ["one_hot_words", "one_hot_first", "one_hot_binary"])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=6))
def test_all_outputs_of_one_hot_are_known(name, requests):
    script = Script(name)
    for verb, row in requests:
        script.run(verb, row)
    assert all(change.complete for change in script.changes)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
def test_a_category_that_vanishes_is_nowhere(cls, verb):
    word = "a very long category of one person"
    X = column("ash", "birch", word, "ash")
    for rows in (X, X.astype(str)):
        encoder = cls().fit(rows)
        assert word.encode() in pickle.dumps(encoder)
        if verb == "partial_unfit":
            encoder.partial_unfit(rows[2:3])
        else:
            encoder.replace_features(rows[2:3], X_new=rows[:1])
        assert b"very" not in pickle.dumps(encoder)
        assert b"\x00v\x00\x00\x00e\x00" not in pickle.dumps(encoder)
        assert list(encoder.categories_[0]) == ["ash", "birch"]


@pytest.mark.parametrize("cls", BOTH)
def test_rows_that_were_never_in_are_refused(cls):
    encoder = cls().fit(column("ash", "birch", "ash"))
    with pytest.raises(RowNotFoundError, match="'cedar'"):
        encoder.partial_unfit(column("cedar"))
    with pytest.raises(InsufficientWeightError, match="'birch'"):
        encoder.partial_unfit(column("birch", "birch"))


@pytest.mark.parametrize("cls", BOTH)
def test_frames_keep_the_types_of_their_columns(cls):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(
        {"n": [3, 1, 2, 3], "f": [0.5, np.nan, 2.0, 0.5], "s": list("abca")}
    )
    encoder = cls().fit(X).partial_unfit(X[2:3])
    left = X.drop(index=2)
    twin = TWINS[cls]().fit(left)
    for found, expected in zip(encoder.categories_, twin.categories_, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    found, expected = encoder.transform(left), twin.transform(left)
    if cls is UnlearnableOneHotEncoder:
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_array_equal(found, expected)
    names = twin.get_feature_names_out()
    np.testing.assert_array_equal(encoder.get_feature_names_out(), names)
    back = encoder.inverse_transform(encoder.transform(left))
    assert keys_of(back.ravel()) == keys_of(twin.inverse_transform(expected).ravel())


@pytest.mark.parametrize("cls", BOTH)
def test_dates_and_truth_values(cls):
    days = np.array(["2020-01-01", "2021-01-01", "2019-05-05"], dtype="M8[D]")
    for values in (days, np.array([True, False, True]), np.array([2.5, np.nan, 0.5])):
        X = values[:, None]
        encoder, twin = cls().fit(X).partial_unfit(X[2:]), TWINS[cls]().fit(X[:2])
        assert encoder.categories_[0].dtype == twin.categories_[0].dtype
        np.testing.assert_array_equal(encoder.categories_[0], twin.categories_[0])


def answer(encoder, edit):
    _, change = answer_of(encoder, edit)
    return change


def test_the_indicator_without_an_output_becomes_another_one():
    X = column("birch", "cedar", "cedar", "elm")
    encoder = UnlearnableOneHotEncoder(drop="first", sparse_output=False).fit(X)
    change = answer(encoder, request_of(rows_in=column("ash")))
    np.testing.assert_array_equal(
        change.linear.toarray(), [[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]]
    )
    np.testing.assert_array_equal(change.shift, [1.0, 0.0, 0.0])
    change = answer(encoder, request_of(rows_out=column("birch")))
    np.testing.assert_array_equal(change.linear.toarray(), [[0.0, 1.0]])
    assert not change.shift.any()
    change = answer(encoder, request_of(rows_in=column("oak")))
    assert not change.linear.toarray()[2].any()


def test_a_named_category_that_is_dropped_cannot_vanish():
    X = column("birch", "cedar", "cedar")
    encoder = UnlearnableOneHotEncoder(drop=["birch"]).fit(X)
    fitted = encoder._fitted
    with pytest.raises(ValueError, match="supposed to be dropped"):
        encoder.partial_unfit(X[:1])
    assert encoder._fitted is fitted


def test_codes_that_shift_and_codes_that_do_not():
    X = column("ash", "birch", "cedar", "elm", np.nan)
    encoder = UnlearnableOrdinalEncoder(encoded_missing_value=np.nan).fit(X)
    assert answer(encoder, request_of(rows_out=column("elm"))).identity
    first = answer(encoder, request_of(rows_out=column("ash")))
    assert first.complete
    assert (first.linear.toarray().item(), first.shift.item()) == (1.0, -1.0)
    assert not answer(encoder, request_of(rows_out=column("birch"))).complete
    assert not answer(encoder, request_of(rows_in=column("beech"))).complete
    corrected = request_of(rows_out=column("cedar"), rows_in=column("birches"))
    assert answer(encoder, corrected).identity  # the same code for another word
    coded = UnlearnableOrdinalEncoder(encoded_missing_value=-9).fit(
        np.array([[1.0], [2.0], [3.0], [np.nan]])
    )
    assert not answer(coded, request_of(rows_out=[[1.0]])).complete


def test_categories_become_infrequent_and_frequent():
    X = column(*"aaaabbbccd")
    encoder = UnlearnableOneHotEncoder(min_frequency=3).fit(X)
    np.testing.assert_array_equal(encoder.infrequent_categories_[0], ["c", "d"])
    # b joins the infrequent ones: their indicators are added
    change = answer(encoder, request_of(rows_out=column("b")))
    np.testing.assert_array_equal(change.linear.toarray(), [[1, 0, 0], [0, 1, 1]])
    # c leaves them: which of their rows it has is not in the outputs
    change = answer(encoder, request_of(rows_in=column("c")))
    np.testing.assert_array_equal(change.known, [True, True, False, False])
    # unless all of them are it
    change = answer(encoder, request_of(rows_out=column("d"), rows_in=column("c")))
    assert change.complete
    coded = UnlearnableOrdinalEncoder(min_frequency=3).fit(X)
    np.testing.assert_array_equal(coded.infrequent_categories_[0], ["c", "d"])
    assert answer(coded, request_of(rows_in=column("d"))).identity
    assert not answer(coded, request_of(rows_in=column("c"))).complete


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("dtype", [object, float, bool])
def test_requests_of_another_dtype_do_not_change_that_of_the_training(cls, dtype):
    X = np.array([[1], [0], [2], [1]])
    coming = np.array([[1], [0]]).astype(dtype)
    encoder = cls().fit(X).replace_features(X[2:], X_new=coming)
    twin = TWINS[cls]().fit(np.array([[1], [0], [1], [0]]))
    assert encoder.categories_[0].dtype == twin.categories_[0].dtype
    np.testing.assert_array_equal(encoder.categories_[0], twin.categories_[0])
    assert encoder.transform(X[:2]).shape == twin.transform(X[:2]).shape
    encoder.partial_unfit(coming)
    assert encoder.categories_[0].dtype == twin.categories_[0].dtype


@pytest.mark.parametrize("cls", BOTH)
def test_a_dtype_that_had_to_be_wider_is_narrow_again(cls):
    X = np.array([[1], [2], [3]])
    encoder = cls().fit(X).partial_fit([[2.5], [np.nan]])
    twin = TWINS[cls]().fit([[1.0], [2.0], [3.0], [2.5], [np.nan]])
    assert encoder.categories_[0].dtype == twin.categories_[0].dtype
    np.testing.assert_array_equal(encoder.categories_[0], twin.categories_[0])
    encoder.partial_unfit([[np.nan], [2.5]])
    assert encoder.categories_[0].dtype == X.dtype
    with pytest.raises(UnlearningError, match=r"holds text .* but held numbers"):
        encoder.partial_fit(column("a"))
    encoder.transform(X)
