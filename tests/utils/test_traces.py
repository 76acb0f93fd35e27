"""What an object holds is found wherever it is, and what it does not hold is not."""

import functools
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder

from sklearn_unlearn.utils.traces import leaves, traces

NUMBER, WORD = 7193.618273, "Mrs Someone"
WANTED = {"number": NUMBER, "word": WORD}


@dataclass
class Holder:
    """Has something."""

    held: object


class Slotted:
    """Has no dictionary."""

    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


class Hidden:
    """Its pickle has less than it has."""

    def __init__(self, held):
        self.held = held

    def __getstate__(self):
        return {}


class Unpicklable:
    """It has none."""

    def __init__(self, held):
        self.held = held

    def __reduce_ex__(self, protocol):
        raise TypeError


def closure(held):
    return lambda: held


def default(held):
    return lambda value=held: value


def filled(held):
    array = np.empty(3, dtype=object)
    array[1] = [held]
    return array


HOLDERS = {
    "attribute": Holder,
    "slot": Slotted,
    "no pickle": Unpicklable,
    "list": lambda held: [[1.0, (held,)]],
    "dict value": lambda held: {"a": {2: held}},
    "dict key": lambda held: {held: 1},
    "ordered dict": lambda held: OrderedDict(a=held),
    "set": lambda held: {held},
    "deque": lambda held: deque([held]),
    "objects": filled,
    "closure": closure,
    "default": default,
    "partial": lambda held: functools.partial(max, held),
    "method": lambda held: Holder(held).__repr__,
    "ring": lambda held: (lambda each: each.append([each, held]) or each)([]),
}


@pytest.mark.parametrize("how", HOLDERS)
def test_numbers_and_words_are_found(how):
    holder = HOLDERS[how]
    assert {each.name for each in traces(holder(NUMBER), WANTED)} == {"number"}
    assert {each.name for each in traces(holder(WORD), WANTED)} == {"word"}
    assert not traces(holder(NUMBER + 1.0), WANTED)
    assert not traces(holder("nobody"), WANTED)


NUMBERS = {
    "float": NUMBER,
    "negative": -NUMBER,
    "text": f"it was {NUMBER}",
    "float32": np.float32(NUMBER),
    "rounded": np.array([0.0, NUMBER * (1 + 4e-16)]),
    "array": np.eye(3) * NUMBER,
    "array of float32": np.eye(3, dtype=np.float32) * np.float32(NUMBER),
    "complex": np.array([1j * NUMBER]),
    "csr": sp.csr_array(np.eye(3) * NUMBER),
    "view": (np.arange(10) + NUMBER)[:1],
    "bytes": b"x" + np.array([1.0, NUMBER]).tobytes(),
    "bytearray": bytearray(np.float32(NUMBER).tobytes()),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_found_in_any_form(kind):
    (found,) = traces(Holder({"a": NUMBERS[kind]}), WANTED)
    assert found.name == "number"
    assert found.place.startswith(".held.values[0]")


@pytest.mark.parametrize(
    "held",
    [
        f"greetings to {WORD}",
        WORD.encode(),
        np.array(["a", WORD]),
        np.array([WORD.encode()]),
        OneHotEncoder(sparse_output=False).fit([[WORD], ["a"]]),
    ],
)
def test_words_are_found_in_any_form(held):
    assert {each.name for each in traces(held, WANTED)} == {"word"}


def test_integers_and_times():
    wanted = {"integer": 2**40 + 1.0}
    assert traces([2**40 + 1], wanted)
    assert traces(np.array([2**40 + 1]), wanted)
    assert traces(np.array([1, 2**40 + 1], dtype="datetime64[s]"), wanted)
    assert not traces([True, None, datetime(2000, 1, 1), Holder, len, np], wanted)


def test_frames():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    columns = {"size": [1.0, NUMBER], "name": ["a", WORD]}
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns)):
        assert {each.name for each in traces(frame, WANTED)} == {"number", "word"}
        rest = frame[["size"]][:1]
        if frame is not rest and hasattr(rest, "copy"):
            rest = rest.copy()
        assert not traces(rest, WANTED)


def test_no_answer_has_a_value():
    held = {WORD: NUMBER, "b": [{NUMBER: WORD}]}
    found = traces(Holder(held), WANTED)
    assert len(found) == 4
    assert not any(WORD in repr(each) or "7193" in repr(each) for each in found)


def test_what_is_not_pickled_is_not_there():
    assert not traces(Hidden(NUMBER), WANTED)


def test_a_sum_that_lacks_a_row():
    X = np.random.default_rng(0).standard_normal((50, 3))
    X[4] = NUMBER, 2.0, 3.0
    model = Ridge().fit(X, X[:, 0])
    model.sums = [X.sum(axis=0), np.delete(X, 4, axis=0).sum(axis=0)]
    assert not traces(model, WANTED)
    (found,) = traces(model, WANTED, differences=True)
    assert found.place == ".sums[1] - .sums[0]"


def test_places_lead_there():
    model = Ridge().fit([[1.0, 0.0], [2.0, NUMBER]], [0.0, 1.0])
    model.kept_ = [{"a": np.array([NUMBER])}]
    (found,) = traces(model, WANTED)
    assert found.place == ".kept_[0].values[0]"
    assert found.place in dict(leaves(model))
