"""The checks behind `sklearn_unlearn.utils.estimator_checks`."""
