"""Scores of models on rows, by the scorers that a search is given."""

from __future__ import annotations

import time
from dataclasses import dataclass
from inspect import signature
from itertools import groupby
from typing import Any

from sklearn import get_config
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_unlearn.model_selection._plain_scores import plain_score, plainly_scored
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.sharing import shared
from sklearn_unlearn.utils.tags import accepts


@dataclass(frozen=True, eq=False)
class Score:
    """What one model scores.

    Attributes
    ----------
    error : Exception or None
        Why there is no model.
    test : dict of str to float
        By metric, on rows that it has not seen; empty without a model.
    train : dict of str to float or None
        On those that it was trained on, if that is asked for.
    time : float
        Seconds.
    """

    error: Any
    test: dict[str, Any]
    train: Any
    time: float


@dataclass(frozen=True, eq=False)
class Scorers:
    """The metrics of a search.

    Attributes
    ----------
    scorer : callable or dict of str to callable
        As scikit-learn's searches have it in ``scorer_``.
    error_score : "raise" or float
        Instead of a score that cannot be had.
    on_train : bool
        Whether training rows are scored too.
    weighed : frozenset of str
        Metrics whose scorers are given weights.
    given : object
        What the search was given for ``scoring``.
    """

    scorer: Any
    error_score: Any
    on_train: bool
    weighed: frozenset[str] = frozenset()
    given: Any = None

    @staticmethod
    def scorer_of(estimator, scoring):
        """One scorer, or several by name.

        Raises
        ------
        ValueError, TypeError
            If there is none.
        """
        if callable(scoring):
            return scoring
        if scoring is None or isinstance(scoring, str):
            return check_scoring(estimator, scoring)
        check_scoring(estimator, scoring)
        if not hasattr(scoring, "items"):
            scoring = {name: name for name in scoring}
        return {name: check_scoring(estimator, each) for name, each in scoring.items()}

    @staticmethod
    def weighed_of(scorer, estimator, scoring, installed):
        """Metrics whose scorers are given weights.

        With metadata routing, those are that request them; without it, where the
        installed searches give any, those that have a parameter for them.

        Parameters
        ----------
        scorer : callable or dict of str to callable
            Of `scorer_of`.
        estimator : estimator
        scoring : object
            What this was made of.
        installed : bool
            Whether the installed searches give weights to scorers without routing.

        Returns
        -------
        frozenset of str
        """
        every = scorer if isinstance(scorer, dict) else {"score": scorer}
        if get_config()["enable_metadata_routing"]:
            return frozenset(name for name, each in every.items() if _requests(each))
        if not installed:
            return frozenset()
        if scoring is None:
            asked: Any = {"score": accepts(estimator.score, "sample_weight")}
        else:
            asked = {name: _has_parameter(each) for name, each in every.items()}
        return frozenset(name for name in every if asked[name])

    def of_cells(self, members, cells, living, known=None):
        """Scores of models, by their places.

        Parameters
        ----------
        members : Members
        cells : iterable of (int, int)
        living : Living
        known : HeldOut, optional

        Returns
        -------
        scores : dict of (int, int) to Score
        known : HeldOut or None
            With what was found of rows held out.
        """
        scores = {}
        for split, group in groupby(sorted(cells, key=_split), _split):
            held, numbers = living.held_out(split), living.held_out_numbers(split)
            seen = living.trained(split) if self.on_train else None
            with shared():
                if known is not None:
                    known.tell(split, held.X, numbers)
                for cell in group:
                    scores[cell] = self._score(members.fitted[cell], held, seen)
                if known is not None:
                    known = known.learned(members, split, held.X, numbers)
        return scores, known

    def _score(self, member, held, seen):
        if member.error is not None:
            if self.error_score == "raise":
                raise member.error
            return Score(member.error, {}, None if seen is None else {}, 0.0)
        start = time.perf_counter()
        test = self._measured(member.estimator, held)
        taken = time.perf_counter() - start
        train = None if seen is None else self._measured(member.estimator, seen)
        return Score(None, test, train, taken)

    def _measured(self, model, rows):
        if not isinstance(self.scorer, dict):
            value = self._asked("score", self.scorer, model, rows)
            return value if isinstance(value, dict) else {"score": value}
        return {
            name: self._asked(name, each, model, rows)
            for name, each in self.scorer.items()
        }

    def _given_for(self, name):
        """What was given for a metric."""
        if not isinstance(self.scorer, dict):
            return self.given
        return self.given[name] if hasattr(self.given, "items") else name

    def _asked(self, name, scorer, model, rows):
        """What a scorer says, or what is taken if it fails."""
        keywords = rows.keywords if name in self.weighed else {}
        kind = plain_score(self._given_for(name), model)
        try:
            if kind is not None:
                weight = keywords.get("sample_weight")
                value = plainly_scored(kind, model, rows, weight)
                if value is not None:
                    return value
            return scorer(model, rows.X, rows.y, **keywords)
        except Exception as error:  # of whatever kind: it may be the caller's own
            if self.error_score == "raise":
                raise
            warn(
                f"Scoring failed ({type(error).__name__}). The score is set to "
                f"{self.error_score}; error_score='raise' shows the error.",
                UserWarning,
            )
            return self.error_score


def _requests(scorer):
    """Whether a scorer requests weights, by metadata routing."""
    routing = get_routing_for_object(scorer)
    return "sample_weight" in routing.consumes("score", ["sample_weight"])


def _has_parameter(scorer):
    """Whether a scorer, or the metric that it is made of, has a parameter for them."""
    if not hasattr(scorer, "get_metadata_routing"):
        return "sample_weight" in signature(scorer).parameters
    return "sample_weight" in get_routing_for_object(scorer).score.requests


def _split(cell):
    return cell[1]
