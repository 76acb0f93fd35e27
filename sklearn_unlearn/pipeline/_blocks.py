"""Pipelines fitted to blocks of rows: each step to what those before make of them."""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.pipeline._steps import outputs
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.transformers import cross_fitted_in, is_nothing, is_stateless
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.steps import own


def fit_to_blocks(steps, data):
    """Fit steps, in place, one after the other; each reads all blocks anew.

    Parameters
    ----------
    steps : list of tuple
    data : DataBlocks

    Returns
    -------
    frozenset of str
        Names of the steps that were given weights.

    Raises
    ------
    TypeError
        If a step reads no blocks.
    """
    for place, (name, step) in enumerate(steps):
        _check_reads(name, step, place == len(steps) - 1)
    head = data.head()
    there, weighted = head.sample_weight is not None, set()
    for name, step in steps:
        if is_nothing(step):
            continue
        if is_stateless(step):
            step.fit(head.X)
        elif not there or has_fit_parameter(step, "sample_weight"):
            step.fit(data)
            weighted |= {name} if there else set()
        else:
            step.fit(data.mapped(_counted))
        if step is not steps[-1][1]:
            transform = partial(_transformed, step)
            data, head = data.mapped(transform), transform(head)
    return frozenset(weighted)


def inputs(steps, X):
    """What fitted steps make of rows or of blocks, None of None."""
    if isinstance(X, DataBlocks):
        return X.framed().mapped(partial(_through, steps))
    return outputs(steps, X)


def _check_reads(name, step, is_last):
    if not is_last and not is_nothing(step) and cross_fitted_in(name, step):
        raise TypeError(
            f"Step {name!r}, {kind_of(step)}, gives the steps behind it other values "
            "for the rows that it is fitted to, which it needs at once: give X and y "
            "as arrays."
        )
    if is_nothing(step) or own(step, "_reads_blocks"):
        return
    if is_last or not is_stateless(step):
        raise TypeError(
            f"Step {name!r} is {type(step).__name__}, which does not read DataBlocks: "
            "give X and y as arrays, or take a step of this package that does."
        )


def _counted(block):
    """Rows of positive weight, for steps that take no weights."""
    some = np.flatnonzero(np.asarray(block.sample_weight))
    X, y = taken(block.X, some), taken(block.y, some)
    return block._replace(X=X, y=y, sample_weight=None)


def _transformed(step, block):
    return block._replace(X=step.transform(protected(block.X)))


def _through(steps, block):
    return block._replace(X=outputs(steps, block.X))
