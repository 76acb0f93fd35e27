"""Classifiers of several classes, made of classifiers of two, that unlearn."""

from sklearn_unlearn.multiclass._one_vs_rest import UnlearnableOneVsRestClassifier

__all__ = ["UnlearnableOneVsRestClassifier"]
