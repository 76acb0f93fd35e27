"""Answers before and after: how far one row may move a minimiser, whatever it is.

Theorem 4 of ``doc/certification.rst``. Rows have a public largest norm, the loss a
bounded derivative, and every coefficient a penalty.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sklearn_unlearn.certification.distance import weakest_penalty
from sklearn_unlearn.certification.geometry import largest_length
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.exceptions import CertificationError

if TYPE_CHECKING:
    from sklearn_unlearn.certification.account import Terms

#: Above the rounding error of a computed norm of a row, relative.
_SLACK = 1e-9


def sensitivity(objective: Objective, row_norm: float) -> float:
    """How far a row of weight one and of this norm moves the minimiser, at most.

    Raises
    ------
    CertificationError
        If nothing bounds it.
    """
    steepest = getattr(objective.loss, "lipschitz", None)
    if steepest is None:
        raise CertificationError(
            'mode="private" needs a loss whose derivative is bounded: that of '
            "UnlearnableLogisticRegression, without class_weight."
        )
    weakest = weakest_penalty(objective)
    if weakest == 0.0:
        raise CertificationError(
            'mode="private" needs a penalty on every coefficient: a finite C, and '
            "fit_intercept=False. Append a column of ones to X for an intercept."
        )
    return float(row_norm * steepest / weakest * (1.0 + 2.0 * _SLACK))


def check_terms(objective: Objective, terms: Terms) -> None:
    """Refuse noise that does not hide a row, before anything is published.

    Raises
    ------
    CertificationError
    """
    assert terms.row_norm is not None
    assert terms.n_publications is not None
    moved = sensitivity(objective, terms.row_norm)
    share = terms.budget / math.sqrt(terms.n_publications)
    if not moved < share:
        needed = terms.sigma * moved / share
        raise CertificationError(
            f"sigma={terms.sigma:g} does not hide a row in "
            f"n_publications={terms.n_publications}: it must be above {needed:.6g}, by "
            "a thousandth for instance. Less is enough with a smaller C, row_norm or "
            "number of publications."
        )


def check_rows(objective: Objective, rows: RowBlocks, row_norm: float) -> None:
    """Refuse rows that could move the minimiser further.

    Raises
    ------
    CertificationError
    """
    if not largest_length(objective, rows) <= row_norm * (1.0 + _SLACK):
        raise CertificationError(
            f"A row has a larger norm than row_norm={row_norm:g}. Clip rows before: "
            "X / np.maximum(1.0, np.linalg.norm(X, axis=1, keepdims=True) / row_norm)."
        )
    if any(block.weight.max(initial=0.0) > 1.0 for block in rows.blocks()):
        raise CertificationError(
            'mode="private" needs sample_weight of at most 1 for each row.'
        )
