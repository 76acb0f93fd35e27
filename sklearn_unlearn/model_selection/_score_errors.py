"""How far the scores of a search may be from those of a fresh search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds import unlearns
from sklearn_unlearn.model_selection._plain_scores import plain_score
from sklearn_unlearn.pipeline import UnlearnablePipeline, innermost, outputs
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.sharing import once, shared
from sklearn_unlearn.utils.steps import own
from sklearn_unlearn.utils.tags import REQUEST_VERBS, unlearning_tags


@dataclass(frozen=True, eq=False)
class ScoreErrors(FrameMixin):
    """Bounds on the error of scores, and what they say of the choice.

    Attributes
    ----------
    errors : ndarray of shape (n_candidates, n_splits)
        No score in a fold is further from that of a fresh search in the same folds;
        infinite where nothing is known.
    means : ndarray of shape (n_candidates,)
        The same of mean scores.
    sure : bool
        Whether a fresh search would surely choose the same candidate.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> grid = {"alpha": [0.1, 10.0]}
    >>> search = UnlearnableGridSearchCV(UnlearnableRidgeClassifier(), grid).fit(X, y)
    >>> found = search.partial_unfit(X[:2], y[:2]).score_errors()
    >>> found.errors.shape, found.sure
    ((2, 5), True)
    """

    errors: Any
    means: Any
    sure: bool

    def _table(self):
        columns = {f"split{k}_error": each for k, each in enumerate(self.errors.T)}
        return {"mean_error": self.means, **columns}


class ErrorsOfScores:
    """Adds ``score_errors`` to searches."""

    refit: Any
    _checked: Any
    _exclusive: Any

    def score_errors(self) -> ScoreErrors:
        """How far scores may be from those of a fresh search in the same folds.

        They are measured on the rows that the search keeps, however many requests came
        before, in about the time of one step of each fit: the gradient that closed
        forms have left in each model bounds how far raw predictions of rows held out
        are from those of a refit, and only rows with a smaller margin can be decided
        otherwise. Scores of models that requests fit anew, or answer exactly, have
        none.

        Returns
        -------
        ScoreErrors
            Of accuracies of linear models with smooth losses, and zero of exact models;
            of other scores nothing is known.

        Raises
        ------
        UnlearningError
            If the choice is frozen: its scores are of rows that have left.
        """
        with self._exclusive():
            fitted = self._checked()
            choice = fitted.outcome
            if not choice.scores:
                raise UnlearningError(
                    'Scores are frozen by keep="best": they know rows that have left.'
                )
            living, n_splits = fitted.model.living(), fitted.model.n_splits
            errors = np.zeros((len(choice.candidates), n_splits))
            for split in range(n_splits):
                seen, held = living.trained(split), living.held_out(split)
                with shared():
                    for number in range(errors.shape[0]):
                        member = fitted.members.fitted[number, split]
                        error = _error(member, choice.scorers, seen, held)
                        errors[number, split] = error
        means = errors.mean(axis=1)
        return ScoreErrors(errors, means, self._surely_best(choice, means))

    def _surely_best(self, choice, means):
        if choice.multimetric or callable(self.refit) or choice.best is None:
            return False
        scores, best = choice.results["mean_test_score"], choice.best
        others = np.delete(np.arange(scores.size), best)
        ahead = scores[best] - scores[others] - means[best] - means[others]
        # of equal candidates the first is chosen
        ties = (ahead == 0.0) & (means[best] + means[others] == 0.0)
        return bool(np.all((ahead > 0.0) | ties))


def _error(member, scorers, seen, held):
    """Bound on the error of the score of one model."""
    model = member.estimator
    if member.error is not None or not unlearns(model):
        return 0.0
    tags = unlearning_tags(innermost(model))
    if all(getattr(tags, verb) in (None, "exact") for verb in REQUEST_VERBS):
        return 0.0
    kind = None
    if not isinstance(scorers.scorer, dict):
        kind = plain_score(scorers.given, model)
    found = _raw_errors(model, seen, held.X) if kind == "accuracy" else None
    if found is None:
        return np.inf
    raw, errors = found
    if raw.shape[1] == 1:
        margin = np.abs(raw[:, 0])
    else:
        last = np.partition(raw, -2, axis=1)[:, -2:]
        margin = 0.5 * np.ptp(last, axis=1)
    weight = held.weight if "score" in scorers.weighed else None
    return float(np.average(margin <= errors, weights=weight))


def _raw_errors(model, seen, X):
    """Raw predictions and bounds on their errors; None where nothing is known."""
    if isinstance(model, UnlearnablePipeline):
        *front, (_, last) = model.steps
        steps = [step for _, step in front]
        trained = once(lambda: outputs(front, seen.X), [*steps, seen.X], "outputs")
        asked = once(lambda: outputs(front, X), [*steps, X], "outputs")
        return _raw_errors(last, replace(seen, X=trained), asked)
    ask = own(model, "_prediction_errors")
    return None if ask is None else ask((seen.X, seen.y, seen.weight), X)
