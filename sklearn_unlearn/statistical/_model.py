"""What is read of a model that unlearns from sums, whatever its targets."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_unlearn.statistical._adoption import AdoptionMixin
from sklearn_unlearn.statistical._requests import StatisticalRequests
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags


class StatisticalModel(
    AdoptionMixin, StatisticalRequests, LearnedColumns, BaseEstimator
):
    """A model that is a function of sums over rows: how it is read, and exported.

    A subclass gives the verbs, the constructor, the twin's class, and the hooks of
    `StatisticalRequests`.
    """

    def forget_features(self, columns):
        """Forget columns for good: the model as if it had never had them.

        They are ignored from then on: they may hold anything, NaN, or be absent.
        Fitted attributes are those of the columns that remain, but ``coef_`` has zeros
        for the others.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by feature name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown.
        """
        return self._forget(columns)

    def __sklearn_tags__(self):
        promised = UnlearningTags.of(self, exact=True)
        return UnlearnerTags.extending(super().__sklearn_tags__(), promised)

    # Reading the model ----------------------------------------------------------------

    def predict(self, X):
        """Class labels, or targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._asked("predict", X)

    def to_sklearn(self, drop_forgotten=False):
        """A plain fitted scikit-learn model, which can no longer unlearn, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the model takes only those that
            remain. If False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        fitted = self._checked()
        columns = fitted.columns, fitted.forgotten
        return exported(self, fitted.twin, *columns, drop_forgotten)

    def _asked(self, method, X, **keywords):
        """What the twin answers, all from one version of the model."""
        fitted = self._checked()
        X = self._remaining(fitted, X)
        return getattr(fitted.twin, method)(X, **keywords)

    def _widened(self, attribute):
        """An attribute of the twin with zeros for forgotten columns, read-only."""
        fitted = self._learned
        values = getattr(fitted.twin, attribute)
        full = np.zeros((*values.shape[:-1], fitted.forgotten.size))
        full[..., ~fitted.forgotten] = values
        full.flags.writeable = False
        return full
