"""Requests in the raw input of a pipeline: rows that count, as fit saw them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_unlearn.base import Batch
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._meta_estimators import of_targets
from sklearn_unlearn.utils.raw_rows import RawRows, read_as, taken
from sklearn_unlearn.utils.row_ids import some_row_ids
from sklearn_unlearn.utils.sharing import once
from sklearn_unlearn.utils.validation import check_columns, check_sample_weight


def parts_of_request(request):
    """Rows that leave, rows that come, each perhaps nothing, and their weights.

    Returns
    -------
    out, into : Batch
    weight : array-like, float or None
    """
    out, into = request.out or Batch(), request.into or Batch()
    return out, into, (out if request.out is not None else into).sample_weight


def with_mask(request, pipeline, n_columns):
    """The request with a mask of the columns that it names.

    Raises
    ------
    UnlearningError
    """
    if request.columns is None:
        return request
    # the first step need not say
    n_columns = getattr(pipeline, "n_features_in_", n_columns)
    if n_columns is None:
        raise UnlearningError("The raw input has no columns to forget.")
    names = getattr(pipeline, "feature_names_in_", None)
    return replace(request, columns=check_columns(request.columns, n_columns, names))


def rows_that_count(request):
    """The request without rows of weight zero; None if nothing is left of it."""
    out, into, weight = parts_of_request(request)
    rows = into.X if request.out is None else out.X
    if weight is None or rows is None:  # the last step knows what rows have a name
        return request
    n_rows = RawRows.of(rows).shape[0]
    weight = check_sample_weight(weight, n_rows)
    if weight.all():
        return request
    some = np.flatnonzero(weight)
    if not some.size:
        return None

    def counted(batch):
        if batch is None:
            return None
        own = None if batch.sample_weight is None else weight
        return replace(
            batch,
            X=taken(batch.X, some),
            y=taken(batch.y, some),
            sample_weight=taken(own, some),
            row_ids=some_row_ids(batch.row_ids, some),
        )

    return replace(request, out=counted(request.out), into=counted(request.into))


def read_by(schema, request):
    """The request with rows in the dtypes that fit saw."""

    def read(X, argument):
        return once(lambda: read_as(schema, X, argument), [schema, X], argument)

    out, into = request.out, request.into
    if into is not None and into.X is not None:
        into = replace(into, X=read(into.X, "X" if out is None else "X_new"))
    if out is not None and out.X is not None:
        out = replace(out, X=read(out.X, "X"))
    return replace(request, out=out, into=into)


def with_targets(request, made):
    """The request in what was made of targets, by one function after the other."""

    def of(batch):
        return None if batch is None else replace(batch, y=of_targets(batch.y, made))

    if request.parts:
        parts = tuple(with_targets(part, made) for part in request.parts)
        return replace(request, parts=parts)
    return replace(request, out=of(request.out), into=of(request.into))
