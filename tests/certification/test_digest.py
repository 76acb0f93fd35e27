"""Hashes of objects: what counts, and what does not."""

import pickle
from collections import OrderedDict
from functools import partial
from operator import itemgetter

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_unlearn.certification import model_hash

#: No two of these are the same.
DIFFERENT = [
    None,
    False,
    0,
    0.0,
    -0.0,
    float("nan"),
    "",
    "0",
    b"0",
    1j,
    (),
    [],
    [()],
    [[], []],
    {},
    {"a": 1, "b": 2},
    {"a": 2, "b": 1},
    {"a", "b"},
    ["a", "b"],
    OrderedDict(a=1, b=2),
    slice(0, 1),
    np.zeros(0),
    np.zeros((0, 2)),
    np.zeros(1),
    np.zeros(1, dtype=np.float32),
    np.zeros(1, dtype=bool),
    np.zeros(1, dtype="datetime64[s]"),
    np.array(["a", "b"]),
    np.array(["ab", ""]),
    sp.csr_array([[0.0, 1.0]]),
    sp.csc_array([[0.0, 1.0]]),
    sp.csr_array([[1.0, 0.0]]),
    sp.csr_array([[0.0, 1.0], [0.0, 0.0]]),
    np.tanh,
    np.sinh,
    len,
    model_hash,
    StandardScaler,
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler().set_output(transform="pandas"),
    FunctionTransformer(np.tanh),
    FunctionTransformer(partial(np.clip, a_min=0.0)),
    FunctionTransformer(partial(np.clip, a_min=1.0)),
    FunctionTransformer(itemgetter("a")),
    RandomForestClassifier(2, random_state=0).fit([[0], [1]], [0, 1]),
    RandomForestClassifier(2, random_state=0).fit([[0], [3]], [0, 1]),
]


def test_what_is_different_has_other_hashes():
    found = [model_hash(each) for each in DIFFERENT]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("value", DIFFERENT, ids=lambda value: type(value).__name__)
def test_what_is_read_back_has_the_same(value):
    assert model_hash(pickle.loads(pickle.dumps(value))) == model_hash(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (np.arange(3.0), np.arange(3.0).astype(">f8")),
        (np.arange(3.0), np.arange(3.0).repeat(2)[::2]),
        (np.array(["a", "b"]), np.array(["a", "b"], dtype=object)),
        (np.int64(3), 3),
        (np.float64(0.1), np.array(0.1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (frozenset("ab"), frozenset("ba")),
    ],
)
def test_layout_and_order_do_not_count(one, other):
    assert model_hash(one) == model_hash(other)


def test_numbers_in_another_order_are_others():
    assert model_hash(np.arange(3.0)) != model_hash(np.arange(3.0)[::-1])


def test_an_object_that_refers_to_itself():
    def around(value):
        inside = {"value": value}
        inside["again"] = [inside]
        return inside

    assert model_hash(around(1)) == model_hash(around(1)) != model_hash(around(2))


def test_what_cannot_be_pickled_has_none():
    with pytest.raises(TypeError, match="pickle"):
        model_hash([iter, (value for value in ())])
