"""What the installed scikit-learn's own refit does, as the conventions say it."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.fixes import parse_version

from sklearn_unlearn import UnlearnableStandardScaler

NEW = parse_version(sklearn.__version__) >= parse_version("1.9")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 2)), (np.arange(20) >= 8).astype(int)
WEIGHT = np.where(Y == 1, 3.0, 1.0)


@pytest.mark.skipif(
    parse_version("1.7") <= parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="the table is of 1.6 and of 1.9",
)
def test_covariances_are_divided_by_the_number_of_rows_since_1_9():
    model = QuadraticDiscriminantAnalysis(store_covariance=True).fit(X, Y)
    first = np.cov(X[Y == 0].T, bias=True)
    expected = first if NEW else first * 8 / 7
    np.testing.assert_allclose(model.covariance_[0], expected)


@pytest.mark.parametrize(
    ("model", "always_rows"),
    [
        (LogisticRegression(tol=1e-10), False),
        (
            RandomForestClassifier(1, max_depth=1, bootstrap=False, random_state=0),
            False,
        ),
        (SVC(), True),
        (RidgeClassifier(), True),
        (DecisionTreeClassifier(max_depth=1, random_state=0), True),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.skipif(
    parse_version("1.7") <= parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="the table is of 1.6 and of 1.9",
)
def test_what_balanced_counts(model, always_rows):
    counted = WEIGHT if NEW and not always_rows else np.ones(20)
    given = {
        label: counted.sum() / (2.0 * counted[label == Y].sum()) for label in (0, 1)
    }

    def decisions(class_weight):
        fitted = model.set_params(class_weight=class_weight).fit(X, Y, WEIGHT)
        if hasattr(fitted, "decision_function"):
            return fitted.decision_function(X)
        return fitted.predict_proba(X)

    np.testing.assert_allclose(decisions("balanced"), decisions(given), atol=1e-6)


def in_parts():
    """Two rows, the first entry of which is stored as 1 and 1."""
    parts = [1.0, 1.0, 3.0, 1.0], [0, 0, 1, 0], [0, 3, 4]
    return sp.csr_matrix(parts, shape=(2, 2))


# the scaler's variance is negative
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    "learned",
    [
        lambda X: StandardScaler(with_mean=False).fit(X).var_,
        lambda X: TfidfTransformer().fit(X).idf_,
        lambda X: BernoulliNB(binarize=1.5).fit(X, [0, 1]).feature_count_,
        lambda X: (
            SimpleImputer(missing_values=-1, strategy="most_frequent")
            .fit(sp.vstack([X[:1, :1], sp.csr_matrix([[3.0], [5.0]])], format="csr"))
            .statistics_
        ),
    ],
    ids=["scaler", "idf", "bernoulli", "imputer"],
)
def test_parts_of_an_entry_are_counted_apart(learned):
    whole = in_parts()
    whole.sum_duplicates()
    assert not np.array_equal(learned(in_parts()), learned(whole))


def test_here_parts_of_an_entry_are_added_up():
    whole = in_parts()
    whole.sum_duplicates()
    variances = [
        UnlearnableStandardScaler(with_mean=False).fit(each).var_
        for each in (in_parts(), whole)
    ]
    np.testing.assert_array_equal(*variances)


def test_html_shows_categories_since_1_9():
    encoder = OneHotEncoder().fit(np.array([["Aberystwyth"], ["b"]], dtype=object))
    if parse_version(sklearn.__version__) < parse_version("1.7") or NEW:
        assert ("Aberystwyth" in encoder._repr_html_()) == NEW
