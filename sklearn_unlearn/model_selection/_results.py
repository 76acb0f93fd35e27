"""The results of a search: kept up with scores that change, and what they choose."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.exceptions import FitFailedWarning

from sklearn_unlearn.model_selection._scoring import Score, Scorers
from sklearn_unlearn.utils.messages import warn


@dataclass(frozen=True)
class SearchReport:
    """What the last request did to a search.

    Attributes
    ----------
    n_unlearned : int
        Models that unlearned the rows, or learned them.
    n_refitted : int
        Models that were fitted anew: those that cannot unlearn, those that refused,
        and the best one of another candidate than before.
    best_index_before, best_index_after : int or None
        None if nothing was chosen.
    lead_before, lead : float or None
        By how much the mean score of the best was above that of the next, and is now;
        None of a single candidate, or where ``refit`` is a function.
    runner_up : int or None
        The number of the next one now; None as of the lead.
    choice_frozen : bool
        Whether the request left the choice and its scores as they were at fit.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> grid = {"alpha": [0.1, 10.0]}
    >>> search = UnlearnableGridSearchCV(UnlearnableRidgeClassifier(), grid).fit(X, y)
    >>> report = search.partial_unfit(X[:2], y[:2]).request_report_
    >>> report.choice_changed, report.n_unlearned, report.n_refitted
    (False, 10, 0)
    """

    n_unlearned: int
    n_refitted: int
    best_index_before: int | None
    best_index_after: int | None
    lead_before: float | None
    lead: float | None
    runner_up: int | None
    choice_frozen: bool

    @property
    def choice_changed(self) -> Any:
        """Whether another candidate is the best now."""
        return bool(self.best_index_before != self.best_index_after)

    @property
    def noted(self) -> Any:
        """What `RequestRecord` says of it in ``choice``."""
        leads = {"lead_before": self.lead_before, "lead_after": self.lead}
        numbers = {
            "best_before": self.best_index_before,
            "best_after": self.best_index_after,
            "runner_up": self.runner_up,
        }
        return {
            **{name: None if n is None else int(n) for name, n in numbers.items()},
            **{
                name: None if lead is None or not np.isfinite(lead) else float(lead)
                for name, lead in leads.items()
            },
            "frozen": self.choice_frozen,
        }


@dataclass(frozen=True, eq=False)
class Choice:
    """Scores, and the candidate that they choose.

    Attributes
    ----------
    candidates : list of dict
    scorers : Scorers
    scores : dict of (int, int) to Score
        Empty where the choice is frozen.
    results : dict
        As ``cv_results_``.
    found : dict of str to object
        The attributes that begin with ``best_``, but for the estimator.
    n_bytes : int or None
        What the models were expected to take.
    report : SearchReport or None
    held : HeldOut or None
        None where the choice is frozen.
    """

    candidates: list[dict[str, Any]]
    scorers: Scorers
    scores: dict[tuple[int, int], Score]
    results: dict[str, Any]
    found: dict[str, Any]
    n_bytes: int | None
    report: SearchReport | None = None
    held: Any = None

    @property
    def multimetric(self):
        """Whether there are several metrics."""
        return "mean_test_score" not in self.results

    @property
    def best(self):
        """The number of the candidate that was chosen, None if there is none."""
        return self.found.get("best_index_")


def choose(results, refit):
    """The attributes of a search that its results determine.

    Raises
    ------
    TypeError, IndexError
        If a function for ``refit`` gives no candidate.
    """
    multimetric = "mean_test_score" not in results
    if not refit and multimetric:
        return {}
    candidates, score = results["params"], {}
    if callable(refit):
        index: Any = refit(results)
        if not isinstance(index, Integral):
            raise TypeError("best_index_ returned is not an integer")
        if not 0 <= int(index) < len(candidates):
            raise IndexError("best_index_ index out of range")
    else:
        metric = refit if multimetric else "score"
        index = results[f"rank_test_{metric}"].argmin()
        score = {"best_score_": results[f"mean_test_{metric}"][index]}
    return {"best_index_": index, "best_params_": candidates[index], **score}


def standing(results, refit, best):
    """By how much the best candidate is above the next, and which that is.

    Returns
    -------
    float or None
        None if that is not defined.
    int or None
    """
    if best is None or callable(refit) or len(results["params"]) < 2:
        return None, None
    metric = refit if "mean_test_score" not in results else "score"
    means = np.array(results[f"mean_test_{metric}"], dtype=np.float64)
    own, means[best] = means[best], np.nan
    if np.isnan(means).all():
        return np.inf, None
    return float(own - np.nanmax(means)), int(np.nanargmax(means))


def updated(results, scores, n_splits, error_score):
    """Results with other scores, as scikit-learn computes them.

    Parameters
    ----------
    results : dict
        Left as they are.
    scores : dict of (int, int) to Score
    n_splits : int
    error_score : float

    Raises
    ------
    ValueError
        If no model could be fitted.
    """
    cells = [(c, s) for c in range(len(results["params"])) for s in range(n_splits)]
    failed = sum(scores[cell].error is not None for cell in cells)
    if failed == len(cells):
        raise ValueError(
            f"All the {failed} fits would fail: no candidate can be fitted to the rows "
            "that would be left."
        )
    if failed:
        warn(
            f"{failed} fits failed out of a total of {len(cells)}. The score on these "
            f"train-test partitions is set to {error_score}; error_score='raise' shows "
            "the error.",
            FitFailedWarning,
        )
    results = dict(results)
    for kind in ("test", "train"):
        prefix = f"mean_{kind}_"
        for key in [key for key in results if key.startswith(prefix)]:
            metric = key.removeprefix(prefix)
            values = [
                getattr(scores[cell], kind).get(metric, error_score) for cell in cells
            ]
            table = np.array(values, dtype=np.float64).reshape(-1, n_splits)
            _store(results, f"{kind}_{metric}", table)
    return results


def _store(results, name, table):
    for split, column in enumerate(table.T):
        results[f"split{split}_{name}"] = column
    mean = np.average(table, axis=1)
    results[f"mean_{name}"] = mean
    deviation = (table - mean[:, None]) ** 2
    results[f"std_{name}"] = np.sqrt(np.average(deviation, axis=1))
    if f"rank_{name}" not in results:
        return
    if np.isnan(mean).all():
        results[f"rank_{name}"] = np.ones(mean.size, dtype=np.int32)
    else:
        mean = np.nan_to_num(mean, nan=np.nanmin(mean) - 1.0)
        results[f"rank_{name}"] = rankdata(-mean, method="min").astype(np.int32)
