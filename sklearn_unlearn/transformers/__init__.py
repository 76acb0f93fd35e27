"""Requests carried through transformers of any kind, scikit-learn's own among them."""

from sklearn_unlearn.transformers._beside import BesideParts, FittedParts
from sklearn_unlearn.transformers._composite import CompositeStep, check_whole_rows
from sklearn_unlearn.transformers._differences import (
    first_difference,
    said_of_difference,
)
from sklearn_unlearn.transformers._following import (
    cannot_unlearn,
    check_step_fitted,
    cross_fitted_in,
    explained,
    exported,
    follow,
    foreign,
    is_nothing,
    is_stateless,
    learns_targets,
    maps_all_rows,
    names_outputs,
    unfitted_twin,
    unknown_since_fit,
)
from sklearn_unlearn.transformers._frozen import (
    AsAtFit,
    cross_fits,
    has_own_fit_transform,
    say_remembered,
)
from sklearn_unlearn.transformers._refitted import check_can_be_refitted
from sklearn_unlearn.transformers._renamed import renamed_classes
from sklearn_unlearn.transformers._rowwise import check_rowwise, few, may_mix, mixes
from sklearn_unlearn.utils.input_change import (
    Imputed,
    InputChange,
    as_given,
    check_on_stateful,
    of_step,
)

__all__ = [
    "AsAtFit",
    "BesideParts",
    "CompositeStep",
    "FittedParts",
    "Imputed",
    "InputChange",
    "as_given",
    "cannot_unlearn",
    "check_can_be_refitted",
    "check_on_stateful",
    "check_rowwise",
    "check_step_fitted",
    "check_whole_rows",
    "cross_fits",
    "cross_fitted_in",
    "explained",
    "exported",
    "few",
    "first_difference",
    "follow",
    "foreign",
    "has_own_fit_transform",
    "is_nothing",
    "is_stateless",
    "learns_targets",
    "maps_all_rows",
    "may_mix",
    "mixes",
    "names_outputs",
    "of_step",
    "renamed_classes",
    "said_of_difference",
    "say_remembered",
    "unfitted_twin",
    "unknown_since_fit",
]
