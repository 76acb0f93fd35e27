"""The module of the benchmarks, and those that somebody names."""

from __future__ import annotations

import importlib

from torch import nn


class Convolutional(nn.Sequential):
    """Two convolutions, pooled, and two dense layers, for images of any shape.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of an image.
    n_classes : int
    """

    def __init__(self, shape, n_classes):
        channels, height, width = shape
        super().__init__(
            nn.Conv2d(channels, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (height // 4) * (width // 4), 64),
            nn.ReLU(),
            nn.Linear(64, n_classes),
        )


class OfRows(nn.Sequential):
    """A module for images that takes them as rows, which shards do."""

    def __init__(self, module, shape, n_classes):
        super().__init__(nn.Unflatten(1, shape), module(shape, n_classes))


def module_named(name):
    """The class "package.module:Class", called with a shape and a number of classes.

    Raises
    ------
    ValueError
        If the name has no colon.
    """
    place, colon, known = name.partition(":")
    if not colon:
        raise ValueError(f"Name a module as package.module:Class; got {name!r}.")
    return getattr(importlib.import_module(place), known)
