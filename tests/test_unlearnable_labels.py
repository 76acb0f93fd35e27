"""A LabelEncoder that was saved beside a classifier: labels come in, and go out."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    LabelBinarizer,
    LabelEncoder,
    MultiLabelBinarizer,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import unlearnable
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.inspection import scan

RNG = np.random.default_rng(5)
X = RNG.normal(size=(90, 3))
WORDS = np.array(["quince", "apple", "medlar"])[np.digitize(X[:, 0], [-0.6, 0.6])]
EXACT = {"tol": 1e-10, "max_iter": 5000}
CLASSIFIERS = {
    "logistic": LogisticRegression(**EXACT),
    "bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(3),
    "kernel": SVC(tol=1e-9),
    "linear": LinearSVC(**EXACT),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(4, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "bag": BaggingClassifier(GaussianNB(), 3, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), GaussianNB()),
    "search": GridSearchCV(LogisticRegression(**EXACT), {"C": [1.0]}, cv=2),
}
#: Those in which numbers of labels stand in more places, to be fitted again.
ANEW = {
    "network": MLPClassifier((3,), max_iter=5, random_state=0),
    "adaptive": AdaBoostClassifier(GaussianNB(), n_estimators=2, random_state=0),
    "vote": VotingClassifier([("a", GaussianNB())]),
}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def saved_apart(model):
    encoder, scaler = LabelEncoder().fit(WORDS), StandardScaler().fit(X)
    model = clone(model).fit(scaler.transform(X), encoder.transform(WORDS))
    return encoder, scaler, model


@pytest.mark.parametrize("name", [*CLASSIFIERS, *ANEW])
def test_requests_and_predictions_are_in_labels(name):
    encoder, scaler, theirs = saved_apart((CLASSIFIERS | ANEW)[name])
    if name in ANEW:
        with pytest.warns(
            DataMismatchWarning, match="in more places than its classes_"
        ):
            model = unlearnable([encoder, scaler, theirs], X, WORDS)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            model = unlearnable([encoder, scaler, theirs], X, WORDS)
    assert theirs.classes_.tolist() == [0, 1, 2]
    said = encoder.inverse_transform(theirs.predict(scaler.transform(X)))
    np.testing.assert_array_equal(model.predict(X), said)
    model.partial_unfit(X[:4], WORDS[:4])
    refit = clone(getattr(theirs, "best_estimator_", theirs))
    refit = make_pipeline(StandardScaler(), refit).fit(X[4:], WORDS[4:])
    np.testing.assert_array_equal(model.predict(X), refit.predict(X))
    assert model.classes_.tolist() == ["apple", "medlar", "quince"]


def test_in_any_place_with_names_and_not_fitted():
    encoder, scaler, theirs = saved_apart(GaussianNB())
    for given in (
        [scaler, encoder, theirs],
        (("scale", scaler), ("labels", encoder), ("model", theirs)),
        [LabelEncoder(), StandardScaler(), GaussianNB()],
        [encoder, theirs],
    ):
        rows = scaler.transform(X) if len(given) == 2 else X
        model = unlearnable(given, rows, WORDS).partial_unfit(rows[:4], WORDS[:4])
        refit = make_pipeline(StandardScaler(), GaussianNB()).fit(X[4:], WORDS[4:])
        np.testing.assert_array_equal(model.predict(rows), refit.predict(X))


def test_a_label_that_no_row_has_is_gone():
    y = WORDS.copy()
    y[7] = "rowan"
    encoder, scaler = LabelEncoder().fit(y), StandardScaler().fit(X)
    theirs = KNeighborsClassifier(3).fit(scaler.transform(X), encoder.transform(y))
    model = unlearnable([encoder, scaler, theirs], X, y)
    assert scan(model, words=["rowan"])
    model.partial_unfit(X[7:8], y[7:8])
    assert model.classes_.tolist() == ["apple", "medlar", "quince"]
    assert not scan(model, words=["rowan"])


def test_what_is_refused():
    encoder, scaler, theirs = saved_apart(GaussianNB())
    with pytest.raises(ValueError, match="as it was before it was encoded"):
        unlearnable([encoder, scaler, theirs], X, encoder.transform(WORDS))
    with pytest.raises(UnlearningError, match="A LabelBinarizer makes other targets"):
        unlearnable([LabelBinarizer().fit(WORDS), scaler, theirs], X, WORDS)
    regressor = Ridge().fit(X, X[:, 0])
    for given in ([encoder, scaler], [encoder], encoder, [encoder, regressor]):
        with pytest.raises(UnlearningError, match="belongs to a classifier"):
            unlearnable(given, X, WORDS)
    for given in (LabelBinarizer(), MultiLabelBinarizer()):
        with pytest.raises(UnlearningError, match="makes other targets than labels"):
            unlearnable(given, X, WORDS)


@pytest.mark.parametrize("name", ["logistic", "forest", "linear"])
def test_weights_of_numbers_are_those_of_their_labels(name):
    model = clone(CLASSIFIERS[name]).set_params(class_weight={0: 5.0, 1: 1.0, 2: 0.5})
    encoder, scaler, plain = saved_apart(model)
    said = encoder.inverse_transform(plain.predict(scaler.transform(X)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        found = unlearnable([encoder, scaler, plain], X, WORDS)
    assert np.array_equal(found.predict(X), said)
    assert plain.class_weight == {0: 5.0, 1: 1.0, 2: 0.5}
    found.partial_unfit(X[:2], WORDS[:2])
    names = dict(zip(["apple", "medlar", "quince"], [5.0, 1.0, 0.5], strict=True))
    again = make_pipeline(StandardScaler(), clone(model).set_params(class_weight=names))
    again.fit(X[2:], WORDS[2:])
    assert np.array_equal(found.predict(X), again.predict(X))
