"""Gradient boosting of exact regression trees: scikit-learn's ``GradientBoostingClassifier``, several times faster.

That class sorts every code anew in every node of every tree. Here the codes are sorted once: a node keeps the sorted orders of
its samples, and all its splits are scored with one cumulative sum. Splits, thresholds, leaf values and importances follow
the same formulas (Friedman, "Greedy Function Approximation", 2001, algorithm 6), with all samples and codes in each tree, so
that results differ from scikit-learn's only by rounding and in which of several equally good codes is split, at random in both.
"""
from typing import NamedTuple

import numpy as np

#: Neighbouring values no further apart than this are not split, as in scikit-learn.
SAME_VALUE = np.float32(1e-7)
#: A node whose variance is no larger is not split, as in scikit-learn.
PURE = np.finfo(np.float64).eps


class Split(NamedTuple):
    """Samples with ``codes[:, code] <= threshold`` go left; ``gain`` is the reduction of the summed squared error."""

    code: int
    threshold: float
    gain: float


#: Everything goes left: a node that is not split.
NO_SPLIT = Split(0, np.inf, 0.0)


class Boosted(NamedTuple):
    """``importance`` [C], summing to 1 or all zero, and the decisions [N, K] for each set of codes (K = 1 for two classes)."""

    importance: np.ndarray
    decisions: list[np.ndarray]


def best_split(codes: np.ndarray, target: np.ndarray, order: np.ndarray, rng: np.random.RandomState) -> Split:
    """The split of a node that most reduces the squared error of ``target``.

    Args:
        codes: float32 [C, N] of all samples.
        target: float64 [N] of all samples.
        order: The node's n samples in ascending order of each code, int64 [C, n].
        rng: Chooses between codes whose best splits are equally good.
    """
    num = order.shape[1]
    if num < 2:
        return NO_SPLIT
    values = target.take(order[0])
    mean = values.sum() / num
    values -= mean
    if values @ values / num <= PURE:
        return NO_SPLIT
    num_left = np.arange(1, num)
    gain = (target - mean).take(order[:, :-1]).cumsum(axis=1)
    gain *= gain
    gain *= num / (num_left * (num - num_left))  # C x (n-1): sum(left)^2 / n_left + sum(right)^2 / n_right, both centred
    position = gain.argmax(axis=1)
    every = np.arange(len(codes))
    if not (codes[every, order[every, position + 1]] > codes[every, order[every, position]] + SAME_VALUE).all():
        ordered = codes.ravel().take(order + every[:, None] * codes.shape[1])
        gain[ordered[:, 1:] <= ordered[:, :-1] + SAME_VALUE] = -np.inf
        position = gain.argmax(axis=1)
    best = gain[every, position]
    if best.max() == -np.inf:
        return NO_SPLIT
    tied = np.flatnonzero(best == best.max())
    code = int(tied[rng.randint(len(tied))]) if len(tied) > 1 else int(tied[0])
    low, high = (float(codes[code, order[code, position[code] + step]]) for step in (0, 1))
    threshold = low / 2 + high / 2
    return Split(code, low if threshold == high else threshold, float(best[code]))


def fit_tree(codes: np.ndarray, target: np.ndarray, order: np.ndarray, max_depth: int, others: list[np.ndarray],
             rng: np.random.RandomState) -> tuple[list[np.ndarray], np.ndarray]:
    """Grow a tree level by level.

    Args:
        codes: float32 [C, N] of the samples to fit.
        target: float64 [N].
        order: Samples in ascending order of each code, int64 [C, N].
        max_depth: Number of levels of splits.
        others: Further codes float32 [C, M] to sort into the leaves.
        rng: Breaks ties.

    Returns:
        The leaf (0..2^max_depth - 1) of each sample, for ``codes`` and each of ``others``; and the gain of each code [C].
    """
    gain = np.zeros(len(codes))
    nodes = [np.zeros(part.shape[1], dtype=np.int64) for part in (codes, *others)]
    orders = [order]
    for level in range(max_depth):
        splits = [best_split(codes, target, node, rng) for node in orders]
        code, threshold = (np.array([split[field] for split in splits]) for field in (0, 1))
        for node, part in zip(nodes, (codes, *others), strict=True):
            right = part[code[node], np.arange(part.shape[1])] > threshold[node]
            node *= 2
            node += right
        for split in splits:
            gain[split.code] += split.gain
        if level < max_depth - 1:
            is_left = nodes[0] % 2 == 0
            orders = [half for node in orders for half in _halves(node, is_left)]
    return nodes, gain


def _halves(order: np.ndarray, is_left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The left and right samples of a node, each still in order."""
    left = is_left.take(order).ravel()
    samples = order.ravel()
    return samples.compress(left).reshape(len(order), -1), samples.compress(~left).reshape(len(order), -1)


def boost(codes: np.ndarray, labels: np.ndarray, others: list[np.ndarray], *, n_estimators: int, learning_rate: float,
          max_depth: int, seed: int) -> Boosted:
    """Fit a classifier of ``labels`` 0..K-1 [N] and decide for ``codes`` [N, C] and each of ``others`` [M, C].

    Args:
        codes: Codes to fit.
        labels: Class of each sample, every class at least once, at least two classes.
        others: Further codes to classify.
        n_estimators: Boosting iterations; each fits one tree per class, one in all for two classes.
        learning_rate: Factor of each tree's leaf values.
        max_depth: Levels of splits of each tree.
        seed: Seed of the choice between equally good codes.
    """
    rng = np.random.RandomState(seed)
    parts = [np.ascontiguousarray(part.T, dtype=np.float32) for part in (codes, *others)]
    order = np.argsort(parts[0], axis=1, kind='stable')
    num_classes = int(labels.max()) + 1
    is_binary = num_classes == 2
    truth = (labels[:, None] == (np.array([1]) if is_binary else np.arange(num_classes))).astype(np.float64)  # N x K
    prior = truth.mean(axis=0)
    initial = np.log(prior / (1 - prior)) if is_binary else np.log(prior)
    decisions = [np.tile(initial, (part.shape[1], 1)) for part in parts]
    gain = np.zeros(codes.shape[1])
    shrinkage = 1.0 if is_binary else (num_classes - 1) / num_classes  # Friedman's equation 27
    for _ in range(n_estimators):
        probability = _sigmoid(decisions[0]) if is_binary else _softmax(decisions[0])
        for k in range(truth.shape[1]):
            residual = truth[:, k] - probability[:, k]
            leaves, tree_gain = fit_tree(parts[0], residual, order, max_depth, parts[1:], rng)
            gain += tree_gain
            numerator = np.bincount(leaves[0], residual, 2 ** max_depth) * shrinkage
            denominator = np.bincount(leaves[0], probability[:, k] * (1 - probability[:, k]), 2 ** max_depth)
            value = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 1e-150)
            for decision, leaf in zip(decisions, leaves, strict=True):
                decision[:, k] += learning_rate * value[leaf]
    return Boosted(gain / (gain.sum() or 1.0), decisions)


def _sigmoid(decision: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-decision))


def _softmax(decision: np.ndarray) -> np.ndarray:
    exponential = np.exp(decision - decision.max(axis=1, keepdims=True))
    return exponential / exponential.sum(axis=1, keepdims=True)
