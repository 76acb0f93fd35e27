"""`follow`: one request through one step of a pipeline, of ours or of others."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers._column_selector import ColumnSelector
from sklearn_unlearn.transformers._refitted import plain_of, refitted
from sklearn_unlearn.utils.explanation import Explained
from sklearn_unlearn.utils.input_change import of_step
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.seeds import without_seed
from sklearn_unlearn.utils.steps import own

#: Steps that learn the number of columns at most and do not say so.
_STATELESS = (HashingVectorizer, PolynomialFeatures)


def follow(name, step, change, cross_fitted=False):
    """A step after a request, and what the request changes in its outputs.

    Parameters
    ----------
    name : str
        Of the step, for messages.
    step : transformer, None, "passthrough"
        Fitted; it stays as it is.
    change : InputChange
        Of its inputs.
    cross_fitted : bool, default=False
        Whether it made something else of the rows at fit than it makes of them now.

    Returns
    -------
    step : transformer, None, "passthrough"
    change : InputChange

    Raises
    ------
    UnlearningError
        If the step cannot unlearn, or not without retained data.
    """
    if is_nothing(step):
        return step, change
    if change.nothing:  # the step stays as it is, and so do its outputs
        return step, change.through(step, step, name=name)
    with of_step(name):
        follow = own(step, "_follow")
        if follow is not None:
            return follow(name, change)
        if is_stateless(step):
            return _unchanged(name, step, change)
        if change.on_stateful == "freeze":
            return _frozen(name, step, change, cross_fitted)
        if change.on_stateful == "refit" and change.rest is not None:
            return refitted(name, step, change)
        raise cannot_unlearn(name, step)


def maps_all_rows(step):
    """Whether maps of requests hold of rows that a step has not learned from.

    One that clips, or groups what is rare, may do other things to those.
    """
    if isinstance(step, FunctionTransformer):  # that of "passthrough"
        return step.func is None
    return is_nothing(step) or own(step, "_maps_all_rows") is True


def cannot_unlearn(name, step):
    """What is said of a step that learned from rows and cannot unlearn."""
    return UnlearningError(
        f"Step {name!r}, {kind_of(step)}, learned from rows and cannot unlearn "
        "them. Take its unlearnable counterpart if there is one; or retain data in the "
        'last step (retain_data=True) and pass on_stateful="refit" to have it fitted '
        "again by each request; or fit again; or pass "
        'on_stateful="freeze" to leave in it what it knows of the rows.'
    )


def is_nothing(step):
    """Whether a step hands rows on as they are."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def exported(step, *, drop_forgotten):
    """A step as a plain one of scikit-learn, or of skorch."""
    if isinstance(step, FrozenEstimator):  # which has the attributes of its estimator
        return FrozenEstimator(exported(step.estimator, drop_forgotten=drop_forgotten))
    if hasattr(step, "to_skorch"):
        return step.to_skorch()
    if not hasattr(step, "to_sklearn"):
        return plain_of(step, drop_forgotten)
    if "drop_forgotten" in signature(step.to_sklearn).parameters:
        return step.to_sklearn(drop_forgotten=drop_forgotten)
    return step.to_sklearn()


def explained(name, step, on_stateful):
    """How a step unlearns, as a list of `Explained`.

    Parameters
    ----------
    name : str
    step : estimator, None, "passthrough" or "drop"
    on_stateful : {"refit", "raise", "freeze"}
        What is done about one that learned and cannot unlearn.
    """
    if is_nothing(step) or isinstance(step, str):
        return []
    tell = own(step, "_explained")
    if tell is not None:
        return tell(name)
    if is_stateless(step):
        said = "nothing to forget", "nothing", "nothing"
    elif isinstance(step, FrozenEstimator) or on_stateful == "freeze":
        said = "frozen: keeps what it knows", "what it learned", "nothing"
    elif on_stateful == "raise":
        said = "not: requests are refused", "what it learned", "nothing"
    else:
        said = f"fitted again{without_seed(step)}", "nothing", "a fit"
    return [Explained(name, type(step).__name__, *said)]


def check_step_fitted(name, step):
    """Raise `NotFittedError` for a step that is not fitted, and name it.

    Of transformers of others only those are asked that can tell.
    """
    if is_nothing(step) or isinstance(step, str):
        return
    if own(step, "_apply") is not None and step.__sklearn_is_fitted__():
        if isinstance(step, Pipeline):
            for part, inner in step.steps:
                check_step_fitted(f"{name}__{part}", inner)
        return  # without a look at tags, which the line below takes
    if is_stateless(step):
        return
    known = type(step).__module__.partition(".")[0] in ("sklearn", "sklearn_unlearn")
    if known or hasattr(step, "__sklearn_is_fitted__"):
        with of_step(name):
            check_is_fitted(step)
    if isinstance(step, Pipeline):  # of a column transformer some parts never are
        for part, inner in step.steps:
            check_step_fitted(f"{name}__{part}", inner)


def unfitted_twin(step):
    """An unfitted step as a plain one of scikit-learn."""
    frozen = isinstance(step, FrozenEstimator)
    if is_nothing(step) or isinstance(step, str):
        return step
    unfitted = None if frozen else own(step, "_unfitted_twin")
    return clone(step) if unfitted is None else unfitted()


