"""Scikit-learn estimators that unlearn: rows, values, labels and columns."""

from sklearn_unlearn.utils.lazy import lazily

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = lazily(__name__, __file__)
