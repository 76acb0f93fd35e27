"""One classifier for each class, against all others, that unlearn together."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from sklearn_unlearn.folds import Column, IsLabel, SeveralModels
from sklearn_unlearn.utils.label_columns import LabelColumns
from sklearn_unlearn.utils.targets import labels_of


class UnlearnableOneVsRestClassifier(SeveralModels, OneVsRestClassifier):
    """One model for each class, against all others; all unlearn, or none.

    A :class:`sklearn.multiclass.OneVsRestClassifier` whose models unlearn. A corrected
    label concerns the models of the two classes alone.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor that unlearns, or a pipeline of such; any other is
        fitted anew by requests.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.
    verbose : int, default=0
        As in scikit-learn.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted; of several labels a row, their columns.
    estimators_, label_binarizer_, multilabel_, n_classes_
        As in scikit-learn.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableMultiOutputClassifier : Of several targets with labels of their own.

    Notes
    -----
    Targets may be a matrix of 0 and 1, a column for each label. The rows are kept. A
    class that loses its last row has no model any more, as in a refit; of columns, one
    that is the same for all rows is predicted as that.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import (
    ...     UnlearnableLogisticRegression,
    ...     UnlearnableOneVsRestClassifier,
    ... )
    >>> X, y = load_iris(return_X_y=True)
    >>> inner = UnlearnableLogisticRegression(retain_data=True)
    >>> model = UnlearnableOneVsRestClassifier(inner).fit(X, y)
    >>> model.partial_unfit(X[:2], y[:2]).n_classes_
    3
    """

    _twin_class = OneVsRestClassifier

    # Hooks ----------------------------------------------------------------------------

    def _encoding(self, y):
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return LabelColumns.of(y, classes=np.array([0, 1]))
        return labels_of(y)

    def _views(self, encoding):
        if encoding.classes is None:
            return [Column(place) for place in range(encoding.n_outputs)]
        return [IsLabel(label) for label in encoding.classes]

    def _there(self, members, y):
        if y.ndim == 2:
            varies = y.min(axis=0) != y.max(axis=0)
            return np.flatnonzero(varies).tolist()
        labels = set(np.unique(y).tolist())
        there = [n for n, view in enumerate(members.views) if view.label in labels]
        return there[1:] if len(there) == 2 else there

    def _assembled(self, models, y):
        if y.ndim == 2:
            made_up = np.vstack([y.min(axis=0), y.max(axis=0)])
        else:
            made_up = np.unique(y)
        # it makes what predicts one label alone, and encodes the others
        twin = self._twin(DummyClassifier()).fit(np.zeros((len(made_up), 1)), made_up)
        left = iter(models)
        twin.estimators_ = [
            next(left) if isinstance(each, DummyClassifier) else each
            for each in twin.estimators_
        ]
        twin.estimator = clone(self.estimator)
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
