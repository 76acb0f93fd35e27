"""First steps of pipelines that candidates have in common, in one copy of each fold."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from sklearn_unlearn.folds import unlearns
from sklearn_unlearn.pipeline import UnlearnablePipeline, fit_behind, with_steps_of
from sklearn_unlearn.transformers import is_nothing, is_stateless
from sklearn_unlearn.utils.steps import own


def fronts_of(specs, candidates):
    """What tells apart the steps of pipelines before the last, candidate by candidate.

    They are equal where these parameters are, if all of them unlearn or learn nothing:
    what draws at random may not be.

    Parameters
    ----------
    specs : sequence of estimator
        The estimator with the parameters of each candidate.
    candidates : sequence of dict

    Returns
    -------
    tuple of str
        Empty where no steps are told to be equal.
    """
    if not all(isinstance(each, UnlearnablePipeline) for each in specs):
        return ()
    fronts = [step for each in specs for _, step in each.steps[:-1]]
    fronts = [step for step in fronts if not is_nothing(step)]
    if not all(is_stateless(step) or unlearns(step) for step in fronts):
        return ()
    last = specs[0].steps[-1][0]
    own = f"{last}__"
    return tuple(
        repr(sorted((k, repr(v)) for k, v in each.items() if not k.startswith(own)))
        for each in candidates
    )


def with_shared_steps(members, fronts):
    """Models of which pipelines with equal first steps have one copy of these.

    Steps are never changed in place: a request puts others there, and works out once
    what becomes of those that are shared. To be called when all models have been fitted
    to the same rows.

    Parameters
    ----------
    members : Members
    fronts : tuple of str
        Of each specification, from `fronts_of`.

    Returns
    -------
    Members
    """
    if not fronts:
        return members
    first: dict[Any, Any] = {}
    fitted = {}
    for (number, split), member in members.fitted.items():
        if member.error is None:
            other = first.setdefault((split, fronts[number]), member.estimator)
            model = with_steps_of(other, member.estimator)
            last, theirs = model.steps[-1][1], other.steps[-1][1]
            share = own(last, "_of_the_rows_of")
            if share is not None and last is not theirs:
                model.steps = [*model.steps[:-1], (model.steps[-1][0], share(theirs))]
            member = replace(member, estimator=model)
        fitted[number, split] = member
    return replace(members, fitted=fitted)


def fitted_to_all(members, candidates, number, living):
    """Models with one of all rows, behind steps that are fitted already if there are.

    Parameters
    ----------
    members : Members
    candidates : list of dict
    number : int
        Of the candidate.
    living : Living

    Returns
    -------
    Members
    """
    fit, forgotten = None, living.rows.forgotten
    for (other, split), member in members.fitted.items():
        if split is not None or member.error is not None:
            continue
        if forgotten is not None and not np.array_equal(member.columns, ~forgotten):
            continue
        specs = members.specs[other], members.specs[number]
        if len(set(fronts_of(specs, (candidates[other], candidates[number])))) == 1:
            fit = partial(fit_behind, member.estimator)
            break
    return members.with_fits([(number, None)], living, fit=fit)
