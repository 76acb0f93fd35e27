"""From the rows of a request to a new fitted value: sums, and a model of them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_non_negative

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.core.statistics import Statistics
from sklearn_unlearn.core.sums import Second
from sklearn_unlearn.exceptions import RowNotFoundError, UnlearningError
from sklearn_unlearn.statistical._fitted import Evidence, Fitted
from sklearn_unlearn.utils.validation import (
    check_columns,
    check_remaining_rows,
    check_sample_weight,
    check_training_data,
    named,
)


class StatisticalRequests(UnlearnerMixin):
    """How the verbs of a statistical model are carried out, and its hooks.

    Parameters are checked by the twin itself, which is fitted on a few made-up rows
    before it is given what it would have learned from the real ones.
    """

    #: scikit-learn's class.
    _twin_class: ClassVar[Any] = None
    #: Which second moments the model needs.
    _second: ClassVar[Second] = "none"
    #: Whether it needs sums over rows without their weights.
    _counts_rows: ClassVar[bool] = False
    #: Fewest classes that a fitted model may have.
    _fewest: ClassVar[int] = 1
    #: Parameters that may be arrays with an entry for each column.
    _by_column: ClassVar[tuple[str, ...]] = ()
    #: How scikit-learn is to validate targets.
    _target_checks: ClassVar[dict[str, bool]] = {}

    # Hooks --------------------------------------------------------------------------

    def _labels(self, y, classes):
        """Labels that rows may have along the first axis, from the targets in `fit`."""
        raise NotImplementedError

    def _check_classes(self, classes, labels):
        """Refuse ``classes`` of a later `partial_fit` that the first did not name."""
        raise NotImplementedError

    def _targets(self, y, labels):
        """Targets as numbers, checked against the labels."""
        raise NotImplementedError

    def _joined(self, X, targets):
        """Rows to sum, and the position of the label of each."""
        raise NotImplementedError

    def _check_parameters(self, params):
        """Refuse parameters whose models need more than sums."""

    def _check_size(self, n_classes, n_columns):
        """Refuse statistics that are too large."""

    def _encoded(self, X, params):
        """What is summed of rows, in floats, and `Evidence.widths`."""
        return X, None

    def _values(self, params):
        """What encoded values may be, as `Statistics.changed` has it."""
        return "positive" if self.__sklearn_tags__().input_tags.positive_only else "any"

    def _kept(self, kept, fitted):
        """Columns to keep with some of X."""
        return kept

    def _example(self, classes, n_columns, params):
        """Rows that the twin is fitted on to check its parameters."""
        return np.ones((len(classes), n_columns)), classes

    def _complete(self, twin, evidence, n_columns, params, before):
        """Give the twin what it would have learned from the rows themselves.

        What does not change with a request may be taken over from the `Fitted` value
        ``before``, None in `fit`.
        """
        raise NotImplementedError

    # Carrying out -------------------------------------------------------------------

    def _fit(self, X, y, sample_weight=None, classes=None):
        with self._exclusive():
            X, y, columns = check_training_data(self, X, y, **self._target_checks)
            self._check_values(X)
            weight = check_sample_weight(sample_weight, X.shape[0])
            if not weight.any():
                raise ValueError("sample_weight must hold a weight other than zero.")
            labels = self._labels(y, classes)
            params = copy.deepcopy(self.get_params(deep=False))
            forgotten = np.zeros(columns.n_features, dtype=bool)
            X, group = self._joined(X, self._targets(y, labels))
            present = np.unique(group[weight > 0.0])
            self._check_parameters(params)
            self._check_size(len(labels), X.shape[1])
            self._started(labels[present], columns.n_features, params)
            evidence = self._evidence((X, group, weight), len(labels), params)
            self._fitted = self._made(
                evidence, labels, columns, forgotten, params, None
            )
        return self

    def _unfit(self, X, y, sample_weight=None):
        def edit(fitted):
            return None, self._read_rows(fitted, X, y, sample_weight)

        return self._answer(edit)

    def _replace_features(self, X, y, X_new, sample_weight=None):
        def edit(fitted):
            X_old, old, weight = self._read_rows(fitted, X, y, sample_weight)
            with named("X_new"):
                new = self._read_features(fitted, X_new)
            if new.shape[0] != weight.size:
                raise ValueError(
                    f"X_new has {new.shape[0]} rows, expected {weight.size} as in X."
                )
            return (new, old, weight), (X_old, old, weight)

        return self._answer(edit)

    def _replace_labels(self, X, y, y_new, sample_weight=None):
        def edit(fitted):
            X_old, old, weight = self._read_rows(fitted, X, y, sample_weight)
            new = self._read_targets(fitted, y_new, weight.size, "y_new")
            return (X_old, new, weight), (X_old, old, weight)

        return self._answer(edit)

    def _partial_fit(self, X, y, classes=None, sample_weight=None):
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                return self._fit(X, y, sample_weight, classes)

        def edit(fitted):
            self._check_classes(classes, fitted.labels)
            return self._read_rows(fitted, X, y, sample_weight), None

        return self._answer(edit)

    def _forget(self, columns):
        with self._request():
            fitted = self._checked()
            n_features, names = fitted.columns.n_features, fitted.columns.names
            forgotten = fitted.forgotten | check_columns(columns, n_features, names)
            if forgotten.all():
                raise UnlearningError(
                    "columns names all that the model has; nothing would be left."
                )
            kept = np.flatnonzero(~forgotten[~fitted.forgotten])
            evidence = fitted.evidence.columns(self._kept(kept, fitted))
            self._fitted = self._made(
                evidence, fitted.labels, fitted.columns, forgotten, fitted.params, None
            )
        return self

    def _answer(self, make_edit):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._request():
            fitted = self._checked()
            edit = [
                None if rows is None else (*self._joined(*rows[:2]), rows[2])
                for rows in make_edit(fitted)
            ]
            positions = [rows[1] for rows in edit if rows is not None]
            touched = np.unique(np.concatenate(positions))
            self._fitted = self._made(
                self._changed(fitted, touched, edit),
                fitted.labels,
                fitted.columns,
                fitted.forgotten,
                fitted.params,
                fitted,
            )
        return self

    def _changed(self, fitted, touched, edit):
        """Evidence after rows of the touched classes came and went."""
        evidence, params = fitted.evidence, fitted.params
        rows_in, rows_out = (
            None
            if rows is None
            else self._evidence(
                (rows[0], np.searchsorted(touched, rows[1]), rows[2]),
                touched.size,
                params,
            )
            for rows in edit
        )
        if evidence.widths is not None:
            parts = [evidence, rows_in, rows_out]
            widths = np.max([part.widths for part in parts if part is not None], axis=0)
            self._check_size(evidence.classes.weight.shape[0], widths.sum())
            evidence, rows_in, rows_out = (
                None if part is None else part.widened(widths) for part in parts
            )
        now, coming, going = (
            None if part is None else part.classes
            for part in (evidence, rows_in, rows_out)
        )
        rows = evidence.rows
        if rows is not None:
            rows = rows if rows_in is None else rows.plus(rows_in.rows)
            rows = rows if rows_out is None else rows.plus(rows_out.rows, -1)
            if not rows.possible():
                raise RowNotFoundError(
                    "The rows would be left with a negative variance. Either X is not "
                    "what the model was trained with, or a row leaves in parts: it "
                    "counts as gone when the first of its weight leaves."
                )
        classes = now.changed(
            coming, going, groups=touched, values=self._values(params)
        )
        return Evidence(classes, rows, evidence.widths)

    def _evidence(self, rows, n_groups, params):
        """The evidence of rows, if there are any; those of weight zero are none."""
        X, group, weight = rows
        if not weight.any():
            return None
        if not weight.all():
            some = np.flatnonzero(weight)
            X, group, weight = X[some], group[some], weight[some]
        X, widths = self._encoded(X, params)
        if widths is not None:
            self._check_size(n_groups, X.shape[1])
        with named("X"):
            found = Statistics.of(X, group, weight, n_groups, self._second)
            counted = None
            if self._counts_rows and np.all(weight == 1.0):
                counted = found.pooled()
            elif self._counts_rows:
                one, all_ones = np.zeros_like(group), np.ones_like(weight)
                counted = Statistics.of(X, one, all_ones, 1, self._second)
        return Evidence(found, counted, widths)

    def _made(self, evidence, labels, columns, forgotten, params, before):
        """The fitted value: the twin of the classes that have rows."""
        n_columns = int(np.sum(~forgotten))
        evidence = evidence.trimmed()
        classes = evidence.classes.settled()
        evidence = replace(evidence, classes=classes)
        present = np.flatnonzero(classes.weight.rounded() > 0.0)
        if forgotten.any():
            params_now = dict(params)
            for name in self._by_column:
                if np.ndim(params[name]):
                    params_now[name] = np.asarray(params[name])[~forgotten]
        else:
            params_now = params
        twin = self._started(labels[present], n_columns, params_now)
        shown = replace(evidence, classes=classes.classes(present))
        self._complete(twin, shown, n_columns, params_now, before)
        for value in vars(twin).values():
            for array in value if isinstance(value, list) else [value]:
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
        return Fitted(evidence, labels, columns, forgotten, params, twin)

    def _started(self, classes, n_columns, params):
        """A twin whose parameters have been checked by itself, on a few rows."""
        if len(classes) < self._fewest:
            raise ValueError(
                "The number of classes has to be greater than one; got "
                f"{len(classes)} class"
            )
        if np.ndim(params.get("priors")) and len(params["priors"]) != len(classes):
            raise ValueError("Number of priors must match number of classes.")
        twin = self._twin_class()
        known = twin.get_params(deep=False).keys()
        twin.set_params(
            **copy.deepcopy({k: v for k, v in params.items() if k in known})
        )
        X, y = self._example(classes, n_columns, params)
        with np.errstate(all="ignore"):
            twin.fit(X, y)
        twin.n_features_in_ = n_columns
        return twin

    # Reading requests ---------------------------------------------------------------

    def _remaining(self, fitted, X):
        """Validated rows, in the columns that are not forgotten."""
        X = check_remaining_rows(self, X, fitted.columns, fitted.forgotten)
        return X[:, ~fitted.forgotten] if fitted.forgotten.any() else X

    def _read_features(self, fitted, X):
        """Validated rows that are to be trained on, or were."""
        X = self._remaining(fitted, X)
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
        if targets.shape[0] != n_rows:
            raise ValueError(f"{name} has {targets.shape[0]} rows, expected {n_rows}.")
        return targets

    def _read_rows(self, fitted, X, y, sample_weight):
        """Validated rows, their targets, and weights."""
        X = self._read_features(fitted, X)
        targets = self._read_targets(fitted, y, X.shape[0])
        return X, targets, check_sample_weight(sample_weight, X.shape[0])
