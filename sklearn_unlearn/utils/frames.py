"""Results that a data frame can hold."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

from sklearn_unlearn.utils.optional import import_optional


class FrameMixin:
    """Adds ``frame()`` to what knows its columns."""

    def frame(self) -> Any:
        """The numbers as a data frame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        purpose = f"{type(self).__name__}.frame"
        return import_optional("pandas", purpose, "frame").DataFrame(self._table())

    def _table(self):
        """Columns by name: of a dataclass, one row of what its repr shows."""
        shown = (field.name for field in fields(cast(Any, self)) if field.repr)
        return {name: [getattr(self, name)] for name in shown}
