"""Discretisation of codes, entropy and mutual information of discrete variables, in nats."""
import numpy as np

#: Terms of a mutual information that are smaller are rounding.
ROUNDING = np.finfo(np.float64).eps


def discretize(values: np.ndarray, num_bins: int) -> np.ndarray:
    """Equal-width bin of each value within the range of its column.

    The bins are those of ``numpy.histogram``. A column that is constant, or whose range is too narrow to hold
    ``num_bins`` distinct edges (values that differ in the last bit), is one bin.

    Args:
        values: Finite values [N, C].
        num_bins: Number of bins.

    Returns:
        int64 [N, C], bins 1..num_bins.
    """
    bins = np.full(values.shape, num_bins // 2 + 1, dtype=np.int64)
    for column, out in zip(values.T, bins.T, strict=True):
        low, high = column.min(), column.max()
        if high == low:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, num_bins + 1, dtype=np.result_type(column.dtype, np.float32))
        if (edges[1:] > edges[:-1]).all():
            out[:] = np.digitize(column, edges[:-1])
    return bins


def _dense(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels [N] renumbered 0..K-1, and K."""
    values, dense = np.unique(labels, return_inverse=True)
    return dense, len(values)


def entropy(labels: np.ndarray) -> np.ndarray:
    """Entropies [F] of the columns of discrete ``labels`` [N, F], in nats."""
    result = np.empty(labels.shape[1])
    for k, column in enumerate(labels.T):
        share = np.bincount(_dense(column)[0]) / len(column)
        result[k] = -(share * np.log(share)).sum()
    return result


def mutual_information(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mutual information [A, B] of each column of ``first`` [N, A] with each of ``second`` [N, B], in nats.

    Exactly 0 for a constant column; terms that are rounding count as 0, as in scikit-learn: scores divide by the largest.
    """
    result = np.zeros((first.shape[1], second.shape[1]))
    columns = [_dense(column) for column in second.T]
    for i, column in enumerate(first.T):
        labels, size = _dense(column)
        for j, (other, other_size) in enumerate(columns):
            if size == 1 or other_size == 1:
                continue
            counts = np.bincount(labels * other_size + other, minlength=size * other_size)
            joint = counts.reshape(size, other_size) / len(labels)
            independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
            seen = joint > 0
            terms = joint[seen] * np.log(joint[seen] / independent[seen])
            result[i, j] = max(0.0, terms[np.abs(terms) >= ROUNDING].sum())
    return result
