"""`StatisticalModel`: classifiers and regressors that are functions of sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_non_negative

from sklearn_unlearn.base import Batch
from sklearn_unlearn.core.statistics.block_sums import Second
from sklearn_unlearn.core.statistics.class_sums import Statistics, Values
from sklearn_unlearn.sufficient_statistics._class_statistics import (
    ClassStatistics,
    widest,
)
from sklearn_unlearn.sufficient_statistics._fitted import Fitted, ReadRows
from sklearn_unlearn.sufficient_statistics._from_sklearn import FromSklearnMixin
from sklearn_unlearn.sufficient_statistics._retaining import RetainsRows
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    check_rows,
    check_sample_weight,
    check_training_data,
    named,
    remaining_columns,
)


class StatisticalModel(FromSklearnMixin, RetainsRows, LearnedColumns, BaseEstimator):
    """A model that is a function of `ClassStatistics`.

    Parameters are checked by scikit-learn's estimator, fitted on a few made-up rows
    before it is given what it would have learned from the real ones.
    """

    _accepts: ClassVar[frozenset[str]] = frozenset(
        {"out", "into", "columns", "y", "sample_weight", "row_ids"}
    )
    #: Which second moments the model needs.
    _second: ClassVar[Second] = "none"
    #: Whether it needs sums over rows without their weights.
    _counts_rows: ClassVar[bool] = False
    #: Fewest classes that a fitted model may have.
    _fewest: ClassVar[int] = 1
    #: How scikit-learn is to validate targets.
    _target_checks: ClassVar[dict[str, bool]] = {}
    retain_data: bool

    def __sklearn_tags__(self):
        retains = isinstance(self.retain_data, bool | np.bool_) and self.retain_data
        promised = UnlearningTags.of(self, exact=True, row_ids=bool(retains))
        return UnlearnerTags.extending(super().__sklearn_tags__(), promised)

    # Reading the model ----------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Class labels, or targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._asked("predict", X)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
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
        return exported(self, fitted.sklearn_estimator, *columns, drop_forgotten)

    def _asked(self, method, X, **keywords):
        """What scikit-learn's estimator answers, all from one version of the model."""
        fitted = self._checked()
        X, columns = remaining_columns(X, fitted.columns, fitted.forgotten)
        return getattr(fitted.sklearn_estimator, method)(
            check_rows(self, X, columns), **keywords
        )

    def _widen(self, attribute):
        """An attribute with zeros for forgotten columns, read-only."""
        fitted = self._learned
        values = getattr(fitted.sklearn_estimator, attribute)
        full = np.zeros((*values.shape[:-1], fitted.forgotten.size))
        full[..., ~fitted.forgotten] = values
        full.flags.writeable = False
        return full

    # Hooks --------------------------------------------------------------------------

    def _labels(self, y: Any, classes: Any) -> np.ndarray:
        """Labels that rows may have along the first axis, from the targets in `fit`."""
        raise NotImplementedError

    def _targets(self, y: Any, labels: np.ndarray) -> np.ndarray:
        """Targets as numbers, checked against the labels."""
        raise NotImplementedError

    def _positions(self, targets: np.ndarray) -> np.ndarray:
        """Position of the label of each row."""
        raise NotImplementedError

    def _n_targets(self, labels: np.ndarray) -> int:
        """How many columns that are summed, the last ones, are targets."""
        return 0

    def _join(self, X: Any, targets: np.ndarray) -> Any:
        """Rows to sum, with these targets."""
        return X

    def _check_size(self, n_classes: int, n_columns: int) -> None:
        """Refuse statistics that are too large."""

    def _encode(self, X: Any, params: dict) -> tuple[Any, Any]:
        """What is summed of rows, in floats, and `ClassStatistics.widths`."""
        return X, None

    def _values(self, params: dict) -> Values:
        """What encoded values may be, as `Statistics.changed` has it."""
        return "positive" if self.__sklearn_tags__().input_tags.positive_only else "any"

    def _example(
        self, classes: np.ndarray, n_columns: int, params: dict
    ) -> tuple[Any, Any]:
        """Rows that scikit-learn's estimator is fitted on to check its parameters."""
        return np.ones((len(classes), n_columns)), classes

    def _fill(
        self,
        estimator: Any,
        statistics: ClassStatistics,
        params: dict,
        before: Fitted | None,
    ) -> None:
        """Give scikit-learn's estimator what it would have learned from rows.

        Parameters
        ----------
        estimator : estimator
            scikit-learn's, fitted to an example.
        statistics : ClassStatistics
            Of the classes that have rows.
        params : dict
            Of the unlearner, of which an older scikit-learn may not know some.
        before : Fitted or None
            Of the same columns, to take over what does not change.
        """
        raise NotImplementedError

    # Reading rows -------------------------------------------------------------------

    def _read_training(self, batch, classes, params):
        X, y, columns = self._read_first(batch)
        weight = check_sample_weight(batch.sample_weight, X.shape[0])
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        labels = self._labels(y, classes)
        return self._labelled(batch, X, y, weight, labels), columns, labels

    def _read_block(self, batch, labels, params):
        X, y, columns = self._read_first(batch)
        weight = check_sample_weight(batch.sample_weight, X.shape[0])
        return self._labelled(batch, X, y, weight, labels), columns

    def _labels_of_blocks(self, data):
        def look(number, block):
            return self._labels_in_short(self._read_first(Batch(*block))[1])

        def both(before, after):
            return self._labels_in_short(np.concatenate([before, after]))

        return self._labels(data.combined(look, both), None)

    def _labels_in_short(self, y):
        """Targets of which `_labels` are those of all of y."""
        return y[:1].copy()

    def _read_first(self, batch):
        checks = self._target_checks
        X, y, columns = check_training_data(self, batch.X, batch.y, **checks)
        self._check_values(X)
        return X, y, columns

    def _labelled(self, batch, X, y, weight, labels):
        """Rows that were read, with their targets as numbers."""
        targets = self._targets(y, labels)
        self._check_size(len(labels), X.shape[1] + self._n_targets(labels))
        return Batch(ReadRows(X, batch.X), targets, weight)

    def _read(self, X, estimator, columns):
        X = check_rows(self, X, columns)
        self._check_values(X)
        return X

    def _check_values(self, X):
        if self.__sklearn_tags__().input_tags.positive_only:
            check_non_negative(X, f"{type(self).__name__} (input X)")

    def _read_targets(self, fitted, y, n_rows, name="y"):
        if y is None:
            raise ValueError(f"{name} must be given: it is None.")
        with named(name):
            targets = self._targets(y, fitted.labels)
        if n_rows is not None and targets.shape[0] != n_rows:
            raise ValueError(f"{name} has {targets.shape[0]} rows, expected {n_rows}.")
        return targets

    # Statistics, and the estimator that they give ------------------------------------

    def _collect(self, rows, y, weight, params):
        joined = self._join(rows, y)
        n_targets = joined.shape[1] - rows.shape[1]
        X, widths = self._encode(joined, params)
        labels, group = np.unique(self._positions(y), return_inverse=True)
        if widths is not None:
            self._check_size(labels.size, X.shape[1])
        found = Statistics.of(X, group, weight, labels.size, self._second)
        counted = None
        if self._counts_rows and np.all(weight == 1.0):
            counted = found.pooled()
        elif self._counts_rows:
            one, all_ones = np.zeros_like(group), np.ones_like(weight)
            counted = Statistics.of(X, one, all_ones, 1, self._second)
        values = self._values(params)
        return ClassStatistics(found, counted, labels, values, n_targets, widths)

    def _keep_at_fit(self, statistics, labels):
        self._check_widths(len(labels), statistics)
        return statistics.among(np.arange(len(labels)))

    def _edit(self, statistics, coming, going):
        self._check_widths(statistics.labels.size, statistics, coming, going)
        return statistics.changed(coming, going), None  # of no use to a model

    def _check_widths(self, n_classes, *parts):
        widths = widest(*parts)
        if widths is not None:
            self._check_size(n_classes, widths.sum())

    def _settle(self, statistics, params):
        statistics = statistics.trimmed()
        return replace(statistics, classes=statistics.classes.settled())

    def _sklearn_estimator(self, after, before):
        params = self._narrow(after.params, after.forgotten)
        n_columns = int(np.count_nonzero(~after.forgotten))
        statistics = after.statistics.present()
        labels = after.labels[statistics.labels]
        estimator = self._fit_example(labels, n_columns, params)
        self._fill(estimator, statistics, params, before)
        return estimator

    def _fit_example(self, classes, n_columns, params):
        """scikit-learn's estimator, which has checked its parameters on a few rows."""
        if len(classes) < self._fewest:
            raise ValueError(
                "The number of classes has to be greater than one; got "
                f"{len(classes)} class"
            )
        if np.ndim(params.get("priors")) and len(params["priors"]) != len(classes):
            raise ValueError("Number of priors must match number of classes.")
        estimator = self._twin_class()
        known = estimator.get_params(deep=False).keys()
        estimator.set_params(**{k: v for k, v in params.items() if k in known})
        X, y = self._example(classes, n_columns, params)
        with np.errstate(all="ignore"):
            estimator.fit(X, y)
        estimator.n_features_in_ = n_columns
        return estimator
