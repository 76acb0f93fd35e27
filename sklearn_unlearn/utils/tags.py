"""Estimator tags of unlearners: what their requests are worth, and what they take.

`UnlearnerTags` are scikit-learn's tags with one more field. Pages and checks that say
what an estimator can do read it there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from sklearn.utils import Tags, get_tags

from sklearn_unlearn.utils.by_parameters import by_parameters, parameters_of
from sklearn_unlearn.utils.verbs import accepted_by, trains_with_weights

#: The verbs about rows, and all that change a model as if its data had been others.
ROW_VERBS = ("partial_unfit", "replace_features", "replace_labels", "partial_fit")
REQUEST_VERBS = (*ROW_VERBS, "forget_features")
#: Those that take all training rows.
DATA_VERBS = ("refine", "gradient_residual")


@dataclass(slots=True)
class UnlearningTags:
    """What an estimator with its present parameters promises of requests.

    A verb is "exact" if the model afterwards is that of a refit on the edited data,
    up to rounding or to the parameter ``tol``; otherwise "approximate", or "empirical"
    where the objective is not convex, so that a refit may be another model and steps
    that lower it are all that there is; None if the estimator does not have it. With
    certification this is said of the coefficients that it keeps, to which it adds
    noise. Of parameters that ``fit`` refuses nothing is to be learned; they do not
    make tags fail.

    Parameters
    ----------
    partial_unfit, replace_features, replace_labels, forget_features, partial_fit : \
            {"exact", "approximate", "empirical"} or None, default=None
    certified : bool, default=False
        Whether ``fit`` takes ``certification`` in output mode, so that ``release``
        issues certificates.
    sample_weight : bool, default=False
        Whether ``fit`` and the verbs about rows take weights.
    row_ids : bool, default=False
        Whether ``fit`` takes names of rows, by which requests find them.
    weight_repeats : bool, default=True
        Whether a row of weight two is the same as the row twice; not where rows are
        drawn.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.utils.tags import unlearning_tags
    >>> tags = unlearning_tags(UnlearnableRidge())
    >>> tags.partial_unfit, tags.forget_features, tags.row_ids
    ('exact', 'exact', False)
    """

    partial_unfit: str | None = None
    replace_features: str | None = None
    replace_labels: str | None = None
    forget_features: str | None = None
    partial_fit: str | None = None
    certified: bool = False
    sample_weight: bool = False
    row_ids: bool = False
    weight_repeats: bool = True

    @classmethod
    def of(
        cls,
        estimator: Any,
        *,
        exact: bool,
        certified: bool = False,
        row_ids: Any = False,
    ) -> UnlearningTags:
        """Tags of an estimator all of whose verbs are exact, or none.

        Which verbs it has, and whether they take weights, is read from its methods.

        Parameters
        ----------
        estimator : estimator
        exact : bool
        certified : bool, default=False
        row_ids : bool, default=False

        Returns
        -------
        UnlearningTags
        """
        worth = "exact" if exact else "approximate"
        return cls._all(estimator, worth, certified=certified, row_ids=row_ids)

    @classmethod
    def empirical(cls, estimator: Any, *, row_ids: Any = False) -> UnlearningTags:
        """Tags of an estimator all of whose verbs are empirical.

        Parameters
        ----------
        estimator : estimator
        row_ids : bool, default=False

        Returns
        -------
        UnlearningTags
        """
        return cls._all(estimator, "empirical", certified=False, row_ids=row_ids)

    @classmethod
    def _all(cls, estimator, worth, *, certified, row_ids):
        verbs = {verb: worth for verb in REQUEST_VERBS if hasattr(estimator, verb)}
        return cls(
            **verbs,
            certified=certified,
            sample_weight=takes_weights(estimator),
            row_ids=row_ids,
        )


@dataclass(slots=True)
class UnlearnerTags(Tags):
    """scikit-learn's tags, and what an unlearner promises.

    An unlearner of your own returns them from ``__sklearn_tags__``; `check_unlearner`
    then holds it to them.

    Parameters
    ----------
    unlearning : UnlearningTags
        All other parameters are those of :class:`sklearn.utils.Tags`.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.utils import get_tags
    >>> from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
    >>> class Unlearner(BaseEstimator):
    ...     def fit(self, X, y):
    ...         return self
    ...
    ...     def partial_unfit(self, X, y):
    ...         return self
    ...
    ...     def __sklearn_tags__(self):
    ...         promised = UnlearningTags.of(self, exact=True)
    ...         return UnlearnerTags.extending(super().__sklearn_tags__(), promised)
    >>> get_tags(Unlearner()).unlearning.partial_unfit
    'exact'
    """

    unlearning: UnlearningTags = field(default_factory=UnlearningTags)

    @classmethod
    def extending(cls, tags: Any, unlearning: Any) -> UnlearnerTags:
        """scikit-learn's tags of an estimator with one more field.

        Parameters
        ----------
        tags : sklearn.utils.Tags
        unlearning : UnlearningTags

        Returns
        -------
        UnlearnerTags
        """
        known = {name: getattr(tags, name) for name in _KNOWN}
        return cls(**known, unlearning=unlearning)


#: Its fields differ between versions of scikit-learn.
_KNOWN = tuple(each.name for each in fields(Tags))


def unlearning_tags(estimator: Any) -> Any:
    """What an estimator promises of requests.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    UnlearningTags or None
        None if its tags do not say.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.utils.tags import unlearning_tags
    >>> unlearning_tags(UnlearnableLogisticRegression()).partial_unfit
    'approximate'
    >>> unlearning_tags(UnlearnableLogisticRegression(retain_data=True)).partial_unfit
    'exact'
    """
    return getattr(get_tags(estimator), "unlearning", None)


def promised(estimator):
    """What `unlearning_tags` gives, looked up once for parameters that are plain."""
    return by_parameters(estimator, unlearning_tags)


def takes_weights(estimator):
    """Whether ``fit`` and each verb about rows take ``sample_weight``."""
    return trains_with_weights(estimator) and all(
        accepts(getattr(estimator, name), "sample_weight")
        for name in ("fit", *ROW_VERBS, *DATA_VERBS)
        if hasattr(estimator, name)
    )


def accepts(method, name):
    """Whether a method has a parameter of this name, and takes what is given for it."""
    # verbs have the same parameters everywhere, and say which they do not take
    taken = accepted_by(getattr(method, "__self__", None))
    refused = (
        name in ("sample_weight", "row_ids") and taken is not None and name not in taken
    )
    if refused and method.__name__ in ROW_VERBS:
        return False
    return name in parameters_of(getattr(method, "__func__", method))
