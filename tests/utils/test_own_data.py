"""All checks are run, whichever fail, on generated data or on a caller's own."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, scale
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableLogisticRegression,
    UnlearnableMultinomialNB,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import StepTooLargeError
from sklearn_unlearn.utils.estimator_checks import check_unlearner, unlearner_checks


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X[:200], y[:200]


class Faulty(UnlearnableRidge):
    """Two verbs that do nothing, and one that ends in an error of its own."""

    def partial_fit(self, *arguments, **keywords):
        return self if hasattr(self, "coef_") else self.fit(*arguments, **keywords)

    def replace_labels(self, *arguments, **keywords):
        return self

    def to_sklearn(self, drop_forgotten=False):
        raise KeyError("export")


def test_all_failures_are_reported_together():
    with pytest.raises(AssertionError) as failure:
        check_unlearner(Faulty())
    message = str(failure.value)
    failed = [line.split(":")[0] for line in message.split("\n\n")[1:]]
    checks = dict(unlearner_checks(Faulty()))
    for name in failed:
        with pytest.raises((AssertionError, KeyError)):
            checks[name](Faulty())
    assert message.startswith(
        f"{len(failed)} of {len(checks)} checks of Faulty() failed."
    )
    assert {"check_against_refit", "check_restored", "check_to_sklearn"} < set(failed)
    assert "check_to_sklearn: KeyError: 'export'" in message
    assert "check_restored: Faulty on one target" in message
    causes = failure.value.__cause__.exceptions
    assert len(causes) == len(failed)
    assert all(cause.__traceback__ is not None for cause in causes)


class WrongOfTens(UnlearnableRidge):
    """Corrects no labels beyond 20, of which generated data have none."""

    def replace_labels(self, X, y, y_new, sample_weight=None, *, row_ids=None):
        before = getattr(self, "_fitted", None)
        super().replace_labels(X, y, y_new, sample_weight, row_ids=row_ids)
        if np.max(y_new) > 20.0:
            self._fitted = before
        return self


def test_own_data_show_what_generated_ones_do_not():
    X, y = diabetes()
    estimator = WrongOfTens(alpha=0.1, retain_data=True)
    for data in ((), (X, y / 20.0)):
        dict(unlearner_checks(estimator, *data))["check_retained_data"](estimator)
    with pytest.raises(AssertionError) as failure:
        check_unlearner(estimator, X, y)
    assert "on your data, replace_labels: the model is not that" in str(failure.value)


def frame(X):
    """A frame of a number and two columns of categories."""
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(
        {
            "size": X[:, 0],
            "colour": np.array(["red", "green", "blue"])[np.arange(len(X)) % 3],
            "flag": pd.Categorical(np.where(X[:, 1] > 0.0, "up", "down")),
        }
    )


def own(kind):
    """An estimator, and data of a kind."""
    X, y = load_breast_cancer(return_X_y=True)
    X, y = scale(X)[:200, :6], np.where(y[:200] == 1, "benign, as they say", "other")
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    if kind == "array":
        return UnlearnableLogisticRegression(0.01, retain_data=True), X, y
    if kind == "pipeline":
        ridge = UnlearnableRidge(retain_data=True)
        last = make_unlearnable_pipeline(UnlearnableStandardScaler(), ridge)
        return last, *diabetes()
    if kind == "two targets":
        X, y = diabetes()
        return UnlearnableRidge(), X, np.column_stack([y, -3.0 * y**2])
    if kind == "sparse":
        counts = sp.csr_array(np.floor(np.abs(X)))
        return UnlearnableMultinomialNB(), counts, y
    if kind == "frame":
        encoder = OneHotEncoder(handle_unknown="ignore")
        columns = ColumnTransformer([("c", encoder, ["colour", "flag"])])
        return ShardedClassifier(make_pipeline(columns, tree), n_shards=1), frame(X), y
    if kind == "frame of any columns":
        encoder = OneHotEncoder(handle_unknown="ignore")
        return ShardedClassifier(make_pipeline(encoder, tree), n_shards=1), frame(X), y
    texts = [f"word{n % 7} word{n % 5} other{n}" for n in range(200)]
    bayes = make_pipeline(CountVectorizer(), MultinomialNB())
    return ShardedClassifier(bayes, n_shards=1), texts, y


KINDS = ["array", "pipeline", "two targets", "sparse", "frame", "frame of any columns"]


@pytest.mark.filterwarnings("ignore:.*ended by a refusal")
@pytest.mark.parametrize("kind", [*KINDS, "texts"])
def test_own_data_of_any_kind(kind):
    estimator, X, y = own(kind)
    given = copy.deepcopy((X, y))
    names = dict(unlearner_checks(estimator, X, y))
    numbers = {"check_bad_requests", "check_forgotten_column"}
    assert len(numbers & set(names)) == (2 if kind in KINDS[:3] else 0)
    assert "check_requests_in_a_row" in names
    check_unlearner(estimator, X, y)
    assert repr(given) == repr((X, y))


@pytest.mark.parametrize("kind", ["sparse", "frame of any columns", "texts"])
def test_faults_show_in_any_kind(kind):
    estimator, X, y = own(kind)

    class Fault(type(estimator)):
        def replace_labels(self, *arguments, **keywords):
            return self

    with pytest.raises(AssertionError, match="your data, replace_labels: the model is"):
        check_unlearner(Fault(**estimator.get_params(deep=False)), X, y)


def test_a_refusal_is_no_failure():
    class Refusing(UnlearnableRidge):
        def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
            before = getattr(self, "_fitted", None)
            super().partial_unfit(X, y, sample_weight, row_ids=row_ids)
            self._fitted = before
            raise StepTooLargeError("too far")

    X, y = diabetes()
    refusals = r"ended by a refusal: (requests\[0\]: )?too far"
    with pytest.warns(SkipTestWarning, match=refusals):
        check_unlearner(Refusing(retain_data=True), X, y)
    with pytest.raises(AssertionError, match="StepTooLargeError: too far"):
        check_unlearner(Refusing(retain_data=True))


def test_what_is_refused():
    X, y = diabetes()
    ridge = UnlearnableRidge()
    with pytest.raises(ValueError, match="Pass both X and y"):
        check_unlearner(ridge, X)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        check_unlearner(ridge, X, y[1:])
    with pytest.raises(ValueError, match=r"X has 199 rows, and the checks need 200"):
        check_unlearner(ridge, X[:199], y[:199])
    X, y = load_iris(return_X_y=True)
    X, y = np.concatenate([X, X[:100]]), np.concatenate([y, y[:100]])
    y[y == 2] = np.arange(50) // 40 + 2
    with pytest.raises(ValueError, match=r"training rows of class 3, and the checks"):
        check_unlearner(clone(UnlearnableLogisticRegression()), X, y)
