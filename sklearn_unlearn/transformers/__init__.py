"""Transformers that unlearn exactly, because statistics say all they know of rows.

`UnlearnableTransformer` keeps statistics of the rows that it was fitted on. A request
takes those of its rows away or adds them, and scikit-learn's twin is made of what is
left. The answer also says how the outputs of all other rows change. `carried` takes a
request through any transformer, one of scikit-learn's own among them.
"""

from sklearn_unlearn.transformers._base import InvertibleMixin, UnlearnableTransformer
from sklearn_unlearn.transformers._change import Change, Imputed, as_given, of_step
from sklearn_unlearn.transformers._fitted import Edit, Fitted, ReadRows, RowStatistics
from sklearn_unlearn.transformers._frozen import (
    AsAtFit,
    cross_fits,
    has_own_fit_transform,
    say_remembered,
)
from sklearn_unlearn.transformers._requests import TransformerRequests
from sklearn_unlearn.transformers._rowwise import check_rowwise, few, may_mix, mixes
from sklearn_unlearn.transformers._traversal import (
    cannot_unlearn,
    carried,
    check_step_fitted,
    cross_fitted_in,
    exported,
    foreign,
    is_nothing,
    is_stateless,
    names_outputs,
    unfitted_twin,
    unknown_since_fit,
)
from sklearn_unlearn.transformers._verbs import TransformerVerbs, given
from sklearn_unlearn.utils.learned import Learned

__all__ = [
    "AsAtFit",
    "Change",
    "Edit",
    "Fitted",
    "Imputed",
    "InvertibleMixin",
    "Learned",
    "ReadRows",
    "RowStatistics",
    "TransformerRequests",
    "TransformerVerbs",
    "UnlearnableTransformer",
    "as_given",
    "cannot_unlearn",
    "carried",
    "check_rowwise",
    "check_step_fitted",
    "cross_fits",
    "cross_fitted_in",
    "exported",
    "few",
    "foreign",
    "given",
    "has_own_fit_transform",
    "is_nothing",
    "is_stateless",
    "may_mix",
    "mixes",
    "names_outputs",
    "of_step",
    "say_remembered",
    "unfitted_twin",
    "unknown_since_fit",
]
