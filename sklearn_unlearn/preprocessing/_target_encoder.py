"""Encoding of categories by the targets of their rows, which unlearns exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.preprocessing import TargetEncoder
from sklearn.utils.multiclass import type_of_target

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.category_targets import CategoryTargets
from sklearn_unlearn.core.statistics.counts import keys_of
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.preprocessing._categories import CategoryRows
from sklearn_unlearn.preprocessing._cross_fitting import cross_fitted, folds_of
from sklearn_unlearn.sufficient_statistics import Learned, LearnsTargets
from sklearn_unlearn.transformers import few
from sklearn_unlearn.utils.input_change import as_given
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.twin_parameters import drop_in

#: What targets are learned as.
_LABELS, _NUMBERS = "labels", "numbers"
_TYPES = ("auto", "continuous", "binary", "multiclass")


@dataclass(frozen=True, eq=False)
class _Rows:
    """Categories and targets of rows, before it is known what these are."""

    columns: list
    y: Any

    def collected(self, kind):
        """Their `CategoryTargets`."""
        if kind == _LABELS:
            return CategoryTargets.of_labels(self.columns, self.y)
        return CategoryTargets.of_numbers(self.columns, self.y.astype(np.float64))


@partial(drop_in, twin=TargetEncoder)
class UnlearnableTargetEncoder(LearnsTargets, CategoryRows):
    """Encoding of categories by the targets of their rows that unlearns.

    A twin of :class:`sklearn.preprocessing.TargetEncoder`. Requests are exact: the
    targets of the rows of each category are counted, or summed without rounding, so
    that ``encodings_`` and what ``transform`` gives are those of a refit of the twin,
    and a category that no row is left of is not kept anywhere.

    ``fit_transform`` encodes each row by the targets of the rows in other folds, as the
    twin does. The folds are others: the twin's shuffle moves rows everywhere as soon as
    one leaves. Here the fold of a row follows from its categories and its target alone,
    and equal rows are dealt out evenly. A row that leaves changes the fold of no row
    but of at most ``cv - 1`` that are equal to it in both. What ``fit_transform`` gives
    is therefore what the twin gives with these folds, and after requests what a fit to
    the remaining rows gives, in any order of them but for equal ones.

    In a pipeline the steps behind it learn from the values of ``fit_transform``. They
    move with each request for all rows, and are computed again from the retained rows:
    the last step has to have ``retain_data=True``.

    Parameters
    ----------
    categories : "auto" or list of array-like, default="auto"
        Categories of each column; "auto" takes those that rows have. As the twin's,
        rows with another one count as the first.
    target_type : {"auto", "continuous", "binary", "multiclass"}, default="auto"
        "auto" is what the targets that remain are. A request after which only whole
        numbers would remain of others is refused, as these would be labels.
    smooth : "auto" or float, default="auto"
        For how many rows the mean of all targets counts; "auto" estimates it.
    cv : int or None, default=5
        Number of folds, None for 5. Splitters are refused: they divide rows by their
        places, which move.

    Attributes
    ----------
    categories_ : list of ndarray
        Of the columns that are not forgotten.
    classes_ : ndarray or None
        Labels that rows have; None where targets are continuous.
    encodings_ : list of ndarray
        Of each column, and of each class if there are more than two.
    target_mean_ : float or ndarray of shape (n_classes,)
    target_type_ : str
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableTargetEncoder
    >>> towns, y = [["A"], ["A"], ["B"], ["B"], ["B"]], [1.5, 2.5, 4.0, 5.0, 90.0]
    >>> encoder = UnlearnableTargetEncoder(smooth=0.0, cv=2).fit(towns, y)
    >>> encoder.partial_unfit([["B"]], [90.0]).transform([["A"], ["B"]])
    array([[2. ],
           [4.5]])
    """

    _unfitted: Any

    _twin_class = TargetEncoder
    _accepted: ClassVar[dict] = {}
    #: Steps behind it learned from more than `transform`, with folds of its own.
    _has_own_folds: ClassVar[bool] = True

    classes_ = Learned()
    encodings_ = Learned()
    target_mean_ = Learned()
    target_type_ = Learned()

    def __init__(
        self,
        categories: Any = "auto",
        target_type: str = "auto",
        smooth: float | str = "auto",
        cv: int | None = 5,
    ) -> None:
        self.categories = categories
        self.target_type = target_type
        self.smooth = smooth
        self.cv = cv

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit the encoder, and encode each row by the targets of rows in other folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or there are too few rows.
        """
        self.fit(X, y)
        return self._cross_fitted(X, y)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        cv, smooth = params["cv"], params["smooth"]
        if cv is not None and (not isinstance(cv, Integral) or cv < 2):
            raise ValueError(
                "cv must be a number of folds, at least 2, or None: splitters divide "
                f"rows by their places, which move as rows leave. Got {cv!r}."
            )
        if params["target_type"] not in _TYPES:
            known = ", ".join(map(repr, _TYPES))
            raise ValueError(
                f"target_type must be one of {known}; got {params['target_type']!r}."
            )
        number = isinstance(smooth, Real) and not isinstance(smooth, bool)
        if smooth != "auto" and not (number and smooth >= 0.0):
            raise ValueError(
                f"smooth must be 'auto' or a number from 0 on; got {smooth!r}."
            )

    def _numeric_targets(self, params):
        return params["target_type"] == "continuous"

    def _read_training(self, batch, classes, params):
        batch, columns, _ = super()._read_training(batch, classes, params)
        kind = classes or _kind_of(params["target_type"], batch.y)
        return batch, columns, kind

    def _labels_of_blocks(self, data):
        if self.target_type == "auto":
            raise ValueError(
                "target_type must be given where rows come in blocks: what all targets "
                "are cannot be seen from one."
            )
        return _kind_of(self.target_type, None)

    def _check_classes(self, classes, known, y=None):
        """Nothing is known of labels before rows have them."""

    def _read_targets(self, fitted, y, n_rows, name="y"):
        y = super()._read_targets(fitted, y, n_rows, name)
        fractions = y.dtype.kind == "f" and np.any(y != np.rint(y))
        if fitted.labels == _LABELS and fractions:
            raise ValueError(f"{name} must hold labels, as at fit: it holds fractions.")
        if fitted.labels == _NUMBERS and y.dtype.kind not in "biuf":
            raise ValueError(f"{name} must hold numbers, as at fit.")
        return y

    def _collect(self, rows, y, weight, params):
        return _Rows(rows, y)

    def _keep_at_fit(self, statistics, labels):
        return statistics.collected(labels)

    def _match(self, statistics, fitted):
        if isinstance(statistics, _Rows):  # and none of blocks, which are collected
            statistics = statistics.collected(fitted.labels)
        return statistics.like(fitted.statistics)

    def _fill(self, estimator, statistics):
        examples = statistics.counts.examples()
        asked = estimator.target_type
        estimator.set_params(target_type="continuous")
        estimator.fit(examples, np.arange(len(examples)) + 0.5)
        estimator.set_params(target_type=asked)
        self._with_dtypes(estimator, statistics.counts)
        estimator.target_type_ = _type_of(asked, statistics)
        estimator.classes_ = None
        if estimator.target_type_ != "continuous":
            estimator.classes_ = statistics.label_array
        smooth = _smooth(estimator)
        whole = [statistics.whole(codes) for codes in _codes_of_targets(estimator)]
        means = np.array([each.total[0] / each.n_rows[0] for each in whole])
        several = estimator.target_type_ == "multiclass"
        estimator.target_mean_ = means if several else means[0]
        estimator.encodings_ = [
            statistics.spread(place, keys_of(categories), codes).encodings(smooth, all_)
            for place, categories in enumerate(estimator.categories_)
            for codes, all_ in zip(_codes_of_targets(estimator), whole, strict=True)
        ]

    def _output_map(self, before, after, others):
        n_old, n_new = (
            len(each.sklearn_estimator.encodings_) for each in (before, after)
        )
        return AffineMap.unknown(n_old, n_new)

    # Values of other folds ------------------------------------------------------------

    def _cross_fitted(self, X, y):
        """What ``fit_transform`` gives for all rows that the encoder knows."""
        fitted = self._checked()
        read = self._read_given(fitted, X)
        n_rows = self._n_rows(read.rows)
        y = self._read_targets(fitted, y, n_rows)
        estimator = fitted.sklearn_estimator
        n_folds = 5 if fitted.params["cv"] is None else int(fitted.params["cv"])
        if n_rows < n_folds:
            raise ValueError(f"X has {n_rows} rows, fewer than cv={n_folds} folds.")
        keys = [keys_of(column) for column in read.rows]
        labels = y.astype(np.float64) if fitted.labels == _NUMBERS else y
        labels = keys_of(labels)
        folds = folds_of([labels, *keys], n_folds)
        codes = np.empty((n_rows, len(keys)), dtype=np.intp)
        for place, categories in enumerate(estimator.categories_):
            known = {key: code for code, key in enumerate(keys_of(categories))}
            codes[:, place] = [known.get(key, -1) for key in keys[place]]
        targets = np.array(
            [
                [each.get(label, 0) for label in labels] if each else labels
                for each in _codes_of_targets(estimator)
            ],
            dtype=np.float64,
        ).T
        n_categories = [len(each) for each in estimator.categories_]
        smooth = _smooth(estimator)
        return cross_fitted(codes, targets, folds, n_folds, n_categories, smooth)

    def _find_cross_fitted(self, name):
        return {name}

    def _follow(self, name, inputs):
        after, _ = super()._follow(name, inputs)
        through = inputs.through(self, after, name=name, known=False)
        if inputs.rest is None:
            return after, through
        X, y = inputs.rest(), inputs.targets()
        outputs = after._cross_fitted(X, y)
        if not isinstance(after.transform(few(X)), np.ndarray):  # set_output
            outputs = after._unfitted().fit_transform(X, y)
        into = through.into
        if inputs.coming is not None:
            into = as_given(taken(outputs, inputs.coming))
        return after, replace(through, rest=as_given(outputs), into=into)

    def _way(self):
        return "exact, from sums", "sums", "its rows; a pass for steps behind it"


