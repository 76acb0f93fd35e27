"""Sharded regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, clone
from sklearn.ensemble import BaggingRegressor, VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags

from sklearn_unlearn.ensemble._adopted import AdoptedShards
from sklearn_unlearn.utils.targets import targets_of

#: With it the default's iterations on sparse rows give what dense rows give.
_TOL = 1e-12


class ShardedRegressor(RegressorMixin, AdoptedShards):
    """Mean of regressors that were each trained on a shard of the rows.

    Sharded, isolated, sliced and aggregated training (SISA, Bourtoule et al. 2021) of
    any scikit-learn regressor. A request trains again the models of those shards that
    its rows are in, and no others, so that the result is the model of training without
    the rows, exactly.

    Parameters
    ----------
    estimator : estimator, default=None
        A regressor of which each shard has a clone; None is
        :class:`~sklearn.linear_model.Ridge` with ``tol=1e-12``.
    n_shards : int, default=5
        Models; a request about one row trains one of them again. 1 is retraining: a
        plain fit of the estimator on the edited rows, in their order.
    n_slices : int, default=1
        Parts of a shard that are handed to ``partial_fit`` one after the other, once
        each; a request goes back to the model before the first part that it touches.
        More than 1 needs an estimator that has ``partial_fit``.
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
    estimators_ : list of estimator
        The model of each shard; None of a shard without rows.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    ShardedClassifier : The same for classes, with more notes.

    References
    ----------
    Lucas Bourtoule, Varun Chandrasekaran, Christopher A. Choquette-Choo, Hengrui Jia,
    Adelin Travers, Baiwu Zhang, David Lie, Nicolas Papernot. Machine Unlearning. IEEE
    Symposium on Security and Privacy, 2021. arXiv 1912.03817.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from sklearn_unlearn import ShardedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    >>> model = ShardedRegressor(tree, random_state=0)
    >>> refit = clone(model).fit(X[2:], y[2:])
    >>> model = model.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool((model.predict(X) == refit.predict(X)).all())
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_shards: int = 5,
        n_slices: int = 1,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(estimator, n_shards, n_slices, n_jobs, random_state, verbose)

    def predict(self, X: Any) -> Any:
        """The mean of the predictions of all shards.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        predictions = self._predictions(self._checked(), X, "predict")
        return np.mean([found for _, found in predictions], axis=0)

    # Hooks --------------------------------------------------------------------------

    def _base(self):
        return Ridge(tol=_TOL) if self.estimator is None else self.estimator

    def _adapt(self, tags, inner):
        if inner.regressor_tags is not None:
            tags.regressor_tags = inner.regressor_tags

    def _vote(self, fitted, models):
        if fitted.encoding.is_vector:
            return VotingRegressor([])
        # a VotingRegressor predicts one target
        vote = BaggingRegressor(self._base(), n_estimators=len(models))
        vote.estimator_ = clone(vote.estimator)
        if fitted.columns is not None:
            vote.n_features_in_ = int(np.sum(~fitted.forgotten))
            everything = np.arange(vote.n_features_in_)
            vote.estimators_features_ = [everything] * len(models)
        return vote

    def _encoding(self, y, weight):
        multi_output = get_tags(self._base()).target_tags.multi_output
        return targets_of(y, multi_output)
