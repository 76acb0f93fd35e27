"""Rows that were validated once give the outputs of rows as they were given."""

import io

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn import (
    UnlearnableCountVectorizer,
    UnlearnableOneHotEncoder,
    UnlearnablePCA,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from tests.transformers import request_of


def read_once(transformer, X):
    return transformer._read_request(transformer._fitted, request_of(rows_out=X)).out.X


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sparse_output": False, "dtype": np.float32},
        {"drop": "first"},
        {"drop": "if_binary"},
        {"min_frequency": 3},
        {"max_categories": 2, "drop": "first"},
        {"categories": [["a", "b", "c", "z"], [1, 2, 3], ["u", np.nan]]},
    ],
)
def test_outputs_of_rows_that_were_read_are_the_twins(params):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "word": rng.choice(list("abc"), 20),
            "number": rng.choice([1, 2], 20),
            "some": rng.choice(np.array(["u", np.nan], dtype=object), 20),
        }
    )
    frame["some"] = frame["some"].astype(object)
    for X in (frame, frame.to_numpy(dtype=object)):
        encoder = UnlearnableOneHotEncoder(**params).fit(X)
        ours, theirs = encoder.transform(read_once(encoder, X)), encoder.transform(X)
        assert sp.issparse(ours) == sp.issparse(theirs)
        ours, theirs = (Z.toarray() if sp.issparse(Z) else Z for Z in (ours, theirs))
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_unknown_categories_of_rows_that_were_read_are_the_twins():
    X, other = np.array([["a"], ["b"]]), np.array([["c"], ["a"]])
    for handle_unknown in ("error", "ignore"):
        encoder = UnlearnableOneHotEncoder(handle_unknown=handle_unknown).fit(X)
        read = read_once(encoder, other)
        if handle_unknown == "error":
            with pytest.raises(ValueError, match="unknown categories"):
                encoder.transform(read)
        else:
            np.testing.assert_array_equal(encoder.transform(read).toarray()[0], 0.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize(
    "transformer",
    [UnlearnableStandardScaler(), UnlearnableSimpleImputer(), UnlearnablePCA()],
)
def test_numbers_keep_their_precision(transformer, framed, dtype):
    pd = pytest.importorskip("pandas")
    X = (np.random.default_rng(0).normal(size=(20, 3)) * 9.0).astype(dtype)
    X = pd.DataFrame(X, columns=list("abc")) if framed else X
    transformer.fit(X)
    ours, theirs = (transformer.transform(Z) for Z in (read_once(transformer, X), X))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_files_are_read_once():
    texts = ["one two", "two three", "three one four", "four two"]
    y = np.arange(4.0)

    def files(rows):
        return [io.StringIO(texts[row]) for row in rows]

    model = make_unlearnable_pipeline(
        UnlearnableCountVectorizer(input="file"), UnlearnableRidge()
    )
    vectorizer = model[0].fit(files(range(4)))
    ours = vectorizer.transform(read_once(vectorizer, files([1, 2])))
    theirs = vectorizer.transform(files([1, 2]))
    np.testing.assert_array_equal(ours.toarray(), theirs.toarray())
    model.fit(files(range(4)), y).partial_unfit(files([1]), y[[1]])
    refit = make_unlearnable_pipeline(
        UnlearnableCountVectorizer(input="file"), UnlearnableRidge()
    ).fit(files([0, 2, 3]), y[[0, 2, 3]])
    np.testing.assert_allclose(
        model.predict(files(range(4))), refit.predict(files(range(4)))
    )
