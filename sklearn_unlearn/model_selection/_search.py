"""Searches whose candidates stay fitted in every fold, and unlearn together."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import PredefinedSplit, check_cv
from sklearn.utils import get_tags

from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.folds import FoldedFit, FoldedModel, Member, Members, unlearns
from sklearn_unlearn.model_selection._attributes import SearchAttributes
from sklearn_unlearn.model_selection._from_sklearn import SearchAdoption
from sklearn_unlearn.model_selection._fronts import (
    fitted_to_all,
    fronts_of,
    with_shared_steps,
)
from sklearn_unlearn.model_selection._held_out import HeldOut
from sklearn_unlearn.model_selection._influence import InfluenceOnChoice
from sklearn_unlearn.model_selection._memory import check_memory
from sklearn_unlearn.model_selection._recorded import formatted
from sklearn_unlearn.model_selection._results import (
    Choice,
    SearchReport,
    choose,
    standing,
    updated,
)
from sklearn_unlearn.model_selection._score_errors import ErrorsOfScores
from sklearn_unlearn.model_selection._scoring import Score, Scorers
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.notes import note
from sklearn_unlearn.utils.tags import (
    REQUEST_VERBS,
    UnlearnerTags,
    takes_weights,
)

#: Has a line for each search of what its models will take, at level INFO.
LOGGER = logging.getLogger("sklearn_unlearn.searches")


class SearchModel(
    SearchAttributes, InfluenceOnChoice, ErrorsOfScores, SearchAdoption, FoldedModel
):
    """What searches share; a subclass gives the candidates.

    The fitted value's `Members` have one specification a candidate; the model of all
    rows is there for the best one alone.
    """

    # Set by the constructors of scikit-learn's searches.
    estimator: Any
    scoring: Any
    n_jobs: Any
    refit: Any
    cv: Any
    verbose: Any
    error_score: Any
    return_train_score: Any
    keep: Any
    max_bytes: Any
    refold: Any

    def _candidates(self):
        """The parameters of each candidate."""
        raise NotImplementedError

    # Fitting --------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        row_ids: Any = None,
    ) -> Self:
        """Fit all candidates in all folds, and the best one to all rows.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Of shape (n_samples, n_features), or whatever the estimator takes. Arrays
            and frames are kept by reference: do not change them afterwards.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            For the ``fit`` of the estimator, if it takes weights, and for the scorers
            where those of the installed scikit-learn get them. Rows of weight zero are
            left out when the folds are drawn.
        groups : array-like of shape (n_samples,), optional
            For the splitter. They are not kept: each row has its folds.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, all fits fail, or the models would
            take more than ``max_bytes``.
        """
        with self._exclusive():
            candidates = list(self._candidates())
            self._fit_candidates(candidates, X, y, sample_weight, groups, row_ids)
        return self

    def _fit_candidates(self, candidates, X, y, sample_weight, groups, row_ids):
        """``fit`` of these."""
        self._check_parameters(groups)
        if sample_weight is not None and not self._trains_with_weights:
            raise TypeError(
                f"sample_weight: {type(self.estimator).__name__}.fit takes none."
            )
        splitter = partial(self._splits, groups=groups)
        rows, columns = self._read_folds(X, y, sample_weight, row_ids, splitter)
        specs = self._specs(candidates)
        self._fitted = self._searched(rows, columns, candidates, specs)

    def _specs(self, candidates):
        """The estimator with the parameters of each candidate, not fitted."""
        return tuple(
            clone(self.estimator).set_params(**clone(each, safe=False))
            for each in candidates
        )

    def _take_over(self, model, fitted, X, y, sample_weight, groups, row_ids):
        """Become a search of which only the best model is kept, fitted already.

        Parameters
        ----------
        model : estimator
            The best one.
        fitted : GridSearchCV or RandomizedSearchCV
            Has scored all candidates.
        X, y, sample_weight, groups, row_ids
            As for ``fit``.
        """
        self._check_parameters(groups)
        splitter = partial(self._splits, groups=groups)
        rows, columns = self._read_folds(X, y, sample_weight, row_ids, splitter)
        candidates = list(fitted.cv_results_["params"])
        scorers, specs = self._rehearsed(candidates, rows), self._specs(candidates)
        names = ("best_index_", "best_params_", "best_score_")
        found = {name: getattr(fitted, name) for name in names if hasattr(fitted, name)}
        own = None if columns is None else np.ones(columns.n_features, dtype=bool)
        member = Member(model, own, None, fitted.refit_time_)
        members = Members(specs, {(found["best_index_"], None): member})
        choice = Choice(candidates, scorers, {}, dict(fitted.cv_results_), found, None)
        self._fitted = FoldedFit(rows, columns, members, choice)

    def _check_parameters(self, groups):
        if not hasattr(self.estimator, "fit") or isinstance(self.estimator, type):
            raise TypeError(
                f"estimator must be a scikit-learn estimator; got {self.estimator!r}."
            )
        if self.keep not in ("all", "best"):
            raise ValueError(f"keep must be 'all' or 'best'; got {self.keep!r}.")
        if self.keep == "best" and not self.refit:
            raise ValueError("keep='best' keeps the refitted model: set refit.")
        if not self.refold:
            return
        if isinstance(self.keep, str) and self.keep == "best":
            raise ValueError("refold=True makes the choice anew: set keep='all'.")
        if groups is not None:
            raise ValueError("refold=True would need the groups, which are not kept.")
        if hasattr(self.cv, "__iter__") or isinstance(self.cv, PredefinedSplit):
            raise ValueError(
                "refold=True draws folds anew, and cv lists those of these rows: give "
                "a number or a splitter."
            )

    def _splits(self, X, y, groups=None):
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        return list(cv.split(X, y, groups))

    def _searched(self, rows, columns, candidates, specs):
        """The fitted value of a search from the start."""
        scorers = self._rehearsed(candidates, rows)
        living = rows.living()
        members, fronts = Members(specs, {}), fronts_of(specs, candidates)
        numbers, splits = range(len(candidates)), range(rows.n_splits)
        cells = [(number, split) for number in numbers for split in splits]
        fit: Any = partial(
            Members.with_fits, living=living, n_jobs=self.n_jobs, verbose=self.verbose
        )
        n_bytes, scores, held = None, {}, None
        if self.keep == "all":
            members = fit(members, cells[:1])
            first = members.fitted[cells[0]].estimator
            n_models = len(cells) + self._n_whole(candidates)
            n_bytes = check_memory(first, n_models, self.max_bytes)
            if n_bytes is not None:
                LOGGER.info("%d models will take %d bytes", n_models, n_bytes)
            members = fit(members, cells[1:])
            members = with_shared_steps(members, fronts)
            most = np.inf if self.max_bytes is None else self.max_bytes - (n_bytes or 0)
            held = HeldOut(fronts, most)
            scores, held = scorers.of_cells(members, cells, living, held)
            times = [members.fitted[cell].fit_time for cell in cells]
        else:
            times = []
            for number in numbers:
                own = cells[number * rows.n_splits : (number + 1) * rows.n_splits]
                some = fit(members, own)
                scores |= scorers.of_cells(some, own, living)[0]
                times += [some.fitted[cell].fit_time for cell in own]
        ordered = [scores[cell] for cell in cells]
        results, _ = formatted(candidates, ordered, rows.n_splits, self._settings)
        _store_times(results, "fit", times)
        _store_times(results, "score", [score.time for score in ordered])
        found = choose(results, self.refit)
        if self.refit:
            members = fit(members, [(found["best_index_"], None)])
            _check_refitted(members, found["best_index_"])
            _, runner_up = standing(results, self.refit, found["best_index_"])
            both = self.keep == "all" and self._n_whole(candidates) > 1
            if both and runner_up is not None:
                members = fitted_to_all(members, candidates, runner_up, living)
        kept = scores if self.keep == "all" else {}
        choice = Choice(candidates, scorers, kept, results, found, n_bytes, held=held)
        return FoldedFit(rows, columns, members, choice)

    def _n_whole(self, candidates):
        """Models that are fitted to all rows: of the best, and of the next one.

        The next request may prefer it, and would have to fit it then, which is in vain
        of one that requests fit anew.
        """
        if not self.refit:
            return 0
        next_too = unlearns(self.estimator) and not callable(self.refit)
        return min(1 + next_too, len(candidates))

    @property
    def _settings(self):
        """What scikit-learn's search is to validate; a function is called once only."""
        return {
            "refit": False if callable(self.refit) else self.refit,
            "error_score": self.error_score,
            "return_train_score": self.return_train_score,
        }

    def _rehearsed(self, candidates, rows):
        """The scorers; all that is wrong with parameters is said before any fit."""
        scorer = Scorers.scorer_of(self.estimator, self.scoring)
        zeros = dict.fromkeys(scorer if isinstance(scorer, dict) else ["score"], 0.0)
        settings = self._settings
        if callable(self.scoring):
            settings["refit"] = False  # nobody knows the metrics yet
        scores = [Score(None, zeros, zeros, 0.0)] * (len(candidates) * rows.n_splits)
        _, weighs = formatted(candidates, scores, rows.n_splits, settings, True)
        weighed = Scorers.weighed_of(scorer, self.estimator, self.scoring, weighs)
        on_train, given = self.return_train_score, self.scoring
        return Scorers(scorer, self.error_score, on_train, weighed, given)

    # Requests -------------------------------------------------------------------------

    def _carried(self, fitted, request):
        if not self.refold:
            return super()._carried(fitted, request)
        rows = fitted.model.edited(request, self._classes_left).redrawn(self._splits)
        before, specs = fitted.outcome, fitted.members.specs
        after = self._searched(rows, fitted.columns, before.candidates, specs)
        return self._reported(after, fitted, len(after.members.fitted), 0)

    def _watch(self, fitted):
        held = fitted.outcome.held
        return None if held is None else held.watch

    def _concluded(self, fitted, before, moved, living, change):
        choice, members = fitted.outcome, fitted.members
        n_unlearned = len(moved) - members.n_refitted
        if not choice.scores:
            _check_refitted(members, choice.best)
            return self._reported(fitted, before, members.n_refitted, n_unlearned)
        n_splits = fitted.model.n_splits
        cells = {
            cell
            for cell in choice.scores
            if change is None or cell in moved or change.held_out(cell[1])
        }
        held = choice.held.after(members, living, change)
        found, held = choice.scorers.of_cells(members, cells, living, held)
        scores, members = choice.scores | found, replace(members, watched={})
        results = updated(choice.results, scores, n_splits, self.error_score)
        found = choose(results, self.refit)
        if self.refit:
            best = found["best_index_"]
            _, runner_up = standing(results, self.refit, best)
            given = members, choice.candidates, best, runner_up
            members = _with_best(*given, living)
        choice = replace(choice, scores=scores, results=results, found=found, held=held)
        after = replace(fitted, members=members, outcome=choice)
        return self._reported(after, before, members.n_refitted, n_unlearned)

    def _reported(self, fitted, before, n_refitted, n_unlearned):
        choice, earlier = fitted.outcome, before.outcome
        leads = (
            standing(each.results, self.refit, each.best) for each in (earlier, choice)
        )
        (lead_before, _), (lead, runner_up) = leads
        report = SearchReport(
            n_unlearned,
            n_refitted,
            earlier.best,
            choice.best,
            lead_before,
            lead,
            runner_up,
            not choice.scores,
        )
        note(choice=report.noted)
        return replace(fitted, outcome=replace(choice, report=report))

    def _attributes_of(self, fitted):
        if not fitted.outcome.scores:
            warn(
                "The best estimator was changed, but the choice among the candidates "
                "and cv_results_ were made with the rows and columns as they were: "
                'search with keep="all" for a choice that is made anew.',
                NotForgottenWarning,
            )
        return super()._attributes_of(fitted)

    def __sklearn_tags__(self):
        parent: Any = super()
        tags = parent.__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.target_tags.required = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
            tags.target_tags.multi_output = False
        return UnlearnerTags.extending(tags, self._promised())

    def _promised(self):
        """What requests are worth: as those of the model inside, if it unlearns."""
        promised = self._worth_of([self.estimator])
        if isinstance(self.keep, str) and self.keep == "best":
            for verb in REQUEST_VERBS:
                setattr(promised, verb, "approximate")
        promised.sample_weight = takes_weights(self)
        return promised


def _with_best(members, candidates, best, runner_up, living):
    """The models with that of all rows of the best candidate.

    That of the next one stays, if there is one, as the next request may prefer it; all
    others of all rows go.
    """
    if (best, None) not in members.fitted:
        members = fitted_to_all(members, candidates, best, living)
    fitted = {
        cell: each
        for cell, each in members.fitted.items()
        if cell[1] is not None or cell[0] in (best, runner_up)
    }
    _check_refitted(members, best)
    return replace(members, fitted=fitted)


def _check_refitted(members, best):
    """Raise what the fit of the best candidate to all rows has raised."""
    error = members.fitted[best, None].error
    if error is not None:
        raise error


def _store_times(results, kind, times):
    table = np.array(times).reshape(len(results["params"]), -1)
    results[f"mean_{kind}_time"] = table.mean(axis=1)
    results[f"std_{kind}_time"] = table.std(axis=1)