def _kind_of(target_type, y):
    """Whether targets are learned as labels or as numbers."""
    if target_type == "auto":
        target_type = type_of_target(y, input_name="y")
        if target_type not in _TYPES[1:]:
            raise ValueError(
                "Unknown label type: Target type was inferred to be "
                f"{target_type!r}. Only {_TYPES[1:]} are supported."
            )
    return _NUMBERS if target_type == "continuous" else _LABELS


def _type_of(asked, statistics):
    """The twin's ``target_type_`` of the targets that there are."""
    n_classes = len(statistics.classes)
    if statistics.labels is None:
        if asked == "auto" and not statistics.n_fractions:
            raise UnlearningError(
                "Only targets that are whole numbers would remain, which "
                'target_type="auto" would take for labels: fit with '
                'target_type="continuous".'
            )
        return "continuous"
    if asked == "multiclass" and n_classes < 3:
        raise UnlearningError(
            f'target_type="multiclass" needs three labels, and y has {n_classes}.'
        )
    if asked != "auto":
        return asked
    return "binary" if n_classes <= 2 else "multiclass"


def _codes_of_targets(estimator):
    """For each output of a category, the number that each label stands for."""
    if estimator.classes_ is None:
        return [{}]
    labels = keys_of(estimator.classes_)
    if estimator.target_type_ == "binary":
        return [{label: code for code, label in enumerate(labels)}]
    return [{label: int(label == each) for label in labels} for each in labels]


def _smooth(estimator):
    return None if estimator.smooth == "auto" else float(estimator.smooth)
