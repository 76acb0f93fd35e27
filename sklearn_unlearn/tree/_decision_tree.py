"""Decision trees that unlearn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn.tree.export import depth_of, filled
from sklearn_unlearn.tree.kinds import TreeClassifier, TreeRegressor
from sklearn_unlearn.tree.model import TreeModel
from sklearn_unlearn.utils.export import exported


class SingleTree(TreeModel):
    """A model that is one tree."""

    #: scikit-learn's class.
    _tree_class: Any
    #: A parameter.
    splitter: Any

    def get_depth(self) -> Any:
        """The depth of the deepest leaf."""
        return depth_of(self._checked().model.trees[0])

    def get_n_leaves(self) -> Any:
        """How many leaves there are."""
        return int(np.sum(self._checked().model.trees[0].feature < 0))

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted tree of scikit-learn, which holds no rows, to deploy.

        Its thresholds lie midway between values of rows that are in the model.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the model takes only those that
            remain. If False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
        """
        fitted = self._checked()
        model = fitted.model
        twin = filled(
            self._twin_of(fitted, self._tree_class),
            model.trees[0],
            model,
            fitted.encoding,
        )
        columns = fitted.columns, fitted.forgotten
        return exported(self, twin, *columns, drop_forgotten)

    def _draws_no_rows(self):
        return self.splitter == "best"

    def _n_candidates(self, n_rows):
        return 1 if self.splitter == "random" else n_rows

    def _check_parameters(self):
        super()._check_parameters()
        if self.splitter not in ("best", "random"):
            raise ValueError(
                f"splitter must be 'best' or 'random'; got {self.splitter!r}."
            )


class UnlearnableDecisionTreeClassifier(SingleTree, TreeClassifier):
    """A decision tree for classes, grown as a function of the set of its rows.

    The twin of :class:`~sklearn.tree.DecisionTreeClassifier`. A request evaluates the
    nodes that its rows pass, and grows anew below those that are split otherwise then:
    afterwards the tree is, bit for bit, what ``fit`` makes of the rows that remain.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity that splits are to lower.
    splitter : {"best", "random"}, default="best"
        Whether a node takes the best of all thresholds of the features that it tries,
        or the best of one for each, next to the value of a row drawn at random.
    max_depth : int, default=None
        Of leaves. None bounds nothing.
    min_samples_split, min_samples_leaf : int or float, default=2 and 1
        Rows that a node needs to be split, and that leaves have at least; a float is a
        share of all rows.
    min_weight_fraction_leaf : float, default=0.0
        Share of the weight of all rows that leaves have at least. With another value
        than 0 each request grows anew.
    max_features : int, float, {"sqrt", "log2"} or None, default=None
        Features that a node tries first. None is all.
    random_state : int, RandomState instance or None, default=None
        From which features are drawn where ``max_features`` leaves some out, and ties
        are broken; give an int for a fit that can be repeated.
    max_leaf_nodes : None, default=None
        Must be None: which leaves are split last depends on all others.
    min_impurity_decrease : float, default=0.0
        Must be 0: it weighs nodes by their share of all rows.
    class_weight : dict, "balanced" or None, default=None
        "balanced" follows the rows that remain, so that each request grows the tree
        anew.
    ccp_alpha : float, default=0.0
        Must be 0: pruning looks at the whole tree.
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
    UnlearnableRandomForestClassifier : Many trees, of which a request reaches some.

    Notes
    -----
    Ties between features are broken by hashes, in scikit-learn by order: the trees
    agree where no two splits are equally good.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = UnlearnableDecisionTreeClassifier(random_state=0).fit(X, y)
    >>> tree = tree.partial_unfit(X[:3], y[:3])
    >>> refit = UnlearnableDecisionTreeClassifier(random_state=0).fit(X[3:], y[3:])
    >>> bool((tree.apply(X) == refit.apply(X)).all())
    True
    """

    _twin_class = _tree_class = DecisionTreeClassifier
    _balances_rows = True

    @property
    def n_classes_(self) -> Any:
        """Number of classes, as the twin has it."""
        return np.int64(super().n_classes_)

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: Any = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst


class UnlearnableDecisionTreeRegressor(SingleTree, TreeRegressor):
    """A decision tree for numbers, grown as a function of the set of its rows.

    The twin of :class:`~sklearn.tree.DecisionTreeRegressor`. Targets are summed as
    whole numbers, in units of 1e-9 of their range at most (up to 4 million rows), so
    that sums do not depend on the order of rows.

    Parameters
    ----------
    criterion : {"squared_error"}, default="squared_error"
        The impurity that splits are to lower.
    splitter, max_depth, min_samples_split, min_samples_leaf, \
            min_weight_fraction_leaf, max_features, random_state
        As for `UnlearnableDecisionTreeClassifier`.
    max_leaf_nodes, min_impurity_decrease, ccp_alpha, monotonic_cst
        Must have their defaults, as there.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableDecisionTreeClassifier : The same for classes, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableDecisionTreeRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tree = UnlearnableDecisionTreeRegressor(max_depth=4, random_state=0).fit(X, y)
    >>> tree = tree.partial_unfit(X[:3], y[:3])
    >>> refit = UnlearnableDecisionTreeRegressor(max_depth=4, random_state=0)
    >>> bool((tree.predict(X) == refit.fit(X[3:], y[3:]).predict(X)).all())
    True
    """

    _twin_class = _tree_class = DecisionTreeRegressor

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: Any = "best",
        max_depth: Any = None,
        min_samples_split: Any = 2,
        min_samples_leaf: Any = 1,
        min_weight_fraction_leaf: Any = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: Any = None,
        min_impurity_decrease: Any = 0.0,
        ccp_alpha: Any = 0.0,
        monotonic_cst: Any = None,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
