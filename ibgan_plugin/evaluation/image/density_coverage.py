"""Density and coverage. Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020, equations 3 and 4."""
import numpy as np

from ibgan_plugin.evaluation.image.precision_recall import check_neighbours, distance_rows, neighbour_radii


def density_coverage(real: np.ndarray, fake: np.ndarray, *, num_neighbours: int) -> dict[str, float]:
    """Fidelity and diversity, less sensitive to outliers than precision and recall.

    Args:
        real: Features [N, D] of real images.
        fake: Features [M, D] of generated images.
        num_neighbours: The neighbour whose distance is a real sample's radius, 5 in the paper.

    Returns:
        ``density``: mean number of real samples within whose radius a fake one lies, divided by ``num_neighbours``: 1 is
        expected of equal distributions, more is possible. ``coverage`` in [0, 1]: share of real samples with a fake one within
        their radius. A sample at exactly the radius lies outside, as in the authors' code.

    Raises:
        IBGANError: If there are no more samples than neighbours or the features do not fit.

    >>> import numpy as np
    >>> real = np.arange(8.0)[:, None]
    >>> density_coverage(real, real, num_neighbours=3)
    {'density': 1.0, 'coverage': 1.0}
    """
    real, fake = check_neighbours(real, fake, num_neighbours)
    radii = neighbour_radii(real, num_neighbours)
    inside, covered = 0, np.zeros(len(real), dtype=bool)
    for rows in distance_rows(fake, real):
        near = rows < radii
        inside += int(near.sum())
        covered |= near.any(axis=0)
    return {'density': inside / (num_neighbours * len(fake)), 'coverage': float(covered.mean())}
