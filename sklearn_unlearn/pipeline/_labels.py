"""Encoders of labels that were saved beside a classifier, which then does without."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer

from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from sklearn_unlearn.transformers import few, renamed_classes
from sklearn_unlearn.utils.messages import kind_of, warn
from sklearn_unlearn.utils.rows import protected


def without_label_encoders(estimators, X, y):
    """Estimators that belong together, the last of which learned labels themselves.

    What is no list is returned, unless it is an encoder by itself.

    A `LabelEncoder` numbers labels in their order, which is the order of classes that
    classifiers have anyway: one that was fitted to numbers is, with the labels in their
    place, what a fit to the labels gives.

    Parameters
    ----------
    estimators : list of estimator or of (name, estimator)
    X, y
        What they were fitted to, y before it was encoded, or None.

    Returns
    -------
    list
        The same without encoders.

    Raises
    ------
    UnlearningError, ValueError
        If an encoder makes something else of targets than numbers of labels, or y is
        none that it encodes.
    """
    several = isinstance(estimators, list | tuple)
    together = estimators if several else [estimators]
    encoders = [step for step in map(_step, together) if _encodes(step)]
    if not encoders:
        return estimators
    if len(encoders) > 1 or not isinstance(encoders[0], LabelEncoder):
        kind = kind_of(encoders[-1], first=True)
        raise UnlearningError(
            f"{kind} makes other targets than labels: leave it out, and pass as y what "
            "it makes of y."
        )
    (encoder,) = encoders
    others = [each for each in together if not _encodes(_step(each))]
    last = _step(others[-1]) if others else None
    if last is None or not is_classifier(last):
        raise UnlearningError(
            "A LabelEncoder belongs to a classifier, which has to be the last in the "
            "list: unlearnable([encoder, ..., classifier], X, y)."
        )
    if not hasattr(encoder, "classes_"):
        return others
    if y is not None and not np.isin(y, encoder.classes_).all():
        raise ValueError(
            "y holds labels that the LabelEncoder does not know: pass y as it was "
            "before it was encoded."
        )
    front = Pipeline([(str(k), _step(e)) for k, e in enumerate(others[:-1])])
    last = _with_labels(last, encoder, front, X)
    others[-1] = (others[-1][0], last) if isinstance(others[-1], tuple) else last
    return others


def _step(named):
    return named[1] if isinstance(named, tuple) and len(named) == 2 else named


def _encodes(step):
    return isinstance(step, LabelEncoder | LabelBinarizer | MultiLabelBinarizer)


def _with_labels(model, encoder, front, X):
    """A fitted classifier of numbers as one of labels, unfitted if that cannot be."""
    model = getattr(model, "best_estimator_", model)
    if not hasattr(model, "classes_") or X is None:
        return model
    anew = _named_in_parameters(model, encoder)
    labels = encoder.inverse_transform(model.classes_)
    rows = few(X)
    rows = front.transform(protected(rows)) if front.steps else rows
    renamed = renamed_classes(anew, labels, rows)
    if renamed is not None:
        return renamed
    warn(
        f"{kind_of(model, first=True)} holds the numbers of labels in more places than "
        "its classes_: it is fitted to X and y, with labels, anew.",
        DataMismatchWarning,
    )
    return clone(anew)


def _named_in_parameters(model, encoder):
    """A copy whose weights of numbers are those of the labels."""
    renamed = copy.deepcopy(model)
    inner = renamed
    while isinstance(inner, Pipeline):
        inner = inner.steps[-1][1]
    weights = getattr(inner, "class_weight", None)
    if isinstance(weights, dict) and set(weights) <= set(range(encoder.classes_.size)):
        names = encoder.inverse_transform([*weights]).tolist()
        inner.class_weight = dict(zip(names, weights.values(), strict=True))
    return renamed
