"""Requests that cannot be: each has an error of its own, and nothing changes."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableBaggingClassifier,
    UnlearnableDecisionTreeClassifier,
    UnlearnableGridSearchCV,
)
from sklearn_unlearn.exceptions import (
    ContradictionError,
    IncompleteSubjectError,
    RowIdKindError,
    RowNotFoundError,
    UndoOrderError,
    UndoRowsError,
)
from tests.families import NAMED, X, snapshot, unfitted, y
from tests.test_batches import argued

#: Thirty subjects of three rows each.
SUBJECTS = np.arange(90) % 30 + 1000
NEW = X[:3] + 0.5


def requests():
    """What is asked, the error, and a part of its message."""
    rows = {"X": X[[3, 33]], "y": y[[3, 33]]}
    fit = "as at fit"
    return {
        "texts": ("partial_unfit", {"row_ids": ["1003"]}, RowIdKindError, fit),
        "floats": ("partial_unfit", {"row_ids": [1003.5]}, RowIdKindError, fit),
        "truths": ("partial_unfit", {"row_ids": [True]}, RowIdKindError, fit),
        "both": ("partial_unfit", {"row_ids": [1003, "b"]}, RowIdKindError, "got both"),
        "pairs": ("partial_unfit", {"row_ids": [(1003, 1)]}, RowIdKindError, "had one"),
        "correction": (
            "replace_features",
            {"row_ids": ["1003"], "X_new": NEW},
            RowIdKindError,
            fit,
        ),
        "arrival": (
            "partial_fit",
            {"X": NEW[:1], "y": y[:1], "row_ids": ["1003"]},
            RowIdKindError,
            fit,
        ),
        "half": (
            "partial_unfit",
            {**rows, "row_ids": 1003},
            IncompleteSubjectError,
            "1003, of which the model has 3 rows: 1 of them are missing in X",
        ),
        "half, each": (
            "partial_unfit",
            {**rows, "row_ids": [1003, 1003]},
            IncompleteSubjectError,
            "1003, of which the model has 3 rows: 1 of them are missing in X",
        ),
        "half of the values": (
            "replace_features",
            {"row_ids": 1003, "X_new": NEW[:2]},
            IncompleteSubjectError,
            "X_new has 2 rows, expected 3: .* 1 are missing",
        ),
        "half of the labels": (
            "replace_labels",
            {"row_ids": [1003, 1004], "y_new": [0, 1]},
            IncompleteSubjectError,
            "y_new has 2 rows, expected 6: .* 4 are missing",
        ),
        "never": (
            "partial_unfit",
            {"row_ids": [1003, 7]},
            RowNotFoundError,
            r"row_ids\[1\] is 7, which names no row that was ever",
        ),
        "gone": (
            "partial_unfit",
            {"row_ids": [1001]},
            RowNotFoundError,
            r"row_ids\[0\] is 1001, which names a row that has left",
        ),
        "twice": (
            "partial_unfit",
            {"row_ids": [1003, 1004, 1003]},
            RowNotFoundError,
            r"row_ids\[2\] is 1003, which was named before: name each once",
        ),
    }


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("family", NAMED)
def test_each_has_an_error_of_its_own(family):
    model = unfitted(family).fit(X, y, row_ids=SUBJECTS)
    first = model.partial_unfit(row_ids=1001).request_record_
    before, ids = snapshot(model), model.remaining_ids()

    def assert_unchanged():
        assert np.array_equal(snapshot(model), before)
        assert np.array_equal(model.remaining_ids(), ids)
        assert model.request_record_ is first

    good = ("partial_unfit", {"row_ids": 1009})
    for verb, asked, error, said in requests().values():
        with pytest.raises(error, match=said):
            getattr(model, verb)(**asked)
        with pytest.raises(error):  # nor does anything else in a list
            model.carry_out([good, (verb, asked)])
        assert_unchanged()
    row = argued(model, [5])
    for contradiction in (
        [
            ("replace_features", {**row, "X_new": NEW[[0]]}),
            ("replace_features", {**row, "X_new": NEW[[1]]}),
        ],
        [
            ("replace_labels", {**row, "y_new": 1 - y[[5]], "row_ids": [1005]}),
            ("replace_features", {**row, "X_new": NEW[[1]], "row_ids": [1005]}),
        ],
    ):
        with pytest.raises(ContradictionError, match="two things about a row"):
            model.carry_out([good, *contradiction])
        assert_unchanged()
    if family == "network":
        return
    second = model.partial_unfit(row_ids=1002).request_record_
    before, ids = snapshot(model), model.remaining_ids()
    rows = np.flatnonzero(SUBJECTS == 1001)
    given = {"X": X[rows], "y": y[rows], "row_ids": 1001}
    with pytest.raises(UndoOrderError, match="not the last"):
        first.undo(model, **given)
    with pytest.raises(UndoRowsError, match="not the rows"):
        second.undo(model, **given)
    first = second
    assert_unchanged()


@pytest.mark.parametrize("verb", ["partial_fit", "replace_features"])
@pytest.mark.parametrize(
    "model",
    [
        UnlearnableDecisionTreeClassifier(random_state=0),
        UnlearnableBaggingClassifier(DecisionTreeClassifier(), 2, random_state=0),
        ShardedClassifier(n_shards=2, random_state=0),
        UnlearnableGridSearchCV(
            UnlearnableDecisionTreeClassifier(random_state=0), {"max_depth": [2]}, cv=2
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_complex_numbers_are_refused(model, verb):
    model = clone(model).fit(X, y)
    before = pickle.dumps(model)
    name = "X" if verb == "partial_fit" else "X_new"
    with pytest.raises(ValueError, match=rf"^{name}\b.*real numbers"):
        getattr(model, verb)(**{"X": X[:2], "y": y[:2], name: X[:2] + 1j})
    assert pickle.dumps(model) == before
