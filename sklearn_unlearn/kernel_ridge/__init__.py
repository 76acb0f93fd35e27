"""Kernel ridge regression that unlearns."""

from sklearn_unlearn.kernel_ridge._kernel_ridge import UnlearnableKernelRidge

__all__ = ["UnlearnableKernelRidge"]
