"""Classifiers, regressors and transformers that unlearn by training again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, clone
from sklearn.utils import check_array, get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.ensemble._classifier import ShardedClassifier
from sklearn_unlearn.ensemble._regressor import ShardedRegressor
from sklearn_unlearn.retraining._retrained import RetrainedModel, asked_of_estimator
from sklearn_unlearn.row_models import present_classes
from sklearn_unlearn.utils.from_sklearn import check_same_classes
from sklearn_unlearn.utils.label_columns import LabelColumns
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.targets import Labels, Targets, as_vector, labels_of


class RetrainedClassifier(ClassifierMixin, RetrainedModel):
    """Any classifier, trained again on what remains at each request.

    What has no way of its own to unlearn still can be made to: a request clones the
    estimator and fits it to the edited rows, in their order. The result is, to the last
    bit, that of a refit, where seeds or the method make fits repeatable; elsewhere it
    is one of the same distribution.

    Parameters
    ----------
    estimator : estimator
        A classifier of any library with scikit-learn's interface, or a pipeline, with
        samplers if need be. It is cloned.

    Attributes
    ----------
    estimator_ : estimator
        The one that was trained last.
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted; of several labels a row, what the estimator says.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    ShardedClassifier : Trains a part again, of a model that consists of parts.

    Notes
    -----
    The estimator keeps the training data, and so does its pickle, without the rows that
    left. A fit that fails, for whatever reason, leaves it as it was. Sample weights are
    handed to ``fit``, of a pipeline to each step that takes some.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from sklearn_unlearn import RetrainedClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> boosting = GradientBoostingClassifier(n_estimators=5, random_state=0)
    >>> model = RetrainedClassifier(boosting).fit(X, y).partial_unfit(X[:2], y[:2])
    >>> refit = boosting.fit(X[2:], y[2:])
    >>> bool((model.predict_proba(X) == refit.predict_proba(X)).all())
    True
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        classes = self._learned.encoding.classes
        return self.estimator_.classes_ if classes is None else classes

    _check_classes = ShardedClassifier._check_classes

    def _adapt(self, tags, inner):
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags

    def _encoding(self, y, weight):
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        several = y.ndim == 2 and y.shape[1] > 1
        return LabelColumns.of(y) if several else labels_of(y)

    def _left(self, encoding, retained):
        if encoding.classes is None:
            return encoding, retained
        return present_classes(encoding, retained, fewest=2)

    def _check_same_targets(self, fitted, encoding):
        if hasattr(fitted, "classes_") and encoding.classes is not None:
            check_same_classes(fitted, encoding.classes)


class RetrainedRegressor(RegressorMixin, RetrainedModel):
    """Any regressor, trained again on what remains at each request.

    Parameters
    ----------
    estimator : estimator
        A regressor of any library with scikit-learn's interface, or a pipeline. It is
        cloned.

    Attributes
    ----------
    estimator_ : estimator
        The one that was trained last.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    RetrainedClassifier : The same for classes, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.svm import SVR
    >>> from sklearn_unlearn import RetrainedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RetrainedRegressor(SVR()).fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool((model.predict(X) == SVR().fit(X[2:], y[2:]).predict(X)).all())
    True
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    _adapt = ShardedRegressor._adapt
    _encoding = ShardedRegressor._encoding


@dataclass(frozen=True, eq=False)
class NoTargets:
    """What stands for targets where none are given."""

    n_rows: int = 0
    n_outputs = 0
    n_groups = 1
    classes = None

    def read(self, y):
        """Nothing of each row."""
        return np.zeros((self.n_rows if y is None else len(y), 0))

    def decoded(self, encoded):
        """None."""
        return None


class RetrainedTransformer(RetrainedModel):
    """Any transformer, fitted again to what remains at each request.

    Clusterers and outlier detectors, which need no targets either, are welcome.

    Parameters
    ----------
    estimator : estimator
        A transformer of any library with scikit-learn's interface, or a pipeline of
        some. It is cloned.

    Attributes
    ----------
    estimator_ : estimator
        The one that was fitted last.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    RetrainedClassifier : The same for classifiers, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import KernelPCA
    >>> from sklearn_unlearn import RetrainedTransformer
    >>> X, _ = load_iris(return_X_y=True)
    >>> model = RetrainedTransformer(KernelPCA(2)).fit(X).partial_unfit(X[:2])
    >>> refit = KernelPCA(2).fit(X[2:])
    >>> bool((model.transform(X) == refit.transform(X)).all())
    True
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the estimator to the rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Kept by reference where it is an array or a frame: do not change it
            afterwards.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
            Kept too; requests then have to name targets as well.
        sample_weight : array-like of shape (n_samples,) or float, optional
            Only if the estimator takes weights. Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows.

        Returns
        -------
        self : object
        """
        return super().fit(X, y, sample_weight, row_ids=row_ids)

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Any:
        """Fit the estimator, and what it makes of these rows as it does so.

        Parameters
        ----------
        X, y, sample_weight, row_ids
            As for ``fit``.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_outputs)
        """
        self.fit(X, y, sample_weight, row_ids=row_ids)
        if sample_weight is None and hasattr(self.estimator, "fit_transform"):
            return clone(self.estimator).fit_transform(protected(X), y)
        return self.transform(X)

    @available_if(lambda self: hasattr(self._newest, "inverse_transform"))
    def inverse_transform(self, X: Any) -> Any:
        """Rows that have given outputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_outputs)

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_columns)
            In the columns that are not forgotten.
        """
        return self._checked().model.final[0].inverse_transform(X)

    @available_if(lambda self: hasattr(self._newest, "get_feature_names_out"))
    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the outputs.

        Parameters
        ----------
        input_features : array-like of str, optional
            As the estimator takes them.

        Returns
        -------
        ndarray of str of shape (n_outputs,)
        """
        estimator = self._checked().model.final[0]
        return estimator.get_feature_names_out(input_features)

    score_samples = asked_of_estimator("score_samples")

    @property
    def _accepts(self):
        """What requests may hold: targets, if there are any."""
        takes = RetrainedModel._accepts
        if not self.__sklearn_is_fitted__():
            return takes
        none = isinstance(self._fitted.encoding, NoTargets)
        return takes - {"y"} if none else takes

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator) if hasattr(self.estimator, "fit") else tags
        tags.estimator_type = inner.estimator_type
        tags.transformer_tags = inner.transformer_tags
        tags.target_tags.required = inner.target_tags.required
        promised = UnlearningTags.of(self, exact=True, row_ids=True)
        return UnlearnerTags.extending(tags, promised)

    def _adapt(self, tags, inner):
        """Nothing is known beyond what all estimators say."""

    def _encoding(self, y, weight):
        if y is None:
            return NoTargets()
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        if y.dtype.kind in "biuf":
            y = as_vector(y) if y.ndim == 2 and y.shape[1] == 1 else y
            return Targets(1 if y.ndim == 1 else y.shape[1], y.ndim == 1, None)
        classes = np.unique(as_vector(y))
        return Labels(classes, signed=False, class_weight=np.ones(classes.size))

    def _left(self, encoding, retained):
        if encoding.classes is None:
            return encoding, retained
        return present_classes(encoding, retained, fewest=0)

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if isinstance(encoding, NoTargets):
            return replace(encoding, n_rows=n_rows or 0).read(None)
        return super()._read_targets(encoding, y, n_rows, name)

    def _leaving(self, fitted, X, y, *arguments, **keywords):
        if isinstance(fitted.encoding, NoTargets):
            y = X  # which is not looked at
        return super()._leaving(fitted, X, y, *arguments, **keywords)
