"""One model for each of several targets, that unlearn together."""

from __future__ import annotations

from sklearn.base import clone
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor

from sklearn_unlearn.folds import Column, SeveralModels
from sklearn_unlearn.utils.label_columns import LabelColumns
from sklearn_unlearn.utils.targets import targets_of


class OneEach(SeveralModels):
    """What both share."""

    def _views(self, encoding):
        return [Column(place) for place in range(encoding.n_outputs)]

    def _assembled(self, models, y):
        twin = self._twin(clone(self.estimator))
        twin.estimators_ = models
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        return tags


class UnlearnableMultiOutputRegressor(OneEach, MultiOutputRegressor):
    """One regressor for each target; all unlearn, or none.

    A :class:`sklearn.multioutput.MultiOutputRegressor` whose models unlearn. A
    corrected target concerns its own model alone.

    Parameters
    ----------
    estimator : estimator
        A regressor that unlearns, or a pipeline of such; any other is fitted anew by
        requests.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.

    Attributes
    ----------
    estimators_ : list
        As in scikit-learn.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableMultiOutputClassifier : The same for labels.

    Notes
    -----
    The rows are kept.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from sklearn_unlearn import UnlearnableBayesianRidge
    >>> from sklearn_unlearn import UnlearnableMultiOutputRegressor
    >>> X, y = load_linnerud(return_X_y=True)
    >>> model = UnlearnableMultiOutputRegressor(UnlearnableBayesianRidge()).fit(X, y)
    >>> model.partial_unfit(X[:2], y[:2]).predict(X[:1]).shape
    (1, 3)
    """

    _twin_class = MultiOutputRegressor

    def _encoding(self, y):
        encoding = targets_of(y, multi_output=True)
        if encoding.is_vector:
            raise ValueError("y must have two dimensions, a column for each target.")
        return encoding


class UnlearnableMultiOutputClassifier(OneEach, MultiOutputClassifier):
    """One classifier for each of several labels of a row; all unlearn, or none.

    A :class:`sklearn.multioutput.MultiOutputClassifier` whose models unlearn. A
    corrected label concerns the model of its column alone.

    Parameters
    ----------
    estimator : estimator
        A classifier that unlearns, or a pipeline of such; any other is fitted anew by
        requests.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.

    Attributes
    ----------
    classes_ : list of ndarray of shape (n_classes,)
        Of each output.
    estimators_ : list
        As in scikit-learn.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableOneVsRestClassifier : Predicts columns of one label alone as well.

    Notes
    -----
    The rows are kept. A request after which a model does not exist, as a column would
    have a single label, is refused.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableGaussianNB
    >>> from sklearn_unlearn import UnlearnableMultiOutputClassifier
    >>> X, species = load_iris(return_X_y=True)
    >>> y = np.column_stack([species, X[:, 0] > 6.0])
    >>> model = UnlearnableMultiOutputClassifier(UnlearnableGaussianNB()).fit(X, y)
    >>> model.partial_unfit(X[:2], y[:2]).predict(X[:1])
    array([[0, 0]])
    """

    _twin_class = MultiOutputClassifier

    def _encoding(self, y):
        return LabelColumns.of(y)

    def _assembled(self, models, y):
        twin = super()._assembled(models, y)
        twin.classes_ = [model.classes_ for model in models]
        return twin

    def _check_classes(self, classes, known, y=None):
        if classes is not None:
            raise ValueError(
                "classes must be None: the labels of each column are those at fit."
            )
