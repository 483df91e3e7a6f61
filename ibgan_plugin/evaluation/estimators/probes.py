"""Probes of growing capacity that predict one factor from all codes: the loss-capacity curves of DCI-ES.

Eastwood et al., "DCI-ES: An Extended Disentanglement Framework with Connections to Identifiability", 2023, section 4.
"""
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

#: Keeps the equations of more features than samples, or of features that repeat each other, solvable.
RIDGE = 1e-6


class Curve(NamedTuple):
    """A loss-capacity curve.

    Attributes:
        capacity: Ascending, on the axis along which areas are taken [P].
        loss: 1 - accuracy, or 1 - R^2, on the test samples [P].
        importance: Of each code in the probe with the least loss [C], summing to 1 or all zero; None where there is none.
    """

    capacity: np.ndarray
    loss: np.ndarray
    importance: np.ndarray | None = None


#: A split: codes [N, C] and one factor's values [N].
Split = tuple[np.ndarray, np.ndarray]


def random_forest_curve(train: Split, test: Split, *, depths: Sequence[int], num_trees: int, is_class: bool, seed: int) -> Curve:
    """Random forests of growing depth; the capacity is the depth.

    Trees grow from the top, so that one forest of the greatest depth, cut off at each depth in turn, is all of them.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    kind = RandomForestClassifier if is_class else RandomForestRegressor
    forest = kind(n_estimators=num_trees, max_depth=max(depths), random_state=seed).fit(*train)
    trees = [tree.tree_ for tree in forest.estimators_]
    node_depths = [_node_depths(tree) for tree in trees]
    inputs = test[0].astype(np.float32)
    leaves = [tree.apply(inputs) for tree in trees]
    parents = [_parents(tree) for tree in trees]
    losses = {}
    for depth in sorted(set(depths), reverse=True):
        total = 0.0
        for number, (tree, at, parent) in enumerate(zip(trees, node_depths, parents, strict=True)):
            nodes = leaves[number]
            while (deep := at[nodes] > depth).any():
                nodes = np.where(deep, parent[nodes], nodes)
            leaves[number] = nodes
            total = total + tree.value[nodes, 0]
        mean = np.asarray(total) / len(trees)  # N x K
        predicted = forest.classes_[mean.argmax(axis=1)] if is_class else mean[:, 0]
        losses[depth] = _loss(predicted, test[1], is_class)
    capacity = np.array(sorted(losses))
    loss = np.array([losses[depth] for depth in capacity])
    best = int(capacity[loss.argmin()])
    return Curve(capacity.astype(float), loss, _importance(trees, node_depths, best, train[0].shape[1]))


def _parents(tree: Any) -> np.ndarray:
    """The node above each node of one of scikit-learn's ``Tree``; the root is its own."""
    parents = np.zeros(tree.node_count, dtype=np.int64)
    for children in (tree.children_left, tree.children_right):
        inner = np.flatnonzero(children >= 0)
        parents[children[inner]] = inner
    return parents


def _node_depths(tree: Any) -> np.ndarray:
    """The depth of each node: a node's number is larger than its parent's."""
    parents, depths = _parents(tree), np.zeros(tree.node_count, dtype=np.int64)
    for node in range(1, tree.node_count):
        depths[node] = depths[parents[node]] + 1
    return depths


def _importance(trees: list[Any], node_depths: list[np.ndarray], depth: int, num_codes: int) -> np.ndarray:
    """Mean over trees, cut off at ``depth``, of each code's share of the decrease of impurity: scikit-learn's importance."""
    total = np.zeros(num_codes)
    for tree, at in zip(trees, node_depths, strict=True):
        inner = np.flatnonzero((tree.children_left >= 0) & (at < depth))
        weighted = tree.weighted_n_node_samples * tree.impurity
        decrease = weighted[inner] - weighted[tree.children_left[inner]] - weighted[tree.children_right[inner]]
        shares = np.bincount(tree.feature[inner], decrease, num_codes)
        total += shares / (shares.sum() or 1.0)
    return total / (total.sum() or 1.0)


def fourier_curve(train: Split, test: Split, *, sizes: Sequence[int], gain: float, is_class: bool, seed: int) -> Curve:
    """Linear models of random Fourier features (Rahimi and Recht, 2007); the capacity is the logarithm of their number.

    Codes are divided by the deviation along their principal axis, which neither a rotation nor a common scale changes. The first
    features are the same for every size.
    """
    from sklearn.linear_model import Ridge, RidgeClassifier
    scale = np.sqrt(np.linalg.eigvalsh(np.atleast_2d(np.cov(train[0], rowvar=False)))[-1]) or 1.0
    directions = np.random.RandomState(seed).standard_normal((max(sizes) // 2, train[0].shape[1])) * gain
    angles = [2 * np.pi * (codes / scale) @ directions.T for codes in (train[0], test[0])]
    losses = []
    for size in sorted(set(sizes)):
        inputs, test_inputs = (np.concatenate([np.cos(angle[:, :size // 2]), np.sin(angle[:, :size // 2])], axis=1)
                               for angle in angles)
        model = (RidgeClassifier if is_class else Ridge)(alpha=RIDGE)
        losses.append(_loss(model.fit(inputs, train[1]).predict(test_inputs), test[1], is_class))
    return Curve(np.log(sorted(set(sizes))), np.array(losses))


def mlp_curve(train: Split, test: Split, *, widths: Sequence[int], learning_rate: float, epochs: int, batch_size: int,
              is_class: bool, seed: int) -> Curve:
    """Perceptrons with two hidden layers of growing width, 0 for a linear model; the capacity is the log number of weights."""
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0).max() or 1.0
    inputs, test_inputs = ((codes - mean) / deviation for codes in (train[0], test[0]))
    offset, scale = (0.0, 1.0) if is_class else (train[1].mean(), train[1].std() or 1.0)
    num_codes, num_outputs = inputs.shape[1], len(np.unique(train[1])) if is_class else 1
    capacity, losses = [], []
    for width in sorted(set(widths)):
        layers = [num_codes, width, width, num_outputs] if width else [num_codes, num_outputs]
        capacity.append(np.log(sum((a + 1) * b for a, b in pairwise(layers))))
        if width:
            model = (MLPClassifier if is_class else MLPRegressor)(
                hidden_layer_sizes=(width, width), learning_rate_init=learning_rate, max_iter=epochs,
                batch_size=min(batch_size, len(inputs)), random_state=seed)
        else:
            model = LogisticRegression(C=np.inf, max_iter=1000) if is_class else LinearRegression()
        target = train[1] if is_class else (train[1] - offset) / scale
        predicted = model.fit(inputs, target).predict(test_inputs)
        losses.append(_loss(predicted if is_class else predicted * scale + offset, test[1], is_class))
    return Curve(np.array(capacity), np.array(losses))


def _loss(predicted: np.ndarray, truth: np.ndarray, is_class: bool) -> float:
    """1 - accuracy, or 1 - R^2; truth that does not vary has R^2 = 1 where it is met, else 0."""
    if is_class:
        return float(np.mean(predicted != truth))
    error, spread = np.square(predicted - truth).sum(), np.square(truth - truth.mean()).sum()
    return float(error / spread) if spread > 0 else float(error > 0)
