"""An estimator made of models of folds: rows read, and requests carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds._changes import RowChange
from sklearn_unlearn.folds._members import Members, by_split, unlearns
from sklearn_unlearn.folds._rows import FoldRows
from sklearn_unlearn.row_models import RawRowModel, present_classes
from sklearn_unlearn.transformers import explained
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.memberships import memberships
from sklearn_unlearn.utils.narrowing import without_columns
from sklearn_unlearn.utils.notes import note
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.steps import hook
from sklearn_unlearn.utils.tags import REQUEST_VERBS, UnlearningTags, unlearning_tags
from sklearn_unlearn.utils.targets import check_labels, labels_of, targets_of
from sklearn_unlearn.utils.validation import Columns, check_names


@dataclass(frozen=True, eq=False)
class LeftRows:
    """Where rows were that left, should they come back.

    Attributes
    ----------
    numbers : ndarray of int of shape (n_rows,) or None
        Of rows that have names.
    keys : ndarray of shape (n_rows, 1 + 2 n_splits)
        Their `memberships`.
    """

    numbers: Any
    keys: np.ndarray


@dataclass(frozen=True, eq=False)
class FoldedFit:
    """All that was learned.

    Attributes
    ----------
    model : FoldRows
    columns : Columns or None
        Of X at fit; None if it had none, as texts have none.
    members : Members
    outcome : object
        What was decided by what they say of rows that they have not seen.
    """

    model: FoldRows
    columns: Columns | None
    members: Members
    outcome: Any
    #: What digests look at.
    tells: ClassVar[tuple[str, ...]] = ("model", "deciding", "outcome")

    @property
    def deciding(self):
        """Models on which answers or scores depend, whichever were fitted first.

        Of a search, models of all rows that were not chosen are kept for the next
        request alone.
        """
        best = getattr(self.outcome, "best", None)
        cells = sorted(self.members.fitted, key=by_split)
        return {
            (int(number), split): self.members.fitted[number, split]
            for number, split in cells
            if split is not None or best is None or number == best
        }

    @property
    def encoding(self):
        """How targets are encoded."""
        return self.model.encoding

    @property
    def forgotten(self):
        """Columns at fit that are forgotten; None of rows without columns."""
        return self.model.forgotten


class FoldedModel(RawRowModel, LearnedColumns):
    """What is made of models of folds; a subclass decides in ``_concluded``.

    ``fit`` of a subclass reads rows by ``_read_folds`` and fits models.
    """

    estimator: Any
    _takes = frozenset({"out", "into", "columns", "y", "row_ids"})

    @property
    def _accepts(self):
        weights = {"sample_weight"} if self._trains_with_weights else set()
        return self._takes | weights

    @property
    def _trains_with_weights(self):
        """Whether models inside take weights."""
        return has_fit_parameter(self._inside(), "sample_weight")

    # Hooks ----------------------------------------------------------------------------

    def _inside(self):
        """The estimator inside, or one of them."""
        return self.estimator

    def _insides(self):
        """All estimators inside."""
        return [self._inside()]

    def _named_insides(self):
        """The same with names."""
        return [("estimator", each) for each in self._insides()]

    def _watch(self, fitted):
        """What is asked about models right after requests, if anything is."""
        return None

    def _concluded(self, fitted, before, moved, living, change):
        """The fitted value with what its models now decide.

        Parameters
        ----------
        fitted : FoldedFit
            With the models after the request.
        before : FoldedFit
        moved : set of (int, int or None)
            Models that have changed.
        living : Living
        change : RowChange or None
            None if columns were forgotten.
        """
        raise NotImplementedError

    def _worth_of(self, estimators):
        """What requests are worth: no more than those of a model inside.

        One that has no such verb is fitted anew, which is exact.
        """
        worth: Any = dict.fromkeys(REQUEST_VERBS, "exact")
        for estimator in estimators:
            inner = unlearning_tags(_last(estimator)) if unlearns(estimator) else None
            for verb in REQUEST_VERBS:
                if getattr(inner, verb, None) not in (None, "exact"):
                    worth[verb] = getattr(inner, verb)
        return UnlearningTags(**worth, row_ids=True)

    # Fitting --------------------------------------------------------------------------

    def _read_folds(self, X, y, sample_weight, row_ids, splitter):
        """Rows of weight other than zero, with their folds among all.

        Parameters
        ----------
        splitter : callable
            Gives the splits of rows X with targets y.

        Returns
        -------
        FoldRows
        Columns or None
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        if any(isinstance(each, FrozenEstimator) for each in self._insides()):
            raise ValueError(
                f"{type(self).__name__} takes no frozen estimator: what it knows of "
                "rows would stay. Give the estimator itself."
            )
        raw = RawRows.of(X).at_fit()
        if not raw.shape[0]:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of "
                "1 is required."
            )
        check_consistent_length(X, y)
        columns = check_names(self, X) if len(raw.shape) == 2 else None
        self._check_finite(raw.X)
        encoding = self._encoding(y)
        encoded = encoding.read(y)
        splits = splitter(raw.X, encoding.decoded(encoded))
        keys = memberships(raw.shape[0], splits)
        retained = self._retained_of(raw, encoded, sample_weight, row_ids, keys)
        encoding, retained = self._classes_left(encoding, retained)
        forgotten = None
        if columns is not None:
            forgotten = np.zeros(columns.n_features, dtype=bool)
        weighted = sample_weight is not None
        rows = FoldRows(retained, encoding, forgotten, len(splits), weighted)
        return rows, columns

    def _encoding(self, y):
        if is_classifier(self):
            return labels_of(y)
        return targets_of(y, get_tags(self).target_tags.multi_output)

    def folds_of(self, rows: Any) -> list[Any]:
        """The splits of some rows, for a fresh fit to them in the same folds.

        Parameters
        ----------
        rows : array-like of int
            Numbers of rows among those that are in the model, in their order.

        Returns
        -------
        list of (ndarray of int, ndarray of int)
            For ``cv``: which of these rows each split is trained and tested on.
        """
        rows = np.asarray(rows)
        counts = self._checked().model.living().keys[rows, 1:].astype(np.intp)
        parts = [np.repeat(np.arange(rows.size), each) for each in counts.T]
        n_splits = len(parts) // 2
        return list(zip(parts[:n_splits], parts[n_splits:], strict=True))

    # Requests -------------------------------------------------------------------------

    def _check_classes(self, classes, known, y=None):
        if is_classifier(self):
            check_labels(classes, known, y)
        else:
            super()._check_classes(classes, known, y)

    def _new_keys(self, fitted, origin, ids, before=None):
        if before is not None:
            return before
        return fitted.model.new_memberships(origin.shape[0])

    def _is_function_of_rows(self):
        return False  # but of the fold as well that each row was in at fit

    def _like_at_fit(self, X):
        model, again = self._checked().model, clone(self)
        params = again.get_params(deep=False)
        keeps = "cv" in params and model.n_splits and not params.get("refold")
        n_rows = RawRows.of(X).shape[0]
        if keeps and n_rows == model.living().positions.size:
            again.set_params(cv=self.folds_of(np.arange(n_rows)))
        return again

    def _models_inside(self):
        members = self._checked().members.fitted.values()
        return [each.estimator for each in members if each.error is None]

    def _order_counts(self):
        return any(hook(one, "_order_counts")() for one in self._models_inside())

    def _shows_rounding(self):
        models = self._models_inside()
        return not all(hook(_last(one), "_is_function_of_rows")() for one in models)

    def _explained(self, name):
        found = super()._explained(name)
        for inside, estimator in self._named_insides():
            full = f"{name}__{inside}" if name else inside
            found += explained(full, estimator, "refit")
        return found

    def _way(self):
        folds = bool(self.__sklearn_is_fitted__() and self._fitted.model.n_splits)
        kept = "models of the folds" if folds else "its models"
        how = "by requests to " + kept
        how += ", each row in the fold that it has" if folds else ""
        again = [type(each).__name__ for each in self._insides() if not unlearns(each)]
        how += f"; {', '.join(again)}: fitted again" if again else ""
        return how, f"rows, {kept}", "what each of these does"

    def _to_add(self, fitted, into, classes):
        places = into.numbers
        if not isinstance(places, LeftRows):
            return super()._to_add(fitted, into, classes)
        into = replace(into, numbers=places.numbers)
        request = super()._to_add(fitted, into, classes)
        if request is None or request.edit.rows_in.n_rows != len(places.keys):
            return request
        rows = replace(request.edit.rows_in, X=places.keys)
        return replace(request, edit=replace(request.edit, rows_in=rows))

    def _keeps_places_of_one(self):
        return self._checked().model.n_splits > 0

    def _carried(self, fitted, request):
        after = self._after(fitted, request)
        out = request.edit.rows_out
        if out is not None and request.edit.rows_in is None:
            retained = fitted.model.retained
            numbers = None
            if retained.has_numbers:
                numbers = retained.numbers_at(request.positions)
            note(numbers_out=LeftRows(numbers, out.X.copy()))
        return after

    def _after(self, fitted, request):
        """The fitted value after a request about rows."""
        change = RowChange(fitted.model, request)
        rows = fitted.model.edited(request, self._classes_left)
        living = rows.living()
        members, moved = fitted.members.after(change, living, self._watch(fitted))
        # those of the model that was asked last
        note(residual_before=None, residual_after=None, choice=None)
        after = replace(fitted, model=rows, members=members)
        return self._concluded(after, fitted, moved, living, change)

    def _classes_left(self, encoding, retained):
        if encoding.classes is None:
            return encoding, retained
        return present_classes(encoding, retained, fewest=2)

    def _without_columns(self, fitted, mask):
        rows, members = fitted.model, fitted.members
        if not np.any(mask & ~rows.forgotten):
            return fitted
        forgotten = mask | rows.forgotten
        retained, inputs = self._narrowed(fitted, mask)
        specs = tuple(without_columns(spec, inputs) for spec in members.specs)
        rows = replace(rows, retained=retained, forgotten=forgotten)
        living = rows.living()
        members = members.without_columns(specs, forgotten, living)
        note(residual_before=None, residual_after=None, choice=None)
        after = replace(fitted, model=rows, members=members)
        return self._concluded(after, fitted, set(members.fitted), living, None)

    def _answer_final(self, asked, names, front=None):
        if asked.inputs.kept is None or asked.inputs.unseen is not None:
            raise UnlearningError(
                f"Step {asked.name!r} learned from what steps before it made of all "
                "rows, which the request changes: put the pipeline into it, where each "
                "fold has its own."
            )
        return super()._answer_final(asked, names, front)

    # Reading --------------------------------------------------------------------------

    def _shown(self, fitted, X):
        """Rows without forgotten columns, as models get them."""
        forgotten = fitted.model.forgotten
        if forgotten is None or not forgotten.any():
            return X
        return self._of_columns(fitted, X)


def _last(estimator):
    """The estimator itself, or the last one of pipelines."""
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    return estimator
