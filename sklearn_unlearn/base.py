"""The verbs of all unlearners: one request, one answer, one assignment.

`UnlearnerMixin` turns what a verb is given into a `Request`, lets the estimator compute
an `Answer` from the fitted value that it has, and puts the new one in its place. What
rows, targets and fitted values are is the estimator's business.
"""

from __future__ import annotations

from inspect import isfunction
from typing import Any, ClassVar, Self

from sklearn.base import is_regressor

from sklearn_unlearn._planning import PlanningMixin
from sklearn_unlearn._state import StateMixin
from sklearn_unlearn.row_blocks import refusing_blocks
from sklearn_unlearn.utils.explanation import Explanation
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.request import Answer, Batch, Request
from sklearn_unlearn.utils.steps import StepMixin
from sklearn_unlearn.utils.verbs import given, verb

__all__ = ["Answer", "Batch", "Request", "UnlearnerMixin", "given", "verb"]


class UnlearnerMixin(PlanningMixin, StateMixin, StepMixin):
    """The verbs, each defined once.

    An estimator says in ``_accepts`` which requests it takes, and provides ``_apply``,
    which gives the `Answer` to a request and leaves the estimator alone. It keeps all
    that it learned in one attribute ``_fitted``, an immutable value, or overrides
    ``_checked`` and ``_attributes_of``. ``_check_classes`` refuses labels that a
    request does not go with.
    """

    fit: Any
    _fitted: Any
    #: What requests may hold: "out" and "into", rows that leave and that come;
    #: "columns"; and of rows "y", "y_new" (beside X_new), "sample_weight", "row_ids".
    _accepts: ClassVar[Any] = frozenset({"out", "into", "y", "sample_weight"})
    #: Whether ``fit`` reads `DataBlocks`.
    _reads_blocks: ClassVar[bool] = False
    #: What `explain` says beside, of how the estimator came to be.
    _explains_too: str | None = None

    def __init_subclass__(cls, **keywords):
        """Let a ``fit`` that reads no blocks say so before it asks for targets."""
        super().__init_subclass__(**keywords)
        fit = vars(cls).get("fit")
        if isfunction(fit) and not cls._reads_blocks:
            cls.fit = refusing_blocks(fit)

    # Verbs --------------------------------------------------------------------------

    @verb("out")
    def partial_unfit(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        on_unknown: str = "raise",
    ) -> Self:
        """Forget rows: the estimator as if it had never been trained on them.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, list of str}, optional
            The rows, shape (n_rows, n_features), with the values that they were
            trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets; ignored where none are learned from.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves, where the estimator was fitted with weights. Without
            retained data None means 1 for each row; with it, all that the row has.
        row_ids : array-like of shape (n_rows,) or (n_rows, 2), str or int, optional
            The identifiers that ``fit`` was given for these rows, where it takes some;
            of two keys both, for single rows, or those of subjects, for all theirs.
            Beside X and y, one for each row, or a single one for all: the rows are
            looked for among those that have it and, where a subject is forgotten so,
            must be all of these unless sample_weight says how much leaves. Instead of X
            and y, each identifier once: all rows that have it are meant. What else is
            given for each row, weights for one, is then in the order of the identifiers
            and, of one of them, in that in which its rows came to the model.
        on_unknown : {"raise", "skip"}, default="raise"
            What to do about identifiers that no row has, because they were never in or
            their rows have left: refuse the request, or leave them out of it, with
            what is given for their rows. Without X, that is one row for each.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the estimator is unchanged.
        """
        out = Batch(X, y, sample_weight, row_ids, on_unknown)
        return self._carry_out(Request(out=out))

    @verb("out", "into")
    def replace_features(
        self,
        X: Any = None,
        y: Any = None,
        X_new: Any = None,
        sample_weight: Any = None,
        *,
        y_new: Any = None,
        row_ids: Any = None,
        on_unknown: str = "raise",
    ) -> Self:
        """Correct values: the estimator as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, list of str}, optional
            The rows, shape (n_rows, n_features), as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets; ignored where none are learned from.
        X_new : {array-like, sparse matrix, DataFrame, list of str}
            The rows as they should have been, one for each of X.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        y_new : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            Of networks, targets as they should have been, where these change with the
            values: those of sequences often are the values that come next. None leaves
            them as they are.
        row_ids : array-like of shape (n_rows,) or (n_rows, 2), str or int, optional
            As for `partial_unfit`.
        on_unknown : {"raise", "skip"}, default="raise"
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the estimator is unchanged.
        """
        if "row_ids" not in self._accepts:
            given("X", X)
        given("X_new", X_new)
        out = Batch(X, y, sample_weight, row_ids, on_unknown)
        return self._carry_out(Request(out=out, into=Batch(X_new, y_new)))

    @verb("out", "y")
    def replace_labels(
        self,
        X: Any = None,
        y: Any = None,
        y_new: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        on_unknown: str = "raise",
    ) -> Self:
        """Correct targets: the estimator as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, list of str}, optional
            The rows, shape (n_rows, n_features), as they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their targets as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.
        row_ids : array-like of shape (n_rows,) or (n_rows, 2), str or int, optional
            As for `partial_unfit`.
        on_unknown : {"raise", "skip"}, default="raise"
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the estimator is unchanged.
        """
        given("y_new", y_new)
        out = Batch(X, y, sample_weight, row_ids, on_unknown)
        return self._carry_out(Request(out=out, into=Batch(y=y_new)))

    @verb("columns")
    def forget_features(self, columns: Any) -> Self:
        """Forget columns for good: the estimator as if it had never had them.

        They are ignored from then on: they may hold anything, NaN, or be absent.
        Coefficients of theirs are exactly zero.

        Parameters
        ----------
        columns : int, str, list of int or str, or bool mask of shape (n_features,)
            By index or by feature name. Columns forgotten before may be named again.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            If a column is unknown or none would be left; the estimator is unchanged.
        """
        given("columns", columns)
        return self._carry_out(Request(columns=columns))

    @verb("into")
    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
    ) -> Self:
        """Learn rows: the estimator as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, list of str}
            The rows, shape (n_rows, n_features).
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets; ignored where none are learned from.
        classes : array-like of shape (n_classes,), optional
            Of a classifier, all labels, in the first call; a model of sums may get
            rows of some of them later, others have to have rows of each.
        sample_weight : array-like of shape (n_rows,) or float, optional
            Where the estimator was fitted with weights.
        row_ids : array-like of shape (n_rows,) or (n_rows, 2), str or int, optional
            Identifiers, if ``fit`` was given some. One that is in the model gets
            further rows; of two keys, rows that have one of their own.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the estimator is unchanged.
        """
        request = Request(into=Batch(X, y, sample_weight, row_ids), classes=classes)
        with self._exclusive():
            if not self.__sklearn_is_fitted__():
                self._check_accepted(request)
                self._first_fit(request.into, classes)
                return self
        return self._carry_out(request)

    # Explaining ---------------------------------------------------------------------

    def explain(self) -> Explanation:
        """How the estimator, or each step of it, unlearns.

        Returns
        -------
        Explanation
            A table: how exactly, what is kept of the training data, what a request
            costs.
        """
        found = self._explained("")
        if self._explains_too:
            *found, last = found
            found.append(last._replace(how=f"{last.how}; {self._explains_too}"))
        return Explanation(found)

    # Checking requests ---------------------------------------------------------------

    def _check_accepted(self, request: Request) -> None:
        """Refuse a request that lacks, or has, what it should not.

        Raises
        ------
        ValueError, TypeError
        """
        accepted, out, into = self._accepts, request.out, request.into
        for batch in (out, into):
            if batch is None:
                continue
            for name in ("sample_weight", "row_ids"):
                if getattr(batch, name) is not None and name not in accepted:
                    raise TypeError(f"{type(self).__name__} takes no {name}.")
            if batch.on_unknown != "raise":
                self._check_on_unknown(batch)
        if into is not None and request.corrects_both and "y_new" not in accepted:
            raise TypeError(f"{type(self).__name__} takes no y_new.")
        rows = into if out is None else out
        if rows is None or (rows.row_ids is not None and rows is out):
            return
        needed = ["X"] + ["y"] * ("y" in accepted)
        if any(getattr(rows, name) is None for name in needed):
            if "row_ids" in accepted and rows is out:
                raise ValueError(
                    "Pass X and y of the rows, or row_ids. To name rows write "
                    "row_ids=[...]."
                )
            for name in needed:
                given(name, getattr(rows, name))

    def _check_on_unknown(self, batch: Batch) -> None:
        """Refuse what is none of the two, or concerns names where none are given.

        Raises
        ------
        ValueError, TypeError
        """
        if batch.on_unknown != "skip":
            raise ValueError(
                f"on_unknown must be 'raise' or 'skip'; got {batch.on_unknown!r}."
            )
        if "row_ids" not in self._accepts:
            raise TypeError(f"{type(self).__name__} takes no on_unknown.")
        if batch.row_ids is None:
            raise ValueError("on_unknown='skip' skips names of rows: pass row_ids.")

    def _first_fit(self, batch, classes):
        """``partial_fit`` of an estimator that is not fitted."""
        self._check_classes(classes, None, batch.y)
        keywords = {
            name: getattr(batch, name)
            for name in ("sample_weight", "row_ids")
            if getattr(batch, name) is not None
        }
        self.fit(batch.X, batch.y, **keywords)

    def _check_classes(self, classes: Any, known: Any, y: Any = None) -> None:
        """Refuse labels that a call of ``partial_fit`` should not name.

        Parameters
        ----------
        classes : array-like or None
            What the caller names.
        known : ndarray or None
            Labels of the fitted estimator; None before ``fit``.
        y : array-like, optional
            Targets of the first call.

        Raises
        ------
        ValueError
        """
        if classes is not None:
            kind = "a regressor" if is_regressor(self) else kind_of(self)
            raise ValueError(f"classes must be None: {kind} has none.")


def with_note(model, said):
    """An unlearner whose explanation says this too."""
    model._explains_too = said
    return model
