"""Shapes of pipelines that people build, with counts, on data that scikit-learn ships.

The counts are of 224 pipelines that end in a model, in public code. What was counted is
groups: pipelines all of whose steps had a counterpart that unlearns (76) and, of the
others, what stood in the way first, the most frequent taken first (forests 41, kernel
SVC 15, ...; 31 are left, each for another reason). Of which shapes a group consists was
not counted: those here are common ones, and share the count of their group equally.
Where XGBoost stood, HistGradientBoosting stands, which has the same interface.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

#: Pipelines of each group; the sum of all is 224 with those of samplers.
GROUPS = {
    "counterparts": 76,
    "forests": 41,
    "kernel SVC": 15,
    "gradient boosting": 10,
    "sums behind a scaler": 9,
    "XGBoost": 9,
    "SMOTE": 8,
    "one-hot into least squares": 5,
    "neighbours": 5,
    "custom transformers": 5,
    "RobustScaler": 4,
    "Lasso": 3,
    "k-means": 3,
    "others": 31,
}


class LogOfPositive(TransformerMixin, BaseEstimator):
    """A transformer of one's own: logarithms of columns without negative values."""

    def fit(self, X, y=None):
        """Learn which columns these are."""
        self.positive_ = np.asarray(X).min(axis=0) >= 0.0
        return self

    def transform(self, X):
        """Rows with logarithms."""
        X = np.array(X, dtype=np.float64)
        X[:, self.positive_] = np.log1p(np.abs(X[:, self.positive_]))
        return X


@dataclass(frozen=True)
class Shape:
    """A pipeline that people build.

    Attributes
    ----------
    group : str
        One of `GROUPS`.
    data : str
        One of `DATA`.
    steps : tuple of estimator
    """

    group: str
    data: str
    steps: tuple[Any, ...]

    @property
    def name(self):
        """Its steps."""
        return " -> ".join(_called(step) for step in self.steps)

    def pipeline(self):
        """scikit-learn's pipeline, or imbalanced-learn's of a sampler, unfitted."""
        if any(hasattr(step, "fit_resample") for step in self.steps):
            return import_module("imblearn.pipeline").make_pipeline(*self.steps)
        return make_pipeline(*self.steps)


def _called(step):
    name = type(step).__name__
    if name != "ColumnTransformer":
        return name
    return f"columns({', '.join(_called(part) for _, part, _ in step.transformers)})"


# Data -------------------------------------------------------------------------------


def numbers():
    """Measurements of cells, two classes."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, :8], y


def flowers():
    """Wines, three classes."""
    return load_wine(return_X_y=True)


def targets():
    """Patients, and how their disease progressed."""
    return load_diabetes(return_X_y=True)


def gaps():
    """The first with values that are missing."""
    X, y = numbers()
    X = X.copy()
    X[::7, 1] = X[3::11, 4] = np.nan
    return X, y


def mixed():
    """Four numbers, of which some are missing, and two columns of categories."""
    X, y = gaps()
    words = np.column_stack([_binned(X[:, 6]), _binned(X[:, 7])])
    return np.column_stack([X[:, :4], words]), y


def mixed_targets():
    """The same beside a number that is to be predicted."""
    X, y = targets()
    words = np.column_stack([_binned(X[:, 6]), _binned(X[:, 7])])
    return np.column_stack([X[:, :4], words]), y


def pixels():
    """Digits, and whether they are above four."""
    X, y = load_digits(return_X_y=True)
    return X[:500], y[:500] > 4


def texts():
    """Lines of the descriptions of data sets, and of which one they are."""
    found = []
    for label, load in enumerate((load_breast_cancer, load_wine, load_diabetes)):
        lines = [line.strip() for line in load().DESCR.splitlines()]
        found += [(line, label) for line in lines if len(line.split()) > 4]
    return [line for line, _ in found], np.array([label for _, label in found])


def records():
    """Numbers and words of the first by their names, as they come from JSON."""
    X, y = numbers()
    return [
        {"radius": row[0], "texture": row[1], "kind": f"kind {int(row[2]) % 7}"}
        for row in X
    ], y


def rare():
    """The first with few of one class."""
    X, y = numbers()
    kept = np.flatnonzero((y == 1) | (np.arange(y.size) % 5 == 0))
    return X[kept], y[kept]


def large(X, y, n_rows):
    """As many rows as are wanted, drawn of others, with numbers a little different."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(y), size=n_rows)
    if isinstance(X, list) and isinstance(X[0], dict):
        rows = [
            dict(X[place], radius=X[place]["radius"] + rng.normal()) for place in drawn
        ]
        return rows, y[drawn]
    if isinstance(X, list):
        others = rng.integers(len(y), size=n_rows)
        pairs = zip(drawn, others, strict=True)
        return [f"{X[one]} {X[other]}" for one, other in pairs], y[drawn]
    rows = X[drawn].astype(np.float64)
    for column in rows.T:
        known = column[~np.isnan(column)]
        if np.unique(known).size > 20:  # numbers, and no categories
            column += 0.02 * known.std() * rng.normal(size=n_rows)
            if known.min() >= 0.0:
                np.abs(column, out=column)
    return rows, y[drawn]


def _binned(column):
    return np.digitize(column, np.quantile(column, [0.2, 0.5, 0.8])).astype(float)


DATA = {
    each.__name__: each
    for each in (
        numbers,
        flowers,
        targets,
        gaps,
        mixed,
        mixed_targets,
        pixels,
        rare,
        records,
        texts,
    )
}


# Shapes -----------------------------------------------------------------------------


def logistic(**params):
    return LogisticRegression(solver="newton-cholesky", tol=1e-10, **params)


