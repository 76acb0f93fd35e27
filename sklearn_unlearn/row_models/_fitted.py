"""The fitted value of a model that follows from the rows that it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class Fitted:
    """All that was learned.

    Attributes
    ----------
    model : object
        With ``retained``, the rows, and ``forgotten``, columns at fit that it lacks.
    encoding : Labels or Targets
    columns : Columns or None
        Of X at fit; None if it had none, as texts have none.
    params : dict
        Parameters of the estimator at fit, where requests need them.
    """

    model: Any
    encoding: Any
    columns: Columns | None
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def forgotten(self):
        """Columns at fit that the model lacks; None of rows without columns."""
        return self.model.forgotten
