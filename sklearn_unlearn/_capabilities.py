"""The table of what each estimator can do, read from its tags."""

from __future__ import annotations

from sklearn.base import clone
from sklearn.utils import get_tags

from sklearn_unlearn.core.losses import HalfPoisson
from sklearn_unlearn.linear_model import (
    UnlearnableGeneralizedLinearModel,
    UnlearnableLinearSVR,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.tags import REQUEST_VERBS

#: Estimators whose parameters decide what they can do, beside all with defaults.
VARIANTS = (
    UnlearnableGeneralizedLinearModel(loss=HalfPoisson()),
    UnlearnableLinearSVR(epsilon=0.1),
    UnlearnableTweedieRegressor(power=1.5),
)
HEADER = (
    *REQUEST_VERBS,
    "certification",
    "sparse",
    "sample_weight",
    "multi-output",
    "row_ids",
)
#: What the sign in the table means.
LEGEND = "† with `retain_data=True`."


def instances():
    """Every estimator with its defaults, and the variants after it.

    Returns
    -------
    list of estimators
    """
    return [
        estimator
        for _, each in all_estimators()
        for estimator in (each(), *(one for one in VARIANTS if type(one) is each))
    ]


def capabilities(estimator):
    """What the tags of an estimator say, in the order of `HEADER`.

    Parameters
    ----------
    estimator : estimator
        With ``retain_data=False`` if it has that.

    Returns
    -------
    list of str
        Where retained data change an entry, it has both.
    """
    facts = retained = _facts(estimator)
    if "retain_data" in estimator.get_params():
        retained = _facts(clone(estimator).set_params(retain_data=True))
    return [
        without if without == with_data else f"{without}; {with_data} †"
        for without, with_data in zip(facts, retained, strict=True)
    ]


def _facts(estimator):
    tags = get_tags(estimator)
    promised = tags.unlearning
    yes_or_no = (
        promised.certified,
        tags.input_tags.sparse,
        promised.sample_weight,
        tags.target_tags.multi_output,
        promised.row_ids,
    )
    verbs = [getattr(promised, verb) or "no" for verb in REQUEST_VERBS]
    return verbs + ["yes" if fact else "no" for fact in yes_or_no]


def markdown():
    """The whole table in Markdown.

    Returns
    -------
    str
    """
    lines = [("estimator", *HEADER), ("---",) * (1 + len(HEADER))]
    lines += [(f"`{each}`", *capabilities(each)) for each in instances()]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", LEGEND])
