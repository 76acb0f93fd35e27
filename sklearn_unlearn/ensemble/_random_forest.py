"""Random forests that unlearn."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn.ensemble._forest import Forest
from sklearn_unlearn.tree.kinds import TreeClassifier, TreeRegressor


class UnlearnableRandomForestClassifier(Forest, TreeClassifier):
    """A random forest for classes whose trees are functions of sets of rows.

    The twin of :class:`~sklearn.ensemble.RandomForestClassifier`. Which rows a tree has
    and which features a node tries follow from hashes of the seed, the tree and the
    name of the row, so that a row that leaves changes no draw of others: afterwards the
    forest is, bit for bit, what ``fit`` makes of the rows that remain.

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
    bootstrap : bool, default=True
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
    n_candidates : int, default=20
        Rows of a node, drawn by hashes, whose values may become its threshold. The
        twin has no such parameter; more costs time and gains little.

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
    UnlearnableRandomForestRegressor : The same for numbers.
    UnlearnableExtraTreesClassifier : One threshold for each feature.

    Notes
    -----
    A request finds its rows by their values, or by ``row_ids``; evaluates the nodes
    that they pass, large ones by kept histograms; and grows anew below those that are
    split otherwise then. Equal rows without identifiers are told apart by number.

    A threshold is the midpoint of two values of rows that are in the model, both of
    which are kept and change when their rows leave. The model keeps its rows, and so
    does its pickle, without those that left. `to_sklearn` gives a forest that keeps
    none.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRandomForestClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = UnlearnableRandomForestClassifier(10, random_state=0).fit(X, y)
    >>> forest = forest.partial_unfit(X[:2], y[:2])
    >>> refit = UnlearnableRandomForestClassifier(10, random_state=0).fit(X[2:], y[2:])
    >>> bool((forest.predict_proba(X) == refit.predict_proba(X)).all())
    True
    """

    _twin_class = RandomForestClassifier
    _tree_class = DecisionTreeClassifier

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
        bootstrap: bool = True,
        oob_score: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        n_candidates: int = 20,
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
        self.n_candidates = n_candidates


class UnlearnableRandomForestRegressor(Forest, TreeRegressor):
    """A random forest for numbers whose trees are functions of sets of rows.

    The twin of :class:`~sklearn.ensemble.RandomForestRegressor`. Which rows a tree has
    and which features a node tries follow from hashes of the seed, the tree and the
    name of the row, so that a row that leaves changes no draw of others: afterwards the
    forest is, bit for bit, what ``fit`` makes of the rows that remain.

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
    bootstrap : bool, default=True
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
    n_candidates : int, default=20
        Rows of a node, drawn by hashes, whose values may become its threshold. The
        twin has no such parameter; more costs time and gains little.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableRandomForestClassifier : The same for classes, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRandomForestRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = UnlearnableRandomForestRegressor(10, random_state=0).fit(X, y)
    >>> forest = forest.partial_unfit(X[:2], y[:2])
    >>> refit = UnlearnableRandomForestRegressor(10, random_state=0).fit(X[2:], y[2:])
    >>> bool((forest.predict(X) == refit.predict(X)).all())
    True
    """

    _twin_class = RandomForestRegressor
    _tree_class = DecisionTreeRegressor

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
        bootstrap: bool = True,
        oob_score: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        n_candidates: int = 20,
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
        self.n_candidates = n_candidates
