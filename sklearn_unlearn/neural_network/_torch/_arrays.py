"""Features and targets of any shape as the rows of the core, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_array
from torch.utils.data import Dataset

from sklearn_unlearn.utils.targets import label_positions


@dataclass(frozen=True)
class Shape:
    """What one row looks like.

    Attributes
    ----------
    sizes : tuple of int
    dtype : numpy.dtype
    """

    sizes: tuple
    dtype: np.dtype

    @staticmethod
    def of(values):
        """That of the rows of an array."""
        return Shape(values.shape[1:], values.dtype)

    def flat(self, values, name):
        """Rows as a matrix, in this type.

        Raises
        ------
        ValueError
            If a row has another shape, or values are lost in this type.
        """
        if values.shape[1:] != self.sizes:
            raise ValueError(
                f"{name} has rows of shape {values.shape[1:]}, but the model was "
                f"fitted with rows of shape {self.sizes}."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            cast = values.astype(self.dtype, copy=False)
        if self.dtype.kind == "f":  # rounded values are the same, infinite ones not
            lost = np.isinf(cast) & ~np.isinf(values)
        else:
            lost = cast != values
        if cast is not values and lost.any():
            raise ValueError(
                f"{name} has dtype {values.dtype}, but the model was fitted with "
                f"{self.dtype}, which does not hold all of its values."
            )
        n_columns = int(np.prod(self.sizes, dtype=int))
        return cast.reshape(cast.shape[0], n_columns)

    def tensor(self, rows, device):
        """A copy of flat rows as they were."""
        rows = np.asarray(rows).astype(self.dtype, copy=False)
        return torch.tensor(rows.reshape(-1, *self.sizes), device=device)


@dataclass(frozen=True, eq=False)
class ModuleTargets:
    """Targets of any shape: classes, sequences of classes, or numbers.

    Attributes
    ----------
    shape : Shape
    labels : ndarray of shape (n_classes,) or None
        What whole numbers may be; None for numbers that are no classes.
    """

    shape: Shape
    labels: Any

    balanced = False

    @property
    def is_label(self):
        """Whether a row has one class."""
        return self.labels is not None and not self.shape.sizes

    @property
    def classes(self):
        """Names of the groups of rows, if there are groups."""
        return self.labels if self.is_label else None

    @property
    def n_groups(self):
        """Number of the classes that rows are of, or one."""
        return self.labels.size if self.is_label else 1

    def read(self, y):
        """Targets as flat numbers.

        Raises
        ------
        ValueError
            Naming an unknown label, or if the shape differs from fit's.
        """
        flat = self.shape.flat(host_array(y, None, "y"), "y")
        if self.labels is not None:
            label_positions(self.labels, flat.ravel())
        return flat.astype(np.float64)

    def marks(self, encoded):
        """Whether each row is of each class; or a one, and the targets."""
        if self.is_label:
            return np.equal.outer(encoded[:, 0], self.labels) * 1.0
        return np.column_stack([np.ones(encoded.shape[0]), encoded])


def remaining(values, features, forgotten, name):
    """Rows with zeros in forgotten columns, whatever stands there.

    Parameters
    ----------
    values : ndarray of shape (n_rows, ...)
        Vectors may lack these columns.
    features : Shape
    forgotten : ndarray of bool of shape (n_columns,)
    name : str

    Raises
    ------
    ValueError
        If other values are not finite.
    """
    n_rows, alive = values.shape[0], ~forgotten
    if features.sizes == forgotten.shape and values.shape[1:] == (alive.sum(),):
        full = np.zeros((n_rows, forgotten.size), dtype=values.dtype)
        full[:, alive] = values
        values = full
    elif values.shape[1:] == features.sizes:
        flat = values.reshape(n_rows, -1)
        values = np.where(forgotten, values.dtype.type(0), flat).reshape(values.shape)
    return host_array(values, None, name)


def host_array(values, device, name, *, finite=True):
    """Values as an ndarray in the main memory.

    Parameters
    ----------
    values : array-like or tensor
    device : str or None
        The net's, from which tensors are fetched too.
    name : str
    finite : bool, default=True
        Whether all must be finite.

    Raises
    ------
    ValueError
        If they lie on another device, are not finite or no numbers.
    """
    if isinstance(values, torch.Tensor):
        if values.device.type not in {"cpu", torch.device(device or "cpu").type}:
            raise ValueError(
                f"{name} is on {str(values.device)!r}, but the net computes on "
                f"{device!r}: pass an array, or a tensor on one of the two."
            )
        if values.dtype == torch.bfloat16:
            raise ValueError(
                f"{name} has dtype torch.bfloat16, which no array has: pass float32, "
                "and let the module convert it."
            )
        values = values.detach().cpu().numpy()
    is_object = getattr(getattr(values, "dtype", None), "kind", None) == "O"
    values = check_array(
        values,
        accept_sparse=False,
        dtype="numeric" if is_object else None,
        ensure_2d=False,
        allow_nd=True,
        ensure_all_finite=finite,
        input_name=name,
    )
    if values.dtype.kind not in "bfiu":
        raise ValueError(
            f"{name} must hold numbers; got dtype {values.dtype}. Encode labels as "
            "0, 1, ... first: a module knows no names."
        )
    return values


def readable(values, name="X", dtype=None):
    """Values that skorch reads as they are; of lists and frames, an array.

    Parameters
    ----------
    values : array-like, tensor, Dataset or dict
    name : str, default="X"
    dtype : numpy.dtype, optional
        Of the array; None means its own.

    Returns
    -------
    ndarray, tensor, Dataset or dict
    """
    if isinstance(values, (np.ndarray, torch.Tensor, Dataset, Mapping)):
        return values
    values = host_array(values, None, name, finite=False)
    return np.require(values, dtype, "W")  # those of frames may be read-only
