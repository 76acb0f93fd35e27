"""What all models of naive Bayes share."""

from __future__ import annotations

from sklearn_unlearn.statistical import Learned, StatisticalClassifier, WeightedVerbs


class NaiveBayes(WeightedVerbs, StatisticalClassifier):
    """A `StatisticalClassifier` whose rows have weights."""

    class_count_ = Learned()

    def predict_joint_log_proba(self, X):
        """Logarithms of the joint probabilities of rows and classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_joint_log_proba", X)
