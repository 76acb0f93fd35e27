"""The verbs of transformers whose rows have no weights."""

from __future__ import annotations

from sklearn_unlearn.exceptions import UnlearningError


class TransformerVerbs:
    """The verbs; ``_edit`` makes a request of what leaves and comes.

    It takes ``rows_out``, ``rows_in`` and ``columns``, and ``_carry_out`` its answer.
    """

    def partial_unfit(self, X, y=None):
        """Forget rows: the transformer as if it had never been fitted on them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows, with the values that they were fitted with.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the transformer is unchanged.
        """
        return self._carry_out(self._edit(rows_out=given(X, "X")))

    def replace_features(self, X, y=None, X_new=None):
        """Correct values: the transformer as if rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they were fitted with.
        y : None
            Ignored.
        X_new : {array-like, sparse matrix} of shape (n_rows, n_features)
            The rows as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the transformer is unchanged.
        """
        return self._carry_out(
            self._edit(rows_out=given(X, "X"), rows_in=given(X_new, "X_new"))
        )

    def partial_fit(self, X, y=None):
        """Learn rows: the transformer as if it had been fitted on them too.

        On an unfitted transformer this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the data are invalid.
        """
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                return self.fit(X, y)
            return self._carry_out(self._edit(rows_in=given(X, "X")))

    def forget_features(self, columns):
        """Forget columns for good: the transformer as if it had never had them.

        They are ignored from then on: they may hold anything, NaN, or be absent.
        Outputs, and what was learned, are those of the columns that remain.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is unknown, or all would be forgotten.
        """
        return self._carry_out(self._edit(columns=given(columns, "columns")))


def given(value, name):
    """The value of an argument that has to be given."""
    if value is None:
        raise UnlearningError(f"{name} must be given: it is None.")
    return value
