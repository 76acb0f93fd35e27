"""The tables of what each estimator can do, read from its tags."""

from __future__ import annotations

from sklearn.base import clone
from sklearn.utils import get_tags

from sklearn_unlearn.core.losses.smooth import HalfPoisson
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
#: Columns of the two tables: of estimators that predict, and of the others.
HEADERS = {
    "models": (
        *REQUEST_VERBS,
        "certification",
        "sparse",
        "sample_weight",
        "multi-output",
        "row_ids",
    ),
    "transformers": (
        "partial_unfit",
        "replace_features",
        "partial_fit",
        "forget_features",
        "sparse",
        "sample_weight",
    ),
}
#: What the sign in the table means.
LEGEND = "† with `retain_data=True`."


def kind(estimator):
    """The table that an estimator, or a class, is in."""
    return "models" if hasattr(estimator, "predict") else "transformers"


def instances(wanted):
    """Every estimator of a table with its defaults, and the variants after it.

    Parameters
    ----------
    wanted : {"models", "transformers"}

    Returns
    -------
    list of estimators
    """
    return [
        estimator
        for _, each in all_estimators()
        if kind(each) == wanted
        for estimator in (each(), *(one for one in VARIANTS if type(one) is each))
    ]


def capabilities(estimator):
    """What the tags of an estimator say, in the order of its `HEADERS`.

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
        facts[name]
        if facts[name] == retained[name]
        else f"{facts[name]}; {retained[name]} †"
        for name in HEADERS[kind(estimator)]
    ]


def _facts(estimator):
    tags = get_tags(estimator)
    promised = tags.unlearning
    yes_or_no = {
        "certification": promised.certified,
        "sparse": tags.input_tags.sparse,
        "sample_weight": promised.sample_weight,
        "multi-output": tags.target_tags.multi_output,
        "row_ids": promised.row_ids,
    }
    return {
        **{verb: getattr(promised, verb) or "no" for verb in REQUEST_VERBS},
        **{name: "yes" if fact else "no" for name, fact in yes_or_no.items()},
    }


def markdown():
    """Both tables in Markdown.

    Returns
    -------
    str
    """
    lines = []
    for wanted, header in HEADERS.items():
        table = [("estimator", *header), ("---",) * (1 + len(header))]
        table += [(f"`{each}`", *capabilities(each)) for each in instances(wanted)]
        lines += [f"| {' | '.join(line)} |" for line in table] + [""]
    return "\n".join([*lines, LEGEND])