def is_stateless(step):
    """Whether a transformer knows nothing of the rows that it was fitted on."""
    if isinstance(step, _STATELESS):
        return True
    parts = parts_of(step)
    if parts is None:
        return not get_tags(step).requires_fit
    return all(is_stateless(part) for part in parts)


def learns_targets(step):
    """Whether a step that unlearns learned from targets, or a part of it."""
    if is_nothing(step) or isinstance(step, str):
        return False
    parts = parts_of(step)
    if parts is not None:
        return any(map(learns_targets, parts))
    return "y" in (own(step, "_accepts") or ()) and hasattr(step, "partial_unfit")


def names_outputs(step):
    """Whether a step can name its outputs, and all that it consists of."""
    parts = parts_of(step) or []
    return hasattr(step, "get_feature_names_out") and all(map(names_outputs, parts))


def foreign(name, step):
    """The transformers in a step that learned from rows and cannot unlearn.

    Parameters
    ----------
    name : str
    step : transformer

    Returns
    -------
    dict of str to transformer
        By their names, which begin with that of the step.
    """
    if is_nothing(step) or isinstance(step, str):
        return {}
    find = own(step, "_find_foreign")
    if find is not None:
        return find(name)
    return {} if is_stateless(step) else {name: step}


def cross_fitted_in(name, step):
    """Names of parts of a step that made something else of the rows at fit than now."""
    find = own(step, "_find_cross_fitted")
    return set() if find is None else find(name)


def unknown_since_fit(name):
    """What is said where a request needs what a step made of the rows at fit."""
    return UnlearningError(
        f"Step {name!r} made something else of the rows at fit than it makes of them "
        "now, and the request needs what it gave the steps behind it: fit again."
    )


def parts_of(step):
    """Transformers that a transformer consists of, None if it is one by itself."""
    if isinstance(step, FrozenEstimator):
        parts = [step.estimator]
    elif isinstance(step, Pipeline):
        parts = [part for _, part in step.steps]
    elif isinstance(step, FeatureUnion):
        parts = [part for _, part in step.transformer_list]
    elif isinstance(step, ColumnTransformer):
        named = getattr(step, "transformers_", step.transformers)
        parts = [step.remainder, *(part for _, part, _ in named)]
    else:
        return None
    return [part for part in parts if not (is_nothing(part) or isinstance(part, str))]


def hands_on(step):
    """Whether a step is what a column transformer makes of "passthrough"."""
    return isinstance(step, FunctionTransformer) and step.func is None


def _fewer(name, step, change):
    """A step that hands on columns, of which some are forgotten."""
    n_columns = change.forgotten.size
    before, names = np.arange(n_columns), getattr(step, "feature_names_in_", None)
    if isinstance(step, ColumnSelector):
        before, names = step.kept, step.names
    stays = np.flatnonzero(~change.forgotten[before])
    after = ColumnSelector(before[stays], n_columns, names)
    map_ = AffineMap.of_columns(before.size, stays, np.ones(stays.size))
    return after, change.through(step, after, name=name, change=map_)


def _frozen(name, step, change, cross_fitted):
    """A transformer that learned from rows, as it was before the request."""
    after, through = _unchanged(name, step, change)
    if change.out is not None and not _same_rows(change.out, change.into):
        through = replace(through, remembered=(*change.remembered, name))
    if cross_fitted:

        def unknown():
            raise unknown_since_fit(name)

        known = (
            None if rows is None else unknown for rows in (change.out, change.rest)
        )
        through = replace(through, **dict(zip(("out", "rest"), known, strict=True)))
    return after, through


def _same_rows(out, into):
    """Whether rows that leave come back as they are."""
    if into is None:
        return False
    out, into = RawRows.of(out()), RawRows.of(into())
    return out.shape == into.shape and bool(out.same(into).all())


def _knows_columns(step, change, sample):
    """Whether a step that knows no more was fitted to so many columns, unnamed."""
    n_columns = getattr(step, "n_features_in_", None)
    if n_columns is None or hasattr(step, "feature_names_in_"):
        return False
    if change.map is not None:
        return bool(change.map.n_new == n_columns)
    return RawRows.of(sample()).shape[1:] == (n_columns,)


def _unchanged(name, step, change):
    """A transformer that is the same after the request."""
    if change.forgotten is not None:
        if isinstance(step, ColumnSelector) or hands_on(step):
            return _fewer(name, step, change)
        if change.rest is not None:
            return refitted(name, step, change)
        raise UnlearningError(
            f"Step {name!r}, {kind_of(step)}, cannot do without columns: only "
            "unlearnable transformers forget them, or any with retain_data=True in the "
            "last step."
        )
    after = step
    if (change.map is not None or change.lost is not None) and is_stateless(step):
        # it knows the number of columns at most, and their names
        sample = change.rest or change.into
        if sample is not None and not _knows_columns(step, change, sample):
            after = clone(step)
            after.fit(sample())
    same = change.map is None and change.lost is None and change.unseen is None
    return after, change.through(step, after, name=name, known=same)
