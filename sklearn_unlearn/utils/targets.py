"""How labels and targets are encoded for a loss, and the weights of the classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.losses.weighted import (
    ClassWeighted,
    WeightedLoss,
    with_class_weights,
)
from sklearn_unlearn.exceptions import EmptyClassError
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.validation import check_numeric_targets
from sklearn_unlearn.utils.values import as_dtype


@dataclass(frozen=True, eq=False)
class Labels:
    """Class labels.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    signed : bool
        Encode as -1 and 1, one column a class (one for two classes); otherwise as the
        position in ``classes``.
    class_weight : ndarray of shape (n_classes,) or None
        Given weight of each class; None where they are balanced.
    balance_rows : bool
        Whether it is numbers of rows that are balanced, not summed weights.
    """

    classes: np.ndarray
    signed: bool
    class_weight: Array | None
    balance_rows: bool = False

    @property
    def balanced(self):
        """Whether the weights of the classes depend on the data."""
        return self.class_weight is None

    @property
    def n_groups(self):
        """Number of classes."""
        return self.classes.size

    @property
    def is_vector(self):
        """Whether decisions are one number a row."""
        return self.n_groups == 2

    @property
    def is_flat(self):
        """Whether raw predictions are given without an axis of outputs."""
        return self.is_vector

    def positions(self, y):
        """Position in ``classes`` of each label.

        Raises
        ------
        ValueError
            Naming an unknown label.
        """
        return label_positions(self.classes, y)

    def encode(self, positions):
        """What the loss reads, shape (n_rows, 1) or (n_rows, n_classes)."""
        if not self.signed:
            return positions[:, None].astype(np.float64)
        signed = np.where(positions[:, None] == np.arange(self.n_groups), 1.0, -1.0)
        return signed[:, 1:] if self.n_groups == 2 else signed

    def groups(self, encoded):
        """Position in ``classes`` of each encoded target."""
        if not self.signed:
            return encoded[:, 0].astype(np.intp)
        if self.n_groups == 2:
            return (encoded[:, 0] > 0.0).astype(np.intp)
        return encoded.argmax(axis=1)

    def decoded(self, encoded):
        """Labels as ``fit`` was given them."""
        return self.classes[self.groups(encoded)]

    def marks(self, encoded):
        """Whether each row is of each class, shape (n_rows, n_classes)."""
        return np.equal.outer(self.groups(encoded), np.arange(self.n_groups)) * 1.0

    def read(self, y):
        """Encoded targets."""
        return self.encode(self.positions(y))

    def class_weights(self, groups):
        """Weight of each class, for rows of which these are the `Groups`.

        One that has no rows weighs nothing.
        """
        if not self.balanced:
            return self.class_weight
        counts = groups.n_rows if self.balance_rows else groups.weight
        some = counts > 0.0
        shares = self.n_groups * np.where(some, counts, 1.0)
        return np.where(some, counts.sum() / shares, 0.0)

    def weighted(self, loss, groups):
        """The loss with the weights of the classes in it."""
        weights = self.class_weights(groups)
        if isinstance(loss, WeightedLoss):
            return with_class_weights(loss, weights)
        if not self.balanced and np.all(weights == 1.0):
            return loss
        return ClassWeighted(loss, weights, self.groups)

    def without(self, groups):
        """The other classes."""
        classes = np.delete(self.classes, groups)
        if classes.dtype.kind in "US":  # no wider than the names that are left
            classes = np.array(classes.tolist())
        weights = self.class_weight
        given = None if weights is None else np.delete(weights, groups)
        return replace(self, classes=classes, class_weight=given)


@dataclass(frozen=True, eq=False)
class Targets:
    """Regression targets of one or several outputs.

    Attributes
    ----------
    n_outputs : int
    is_vector : bool
        Whether fit was given a vector, so that predictions are one too.
    loss : Loss
        If it has a method ``in_range``, all targets must be.
    flattens : bool
        Whether predictions of a single column are a vector as well.
    """

    n_outputs: int
    is_vector: bool
    loss: object
    flattens: bool = False

    classes = None
    n_groups = 1
    balanced = False

    @property
    def is_flat(self):
        """Whether predictions are a vector."""
        return self.is_vector or (self.flattens and self.n_outputs == 1)

    def read(self, y):
        """Encoded targets.

        Raises
        ------
        ValueError
            If the number of outputs differs from fit's, or the loss is not defined.
        """
        y = check_numeric_targets(y)
        if y.ndim == 1:
            y = y[:, None]
        if y.ndim != 2 or y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y has shape {y.shape}, but the model was fitted with "
                f"{self.n_outputs} output(s)."
            )
        if hasattr(self.loss, "in_range") and not np.all(self.loss.in_range(y)):
            raise ValueError(
                "Some value(s) of y are out of the valid range of the loss "
                f"{type(self.loss).__name__!r}."
            )
        return y

    def decoded(self, encoded):
        """Targets as ``fit`` was given them."""
        return encoded[:, 0] if self.is_vector else encoded

    def marks(self, encoded):
        """All rows are of one group; their targets mark them too."""
        return np.column_stack([np.ones(encoded.shape[0]), encoded])

    def weighted(self, loss, groups):
        """All rows count alike."""
        return loss


def labels_of(y):
    """Labels of classes that are trained on as they are.

    Raises
    ------
    ValueError
        If there are fewer than two, or these are no labels.
    """
    y = as_vector(check_array(y, ensure_2d=False, dtype=None, input_name="y"))
    check_classification_targets(y)
    classes = np.unique(y)
    if classes.size < 2:
        raise ValueError(
            "At least 2 classes are needed, but y contains only one class: "
            f"{classes.tolist()[0]!r}"
        )
    return Labels(classes, signed=False, class_weight=np.ones(classes.size))


def targets_of(y, multi_output):
    """Targets of a regression that are trained on as they are.

    Parameters
    ----------
    y : array-like
    multi_output : bool
        Whether a model may have several; otherwise a column is a vector.

    Raises
    ------
    ValueError
    """
    y = check_numeric_targets(y)
    if y.ndim > 1 and not multi_output:
        y = as_vector(y)
    return Targets(1 if y.ndim == 1 else y.shape[1], y.ndim == 1, None)


def check_labels(classes, known, y=None):
    """Refuse ``classes`` of a ``partial_fit`` that its rows do not go with.

    Those of the first call must be in y, and y's in them; of several labels a row the
    names are the numbers of the columns. Those of later calls are the first ones.

    Parameters
    ----------
    classes : array-like or None
    known : ndarray or None
        Labels of the fitted model; None in the first call.
    y : array-like, optional
        Targets of the first call.

    Raises
    ------
    ValueError
    """
    if classes is None:
        return
    if known is not None:
        if np.unique(classes).tolist() != known.tolist():
            raise ValueError(
                f"classes={classes!r} is not the same as at fit: {known.tolist()!r}"
            )
        return
    if y is None:
        return
    found = np.asarray(y)
    if found.ndim == 2 and found.shape[1] > 1:
        found = np.arange(found.shape[1])
    unknown = np.setdiff1d(found, classes)
    if unknown.size:
        raise ValueError(
            f"y contains the label {unknown.tolist()[0]!r}, which classes lacks."
        )
    missing = np.setdiff1d(classes, found)
    if missing.size:
        raise EmptyClassError(
            f"classes names {missing.tolist()[0]!r}, of which y has no row: the first "
            "call must hold rows of every class."
        )


def given_weights(class_weight, classes):
    """Weight of each class as a parameter says; None for "balanced".

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
    """
    if class_weight is None:
        return np.ones(classes.size)
    if isinstance(class_weight, str) and class_weight == "balanced":
        return None
    if not hasattr(class_weight, "get"):
        raise ValueError(
            f"class_weight must be a dict, 'balanced' or None; got {class_weight!r}"
        )
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if len(labels) - len(set(labels) & set(class_weight)) and unknown:
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not one of the classes "
            f"{labels!r}."
        )
    weights = np.array([float(class_weight.get(label, 1.0)) for label in labels])
    if not np.all((weights >= 0.0) & np.isfinite(weights)):
        raise ValueError(
            f"class_weight must hold finite numbers of at least 0; got {class_weight!r}"
        )
    return weights


def as_vector(y):
    """Targets in one dimension; those in one column are warned of, as in the twins.

    Raises
    ------
    ValueError
        If they are neither.
    """
    vector = column_or_1d(y)
    if np.ndim(y) == 2:
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change "
            "the shape of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
        )
    return vector


def label_positions(classes, y):
    """Position in the sorted array ``classes`` of each label.

    Raises
    ------
    ValueError
        Naming an unknown label.
    """
    y = np.asarray(y)
    if y.ndim != 1:
        y = as_vector(y)
    y = as_dtype(y, classes.dtype)
    if y.dtype.kind != classes.dtype.kind:  # compared exactly, if at all
        y, classes = y.astype(object), classes.astype(object)
    try:
        position = np.searchsorted(classes, y)
    except TypeError as error:  # labels of kinds that cannot be compared
        raise ValueError(
            f"y holds labels of another kind than {classes.tolist()!r}."
        ) from error
    position = np.minimum(position, classes.size - 1)
    unknown = classes[position] != y
    if np.any(unknown):
        raise ValueError(
            f"y contains the label {np.asarray(y)[unknown].tolist()[0]!r}, which "
            f"is not one of the model's classes {classes.tolist()!r}."
        )
    return position