def columns(*, scaler=None, encoder=None):
    """The usual beginning: numbers imputed and scaled, categories encoded."""
    numeric = make_pipeline(SimpleImputer(), scaler or StandardScaler())
    if encoder is None:
        encoder = OneHotEncoder(handle_unknown="ignore")
    return make_column_transformer((numeric, [0, 1, 2, 3]), (encoder, [4, 5]))


def _forest():
    return RandomForestClassifier(10, random_state=0)


def _boosting():
    return GradientBoostingClassifier(n_estimators=10, random_state=0)


def _network():
    return MLPClassifier((10,), max_iter=30, random_state=0)


def _components():
    return TruncatedSVD(10, algorithm="arpack", random_state=0)


def linear_svc():
    return LinearSVC(dual=False, tol=1e-10, max_iter=5000)


SHAPES = [
    Shape(*shape)
    for shape in (
        ("counterparts", "numbers", (StandardScaler(), logistic())),
        ("counterparts", "flowers", (MinMaxScaler(), logistic())),
        ("counterparts", "gaps", (SimpleImputer(), StandardScaler(), logistic())),
        ("counterparts", "mixed", (columns(), logistic())),
        ("counterparts", "texts", (TfidfVectorizer(), logistic())),
        ("counterparts", "texts", (CountVectorizer(), MultinomialNB())),
        ("counterparts", "texts", (TfidfVectorizer(), linear_svc())),
        ("counterparts", "numbers", (StandardScaler(), linear_svc())),
        ("counterparts", "targets", (PolynomialFeatures(2), StandardScaler(), Ridge())),
        ("counterparts", "targets", (StandardScaler(), Ridge())),
        ("counterparts", "flowers", (StandardScaler(), RidgeClassifier())),
        ("counterparts", "pixels", (PCA(10), logistic())),
        ("forests", "numbers", (StandardScaler(), _forest())),
        ("forests", "mixed", (columns(), _forest())),
        ("forests", "gaps", (SimpleImputer(), _forest())),
        ("forests", "texts", (TfidfVectorizer(), _forest())),
        (
            "forests",
            "mixed_targets",
            (columns(), RandomForestRegressor(10, random_state=0)),
        ),
        (
            "forests",
            "targets",
            (MinMaxScaler(), ExtraTreesRegressor(10, random_state=0)),
        ),
        ("kernel SVC", "numbers", (StandardScaler(), SVC())),
        ("kernel SVC", "pixels", (PCA(10), SVC(gamma=1e-3))),
        ("kernel SVC", "targets", (StandardScaler(), SVR(C=100.0))),
        ("gradient boosting", "mixed", (columns(), _boosting())),
        (
            "gradient boosting",
            "targets",
            (
                StandardScaler(),
                GradientBoostingRegressor(n_estimators=10, random_state=0),
            ),
        ),
        ("sums behind a scaler", "flowers", (StandardScaler(), GaussianNB())),
        ("sums behind a scaler", "texts", (TfidfVectorizer(), MultinomialNB())),
        ("sums behind a scaler", "targets", (StandardScaler(), LinearRegression())),
        (
            "XGBoost",
            "mixed",
            (columns(), HistGradientBoostingClassifier(max_iter=10, random_state=0)),
        ),
        (
            "XGBoost",
            "targets",
            (
                StandardScaler(),
                HistGradientBoostingRegressor(max_iter=10, random_state=0),
            ),
        ),
        (
            "one-hot into least squares",
            "mixed_targets",
            (columns(), LinearRegression()),
        ),
        ("neighbours", "flowers", (StandardScaler(), KNeighborsClassifier())),
        ("neighbours", "targets", (MinMaxScaler(), KNeighborsRegressor())),
        (
            "custom transformers",
            "numbers",
            (LogOfPositive(), StandardScaler(), logistic()),
        ),
        ("RobustScaler", "numbers", (RobustScaler(), logistic())),
        ("RobustScaler", "mixed", (columns(scaler=RobustScaler()), logistic())),
        (
            "Lasso",
            "targets",
            (StandardScaler(), Lasso(alpha=0.5, tol=1e-8, max_iter=10_000)),
        ),
        (
            "k-means",
            "pixels",
            (KMeans(10, n_init=1, random_state=0), logistic()),
        ),
        ("others", "numbers", (StandardScaler(), _network())),
        ("others", "numbers", (PowerTransformer(), logistic())),
        ("others", "numbers", (QuantileTransformer(n_quantiles=50), logistic())),
        ("others", "numbers", (StandardScaler(), SelectKBest(k=4), logistic())),
        ("others", "numbers", (VarianceThreshold(), StandardScaler(), logistic())),
        ("others", "gaps", (KNNImputer(), StandardScaler(), logistic())),
        ("others", "texts", (TfidfVectorizer(), _components(), logistic())),
        ("others", "texts", (TfidfVectorizer(), SGDClassifier(random_state=0))),
        ("others", "texts", (TfidfVectorizer(), OneVsRestClassifier(linear_svc()))),
        ("others", "records", (DictVectorizer(), logistic())),
        ("others", "pixels", (FunctionTransformer(np.sqrt), BernoulliNB())),
        (
            "others",
            "mixed",
            (columns(encoder=OrdinalEncoder()), DecisionTreeClassifier(random_state=0)),
        ),
    )
]
if find_spec("imblearn") is not None:
    _SMOTE = import_module("imblearn.over_sampling").SMOTE
    SHAPES += [
        Shape("SMOTE", "rare", (StandardScaler(), _SMOTE(random_state=0), logistic())),
        Shape("SMOTE", "rare", (_SMOTE(random_state=0), _forest())),
    ]
