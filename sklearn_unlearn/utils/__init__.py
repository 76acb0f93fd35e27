"""Validation, and checks that any unlearning estimator can run."""
