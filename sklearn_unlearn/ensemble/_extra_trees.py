"""Forests of trees with one threshold for each feature that unlearn."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.tree import ExtraTreeClassifier, ExtraTreeRegressor

from sklearn_unlearn.ensemble._forest import Forest
from sklearn_unlearn.tree.kinds import TreeClassifier, TreeRegressor


class UnlearnableExtraTreesClassifier(Forest, TreeClassifier):
    """Extremely randomised trees for classes, as functions of sets of rows.

    The twin of :class:`~sklearn.ensemble.ExtraTreesClassifier`. Of each feature that a
    node tries one threshold is drawn: next to the value of a row of the node, where the
    twin draws a number between the extremes.

    Parameters
    ----------
    n_estimators : int, default=100
        Trees.
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity that splits are to lower.
    max_depth : int, default=None
        Of leaves. None bounds nothing.
    min_samples_split, min_samples_leaf : int or float, default=2 and 1
        Rows that a node needs to be split, and that leaves have at least; a float is a
        share of all rows.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight of all rows that leaves have at least. With another value
        than 0 each request grows anew.
    max_features : {"sqrt", "log2"}, int, float or None, default="sqrt"
        Features that a node tries first; if none of them splits it, the others.
    max_leaf_nodes : None, default=None
        Must be None: which leaf is split last depends on all others.
    min_impurity_decrease : float, default=0.0
        Must be 0: it weighs nodes by their share of all rows.
    bootstrap : bool, default=False
        Whether each tree has some of the rows, or all.
    oob_score : bool, default=False
        Whether there are ``oob_score_`` and ``oob_decision_function_``.
    n_jobs : int, default=None
        Threads that grow trees at the same time, as in joblib.
    random_state : int, RandomState instance or None, default=None
        From which everything random is drawn; give an int for a fit that can be
        repeated.
    verbose : int, default=0
        Without effect.
    warm_start : bool, default=False
        Must be False: `partial_fit` learns rows.
    class_weight : dict, "balanced" or None, default=None
        "balanced" follows the rows that remain, so that each request grows all trees
        anew.
    ccp_alpha : float, default=0.0
        Must be 0: pruning looks at the whole tree.
    max_samples : int, float or None, default=None
        With ``bootstrap``, the share of the rows that each tree has, or about how many:
        each row is drawn by itself, once. None is a share of 0.3, at which forests are
        as accurate as scikit-learn's (``python -m benchmarks forests``).
    monotonic_cst : None, default=None
        Must be None.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted.
    n_classes_ : int
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableRandomForestClassifier : Several thresholds a feature, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableExtraTreesClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = UnlearnableExtraTreesClassifier(10, random_state=0).fit(X, y)
    >>> forest = forest.partial_unfit(X[:2], y[:2])
    >>> refit = UnlearnableExtraTreesClassifier(10, random_state=0).fit(X[2:], y[2:])
    >>> bool((forest.predict_proba(X) == refit.predict_proba(X)).all())
    True
    """

    _twin_class = ExtraTreesClassifier
    _tree_class = ExtraTreeClassifier

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = "sqrt",
        max_leaf_nodes: Any = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = False,
        oob_score: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst


class UnlearnableExtraTreesRegressor(Forest, TreeRegressor):
    """Extremely randomised trees for numbers, as functions of sets of rows.

    The twin of :class:`~sklearn.ensemble.ExtraTreesRegressor`. Of each feature that a
    node tries one threshold is drawn: next to the value of a row of the node, where the
    twin draws a number between the extremes.

    Parameters
    ----------
    n_estimators : int, default=100
        Trees.
    criterion : {"squared_error"}, default="squared_error"
        The impurity that splits are to lower.
    max_depth : int, default=None
        Of leaves. None bounds nothing.
    min_samples_split, min_samples_leaf : int or float, default=2 and 1
        Rows that a node needs to be split, and that leaves have at least; a float is a
        share of all rows.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight of all rows that leaves have at least. With another value
        than 0 each request grows anew.
    max_features : {"sqrt", "log2"}, int, float or None, default=1.0
        Features that a node tries first; if none of them splits it, the others.
    max_leaf_nodes : None, default=None
        Must be None: which leaf is split last depends on all others.
    min_impurity_decrease : float, default=0.0
        Must be 0: it weighs nodes by their share of all rows.
    bootstrap : bool, default=False
        Whether each tree has some of the rows, or all.
    oob_score : bool, default=False
        Whether there are ``oob_score_`` and ``oob_prediction_``.
    n_jobs : int, default=None
        Threads that grow trees at the same time, as in joblib.
    random_state : int, RandomState instance or None, default=None
        From which everything random is drawn; give an int for a fit that can be
        repeated.
    verbose : int, default=0
        Without effect.
    warm_start : bool, default=False
        Must be False: `partial_fit` learns rows.
    ccp_alpha : float, default=0.0
        Must be 0: pruning looks at the whole tree.
    max_samples : int, float or None, default=None
        With ``bootstrap``, the share of the rows that each tree has, or about how many:
        each row is drawn by itself, once. None is a share of 0.3, at which forests are
        as accurate as scikit-learn's (``python -m benchmarks forests``).
    monotonic_cst : None, default=None
        Must be None.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableExtraTreesClassifier : The same for classes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableExtraTreesRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = UnlearnableExtraTreesRegressor(10, random_state=0).fit(X, y)
    >>> forest = forest.partial_unfit(X[:2], y[:2])
    >>> refit = UnlearnableExtraTreesRegressor(10, random_state=0).fit(X[2:], y[2:])
    >>> bool((forest.predict(X) == refit.predict(X)).all())
    True
    """

    _twin_class = ExtraTreesRegressor
    _tree_class = ExtraTreeRegressor

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: Any = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = False,
        oob_score: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
