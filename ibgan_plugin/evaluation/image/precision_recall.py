"""Improved precision and recall. Kynkaanniemi et al., 2019, equations 1 and 2."""
from collections.abc import Iterator

import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes
from ibgan_plugin.evaluation.image.features import check_pair
from ibgan_plugin.utils.errors import IBGANError

#: Rows of a distance matrix held at a time: bounds the memory, changes no number.
ROWS_PER_CHUNK = 1024


def distance_rows(first: np.ndarray, second: np.ndarray) -> Iterator[np.ndarray]:
    """Euclidean distances of ``first`` [N, D] to ``second`` [M, D], a chunk of rows [n, M] at a time.

    In float64 and from differences: products of features, and float32, lose the distances under a large common offset.
    """
    from scipy.spatial.distance import cdist  # half a second of every start, where no other score needs it
    for start in range(0, len(first), ROWS_PER_CHUNK):
        yield cdist(first[start:start + ROWS_PER_CHUNK], second)


def neighbour_radii(features: np.ndarray, num_neighbours: int) -> np.ndarray:
    """Distance [N] of each sample to its ``num_neighbours``-th nearest other sample."""
    # a sample is at distance 0 from itself, so entry k of the sorted row is the k-th neighbour without it
    return np.concatenate([np.partition(rows, num_neighbours, axis=1)[:, num_neighbours]
                           for rows in distance_rows(features, features)])


def check_neighbours(real: np.ndarray, fake: np.ndarray, num_neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Checked features with more than ``num_neighbours`` samples each; IBGANError otherwise."""
    check_sizes(num_neighbours=num_neighbours)
    real, fake = check_pair(real, fake)
    if min(len(real), len(fake)) <= num_neighbours:
        raise IBGANError(f'num_neighbours is {num_neighbours}, but there are only {len(real)} real and {len(fake)} fake samples')
    return real, fake


def _share_inside(samples: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> float:
    """Share of ``samples`` that lie within the radius of at least one of ``centres``."""
    return float(np.concatenate([(rows <= radii).any(axis=1) for rows in distance_rows(samples, centres)]).mean())


def precision_recall(real: np.ndarray, fake: np.ndarray, *, num_neighbours: int) -> dict[str, float]:
    """How many generated samples look real, and how much of the real variety is generated.

    Args:
        real: Features [N, D] of real images.
        fake: Features [M, D] of generated images.
        num_neighbours: The neighbour whose distance is a sample's radius, 3 in the paper.

    Returns:
        ``precision``: share of fake samples within the radius of a real one; ``recall``: share of real samples within the
        radius of a fake one; ``f_score``: their harmonic mean, 0 where both are 0.

    Raises:
        IBGANError: If there are no more samples than neighbours or the features do not fit.

    >>> import numpy as np
    >>> real = np.arange(8.0)[:, None]
    >>> scores = precision_recall(real, real[:4], num_neighbours=1)  # five of eight real ones are within reach
    >>> {name: round(value, 2) for name, value in scores.items()}
    {'precision': 1.0, 'recall': 0.62, 'f_score': 0.77}
    """
    real, fake = check_neighbours(real, fake, num_neighbours)
    precision = _share_inside(fake, real, neighbour_radii(real, num_neighbours))
    recall = _share_inside(real, fake, neighbour_radii(fake, num_neighbours))
    total = precision + recall
    return {'precision': precision, 'recall': recall, 'f_score': 2 * precision * recall / total if total else 0.0}
