"""The base of random forests and extremely randomised trees."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_scalar

from sklearn_unlearn.tree.export import filled
from sklearn_unlearn.tree.model import TreeModel
from sklearn_unlearn.utils.export import exported

#: Share of the rows of each tree where ``max_samples`` is None.
_SHARE = 0.3


class Forest(TreeModel):
    """What is asked of a model that is many trees."""

    #: scikit-learn's classes of the forest and of one tree.
    _twin_class: Any
    _tree_class: Any
    #: Parameters.
    bootstrap: Any
    max_samples: Any
    n_estimators: Any
    warm_start: Any

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted forest of scikit-learn, which holds no rows, to deploy.

        Its thresholds lie midway between values of rows that are in the model. A tree
        without rows is left out.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the model takes only those that
            remain. If False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
        """
        fitted = self._checked()
        model, encoding = fitted.model, fitted.encoding
        twin = self._twin_of(fitted, self._twin_class)
        blank = type(twin)(1)
        y = np.zeros(2) if encoding.classes is None else encoding.classes
        n_features = model.rows.features.size
        blank.fit(np.zeros((len(y), n_features), dtype=np.float32), y)
        learned = vars(blank).keys() - blank.get_params().keys()
        vars(twin).update({name: vars(blank)[name] for name in learned})
        tree = self._twin_of(fitted, self._tree_class)
        places = encoding
        if encoding.classes is not None:  # trees of a forest vote for positions
            places = _Positions(np.arange(len(encoding.classes), dtype=np.float64))
        twin.estimators_ = [
            filled(tree, each, model, places)
            for each in model.trees
            if each.feature.size
        ]
        twin.n_estimators = len(twin.estimators_)
        twin.n_outputs_ = 1 if encoding.classes is not None else encoding.n_outputs
        columns = fitted.columns, fitted.forgotten
        return exported(self, twin, *columns, drop_forgotten)

    # Out of bag -----------------------------------------------------------------------

    @property
    def oob_score_(self) -> Any:
        """Accuracy, or R2, of the trees that lack a row, on that row."""
        fitted = self._of_bag()
        encoding = fitted.encoding
        votes, y = self._votes_out_of_bag(fitted)
        some = ~np.isnan(votes[:, 0])
        if encoding.classes is not None:
            found = votes[some].argmax(axis=1)
            return accuracy_score(encoding.groups(y[some]), found)
        return r2_score(y[some], votes[some])

    @property
    def oob_decision_function_(self) -> Any:
        """Shares of the classes by the trees that lack a row.

        Of shape (n_rows, n_classes). Rows are those that remain, in the order in which
        they came; not a number where all trees have the row.
        """
        fitted = self._of_bag()
        if fitted.encoding.classes is None:
            raise AttributeError("A regressor has oob_prediction_.")
        return self._votes_out_of_bag(fitted)[0]

    @property
    def oob_prediction_(self) -> Any:
        """Predictions by the trees that lack a row; shape (n_rows,) or with n_targets.

        Rows are those that remain, in the order in which they came; not a number where
        all trees have the row.
        """
        fitted = self._of_bag()
        if fitted.encoding.classes is not None:
            raise AttributeError("A classifier has oob_decision_function_.")
        votes = self._votes_out_of_bag(fitted)[0]
        return votes[:, 0] if fitted.encoding.is_vector else votes

    def _of_bag(self):
        fitted = self._learned
        if not fitted.params["oob_score"]:
            raise AttributeError("oob_score=True is needed at fit.")
        return fitted

    def _votes_out_of_bag(self, fitted):
        model = fitted.model.compacted()
        columns = model.rows.columns
        total: Any = 0.0
        counts: Any = 0.0
        for tree in model.trees:
            if not tree.feature.size:
                continue
            absent = np.ones((columns.shape[1], 1))
            absent[tree.places] = 0.0
            values = self._node_values(fitted, tree)[tree.leaves(columns)]
            total, counts = total + absent * values, counts + absent
        chunk = model.retained.chunks[0]
        with np.errstate(invalid="ignore"):
            return total / counts, chunk.rows.y

    # Hooks ----------------------------------------------------------------------------

    def _n_trees(self):
        return int(self.n_estimators)

    def _share(self, n_rows):
        if not self.bootstrap:
            return 1.0
        if self.max_samples is None:
            return _SHARE
        if isinstance(self.max_samples, Integral):
            return min(self.max_samples / n_rows, 1.0)
        return float(self.max_samples)

    def _n_candidates(self, n_rows):
        return int(getattr(self, "n_candidates", 1))

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(self.n_estimators, "n_estimators", Integral, min_val=1)
        check_scalar(self._n_candidates(1), "n_candidates", Integral, min_val=1)
        if self.warm_start:
            raise ValueError("warm_start must be False: partial_fit learns rows.")
        if self.max_samples is None:
            return
        if not self.bootstrap:
            raise ValueError(
                "max_samples needs bootstrap=True: without it trees have all rows."
            )
        if isinstance(self.max_samples, Integral):
            check_scalar(self.max_samples, "max_samples", Integral, min_val=1)
        else:
            check_scalar(
                self.max_samples,
                "max_samples",
                Real,
                min_val=0.0,
                max_val=1.0,
                include_boundaries="right",
            )


class _Positions:
    """Labels that are the positions of the classes."""

    def __init__(self, classes):
        self.classes = classes
