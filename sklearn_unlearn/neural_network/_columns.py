"""Networks that forget columns."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.edits import DropColumns, Edit
from sklearn_unlearn.core.model import Request
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.validation import check_columns


class ColumnsMixin:
    """The verb about columns, beside those of `NetworkVerbs`."""

    def forget_features(self, columns):
        """Forget columns for good: minimise the objective without them.

        Their weights are exactly zero from now on; of a PyTorch module, where weights
        of columns are not known, their values are. At prediction the columns are
        ignored: they may hold anything, NaN, or be absent.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index, of rows that are no vectors by that in the flat row, or by
            feature name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown.
        """
        return self._answer(self._to_forget, columns)

    def _to_forget(self, fitted, columns):
        known = fitted.columns
        mask = check_columns(columns, known.n_features, known.names)
        if np.all(mask | fitted.model.forgotten):
            raise UnlearningError(
                "columns names all that the model has; nothing would be left."
            )
        return Request(Edit(feature_map=DropColumns(mask)))
