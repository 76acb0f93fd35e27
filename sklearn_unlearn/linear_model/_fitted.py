"""The fitted value of a linear estimator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sklearn_unlearn.certification.lineage import Lineage
from sklearn_unlearn.core.linear.bookkeeping import Model
from sklearn_unlearn.core.linear.data_checksum import Groups
from sklearn_unlearn.core.losses.weighted import with_class_weights
from sklearn_unlearn.utils.notes import rehearsing
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class Fitted:
    """Everything a linear estimator learned, in one immutable value.

    Attributes
    ----------
    model : Model
    encoding : Labels or Targets
    n_iter : int
        Steps that fit took.
    columns : Columns
        Number and names of the columns of X.
    params : dict
        Parameters of the estimator at fit: what its twin is exported with.
    averaged : bool
        Whether the penalty grows with the summed weight of the rows.
    lineage : Lineage or None
        With certification, the budget and what is published.
    twin_params : dict
        Parameters of the model of scikit-learn's that was taken over, if one was.
    """

    model: Model
    encoding: Any
    n_iter: int
    columns: Columns
    params: dict
    averaged: bool
    lineage: Lineage | None = None
    twin_params: dict = field(default_factory=dict)

    @property
    def balanced(self):
        """Whether class weights follow the data: certificates are of one loss."""
        return self.encoding.balanced and self.params["certification"] is None

    def loss_of(self, rows):
        """The loss with the class weights of these rows."""
        model = self.model
        if not self.balanced:
            return model.state.objective.loss
        return self.loss_at(Groups.of(rows, model.marks, model.tally.n_groups))

    def loss_at(self, groups):
        """The loss with the class weights that balance these `Groups`."""
        loss = self.model.state.objective.loss
        return with_class_weights(loss, self.encoding.class_weights(groups))

    @property
    def shown(self):
        """The coefficients that may be seen, shape (p, n_outputs).

        What a plan watches is without noise, of which it draws none.
        """
        theta = self.model.state.theta
        return theta if self.lineage is None or rehearsing() else self.lineage.published
