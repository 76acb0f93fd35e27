"""Models of naive Bayes that unlearn."""

from sklearn_unlearn.naive_bayes._categorical import UnlearnableCategoricalNB
from sklearn_unlearn.naive_bayes._discrete import (
    UnlearnableBernoulliNB,
    UnlearnableComplementNB,
    UnlearnableMultinomialNB,
)
from sklearn_unlearn.naive_bayes._gaussian import UnlearnableGaussianNB

__all__ = [
    "UnlearnableBernoulliNB",
    "UnlearnableCategoricalNB",
    "UnlearnableComplementNB",
    "UnlearnableGaussianNB",
    "UnlearnableMultinomialNB",
]
