"""Support vector machines that unlearn."""

from sklearn_unlearn.svm._classifiers import UnlearnableNuSVC, UnlearnableSVC
from sklearn_unlearn.svm._regressors import UnlearnableNuSVR, UnlearnableSVR

__all__ = ["UnlearnableNuSVC", "UnlearnableNuSVR", "UnlearnableSVC", "UnlearnableSVR"]
