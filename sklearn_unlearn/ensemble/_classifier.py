"""Sharded classification."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.ensemble._adopted import AdoptedShards
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_models import present_classes
from sklearn_unlearn.utils.targets import check_labels, labels_of


def _votes_softly(model):
    if model.voting != "soft":
        raise AttributeError("predict_proba needs voting='soft'.")
    return True


class ShardedClassifier(ClassifierMixin, AdoptedShards):
    """Vote of classifiers that were each trained on a shard of the rows.

    Sharded, isolated, sliced and aggregated training (SISA, Bourtoule et al. 2021) of
    any scikit-learn classifier: trees, forests, gradient boosting, pipelines. A request
    trains again the models of those shards that its rows are in, and no others, so that
    the result is the model of training without the rows, exactly.

    Parameters
    ----------
    estimator : estimator, default=None
        A classifier of which each shard has a clone; None is
        :class:`~sklearn.linear_model.LogisticRegression`.
    n_shards : int, default=5
        Models; a request about one row trains one of them again. 1 is retraining: a
        plain fit of the estimator on the edited rows, in their order.
    n_slices : int, default=1
        Parts of a shard that are handed to ``partial_fit`` one after the other, once
        each; a request goes back to the model before the first part that it touches.
        More than 1 needs an estimator that has ``partial_fit``.
    voting : {"soft", "hard"}, default="soft"
        Whether probabilities are averaged, or predictions counted. Of classes with as
        many votes the first is predicted.
    n_jobs : int, default=None
        Shards that are trained at the same time, as in joblib.
    random_state : int, RandomState instance or None, default=None
        A number fixes which rows share a shard and gives the shards' estimators their
        seeds: requests give the same model as training without the rows. With None
        nobody can know, or choose, where a row goes; the parameters ``random_state`` of
        the estimator stay as they are, and requests give a model of the same
        distribution as training without the rows. One shard has the number itself for a
        seed.
    verbose : int, default=0
        How much joblib prints of the progress. Since scikit-learn 1.9 ``set_callbacks``
        shows it too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted.
    estimators_ : list of estimator
        The model of each shard; None of a shard without rows.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    ShardedRegressor : The same for numbers.

    Notes
    -----
    Shard, slice and order of a row follow from a hash of its values or, if ``fit`` is
    given ``row_ids``, of its identifier, and from ``random_state``. They depend neither
    on other rows nor on their order: a row that leaves moves no other, and equal rows
    are in the same shard. With identifiers a corrected row stays where it was; without,
    one shard loses it and another one gets it. A single shard of one slice keeps the
    order of the rows, and what is corrected its place.

    A shard need not have rows of all classes; the classes that it lacks get no vote
    from it, and a shard of one class votes for that. Weights are handed on where one of
    a slice is not 1.

    The estimator keeps the training data, and so does its pickle, without the rows that
    left.

    References
    ----------
    Lucas Bourtoule, Varun Chandrasekaran, Christopher A. Choquette-Choo, Hengrui Jia,
    Adelin Travers, Baiwu Zhang, David Lie, Nicolas Papernot. Machine Unlearning. IEEE
    Symposium on Security and Privacy, 2021. arXiv 1912.03817.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from sklearn_unlearn import ShardedClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> boosting = HistGradientBoostingClassifier(max_iter=10, random_state=0)
    >>> model = ShardedClassifier(boosting, random_state=0)
    >>> refit = clone(model).fit(X[2:], y[2:])
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool((model.predict_proba(X) == refit.predict_proba(X)).all())
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_shards: int = 5,
        n_slices: int = 1,
        voting: str = "soft",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(estimator, n_shards, n_slices, n_jobs, random_state, verbose)
        self.voting = voting

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    @available_if(_votes_softly)
    def predict_proba(self, X: Any) -> np.ndarray:
        """The mean of the probabilities of all shards.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._probabilities(self._checked(), X)

    def predict(self, X: Any) -> np.ndarray:
        """Class labels.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        fitted = self._checked()
        if self.voting == "soft":
            votes = self._probabilities(fitted, X)
        else:
            predictions = self._predictions(fitted, X, "predict")
            votes = sum(
                np.equal.outer(found, fitted.encoding.classes)
                for _, found in predictions
            )
        return fitted.encoding.classes[votes.argmax(axis=1)]

    def _probabilities(self, fitted, X):
        classes = fitted.encoding.classes
        predictions = self._predictions(fitted, X, "predict_proba")
        total = np.zeros((predictions[0][1].shape[0], classes.size))
        for model, found in predictions:
            total[:, np.searchsorted(classes, model.classes_)] += found
        return total / len(predictions)

    # Hooks --------------------------------------------------------------------------

    def _base(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def _adapt(self, tags, inner):
        tags.target_tags.multi_output = False
        tags.target_tags.single_output = True
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
            tags.classifier_tags.multi_label = False

    def _checked_base(self):
        estimator = super()._checked_base()
        if self.voting not in ("soft", "hard"):
            raise ValueError(f"voting must be 'soft' or 'hard'; got {self.voting!r}.")
        if self.voting == "soft" and not hasattr(estimator, "predict_proba"):
            raise ValueError(
                f"voting='soft' needs probabilities, which {type(estimator).__name__} "
                "does not give: set voting='hard'."
            )
        return estimator

    def _vote(self, fitted, models):
        classes = fitted.encoding.classes
        for model in models:
            if not np.array_equal(model.classes_, classes):
                raise UnlearningError(
                    "A shard has no rows of some class, and models of a "
                    "VotingClassifier know the same classes; use fewer shards."
                )
        if self.voting == "hard" and not np.array_equal(classes, range(classes.size)):
            raise UnlearningError(
                "voting='hard' of a VotingClassifier counts the labels 0, 1, ...; use "
                "voting='soft', or such labels."
            )
        vote = VotingClassifier([], voting=self.voting)
        vote.le_ = LabelEncoder().fit(classes)
        vote.classes_ = vote.le_.classes_
        return vote

    def _encoding(self, y, weight):
        return labels_of(y)

    def _left(self, encoding, retained):
        return present_classes(encoding, retained, fewest=2)

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)
