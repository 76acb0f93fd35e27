"""Searches over grids and over random draws of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy import nan
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)

from sklearn_unlearn.model_selection._search import SearchModel


class UnlearnableGridSearchCV(SearchModel, GridSearchCV):
    """A grid search that unlearns, and whose requests make the choice anew.

    A :class:`sklearn.model_selection.GridSearchCV` that keeps each candidate fitted in
    each fold. A request goes to all models that have seen the row, scores are taken
    again where the row was held out or the model has changed, and ``cv_results_``,
    ``best_params_`` and ``best_estimator_`` are those of a search on the remaining
    rows, **each in the folds that it was in at fit**. All of it changes together, or
    nothing.

    Parameters
    ----------
    estimator : estimator
        An unlearner, or an `UnlearnablePipeline` of unlearners. Any other is fitted
        anew by each request in the folds that the row was trained on in
        (``unlearns_`` tells).
    param_grid : dict or list of dict
        Values of parameters to be tried.
    scoring : str, callable, list, tuple or dict, default=None
        As in scikit-learn, as are all that follow up to ``return_train_score``.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread. Models that come from other
        processes do not share the rows that they retain.
    refit : bool, str or callable, default=True
        With False there is no ``best_estimator_``; requests keep ``cv_results_`` and,
        with one metric, ``best_params_``.
    cv : int, cross-validation generator or an iterable, default=None
    verbose : int, default=0
    pre_dispatch : int or str, default='2*n_jobs'
    error_score : 'raise' or numeric, default=np.nan
        Also for models that cannot be fitted any more because a fold has lost the rows
        that they need. With ``'raise'`` such a request is refused.
    return_train_score : bool, default=False
    keep : {"all", "best"}, default="all"
        With "best" only the best estimator is kept and unlearns. The choice and its
        scores are frozen as of ``fit``: ``choice_frozen_`` is True, and each request
        warns of it.
    max_bytes : int or None, default=4294967296
        The most that all models may take, estimated by the pickle of the first one
        before the others are fitted (``n_bytes_``, and a line of the logger
        "sklearn_unlearn.searches"). ``fit`` raises if it is more.
    refold : bool, default=False
        Draw the folds anew at each request and fit all models again: what a fresh
        search does, in its time.

    Attributes
    ----------
    cv_results_, best_index_, best_params_, best_score_, best_estimator_, scorer_, \
            multimetric_, n_splits_, refit_time_
        As in scikit-learn. Times in ``cv_results_`` stay those of ``fit``.
    request_report_ : SearchReport
        What the last request did: models that unlearned and that were fitted anew,
        the best candidate before and after, and its lead.
    choice_frozen_ : bool
    unlearns_ : bool
        Whether all candidates unlearn.
    n_bytes_ : int
    n_features_in_ : int
        Columns at fit, forgotten ones included.
    feature_names_in_ : ndarray of shape (n_features,)

    See Also
    --------
    UnlearnableRandomizedSearchCV : The same with candidates that are drawn.

    Notes
    -----
    Which folds a row is in is fixed at ``fit``. A splitter that balances classes or
    groups might put a remaining row elsewhere when it is run again on what remains;
    ``refold=True`` is for that. Rows of ``partial_fit`` fill the folds in turn; they
    are refused where it is not one fold that each row is held out in.

    Models without retained data answer by a closed form, and their scores are as near
    those of a fresh search as they are near a refit. With ``retain_data=True`` in the
    estimator, scores are those of the fresh search. A model that refuses a request is
    fitted anew.

    The model of all rows is kept of the best candidate and, if it unlearns, of the next
    one, which a request may prefer.

    The search keeps the rows, which have to be scored again, and so does its pickle,
    without those that left. Groups are not kept.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import (
    ...     UnlearnableGridSearchCV,
    ...     UnlearnableLogisticRegression,
    ...     UnlearnableStandardScaler,
    ...     make_unlearnable_pipeline,
    ... )
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> pipeline = make_unlearnable_pipeline(
    ...     UnlearnableStandardScaler(), UnlearnableLogisticRegression(retain_data=True)
    ... )
    >>> grid = {"unlearnablelogisticregression__C": [0.01, 0.1, 1.0]}
    >>> search = UnlearnableGridSearchCV(pipeline, grid, cv=3).fit(X, y)
    >>> search = search.partial_unfit(X[:2], y[:2])
    >>> search.request_report_.n_unlearned, search.request_report_.n_refitted
    (8, 0)
    >>> search.best_params_
    {'unlearnablelogisticregression__C': 1.0}
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Callable[..., Any] | bool | str = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = nan,
        return_train_score: bool = False,
        keep: str = "all",
        max_bytes: int | None = 2**32,
        refold: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.keep = keep
        self.max_bytes = max_bytes
        self.refold = refold

    _twin_class = GridSearchCV

    def _candidates(self):
        return ParameterGrid(self.param_grid)


class UnlearnableRandomizedSearchCV(SearchModel, RandomizedSearchCV):
    """A search among candidates that are drawn at random, made anew by each request.

    A :class:`sklearn.model_selection.RandomizedSearchCV` that unlearns as
    `UnlearnableGridSearchCV` does. The candidates are drawn at ``fit`` and stay.

    Parameters
    ----------
    estimator : estimator
        As for `UnlearnableGridSearchCV`.
    param_distributions : dict or list of dict
        Lists of values, or distributions to draw from.
    n_iter : int, default=10
        Candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As for `UnlearnableGridSearchCV`.
    random_state : int, RandomState instance or None, default=None
        Of the draws.
    keep, max_bytes, refold
        As for `UnlearnableGridSearchCV`, as are all attributes.

    See Also
    --------
    UnlearnableGridSearchCV : What requests do.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRandomizedSearchCV, UnlearnableRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = UnlearnableRandomizedSearchCV(
    ...     UnlearnableRidge(), {"alpha": loguniform(1e-3, 1e2)}, random_state=0
    ... )
    >>> search = search.fit(X, y).partial_unfit(X[:2], y[:2])
    >>> search.request_report_.choice_changed
    False
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: Any = None,
        refit: Any = True,
        cv: Any = None,
        verbose: Any = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = nan,
        return_train_score: Any = False,
        keep: Any = "all",
        max_bytes: Any = 2**32,
        refold: Any = False,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.keep = keep
        self.max_bytes = max_bytes
        self.refold = refold

    _twin_class = RandomizedSearchCV

    def _candidates(self):
        return ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
