"""Losses of raw predictions: smooth, with margins, robust, weighted, multi-output."""

from sklearn_unlearn.core.losses.smooth import (
    HalfBinomialLogistic,
    HalfGamma,
    HalfPoisson,
    HalfSquaredError,
    HalfTweedie,
    Loss,
    MultinomialLogistic,
    SingleOutputLoss,
)

__all__ = [
    "HalfBinomialLogistic",
    "HalfGamma",
    "HalfPoisson",
    "HalfSquaredError",
    "HalfTweedie",
    "Loss",
    "MultinomialLogistic",
    "SingleOutputLoss",
]
