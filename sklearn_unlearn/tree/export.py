"""Trees as scikit-learn holds them.

A fitted tree of scikit-learn keeps its nodes in its public attribute ``tree_``. That
object is filled as unpickling fills it: of its own class, with a state in the form that
`__getstate__` of the installed version gives.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.core.trees.gains import purities
from sklearn_unlearn.core.trees.rules import Criterion


def filled(twin, tree, model, encoding):
    """A fitted tree of scikit-learn that divides and predicts as one of ours.

    Parameters
    ----------
    twin : DecisionTreeClassifier or DecisionTreeRegressor
        Not fitted.
    tree : Tree
        With at least one node.
    model : Trees
    encoding : Labels or Targets

    Returns
    -------
    estimator
    """
    n_features, n_nodes = model.rows.features.size, tree.feature.size
    twin = clone(twin)
    classes = encoding.classes
    if classes is not None:
        y = classes
        values = (tree.sums / tree.sums.sum(axis=0)).T[:, None, :]
    else:
        means = model.scales.means(tree.sums)
        y = means[:1, 0] if encoding.is_vector else means[:1]
        values = means[:, :, None]
    # a tree of one leaf, of which all but the nodes is taken over
    blank = type(twin)().fit(np.zeros((len(y), n_features), dtype=np.float32), y)
    state = blank.tree_.__getstate__()
    learned = vars(blank).keys() - blank.get_params().keys()
    vars(twin).update({name: vars(blank)[name] for name in learned})
    nodes = np.zeros(n_nodes, dtype=state["nodes"].dtype)
    index, inner = np.arange(n_nodes), tree.feature >= 0
    nodes["left_child"] = np.where(inner, index + 1, -1)
    nodes["right_child"] = np.where(inner, index + tree.right, -1)
    nodes["feature"] = np.where(inner, tree.feature, -2)
    nodes["threshold"] = np.where(inner, tree.threshold, -2.0)
    nodes["missing_go_to_left"] = tree.missing_left
    nodes["n_node_samples"] = tree.n_rows
    weight = tree.sums.sum(axis=0) if classes is not None else tree.sums[0]
    nodes["weighted_n_node_samples"] = weight * model.scales.weight_unit()
    nodes["impurity"] = _impurities(tree, model, weight)
    n_outputs, width = values.shape[1:]
    counts = np.full(n_outputs, width, dtype=np.intp)
    held = type(twin.tree_)(n_features, counts, n_outputs)
    held.__setstate__(
        {
            **state,
            "max_depth": depth_of(tree),
            "node_count": n_nodes,
            "nodes": nodes,
            "values": np.ascontiguousarray(values),
        }
    )
    twin.tree_ = held
    return twin


def depth_of(tree):
    """The depth of the deepest leaf."""
    depth = np.zeros(tree.feature.size, dtype=np.intp)
    for node in np.flatnonzero(tree.feature >= 0):
        depth[node + 1] = depth[node + tree.right[node]] = depth[node] + 1
    return int(depth.max())


def _impurities(tree, model, weight):
    """The impurity of each node, as scikit-learn defines it."""
    criterion = model.rules.criterion
    purity = purities(tree.sums, criterion)
    if criterion is Criterion.GINI:
        return 1.0 - purity / weight
    if criterion is Criterion.ENTROPY:
        return -purity / weight / np.log(2.0)
    # squares of targets are not summed in the trees: of the rows of each node
    of_leaf = np.where(tree.feature < 0, tree.n_rows, 0)
    begins = np.cumsum(of_leaf) - of_leaf
    moments, whole = model.rows.moments[:, tree.places], model.rows.weight[tree.places]
    squares = np.sum(moments * moments, axis=0) / whole
    sums = np.concatenate([[0.0], np.cumsum(squares)])
    spread = (sums[begins + tree.n_rows] - sums[begins] - purity) / weight
    return np.maximum(spread, 0.0) * model.scales.target_unit() ** 2 / len(moments)
