"""Discretisation of codes, entropy and mutual information of discrete variables, in nats."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_codes, check_factors, check_sizes
from ibgan_plugin.utils.errors import IBGANError


def discretize(values: np.ndarray, num_bins: int) -> np.ndarray:
    """Equal-width bin of each value within the range of its column.

    The bins are those of ``numpy.histogram``. A column that is constant, or whose range is too narrow to hold
    ``num_bins`` distinct edges (values that differ in the last bit), is one bin.

    Args:
        values: Finite values [N, C].
        num_bins: Number of bins.

    Returns:
        int64 [N, C], bins 1..num_bins.

    Raises:
        IBGANError: If a value is not finite, or there is no sample or no bin.

    >>> import numpy as np
    >>> discretize(np.array([[0.0], [0.4], [1.0]]), num_bins=2).ravel()
    array([1, 1, 2])
    """
    check_sizes(num_bins=num_bins)
    values = np.asarray(values)
    check_codes(values)
    bins = np.full(values.shape, num_bins // 2 + 1, dtype=np.int64)
    for column, out in zip(values.T, bins.T, strict=True):
        low, high = column.min(), column.max()
        if high == low:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, num_bins + 1, dtype=np.result_type(column.dtype, np.float32))
        if (edges[1:] > edges[:-1]).all():
            out[:] = np.digitize(column, edges[:-1])
    return bins


def entropy(labels: np.ndarray) -> np.ndarray:
    """Entropies [F] of the columns of discrete ``labels`` [N, F], in nats; IBGANError unless they are whole numbers.

    >>> import numpy as np
    >>> entropy(np.array([[0], [0], [1], [1]]))
    array([0.69314718])
    """
    from sklearn.metrics import mutual_info_score
    labels = check_factors(labels, name='labels')
    return np.array([mutual_info_score(column, column) for column in labels.T])


def mutual_information(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mutual information [A, B] of each column of ``first`` [N, A] with each of ``second`` [N, B], in nats.

    Exactly 0 for a constant column.

    Raises:
        IBGANError: If the numbers of samples differ or a label is no whole number.

    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mutual_information(factors, factors).round(3)
    array([[0.693, 0.   ],
           [0.   , 0.693]])
    """
    from sklearn.metrics import mutual_info_score
    first, second = check_factors(first, name='labels'), check_factors(second, name='labels')
    if len(first) != len(second):
        raise IBGANError(f'labels must be of the same samples, got shapes {list(first.shape)} and {list(second.shape)}')
    return np.array([[mutual_info_score(a, b) for b in second.T] for a in first.T])
