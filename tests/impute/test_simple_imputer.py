"""What is particular to imputation."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer

from sklearn_unlearn import UnlearnableSimpleImputer
from sklearn_unlearn.exceptions import RowNotFoundError, UnlearningError
from tests.pairwise import pairwise
from tests.transformers import VERBS, Script, answer_of, assert_mapped, request_of

NAN = np.nan


def answer(imputer, edit):
    _, change = answer_of(imputer, edit)
    return change


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize("name", ["imputer_indicator", "imputer_median"])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 59)), max_size=6))
def test_with_indicators_all_outputs_are_known(name, requests):
    script = Script(name)
    for verb, row in requests:
        script.run(verb, row)
    assert all(change.complete for change in script.changes)


def test_without_indicators_columns_are_known_in_which_nothing_is_missing():
    X = np.array([[1.0, 5.0, NAN], [2.0, NAN, 7.0], [4.0, 6.0, 7.0], [NAN, 6.0, 7.0]])
    imputer = UnlearnableSimpleImputer().fit(X)
    # the mean of the first column changes, but no other row lacks a value there; that
    # of the second changes too, and one does; the third has the mean that it had
    change = answer(imputer, request_of(rows_out=X[3:]))
    np.testing.assert_array_equal(change.known, [True, False, True])
    change = answer(imputer, request_of(rows_out=X[1:2]))
    np.testing.assert_array_equal(change.known, [False, True, True])


def test_a_column_gains_and_loses_its_only_value():
    X = np.array([[1.0, NAN], [2.0, NAN], [4.0, 3.0]])
    for parameters in ({}, {"keep_empty_features": True}, {"add_indicator": True}):
        imputer = UnlearnableSimpleImputer(**parameters).fit(X)
        twin = SimpleImputer(**parameters).fit(X[:2])
        before = imputer.transform(X[:2])
        fitted, change = answer_of(imputer, request_of(rows_out=X[2:]))
        imputer._fitted = fitted
        np.testing.assert_array_equal(imputer.statistics_, twin.statistics_)
        names = twin.get_feature_names_out()
        np.testing.assert_array_equal(imputer.get_feature_names_out(), names)
        empty = np.zeros((2, len(names)))
        empty[:, 0] = X[:2, 0]
        empty[:, len(names) - 1] += bool(parameters.get("add_indicator"))
        assert change.complete
        assert_mapped(change, before, empty)
        fitted, change = answer_of(imputer, request_of(rows_in=[[5.0, 9.0]]))
        assert change.complete
        assert_mapped(change, empty, fitted.sklearn_estimator.transform(X[:2]))


def test_functions_are_refused():
    with pytest.raises(ValueError, match="must not be a function"):
        UnlearnableSimpleImputer(strategy=np.mean).fit([[1.0]])


@pytest.mark.parametrize("strategy", ["median", "most_frequent"])
def test_a_value_that_vanishes_is_nowhere(strategy):
    value = 1234.56789
    X = np.array([[1.0], [2.0], [2.0], [value], [NAN]])
    imputer = UnlearnableSimpleImputer(strategy=strategy).fit(X)

    def held():
        data = pickle.dumps(imputer, protocol=5)
        return any(np.array(value).astype(k).tobytes() in data for k in ("<f8", ">f8"))

    assert held()
    imputer.partial_unfit([[value]])
    assert not held()
    assert imputer.statistics_[0] == 2.0


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
def test_rows_that_were_never_in_are_refused(strategy):
    X = np.array([[1.0, 2.0], [1.0, 3.0], [2.0, NAN]])
    imputer = UnlearnableSimpleImputer(strategy=strategy).fit(X)
    with pytest.raises(RowNotFoundError):
        imputer.partial_unfit([[NAN, 2.0]])
    if strategy in ("median", "most_frequent"):
        with pytest.raises(RowNotFoundError, match=r"9\.0"):
            imputer.partial_unfit([[1.0, 9.0]])


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_missing_values_of_pandas(strategy):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"a": [1.0, 1.0, pd.NA, 4.0]}, dtype="Float64")
    imputer = UnlearnableSimpleImputer(strategy=strategy, missing_values=pd.NA)
    twin = SimpleImputer(strategy=strategy, missing_values=pd.NA)
    imputer.fit(X).partial_unfit(X[3:])
    twin.fit(X[:3])
    np.testing.assert_array_equal(imputer.statistics_, twin.statistics_)
    np.testing.assert_array_equal(imputer.transform(X[:3]), twin.transform(X[:3]))


def test_ties_are_broken_as_the_twin_does():
    X = np.array([["b"], ["a"], ["b"], ["a"], ["c"]], dtype=object)
    imputer = UnlearnableSimpleImputer(strategy="most_frequent").fit(X)
    assert imputer.statistics_[0] == "a"
    with pytest.raises(UnlearningError, match=r"holds numbers .* but held text"):
        imputer.partial_fit(np.array([[1], [1]], dtype=object))
    X = np.append(X, np.array([[1]], dtype=object), axis=0)
    imputer.fit(X).partial_fit(X[-1:])  # as scikit-learn 1.9 does, where 1.6 fails
    assert imputer.statistics_[0] == 1


@pytest.mark.parametrize(
    ("at_request", "at_fit", "strategy"),
    pairwise(
        ["i8", "f4", "f8", "O"],
        ["i8", "f4", "f8", "O"],
        ["mean", "median", "most_frequent", "constant"],
    ),
)
def test_requests_of_another_dtype(strategy, at_fit, at_request):
    X = np.arange(24).reshape(8, 3) % 5
    given, rows = X.astype(at_fit), X[:3].astype(at_request)
    imputer = UnlearnableSimpleImputer(strategy=strategy, fill_value=0).fit(given)
    imputer.partial_unfit(rows).partial_fit(rows).replace_features(rows, X_new=rows)
    twin = SimpleImputer(strategy=strategy, fill_value=0)
    for n_rows in (8, 5):
        twin.fit(given[-n_rows:])
        assert imputer.statistics_.dtype == twin.statistics_.dtype
        assert imputer.statistics_.tolist() == twin.statistics_.tolist()
        found, expected = imputer.transform(given), twin.transform(given)
        assert found.dtype == expected.dtype
        if n_rows == 8:
            imputer.partial_unfit(rows)


def test_what_integers_cannot_hold_comes_and_goes():
    X = np.array([[1, 5], [1, 6], [2, 6]])
    imputer = UnlearnableSimpleImputer(strategy="most_frequent").fit(X)
    lacking = np.array([[np.nan, 5.0], [2.5, 5.0]])
    imputer.partial_fit(lacking)
    assert imputer.transform(lacking).tolist() == [[1.0, 5.0], [2.5, 5.0]]
    imputer.partial_unfit(lacking)
    assert imputer.transform(X).dtype == X.dtype


@pytest.mark.parametrize(
    ("rows", "out"),
    [
        ([["b", "b"], [None, 2.5], [None, 1]], [0]),  # the last string of a column
        ([["a", "u"], ["a", 1], [2, None], [2, 1]], [0, 1]),  # text and numbers
        ([["a", None], [None, "a"]], [1]),
    ],
)
def test_values_of_other_kinds_may_take_the_place_of_strings(rows, out):
    rows = np.array(rows, dtype=object)
    params = {
        "strategy": "most_frequent",
        "missing_values": None,
        "add_indicator": True,
        "keep_empty_features": True,
    }
    model = UnlearnableSimpleImputer(**params).fit(rows).partial_unfit(rows[out])
    rest = np.delete(rows, out, axis=0)
    refit = SimpleImputer(**params).fit(rest)
    assert model.statistics_.tolist() == refit.statistics_.tolist()
    assert model.transform(rest).tolist() == refit.transform(rest).tolist()
