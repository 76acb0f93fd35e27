"""The verbs of a pipeline, and what each asks for, in raw input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from inspect import isfunction
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._wrappers import of_targets
from sklearn_unlearn.utils.messages import refusing
from sklearn_unlearn.utils.raw_rows import RawRows, read_as, taken
from sklearn_unlearn.utils.targets import check_labels
from sklearn_unlearn.utils.validation import check_columns, check_sample_weight


@dataclass(frozen=True, eq=False)
class RawRequest:
    """A request to a pipeline, in its raw input.

    Attributes
    ----------
    X_out, y_out, ids_out : rows that leave
    X_in, y_in, ids_in : rows that come; of X and y alone, to rows that leave
    weight : array-like, float or None
        Of the rows that leave and of those that come.
    classes : array-like or None
        Labels that the caller expects.
    forgotten : ndarray of bool of shape (n_columns,) or None
    """

    X_out: Any = None
    y_out: Any = None
    ids_out: Any = None
    X_in: Any = None
    y_in: Any = None
    ids_in: Any = None
    weight: Any = None
    classes: Any = None
    forgotten: np.ndarray | None = None

    @property
    def leaves(self):
        """Whether rows leave."""
        return self.X_out is not None or self.ids_out is not None

    @property
    def relabels(self):
        """Whether rows that leave come back with other targets alone."""
        return self.leaves and self.X_in is None and self.y_in is not None

    def check_n_rows(self):
        """Refuse other rows in the place of some if they are not as many."""
        if self.leaves and self.X_in is not None:
            given = self.X_in if self.X_out is None else self.X_out
            shapes = [RawRows.of(rows).shape for rows in (given, self.X_in)]
            found = shapes[1][0]
            # a row that is no table is refused for that, where it is read
            if found != self.n_rows and len(shapes[0]) == len(shapes[1]):
                raise UnlearningError(
                    f"X_new has {found} rows, expected {self.n_rows}: one for each row "
                    "of X or row_ids."
                )

    def read_as(self, schema):
        """The request with rows in the dtypes that fit saw."""
        X_out, X_in = self.X_out, self.X_in
        if X_out is not None:
            X_out = read_as(schema, X_out)
        if X_in is not None:
            X_in = read_as(schema, X_in, "X_new" if self.leaves else "X")
        return replace(self, X_out=X_out, X_in=X_in)

    def of_targets(self, made):
        """The request in what was made of targets, by one function after the other."""
        y_out, y_in = of_targets(self.y_out, made), of_targets(self.y_in, made)
        return replace(self, y_out=y_out, y_in=y_in)

    @property
    def n_rows(self):
        """Rows that leave or, if none do, that come."""
        for rows in (self.X_out, self.ids_out, self.X_in):
            if rows is not None:
                return RawRows.of(rows).shape[0]
        return 0

    def of_rows_that_count(self):
        """The request without rows of weight zero; None if nothing is left of it."""
        if self.weight is None or not self.n_rows:
            return self
        weight = check_sample_weight(self.weight, self.n_rows)
        if weight.all():
            return self
        some = np.flatnonzero(weight)
        if not some.size:
            return None
        parts = {
            name: taken(getattr(self, name), some)
            for name in ("X_out", "y_out", "ids_out", "X_in", "y_in", "ids_in")
        }
        return replace(self, weight=weight[some], **parts)


class RawVerbs:
    """Turns each verb into a `RawRequest`, which ``_carry_out`` answers."""

    def partial_unfit(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        """Forget rows: the pipeline as if it had never been trained on them.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str, optional
            The rows, with the raw values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves the steps that were fitted with weights. The others
            forget the rows as a whole.
        row_ids : array-like of shape (n_rows,), optional
            With retained data, the names that ``fit`` was given for these rows;
            instead of X and y, or beside them.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the pipeline is unchanged.
        """
        self._check_given(X, y, row_ids)
        request = RawRequest(X_out=X, y_out=y, ids_out=row_ids, weight=sample_weight)
        return self._carry_out(request)

    def replace_features(
        self, X=None, y=None, X_new=None, sample_weight=None, *, row_ids=None
    ):
        """Correct values: the pipeline as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str, optional
            The raw rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        X_new : array-like, DataFrame, sparse matrix or list of str
            The raw rows as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the pipeline is unchanged.
        """
        if X_new is None:
            raise UnlearningError("X_new must be given: it is None.")
        self._check_given(X, y, row_ids)
        request = RawRequest(
            X_out=X, y_out=y, ids_out=row_ids, X_in=X_new, weight=sample_weight
        )
        return self._carry_out(request)

    @available_if(lambda self: self._predicts)
    def replace_labels(
        self, X=None, y=None, y_new=None, sample_weight=None, *, row_ids=None
    ):
        """Correct targets: the pipeline as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str, optional
            The raw rows as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the pipeline is unchanged.
        """
        if y_new is None:
            raise UnlearningError("y_new must be given: it is None.")
        self._check_given(X, y, row_ids)
        request = RawRequest(
            X_out=X, y_out=y, ids_out=row_ids, y_in=y_new, weight=sample_weight
        )
        return self._carry_out(request)

    def _check_given(self, X, y, row_ids):
        """Refuse a request that does not say which rows it is about."""
        if row_ids is None and (X is None or (y is None and self._predicts)):
            raise UnlearningError("Pass X and y of the rows, or row_ids.")

    def forget_features(self, columns):
        """Forget raw columns for good: the pipeline as if it had never had them.

        All that was derived from them leaves the steps as well. Afterwards they are
        ignored: they may hold anything, NaN, or be absent.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown, or all would be forgotten.
        """
        self._check_fitted()
        n_columns = getattr(self, "n_features_in_", None)
        if n_columns is None:
            raise UnlearningError("The raw input has no columns to forget.")
        names = getattr(self, "feature_names_in_", None)
        with refusing():
            mask = check_columns(columns, n_columns, names)
        return self._carry_out(RawRequest(forgotten=mask))

    def partial_fit(self, X, y=None, classes=None, sample_weight=None, *, row_ids=None):
        """Learn rows: the pipeline as if it had been trained on them too.

        On an unfitted pipeline this is ``fit``.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
        classes : array-like of shape (n_classes,), optional
            For classifiers, all labels; the first call must hold rows of each.
        sample_weight : array-like of shape (n_rows,) or float, optional
        row_ids : array-like of shape (n_rows,), optional
            Identifiers, if ``fit`` was given some.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the pipeline is unchanged.
        """
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                check_labels(classes, None, y)
                return self.fit(X, y, sample_weight, row_ids=row_ids)
        if X is None or (y is None and self._predicts):
            raise UnlearningError("Pass X and y of the rows that come.")
        return self._carry_out(
            RawRequest(
                X_in=X, y_in=y, ids_in=row_ids, weight=sample_weight, classes=classes
            )
        )


for _verb in filter(isfunction, vars(RawVerbs).values()):
    # errors about arguments name what the caller has
    _verb.__qualname__ = f"UnlearnablePipeline.{_verb.__name__}"
